/* eshi-picture-file-private.h: pictures on disk that are bytes already.
 *
 * Private to the store.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes the PNG file @bytes to @path; see eshi_picture_file_save(). */
gboolean _eshi_picture_file_write           (const char   *path,
                                             GBytes       *bytes,
                                             GError      **error);

/* Writes it under the next free name in @folder; see eshi_picture_file_save_in_folder(). (transfer full) */
char    *_eshi_picture_file_write_in_folder (const char   *folder,
                                             GBytes       *bytes,
                                             guint64       seed,
                                             GError      **error);

G_END_DECLS
