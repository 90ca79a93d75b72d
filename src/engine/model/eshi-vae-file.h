/* eshi-vae-file.h: an autoencoder that came without a model: a folder, or a single file under any of three namings.
 *
 * Does not know which model it is for.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-vae.h"

G_BEGIN_DECLS

/**
 * eshi_vae_file_load:
 * @path: a folder as diffusers writes it, a model folder that holds one as "vae", or a file, safetensors or PyTorch by
 *   its content, whose tensors are called "first_stage_model.decoder.…" (also a whole model), "decoder.up.…" or
 *   "decoder.up_blocks.…"
 * @parts: what must be there
 *
 * A single file's widths are read from its tensors, everything else is Stable Diffusion 1.4's.
 *
 * Errors: MODEL_MISSING; MODEL_INVALID for damage, missing and misshapen tensors; UNSUPPORTED for files that hold no VAE
 * and those of other kinds of models. Sentences that name the file.
 *
 * Returns: (transfer full)
 */
EshiVae *eshi_vae_file_load (const char    *path,
                             EshiVaeParts   parts,
                             GError       **error);

G_END_DECLS
