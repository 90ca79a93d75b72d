/* eshi-latent-rgb.h: latents to colours without the decoder, for previews: a 4×3 matrix and a bias.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-model-config.h"

G_BEGIN_DECLS

/* Whether the autoencoder has the shape and scale of Stable Diffusion 1.x, so that its latents mean what is known of
 * those, and the config does not say otherwise. Thread: any. */
gboolean eshi_latent_rgb_is_sd1     (const EshiVaeConfig *config);

/**
 * eshi_latent_rgb_for_config:
 * @params: (out): for latents as the UNet sees them
 *
 * The matrix in the model's own config, or the well-known one if the autoencoder has the shape and scale of Stable
 * Diffusion 1.x. FALSE if neither; then it must be fitted.
 */
gboolean eshi_latent_rgb_for_config (const EshiVaeConfig *config,
                                     EshiRgbParams       *params);

/**
 * eshi_latent_rgb_fit:
 * @latents: f32 [n, 4]
 * @rgb: f32 [n, 3] in −1 to 1: the mean colour of each latent pixel
 * @params: (out): the least squares solution, slightly held towards 0, so that it exists for any input
 */
void     eshi_latent_rgb_fit        (const float         *latents,
                                     const float         *rgb,
                                     gsize                n,
                                     EshiRgbParams       *params);

/**
 * eshi_latent_rgb_apply:
 * @latents: f32 [4, n], as the scheduler has them
 * @rgb: (out): u8 [n, 3]
 */
void     eshi_latent_rgb_apply      (const EshiRgbParams *params,
                                     const float         *latents,
                                     gsize                n,
                                     guint8              *rgb);

G_END_DECLS
