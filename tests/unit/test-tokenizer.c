/* test-tokenizer.c: the tokenizer against the ids that transformers and sentencepiece give, and against bad files.
 *
 * golden/tokenizer-flow.json comes from golden/make-tokenizer.py. The model of japanese-stable-diffusion itself,
 * google_sp.model, is not part of the program: its cases run where ESHI_SHARED names a folder with
 * data/google_sp.model, or where ../shared beside the sources is one.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "../parity.h"
#include "eshi-error.h"
#include "eshi-protobuf.h"
#include "eshi-tokenizer.h"
#include "eshi-utf8.h"

#define LENGTH 77

#define SMALL_MODEL "tokenizer-small.model"
#define SHARED_MODEL "google_sp.model"

static char *
find_model (const char *name)
{
  const char *shared = g_getenv ("ESHI_SHARED");

  if (g_str_equal (name, SMALL_MODEL))
    return g_test_build_filename (G_TEST_DIST, "golden", SMALL_MODEL, NULL);
  if (shared != NULL)
    return g_build_filename (shared, "data", name, NULL);
  return g_test_build_filename (G_TEST_DIST, "..", "..", "shared", "data", name, NULL);
}

/* NULL, and the test skipped, where the model does not exist. */
static EshiTokenizer *
open_model (const char *name)
{
  g_autofree char *path = find_model (name);
  g_autoptr(GError) error = NULL;
  EshiTokenizer *self = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autofree char *reason = g_strdup_printf ("there is no %s; see ESHI_SHARED", name);

      g_test_skip (reason);
      return NULL;
    }
  self = eshi_tokenizer_new_for_path (path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self);
  return self;
}

/* The ids as text, without the padding at their end. */
static char *
encode_to_string (const EshiTokenizer *self,
                  const char          *text,
                  gsize                pad_to)
{
  g_autoptr(GArray) ids = eshi_tokenizer_encode (self, text, pad_to, NULL);
  GString *out = g_string_new (NULL);
  guint n = ids->len;

  while (n > 0 && g_array_index (ids, gint32, n - 1) == eshi_tokenizer_get_pad_id (self))
    n--;
  for (guint i = 0; i < n; i++)
    g_string_append_printf (out, i > 0 ? " %d" : "%d", g_array_index (ids, gint32, i));
  return g_string_free (out, FALSE);
}

static void
assert_ids (const EshiTokenizer *self,
            const char          *text,
            const char          *expected)
{
  g_autofree char *padded = encode_to_string (self, text, LENGTH);

  if (!g_str_equal (padded, expected))
    g_test_message ("“%s”", text);
  g_assert_cmpstr (padded, ==, expected);
}

/* Values of the reference for the model of japanese-stable-diffusion. */
static void
test_reference_ids (void)
{
  static const char * const rows[][2] = {
    { "", "2" },
    { "猫の肖像画 油絵", "9 4324 10 16655 9 2073 1623 2" },
    { "サラリーマン 油絵", "9 24111 9 2073 1623 2" },
    { "椅子に座る猫", "9 17268 17 578 56 4324 2" },
    { "Cat and Dog", "9 15970 1952 6832 275 2" },
    { "葛飾北斎の波、浮世絵、高精細、8K", "9 18770 225 4157 10 760 7 27051 7 150 2449 2880 7 50 320 2" },
    { "間抜けで可愛らしい白い猫 漫画風", "9 379 5291 19 18791 4818 5475 4324 9 1302 406 2" },
    { "ｐｏｒｔｒａｉｔ, masterpiece", "9 9423 2906 2054 83 9 21145 22528 3104 2" },
    { "😀😁猫", "9 0 4324 2" },
    { "111", "2560 24 2" },
    { "か\u3099", "9 12 2" },
    { "～〜ー―", "9 528 681 556 6371 2" },
    { "a\nb\tc", "999 1811 2056 2" },
    { "犬</s>", "9 1651 2" },
    { "[CLS]猫", "4 9 4324 2" },
    { "①②③", "2413 31 2" },
  };
  g_autoptr(EshiTokenizer) self = open_model (SHARED_MODEL);

  if (self == NULL)
    return;
  g_assert_cmpuint (eshi_tokenizer_get_vocab_size (self), ==, 32000);
  g_assert_cmpuint (eshi_tokenizer_get_max_length (self), ==, LENGTH);
  g_assert_cmpint (eshi_tokenizer_get_end_id (self), ==, 2);
  g_assert_cmpint (eshi_tokenizer_get_pad_id (self), ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_ids (self, rows[i][0], rows[i][1]);
  parity_count_row ("tokenizers", "ids of prompts, the model of japanese-stable-diffusion", "transformers of mid-2022", 0,
                    G_N_ELEMENTS (rows));
}

static void
test_reference_cut (void)
{
  g_autoptr(EshiTokenizer) self = open_model (SHARED_MODEL);
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GArray) ids = NULL;
  gsize n_pieces;

  if (self == NULL)
    return;
  for (guint i = 0; i < 200; i++)
    g_string_append (text, "あ");
  ids = eshi_tokenizer_encode (self, text->str, LENGTH, &n_pieces);
  g_assert_cmpuint (ids->len, ==, LENGTH);
  g_assert_cmpuint (n_pieces, >, LENGTH);
  g_assert_cmpint (g_array_index (ids, gint32, 0), ==, 9);
  for (guint i = 1; i <= 75; i++)
    g_assert_cmpint (g_array_index (ids, gint32, i), ==, 703);
  g_assert_cmpint (g_array_index (ids, gint32, 76), ==, 2);
}

static JsonObject *
load_golden (JsonParser *parser)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "tokenizer-flow.json", NULL);
  g_autoptr(GError) error = NULL;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_node_get_object (json_parser_get_root (parser));
}

/* What transformers' T5Tokenizer gives, with all that it does around sentencepiece. */
static void
test_flow (gconstpointer data)
{
  const char *name = data;
  g_autoptr(EshiTokenizer) self = open_model (name);
  g_autoptr(JsonParser) parser = json_parser_new ();
  JsonObject *golden = load_golden (parser);
  JsonArray *texts = json_object_get_array_member (golden, "texts");
  JsonArray *rows = json_object_get_array_member (json_object_get_object_member (golden, "ids"), name);

  if (self == NULL)
    return;
  g_assert_cmpuint (json_array_get_length (rows), >=, 300);
  g_assert_cmpuint (json_array_get_length (rows), ==, json_array_get_length (texts));
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonArray *row = json_array_get_array_element (rows, i);
      g_autoptr(GString) expected = g_string_new (NULL);

      for (guint j = 0; j < json_array_get_length (row); j++)
        g_string_append_printf (expected, j > 0 ? " %d" : "%d", (int) json_array_get_int_element (row, j));
      assert_ids (self, json_array_get_string_element (texts, i), expected->str);
    }
  parity_count_row ("tokenizers", name, "T5Tokenizer of transformers 4.25.1", 0, json_array_get_length (rows));
}

/* Every character that Python makes small, and a sample of those it leaves. */
static void
test_lower (void)
{
  g_autoptr(JsonParser) parser = json_parser_new ();
  JsonArray *rows = json_object_get_array_member (load_golden (parser), "lower");
  g_autoptr(GHashTable) changed = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonArray *row = json_array_get_array_element (rows, i);
      JsonArray *expected = json_array_get_array_element (row, 1);
      gunichar c = (gunichar) json_array_get_int_element (row, 0);
      gunichar lower[ESHI_MAX_LOWER];

      g_hash_table_add (changed, GUINT_TO_POINTER (c));
      g_assert_cmpuint (eshi_utf8_lower (c, lower), ==, json_array_get_length (expected));
      for (guint j = 0; j < json_array_get_length (expected); j++)
        g_assert_cmpuint (lower[j], ==, json_array_get_int_element (expected, j));
    }
  g_assert_cmpuint (g_hash_table_size (changed), >, 1400);
  parity_count_row ("tokenizers", "small form of a character", "str.lower() of Python 3.11", 0,
                    g_hash_table_size (changed));
  for (gunichar c = 1; c < 0x3400; c++)
    {
      gunichar lower[ESHI_MAX_LOWER];

      /* characters that Unicode named after the file was made may have got small forms */
      if (g_hash_table_contains (changed, GUINT_TO_POINTER (c)) || !g_unichar_isdefined (c))
        continue;
      g_assert_cmpuint (eshi_utf8_lower (c, lower), ==, 1);
      g_assert_cmpuint (lower[0], ==, c);
    }
}

static void
test_decode (void)
{
  static const struct { const char *text; gsize length; guint n; gunichar c; } rows[] = {
    { "", 0, 0, 0 },
    { "a", 1, 1, 'a' },
    { "\xc2\x80", 2, 2, 0x80 },
    { "\xc1\xbf", 2, 0, 0 },         /* overlong */
    { "\xe3\x81\x82", 3, 3, 0x3042 },
    { "\xe3\x81\x82", 2, 0, 0 },     /* cut short */
    { "\xe0\x9f\xbf", 3, 0, 0 },     /* overlong */
    { "\xed\xa0\x80", 3, 0, 0 },     /* a surrogate */
    { "\xef\xbf\xbd", 3, 3, 0xfffd },
    { "\xf0\x9f\x98\x80", 4, 4, 0x1f600 },
    { "\xf4\x90\x80\x80", 4, 0, 0 }, /* beyond Unicode */
    { "\xf8\x88\x80\x80\x80", 5, 0, 0 },
    { "\x80", 1, 0, 0 },
    { "\xc3\x28", 2, 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gunichar c = 0;

      g_assert_cmpuint (eshi_utf8_decode (rows[i].text, rows[i].length, &c), ==, rows[i].n);
      if (rows[i].n > 0)
        g_assert_cmpuint (c, ==, rows[i].c);
    }
}

static void
test_padding (void)
{
  g_autoptr(EshiTokenizer) self = open_model (SMALL_MODEL);
  gint32 pad = eshi_tokenizer_get_pad_id (self);
  gint32 end = eshi_tokenizer_get_end_id (self);
  g_autoptr(GArray) whole = NULL;
  gsize n_pieces;

  whole = eshi_tokenizer_encode (self, "猫 犬 鳥", 0, &n_pieces);
  g_assert_cmpuint (whole->len, ==, n_pieces + 1);
  g_assert_cmpint (g_array_index (whole, gint32, n_pieces), ==, end);
  for (gsize pad_to = 1; pad_to < 20; pad_to++)
    {
      gsize n_kept = MIN (n_pieces, pad_to - 1);
      gsize n_again;
      g_autoptr(GArray) ids = eshi_tokenizer_encode (self, "猫 犬 鳥", pad_to, &n_again);

      g_assert_cmpuint (ids->len, ==, pad_to);
      g_assert_cmpuint (n_again, ==, n_pieces);
      g_assert_cmpmem (ids->data, n_kept * sizeof (gint32), whole->data, n_kept * sizeof (gint32));
      g_assert_cmpint (g_array_index (ids, gint32, n_kept), ==, end);
      for (gsize i = n_kept + 1; i < pad_to; i++)
        g_assert_cmpint (g_array_index (ids, gint32, i), ==, pad);
    }
}

/* Text of any length is taken, and only its beginning is read. */
static void
test_long_text (void)
{
  g_autoptr(EshiTokenizer) self = open_model (SMALL_MODEL);
  g_autofree char *tail = g_strnfill (2 * ESHI_TOKENIZER_MAX_TEXT, 'q');
  g_autofree char *text = g_strconcat ("a</s>", tail, NULL);
  g_autoptr(GArray) ids = NULL;
  gsize n_pieces;

  ids = eshi_tokenizer_encode (self, text, LENGTH, &n_pieces);
  g_assert_cmpuint (ids->len, ==, LENGTH);
  g_assert_cmpuint (n_pieces, <=, ESHI_TOKENIZER_MAX_TEXT);
}

/* A tokenizer folder to be spoilt, removed with everything in it. */
typedef struct
{
  char *path;
} Folder;

static void
folder_write (const Folder *self,
              const char   *name,
              const void   *data,
              gssize        size)
{
  g_autofree char *path = g_build_filename (self->path, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, data, size, &error);
  g_assert_no_error (error);
}

static void
folder_set_up (Folder        *self,
               gconstpointer  data)
{
  g_autofree char *model = find_model (SMALL_MODEL);
  g_autofree char *contents = NULL;
  g_autoptr(GError) error = NULL;
  gsize size;

  self->path = g_dir_make_tmp ("eshi-tokenizer-XXXXXX", &error);
  g_assert_no_error (error);
  g_file_get_contents (model, &contents, &size, &error);
  g_assert_no_error (error);
  folder_write (self, "spiece.model", contents, (gssize) size);
}

static void
folder_tear_down (Folder        *self,
                  gconstpointer  data)
{
  static const char * const names[] = { "spiece.model", "tokenizer_config.json", "vocab.json" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (self->path, names[i], NULL);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (self->path), ==, 0);
  g_free (self->path);
}

static void
assert_opens (const Folder *folder,
              const char   *text,
              const char   *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiTokenizer) self = eshi_tokenizer_new_for_path (folder->path, &error);

  g_assert_no_error (error);
  assert_ids (self, text, expected);
}

static void
assert_refused (const char *path,
                EshiError   code)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (eshi_tokenizer_new_for_path (path, &error));
  g_assert_error (error, ESHI_ERROR, (int) code);
  g_assert_cmpuint (strlen (error->message), >, 20);
}

static void
test_folder_defaults (Folder        *folder,
                      gconstpointer  data)
{
  assert_opens (folder, "[SEP]", "5 2");
  folder_write (folder, "tokenizer_config.json", "{}", -1);
  assert_opens (folder, "[SEP]", "5 2");
}

/* The small model knows "a" (9) and no "A". */
static void
test_folder_config (Folder        *folder,
                    gconstpointer  data)
{
  g_autoptr(EshiTokenizer) self = NULL;

  folder_write (folder, "tokenizer_config.json",
                "{ \"tokenizer_class\": \"T5Tokenizer\", \"do_lower_case\": false, \"unknown\": [[1], {}],"
                "  \"eos_token\": { \"content\": \"[SEP]\", \"lstrip\": false }, \"model_max_length\": 20,"
                "  \"extra_ids\": 0, \"additional_special_tokens\": [\"犬\"] }",
                -1);
  assert_opens (folder, "A[CLS]", "7 0 4 5");
  assert_opens (folder, "</s>", "7 0 389 0 5"); /* no longer special */
  self = eshi_tokenizer_new_for_path (folder->path, NULL);
  g_assert_cmpuint (eshi_tokenizer_get_max_length (self), ==, 20);
  g_assert_cmpint (eshi_tokenizer_get_end_id (self), ==, 5);
}

static void
test_folder_refused (Folder        *folder,
                     gconstpointer  data)
{
  static const struct { const char *json; EshiError code; } rows[] = {
    { "", ESHI_ERROR_MODEL_INVALID },
    { "[]", ESHI_ERROR_MODEL_INVALID },
    { "{ \"eos_token\": ", ESHI_ERROR_MODEL_INVALID },
    { "{ \"eos_token\": \"\xff\" }", ESHI_ERROR_MODEL_INVALID },
    { "{ \"pad_token\": \"<nothing>\" }", ESHI_ERROR_MODEL_INVALID },
    { "{ \"eos_token\": \"\" }", ESHI_ERROR_MODEL_INVALID },
    { "{ \"tokenizer_class\": \"CLIPTokenizer\" }", ESHI_ERROR_UNSUPPORTED },
    { "{ \"extra_ids\": 100 }", ESHI_ERROR_UNSUPPORTED },
  };
  g_autofree char *deep = g_strnfill (200000, '[');

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      folder_write (folder, "tokenizer_config.json", rows[i].json, -1);
      assert_refused (folder->path, rows[i].code);
    }
  folder_write (folder, "tokenizer_config.json", deep, -1);
  assert_refused (folder->path, ESHI_ERROR_MODEL_INVALID);
}

static void
test_folder_other_kinds (Folder        *folder,
                         gconstpointer  data)
{
  g_autofree char *model = g_build_filename (folder->path, "spiece.model", NULL);

  assert_refused ("/nonexistent/spiece.model", ESHI_ERROR_MODEL_MISSING);
  g_unlink (model);
  assert_refused (folder->path, ESHI_ERROR_MODEL_MISSING);
  folder_write (folder, "vocab.json", "{}", -1);
  assert_refused (folder->path, ESHI_ERROR_MODEL_MISSING); /* merges.txt */
}

/* Fields of a protocol buffer, written by hand. */
static void
put_bytes (GByteArray *out,
           guint8      number,
           const void *data,
           gsize       size)
{
  guint8 head[] = { (guint8) (number << 3 | ESHI_PROTOBUF_BYTES), (guint8) size };

  g_assert_cmpuint (size, <, 128);
  g_byte_array_append (out, head, sizeof head);
  g_byte_array_append (out, data, (guint) size);
}

static void
put_varint (GByteArray *out,
            guint       number,
            guint8      value)
{
  guint tag = number << 3 | ESHI_PROTOBUF_VARINT;
  guint8 bytes[] = { (guint8) (tag & 0x7f) | 0x80, (guint8) (tag >> 7), value };

  g_byte_array_append (out, bytes, sizeof bytes);
}

static void
put_piece (GByteArray *model,
           const char *text,
           guint8      type,
           float       score)
{
  g_autoptr(GByteArray) piece = g_byte_array_new ();
  guint8 head = 2 << 3 | ESHI_PROTOBUF_32_BIT;

  put_bytes (piece, 1, text, strlen (text));
  g_byte_array_append (piece, &head, 1);
  g_byte_array_append (piece, (const guint8 *) &score, sizeof score);
  put_varint (piece, 3, type);
  put_bytes (model, 1, piece->data, piece->len);
}

static GByteArray *
new_tiny_model (void)
{
  GByteArray *model = g_byte_array_new ();

  put_piece (model, "<unk>", 2, 0);
  put_piece (model, "</s>", 3, 0);
  put_piece (model, "[PAD]", 3, 0);
  put_piece (model, "\xe2\x96\x81", 1, -1);
  put_piece (model, "ab", 1, -2);
  return model;
}

/* The tiny model with one more field in its trainer's (2) or normalizer's (3) part. */
static void
assert_setting (const Folder *folder,
                guint8        part,
                guint         number,
                guint8        value,
                gboolean      is_fine)
{
  g_autoptr(GByteArray) model = new_tiny_model ();
  g_autoptr(GByteArray) settings = g_byte_array_new ();

  put_varint (settings, number, value);
  put_bytes (model, part, settings->data, settings->len);
  if (part != 3)
    put_bytes (model, 3, "", 0);
  folder_write (folder, "spiece.model", model->data, model->len);
  if (is_fine)
    assert_opens (folder, "xab", "3 0 4 1");
  else
    assert_refused (folder->path, ESHI_ERROR_UNSUPPORTED);
}

/* What would change the ids is refused, and the same fields with their usual values are not. */
static void
test_model_settings (Folder        *folder,
                     gconstpointer  data)
{
  assert_setting (folder, 2, 3, 1, TRUE);
  assert_setting (folder, 2, 3, 2, FALSE);
  assert_setting (folder, 2, 24, 0, TRUE);
  assert_setting (folder, 2, 24, 1, FALSE);
  assert_setting (folder, 2, 35, 0, TRUE);
  assert_setting (folder, 2, 35, 1, FALSE);
  for (guint number = 3; number <= 5; number++)
    {
      assert_setting (folder, 3, number, 1, TRUE);
      assert_setting (folder, 3, number, 0, FALSE);
    }
}

static void
assert_extra_piece (const Folder *folder,
                    const char   *text,
                    guint8        type,
                    float         score,
                    EshiError     code)
{
  g_autoptr(GByteArray) model = new_tiny_model ();

  put_piece (model, text, type, score);
  put_bytes (model, 3, "", 0);
  folder_write (folder, "spiece.model", model->data, model->len);
  assert_refused (folder->path, code);
}

static void
test_model_pieces (Folder        *folder,
                   gconstpointer  data)
{
  assert_extra_piece (folder, "", 1, 0, ESHI_ERROR_MODEL_INVALID);
  assert_extra_piece (folder, "ab", 1, 0, ESHI_ERROR_MODEL_INVALID);      /* twice */
  assert_extra_piece (folder, "<other>", 2, 0, ESHI_ERROR_MODEL_INVALID); /* a second unknown */
  assert_extra_piece (folder, "c", 7, 0, ESHI_ERROR_MODEL_INVALID);
  assert_extra_piece (folder, "c", 1, INFINITY, ESHI_ERROR_MODEL_INVALID);
  assert_extra_piece (folder, "c", 1, NAN, ESHI_ERROR_MODEL_INVALID);
  assert_extra_piece (folder, "c", 4, 0, ESHI_ERROR_UNSUPPORTED);
  assert_extra_piece (folder, "c", 6, 0, ESHI_ERROR_UNSUPPORTED);
}

static void
assert_charsmap (const Folder *folder,
                 const void   *charsmap,
                 gsize         size,
                 gboolean      is_fine)
{
  g_autoptr(GByteArray) model = new_tiny_model ();
  g_autoptr(GByteArray) normalizer = g_byte_array_new ();

  put_bytes (normalizer, 2, charsmap, size);
  put_bytes (model, 3, normalizer->data, normalizer->len);
  folder_write (folder, "spiece.model", model->data, model->len);
  if (is_fine)
    assert_opens (folder, "xab", "3 0 4 1");
  else
    assert_refused (folder->path, ESHI_ERROR_MODEL_INVALID);
}

/* Tables whose lengths lie, and tables whose indices lead out of them: the former are refused, the latter end. */
static void
test_model_charsmap (Folder        *folder,
                     gconstpointer  data)
{
  static const guint8 far_root[] = { 4, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0 };
  static const guint8 zero_trie[] = { 0, 0, 0, 0, 0 };
  static const guint8 long_trie[] = { 8, 0, 0, 0, 0, 0, 0, 0, 0 };
  static const guint8 odd_trie[] = { 3, 0, 0, 0, 0, 0, 0, 0, 0 };
  static const guint8 open_pool[] = { 4, 0, 0, 0, 0, 0, 0, 0, 'a' };
  static const guint8 no_pool[] = { 4, 0, 0, 0, 0, 0, 0, 0 };

  assert_charsmap (folder, "", 0, TRUE);
  assert_charsmap (folder, far_root, sizeof far_root, TRUE);
  assert_charsmap (folder, zero_trie, 3, FALSE);
  assert_charsmap (folder, zero_trie, sizeof zero_trie, FALSE);
  assert_charsmap (folder, long_trie, sizeof long_trie, FALSE);
  assert_charsmap (folder, odd_trie, sizeof odd_trie, FALSE);
  assert_charsmap (folder, open_pool, sizeof open_pool, FALSE);
  assert_charsmap (folder, no_pool, sizeof no_pool, FALSE);
}

/* However short a file is cut, it is refused or read, and never read past its end. */
static void
test_model_cut (Folder        *folder,
                gconstpointer  data)
{
  g_autofree char *path = g_build_filename (folder->path, "spiece.model", NULL);
  g_autofree char *contents = NULL;
  guint n_refused = 0;
  guint n_cuts = 0;
  gsize size;

  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  for (gsize length = 0; length < size; length += 61)
    {
      g_autoptr(EshiTokenizer) self = NULL;

      folder_write (folder, "spiece.model", contents, (gssize) length);
      self = eshi_tokenizer_new_for_path (folder->path, NULL);
      n_cuts++;
      n_refused += self == NULL ? 1 : 0;
    }
  g_assert_cmpuint (n_refused, ==, n_cuts);
}

static void
add_folder_test (const char *path,
                 void      (*func) (Folder *, gconstpointer))
{
  g_test_add (path, Folder, NULL, folder_set_up, func, folder_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/tokenizer/reference/ids", test_reference_ids);
  g_test_add_func ("/eshi/tokenizer/reference/cut", test_reference_cut);
  g_test_add_data_func ("/eshi/tokenizer/flow/small", SMALL_MODEL, test_flow);
  g_test_add_data_func ("/eshi/tokenizer/flow/reference", SHARED_MODEL, test_flow);
  g_test_add_func ("/eshi/tokenizer/utf8/lower", test_lower);
  g_test_add_func ("/eshi/tokenizer/utf8/decode", test_decode);
  g_test_add_func ("/eshi/tokenizer/padding", test_padding);
  g_test_add_func ("/eshi/tokenizer/long-text", test_long_text);
  add_folder_test ("/eshi/tokenizer/folder/defaults", test_folder_defaults);
  add_folder_test ("/eshi/tokenizer/folder/config", test_folder_config);
  add_folder_test ("/eshi/tokenizer/folder/refused", test_folder_refused);
  add_folder_test ("/eshi/tokenizer/folder/other-kinds", test_folder_other_kinds);
  add_folder_test ("/eshi/tokenizer/model/settings", test_model_settings);
  add_folder_test ("/eshi/tokenizer/model/pieces", test_model_pieces);
  add_folder_test ("/eshi/tokenizer/model/charsmap", test_model_charsmap);
  add_folder_test ("/eshi/tokenizer/model/cut", test_model_cut);

  return g_test_run ();
}
