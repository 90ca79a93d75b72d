/* eshi-model-hash.h: which model it is, whatever it is called: the SHA-256 of its weights.
 *
 * Of a single file it is the file's own, whose first ten digits other programs write as "Model hash". Of a folder it is
 * that of the list which sha256sum prints for its weight files, by name: in the folder,
 *
 *   sha256sum text_encoder/model.safetensors unet/diffusion_pytorch_model.safetensors \
 *     vae/diffusion_pytorch_model.safetensors | sha256sum
 *
 * Files that are there but not loaded, and tokenizers and configurations, do not count. What a file hashed to is kept in
 * $XDG_CACHE_HOME/eshi/hashes until its size, time or inode changes.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-model-list.h"

G_BEGIN_DECLS

/* Digits that are shown and written for other programs to read. */
#define ESHI_MODEL_HASH_SHORT 10

/**
 * eshi_model_hash_compute:
 * @path: (nullable): a model folder or file; %NULL for the embedded one
 * @cancellable: (nullable): polled every megabyte
 *
 * Reads all weights that were not hashed before, some 1.5 GB a second, or a tenth of that on processors without instructions for it. Thread: any but main.
 *
 * Errors: MODEL_MISSING, MODEL_INVALID; G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): 64 hexadecimal digits
 */
ESHI_AVAILABLE
char *eshi_model_hash_compute (const char    *path,
                               GCancellable  *cancellable,
                               GError       **error);

/* What eshi_model_hash_compute() gives, if all of it is known; reads some small files only. Thread: any.
 * Returns: (transfer full) (nullable) */
ESHI_AVAILABLE
char *eshi_model_hash_lookup (const char *path);

/**
 * eshi_model_list_find:
 * @models: (element-type EshiModelInfo)
 * @hash: (nullable): what a picture says of its model's hash: all of it or its first digits, at least eight
 * @name: (nullable): the model's name there; a file name counts without its folder and ending
 *
 * The model whose hash, as far as it is known, begins with @hash; or else the one that is called @name. Thread: any.
 *
 * Returns: (transfer none) (nullable)
 */
ESHI_AVAILABLE
const EshiModelInfo *eshi_model_list_find (GPtrArray  *models,
                                           const char *hash,
                                           const char *name);

G_END_DECLS
