/* eshi-safety-checker.c: patches and a class token through the layers of CLIP, then cosines.
 *
 * The convolution that reads the patches has its own width as its step, so it is a linear layer over patches that lie
 * one after another. The class token's patch is all zeros; its embedding comes in with the positions, as what the
 * linear layer adds to.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-safety-checker.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "eshi-clip-layer.h"
#include "eshi-clip-picture.h"
#include "eshi-model-json.h"

#define MAX_WIDTH 16384
#define MAX_IMAGE_SIZE 1024

typedef struct
{
  EshiClipLayer layer;
  guint         n_layers;
  guint         image_size;
  guint         patch_size;
  guint         projection_size;
} Config;

struct _EshiSafetyChecker
{
  Config       config;
  EshiWeights *weights;

  /* What the walk through the network found; borrowed from weights */
  EshiTensor  *class_embedding; /* [d] */
  EshiTensor  *positions;       /* [tokens, d] */
  EshiTensor  *special;         /* [3, projection] */
  EshiTensor  *special_limits;  /* [3] */
  EshiTensor  *concepts;        /* [17, projection] */
  EshiTensor  *concept_limits;  /* [17] */

  /* owned: from prepare to release */
  EshiTensor  *patch_weight;    /* [d, 3 · patch²]: the convolution's, as a linear layer's */
  EshiGraph   *graph;
  EshiTensor  *patches;         /* f32 [1, tokens, 3 · patch²]; the first one all zeros */
  EshiTensor  *embeddings;      /* f32 [1, tokens, d] */
  EshiTensor  *output;          /* f32 [1, tokens, projection]; the first one counts */
};

static guint
n_tokens (const Config *config)
{
  guint across = config->image_size / config->patch_size;

  return 1 + across * across;
}

static guint
patch_values (const Config *config)
{
  return 3 * config->patch_size * config->patch_size;
}

/* --- the config --------------------------------------------------------------------------------------------------- */

static gboolean
read_tower (EshiModelJson  *json,
            Config         *config,
            GError        **error)
{
  const char *act = eshi_model_json_string (json, "hidden_act");
  double eps = config->layer.layer_norm_eps;

  if (!eshi_model_json_uint (json, "hidden_size", 1, MAX_WIDTH, &config->layer.hidden_size, error) ||
      !eshi_model_json_uint (json, "intermediate_size", 1, 4 * MAX_WIDTH, &config->layer.intermediate_size, error) ||
      !eshi_model_json_uint (json, "num_hidden_layers", 1, 256, &config->n_layers, error) ||
      !eshi_model_json_uint (json, "num_attention_heads", 1, 256, &config->layer.n_heads, error) ||
      !eshi_model_json_uint (json, "image_size", 1, MAX_IMAGE_SIZE, &config->image_size, error) ||
      !eshi_model_json_uint (json, "patch_size", 1, MAX_IMAGE_SIZE, &config->patch_size, error) ||
      !eshi_model_json_double (json, "layer_norm_eps", 1e-12, 1e-1, &eps, error))
    return FALSE;

  config->layer.layer_norm_eps = (float) eps;
  if (config->layer.hidden_size % config->layer.n_heads != 0)
    return eshi_model_json_nonsense (json, "num_attention_heads", error);
  if (config->image_size % config->patch_size != 0)
    return eshi_model_json_unsupported (json, "patch_size", error);

  if (act == NULL || strcmp (act, "quick_gelu") == 0)
    config->layer.act = ESHI_ACT_QUICK_GELU;
  else if (strcmp (act, "gelu") == 0)
    config->layer.act = ESHI_ACT_GELU;
  else
    return eshi_model_json_unsupported (json, "hidden_act", error);
  return TRUE;
}

static gboolean
load_config (Config      *config,
             const char  *folder,
             GError     **error)
{
  g_auto(EshiModelJson) json = { 0 };
  JsonNode *tower = NULL;

  *config = (Config) {
    .layer = {
      .hidden_size = 1024,
      .intermediate_size = 4096,
      .n_heads = 16,
      .layer_norm_eps = 1e-5f,
      .act = ESHI_ACT_QUICK_GELU,
    },
    .n_layers = 24,
    .image_size = 224,
    .patch_size = 14,
    .projection_size = 768,
  };

  if (!eshi_model_json_load (&json, folder, "config.json", TRUE, error) ||
      !eshi_model_json_uint (&json, "projection_dim", 1, MAX_WIDTH, &config->projection_size, error))
    return FALSE;

  tower = eshi_model_json_get (&json, "vision_config");
  if (tower == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (tower))
    return eshi_model_json_nonsense (&json, "vision_config", error);
  json.object = json_node_get_object (tower);
  return read_tower (&json, config, error);
}

/* --- the network -------------------------------------------------------------------------------------------------- */

/* @net's weights of the first layer; what it adds up is in the graph's inputs. */
static EshiTensor *
build_embeddings (EshiSafetyChecker *self,
                  EshiNet           *net)
{
  const Config *config = &self->config;
  guint d = config->layer.hidden_size;
  guint patch = config->patch_size;
  EshiShape flat = ESHI_SHAPE2 (d, patch_values (config));
  EshiTensor *weight = eshi_net_weight (net, "embeddings.patch_embedding.weight", ESHI_SHAPE4 (d, 3, patch, patch));

  self->class_embedding = eshi_net_weight (net, "embeddings.class_embedding", ESHI_SHAPE1 (d));
  self->positions = eshi_net_weight (net, "embeddings.position_embedding.weight", ESHI_SHAPE2 (n_tokens (config), d));
  if (net->graph == NULL)
    return NULL;

  self->patch_weight = eshi_tensor_new_weight (weight->name, weight->dtype, &flat, weight->data);
  return eshi_graph_linear (net->graph, "embeddings", self->patches, self->patch_weight, NULL, ESHI_ACT_NONE,
                            self->embeddings);
}

static void
find_concepts (EshiSafetyChecker *self,
               EshiNet           *net)
{
  guint d = self->config.projection_size;

  self->special = eshi_net_weight (net, "special_care_embeds", ESHI_SHAPE2 (ESHI_SAFETY_N_SPECIAL, d));
  self->special_limits = eshi_net_weight (net, "special_care_embeds_weights", ESHI_SHAPE1 (ESHI_SAFETY_N_SPECIAL));
  self->concepts = eshi_net_weight (net, "concept_embeds", ESHI_SHAPE2 (ESHI_SAFETY_N_CONCEPTS, d));
  self->concept_limits = eshi_net_weight (net, "concept_embeds_weights", ESHI_SHAPE1 (ESHI_SAFETY_N_CONCEPTS));
}

static EshiTensor *
build (EshiSafetyChecker *self,
       EshiNet           *net)
{
  const Config *config = &self->config;
  guint d = config->layer.hidden_size;
  gsize mark = eshi_net_enter (net, "vision_model.vision_model");
  EshiTensor *x = build_embeddings (self, net);

  /* Spelt so in every file. */
  x = eshi_net_layer_norm (net, "pre_layrnorm", x, d, config->layer.layer_norm_eps);
  for (guint i = 0; i < config->n_layers; i++)
    x = eshi_clip_layer_build (&config->layer, net, i, x);
  x = eshi_net_layer_norm (net, "post_layernorm", x, d, config->layer.layer_norm_eps);
  eshi_net_leave (net, mark);

  find_concepts (self, net);
  return eshi_net_linear (net, "visual_projection", x, d, config->projection_size, FALSE, ESHI_ACT_NONE, NULL);
}

EshiSafetyChecker *
eshi_safety_checker_load (const char  *folder,
                          GError     **error)
{
  g_autoptr(EshiSafetyChecker) self = NULL;
  gboolean ok = FALSE;
  EshiNet net;

  g_return_val_if_fail (folder != NULL, NULL);

  self = g_new0 (EshiSafetyChecker, 1);
  if (!load_config (&self->config, folder, error))
    return NULL;
  self->weights = eshi_weights_open (folder, "model", error);
  if (self->weights == NULL)
    return NULL;

  eshi_net_init (&net, self->weights, NULL);
  build (self, &net);
  ok = eshi_net_check (&net, error);
  eshi_net_clear (&net);
  return ok ? g_steal_pointer (&self) : NULL;
}

void
eshi_safety_checker_foreach_weight (EshiNetWeightFunc func,
                                    gpointer          user_data)
{
  EshiSafetyChecker self = { 0 };
  EshiNet net;

  load_config (&self.config, NULL, NULL);
  eshi_net_init (&net, NULL, NULL);
  net.list = func;
  net.list_data = user_data;
  build (&self, &net);
  eshi_net_clear (&net);
}

void
eshi_safety_checker_free (EshiSafetyChecker *self)
{
  if (self == NULL)
    return;

  eshi_safety_checker_release (self);
  g_clear_pointer (&self->weights, eshi_weights_free);
  g_free (self);
}

EshiWeights *
eshi_safety_checker_get_weights (EshiSafetyChecker *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->weights;
}

/* --- running it --------------------------------------------------------------------------------------------------- */

/* The numbers of a weight as f32, (transfer full). */
static float *
dup_values (const EshiTensor *weight)
{
  gsize n = (gsize) eshi_tensor_count (weight);
  float *values = g_new (float, n);

  eshi_convert_to_f32 (values, weight->data, weight->dtype, n);
  return values;
}

/* Positions, and the class token's own embedding on top of the first. */
static gboolean
upload_embeddings (EshiSafetyChecker  *self,
                   GError            **error)
{
  g_autofree float *values = dup_values (self->positions);
  g_autofree float *first = dup_values (self->class_embedding);

  for (guint i = 0; i < self->config.layer.hidden_size; i++)
    values[i] += first[i];
  return eshi_graph_upload (self->graph, self->embeddings, values, error);
}

gboolean
eshi_safety_checker_prepare (EshiSafetyChecker  *self,
                             EshiBackend        *backend,
                             GCancellable       *cancellable,
                             GError            **error)
{
  const Config *config = NULL;
  EshiTensor *x = NULL;
  EshiNet net;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (backend != NULL, FALSE);

  if (self->graph != NULL)
    return TRUE;
  if (!eshi_weights_check_unchanged (self->weights, error))
    return FALSE;

  config = &self->config;
  self->graph = eshi_graph_new (backend);
  eshi_graph_set_compute (self->graph, ESHI_DTYPE_F32);
  self->patches = eshi_graph_input (self->graph, "patches", ESHI_DTYPE_F32,
                                    ESHI_SHAPE3 (1, n_tokens (config), patch_values (config)));
  self->embeddings = eshi_graph_input (self->graph, "embeddings", ESHI_DTYPE_F32,
                                       ESHI_SHAPE3 (1, n_tokens (config), config->layer.hidden_size));
  eshi_net_init (&net, self->weights, self->graph);
  x = build (self, &net);
  eshi_net_clear (&net);
  self->output = eshi_graph_output (self->graph, "output", x, ESHI_DTYPE_F32);
  if (eshi_graph_prepare (self->graph, cancellable, error) && upload_embeddings (self, error))
    return TRUE;

  eshi_safety_checker_release (self);
  return FALSE;
}

void
eshi_safety_checker_release (EshiSafetyChecker *self)
{
  g_return_if_fail (self != NULL);

  if (self->graph == NULL)
    return;

  g_clear_pointer (&self->graph, eshi_graph_free);
  g_clear_pointer (&self->patch_weight, eshi_tensor_free);
#ifdef __GLIBC__
  /* Half of a gigabyte of blocks that are too small to be mapped one by one would stay with the allocator. */
  malloc_trim (0);
#endif
}

/* Cosines between @vector, [d], and the rows of @embeds, [n, d]: @cosines f32 [n]. */
static void
compare (const EshiTensor *embeds,
         const float      *vector,
         float            *cosines)
{
  g_autofree float *rows = dup_values (embeds);
  gint64 n = embeds->shape.dim[0];
  gint64 d = embeds->shape.dim[1];

  for (gint64 i = 0; i < n; i++)
    {
      const float *row = rows + i * d;
      double product = 0.0;
      double a = 0.0;
      double b = 0.0;

      for (gint64 k = 0; k < d; k++)
        {
          product += (double) row[k] * vector[k];
          a += (double) row[k] * row[k];
          b += (double) vector[k] * vector[k];
        }
      /* The reference's smallest length, against a division by 0. */
      cosines[i] = (float) (product / (MAX (sqrt (a), 1e-12) * MAX (sqrt (b), 1e-12)));
    }
}

static gboolean
judge (EshiSafetyChecker  *self,
       const float        *vector,
       EshiSafetyScores   *scores,
       GError            **error)
{
  g_autofree float *special_limits = dup_values (self->special_limits);
  g_autofree float *concept_limits = dup_values (self->concept_limits);
  float special[ESHI_SAFETY_N_SPECIAL];
  float concepts[ESHI_SAFETY_N_CONCEPTS];
  float sum = 0.0f;

  compare (self->special, vector, special);
  compare (self->concepts, vector, concepts);
  for (guint i = 0; i < ESHI_SAFETY_N_SPECIAL; i++)
    sum += special[i] - special_limits[i];
  for (guint i = 0; i < ESHI_SAFETY_N_CONCEPTS; i++)
    sum += concepts[i] - concept_limits[i];
  if (!isfinite (sum))
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                           _("The safety checker returned numbers that are not finite, so the picture cannot be judged. Its "
                             "weights may be damaged; download the model's folder safety_checker again, or paint without "
                             "the checker."));
      return FALSE;
    }

  eshi_safety_scores_judge (scores, special, special_limits, concepts, concept_limits);
  return TRUE;
}

/* Runs the tower over @square, [image_size, image_size, 3] u8; (transfer full): f32 [tokens, projection]. */
static float *
run (EshiSafetyChecker  *self,
     const guint8       *square,
     GCancellable       *cancellable,
     GError            **error)
{
  const Config *config = &self->config;
  guint n_values = patch_values (config);
  g_autofree float *patches = g_new0 (float, (gsize) n_tokens (config) * n_values);
  g_autofree float *output = g_new (float, (gsize) n_tokens (config) * config->projection_size);

  eshi_clip_picture_patches (square, config->image_size, config->patch_size, patches + n_values);
  if (!eshi_graph_upload (self->graph, self->patches, patches, error) ||
      !eshi_graph_run (self->graph, cancellable, error) ||
      !eshi_graph_download (self->graph, self->output, output, error))
    return NULL;
  return g_steal_pointer (&output);
}

gboolean
eshi_safety_checker_check (EshiSafetyChecker  *self,
                           const guint8       *rgb,
                           guint               width,
                           guint               height,
                           GCancellable       *cancellable,
                           EshiSafetyScores   *scores,
                           GError            **error)
{
  g_autofree guint8 *square = NULL;
  g_autofree float *output = NULL;

  g_return_val_if_fail (self != NULL && self->graph != NULL, FALSE);
  g_return_val_if_fail (scores != NULL, FALSE);

  square = eshi_clip_picture_crop (rgb, width, height, self->config.image_size, error);
  if (square == NULL)
    return FALSE;
  output = run (self, square, cancellable, error);
  return output != NULL && judge (self, output, scores, error);
}
