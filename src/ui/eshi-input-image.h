/* eshi-input-image.h: pictures from outside, made into what the engine can start from.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>
#include <libeshi-engine.h>

G_BEGIN_DECLS

/* No picture that Eshi paints is larger; what comes in is made smaller to fit. */
#define ESHI_INPUT_SIDE_MAX 2048

/* Lays @pixbuf on white. Thread: any. (transfer full): [h, w, 3] u8 */
EshiImage *eshi_input_image_from_pixbuf (GdkPixbuf *pixbuf);

/**
 * eshi_input_image_load:
 * @file: any kind of picture that GdkPixbuf reads, up to 256 MiB and 16384 pixels a side
 *
 * Turned upright as its EXIF orientation says, laid on white where it is transparent, colours taken as sRGB, and made
 * smaller to fit %ESHI_INPUT_SIDE_MAX.
 *
 * Errors: %G_IO_ERROR codes when it cannot be read; %ESHI_ERROR_INVALID_ARGUMENT when it is no picture, or too large.
 * Thread: any; blocks.
 *
 * Returns: (transfer full): the picture
 */
EshiImage *eshi_input_image_load (GFile         *file,
                                  GCancellable  *cancellable,
                                  GError       **error);

/* The same on a thread of its own. */
void eshi_input_image_load_async (GFile               *file,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);

/**
 * eshi_input_image_convert_async:
 * @texture: as it comes from the clipboard or a drag
 *
 * Makes a picture of it, laid on white and made smaller like a file's, on a thread of its own.
 */
void eshi_input_image_convert_async (GdkTexture          *texture,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);

/* Ends either. Returns: (transfer full): the picture; %NULL with @error set as from eshi_input_image_load() */
EshiImage *eshi_input_image_finish (GAsyncResult  *result,
                                    GError       **error);

G_END_DECLS
