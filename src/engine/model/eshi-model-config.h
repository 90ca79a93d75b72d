/* eshi-model-config.h: the config.json files of a diffusers folder as plain values.
 *
 * Unknown keys are ignored and absent keys mean Stable Diffusion 1.4. Values that would call for another network, or
 * for an absurd amount of memory, are refused here, so that the networks can take every field for granted.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-error.h"
#include "eshi-op.h"

G_BEGIN_DECLS

#define ESHI_MAX_LEVELS 8

/* Input channels of a UNet for inpainting: latents, mask, and the latents of the image without what is painted over. */
#define ESHI_INPAINT_CHANNELS 9

/* Of a CLIP text encoder. */
typedef struct
{
  guint          vocab_size;
  guint          hidden_size;       /* a multiple of n_heads */
  guint          intermediate_size;
  guint          n_layers;
  guint          n_heads;
  guint          max_positions;     /* 77 */
  float          layer_norm_eps;
  EshiActivation act;               /* QUICK_GELU or GELU */
} EshiTextConfig;

typedef struct
{
  guint    sample_size;             /* latent pixels; the size the model was made for */
  guint    in_channels;             /* 4, or ESHI_INPAINT_CHANNELS */
  guint    out_channels;            /* 4 */
  guint    n_levels;
  guint    block_out_channels[ESHI_MAX_LEVELS];
  guint    layers_per_block[ESHI_MAX_LEVELS];
  gboolean down_attention[ESHI_MAX_LEVELS]; /* CrossAttnDownBlock2D rather than DownBlock2D */
  gboolean up_attention[ESHI_MAX_LEVELS];   /* in the order of up_blocks */
  guint    n_heads[ESHI_MAX_LEVELS];        /* in the order of down_blocks */
  guint    cross_attention_dim;
  guint    norm_num_groups;
  float    norm_eps;
} EshiUnetConfig;

typedef struct
{
  guint    n_levels;
  guint    block_out_channels[ESHI_MAX_LEVELS];
  guint    layers_per_block;
  guint    latent_channels;         /* 4 */
  guint    norm_num_groups;
  guint    sample_size;             /* pixels */
  double   scaling_factor;          /* latents of the UNet = this × latents of the VAE */
  gboolean mid_attention;
  gboolean quant_conv;
  gboolean post_quant_conv;
  gboolean has_rgb_factors;         /* our own key: the next two are in the file */
  float    latent_rgb_factors[4][3];
  float    latent_rgb_bias[3];
} EshiVaeConfig;

/**
 * eshi_text_config_load:
 * @folder: (nullable): folder of the component; without it, or without a config.json there, all values are the defaults
 *
 * Errors: MODEL_INVALID for nonsense, UNSUPPORTED for sound values that mean another network; sentences that name the
 * file and the key.
 */
gboolean eshi_text_config_load (EshiTextConfig  *config,
                                const char      *folder,
                                GError         **error);
gboolean eshi_unet_config_load (EshiUnetConfig  *config,
                                const char      *folder,
                                GError         **error);
gboolean eshi_vae_config_load  (EshiVaeConfig   *config,
                                const char      *folder,
                                GError         **error);

/* Pixels per latent pixel: 8 for Stable Diffusion 1.x. */
guint    eshi_vae_config_get_factor (const EshiVaeConfig *config);

G_END_DECLS
