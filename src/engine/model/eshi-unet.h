/* eshi-unet.h: the network that predicts the noise in latents, given a time and a context.
 *
 * It is built as two graphs: one computes the keys and values of every cross attention from the context, once per
 * prompt; the other makes one prediction, once per step, and reads the first graph's outputs.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-model-config.h"
#include "eshi-net.h"

G_BEGIN_DECLS

typedef struct _EshiUnet EshiUnet;

/* Keys and values of the cross attentions, in the order in which the step graph meets them. */
typedef struct
{
  guint        n;      /* cross attentions */
  EshiTensor **keys;   /* [n] of [batch, tokens, channels]; outputs of the context graph */
  EshiTensor **values; /* likewise */
} EshiUnetContext;

void                  eshi_unet_context_clear (EshiUnetContext *self);

/* As eshi_text_encoder_load(), for "…/unet". */
EshiUnet             *eshi_unet_load          (const char      *folder,
                                               GError         **error);
EshiUnet             *eshi_unet_new           (const EshiUnetConfig *config,
                                               EshiWeights     *weights, /* (transfer full) */
                                               GError         **error);
/* Calls @func with every weight that a UNet of this @config needs. */
void                  eshi_unet_foreach_weight (const EshiUnetConfig *config,
                                               EshiNetWeightFunc func,
                                               gpointer         user_data);
void                  eshi_unet_free          (EshiUnet        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiUnet, eshi_unet_free)

const EshiUnetConfig *eshi_unet_get_config    (EshiUnet        *self);
EshiWeights          *eshi_unet_get_weights   (EshiUnet        *self);

/**
 * eshi_unet_build_context:
 * @graph: an empty graph
 * @context: f32 [n, tokens, cross_attention_dim], an input of @graph
 * @out: (out): the graph's outputs, owned by @graph; clear with eshi_unet_context_clear()
 */
void                  eshi_unet_build_context (EshiUnet        *self,
                                               EshiGraph       *graph,
                                               EshiTensor      *context,
                                               EshiUnetContext *out);

/**
 * eshi_unet_build_step:
 * @graph: an empty graph, on the backend of the context's graph
 * @latents: f32 [n, h, w, in_channels], an input of @graph; any h and w from 1; n divides the context's: where that is
 *   greater, each image is seen with several prompts, [all images with the first, all with the second, …]
 * @timestep: f32 [1], an input of @graph; may be fractional
 * @context: made by eshi_unet_build_context()
 * @tap: (nullable): see eshi-net.h; parts "time_embedding", "conv_in", "down_blocks.0", "down_blocks.0.resnets.0",
 *   "down_blocks.0.attentions.0", "mid_block", "up_blocks.0", …
 *
 * Returns: (nullable) (transfer none): the prediction f32 [the context's n, h, w, out_channels]; the caller marks it as an output, or
 *   feeds it to eshi_graph_guidance() first
 */
EshiTensor           *eshi_unet_build_step    (EshiUnet              *self,
                                               EshiGraph             *graph,
                                               EshiTensor            *latents,
                                               EshiTensor            *timestep,
                                               const EshiUnetContext *context,
                                               EshiNetTapFunc         tap,
                                               gpointer               tap_data);

G_END_DECLS
