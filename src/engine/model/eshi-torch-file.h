/* eshi-torch-file.h: the tensors in a file of PyTorch (.bin, .ckpt, .pt), read without running what it says.
 *
 * Reads the ZIP form of PyTorch 1.6 and later and the form before it. The tensors are those of the dict at the top, or
 * of its "state_dict" or "string_to_param" if it has one; everything else in the file is left alone. Refuses files that would run programs,
 * and tensors that lie outside of their storage.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-error.h"
#include "eshi-tensor.h"

G_BEGIN_DECLS

typedef struct _EshiTorchFile EshiTorchFile;

/**
 * eshi_torch_file_open:
 * @path: name of a file, in the encoding of file names
 *
 * Maps @path and checks where each tensor lies. The tensors' bytes are not read until they are used; only those that
 * lie transposed, or in the other byte order, are copied here.
 *
 * Errors: MODEL_MISSING, MODEL_INVALID, UNSUPPORTED. Thread: any; the object may then be read from several threads.
 *
 * Returns: (transfer full): free with eshi_torch_file_free()
 */
EshiTorchFile *eshi_torch_file_open            (const char     *path,
                                                GError        **error);

/* As eshi_torch_file_open(), for the whole contents @bytes of a file that messages call @name. Holds a reference to
 * @bytes. */
EshiTorchFile *eshi_torch_file_new_for_bytes   (GBytes         *bytes,
                                                const char     *name,
                                                GError        **error);

void           eshi_torch_file_free            (EshiTorchFile  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiTorchFile, eshi_torch_file_free)

/* Tensors by name, those included that no op can read. */
guint          eshi_torch_file_get_n           (EshiTorchFile  *self);

/* Name of tensor @index, in the order of the file. (transfer none) */
const char    *eshi_torch_file_get_name        (EshiTorchFile  *self,
                                                guint           index);

/* Tensor @name, with at most four dimensions (leading ones of size 1 are dropped); NULL where there is none, or none
 * that an EshiTensor can describe. (nullable) (transfer none): valid as long as @self. */
EshiTensor    *eshi_torch_file_lookup          (EshiTorchFile  *self,
                                                const char     *name);

/* Type of tensor @name, in the words of safetensors where these have one: "F16", "I8", "torch._utils _rebuild_…";
 * NULL if there is no such tensor. (transfer none) */
const char    *eshi_torch_file_get_type_name   (EshiTorchFile  *self,
                                                const char     *name);

/* Whether the file holds objects of unknown classes, which were ignored. */
gboolean       eshi_torch_file_has_unknown     (EshiTorchFile  *self);

/* See eshi_model_file_check_unchanged(). */
gboolean       eshi_torch_file_check_unchanged (EshiTorchFile  *self,
                                                GError        **error);

/* Bytes of the file. */
gsize          eshi_torch_file_get_bytes       (EshiTorchFile  *self);

G_END_DECLS
