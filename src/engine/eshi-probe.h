/* eshi-probe.h: one stage of a model on given tensors, so that numbers can be compared with other implementations.
 *
 * Tensors are f32, NCHW as in the reference implementation; files are safetensors.
 *
 *   text        ids i64 [1, n] → hidden [1, n, d]
 *   unet        latent [b, 4, h, w], context [b, n, d], timestep [1] → output [b, 4, h, w]
 *   vae-encode  image [1, 3, h, w] in −1..1 → mean, logvar [1, 4, h/8, w/8]
 *   vae-decode  z [1, 4, h, w] as given to post_quant_conv → image [1, 3, 8h, 8w]
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-macros.h"
#include "eshi-rng-kind.h"

G_BEGIN_DECLS

/**
 * eshi_probe_stage:
 * @model: (nullable): a model folder, which need hold only the component that @stage uses; %NULL for the embedded one
 * @stage: "text", "unet", "vae-encode" or "vae-decode"
 * @input: a safetensors file with the stage's inputs
 * @output: a safetensors file to write; nothing is left there after an error
 * @backend: (nullable): as for eshi_engine_new()
 * @precision: "auto", "f32" or "half"
 *
 * Runs in the calling thread.
 */
ESHI_AVAILABLE
gboolean eshi_probe_stage (const char    *model,
                           const char    *stage,
                           const char    *input,
                           const char    *output,
                           const char    *backend,
                           const char    *precision,
                           GCancellable  *cancellable,
                           GError       **error);

/**
 * eshi_probe_noise:
 * @shape: (array length=rank): 1 to 8 dimensions, product at most 2²⁸
 *
 * Writes "noise" [shape] f32, drawn from @seed, to @output.
 */
ESHI_AVAILABLE
gboolean eshi_probe_noise (guint64        seed,
                           EshiRngKind    rng,
                           const gint64  *shape,
                           guint          rank,
                           const char    *output,
                           GError       **error);

G_END_DECLS
