/* eshi-upscale.h: small pictures made large for the screen.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gdk/gdk.h>

G_BEGIN_DECLS

/**
 * EshiUpscale:
 * @ESHI_UPSCALE_SMOOTH: Catmull-Rom: keeps edges crisp without blocks
 * @ESHI_UPSCALE_PIXELS: every pixel a square, to look at pixels
 */
typedef enum
{
  ESHI_UPSCALE_SMOOTH,
  ESHI_UPSCALE_PIXELS,
} EshiUpscale;

/**
 * eshi_upscale:
 * @texture: opaque
 * @factor: 1 to 16; at 1, @texture itself comes back
 *
 * Thread: any that may use @texture. Cost: about 20 ms per million pixels of the result.
 *
 * Returns: (transfer full): a texture of @factor times the width and height
 */
GdkTexture *eshi_upscale (GdkTexture  *texture,
                          int          factor,
                          EshiUpscale  kind);

G_END_DECLS
