/* fill.h: weights and inputs made by rule from their names, so that two implementations can make the same ones.
 *
 * The rule is splitmix64 seeded with the FNV-1a hash of the name; see tests/golden/README.md.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-text-encoder.h"
#include "eshi-unet.h"
#include "eshi-vae.h"

G_BEGIN_DECLS

/* Element @k of the sequence that belongs to @hash: −1 to 1. */
double           fill_uniform          (guint64                hash,
                                        guint64                k);

/* FNV-1a, 64 bits. */
guint64          fill_hash             (const char            *name);

/* @n values of the input @name, f32: mean 0, deviation 1. */
void             fill_input            (const char            *name,
                                        float                 *dst,
                                        gsize                  n);

/* The same for an image [channels, height, width], laid out as [height, width, channels]. */
void             fill_input_image      (const char            *name,
                                        float                 *dst,
                                        guint                  channels,
                                        guint                  height,
                                        guint                  width);

/* Networks with filled weights; (transfer full). */
EshiTextEncoder *fill_new_text_encoder (const EshiTextConfig  *config);
EshiUnet        *fill_new_unet         (const EshiUnetConfig  *config);
EshiVae         *fill_new_vae          (const EshiVaeConfig   *config);

/* Networks that know the names and shapes of their weights only, for looking at graphs: nothing is computed and hardly any
 * memory taken, which the process keeps; (transfer full). */
EshiUnet        *fill_new_hollow_unet  (const EshiUnetConfig  *config);
EshiVae         *fill_new_hollow_vae   (const EshiVaeConfig   *config);

/* The weights of a network as a safetensors file in memory; at most one of the configs is set. */
GBytes          *fill_new_file         (const EshiTextConfig  *text,
                                        const EshiUnetConfig  *unet,
                                        const EshiVaeConfig   *vae);

G_END_DECLS
