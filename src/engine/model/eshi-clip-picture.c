/* eshi-clip-picture.c: resizes, cuts, normalises. The numbers are CLIP's own, which every safety checker was trained with.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-clip-picture.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-error.h"
#include "eshi-resize.h"

#define MAX_SIDE 16384

static guint8 *
cut (const guint8 *src,
     guint         src_width,
     guint         left,
     guint         top,
     guint         size)
{
  guint8 *dst = g_new (guint8, (gsize) 3 * size * size);

  for (guint y = 0; y < size; y++)
    memcpy (dst + (gsize) 3 * y * size, src + 3 * ((gsize) (top + y) * src_width + left), (gsize) 3 * size);
  return dst;
}

guint8 *
eshi_clip_picture_crop (const guint8  *rgb,
                        guint          width,
                        guint          height,
                        guint          size,
                        GError       **error)
{
  guint shorter = MIN (width, height);
  guint64 longer = 0;
  guint new_width = 0;
  guint new_height = 0;
  g_autofree guint8 *resized = NULL;

  g_return_val_if_fail (rgb != NULL, NULL);
  g_return_val_if_fail (width > 0 && height > 0 && size > 0, NULL);

  longer = (guint64) size * MAX (width, height) / shorter;
  if (longer > MAX_SIDE)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("A picture of %u × %u pixels is too narrow to be looked at; choose another size."), width, height);
      return NULL;
    }

  new_width = width == shorter ? size : (guint) longer;
  new_height = height == shorter ? size : (guint) longer;
  resized = eshi_resize (rgb, width, height, 3, new_width, new_height, ESHI_RESIZE_BICUBIC, error);
  if (resized == NULL)
    return NULL;
  return cut (resized, new_width, (new_width - size) / 2, (new_height - size) / 2, size);
}

void
eshi_clip_picture_patches (const guint8 *square,
                           guint         size,
                           guint         patch,
                           float        *patches)
{
  static const float mean[3] = { 0.48145466f, 0.4578275f, 0.40821073f };
  static const float deviation[3] = { 0.26862954f, 0.26130258f, 0.27577711f };

  g_return_if_fail (square != NULL && patches != NULL);
  g_return_if_fail (patch > 0 && size % patch == 0);

  for (guint top = 0; top < size; top += patch)
    for (guint left = 0; left < size; left += patch)
      for (guint c = 0; c < 3; c++)
        for (guint y = top; y < top + patch; y++)
          for (guint x = left; x < left + patch; x++)
            *patches++ = ((float) square[3 * ((gsize) y * size + x) + c] / 255.0f - mean[c]) / deviation[c];
}
