/* eshi-zip.h: the table of a ZIP archive whose entries are stored as they are.
 *
 * Believes only the central directory, and that only as far as it agrees with itself, the local headers and the size
 * of the file. Refuses compression, encryption, several disks, and entries that overlap or share a name. Checks no
 * CRC: that would read the whole file.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-model-file.h"

G_BEGIN_DECLS

/**
 * EshiZipEntry:
 * @name: UTF-8, unique in the archive
 * @data: [size] bytes inside the archive, not aligned
 * @begin: where its local header begins
 * @end: where its bytes end
 */
typedef struct
{
  char         *name;
  const guint8 *data;
  guint64       size;
  guint64       begin;
  guint64       end;
} EshiZipEntry;

/* The entries of the archive @bytes, by place; they point into @bytes. @file is what messages call it. Thread: any.
 * Errors: MODEL_INVALID; UNSUPPORTED for compressed or encrypted entries. Returns: (transfer full): of EshiZipEntry. */
GArray *eshi_zip_read (GBytes      *bytes,
                       const char  *file,
                       GError     **error);

G_END_DECLS
