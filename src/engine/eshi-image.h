/* eshi-image.h: a finished or half-finished picture: 8-bit pixels that never change.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib-object.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

#define ESHI_TYPE_IMAGE (eshi_image_get_type ())

/**
 * EshiImage:
 *
 * Boxed, reference counted, immutable. Layout [height, width, 3] u8, sRGB, rows tightly packed (stride = 3·width).
 *
 * Thread: any.
 */
typedef struct _EshiImage EshiImage;

ESHI_AVAILABLE
GType eshi_image_get_type (void);

/**
 * eshi_image_new:
 * @width: in pixels, 1 to 16384
 * @height: in pixels, 1 to 16384
 * @pixels: [height, width, 3] u8; exactly 3·width·height bytes
 *
 * Returns: (transfer full): a new image that holds a reference to @pixels
 */
ESHI_AVAILABLE
EshiImage *eshi_image_new (int     width,
                           int     height,
                           GBytes *pixels);

ESHI_AVAILABLE
EshiImage *eshi_image_ref (EshiImage *self);

ESHI_AVAILABLE
void eshi_image_unref (EshiImage *self);

ESHI_AVAILABLE
int eshi_image_get_width (const EshiImage *self);

ESHI_AVAILABLE
int eshi_image_get_height (const EshiImage *self);

/**
 * eshi_image_get_pixels:
 *
 * Returns: (transfer none): [height, width, 3] u8
 */
ESHI_AVAILABLE
GBytes *eshi_image_get_pixels (const EshiImage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiImage, eshi_image_unref)

G_END_DECLS
