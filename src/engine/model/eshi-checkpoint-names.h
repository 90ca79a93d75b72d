/* eshi-checkpoint-names.h: what single-file checkpoints call the tensors that diffusers folders hold.
 *
 * A single file, as CompVis' training scripts and most model shops give it, holds all networks under the names of the
 * original code. The names are translated one way only, from ours to the file's, so that nothing has to be guessed from
 * what a file happens to hold. Reads no file.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EshiCheckpointPart:
 * @ESHI_CHECKPOINT_UNET: "model.diffusion_model."
 * @ESHI_CHECKPOINT_UNET_EMA: the UNet's running average, "model_ema.", whose names lost their dots
 * @ESHI_CHECKPOINT_VAE: "first_stage_model."
 * @ESHI_CHECKPOINT_TEXT_ENCODER: "cond_stage_model.transformer."
 * @ESHI_CHECKPOINT_VAE_ALONE: the VAE in a file of its own, without a prefix
 */
typedef enum
{
  ESHI_CHECKPOINT_UNET,
  ESHI_CHECKPOINT_UNET_EMA,
  ESHI_CHECKPOINT_VAE,
  ESHI_CHECKPOINT_TEXT_ENCODER,
  ESHI_CHECKPOINT_VAE_ALONE,
} EshiCheckpointPart;

/* What all names of @part begin with: "model.diffusion_model.". */
const char *eshi_checkpoint_prefix (EshiCheckpointPart part);

/**
 * eshi_checkpoint_name:
 * @part: the network that @name belongs to
 * @name: a tensor as a diffusers folder of Stable Diffusion 1.x calls it: "down_blocks.0.resnets.1.conv1.weight"
 *
 * The same tensor's name in a single file, prefix included: "model.diffusion_model.input_blocks.2.0.in_layers.2.weight".
 * Counts four levels with two layers each, as every such file has them. A name that belongs to no block is only given
 * the prefix. 1 × 1 convolutions keep their trailing dimensions there: shapes differ by ones.
 *
 * Source: CompVis' layout as diffusers' scripts/convert_original_stable_diffusion_to_diffusers.py reads it.
 *
 * Returns: (transfer full)
 */
char       *eshi_checkpoint_name   (EshiCheckpointPart part,
                                    const char        *name);

G_END_DECLS
