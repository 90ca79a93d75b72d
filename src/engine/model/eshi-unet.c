/* eshi-unet.c: down, middle and up again, with the output of every layer on the way down kept for the way up.
 *
 * The context graph visits the cross attentions in the order in which the step graph meets them: down, middle, up.
 *
 * With guidance the same latents meet several prompts, and no layer before the first cross attention knows of a prompt: up
 * to there they are computed once, and then repeated.
 *
 * The time path and the first and last convolution are f32 in every precision: they cost next to nothing, and guidance
 * multiplies their rounding errors.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-unet.h"

/* Of the norm in front of a transformer; the residual blocks have the config's. */
#define TRANSFORMER_NORM_EPS 1e-6f
#define LAYER_NORM_EPS 1e-5f

struct _EshiUnet
{
  EshiUnetConfig  config;
  EshiWeights    *weights;
};

/* What the blocks share while a step graph is built. */
typedef struct
{
  EshiNet                net;
  const EshiUnetConfig  *config;
  const EshiUnetContext *context;  /* NULL without a graph */
  guint                  n_met;    /* cross attentions so far */
  guint                  n_shares; /* prompts that share what was computed so far */
  EshiTensor            *silu_temb;
  GPtrArray             *skips;    /* of EshiTensor (nullable) */
  GArray                *skip_channels;
} Build;

static guint
temb_channels (const EshiUnetConfig *config)
{
  return 4 * config->block_out_channels[0];
}

/* One attention on tokens [n, h·w, c]; the keys and values of a cross attention are the context graph's. */
static EshiTensor *
build_attention (Build      *self,
                 const char *name,
                 EshiTensor *x,
                 EshiTensor *residual,
                 guint       channels,
                 guint       heads,
                 gboolean    cross)
{
  EshiNet *net = &self->net;
  gsize mark = eshi_net_enter (net, "%s", name);
  guint source = cross ? self->config->cross_attention_dim : channels;
  EshiTensor *q = eshi_net_linear (net, "to_q", x, channels, channels, FALSE, ESHI_ACT_NONE, NULL);
  EshiTensor *k = NULL;
  EshiTensor *v = NULL;

  if (cross && net->graph != NULL)
    {
      k = self->context->keys[self->n_met];
      v = self->context->values[self->n_met];
      self->n_met++;
    }
  else
    {
      k = eshi_net_linear (net, "to_k", x, source, channels, FALSE, ESHI_ACT_NONE, NULL);
      v = eshi_net_linear (net, "to_v", x, source, channels, FALSE, ESHI_ACT_NONE, NULL);
    }

  if (net->graph != NULL)
    x = eshi_graph_attention (net->graph, "attention", q, k, v, heads, FALSE);
  x = eshi_net_linear (net, "to_out.0", x, channels, channels, TRUE, ESHI_ACT_NONE, residual);
  eshi_net_leave (net, mark);
  return x;
}

/* [n, …] as often as there are prompts, one after the other: [n · n_shares, …]. */
static EshiTensor *
repeat (Build      *self,
        EshiTensor *x)
{
  EshiGraph *graph = self->net.graph;
  EshiTensor *flat = NULL;
  EshiTensor *all = NULL;
  EshiShape shape;

  if (graph == NULL || x == NULL || self->n_shares < 2)
    return x;

  flat = eshi_graph_reshape (graph, x, ESHI_SHAPE4 (1, 1, 1, (gint64) eshi_tensor_count (x)));
  all = flat;
  for (guint i = 1; i < self->n_shares; i++)
    all = eshi_graph_concat (graph, "repeat", all, flat);
  shape = x->shape;
  shape.dim[0] *= self->n_shares;
  return all == NULL ? NULL : eshi_graph_reshape (graph, all, shape);
}

/* Before the first cross attention: each prompt goes on with its own copy of @image, @tokens and all skips. */
static void
part_prompts (Build       *self,
              EshiTensor **image,
              EshiTensor **tokens)
{
  *image = repeat (self, *image);
  *tokens = repeat (self, *tokens);
  for (guint i = 0; i < self->skips->len; i++)
    self->skips->pdata[i] = repeat (self, self->skips->pdata[i]);
  self->n_shares = 1;
}

/* Self attention, cross attention and a gated perceptron on tokens [n, h·w, c]. @x: what comes into the transformer. */
static EshiTensor *
build_transformer_block (Build       *self,
                         EshiTensor **x,
                         EshiTensor  *y,
                         guint        c,
                         guint        heads)
{
  EshiNet *net = &self->net;
  gsize mark = eshi_net_enter (net, "transformer_blocks.0");
  EshiTensor *h = NULL;

  h = eshi_net_layer_norm (net, "norm1", y, c, LAYER_NORM_EPS);
  y = build_attention (self, "attn1", h, y, c, heads, FALSE);
  part_prompts (self, x, &y);
  h = eshi_net_layer_norm (net, "norm2", y, c, LAYER_NORM_EPS);
  y = build_attention (self, "attn2", h, y, c, heads, TRUE);
  h = eshi_net_layer_norm (net, "norm3", y, c, LAYER_NORM_EPS);
  h = eshi_net_geglu (net, "ff.net.0.proj", h, c, 4 * c);
  y = eshi_net_linear (net, "ff.net.2", h, 4 * c, c, TRUE, ESHI_ACT_NONE, y);
  eshi_net_leave (net, mark);
  return y;
}

/* x: [n, h, w, c]; returns the same shape, or where prompts part, as many images as there are prompts. */
static EshiTensor *
build_transformer (Build      *self,
                   guint       index,
                   EshiTensor *x,
                   guint       c,
                   guint       heads)
{
  EshiNet *net = &self->net;
  gsize mark = eshi_net_enter (net, "attentions.%u", index);
  EshiTensor *y = NULL;

  y = eshi_net_group_norm (net, "norm", x, c, self->config->norm_num_groups, TRANSFORMER_NORM_EPS, ESHI_ACT_NONE);
  y = eshi_net_to_tokens (net, y);
  y = eshi_net_linear (net, "proj_in", y, c, c, TRUE, ESHI_ACT_NONE, NULL);
  y = build_transformer_block (self, &x, y, c, heads);
  y = eshi_net_linear (net, "proj_out", y, c, c, TRUE, ESHI_ACT_NONE, eshi_net_to_tokens (net, x));
  y = eshi_net_to_image (net, y, x);
  eshi_net_tap (net, NULL, y);
  eshi_net_leave (net, mark);
  return y;
}

static EshiTensor *
build_resnet (Build      *self,
              guint       index,
              EshiTensor *x,
              guint       ci,
              guint       co)
{
  const EshiUnetConfig *config = self->config;
  gsize mark = eshi_net_enter (&self->net, "resnets.%u", index);

  x = eshi_net_resnet (&self->net, x, ci, co, self->silu_temb, temb_channels (config), config->norm_num_groups,
                       config->norm_eps);
  eshi_net_leave (&self->net, mark);
  return x;
}

static void
push_skip (Build      *self,
           EshiTensor *x,
           guint       channels)
{
  g_ptr_array_add (self->skips, x);
  g_array_append_val (self->skip_channels, channels);
}

/* [x, the newest skip] on channels; @channels goes from x's to the result's. */
static EshiTensor *
concat_skip (Build      *self,
             EshiTensor *x,
             guint      *channels)
{
  guint last = self->skips->len - 1;
  EshiTensor *skip = g_ptr_array_index (self->skips, last);

  *channels += g_array_index (self->skip_channels, guint, last);
  g_ptr_array_set_size (self->skips, (int) last);
  g_array_set_size (self->skip_channels, last);
  return self->net.graph == NULL ? NULL : eshi_graph_concat (self->net.graph, "concat", x, skip);
}

static EshiTensor *
build_down_block (Build      *self,
                  guint       level,
                  EshiTensor *x,
                  guint      *channels)
{
  const EshiUnetConfig *config = self->config;
  guint c = config->block_out_channels[level];
  gsize mark = eshi_net_enter (&self->net, "down_blocks.%u", level);

  for (guint i = 0; i < config->layers_per_block[level]; i++)
    {
      x = build_resnet (self, i, x, *channels, c);
      *channels = c;
      if (config->down_attention[level])
        x = build_transformer (self, i, x, c, config->n_heads[level]);
      push_skip (self, x, c);
    }

  if (level + 1 < config->n_levels)
    {
      EshiConvParams params = { .stride = 2, .top = 1, .left = 1, .bottom = 1, .right = 1 };

      x = eshi_net_conv (&self->net, "downsamplers.0.conv", x, c, c, 3, params, NULL, NULL);
      push_skip (self, x, c);
    }

  eshi_net_tap (&self->net, NULL, x);
  eshi_net_leave (&self->net, mark);
  return x;
}

static EshiTensor *
build_mid_block (Build      *self,
                 EshiTensor *x,
                 guint       channels)
{
  const EshiUnetConfig *config = self->config;
  gsize mark = eshi_net_enter (&self->net, "mid_block");

  x = build_resnet (self, 0, x, channels, channels);
  x = build_transformer (self, 0, x, channels, config->n_heads[config->n_levels - 1]);
  x = build_resnet (self, 1, x, channels, channels);
  eshi_net_tap (&self->net, NULL, x);
  eshi_net_leave (&self->net, mark);
  return x;
}

/* Enlarges to the size of the skip that comes next, which is not twice ours where a size on the way down was odd. */
static EshiTensor *
build_upsample (Build      *self,
                EshiTensor *x,
                guint       channels)
{
  const EshiTensor *next = g_ptr_array_index (self->skips, self->skips->len - 1);

  return eshi_net_upsample_conv3x3 (&self->net, "upsamplers.0.conv", x, next != NULL ? next->shape.dim[1] : 0,
                                    next != NULL ? next->shape.dim[2] : 0, channels);
}

/* @index counts from the deepest level. */
static EshiTensor *
build_up_block (Build      *self,
                guint       index,
                EshiTensor *x,
                guint      *channels)
{
  const EshiUnetConfig *config = self->config;
  guint level = config->n_levels - 1 - index;
  guint c = config->block_out_channels[level];
  gsize mark = eshi_net_enter (&self->net, "up_blocks.%u", index);

  for (guint i = 0; i <= config->layers_per_block[level]; i++)
    {
      x = concat_skip (self, x, channels);
      x = build_resnet (self, i, x, *channels, c);
      *channels = c;
      if (config->up_attention[index])
        x = build_transformer (self, i, x, c, config->n_heads[level]);
    }

  if (level > 0)
    x = build_upsample (self, x, c);
  eshi_net_tap (&self->net, NULL, x);
  eshi_net_leave (&self->net, mark);
  return x;
}

/* The time as a vector that every residual block projects. t: f32 [1]. */
static void
build_time (Build      *self,
            EshiTensor *t)
{
  EshiNet *net = &self->net;
  guint c = self->config->block_out_channels[0];
  guint d = temb_channels (self->config);
  EshiTensor *x = NULL;

  if (net->graph != NULL)
    x = eshi_graph_time_embedding (net->graph, "time_proj", t, c);
  x = eshi_net_linear (net, "time_embedding.linear_1", x, c, d, TRUE, ESHI_ACT_SILU, NULL);
  x = eshi_net_linear (net, "time_embedding.linear_2", x, d, d, TRUE, ESHI_ACT_NONE, NULL);
  eshi_net_tap (net, "time_embedding", x);
  if (net->graph != NULL)
    self->silu_temb = eshi_graph_activation (net->graph, "time_embedding.silu", x, ESHI_ACT_SILU);
}

static EshiTensor *
build_head (Build      *self,
            EshiTensor *x)
{
  const EshiUnetConfig *config = self->config;
  EshiNet *net = &self->net;
  guint c = config->block_out_channels[0];

  x = eshi_net_group_norm (net, "conv_norm_out", x, c, config->norm_num_groups, config->norm_eps, ESHI_ACT_SILU);
  if (net->graph != NULL && x != NULL && x->dtype != ESHI_DTYPE_F32)
    x = eshi_graph_convert (net->graph, "conv_norm_out.f32", x, ESHI_DTYPE_F32);
  return eshi_net_conv3x3 (net, "conv_out", x, c, config->out_channels, NULL, NULL);
}

static EshiTensor *
build_step (Build      *self,
            EshiTensor *latents,
            EshiTensor *timestep)
{
  const EshiUnetConfig *config = self->config;
  EshiNet *net = &self->net;
  guint channels = config->block_out_channels[0];
  EshiTensor *x = latents;

  build_time (self, timestep);
  x = eshi_net_conv3x3 (net, "conv_in", x, config->in_channels, channels, NULL, NULL);
  x = eshi_net_convert (net, "conv_in.half", x);
  eshi_net_tap (net, "conv_in", x);
  push_skip (self, x, channels);

  for (guint i = 0; i < config->n_levels; i++)
    x = build_down_block (self, i, x, &channels);
  x = build_mid_block (self, x, channels);
  for (guint i = 0; i < config->n_levels; i++)
    x = build_up_block (self, i, x, &channels);
  return build_head (self, x);
}

static void
build_init (Build                 *self,
            EshiUnet              *unet,
            EshiGraph             *graph,
            const EshiUnetContext *context)
{
  *self = (Build) { .config = &unet->config, .context = context, .n_shares = 1 };
  eshi_net_init (&self->net, unet->weights, graph);
  self->skips = g_ptr_array_new ();
  self->skip_channels = g_array_new (FALSE, FALSE, sizeof (guint));
}

static void
build_clear (Build *self)
{
  eshi_net_clear (&self->net);
  g_ptr_array_unref (self->skips);
  g_array_unref (self->skip_channels);
}

/* Prompts for each image; a batch that does not fit is refused where it meets the context. */
static guint
count_shares (const EshiTensor      *latents,
              const EshiUnetContext *context)
{
  gint64 n_contexts = context->n > 0 && context->keys[0] != NULL ? context->keys[0]->shape.dim[0] : 1;
  gint64 n = latents != NULL ? latents->shape.dim[0] : 0;

  return n > 0 && n_contexts % n == 0 ? (guint) (n_contexts / n) : 1;
}

EshiTensor *
eshi_unet_build_step (EshiUnet              *self,
                      EshiGraph             *graph,
                      EshiTensor            *latents,
                      EshiTensor            *timestep,
                      const EshiUnetContext *context,
                      EshiNetTapFunc         tap,
                      gpointer               tap_data)
{
  Build build;
  EshiTensor *x = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (graph != NULL, NULL);
  g_return_val_if_fail (context != NULL, NULL);

  build_init (&build, self, graph, context);
  build.n_shares = count_shares (latents, context);
  build.net.tap = tap;
  build.net.tap_data = tap_data;
  x = build_step (&build, latents, timestep);
  build_clear (&build);
  return x;
}

/* Keys and values of the transformers in the current block. */
static void
build_block_context (EshiNet    *net,
                     EshiTensor *context,
                     guint       n_transformers,
                     guint       channels,
                     guint       cross_attention_dim,
                     GPtrArray  *keys,
                     GPtrArray  *values)
{
  EshiDType compute = eshi_graph_get_compute (net->graph);

  for (guint i = 0; i < n_transformers; i++)
    {
      gsize mark = eshi_net_enter (net, "attentions.%u.transformer_blocks.0.attn2", i);
      EshiTensor *k = eshi_net_linear (net, "to_k", context, cross_attention_dim, channels, FALSE, ESHI_ACT_NONE, NULL);
      EshiTensor *v = eshi_net_linear (net, "to_v", context, cross_attention_dim, channels, FALSE, ESHI_ACT_NONE, NULL);

      g_ptr_array_add (keys, eshi_graph_output (net->graph, "keys", k, compute));
      g_ptr_array_add (values, eshi_graph_output (net->graph, "values", v, compute));
      eshi_net_leave (net, mark);
    }
}

/* All blocks, in the order in which build_step() meets them. */
static void
build_all_contexts (EshiNet              *net,
                    const EshiUnetConfig *config,
                    EshiTensor           *context,
                    GPtrArray            *keys,
                    GPtrArray            *values)
{
  guint deepest = config->n_levels - 1;
  guint d = config->cross_attention_dim;
  gsize mark = 0;

  for (guint i = 0; i <= deepest; i++)
    {
      mark = eshi_net_enter (net, "down_blocks.%u", i);
      build_block_context (net, context, config->down_attention[i] ? config->layers_per_block[i] : 0,
                           config->block_out_channels[i], d, keys, values);
      eshi_net_leave (net, mark);
    }

  mark = eshi_net_enter (net, "mid_block");
  build_block_context (net, context, 1, config->block_out_channels[deepest], d, keys, values);
  eshi_net_leave (net, mark);

  for (guint i = 0; i <= deepest; i++)
    {
      mark = eshi_net_enter (net, "up_blocks.%u", i);
      build_block_context (net, context, config->up_attention[i] ? config->layers_per_block[deepest - i] + 1 : 0,
                           config->block_out_channels[deepest - i], d, keys, values);
      eshi_net_leave (net, mark);
    }
}

void
eshi_unet_build_context (EshiUnet        *self,
                         EshiGraph       *graph,
                         EshiTensor      *context,
                         EshiUnetContext *out)
{
  g_autoptr(GPtrArray) keys = g_ptr_array_new ();
  g_autoptr(GPtrArray) values = g_ptr_array_new ();
  EshiNet net;

  g_return_if_fail (self != NULL);
  g_return_if_fail (graph != NULL);
  g_return_if_fail (out != NULL);

  if (context != NULL && context->dtype != eshi_graph_get_compute (graph))
    context = eshi_graph_convert (graph, "context", context, eshi_graph_get_compute (graph));

  eshi_net_init (&net, self->weights, graph);
  build_all_contexts (&net, &self->config, context, keys, values);
  eshi_net_clear (&net);

  out->n = keys->len;
  out->keys = (EshiTensor **) g_ptr_array_free (g_steal_pointer (&keys), FALSE);
  out->values = (EshiTensor **) g_ptr_array_free (g_steal_pointer (&values), FALSE);
}

void
eshi_unet_context_clear (EshiUnetContext *self)
{
  g_clear_pointer (&self->keys, g_free);
  g_clear_pointer (&self->values, g_free);
  self->n = 0;
}

EshiUnet *
eshi_unet_new (const EshiUnetConfig  *config,
               EshiWeights           *weights,
               GError               **error)
{
  g_autoptr(EshiUnet) self = g_new0 (EshiUnet, 1);
  gboolean ok = FALSE;
  Build build;

  self->config = *config;
  self->weights = weights;
  build_init (&build, self, NULL, NULL);
  build_step (&build, NULL, NULL);
  ok = eshi_net_check (&build.net, error);
  build_clear (&build);
  return ok ? g_steal_pointer (&self) : NULL;
}

void
eshi_unet_foreach_weight (const EshiUnetConfig *config,
                          EshiNetWeightFunc     func,
                          gpointer              user_data)
{
  EshiUnet unet = { .config = *config };
  Build build;

  build_init (&build, &unet, NULL, NULL);
  build.net.list = func;
  build.net.list_data = user_data;
  build_step (&build, NULL, NULL);
  build_clear (&build);
}

EshiUnet *
eshi_unet_load (const char  *folder,
                GError     **error)
{
  EshiUnetConfig config;
  EshiWeights *weights = NULL;

  g_return_val_if_fail (folder != NULL, NULL);

  if (!eshi_unet_config_load (&config, folder, error))
    return NULL;
  weights = eshi_weights_open (folder, "diffusion_pytorch_model", error);
  return weights == NULL ? NULL : eshi_unet_new (&config, weights, error);
}

void
eshi_unet_free (EshiUnet *self)
{
  if (self == NULL)
    return;

  eshi_weights_free (self->weights);
  g_free (self);
}

const EshiUnetConfig *
eshi_unet_get_config (EshiUnet *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return &self->config;
}

EshiWeights *
eshi_unet_get_weights (EshiUnet *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->weights;
}
