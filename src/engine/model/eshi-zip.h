/* eshi-zip.h: the table of a ZIP archive whose entries are stored as they are.
 *
 * Believes only the central directory, and that only as far as it agrees with itself, the local headers and the size
 * of the file. Refuses compression, encryption, several disks, and entries that overlap or share a name. Compares a CRC
 * only where it is asked to: that reads the whole entry.
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
 * @crc: what the archive says its CRC-32 is; 0 where PyTorch was told not to compute it
 */
typedef struct
{
  char         *name;
  const guint8 *data;
  guint64       size;
  guint64       begin;
  guint64       end;
  guint32       crc;
} EshiZipEntry;

/* The entries of the archive @bytes, by place; they point into @bytes. @file is what messages call it. Thread: any.
 * Errors: MODEL_INVALID; UNSUPPORTED for compressed or encrypted entries. Returns: (transfer full): of EshiZipEntry. */
GArray *eshi_zip_read (GBytes      *bytes,
                       const char  *file,
                       GError     **error);

/* Whether the bytes of @entry still have the CRC-32 that the archive names; entries without one pass. Reads all of them,
 * some 0.4 GB a second, so it suits descriptions and not weights. Thread: any. Error: MODEL_INVALID. */
gboolean eshi_zip_entry_check (const EshiZipEntry *entry,
                               const char         *file,
                               GError            **error);

G_END_DECLS
