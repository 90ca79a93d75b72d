/* eshi-picture-png.h: pixels and texts as PNG in memory.
 *
 * Private to the store.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

/* A text of a PNG file: UTF-8, without NUL. */
typedef struct
{
  const char *keyword; /* Latin-1, 1 to 79 bytes */
  const char *text;
} EshiPngText;

/* (transfer full): a PNG file with @texts before the pixels. The same arguments give the same bytes. */
GBytes    *_eshi_png_encode (EshiImage          *image,
                             const EshiPngText  *texts,
                             guint               n_texts,
                             GError            **error);

/* (transfer full): the pixels; see eshi_picture_file_load_image(). */
EshiImage *_eshi_png_decode (GBytes             *file,
                             GError            **error);

G_END_DECLS
