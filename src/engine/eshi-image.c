/* eshi-image.c: 8-bit pixels that never change, shared by reference between threads.
 *
 * Neither reads nor writes files, and never scales.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-image.h"

#define MAX_SIDE 16384

struct _EshiImage
{
  int     width;
  int     height;
  GBytes *pixels; /* [height, width, 3] u8 */
};

G_DEFINE_BOXED_TYPE (EshiImage, eshi_image, eshi_image_ref, eshi_image_unref)

EshiImage *
eshi_image_new (int     width,
                int     height,
                GBytes *pixels)
{
  EshiImage *self = NULL;

  g_return_val_if_fail (width >= 1 && width <= MAX_SIDE, NULL);
  g_return_val_if_fail (height >= 1 && height <= MAX_SIDE, NULL);
  g_return_val_if_fail (pixels != NULL, NULL);
  g_return_val_if_fail (g_bytes_get_size (pixels) == (gsize) 3 * width * height, NULL);

  self = g_atomic_rc_box_new0 (EshiImage);
  self->width = width;
  self->height = height;
  self->pixels = g_bytes_ref (pixels);

  return self;
}

EshiImage *
eshi_image_ref (EshiImage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
eshi_image_clear (gpointer data)
{
  EshiImage *self = data;

  g_bytes_unref (self->pixels);
}

void
eshi_image_unref (EshiImage *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, eshi_image_clear);
}

int
eshi_image_get_width (const EshiImage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->width;
}

int
eshi_image_get_height (const EshiImage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->height;
}

GBytes *
eshi_image_get_pixels (const EshiImage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->pixels;
}
