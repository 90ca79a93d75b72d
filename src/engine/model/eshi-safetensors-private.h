/* eshi-safetensors-private.h: what the scanner of the table hands to the reader.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-model-file.h"
#include "eshi-safetensors.h"

G_BEGIN_DECLS

#define ESHI_SAFETENSORS_MAX_RANK 8
#define ESHI_SAFETENSORS_MAX_HEADER 100000000

/* A type of the format. @dtype is ESHI_N_DTYPES where no op reads it. */
typedef struct
{
  const char *name;
  guint       bits;
  EshiDType   dtype;
} EshiSafetensorsType;

/* A row of the table. */
typedef struct
{
  char                      *name;
  const EshiSafetensorsType *type;
  guint                      rank;
  guint64                    dim[ESHI_SAFETENSORS_MAX_RANK];
  guint64                    begin;  /* bytes from the start of the data */
  guint64                    end;
  EshiTensor                *tensor; /* (nullable): see eshi_safetensors_lookup() */
} EshiSafetensorsItem;

/* Scans @header [size] UTF-8 bytes into @items (of EshiSafetensorsItem) and @metadata (of owned strings). Sizes and
 * offsets are not judged here. @file is what messages call the file. */
gboolean _eshi_safetensors_parse (const char  *header,
                                  gsize        size,
                                  const char  *file,
                                  GArray      *items,
                                  GHashTable  *metadata,
                                  GError     **error);

G_END_DECLS
