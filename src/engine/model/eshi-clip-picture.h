/* eshi-clip-picture.h: a picture of any size as CLIP's tower for pictures takes it: a square of fixed size, in patches.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eshi_clip_picture_crop:
 * @rgb: [height, width, 3] u8
 * @width: pixels, 1 to 16384
 * @height: likewise
 * @size: side of the square, 1 to 4096
 *
 * The shorter side is resized to @size by Pillow's bicubic filter, the longer one in proportion, and the middle cut out;
 * where one pixel more is cut on one side, it is the bottom or the right. Byte for byte what transformers' feature
 * extractor makes of the picture before it divides, at least since version 4.21; that of 2021 cut more at the top and at
 * the left. Thread: any.
 *
 * Errors: INVALID_ARGUMENT for a picture so narrow that the longer side would be over 16384; OUT_OF_MEMORY.
 *
 * Returns: (transfer full): [size, size, 3] u8
 */
guint8 *eshi_clip_picture_crop    (const guint8  *rgb,
                                   guint          width,
                                   guint          height,
                                   guint          size,
                                   GError       **error);

/**
 * eshi_clip_picture_patches:
 * @square: [size, size, 3] u8
 * @size: a multiple of @patch
 * @patch: side of a patch
 * @patches: (out caller-allocates): f32 [(size / patch)², 3 · patch²], patches row by row; within one the red values
 *   row by row, then the green, then the blue, as a convolution's weights [out, 3, patch, patch] lie
 *
 * Colours from 0 to 1, minus CLIP's mean and divided by its deviation. Thread: any.
 */
void    eshi_clip_picture_patches (const guint8  *square,
                                   guint          size,
                                   guint          patch,
                                   float         *patches);

G_END_DECLS
