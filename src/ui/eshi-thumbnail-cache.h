/* eshi-thumbnail-cache.h: small pictures for views, read on threads and held in memory for a while.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ESHI_TYPE_THUMBNAIL_CACHE (eshi_thumbnail_cache_get_type ())

/**
 * EshiThumbnailCache:
 *
 * What was asked for last is read first, so that a view that is scrolled fast shows the place where it stopped.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiThumbnailCache, eshi_thumbnail_cache, ESHI, THUMBNAIL_CACHE, GObject)

EshiThumbnailCache *eshi_thumbnail_cache_new (void);

/* Returns: (transfer none) (nullable): the thumbnail of @path if it is in memory */
GdkTexture *eshi_thumbnail_cache_lookup (EshiThumbnailCache *self,
                                         const char         *path);

/**
 * eshi_thumbnail_cache_load_async:
 * @path: absolute path of a PNG file
 * @cancellable: (nullable): a call that is cancelled before its turn costs nothing
 *
 * Finish with eshi_thumbnail_cache_load_finish().
 */
void eshi_thumbnail_cache_load_async (EshiThumbnailCache  *self,
                                      const char          *path,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);

/* Errors: as from eshi_thumbnail_load(). Returns: (transfer full): no side above ESHI_THUMBNAIL_SIZE */
GdkTexture *eshi_thumbnail_cache_load_finish (EshiThumbnailCache  *self,
                                              GAsyncResult        *result,
                                              GError             **error);

G_END_DECLS
