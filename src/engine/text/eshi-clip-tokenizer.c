/* eshi-clip-tokenizer.c: CLIP's tokenizer, as transformers' CLIPTokenizer works where ftfy is not installed.
 *
 * It mends no text that was decoded wrongly before, as ftfy would, and knows no words that were added beside vocab.json.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-tokenizer-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "eshi-clip-text.h"
#include "eshi-clip-vocabulary.h"
#include "eshi-error.h"

#define MAX_LENGTH 77

typedef enum
{
  MARK_START,
  MARK_END,
  MARK_UNKNOWN,
  MARK_PAD,
  N_MARKS
} Mark;

typedef struct
{
  EshiTokenizer       parent;
  EshiClipVocabulary *vocabulary;
  GArray             *specials; /* EshiSpecial */
  gint32              unknown_id;
} EshiClipTokenizer;

/* Keys of the settings, and what Stable Diffusion 1.x has there. */
static const struct
{
  const char *key;
  const char *text;
} marks[N_MARKS] = {
  [MARK_START] = { "bos_token", "<|startoftext|>" },
  [MARK_END] = { "eos_token", "<|endoftext|>" },
  [MARK_UNKNOWN] = { "unk_token", "<|endoftext|>" },
  [MARK_PAD] = { "pad_token", "<|endoftext|>" },
};

/* The two special strings that the rule for words names need no merges. */
static void
encode_word (const EshiClipTokenizer *self,
             const gunichar          *chars,
             gsize                    n_chars,
             GArray                  *ids)
{
  glong length = 0;
  g_autofree char *word = g_ucs4_to_utf8 (chars, (glong) n_chars, NULL, &length, NULL);

  if (g_str_equal (word, marks[MARK_START].text) || g_str_equal (word, marks[MARK_END].text))
    {
      gint32 id = eshi_clip_vocabulary_find (self->vocabulary, word);

      id = id >= 0 ? id : self->unknown_id;
      g_array_append_val (ids, id);
      return;
    }
  eshi_clip_vocabulary_encode_word (self->vocabulary, word, (gsize) length, self->unknown_id, ids);
}

/* @text has no special strings, but for those that cleaning makes. */
static void
encode_plain (const EshiClipTokenizer *self,
              const char              *text,
              gsize                    length,
              GArray                  *ids)
{
  gsize n_chars = 0;
  g_autofree gunichar *chars = eshi_clip_text_clean (text, length, &n_chars);
  gsize start = 0;
  gsize n;

  while ((n = eshi_clip_text_next_word (chars, n_chars, &start)) > 0)
    {
      encode_word (self, chars + start, n, ids);
      start += n;
    }
}

static void
encode (const EshiTokenizer *tokenizer,
        const char          *text,
        gsize                length,
        GArray              *words,
        GArray              *ids,
        GArray              *spans)
{
  const EshiClipTokenizer *self = (const EshiClipTokenizer *) tokenizer;
  gsize start = 0;
  gsize end = 0;

  while (end < length)
    {
      const EshiSpecial *special = _eshi_specials_match (self->specials, text + end, length - end);

      if (special == NULL)
        {
          end++;
          continue;
        }
      encode_plain (self, text + start, end - start, ids);
      g_array_append_val (ids, special->id);
      end += special->length;
      start = end;
    }
  encode_plain (self, text + start, end - start, ids);
}

static void
free_tokenizer (EshiTokenizer *tokenizer)
{
  EshiClipTokenizer *self = (EshiClipTokenizer *) tokenizer;

  g_clear_pointer (&self->vocabulary, eshi_clip_vocabulary_free);
  g_clear_pointer (&self->specials, g_array_unref);
  g_free (self);
}

static const EshiTokenizerClass class = {
  .encode = encode,
  .free = free_tokenizer,
};

static gboolean
load_vocabulary (EshiClipTokenizer  *self,
                 const char         *folder,
                 GError            **error)
{
  g_autofree char *vocab_path = g_build_filename (folder, "vocab.json", NULL);
  g_autofree char *merges_path = g_build_filename (folder, "merges.txt", NULL);
  g_autoptr(GBytes) vocab = _eshi_tokenizer_read_file (vocab_path, ESHI_CLIP_MAX_VOCAB_BYTES, error);
  g_autoptr(GBytes) merges = NULL;

  if (vocab == NULL)
    return FALSE;
  merges = _eshi_tokenizer_read_file (merges_path, ESHI_CLIP_MAX_MERGES_BYTES, error);
  if (merges == NULL)
    return FALSE;
  self->vocabulary = eshi_clip_vocabulary_new (vocab, merges, error);
  return self->vocabulary != NULL;
}

/* An object of the folder's file @name; an empty one where there is no such file. */
static gboolean
load_settings (const char  *folder,
               const char  *name,
               JsonObject **settings,
               GError     **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(JsonParser) parser = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      *settings = json_object_new ();
      return TRUE;
    }
  parser = _eshi_tokenizer_load_config (path, error);
  if (parser == NULL)
    return FALSE;
  *settings = json_object_ref (json_node_get_object (json_parser_get_root (parser)));
  return TRUE;
}

static gboolean
apply_config (EshiClipTokenizer  *self,
              JsonObject         *config,
              GError            **error)
{
  const char *name = _eshi_tokenizer_get_token_text (json_object_get_member (config, "tokenizer_class"));
  gint64 max_length = _eshi_tokenizer_get_int (config, "model_max_length", MAX_LENGTH);

  if (name != NULL && !g_str_equal (name, "CLIPTokenizer") && !g_str_equal (name, "CLIPTokenizerFast"))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("This model uses the tokenizer “%s”, which is not supported. "
                     "Choose a Stable Diffusion 1 model, or one with a Japanese SentencePiece tokenizer."),
                   name);
      return FALSE;
    }
  if (max_length >= 2 && max_length < MAX_LENGTH)
    self->parent.max_length = (guint) max_length;
  return TRUE;
}

/* special_tokens_map.json counts more than tokenizer_config.json, unless that lists all added tokens: as in transformers. */
static const char *
get_mark_text (JsonObject *config,
               JsonObject *map,
               Mark        mark)
{
  const char *in_config = _eshi_tokenizer_get_token_text (json_object_get_member (config, marks[mark].key));
  const char *in_map = _eshi_tokenizer_get_token_text (json_object_get_member (map, marks[mark].key));

  if (in_map != NULL && !json_object_has_member (config, "added_tokens_decoder"))
    return in_map;
  return in_config != NULL ? in_config : marks[mark].text;
}

static gboolean
add_marks (EshiClipTokenizer  *self,
           JsonObject         *config,
           JsonObject         *map,
           GError            **error)
{
  gint32 *ids[N_MARKS] = {
    [MARK_START] = &self->parent.start_id,
    [MARK_END] = &self->parent.end_id,
    [MARK_UNKNOWN] = &self->unknown_id,
    [MARK_PAD] = &self->parent.pad_id,
  };

  for (guint i = 0; i < N_MARKS; i++)
    {
      const char *text = get_mark_text (config, map, i);

      *ids[i] = eshi_clip_vocabulary_find (self->vocabulary, text);
      if (*ids[i] < 0 || text[0] == '\0')
        {
          g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                       _("The tokenizer file vocab.json lacks “%s”, which the model's texts are framed with. "
                         "Use the files of a tokenizer that belong together."),
                       text);
          return FALSE;
        }
      _eshi_specials_add (self->specials, text, *ids[i]);
    }
  return TRUE;
}

EshiTokenizer *
_eshi_clip_tokenizer_new (const char  *folder,
                          GError     **error)
{
  g_autoptr(EshiTokenizer) tokenizer = (EshiTokenizer *) g_new0 (EshiClipTokenizer, 1);
  EshiClipTokenizer *self = (EshiClipTokenizer *) tokenizer;
  g_autoptr(JsonObject) config = NULL;
  g_autoptr(JsonObject) map = NULL;

  tokenizer->class = &class;
  tokenizer->max_length = MAX_LENGTH;
  self->specials = _eshi_specials_new ();
  if (!load_settings (folder, "tokenizer_config.json", &config, error) || !apply_config (self, config, error) ||
      !load_settings (folder, "special_tokens_map.json", &map, error) || !load_vocabulary (self, folder, error) ||
      !add_marks (self, config, map, error))
    return NULL;
  tokenizer->vocab_size = eshi_clip_vocabulary_get_size (self->vocabulary);
  for (guint i = 0; i < ESHI_MAX_COMMAS; i++)
    tokenizer->commas[i] = i == 0 ? eshi_clip_vocabulary_find (self->vocabulary, ",</w>") : -1;
  return g_steal_pointer (&tokenizer);
}
