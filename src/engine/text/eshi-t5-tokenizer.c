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
#define MAX_CONFIG_BYTES ((gsize) 256 << 10)
#define MAX_CONFIG_DEPTH 32

#define MAX_LENGTH 77

/* A string that is an id wherever it stands in a text. */
typedef struct
{
  char   *text;
  gsize   length;
  gint32  id;
} Special;

typedef struct
{
  EshiTokenizer      parent;
  EshiSentencepiece *pieces;
  GArray            *specials; /* Special, longest first */
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

static void
clear_special (gpointer data)
{
  g_free (((Special *) data)->text);
}

/* The special string that @text starts with, or NULL. */
static const Special *
match_special (const EshiT5Tokenizer *self,
               const char            *text,
               gsize                  length)
{
  for (guint i = 0; i < self->specials->len; i++)
    {
      const Special *special = &g_array_index (self->specials, Special, i);

      if (special->length <= length && memcmp (special->text, text, special->length) == 0)
        return special;
    }
  return NULL;
}

static void
append_lower (GString  *out,
              gunichar  c)
{
  gunichar lower[ESHI_MAX_LOWER];
  guint n = eshi_utf8_lower (c, lower);

  for (guint i = 0; i < n; i++)
    g_string_append_unichar (out, lower[i]);
}

/* Small letters, but for special strings; malformed bytes stay. A string may become special by it: "<S>" does. */
static GString *
lower_text (const EshiT5Tokenizer *self,
            const char            *text,
            gsize                  length)
{
  GString *out = g_string_sized_new (length);

  while (length > 0)
    {
      const Special *special = match_special (self, text, length);
      gunichar c = 0;
      gsize n = special != NULL ? 0 : eshi_utf8_decode (text, length, &c);

      if (n > 0)
        {
          append_lower (out, c);
        }
      else
        {
          n = special != NULL ? special->length : 1;
          g_string_append_len (out, text, (gssize) n);
        }
      text += n;
      length -= n;
    }
  return out;
}

/* Bytes of white space that @text begins with. */
static gsize
count_leading_space (const char *text,
                     gsize       length)
{
  gsize n = 0;
  gunichar c;
  guint step;

  while ((step = eshi_utf8_decode (text + n, length - n, &c)) > 0 && eshi_utf8_is_space (c))
    n += step;
  return n;
}

/* Length of @text without the white space it ends in. */
static gsize
strip_end (const char *text,
           gsize       length)
{
  while (length > 0)
    {
      gsize start = length - 1;
      gunichar c;

      while (start > 0 && length - start < 4 && ((guint8) text[start] & 0xc0) == 0x80)
        start--;
      if (eshi_utf8_decode (text + start, length - start, &c) != length - start || !eshi_utf8_is_space (c))
        break;
      length = start;
    }
  return length;
}

static void
encode (const EshiTokenizer *tokenizer,
        const char          *text,
        gsize                length,
        GArray              *ids)
{
  const EshiT5Tokenizer *self = (const EshiT5Tokenizer *) tokenizer;
  g_autoptr(GString) lower = self->lowers ? lower_text (self, text, length) : g_string_new_len (text, (gssize) length);
  gsize start = 0;
  gsize end = 0;

  while (end < lower->len)
    {
      const Special *special = match_special (self, lower->str + end, lower->len - end);

      if (special == NULL)
        {
          end++;
          continue;
        }
      eshi_sentencepiece_encode (self->pieces, lower->str + start, strip_end (lower->str + start, end - start), ids);
      g_array_append_val (ids, special->id);
      end += special->length;
      end += count_leading_space (lower->str + end, lower->len - end);
      start = end;
    }
  eshi_sentencepiece_encode (self->pieces, lower->str + start, end - start, ids);
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
  .free = free_tokenizer,
};

static int
compare_specials (gconstpointer a,
                  gconstpointer b)
{
  const Special *left = a;
  const Special *right = b;

  return (left->length < right->length) - (left->length > right->length);
}

/* Strings the model does not know are left out: they are ordinary text. */
static gint32
add_special (EshiT5Tokenizer *self,
             const char      *text)
{
  Special special = { NULL, strlen (text), eshi_sentencepiece_find (self->pieces, text, strlen (text)) };

  if (special.id < 0)
    return -1;
  special.text = g_strdup (text);
  g_array_append_val (self->specials, special);
  return special.id;
}

/* A token is a string, or an object with the string inside. NULL when it is neither. */
static const char *
get_token_text (JsonNode *node)
{
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    node = json_object_get_member (json_node_get_object (node), "content");
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
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
      const char *text = get_token_text (node);
      gint32 id = add_special (self, text != NULL ? text : special_keys[i].text);

      if (g_str_equal (special_keys[i].key, "eos_token"))
        self->parent.end_id = id;
      else if (g_str_equal (special_keys[i].key, "pad_token"))
        self->parent.pad_id = id;
    }
  for (guint i = 0; more != NULL && i < json_array_get_length (more); i++)
    {
      const char *text = get_token_text (json_array_get_element (more, i));

      if (text != NULL)
        add_special (self, text);
    }
  g_array_sort (self->specials, compare_specials);
  if (self->parent.end_id >= 0 && self->parent.pad_id >= 0)
    return TRUE;
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                       _("The tokenizer has no end mark or no padding mark, so that no text can be given to the model. "
                         "Use the spiece.model and tokenizer_config.json that belong together."));
  return FALSE;
}

/* The parser calls itself for each level, so that a file of brackets could overflow the stack. */
static gboolean
is_shallow (const char *text,
            gsize       length)
{
  guint depth = 0;
  gboolean is_string = FALSE;

  for (gsize i = 0; i < length; i++)
    {
      if (is_string && text[i] == '\\')
        i++;
      else if (text[i] == '"')
        is_string = !is_string;
      else if (!is_string && (text[i] == '[' || text[i] == '{') && ++depth > MAX_CONFIG_DEPTH)
        return FALSE;
      else if (!is_string && (text[i] == ']' || text[i] == '}') && depth > 0)
        depth--;
    }
  return TRUE;
}

static JsonParser *
load_config (const char  *path,
             GError     **error)
{
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();
  g_autoptr(GBytes) bytes = _eshi_tokenizer_read_file (path, MAX_CONFIG_BYTES, error);
  const char *text;
  gsize length;

  if (bytes == NULL)
    return NULL;
  text = g_bytes_get_data (bytes, &length);
  if (length > 0 && is_shallow (text, length) && g_utf8_validate_len (text, length, NULL) &&
      json_parser_load_from_data (parser, text, (gssize) length, NULL) &&
      json_parser_get_root (parser) != NULL && JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    return g_steal_pointer (&parser);
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                       _("The file tokenizer_config.json is damaged. Download the model again."));
  return NULL;
}

/* Numbers only; anything else counts as absent. */
static gint64
get_int (JsonObject *config,
         const char *key,
         gint64      fallback)
{
  JsonNode *node = json_object_get_member (config, key);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return fallback;
  return json_node_get_int (node);
}

static gboolean
apply_config (EshiT5Tokenizer  *self,
              JsonObject       *config,
              GError          **error)
{
  const char *name = get_token_text (json_object_get_member (config, "tokenizer_class"));
  JsonNode *lowers = json_object_get_member (config, "do_lower_case");
  gint64 max_length = get_int (config, "model_max_length", MAX_LENGTH);

  if (name != NULL && !g_str_equal (name, "T5Tokenizer"))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("This model uses the tokenizer “%s”, which is not supported. "
                     "Choose a model with a Japanese SentencePiece tokenizer."),
                   name);
      return FALSE;
    }
  if (get_int (config, "extra_ids", 0) != 0)
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
  tokenizer->max_length = MAX_LENGTH;
  self->lowers = TRUE;
  self->specials = g_array_new (FALSE, FALSE, sizeof (Special));
  g_array_set_clear_func (self->specials, clear_special);

  if (config_path != NULL)
    {
      parser = load_config (config_path, error);
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
  if (!add_specials (self, config, error))
    return NULL;
  return g_steal_pointer (&tokenizer);
}
