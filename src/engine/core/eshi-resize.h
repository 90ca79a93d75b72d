/* eshi-resize.h: 8-bit pictures in other sizes, byte for byte as Pillow makes them.
 *
 * A seed gives the same picture as elsewhere only if the picture that it starts from has the same bytes. Neither
 * cuts nor turns, and knows nothing of colour spaces: bytes are averaged as they are.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EshiResizeFilter:
 * @ESHI_RESIZE_NEAREST: the pixel below the middle; makes no new values, for masks
 * @ESHI_RESIZE_BICUBIC: cubic with a = −0.5, support 2
 * @ESHI_RESIZE_LANCZOS: windowed sine, support 3
 *
 * The last two widen their support where they shrink, so that nothing flickers.
 */
typedef enum
{
  ESHI_RESIZE_NEAREST,
  ESHI_RESIZE_BICUBIC,
  ESHI_RESIZE_LANCZOS,
} EshiResizeFilter;

/**
 * eshi_resize:
 * @src: [src_height, src_width, channels] u8
 * @src_width: pixels, 1 to 16384
 * @src_height: likewise
 * @channels: 1 to 4
 * @width: pixels of the result, 1 to 16384
 * @height: likewise
 *
 * Rows first, then columns, each rounded to 8 bits, in fixed point of 22 bits. Thread: any.
 *
 * Errors: %ESHI_ERROR_OUT_OF_MEMORY.
 *
 * Returns: (transfer full): [height, width, channels] u8, for g_free(); %NULL with @error set
 */
guint8 *eshi_resize (const guint8      *src,
                     guint              src_width,
                     guint              src_height,
                     guint              channels,
                     guint              width,
                     guint              height,
                     EshiResizeFilter   filter,
                     GError           **error);

/* @rgb [n_pixels, 3] u8 as brightness, (19595·R + 38470·G + 7471·B + 2¹⁵) / 2¹⁶: @grey [n_pixels] u8; may be @rgb. */
void    eshi_rgb_to_grey (const guint8 *rgb,
                          gsize         n_pixels,
                          guint8       *grey);

G_END_DECLS
