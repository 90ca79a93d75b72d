/* eshi-taesd.h: TAESD's decoder: a small network that shows nearly what the autoencoder's decoder would, for previews.
 *
 * Never paints a finished picture, and knows nothing of when a preview is due.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-net.h"

G_BEGIN_DECLS

/* Pixels per latent pixel, in both directions. */
#define ESHI_TAESD_FACTOR 8

typedef struct _EshiTaesd EshiTaesd;

/**
 * eshi_taesd_load:
 * @path: a file, safetensors or PyTorch by its content, or a folder as diffusers writes it for its AutoencoderTiny. The
 *   tensors may have the author's names ("1.weight", or "decoder.1.weight" beside an encoder) or diffusers'
 *   ("decoder.layers.0.weight")
 *
 * Errors: MODEL_MISSING; MODEL_INVALID for damage, missing and misshapen tensors; UNSUPPORTED for files that hold no such
 * decoder and those of models with other latents. Sentences that name the file.
 *
 * Returns: (transfer full)
 */
EshiTaesd   *eshi_taesd_load           (const char        *path,
                                        GError           **error);

/* The same from weights that are open; takes @weights over, also after an error. */
EshiTaesd   *eshi_taesd_new            (EshiWeights       *weights,
                                        GError           **error);

/* Calls @func with every weight that a decoder needs, under diffusers' names; @width: channels, 64 as published. */
void         eshi_taesd_foreach_weight (guint              width,
                                        EshiNetWeightFunc  func,
                                        gpointer           user_data);

void         eshi_taesd_free           (EshiTaesd         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiTaesd, eshi_taesd_free)

/* Channels of its activations: 64 as published. */
guint        eshi_taesd_get_width      (EshiTaesd         *self);

/* (transfer none) */
EshiWeights *eshi_taesd_get_weights    (EshiTaesd         *self);

/**
 * eshi_taesd_clamp:
 * @latents: f32 [4, n], as the scheduler has them: not divided by the scaling factor
 * @z: (out): f32 [n, 4]: 3 · tanh (x / 3) of each, which is where the network begins
 *
 * Four numbers per 64 pixels: too few for an op of their own on every backend. Thread: any.
 */
void         eshi_taesd_clamp          (const float       *latents,
                                        gsize              n,
                                        float             *z);

/**
 * eshi_taesd_build_decoder:
 * @graph: an empty graph
 * @z: f32 [n, h, w, 4], an input of @graph, from eshi_taesd_clamp()
 *
 * Thread: that of @graph.
 *
 * Returns: (nullable) (transfer none): the image [n, 8h, 8w, 3], 0 to 1 with overshoot, in the graph's type
 */
EshiTensor  *eshi_taesd_build_decoder  (EshiTaesd         *self,
                                        EshiGraph         *graph,
                                        EshiTensor        *z);

G_END_DECLS
