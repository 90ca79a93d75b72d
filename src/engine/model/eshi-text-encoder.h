/* eshi-text-encoder.h: the text tower of CLIP: token ids to one vector per token.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-model-config.h"
#include "eshi-net.h"

G_BEGIN_DECLS

typedef struct _EshiTextEncoder EshiTextEncoder;

/**
 * eshi_text_encoder_load:
 * @folder: "…/text_encoder"
 *
 * Reads the config, opens the weights, and checks that all are there and have the right shape.
 *
 * Errors: MODEL_MISSING, MODEL_INVALID, UNSUPPORTED, as sentences.
 *
 * Returns: (transfer full)
 */
EshiTextEncoder      *eshi_text_encoder_load       (const char       *folder,
                                                    GError          **error);
EshiTextEncoder      *eshi_text_encoder_new        (const EshiTextConfig *config,
                                                    EshiWeights      *weights, /* (transfer full) */
                                                    GError          **error);
/* Calls @func with every weight that an encoder of this @config needs. */
void                  eshi_text_encoder_foreach_weight (const EshiTextConfig *config,
                                                    EshiNetWeightFunc func,
                                                    gpointer          user_data);
void                  eshi_text_encoder_free       (EshiTextEncoder  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiTextEncoder, eshi_text_encoder_free)

const EshiTextConfig *eshi_text_encoder_get_config (EshiTextEncoder  *self);
EshiWeights          *eshi_text_encoder_get_weights (EshiTextEncoder *self);

/**
 * eshi_text_encoder_build:
 * @graph: an empty graph
 * @ids: i32 [n, t], an input of @graph; t at most the config's max_positions
 * @clip_skip: 1 takes the last layer's output, 2 the one before it, …; at most the number of layers
 * @tap: (nullable): see eshi-net.h; parts "embeddings", "encoder.layers.N"
 *
 * Returns: (nullable) (transfer none): the hidden state [n, t, hidden_size] after the final norm, in the graph's type;
 *   the caller marks it as an output
 */
EshiTensor           *eshi_text_encoder_build      (EshiTextEncoder  *self,
                                                    EshiGraph        *graph,
                                                    EshiTensor       *ids,
                                                    guint             clip_skip,
                                                    EshiNetTapFunc    tap,
                                                    gpointer          tap_data);

/**
 * eshi_text_encoder_build_rows:
 * @rows: f32 [n, t, hidden_size], an input of @graph: what the embeddings give, positions included
 *
 * As eshi_text_encoder_build(), without the embeddings.
 */
EshiTensor           *eshi_text_encoder_build_rows (EshiTextEncoder  *self,
                                                    EshiGraph        *graph,
                                                    EshiTensor       *rows,
                                                    guint             clip_skip);

/* Writes the embedding of @id, f32 [hidden_size], to @dst; @id is below vocab_size. */
void                  eshi_text_encoder_read_row   (EshiTextEncoder  *self,
                                                    guint             id,
                                                    float            *dst);

/* Adds that of position @position, which is below max_positions, to @dst. */
void                  eshi_text_encoder_add_position (EshiTextEncoder *self,
                                                    guint             position,
                                                    float            *dst);

G_END_DECLS
