/* eshi-picture-animation.h: pictures one after the other as an animated WebP file.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

/**
 * eshi_picture_animation_save:
 * @path: file to write, which is replaced whole
 * @images: (element-type EshiImage): 1 or more; all become as large as the last one, a pixel for a pixel or repeated
 * @frame_ms: how long each is shown, above 0
 * @last_ms: how long the last one is, before it begins again
 *
 * Thread: any; takes some tenths of a second for each picture. Errors: %ESHI_ERROR_FAILED when it cannot be encoded, and
 * those of writing, as eshi_picture_file_save().
 *
 * Returns: whether the file is there
 */
gboolean eshi_picture_animation_save (const char  *path,
                                      GPtrArray   *images,
                                      int          frame_ms,
                                      int          last_ms,
                                      GError     **error);

G_END_DECLS
