/* eshi-text-encoder.c: embeddings, then causal layers (eshi-clip-layer.c), then a norm.
 *
 * Padding is not masked: the reference attends to it, and its vectors are part of the context.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-text-encoder.h"

#include "eshi-clip-layer.h"

#define TOKENS "embeddings.token_embedding.weight"
#define POSITIONS "embeddings.position_embedding.weight"

struct _EshiTextEncoder
{
  EshiTextConfig  config;
  EshiWeights    *weights;
};

static EshiClipLayer
layer_of (const EshiTextConfig *config)
{
  return (EshiClipLayer) {
    .hidden_size = config->hidden_size,
    .intermediate_size = config->intermediate_size,
    .n_heads = config->n_heads,
    .layer_norm_eps = config->layer_norm_eps,
    .act = config->act,
    .causal = TRUE,
  };
}

static EshiTensor *
build_embeddings (EshiNet              *net,
                  const EshiTextConfig *config,
                  EshiTensor           *ids)
{
  EshiTensor *table = eshi_net_weight (net, TOKENS,
                                       ESHI_SHAPE2 (config->vocab_size, config->hidden_size));
  EshiTensor *positions = eshi_net_weight (net, POSITIONS,
                                           ESHI_SHAPE2 (config->max_positions, config->hidden_size));
  EshiTensor *x = NULL;

  if (net->graph != NULL)
    x = eshi_graph_embedding (net->graph, "embeddings", ids, table, positions);
  eshi_net_tap (net, "embeddings", x);
  return x;
}

/* @rows: (nullable): what takes the place of the embeddings of @ids. */
static EshiTensor *
build (EshiNet              *net,
       const EshiTextConfig *config,
       EshiTensor           *ids,
       EshiTensor           *rows,
       guint                 clip_skip)
{
  gsize mark = eshi_net_enter (net, "text_model");
  EshiClipLayer layer = layer_of (config);
  EshiTensor *x = rows != NULL ? rows : build_embeddings (net, config, ids);

  for (guint i = 0; i + clip_skip <= config->n_layers; i++)
    x = eshi_clip_layer_build (&layer, net, i, x);
  x = eshi_net_layer_norm (net, "final_layer_norm", x, config->hidden_size, config->layer_norm_eps);
  eshi_net_leave (net, mark);
  return x;
}

EshiTensor *
eshi_text_encoder_build (EshiTextEncoder *self,
                         EshiGraph       *graph,
                         EshiTensor      *ids,
                         guint            clip_skip,
                         EshiNetTapFunc   tap,
                         gpointer         tap_data)
{
  EshiNet net;
  EshiTensor *hidden = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (graph != NULL, NULL);
  g_return_val_if_fail (clip_skip >= 1 && clip_skip <= self->config.n_layers, NULL);

  eshi_net_init (&net, self->weights, graph);
  net.tap = tap;
  net.tap_data = tap_data;
  hidden = build (&net, &self->config, ids, NULL, clip_skip);
  eshi_net_clear (&net);
  return hidden;
}

EshiTensor *
eshi_text_encoder_build_rows (EshiTextEncoder *self,
                              EshiGraph       *graph,
                              EshiTensor      *rows,
                              guint            clip_skip)
{
  EshiNet net;
  EshiTensor *hidden = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (graph != NULL && rows != NULL, NULL);
  g_return_val_if_fail (clip_skip >= 1 && clip_skip <= self->config.n_layers, NULL);

  eshi_net_init (&net, self->weights, graph);
  hidden = build (&net, &self->config, NULL, rows, clip_skip);
  eshi_net_clear (&net);
  return hidden;
}

/* Row @index of the table @name, f32. */
static void
read_table (EshiTextEncoder *self,
            const char      *name,
            guint            index,
            float           *dst)
{
  const EshiTensor *table = eshi_weights_lookup (self->weights, name);
  gsize d = self->config.hidden_size;

  eshi_convert_to_f32 (dst, (const guint8 *) table->data + index * d * eshi_dtype_size (table->dtype), table->dtype, d);
}

void
eshi_text_encoder_read_row (EshiTextEncoder *self,
                            guint            id,
                            float           *dst)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (id < self->config.vocab_size);

  read_table (self, "text_model." TOKENS, id, dst);
}

void
eshi_text_encoder_add_position (EshiTextEncoder *self,
                                guint            position,
                                float           *dst)
{
  g_autofree float *row = NULL;

  g_return_if_fail (self != NULL);
  g_return_if_fail (position < self->config.max_positions);

  row = g_new (float, self->config.hidden_size);
  read_table (self, "text_model." POSITIONS, position, row);
  for (guint i = 0; i < self->config.hidden_size; i++)
    dst[i] += row[i];
}

EshiTextEncoder *
eshi_text_encoder_new (const EshiTextConfig  *config,
                       EshiWeights           *weights,
                       GError               **error)
{
  g_autoptr(EshiTextEncoder) self = g_new0 (EshiTextEncoder, 1);
  gboolean ok = FALSE;
  EshiNet net;

  self->config = *config;
  self->weights = weights;
  eshi_net_init (&net, weights, NULL);
  build (&net, config, NULL, NULL, 1);
  ok = eshi_net_check (&net, error);
  eshi_net_clear (&net);
  return ok ? g_steal_pointer (&self) : NULL;
}

void
eshi_text_encoder_foreach_weight (const EshiTextConfig *config,
                                  EshiNetWeightFunc     func,
                                  gpointer              user_data)
{
  EshiNet net;

  eshi_net_init (&net, NULL, NULL);
  net.list = func;
  net.list_data = user_data;
  build (&net, config, NULL, NULL, 1);
  eshi_net_clear (&net);
}

EshiTextEncoder *
eshi_text_encoder_load (const char  *folder,
                        GError     **error)
{
  EshiTextConfig config;
  EshiWeights *weights = NULL;

  g_return_val_if_fail (folder != NULL, NULL);

  if (!eshi_text_config_load (&config, folder, error))
    return NULL;
  weights = eshi_weights_open (folder, "model", error);
  return weights == NULL ? NULL : eshi_text_encoder_new (&config, weights, error);
}

void
eshi_text_encoder_free (EshiTextEncoder *self)
{
  if (self == NULL)
    return;

  eshi_weights_free (self->weights);
  g_free (self);
}

const EshiTextConfig *
eshi_text_encoder_get_config (EshiTextEncoder *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return &self->config;
}

EshiWeights *
eshi_text_encoder_get_weights (EshiTextEncoder *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->weights;
}
