/* eshi-watermark.h: a text hidden in a picture's colours, as CompVis' scripts hide it.
 *
 * It says to who looks for it that a machine painted the picture. It withstands little: scaling or cutting the picture
 * removes it, and so does anybody who wants to. No secret and no proof of anything.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/* What is hidden: the bytes that CompVis' txt2img.py writes, and with it most of Stable Diffusion 1.x. */
#define ESHI_WATERMARK_TEXT "StableDiffusionV1"

/* Side of the smallest square that takes it; other shapes need as many pixels. */
#define ESHI_WATERMARK_MIN_SIDE 256

/* Whether a picture of @width × @height pixels is large enough. Thread: any. */
gboolean    eshi_watermark_fits   (guint         width,
                                   guint         height);

/**
 * eshi_watermark_embed:
 * @rgb: [height, width, 3] u8, changed in place
 * @width: pixels, 1 to 16384; together with @height enough for eshi_watermark_fits()
 * @height: likewise
 *
 * Hides %ESHI_WATERMARK_TEXT, byte for byte as the package invisible-watermark does it with its method "dwtDct". The
 * whole picture goes through 8-bit YUV and back, which alone changes pixels by one or two. The same picture always
 * gives the same bytes. Takes one byte a pixel of memory meanwhile. Thread: any.
 */
void        eshi_watermark_embed  (guint8       *rgb,
                                   guint         width,
                                   guint         height);

/**
 * eshi_watermark_decode:
 * @rgb: [height, width, 3] u8
 * @bytes: (out caller-allocates): [n_bytes], what the picture says, which is noise where nothing was hidden
 * @n_bytes: length of the text looked for; the picture does not know it
 *
 * Thread: any.
 */
void        eshi_watermark_decode (const guint8 *rgb,
                                   guint         width,
                                   guint         height,
                                   guint8       *bytes,
                                   guint         n_bytes);

/**
 * eshi_watermark_find:
 * @rgb: [height, width, 3] u8
 *
 * Looks for the texts that are known to be hidden in this way: CompVis' and that of Stable Diffusion 2. A few
 * bits may be wrong, so that light noise does not matter; in very smooth pictures even the original's reader finds
 * nothing. Thread: any.
 *
 * Returns: (nullable) (transfer none): the text found, a static string
 */
ESHI_AVAILABLE
const char *eshi_watermark_find   (const guint8 *rgb,
                                   guint         width,
                                   guint         height);

G_END_DECLS
