/* eshi-thumbnails.h: small copies of picture files, as the desktop keeps them.
 *
 * By the Thumbnail Managing Standard of freedesktop.org: 256 pixels, in "thumbnails/large" of the user's cache, named by
 * the MD5 sum of the file's URI and holding that URI and the file's time. File managers show ours, and we theirs.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>
#include <libeshi-engine.h>

G_BEGIN_DECLS

#define ESHI_THUMBNAIL_SIZE 256

/**
 * eshi_thumbnail_path:
 * @path: absolute path of a picture file
 *
 * Returns: (transfer full): where its thumbnail is, or will be
 */
char *eshi_thumbnail_path (const char *path);

/**
 * eshi_thumbnail_load:
 * @path: absolute path of a PNG file
 *
 * Its thumbnail, made and kept if there is none of the file as it is now. A thumbnail that cannot be kept is made all
 * the same. Thread: any; blocks for as long as the disk takes. Errors: as from eshi_picture_file_load_image().
 *
 * Returns: (transfer full): [h, w, 3], neither side longer than %ESHI_THUMBNAIL_SIZE
 */
EshiImage *eshi_thumbnail_load (const char  *path,
                                GError     **error);

/* The same on a thread of GLib's pool; what is cancelled before its turn costs nothing. Thread: main. Finish with
 * eshi_thumbnail_load_finish(). */
void eshi_thumbnail_load_async (const char          *path,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);

/* Returns: (transfer full): the thumbnail */
EshiImage *eshi_thumbnail_load_finish (GAsyncResult  *result,
                                       GError       **error);

G_END_DECLS
