/* eshi-blur.h: a plane of bytes made soft.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eshi_blur:
 * @src: [height, width] u8
 * @width: at least 1
 * @height: at least 1
 * @sigma: standard deviation of the Gaussian in pixels, above 0 to 64
 *
 * Convolves with a Gaussian, integrated over each pixel and cut off at three @sigma. Beyond the edges the outermost values go on, so
 * that a plane of one value stays what it is.
 *
 * Thread: any. Cost: about 12·@sigma multiplications a pixel.
 *
 * Returns: (transfer full): [height, width] u8, for g_free()
 */
guint8 *eshi_blur (const guint8 *src,
                   int           width,
                   int           height,
                   double        sigma);

G_END_DECLS
