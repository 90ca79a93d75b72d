/* eshi-safetensors.h: reads and writes the safetensors format: a JSON table of tensors, then their bytes.
 *
 * The reader maps the file and trusts nothing in it: every rule of the format is checked before a tensor is handed
 * out. It refuses to interpret the tensors, and to read big-endian or sub-byte data.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-error.h"
#include "eshi-tensor.h"

G_BEGIN_DECLS

typedef struct _EshiSafetensors EshiSafetensors;

/**
 * eshi_safetensors_open:
 * @path: name of a file, in the encoding of file names
 *
 * Maps @path and checks its whole table. The tensors' bytes are not read until they are used.
 *
 * Errors: MODEL_MISSING, MODEL_INVALID, UNSUPPORTED; each one sentence that names the file and, where there is one, the
 * tensor. Thread: any; the object may then be read from several threads.
 *
 * Returns: (transfer full): free with eshi_safetensors_free()
 */
EshiSafetensors  *eshi_safetensors_open         (const char       *path,
                                                 GError          **error);

/**
 * eshi_safetensors_new_for_bytes:
 * @bytes: a whole file's contents
 * @name: what messages call it
 *
 * As eshi_safetensors_open(), for bytes that are in memory already. Holds a reference to @bytes.
 */
EshiSafetensors  *eshi_safetensors_new_for_bytes (GBytes          *bytes,
                                                  const char      *name,
                                                  GError         **error);

void              eshi_safetensors_free         (EshiSafetensors  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiSafetensors, eshi_safetensors_free)

/* Tensors in the table, those of types that no op can read included. */
guint             eshi_safetensors_get_n        (EshiSafetensors  *self);

/* Name of tensor @index, in the order of their bytes. (transfer none) */
const char       *eshi_safetensors_get_name     (EshiSafetensors  *self,
                                                 guint             index);

/**
 * eshi_safetensors_lookup:
 *
 * The tensor's shape has the file's dimensions; where there are more than four, leading dimensions of size 1 are
 * dropped. NULL also for tensors that stay above four dimensions or whose type is none of EshiDType; these may lie in a
 * file, but no network here uses one.
 *
 * Returns: (nullable) (transfer none): the tensor, over the mapped file; valid as long as @self
 */
EshiTensor       *eshi_safetensors_lookup       (EshiSafetensors  *self,
                                                 const char       *name);

/* The format's name of the type of tensor @name, "F16", also where eshi_safetensors_lookup() gives NULL because of it;
 * NULL if there is no such tensor. (transfer none) */
const char       *eshi_safetensors_get_type_name (EshiSafetensors *self,
                                                  const char      *name);

/* Whether the file is still as long as it was: reading beyond the end of a mapped file kills the program. Called
 * before the weights are read. Error: MODEL_INVALID. */
gboolean          eshi_safetensors_check_unchanged (EshiSafetensors *self,
                                                    GError         **error);

/* Bytes of the file. */
gsize             eshi_safetensors_get_bytes    (EshiSafetensors  *self);

/* Value of @key in the file's own "__metadata__"; (nullable) (transfer none). */
const char       *eshi_safetensors_get_metadata (EshiSafetensors  *self,
                                                 const char       *key);

/**
 * EshiSafetensorsEntry:
 * @name: name of the tensor
 * @dtype: its type
 * @rank: dimensions, 0 to 8
 * @dim: [rank] sizes
 * @data: [dim…] elements, row-major; borrowed
 */
typedef struct
{
  const char   *name;
  EshiDType     dtype;
  guint         rank;
  const gint64 *dim;
  const void   *data;
} EshiSafetensorsEntry;

/**
 * eshi_safetensors_write:
 * @path: where to; replaced only once everything is on disk, untouched after an error
 * @entries: (array length=n_entries): tensors in the order they are to be written
 *
 * Errors: those of g_file_set_contents_full().
 */
gboolean          eshi_safetensors_write        (const char                  *path,
                                                 const EshiSafetensorsEntry  *entries,
                                                 guint                        n_entries,
                                                 GError                     **error);

G_END_DECLS
