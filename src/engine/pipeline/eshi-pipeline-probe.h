/* eshi-pipeline-probe.h: one stage of a model on given tensors, for comparing numbers with other implementations.
 *
 * Tensors in the files are f32 and channels first, as in the reference; ids are i64. See the stages in eshi-probe.h.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-backend.h"

G_BEGIN_DECLS

/**
 * eshi_pipeline_probe:
 * @folder: a model folder that holds at least the component that @stage needs
 * @backend: an open backend
 * @stage: "text" (ids i64 [n, t] → hidden), "unet" (latent, context, timestep → output), "vae-encode" (image → mean,
 *   logvar) or "vae-decode" (z → image)
 * @input: safetensors file with the stage's inputs
 * @output: safetensors file to write; untouched after an error
 *
 * Errors: INVALID_ARGUMENT for an unknown stage or inputs that do not fit it; those of loading and running a model.
 */
gboolean eshi_pipeline_probe (const char    *folder,
                              EshiBackend   *backend,
                              const char    *stage,
                              const char    *input,
                              const char    *output,
                              GCancellable  *cancellable,
                              GError       **error);

G_END_DECLS
