/* eshi-t5-tokenizer.c: what rinna's models put around SentencePiece, as transformers' T5Tokenizer did in 2022.
 *
 * Letters become small, the special strings ("[PAD]" and the like) become their ids, and the text between them is cut
 * into pieces. Later versions of transformers treat text after a special string differently; this file does not.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-tokenizer-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <json-glib/json-glib.h>

#include "eshi-error.h"
#include "eshi-sentencepiece.h"
#include "eshi-utf8.h"

#define MAX_MODEL_BYTES ((gsize) 32 << 20)

#define MAX_LENGTH 77

typedef struct
{
  EshiTokenizer      parent;
  EshiSentencepiece *pieces;
  GArray            *specials; /* EshiSpecial, longest first */
  gboolean           lowers;
} EshiT5Tokenizer;

/* Keys of tokenizer_config.json, and what japanese-stable-diffusion has there. */
static const struct
{
  const char *key;
  const char *text;
} special_keys[] = {
  { "bos_token", "<s>" },
  { "eos_token", "</s>" },
  { "unk_token", "<unk>" },
  { "sep_token", "[SEP]" },
  { "pad_token", "[PAD]" },
  { "cls_token", "[CLS]" },
  { "mask_token", "[MASK]" },
};

/* Pieces that separate what a prompt lists. */
static const char *const commas[ESHI_MAX_COMMAS] = { ",", "、", "▁,", "▁、" };

static void
append_lower (GString  *out,
              gunichar  c)
{
  gunichar lower[ESHI_MAX_LOWER];
  guint n = eshi_utf8_lower (c, lower);

  for (guint i = 0; i < n; i++)
    g_string_append_unichar (out, lower[i]);
}

/* Small letters, but for special strings; malformed bytes stay. A string may become special by it: "<S>" does.
 * @origins: (nullable) (element-type guint32): for each byte that is returned, the byte of @text it comes from, and the
 * end. */
static GString *
lower_text (const EshiT5Tokenizer *self,
            const char            *text,
            gsize                  length,
            GArray                *origins)
{
  GString *out = g_string_sized_new (length);
  guint32 at = 0;

  while (at < length)
    {
      const EshiSpecial *special = _eshi_specials_match (self->specials, text + at, length - at);
      gunichar c = 0;
      gsize n = special != NULL || !self->lowers ? 0 : eshi_utf8_decode (text + at, length - at, &c);

      if (n > 0)
        {
          append_lower (out, c);
        }
      else
        {
          n = special != NULL ? special->length : 1;
          g_string_append_len (out, text + at, (gssize) n);
        }
      while (origins != NULL && origins->len < out->len)
        g_array_append_val (origins, at);
      at += (guint32) n;
    }
  if (origins != NULL)
    g_array_append_val (origins, at);
  return out;
}

/* Encodes bytes @start to @end of @lower. */
static void
encode_plain (const EshiT5Tokenizer *self,
              const GString         *lower,
              gsize                  start,
              gsize                  end,
              GArray                *ids,
              GArray                *spans)
{
  guint first = spans != NULL ? spans->len : 0;

  eshi_sentencepiece_encode (self->pieces, lower->str + start, end - start, ids, spans);
  for (guint i = first; spans != NULL && i < spans->len; i++)
    {
      g_array_index (spans, EshiTextSpan, i).start += (guint32) start;
      g_array_index (spans, EshiTextSpan, i).end += (guint32) start;
    }
}

static const EshiSpecial *
match_special (const EshiT5Tokenizer *self,
               GArray                *words,
               const char            *text,
               gsize                  length)
{
  const EshiSpecial *special = _eshi_specials_match (self->specials, text, length);
  const EshiSpecial *word = words != NULL ? _eshi_specials_match (words, text, length) : NULL;

  return word != NULL && (special == NULL || special->length < word->length) ? word : special;
}

static void
encode_lower (const EshiT5Tokenizer *self,
              const GString         *lower,
              GArray                *words,
              GArray                *ids,
              GArray                *spans)
{
  gsize start = 0;
  gsize end = 0;

  while (end < lower->len)
    {
      const EshiSpecial *special = match_special (self, words, lower->str + end, lower->len - end);
      EshiTextSpan span = { (guint32) end, (guint32) end };

      if (special == NULL)
        {
          end++;
          continue;
        }
      encode_plain (self, lower, start, start + eshi_utf8_strip_end (lower->str + start, end - start), ids, spans);
      g_array_append_val (ids, special->id);
      span.end += (guint32) special->length;
      if (spans != NULL)
        g_array_append_val (spans, span);
      end += special->length;
      end += eshi_utf8_leading_space (lower->str + end, lower->len - end);
      start = end;
    }
  encode_plain (self, lower, start, end, ids, spans);
}

static void
encode (const EshiTokenizer *tokenizer,
        const char          *text,
        gsize                length,
        GArray              *words,
        GArray              *ids,
        GArray              *spans)
{
  const EshiT5Tokenizer *self = (const EshiT5Tokenizer *) tokenizer;
  g_autoptr(GArray) origins = spans != NULL ? g_array_new (FALSE, FALSE, sizeof (guint32)) : NULL;
  g_autoptr(GString) lower = lower_text (self, text, length, origins);
  guint first = spans != NULL ? spans->len : 0;

  encode_lower (self, lower, words, ids, spans);
  for (guint i = first; spans != NULL && i < spans->len; i++)
    {
      EshiTextSpan *span = &g_array_index (spans, EshiTextSpan, i);

      span->start = g_array_index (origins, guint32, span->start);
      span->end = g_array_index (origins, guint32, span->end);
    }
}

static char *
fold (const EshiTokenizer *tokenizer,
      const char          *word)
{
  GString *lower = lower_text ((const EshiT5Tokenizer *) tokenizer, word, strlen (word), NULL);

  return g_string_free (lower, FALSE);
}

static void
free_tokenizer (EshiTokenizer *tokenizer)
{
  EshiT5Tokenizer *self = (EshiT5Tokenizer *) tokenizer;

  g_clear_pointer (&self->pieces, eshi_sentencepiece_free);
  g_clear_pointer (&self->specials, g_array_unref);
  g_free (self);
}

static const EshiTokenizerClass class = {
  .encode = encode,
  .fold = fold,
  .traces = TRUE,
  .free = free_tokenizer,
};

/* Strings the model does not know are left out: they are ordinary text. */
static gint32
add_special (EshiT5Tokenizer *self,
             const char      *text)
{
  gint32 id = eshi_sentencepiece_find (self->pieces, text, strlen (text));

  if (id >= 0)
    _eshi_specials_add (self->specials, text, id);
  return id;
}

static gboolean
add_specials (EshiT5Tokenizer  *self,
              JsonObject       *config,
              GError          **error)
{
  JsonNode *listed = config != NULL ? json_object_get_member (config, "additional_special_tokens") : NULL;
  JsonArray *more = listed != NULL && JSON_NODE_HOLDS_ARRAY (listed) ? json_node_get_array (listed) : NULL;

  self->parent.end_id = -1;
  self->parent.pad_id = -1;
  for (guint i = 0; i < G_N_ELEMENTS (special_keys); i++)
    {
      JsonNode *node = config != NULL ? json_object_get_member (config, special_keys[i].key) : NULL;
      const char *text = _eshi_tokenizer_get_token_text (node);
      gint32 id = add_special (self, text != NULL ? text : special_keys[i].text);

      if (g_str_equal (special_keys[i].key, "eos_token"))
        self->parent.end_id = id;
      else if (g_str_equal (special_keys[i].key, "pad_token"))
        self->parent.pad_id = id;
    }
  for (guint i = 0; more != NULL && i < json_array_get_length (more); i++)
    {
      const char *text = _eshi_tokenizer_get_token_text (json_array_get_element (more, i));

      if (text != NULL)
        add_special (self, text);
    }
  if (self->parent.end_id >= 0 && self->parent.pad_id >= 0)
    return TRUE;
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                       _("The tokenizer has no end mark or no padding mark, so that no text can be given to the model. "
                         "Use the spiece.model and tokenizer_config.json that belong together."));
  return FALSE;
}

static gboolean
apply_config (EshiT5Tokenizer  *self,
              JsonObject       *config,
              GError          **error)
{
  const char *name = _eshi_tokenizer_get_token_text (json_object_get_member (config, "tokenizer_class"));
  JsonNode *lowers = json_object_get_member (config, "do_lower_case");
  gint64 max_length = _eshi_tokenizer_get_int (config, "model_max_length", MAX_LENGTH);

  if (name != NULL && !g_str_equal (name, "T5Tokenizer"))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("This model uses the tokenizer “%s”, which is not supported. "
                     "Choose a model with a Japanese SentencePiece tokenizer."),
                   name);
      return FALSE;
    }
  if (_eshi_tokenizer_get_int (config, "extra_ids", 0) != 0)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                           _("This model's tokenizer has extra ids, which are not supported. "
                             "Choose another model."));
      return FALSE;
    }
  if (lowers != NULL && JSON_NODE_HOLDS_VALUE (lowers) && json_node_get_value_type (lowers) == G_TYPE_BOOLEAN)
    self->lowers = json_node_get_boolean (lowers);
  if (max_length >= 2 && max_length < MAX_LENGTH)
    self->parent.max_length = (guint) max_length;
  return TRUE;
}

EshiTokenizer *
_eshi_t5_tokenizer_new (const char  *model_path,
                        const char  *config_path,
                        GError     **error)
{
  g_autoptr(EshiTokenizer) tokenizer = (EshiTokenizer *) g_new0 (EshiT5Tokenizer, 1);
  EshiT5Tokenizer *self = (EshiT5Tokenizer *) tokenizer;
  g_autoptr(JsonParser) parser = NULL;
  g_autoptr(GBytes) model = NULL;
  JsonObject *config = NULL;

  tokenizer->class = &class;
  tokenizer->start_id = -1;
  tokenizer->ends_once = TRUE;
  tokenizer->max_length = MAX_LENGTH;
  self->lowers = TRUE;
  self->specials = _eshi_specials_new ();

  if (config_path != NULL)
    {
      parser = _eshi_tokenizer_load_config (config_path, error);
      if (parser == NULL)
        return NULL;
      config = json_node_get_object (json_parser_get_root (parser));
      if (!apply_config (self, config, error))
        return NULL;
    }
  model = _eshi_tokenizer_read_file (model_path, MAX_MODEL_BYTES, error);
  if (model == NULL)
    return NULL;
  self->pieces = eshi_sentencepiece_new (model, error);
  if (self->pieces == NULL)
    return NULL;
  tokenizer->vocab_size = eshi_sentencepiece_get_n_pieces (self->pieces);
  for (guint i = 0; i < ESHI_MAX_COMMAS; i++)
    tokenizer->commas[i] = eshi_sentencepiece_find (self->pieces, commas[i], strlen (commas[i]));
  if (!add_specials (self, config, error))
    return NULL;
  return g_steal_pointer (&tokenizer);
}
