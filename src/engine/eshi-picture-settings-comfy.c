/* eshi-picture-settings-comfy.c: settings out of ComfyUI's graph.
 *
 * A graph has a node for each step of the work: { "3": { "class_type": "KSampler", "inputs": { "steps": 20, "positive":
 * ["6", 0], … } }, … }; an input is a value, or a link to another node's output. What the first sampler of the chain is
 * fed with are the settings. Links are followed to a bounded depth, so that cycles and missing nodes end nowhere.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-json.h"
#include "eshi-picture-settings-private.h"

#define MAX_LINKS 64

/* Visits of nodes for one question; a graph can branch at every node. */
#define MAX_VISITS 4096

typedef struct
{
  JsonObject *nodes;
  int         n_visits;
} Graph;

/* (nullable): the inputs of the node called @id. */
static JsonObject *
get_inputs (const Graph *graph,
            const char  *id)
{
  JsonNode *node = json_object_get_member (graph->nodes, id);
  JsonNode *inputs = NULL;

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    inputs = json_object_get_member (json_node_get_object (node), "inputs");

  return inputs != NULL && JSON_NODE_HOLDS_OBJECT (inputs) ? json_node_get_object (inputs) : NULL;
}

/* (nullable): the id of the node that @node, an input, links to. */
static const char *
get_link (JsonNode *node)
{
  JsonNode *id = NULL;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node) || json_array_get_length (json_node_get_array (node)) != 2)
    return NULL;
  id = json_array_get_element (json_node_get_array (node), 0);
  if (!JSON_NODE_HOLDS_VALUE (id) || json_node_get_value_type (id) != G_TYPE_STRING)
    return NULL;

  return json_node_get_string (id);
}

static gboolean
is_sampler (const Graph *graph,
            const char  *id)
{
  JsonNode *node = json_object_get_member (graph->nodes, id);
  const char *kind = NULL;

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    kind = _eshi_json_get_string (json_node_get_object (node), "class_type");

  return kind != NULL && g_str_has_prefix (kind, "KSampler") && get_inputs (graph, id) != NULL;
}

/* (nullable): the plain value of input @name, through nodes that only hold a value. */
static JsonNode *
get_value (Graph      *graph,
           JsonObject *inputs,
           const char *name)
{
  static const char *const holders[] = { "value", "seed", "noise_seed", "int", "float", "text", "string", "String" };
  JsonNode *node = json_object_get_member (inputs, name);

  for (guint i = 0; node != NULL && i < MAX_LINKS; i++)
    {
      const char *id = get_link (node);

      if (id == NULL)
        return JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
      inputs = get_inputs (graph, id);
      node = NULL;
      for (guint j = 0; inputs != NULL && node == NULL && j < G_N_ELEMENTS (holders); j++)
        node = json_object_get_member (inputs, holders[j]);
    }

  return NULL;
}

static const char *
get_text (Graph      *graph,
          JsonObject *inputs,
          const char *name)
{
  JsonNode *node = get_value (graph, inputs, name);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : NULL;
}

static double
get_number (Graph      *graph,
            JsonObject *inputs,
            const char *name,
            double      fallback)
{
  JsonNode *node = get_value (graph, inputs, name);

  return node != NULL && json_node_get_value_type (node) != G_TYPE_STRING ? json_node_get_double (node) : fallback;
}

static int
get_int (Graph      *graph,
         JsonObject *inputs,
         const char *name)
{
  double value = get_number (graph, inputs, name, 0.0);

  return value == value ? (int) CLAMP (value, G_MININT, G_MAXINT) : 0;
}

/* (nullable): the inputs of the nearest node up the link @start that has an input @wanted; links are only followed
 * through inputs whose name begins with one of @ways, a list that ends with NULL. */
static JsonObject *
find_up (Graph             *graph,
         JsonNode          *start,
         const char        *wanted,
         const char *const *ways,
         guint              depth)
{
  const char *id = get_link (start);
  JsonObject *inputs = id != NULL ? get_inputs (graph, id) : NULL;
  JsonObject *found = NULL;
  JsonObjectIter iter;
  const char *name = NULL;
  JsonNode *node = NULL;

  if (inputs == NULL || depth == MAX_LINKS || ++graph->n_visits > MAX_VISITS)
    return NULL;
  if (json_object_has_member (inputs, wanted))
    return inputs;

  json_object_iter_init_ordered (&iter, inputs);
  while (found == NULL && json_object_iter_next_ordered (&iter, &name, &node))
    for (guint i = 0; found == NULL && ways[i] != NULL; i++)
      if (g_str_has_prefix (name, ways[i]))
        found = find_up (graph, node, wanted, ways, depth + 1);

  return found;
}

static JsonObject *
find_from (Graph             *graph,
           JsonObject        *sampler,
           const char        *input,
           const char        *wanted,
           const char *const *ways)
{
  graph->n_visits = 0;

  return find_up (graph, json_object_get_member (sampler, input), wanted, ways, 0);
}

static const char *const latent_ways[] = { "latent", "samples", "pixels", "image", NULL };
static const char *const model_ways[] = { "model", NULL };

/* A conditioning passes through nodes that have it by one of these names; @input itself, in those that have both. */
static void
set_prompt (Graph       *graph,
            JsonObject  *sampler,
            const char  *input,
            char       **field)
{
  const char *const ways[] = { "conditioning", input, NULL };
  JsonObject *encoder = find_from (graph, sampler, input, "text", ways);
  const char *text = encoder != NULL ? get_text (graph, encoder, "text") : NULL;

  if (text != NULL)
    {
      g_free (*field);
      *field = g_strdup (text);
    }
}

/* (nullable): the inputs of the sampler that works first: the others go on from its result. */
static JsonObject *
find_sampler (Graph *graph)
{
  JsonObjectIter iter;
  const char *id = NULL;
  JsonObject *sampler = NULL;

  json_object_iter_init_ordered (&iter, graph->nodes);
  while (sampler == NULL && json_object_iter_next_ordered (&iter, &id, NULL))
    if (is_sampler (graph, id))
      sampler = get_inputs (graph, id);

  for (guint i = 0; sampler != NULL && i < MAX_LINKS; i++)
    {
      JsonObject *earlier = find_from (graph, sampler, "latent_image", "sampler_name", latent_ways);

      if (earlier == NULL)
        break;
      sampler = earlier;
    }

  return sampler;
}

static void
set_size_and_model (EshiPictureSettings *self,
                    Graph               *graph,
                    JsonObject          *sampler)
{
  JsonObject *latent = find_from (graph, sampler, "latent_image", "width", latent_ways);
  JsonObject *model = find_from (graph, sampler, "model", "ckpt_name", model_ways);

  if (latent != NULL)
    {
      self->settings->width = get_int (graph, latent, "width");
      self->settings->height = get_int (graph, latent, "height");
    }
  if (model != NULL)
    self->model_name = g_strdup (get_text (graph, model, "ckpt_name"));
}

gboolean
_eshi_picture_settings_read_comfy (EshiPictureSettings *self,
                                   const char          *json)
{
  g_autoptr(JsonObject) nodes = _eshi_json_parse_object (json);
  Graph graph = { .nodes = nodes };
  JsonObject *sampler = nodes != NULL ? find_sampler (&graph) : NULL;
  JsonNode *seed = NULL;

  if (sampler == NULL)
    return FALSE;

  seed = get_value (&graph, sampler, json_object_has_member (sampler, "seed") ? "seed" : "noise_seed");
  self->has_seed = _eshi_settings_parse_seed (seed, &self->settings->seed);
  self->settings->steps = get_int (&graph, sampler, "steps");
  self->settings->guidance = get_number (&graph, sampler, "cfg", 0.0);
  self->strength = get_number (&graph, sampler, "denoise", -1.0);
  set_prompt (&graph, sampler, "positive", &self->settings->prompt);
  set_prompt (&graph, sampler, "negative", &self->settings->negative_prompt);
  set_size_and_model (self, &graph, sampler);
  _eshi_picture_settings_set_sampler (self, get_text (&graph, sampler, "sampler_name"),
                                      get_text (&graph, sampler, "scheduler"));

  return TRUE;
}
