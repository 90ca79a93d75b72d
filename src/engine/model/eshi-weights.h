/* eshi-weights.h: the weights of one component of a model folder, whatever files they lie in.
 *
 * Finds the file (or the files of a sharded model), recognises those that this program cannot read and says what they
 * are, and looks tensors up under the names that models have used over the years. Knows nothing of networks.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-checkpoint-names.h"
#include "eshi-safetensors.h"

G_BEGIN_DECLS

typedef struct _EshiWeights EshiWeights;

/**
 * eshi_weights_open:
 * @folder: folder of the component: "…/unet"
 * @stem: name of the weight file without extension: "model", "diffusion_pytorch_model"
 *
 * Tries STEM.safetensors, STEM.fp16.safetensors, STEM.non_ema.safetensors and the index of a sharded model, in this
 * order, and then the same with .bin, where "model" becomes "pytorch_model". What is in a file is told by its first
 * bytes and not by its name.
 *
 * Errors: MODEL_MISSING, MODEL_INVALID, UNSUPPORTED.
 *
 * Returns: (transfer full)
 */
EshiWeights *eshi_weights_open   (const char   *folder,
                                  const char   *stem,
                                  GError      **error);

/* Names of the files in @folder that eshi_weights_open() reads, sorted: one, or the shards of a model. Reads no weights.
 * Errors: MODEL_MISSING, MODEL_INVALID. Returns: (transfer full) (element-type filename) */
GPtrArray   *eshi_weights_list_files (const char  *folder,
                                      const char  *stem,
                                      GError     **error);

/* The tensors of the one file @path, safetensors or PyTorch by its content. Errors as above. Returns: (transfer full) */
EshiWeights *eshi_weights_open_file (const char *path,
                                     GError    **error);

/* The tensors of network @part in the single file @file, under the names of a folder; the two share the mapped file. */
EshiWeights *eshi_weights_new_part (EshiWeights        *file,
                                    EshiCheckpointPart  part);

/* The tensors of one file that is open already; takes @file over. @folder is what messages call it. */
EshiWeights *eshi_weights_new    (EshiSafetensors *file,
                                  const char      *folder);

void         eshi_weights_free   (EshiWeights  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiWeights, eshi_weights_free)

/* Tensor @name as the file has it, or under its older or newer spelling; (nullable) (transfer none). */
EshiTensor  *eshi_weights_lookup (EshiWeights  *self,
                                  const char   *name);

/* Names of all tensors as the files have them, file by file; (transfer container) (element-type utf8): the names belong
 * to @self. */
GPtrArray   *eshi_weights_list_names (EshiWeights *self);
/**
 * eshi_weights_edit:
 *
 * The values of tensor @name as f32 [its shape], to be changed in place: a copy, which eshi_weights_lookup() gives
 * instead of the file's tensor from now on. Asked for again, it is the same copy. To be called while no graph uses the
 * weights.
 *
 * Returns: (transfer none) (nullable): NULL if there is no such tensor or no memory for the copy
 */
float       *eshi_weights_edit   (EshiWeights  *self,
                                  const char   *name);

/* Frees all copies that eshi_weights_edit() has made: the weights are the files' again, bit for bit. To be called while
 * no graph uses them. */
void         eshi_weights_restore (EshiWeights *self);

/* The stored type of tensor @name, "F8_E4M3", also where no op can read it; NULL if there is no such tensor. */
const char  *eshi_weights_get_type_name (EshiWeights *self,
                                         const char  *name);

/* See eshi_safetensors_check_unchanged(). */
gboolean     eshi_weights_check_unchanged (EshiWeights  *self,
                                           GError      **error);

/* What messages call the component: its folder. (transfer none) */
const char  *eshi_weights_get_folder (EshiWeights *self);

/* Bytes of all files; a single file counts for its UNet alone. */
gsize        eshi_weights_get_bytes (EshiWeights *self);

G_END_DECLS
