/* eshi-picture-file-private.h: pictures on disk that are bytes already.
 *
 * Private to the store.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

/* What a file gets its name from: see eshi-picture-name.h. A plain value that owns nothing. */
typedef struct
{
  const char         *pattern;    /* (nullable) */
  const EshiSettings *settings;   /* (nullable) */
  const char         *model_name; /* (nullable) */
} EshiNaming;

/* Writes the PNG file @bytes to @path; see eshi_picture_file_save(). */
gboolean _eshi_picture_file_write           (const char   *path,
                                             GBytes       *bytes,
                                             GError      **error);

/* Writes it under the next free name in @folder; see eshi_picture_file_save_in_folder(). (transfer full) */
char    *_eshi_picture_file_write_in_folder (const char        *folder,
                                             GBytes            *bytes,
                                             const EshiNaming  *naming,
                                             GError           **error);

G_END_DECLS
