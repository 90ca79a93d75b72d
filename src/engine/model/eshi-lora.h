/* eshi-lora.h: a LoRA: a file of small changes to a network's weights, and their merging into it.
 *
 * For each layer the file holds two factors: W' = W + weight · (alpha / r) · up · down. The network's own file is never
 * written to, and its weights come back bit for bit with eshi_weights_restore(). Refuses, in words, the relatives that
 * are no product of two factors (DoRA, LoHa, LoKr, …) and files made for networks of other widths.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-lora-names.h"
#include "eshi-safetensors.h"
#include "eshi-weights.h"

G_BEGIN_DECLS

typedef struct _EshiLora EshiLora;

/**
 * eshi_lora_open:
 * @path: a safetensors file, in the encoding of file names
 *
 * Opens the file and judges it alone: that it is a LoRA, of a kind that can be merged, with both factors of each layer,
 * whose ranks agree. Thread: any.
 *
 * Errors: those of eshi_safetensors_open(); MODEL_INVALID, UNSUPPORTED.
 *
 * Returns: (transfer full): free with eshi_lora_free()
 */
EshiLora *eshi_lora_open  (const char       *path,
                           GError          **error);

/* The same for a file that is open already; takes @file over, also after an error. @name is what messages call it. */
EshiLora *eshi_lora_new   (EshiSafetensors  *file,
                           const char       *name,
                           GError          **error);

void      eshi_lora_free  (EshiLora         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiLora, eshi_lora_free)

/* Layers of @part that the file changes. */
guint     eshi_lora_count (EshiLora         *self,
                           EshiLoraPart      part);

/**
 * eshi_lora_merge:
 * @part: whose layers are meant
 * @table: the layers of that network
 * @weights: its weights
 * @weight: how strongly; 0 changes nothing, below 0 goes the other way
 *
 * Adds the changes of @part to @weights, in f32. Layers that the network does not have are left out and remembered for
 * eshi_lora_dup_note(). After an error some layers are changed: call eshi_weights_restore().
 *
 * Errors: MODEL_INVALID (shapes that do not fit, results that are no numbers), UNSUPPORTED (made for Stable Diffusion 2
 * or XL), OUT_OF_MEMORY. Cost: r multiplications per weight; a second or so for a whole UNet.
 */
gboolean  eshi_lora_merge (EshiLora         *self,
                           EshiLoraPart      part,
                           EshiLoraTable    *table,
                           EshiWeights      *weights,
                           double            weight,
                           GError          **error);

/* Layers that eshi_lora_merge() has changed so far, also with weight 0. */
guint     eshi_lora_get_n_merged (EshiLora  *self);

/* (transfer full) (nullable): a sentence about the tensors that were left out so far, with their number and the first
 * few names; NULL if there were none. */
char     *eshi_lora_dup_note (EshiLora      *self);

G_END_DECLS
