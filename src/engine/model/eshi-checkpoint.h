/* eshi-checkpoint.h: a single file that holds a whole Stable Diffusion 1.x model, as model shops give it.
 *
 * Such a file brings no configuration: the networks' widths are read from the shapes of their tensors, everything else
 * is Stable Diffusion 1.4's. Holds no tokenizer, and does not say what the network predicts.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-text-encoder.h"
#include "eshi-unet.h"
#include "eshi-vae.h"

G_BEGIN_DECLS

typedef struct _EshiCheckpoint EshiCheckpoint;

/**
 * eshi_checkpoint_open:
 * @path: the file, of any extension: what it holds decides
 *
 * Maps the file and finds out whether it holds UNet, VAE and text encoder of Stable Diffusion 1.x.
 *
 * Errors: MODEL_MISSING, MODEL_INVALID; UNSUPPORTED for Stable Diffusion 2, SDXL, UNets with other inputs than those of
 * text to picture and inpainting, and files without a VAE or a text encoder, which are sentences that say which.
 *
 * Returns: (transfer full)
 */
EshiCheckpoint  *eshi_checkpoint_open              (const char      *path,
                                                    GError         **error);

void             eshi_checkpoint_free              (EshiCheckpoint  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiCheckpoint, eshi_checkpoint_free)

/* The networks, on tensors of the file, which stays mapped as long as one of them lives. Errors: MODEL_INVALID where
 * tensors are missing or of a wrong shape; UNSUPPORTED, also where there is no running average (EMA) of the UNet. A file
 * that holds nothing but the average has it as its UNet. (transfer full) */
EshiTextEncoder *eshi_checkpoint_load_text_encoder (EshiCheckpoint  *self,
                                                    GError         **error);
EshiUnet        *eshi_checkpoint_load_unet         (EshiCheckpoint  *self,
                                                    GError         **error);
EshiUnet        *eshi_checkpoint_load_unet_ema     (EshiCheckpoint  *self,
                                                    GError         **error);
EshiVae         *eshi_checkpoint_load_vae          (EshiCheckpoint  *self,
                                                    EshiVaeParts     parts,
                                                    GError         **error);

/* Rows of the token embedding: 49408 for CLIP's vocabulary, 32000 for japanese-stable-diffusion's. */
guint            eshi_checkpoint_get_vocab_size    (EshiCheckpoint  *self);

G_END_DECLS
