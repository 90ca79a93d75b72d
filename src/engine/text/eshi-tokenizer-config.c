/* eshi-tokenizer-config.c: what all kinds of tokenizers read from their JSON files, and their special strings.
 *
 * It gives no key a meaning: that is for each kind.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-tokenizer-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "eshi-error.h"
#include "eshi-json-text.h"

#define MAX_CONFIG_BYTES ((gsize) 256 << 10)

JsonParser *
_eshi_tokenizer_parse_json (GBytes *bytes)
{
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  if (length > 0 && eshi_json_text_is_safe (text, length) && g_utf8_validate_len (text, length, NULL) &&
      json_parser_load_from_data (parser, text, (gssize) length, NULL) &&
      json_parser_get_root (parser) != NULL && JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    return g_steal_pointer (&parser);
  return NULL;
}

JsonParser *
_eshi_tokenizer_load_config (const char  *path,
                             GError     **error)
{
  g_autoptr(GBytes) bytes = _eshi_tokenizer_read_file (path, MAX_CONFIG_BYTES, error);
  g_autofree char *name = g_path_get_basename (path);
  JsonParser *parser;

  if (bytes == NULL)
    return NULL;
  parser = _eshi_tokenizer_parse_json (bytes);
  if (parser == NULL)
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                 _("The file %s is damaged. Download the model again."), name);
  return parser;
}

const char *
_eshi_tokenizer_get_token_text (JsonNode *node)
{
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    node = json_object_get_member (json_node_get_object (node), "content");
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

gint64
_eshi_tokenizer_get_int (JsonObject *config,
                         const char *key,
                         gint64      fallback)
{
  JsonNode *node = json_object_get_member (config, key);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return fallback;
  return json_node_get_int (node);
}

static void
clear_special (gpointer data)
{
  g_free (((EshiSpecial *) data)->text);
}

GArray *
_eshi_specials_new (void)
{
  GArray *specials = g_array_new (FALSE, FALSE, sizeof (EshiSpecial));

  g_array_set_clear_func (specials, clear_special);
  return specials;
}

static int
compare_specials (gconstpointer a,
                  gconstpointer b)
{
  const EshiSpecial *left = a;
  const EshiSpecial *right = b;

  return (left->length < right->length) - (left->length > right->length);
}

void
_eshi_specials_add (GArray     *specials,
                    const char *text,
                    gint32      id)
{
  EshiSpecial special = { g_strdup (text), strlen (text), id };

  g_array_append_val (specials, special);
  g_array_sort (specials, compare_specials);
}

const EshiSpecial *
_eshi_specials_match (GArray     *specials,
                      const char *text,
                      gsize       length)
{
  for (guint i = 0; i < specials->len; i++)
    {
      const EshiSpecial *special = &g_array_index (specials, EshiSpecial, i);

      if (special->length <= length && memcmp (special->text, text, special->length) == 0)
        return special;
    }
  return NULL;
}
