/* eshi-vae.c: the autoencoder: residual blocks, one attention in the middle, and a factor two per level.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-vae.h"

#define NORM_EPS 1e-6f

struct _EshiVae
{
  EshiVaeConfig  config;
  EshiWeights   *weights;
};

static EshiTensor *
build_resnet (EshiNet             *net,
              const EshiVaeConfig *config,
              guint                index,
              EshiTensor          *x,
              guint                ci,
              guint                co)
{
  gsize mark = eshi_net_enter (net, "resnets.%u", index);

  x = eshi_net_resnet (net, x, ci, co, NULL, 0, config->norm_num_groups, NORM_EPS);
  eshi_net_leave (net, mark);
  return x;
}

/* One head over all pixels. x: [n, h, w, c]; returns the same shape. */
static EshiTensor *
build_attention (EshiNet             *net,
                 const EshiVaeConfig *config,
                 EshiTensor          *x,
                 guint                c)
{
  gsize mark = eshi_net_enter (net, "attentions.0");
  EshiTensor *h = NULL;
  EshiTensor *q = NULL;
  EshiTensor *k = NULL;
  EshiTensor *v = NULL;

  h = eshi_net_group_norm (net, "group_norm", x, c, config->norm_num_groups, NORM_EPS, ESHI_ACT_NONE);
  h = eshi_net_to_tokens (net, h);
  q = eshi_net_linear (net, "to_q", h, c, c, TRUE, ESHI_ACT_NONE, NULL);
  k = eshi_net_linear (net, "to_k", h, c, c, TRUE, ESHI_ACT_NONE, NULL);
  v = eshi_net_linear (net, "to_v", h, c, c, TRUE, ESHI_ACT_NONE, NULL);
  if (net->graph != NULL)
    h = eshi_graph_attention (net->graph, "attention", q, k, v, 1, FALSE);
  h = eshi_net_linear (net, "to_out.0", h, c, c, TRUE, ESHI_ACT_NONE, eshi_net_to_tokens (net, x));
  h = eshi_net_to_image (net, h, x);
  eshi_net_tap (net, NULL, h);
  eshi_net_leave (net, mark);
  return h;
}

static EshiTensor *
build_mid_block (EshiNet             *net,
                 const EshiVaeConfig *config,
                 EshiTensor          *x)
{
  guint c = config->block_out_channels[config->n_levels - 1];
  gsize mark = eshi_net_enter (net, "mid_block");

  x = build_resnet (net, config, 0, x, c, c);
  if (config->mid_attention)
    x = build_attention (net, config, x, c);
  x = build_resnet (net, config, 1, x, c, c);
  eshi_net_tap (net, NULL, x);
  eshi_net_leave (net, mark);
  return x;
}

static EshiTensor *
build_up_block (EshiNet             *net,
                const EshiVaeConfig *config,
                guint                index,
                EshiTensor          *x,
                guint               *channels)
{
  guint c = config->block_out_channels[config->n_levels - 1 - index];
  gsize mark = eshi_net_enter (net, "up_blocks.%u", index);

  for (guint i = 0; i <= config->layers_per_block; i++)
    {
      x = build_resnet (net, config, i, x, *channels, c);
      *channels = c;
    }

  if (index + 1 < config->n_levels)
    x = eshi_net_upsample_conv3x3 (net, "upsamplers.0.conv", x, x != NULL ? 2 * x->shape.dim[1] : 0,
                                   x != NULL ? 2 * x->shape.dim[2] : 0, c);

  eshi_net_tap (net, NULL, x);
  eshi_net_leave (net, mark);
  return x;
}

/* The encoder pads a picture on the right and at the bottom only before it halves it; the reference was trained so. */
static EshiTensor *
build_down_block (EshiNet             *net,
                  const EshiVaeConfig *config,
                  guint                index,
                  EshiTensor          *x,
                  guint               *channels)
{
  guint c = config->block_out_channels[index];
  gsize mark = eshi_net_enter (net, "down_blocks.%u", index);

  for (guint i = 0; i < config->layers_per_block; i++)
    {
      x = build_resnet (net, config, i, x, *channels, c);
      *channels = c;
    }

  if (index + 1 < config->n_levels)
    {
      EshiConvParams params = { .stride = 2, .bottom = 1, .right = 1 };

      x = eshi_net_conv (net, "downsamplers.0.conv", x, c, c, 3, params, NULL, NULL);
    }

  eshi_net_tap (net, NULL, x);
  eshi_net_leave (net, mark);
  return x;
}

static EshiTensor *
build_decoder (EshiNet             *net,
               const EshiVaeConfig *config,
               EshiTensor          *x)
{
  guint channels = config->block_out_channels[config->n_levels - 1];
  guint z = config->latent_channels;
  gsize mark = 0;

  /* Four channels cost nothing in f32, and rounding them would shift whole areas of the picture. */
  if (config->post_quant_conv)
    x = eshi_net_linear (net, "post_quant_conv", x, z, z, TRUE, ESHI_ACT_NONE, NULL);

  mark = eshi_net_enter (net, "decoder");
  x = eshi_net_conv3x3 (net, "conv_in", x, z, channels, NULL, NULL);
  x = eshi_net_convert (net, "conv_in.half", x);
  x = build_mid_block (net, config, x);
  for (guint i = 0; i < config->n_levels; i++)
    x = build_up_block (net, config, i, x, &channels);
  x = eshi_net_group_norm (net, "conv_norm_out", x, channels, config->norm_num_groups, NORM_EPS, ESHI_ACT_SILU);
  x = eshi_net_conv3x3 (net, "conv_out", x, channels, 3, NULL, NULL);
  eshi_net_leave (net, mark);
  return x;
}

static EshiTensor *
build_encoder (EshiNet             *net,
               const EshiVaeConfig *config,
               EshiTensor          *x)
{
  guint channels = config->block_out_channels[0];
  guint moments = 2 * config->latent_channels;
  gsize mark = eshi_net_enter (net, "encoder");

  x = eshi_net_conv3x3 (net, "conv_in", x, 3, channels, NULL, NULL);
  x = eshi_net_convert (net, "conv_in.half", x);
  for (guint i = 0; i < config->n_levels; i++)
    x = build_down_block (net, config, i, x, &channels);
  x = build_mid_block (net, config, x);
  x = eshi_net_group_norm (net, "conv_norm_out", x, channels, config->norm_num_groups, NORM_EPS, ESHI_ACT_SILU);
  x = eshi_net_conv3x3 (net, "conv_out", x, channels, moments, NULL, NULL);
  eshi_net_leave (net, mark);

  if (net->graph != NULL && x != NULL && x->dtype != ESHI_DTYPE_F32)
    x = eshi_graph_convert (net->graph, "moments", x, ESHI_DTYPE_F32);
  if (config->quant_conv)
    x = eshi_net_linear (net, "quant_conv", x, moments, moments, TRUE, ESHI_ACT_NONE, NULL);
  return x;
}

EshiTensor *
eshi_vae_build_decoder (EshiVae        *self,
                        EshiGraph      *graph,
                        EshiTensor     *z,
                        EshiNetTapFunc  tap,
                        gpointer        tap_data)
{
  EshiNet net;
  EshiTensor *x = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (graph != NULL, NULL);

  eshi_net_init (&net, self->weights, graph);
  net.tap = tap;
  net.tap_data = tap_data;
  x = build_decoder (&net, &self->config, z);
  eshi_net_clear (&net);
  return x;
}

EshiTensor *
eshi_vae_build_encoder (EshiVae        *self,
                        EshiGraph      *graph,
                        EshiTensor     *image,
                        EshiNetTapFunc  tap,
                        gpointer        tap_data)
{
  EshiNet net;
  EshiTensor *x = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (graph != NULL, NULL);

  eshi_net_init (&net, self->weights, graph);
  net.tap = tap;
  net.tap_data = tap_data;
  x = build_encoder (&net, &self->config, image);
  eshi_net_clear (&net);
  return x;
}

void
eshi_vae_split_moments (const float *moments,
                        gsize        n_pixels,
                        guint        channels,
                        float       *mean,
                        float       *logvar)
{
  for (gsize i = 0; i < n_pixels; i++)
    for (guint c = 0; c < channels; c++)
      {
        mean[i * channels + c] = moments[2 * i * channels + c];
        logvar[i * channels + c] = CLAMP (moments[(2 * i + 1) * channels + c], -30.0f, 20.0f);
      }
}

static void
build_parts (EshiNet             *net,
             const EshiVaeConfig *config,
             EshiVaeParts         parts)
{
  if ((parts & ESHI_VAE_DECODER) != 0)
    build_decoder (net, config, NULL);
  if ((parts & ESHI_VAE_ENCODER) != 0)
    build_encoder (net, config, NULL);
}

void
eshi_vae_foreach_weight (const EshiVaeConfig *config,
                         EshiVaeParts         parts,
                         EshiNetWeightFunc    func,
                         gpointer             user_data)
{
  EshiNet net;

  eshi_net_init (&net, NULL, NULL);
  net.list = func;
  net.list_data = user_data;
  build_parts (&net, config, parts);
  eshi_net_clear (&net);
}

EshiVae *
eshi_vae_new (const EshiVaeConfig  *config,
              EshiWeights          *weights,
              EshiVaeParts          parts,
              GError              **error)
{
  g_autoptr(EshiVae) self = g_new0 (EshiVae, 1);
  gboolean ok = FALSE;
  EshiNet net;

  self->config = *config;
  self->weights = weights;
  eshi_net_init (&net, weights, NULL);
  build_parts (&net, config, parts);
  ok = eshi_net_check (&net, error);
  eshi_net_clear (&net);
  return ok ? g_steal_pointer (&self) : NULL;
}

EshiVae *
eshi_vae_load (const char    *folder,
               EshiVaeParts   parts,
               GError       **error)
{
  EshiVaeConfig config;
  EshiWeights *weights = NULL;

  g_return_val_if_fail (folder != NULL, NULL);

  if (!eshi_vae_config_load (&config, folder, error))
    return NULL;
  weights = eshi_weights_open (folder, "diffusion_pytorch_model", error);
  return weights == NULL ? NULL : eshi_vae_new (&config, weights, parts, error);
}

void
eshi_vae_free (EshiVae *self)
{
  if (self == NULL)
    return;

  eshi_weights_free (self->weights);
  g_free (self);
}

const EshiVaeConfig *
eshi_vae_get_config (EshiVae *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return &self->config;
}

EshiWeights *
eshi_vae_get_weights (EshiVae *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->weights;
}
