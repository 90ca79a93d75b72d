/* eshi-model-json.c: see the header. Text is judged before json-glib sees it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-json.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "eshi-json-text.h"

#define MAX_BYTES (16 * 1024 * 1024)

static gboolean
is_small_enough (const char *path)
{
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GFileInfo) info = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_SIZE "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
                                                  G_FILE_QUERY_INFO_NONE, NULL, NULL);

  return info != NULL && g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR &&
         g_file_info_get_size (info) <= MAX_BYTES;
}

static gboolean
not_json (EshiModelJson  *self,
          GError        **error)
{
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
               _("“%s” is not a valid JSON file, so the model cannot be read. Download it again."), self->file);
  eshi_model_json_clear (self);
  return FALSE;
}

gboolean
eshi_model_json_load (EshiModelJson  *self,
                      const char     *folder,
                      const char     *name,
                      gboolean        optional,
                      GError        **error)
{
  g_autofree char *path = g_build_filename (folder != NULL ? folder : "", name, NULL);
  g_autofree char *text = NULL;
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();
  gsize size = 0;

  *self = (EshiModelJson) { .file = g_filename_display_name (path) };

  if (folder == NULL || !g_file_test (path, G_FILE_TEST_EXISTS))
    {
      if (optional)
        return TRUE;
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING, _("The model lacks the file “%s”."), self->file);
      eshi_model_json_clear (self);
      return FALSE;
    }

  if (!is_small_enough (path) || !g_file_get_contents (path, &text, &size, NULL) ||
      !eshi_json_text_is_safe (text, size) || !json_parser_load_from_data (parser, text, (gssize) size, NULL))
    return not_json (self, error);

  self->root = json_parser_steal_root (parser);
  if (self->root == NULL || !JSON_NODE_HOLDS_OBJECT (self->root))
    return not_json (self, error);

  self->object = json_node_get_object (self->root);
  return TRUE;
}

void
eshi_model_json_clear (EshiModelJson *self)
{
  g_clear_pointer (&self->root, json_node_unref);
  g_clear_pointer (&self->file, g_free);
  self->object = NULL;
}

JsonNode *
eshi_model_json_get (EshiModelJson *self,
                     const char    *key)
{
  JsonNode *node = self->object == NULL ? NULL : json_object_get_member (self->object, key);

  return node == NULL || JSON_NODE_HOLDS_NULL (node) ? NULL : node;
}

gboolean
eshi_model_json_nonsense (EshiModelJson  *self,
                          const char     *key,
                          GError        **error)
{
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID, _("In “%s”, the value of “%s” makes no sense."), self->file, key);
  return FALSE;
}

gboolean
eshi_model_json_unsupported (EshiModelJson  *self,
                             const char     *key,
                             GError        **error)
{
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
               _("This is not a Stable Diffusion 1 model: Eshi cannot use the value of “%s” in “%s”."), key, self->file);
  return FALSE;
}

/* The number in @node; FALSE if it holds none. */
static gboolean
node_get_double (JsonNode *node,
                 double   *value)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
    return FALSE;

  *value = json_node_get_double (node);
  return isfinite (*value);
}

static gboolean
node_get_uint (JsonNode *node,
               guint     min,
               guint     max,
               guint    *value)
{
  double number = 0;

  if (!node_get_double (node, &number) || number < min || number > max || number != floor (number))
    return FALSE;

  *value = (guint) number;
  return TRUE;
}

gboolean
eshi_model_json_uint (EshiModelJson  *self,
                      const char     *key,
                      guint           min,
                      guint           max,
                      guint          *value,
                      GError        **error)
{
  JsonNode *node = eshi_model_json_get (self, key);

  return node == NULL || node_get_uint (node, min, max, value) || eshi_model_json_nonsense (self, key, error);
}

gboolean
eshi_model_json_double (EshiModelJson  *self,
                        const char     *key,
                        double          min,
                        double          max,
                        double         *value,
                        GError        **error)
{
  JsonNode *node = eshi_model_json_get (self, key);
  double number = 0;

  if (node == NULL)
    return TRUE;
  if (!node_get_double (node, &number) || number < min || number > max)
    return eshi_model_json_nonsense (self, key, error);

  *value = number;
  return TRUE;
}

gboolean
eshi_model_json_bool (EshiModelJson  *self,
                      const char     *key,
                      gboolean       *value,
                      GError        **error)
{
  JsonNode *node = eshi_model_json_get (self, key);

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return eshi_model_json_nonsense (self, key, error);

  *value = json_node_get_boolean (node);
  return TRUE;
}

gboolean
eshi_model_json_uints (EshiModelJson  *self,
                       const char     *key,
                       guint           min,
                       guint           max,
                       guint          *values,
                       guint           max_n,
                       guint          *n,
                       GError        **error)
{
  JsonNode *node = eshi_model_json_get (self, key);
  JsonArray *array = NULL;

  *n = 0;
  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return eshi_model_json_nonsense (self, key, error);

  array = json_node_get_array (node);
  if (json_array_get_length (array) == 0 || json_array_get_length (array) > max_n)
    return eshi_model_json_nonsense (self, key, error);

  for (; *n < json_array_get_length (array); (*n)++)
    if (!node_get_uint (json_array_get_element (array, *n), min, max, &values[*n]))
      return eshi_model_json_nonsense (self, key, error);
  return TRUE;
}

const char *
eshi_model_json_string (EshiModelJson *self,
                        const char    *key)
{
  JsonNode *node = eshi_model_json_get (self, key);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}
