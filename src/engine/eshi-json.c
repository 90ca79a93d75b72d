/* eshi-json.c: JSON text from strangers, made safe for json-glib.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-json-text.h"
#include "eshi-json.h"

#define MAX_BYTES (16 << 20)

JsonObject *
_eshi_json_parse_object (const char *text)
{
  g_autoptr(JsonNode) root = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  if (strlen (text) > MAX_BYTES || !g_utf8_validate (text, -1, NULL) || !eshi_json_text_is_safe (text, strlen (text)))
    return NULL;

  root = json_from_string (text, NULL);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return NULL;

  return json_node_dup_object (root);
}

static JsonNode *
get_value (JsonObject *object,
           const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

const char *
_eshi_json_get_string (JsonObject *object,
                       const char *name)
{
  JsonNode *node = get_value (object, name);

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;

  return json_node_get_string (node);
}

double
_eshi_json_get_double (JsonObject *object,
                       const char *name)
{
  JsonNode *node = get_value (object, name);

  return node != NULL ? json_node_get_double (node) : 0.0;
}

int
_eshi_json_get_int (JsonObject *object,
                    const char *name)
{
  double value = _eshi_json_get_double (object, name);

  return value == value ? (int) CLAMP (value, G_MININT, G_MAXINT) : 0;
}
