/* eshi-thumbnail.h: small pictures of picture files, kept where the desktop keeps them.
 *
 * The files follow the freedesktop.org Thumbnail Managing Standard, so that the file manager and Eshi use each other's.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>
#include <libeshi-engine.h>

G_BEGIN_DECLS

/* Pixels of the longer side; the standard's size "large". */
#define ESHI_THUMBNAIL_SIZE 256

/**
 * eshi_thumbnail_load:
 * @path: absolute path of a PNG file
 * @cancellable: (nullable): looked at between reading and shrinking
 *
 * The kept thumbnail if it is of this very file, else a new one, which is kept; a picture that is no larger is its own
 * thumbnail. That keeping it failed is no error. Thread: any; blocks: below 1 ms for a kept one.
 *
 * Errors: as from eshi_picture_file_load_image(); %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): [h, w, 3] u8, neither side above %ESHI_THUMBNAIL_SIZE
 */
EshiImage *eshi_thumbnail_load (const char    *path,
                                GCancellable  *cancellable,
                                GError       **error);

/**
 * eshi_thumbnail_shrink:
 * @image: [h, w, 3] u8
 * @max_side: greater than 0
 *
 * The mean of the area that each pixel covers, in the numbers of the file. Thread: any.
 *
 * Returns: (transfer full): the picture with its longer side @max_side, or itself if that is no longer
 */
EshiImage *eshi_thumbnail_shrink (EshiImage *image,
                                  int        max_side);

/* Where the thumbnail of @path is kept. (transfer full) */
char *eshi_thumbnail_dup_cache_path (const char *path);

G_END_DECLS
