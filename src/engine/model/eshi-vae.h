/* eshi-vae.h: the autoencoder between pictures and latents.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-model-config.h"
#include "eshi-net.h"

G_BEGIN_DECLS

typedef struct _EshiVae EshiVae;

/* EshiVae parts, to be or-ed: a model that only paints needs no encoder. */
typedef enum
{
  ESHI_VAE_DECODER = 1 << 0,
  ESHI_VAE_ENCODER = 1 << 1,
} EshiVaeParts;

/* As eshi_text_encoder_load(), for "…/vae". Only the tensors of @parts must be there. */
EshiVae             *eshi_vae_load         (const char     *folder,
                                            EshiVaeParts    parts,
                                            GError        **error);
EshiVae             *eshi_vae_new          (const EshiVaeConfig *config,
                                            EshiWeights    *weights, /* (transfer full) */
                                            EshiVaeParts    parts,
                                            GError        **error);
/* Calls @func with every weight that @parts of an autoencoder of this @config need. */
void                 eshi_vae_foreach_weight (const EshiVaeConfig *config,
                                            EshiVaeParts    parts,
                                            EshiNetWeightFunc func,
                                            gpointer        user_data);
void                 eshi_vae_free         (EshiVae        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiVae, eshi_vae_free)

const EshiVaeConfig *eshi_vae_get_config   (EshiVae        *self);
EshiWeights         *eshi_vae_get_weights  (EshiVae        *self);

/**
 * eshi_vae_build_decoder:
 * @graph: an empty graph
 * @z: f32 [n, h, w, latent_channels], an input of @graph, as post_quant_conv takes it (the latents divided by the
 *   scaling factor)
 *
 * Returns: (nullable) (transfer none): the image [n, 8h, 8w, 3], −1 to 1 with overshoot, in the graph's type
 */
EshiTensor          *eshi_vae_build_decoder (EshiVae        *self,
                                             EshiGraph      *graph,
                                             EshiTensor     *z,
                                             EshiNetTapFunc  tap,
                                             gpointer        tap_data);

/**
 * eshi_vae_build_encoder:
 * @graph: an empty graph
 * @image: f32 [n, h, w, 3] in −1 to 1, an input of @graph; h and w multiples of 8
 *
 * Returns: (nullable) (transfer none): the moments f32 [n, h/8, w/8, 2·latent_channels]: the mean, then the logarithm
 *   of the variance as the network gives it; see eshi_vae_split_moments()
 */
EshiTensor          *eshi_vae_build_encoder (EshiVae        *self,
                                             EshiGraph      *graph,
                                             EshiTensor     *image,
                                             EshiNetTapFunc  tap,
                                             gpointer        tap_data);

/**
 * eshi_vae_split_moments:
 * @moments: f32 [n_pixels, 2·channels]
 * @mean: (out): f32 [n_pixels, channels]
 * @logvar: (out): f32 [n_pixels, channels], clamped to −30 to 20
 */
void                 eshi_vae_split_moments (const float    *moments,
                                             gsize           n_pixels,
                                             guint           channels,
                                             float          *mean,
                                             float          *logvar);

G_END_DECLS
