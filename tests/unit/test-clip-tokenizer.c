/* test-clip-tokenizer.c: CLIP's tokenizer against the ids that transformers gives, and against bad files.
 *
 * golden/tokenizer-clip.json comes from golden/make-clip-tokenizer.py; the vocabulary is the one that is installed,
 * data/tokenizer/clip.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "../parity.h"
#include "eshi-clip-vocabulary.h"
#include "eshi-error.h"
#include "eshi-tokenizer.h"

#define LENGTH 77
#define START 49406
#define END 49407

static const char * const file_names[] = {
  "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
};

typedef struct
{
  char *path;
} Folder;

static char *
read_shipped (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "data", "tokenizer", "clip", name, NULL);
  g_autoptr(GError) error = NULL;
  char *contents = NULL;

  g_file_get_contents (path, &contents, NULL, &error);
  g_assert_no_error (error);
  return contents;
}

static EshiTokenizer *
open_shipped (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "data", "tokenizer", "clip", NULL);
  g_autoptr(GError) error = NULL;
  EshiTokenizer *self = eshi_tokenizer_new_for_path (path, &error);

  g_assert_no_error (error);
  return self;
}

static void
folder_write (Folder     *self,
              const char *name,
              const char *contents)
{
  g_autofree char *path = g_build_filename (self->path, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, contents, -1, &error);
  g_assert_no_error (error);
}

static void
folder_set_up (Folder        *self,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  self->path = g_dir_make_tmp ("eshi-clip-XXXXXX", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *contents = read_shipped (file_names[i]);

      folder_write (self, file_names[i], contents);
    }
}

static void
folder_tear_down (Folder        *self,
                  gconstpointer  data)
{
  for (guint i = 0; i < G_N_ELEMENTS (file_names); i++)
    {
      g_autofree char *path = g_build_filename (self->path, file_names[i], NULL);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (self->path), ==, 0);
  g_free (self->path);
}

static EshiTokenizer *
folder_open (const Folder *folder)
{
  g_autoptr(GError) error = NULL;
  EshiTokenizer *self = eshi_tokenizer_new_for_path (folder->path, &error);

  g_assert_no_error (error);
  return self;
}

static void
assert_refused (const Folder *folder,
                EshiError     code)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (eshi_tokenizer_new_for_path (folder->path, &error));
  g_assert_error (error, ESHI_ERROR, (int) code);
  g_assert_cmpuint (strlen (error->message), >, 20);
}

static JsonParser *
load_golden (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "tokenizer-clip.json", NULL);
  g_autoptr(GError) error = NULL;
  JsonParser *parser = json_parser_new_immutable ();

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return parser;
}

/* @expected lacks the padding at the end. */
static void
assert_ids (const EshiTokenizer *self,
            const char          *text,
            JsonArray           *expected)
{
  g_autoptr(GArray) ids = eshi_tokenizer_encode (self, text, LENGTH, NULL);
  guint n = json_array_get_length (expected);

  g_assert_cmpuint (ids->len, ==, LENGTH);
  for (guint i = 0; i < LENGTH; i++)
    {
      gint64 id = i < n ? json_array_get_int_element (expected, i) : eshi_tokenizer_get_pad_id (self);

      if (g_array_index (ids, gint32, i) != id)
        g_error ("“%s”: id %u is %d, not %" G_GINT64_FORMAT, text, i, g_array_index (ids, gint32, i), id);
    }
}

static void
test_golden (void)
{
  g_autoptr(EshiTokenizer) self = open_shipped ();
  g_autoptr(JsonParser) parser = load_golden ();
  JsonObject *golden = json_node_get_object (json_parser_get_root (parser));
  JsonArray *texts = json_object_get_array_member (golden, "texts");
  JsonArray *ids = json_object_get_array_member (golden, "ids");
  JsonArray *counts = json_object_get_array_member (golden, "counts");

  g_assert_cmpuint (json_array_get_length (texts), >=, 500);
  for (guint i = 0; i < json_array_get_length (texts); i++)
    {
      const char *text = json_array_get_string_element (texts, i);
      gsize n_pieces = 0;
      g_autoptr(GArray) whole = eshi_tokenizer_encode (self, text, 0, &n_pieces);

      assert_ids (self, text, json_array_get_array_element (ids, i));
      g_assert_cmpint ((gint64) n_pieces, ==, json_array_get_int_element (counts, i));
      g_assert_cmpuint (whole->len, ==, n_pieces + 2);
    }
  parity_count_row ("tokenizers", "CLIP's vocabulary: ids and lengths of texts", "CLIPTokenizer of transformers 4.57.3", 0,
                    json_array_get_length (texts));
}

/* Stable Diffusion 2 pads with "!", which then is a special string as well. */
static void
test_other_pad (Folder        *folder,
                gconstpointer  data)
{
  g_autoptr(JsonParser) parser = load_golden ();
  JsonObject *golden = json_node_get_object (json_parser_get_root (parser));
  JsonArray *texts = json_object_get_array_member (golden, "texts");
  JsonArray *ids = json_object_get_array_member (golden, "ids2");
  g_autoptr(EshiTokenizer) self = NULL;

  folder_write (folder, "tokenizer_config.json", "{\"pad_token\": \"<|endoftext|>\", \"tokenizer_class\": \"CLIPTokenizer\"}");
  folder_write (folder, "special_tokens_map.json", "{\"pad_token\": \"!\"}");
  self = folder_open (folder);
  g_assert_cmpint (eshi_tokenizer_get_pad_id (self), ==, 0);
  for (guint i = 0; i < json_array_get_length (ids); i++)
    assert_ids (self, json_array_get_string_element (texts, i), json_array_get_array_element (ids, i));
  parity_count_row ("tokenizers", "CLIP's vocabulary, padded with \"!\"", "CLIPTokenizer of transformers 4.57.3", 0,
                    json_array_get_length (ids));
}

/* Figures of OpenAI's vocabulary; the frame is that of the specification. */
static void
test_frame (void)
{
  g_autoptr(EshiTokenizer) self = open_shipped ();
  g_autoptr(GArray) empty = eshi_tokenizer_encode (self, "", LENGTH, NULL);
  g_autofree char *longest = g_strnfill (400, '1');
  g_autoptr(GArray) cut = eshi_tokenizer_encode (self, longest, LENGTH, NULL);

  g_assert_cmpuint (eshi_tokenizer_get_vocab_size (self), ==, 49408);
  g_assert_cmpuint (eshi_tokenizer_get_max_length (self), ==, LENGTH);
  g_assert_cmpint (eshi_tokenizer_get_end_id (self), ==, END);
  g_assert_cmpint (eshi_tokenizer_get_pad_id (self), ==, END);
  g_assert_cmpuint (empty->len, ==, LENGTH);
  for (guint i = 0; i < LENGTH; i++)
    g_assert_cmpint (g_array_index (empty, gint32, i), ==, i == 0 ? START : END);
  g_assert_cmpuint (cut->len, ==, LENGTH);
  g_assert_cmpint (g_array_index (cut, gint32, 0), ==, START);
  g_assert_cmpint (g_array_index (cut, gint32, LENGTH - 2), ==, g_array_index (cut, gint32, 1));
  g_assert_cmpint (g_array_index (cut, gint32, LENGTH - 1), ==, END);
}

static void
test_malformed_text (void)
{
  g_autoptr(EshiTokenizer) self = open_shipped ();
  g_autoptr(GArray) good = eshi_tokenizer_encode (self, "a cat", LENGTH, NULL);
  g_autoptr(GArray) bad = eshi_tokenizer_encode (self, "\x80 a\xff \xed\xa0\x80 cat\xe3\x81", LENGTH, NULL);

  g_assert_cmpmem (bad->data, bad->len * sizeof (gint32), good->data, good->len * sizeof (gint32));
}

/* A megabyte in one word; taking the best pair of all of it anew for each merge would take hours, not seconds. */
static void
test_long_word (void)
{
  g_autofree char *vocab = read_shipped ("vocab.json");
  g_autofree char *merges = read_shipped ("merges.txt");
  g_autoptr(GBytes) vocab_bytes = g_bytes_new_static (vocab, strlen (vocab));
  g_autoptr(GBytes) merges_bytes = g_bytes_new_static (merges, strlen (merges));
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiClipVocabulary) self = eshi_clip_vocabulary_new (vocab_bytes, merges_bytes, &error);
  g_autofree char *word = g_strnfill (1 << 20, 'a');
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_assert_no_error (error);
  for (gsize i = 0; i < 1 << 20; i++)
    word[i] = (char) ('a' + i * i % 26);
  g_test_timer_start ();
  eshi_clip_vocabulary_encode_word (self, word, 1 << 20, END, ids);
  g_assert_cmpfloat (g_test_timer_elapsed (), <, 60); /* a second; sixty for sanitizers and a busy computer */
  g_assert_cmpuint (ids->len, >, 1000);
}

static const struct
{
  const char *name;
  const char *contents; /* NULL for none */
  EshiError   code;
} bad_files[] = {
  { "vocab.json", NULL, ESHI_ERROR_MODEL_MISSING },
  { "vocab.json", "", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{}", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "[]", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{\"a\": 0, \"b\": 0}", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{\"a\": -1}", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{\"a\": 1048576}", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{\"a\": 4294967296}", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{\"a\": \"0\"}", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{\"a\": 0.5}", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{\"a\": null}", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{\"\xff\": 0}", ESHI_ERROR_MODEL_INVALID },
  { "vocab.json", "{\"a\": 0}", ESHI_ERROR_MODEL_INVALID },
  { "merges.txt", NULL, ESHI_ERROR_MODEL_MISSING },
  { "merges.txt", "", ESHI_ERROR_MODEL_INVALID },
  { "merges.txt", "#version: 0.2\na\n", ESHI_ERROR_MODEL_INVALID },
  { "merges.txt", "#version: 0.2\na b c\n", ESHI_ERROR_MODEL_INVALID },
  { "merges.txt", "#version: 0.2\na  b\n", ESHI_ERROR_MODEL_INVALID },
  { "merges.txt", "#version: 0.2\n a\n", ESHI_ERROR_MODEL_INVALID },
  { "merges.txt", "#version: 0.2\na b\n\nb c\n", ESHI_ERROR_MODEL_INVALID },
  { "merges.txt", "#version: 0.2\na\tb c\n", ESHI_ERROR_MODEL_INVALID },
  { "merges.txt", "#version: 0.2\na \xff\n", ESHI_ERROR_MODEL_INVALID },
  { "tokenizer_config.json", "{", ESHI_ERROR_MODEL_INVALID },
  { "tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\"}", ESHI_ERROR_UNSUPPORTED },
  { "tokenizer_config.json", "{\"bos_token\": \"<start>\"}", ESHI_ERROR_MODEL_INVALID },
  { "tokenizer_config.json", "{\"bos_token\": \"\"}", ESHI_ERROR_MODEL_INVALID },
  { "special_tokens_map.json", "7", ESHI_ERROR_MODEL_INVALID },
  { "special_tokens_map.json", "{\"pad_token\": {\"content\": \"<pad>\"}}", ESHI_ERROR_MODEL_INVALID },
};

static void
test_bad_files (Folder        *folder,
                gconstpointer  data)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_files); i++)
    {
      g_autofree char *path = g_build_filename (folder->path, bad_files[i].name, NULL);
      g_autofree char *good = NULL;

      g_file_get_contents (path, &good, NULL, NULL);
      if (bad_files[i].contents != NULL)
        folder_write (folder, bad_files[i].name, bad_files[i].contents);
      else
        g_unlink (path);
      assert_refused (folder, bad_files[i].code);
      if (good != NULL)
        folder_write (folder, bad_files[i].name, good);
      else
        g_unlink (path);
    }
}

static void
test_hostile_sizes (Folder        *folder,
                    gconstpointer  data)
{
  g_autofree char *large = g_strnfill (ESHI_CLIP_MAX_VOCAB_BYTES + 1, ' ');
  g_autofree char *deep = g_strnfill (100000, '[');
  g_autofree char *good = read_shipped ("vocab.json");

  folder_write (folder, "vocab.json", large);
  assert_refused (folder, ESHI_ERROR_MODEL_INVALID);
  memcpy (deep, "{\"a\":", 5);
  folder_write (folder, "vocab.json", deep);
  assert_refused (folder, ESHI_ERROR_MODEL_INVALID);
  folder_write (folder, "vocab.json", good);
  large[ESHI_CLIP_MAX_MERGES_BYTES + 1] = '\0';
  folder_write (folder, "merges.txt", large);
  assert_refused (folder, ESHI_ERROR_MODEL_INVALID);
}

static void
test_settings (Folder        *folder,
               gconstpointer  data)
{
  g_autoptr(EshiTokenizer) self = NULL;
  g_autoptr(EshiTokenizer) listed = NULL;

  folder_write (folder, "tokenizer_config.json", "{\"model_max_length\": 20, \"tokenizer_class\": \"CLIPTokenizerFast\"}");
  folder_write (folder, "special_tokens_map.json", "{\"pad_token\": {\"content\": \"!\"}, \"eos_token\": \"b</w>\"}");
  self = folder_open (folder);
  g_assert_cmpuint (eshi_tokenizer_get_max_length (self), ==, 20);
  g_assert_cmpint (eshi_tokenizer_get_pad_id (self), ==, 0);
  g_assert_cmpint (eshi_tokenizer_get_end_id (self), ==, 256 + 'b' - '!');

  folder_write (folder, "tokenizer_config.json", "{\"added_tokens_decoder\": {}}");
  listed = folder_open (folder);
  g_assert_cmpint (eshi_tokenizer_get_pad_id (listed), ==, END);
}

/* Lines may end as in Windows, and the end of the file may be missing. */
static void
test_line_ends (Folder        *folder,
                gconstpointer  data)
{
  g_autoptr(EshiTokenizer) expected = open_shipped ();
  g_autofree char *merges = read_shipped ("merges.txt");
  g_auto(GStrv) lines = g_strsplit (g_strchomp (merges), "\n", -1);
  g_autofree char *joined = g_strjoinv ("\r\n", lines);
  g_autoptr(GArray) left = NULL;
  g_autoptr(GArray) right = NULL;
  g_autoptr(EshiTokenizer) self = NULL;

  folder_write (folder, "merges.txt", joined);
  self = folder_open (folder);
  left = eshi_tokenizer_encode (self, "a photograph of an astronaut", LENGTH, NULL);
  right = eshi_tokenizer_encode (expected, "a photograph of an astronaut", LENGTH, NULL);
  g_assert_cmpmem (left->data, left->len * sizeof (gint32), right->data, right->len * sizeof (gint32));
}

#define ADD(name, function) g_test_add ("/eshi/clip-tokenizer/" name, Folder, NULL, folder_set_up, function, folder_tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/clip-tokenizer/gives-the-ids-of-transformers", test_golden);
  g_test_add_func ("/eshi/clip-tokenizer/frames-texts", test_frame);
  g_test_add_func ("/eshi/clip-tokenizer/leaves-out-malformed-bytes", test_malformed_text);
  g_test_add_func ("/eshi/clip-tokenizer/long-word-is-not-slow", test_long_word);
  ADD ("pads-as-the-folder-says", test_other_pad);
  ADD ("refuses-bad-files", test_bad_files);
  ADD ("refuses-hostile-sizes", test_hostile_sizes);
  ADD ("reads-settings", test_settings);
  ADD ("reads-any-line-ends", test_line_ends);
  return g_test_run ();
}
