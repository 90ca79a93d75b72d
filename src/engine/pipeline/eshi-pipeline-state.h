/* eshi-pipeline-state.h: an unfinished picture as bytes, so that it survives the program.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-pipeline-private.h"

G_BEGIN_DECLS

#define ESHI_STATE_KEY_BYTES 32

/**
 * EshiState:
 * @index: which picture of the batch
 * @n_done: calls of the network that it has had
 * @x: f32 [4, h, w]: its latents; owned
 * @rng: where its noise stands; owned
 * @scheduler: for eshi_scheduler_restore(); owned
 *
 * To be cleared. Zeros are no picture.
 */
typedef struct
{
  guint    index;
  guint    n_done;
  float   *x;
  EshiRng *rng;
  GBytes  *scheduler;
} EshiState;

/**
 * _eshi_state_make_key:
 * @params: resolved
 * @key: (out): what the model, its backend and @params must be for a state to fit: a SHA-256. Of weight files it knows
 *   names, sizes and times, of the input picture every byte
 *
 * Costs reading the input picture once.
 */
void     _eshi_state_make_key (EshiPipeline             *pipeline,
                               const EshiPipelineParams *params,
                               guint8                    key[ESHI_STATE_KEY_BYTES]);

/**
 * _eshi_state_save:
 * @x: f32 [n]: the latents between two calls of the network
 * @rng: the generator of this picture
 * @scheduler: between the same two calls
 *
 * Returns: (transfer full): bytes for _eshi_state_read(): 3 KB and at most six times the latents
 */
GBytes  *_eshi_state_save     (const guint8              key[ESHI_STATE_KEY_BYTES],
                               guint                     index,
                               guint                     n_done,
                               const float              *x,
                               gsize                     n,
                               const EshiRng            *rng,
                               const EshiScheduler      *scheduler);

/**
 * _eshi_state_read:
 * @self: (out): to be cleared in any case
 * @bytes: perhaps what _eshi_state_save() returned, perhaps anything
 * @key: (nullable): that of the call that goes on; %NULL where that may be another picture's
 * @n: elements of the latents
 *
 * The scheduler's part is not judged here. Error: %ESHI_ERROR_INVALID_ARGUMENT, a sentence that says what was wrong and
 * that the picture was begun anew.
 */
gboolean _eshi_state_read     (EshiState                *self,
                               GBytes                   *bytes,
                               const guint8              key[ESHI_STATE_KEY_BYTES],
                               gsize                     n,
                               GError                  **error);

/* Whether @bytes are whole, of this version and of @key. */
gboolean _eshi_state_has_key  (GBytes                   *bytes,
                               const guint8              key[ESHI_STATE_KEY_BYTES]);

void     _eshi_state_clear    (EshiState                *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiState, _eshi_state_clear)

G_END_DECLS
