/* eshi-picture-settings-json.c: settings as InvokeAI, NovelAI and Fooocus write them.
 *
 * All three write one member for each setting and differ in the names, so that one table reads them. Unknown members
 * are passed over.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-json.h"
#include "eshi-picture-settings-private.h"

/* The first member of @object that is one of @names, a list that ends with NULL. */
static JsonNode *
find_member (JsonObject        *object,
             const char *const *names)
{
  for (; *names != NULL; names++)
    {
      JsonNode *node = json_object_get_member (object, *names);

      if (node != NULL && !JSON_NODE_HOLDS_NULL (node))
        return node;
    }

  return NULL;
}

#define FIND(object, ...) find_member (object, (const char *const[]) { __VA_ARGS__, NULL })

/* (nullable): the text of @node, an old prompt of parts with weights included: the first part. */
static const char *
text_of (JsonNode *node)
{
  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node) && json_array_get_length (json_node_get_array (node)) > 0)
    node = json_array_get_element (json_node_get_array (node), 0);
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    return _eshi_json_get_string (json_node_get_object (node), "prompt");
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;

  return json_node_get_string (node);
}

/* A number, or the number that a text begins with; @fallback if there is none. */
static double
number_of (JsonNode *node,
           double    fallback)
{
  const char *text = text_of (node);

  if (text != NULL)
    return g_ascii_strtod (text, NULL);
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return fallback;

  return json_node_get_double (node);
}

static int
int_of (JsonNode *node)
{
  double value = number_of (node, 0.0);

  return value == value ? (int) CLAMP (value, G_MININT, G_MAXINT) : 0;
}

static void
set_text (char     **field,
          JsonNode  *node)
{
  const char *text = text_of (node);

  if (text != NULL)
    {
      g_free (*field);
      *field = g_strdup (text);
    }
}

/* "(832, 1216)", which is what Fooocus has for a size. */
static void
set_resolution (EshiSettings *settings,
                const char   *text)
{
  const char *comma = text != NULL ? strchr (text, ',') : NULL;

  if (comma == NULL || *text != '(')
    return;

  settings->width = (int) CLAMP (g_ascii_strtoll (text + 1, NULL, 10), 0, G_MAXINT);
  settings->height = (int) CLAMP (g_ascii_strtoll (comma + 1, NULL, 10), 0, G_MAXINT);
}

/* The model is a name, or an object that has one. */
static void
set_model (EshiPictureSettings *self,
           JsonObject          *object)
{
  JsonNode *model = FIND (object, "model_weights", "model", "base_model");

  if (model != NULL && JSON_NODE_HOLDS_OBJECT (model))
    {
      set_text (&self->model_name, FIND (json_node_get_object (model), "name", "model_name"));
      set_text (&self->model_hash, FIND (json_node_get_object (model), "hash"));
    }
  else
    {
      set_text (&self->model_name, model);
      set_text (&self->model_hash, FIND (object, "model_hash", "base_model_hash"));
    }
}

static void
set_from_object (EshiPictureSettings *self,
                 JsonObject          *object)
{
  EshiSettings *settings = self->settings;
  const char *sampler = text_of (FIND (object, "sampler", "sampler_name", "scheduler"));
  const char *schedule = text_of (FIND (object, "noise_schedule"));

  /* "scheduler" is InvokeAI's word for the sampler, and Fooocus' for the schedule. */
  if (schedule == NULL && json_object_has_member (object, "sampler"))
    schedule = text_of (FIND (object, "scheduler"));
  set_text (&settings->prompt, FIND (object, "positive_prompt", "prompt"));
  set_text (&settings->negative_prompt, FIND (object, "negative_prompt", "uc"));
  settings->width = int_of (FIND (object, "width"));
  settings->height = int_of (FIND (object, "height"));
  set_resolution (settings, text_of (FIND (object, "resolution")));
  settings->steps = int_of (FIND (object, "steps", "num_inference_steps"));
  settings->guidance = number_of (FIND (object, "cfg_scale", "guidance_scale", "scale"), 0.0);
  self->has_seed = _eshi_settings_parse_seed (FIND (object, "seed"), &settings->seed);
  self->strength = number_of (FIND (object, "strength"), -1.0);
  _eshi_picture_settings_set_sampler (self, sampler, schedule);
}

gboolean
_eshi_picture_settings_read_json (EshiPictureSettings *self,
                                  const char          *json)
{
  g_autoptr(JsonObject) object = _eshi_json_parse_object (json);
  JsonNode *image = object != NULL ? json_object_get_member (object, "image") : NULL;

  if (object == NULL)
    return FALSE;

  /* InvokeAI of 2022 kept the settings of the picture in an object of their own. */
  set_from_object (self, image != NULL && JSON_NODE_HOLDS_OBJECT (image) ? json_node_get_object (image) : object);
  set_model (self, object);

  return TRUE;
}

/* The value after "-@letter" in @options, with a space or without; (transfer full), NULL if there is none. */
static char *
find_option (const char *options,
             char        letter)
{
  const char key[] = { ' ', '-', letter, '\0' };
  const char *found = strstr (options, key);

  if (found == NULL)
    return NULL;
  found += strlen (key);
  while (*found == ' ')
    found++;

  return g_strndup (found, strcspn (found, " "));
}

gboolean
_eshi_picture_settings_read_dream (EshiPictureSettings *self,
                                   const char          *line)
{
  static const char letters[] = "sSWHCA";
  const char *end = strrchr (line, '"');
  EshiSettings *settings = self->settings;
  g_auto(GStrv) values = g_new0 (char *, sizeof letters);

  if (*line != '"' || end == line)
    return FALSE;

  for (guint i = 0; letters[i] != '\0'; i++)
    {
      values[i] = find_option (end + 1, letters[i]);
      if (values[i] == NULL)
        values[i] = g_strdup ("");
    }
  g_free (settings->prompt);
  settings->prompt = g_strndup (line + 1, end - line - 1);
  settings->steps = (int) CLAMP (g_ascii_strtoll (values[0], NULL, 10), 0, G_MAXINT);
  settings->seed = g_ascii_strtoull (values[1], NULL, 10);
  self->has_seed = *values[1] != '\0';
  settings->width = (int) CLAMP (g_ascii_strtoll (values[2], NULL, 10), 0, G_MAXINT);
  settings->height = (int) CLAMP (g_ascii_strtoll (values[3], NULL, 10), 0, G_MAXINT);
  settings->guidance = g_ascii_strtod (values[4], NULL);
  _eshi_picture_settings_set_sampler (self, *values[5] != '\0' ? values[5] : NULL, NULL);

  return TRUE;
}
