/* eshi-clip-layer.h: the layer that both towers of CLIP are stacked from, the one for texts and the one for pictures.
 *
 * Knows nothing of what goes in before the first layer and what comes after the last.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-net.h"

G_BEGIN_DECLS

typedef struct
{
  guint          hidden_size;
  guint          intermediate_size;
  guint          n_heads;        /* divides hidden_size */
  float          layer_norm_eps;
  EshiActivation act;            /* QUICK_GELU or GELU */
  gboolean       causal;         /* texts: token i attends to tokens 0..i only */
} EshiClipLayer;

/* Layer @index, its weights below "encoder.layers.N": norm and attention, norm and perceptron, each added to what went in.
 * @x: [n, tokens, hidden_size]; what comes out has its shape and type. Taps "encoder.layers.N". NULL without a graph. */
EshiTensor *eshi_clip_layer_build (const EshiClipLayer *self,
                                   EshiNet             *net,
                                   guint                index,
                                   EshiTensor          *x);

G_END_DECLS
