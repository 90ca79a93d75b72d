/* eshi-wallpaper.h: a picture as the desktop's wallpaper.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * eshi_wallpaper_set_async:
 * @file: a picture on this computer
 *
 * Asks the desktop's portal, which shows the artist what it would look like; where there is none, sets GNOME's own
 * setting. Thread: main. Finish with eshi_wallpaper_set_finish().
 */
void eshi_wallpaper_set_async (GFile               *file,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data);

/* Errors: %G_IO_ERROR_CANCELLED when the artist thought better of it; %G_IO_ERROR_NOT_SUPPORTED when this desktop has no
 * way to do it; else those of the bus and of the disk. Returns: whether it is the wallpaper now */
gboolean eshi_wallpaper_set_finish (GAsyncResult  *result,
                                    GError       **error);

G_END_DECLS
