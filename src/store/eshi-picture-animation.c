/* eshi-picture-animation.c: pictures one after the other as an animated WebP file.
 *
 * Without loss, so that the last frame is the picture itself. It writes nothing of how the pictures were made.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include <webp/encode.h>
#include <webp/mux.h>

#include "eshi-picture-animation.h"
#include "eshi-picture-file-private.h"

#define LOSSLESS_LEVEL 3 /* of 9: twice the speed of the next one, a few per cent larger */

static gboolean
fail (GError **error)
{
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                       _("The steps could not be made into an animated WebP file, perhaps for want of memory; close other "
                         "programs and export them again."));
  return FALSE;
}

/* (transfer full): the pixels of @image, each repeated, as @width × @height. */
static guint8 *
enlarge (const EshiImage *image,
         int              width,
         int              height)
{
  const guint8 *src = g_bytes_get_data (eshi_image_get_pixels (image), NULL);
  int src_width = eshi_image_get_width (image);
  int src_height = eshi_image_get_height (image);
  guint8 *dst = g_malloc ((gsize) 3 * width * height);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        gsize from = (gsize) y * src_height / height * src_width + (gsize) x * src_width / width;
        gsize to = (gsize) y * width + x;

        for (guint c = 0; c < 3; c++)
          dst[3 * to + c] = src[3 * from + c];
      }
  return dst;
}

static gboolean
add_frame (WebPAnimEncoder *encoder,
           const EshiImage *image,
           int              width,
           int              height,
           int              at_ms)
{
  g_autofree guint8 *rgb = enlarge (image, width, height);
  WebPConfig config;
  WebPPicture picture;
  gboolean ok = WebPPictureInit (&picture) && WebPConfigInit (&config) &&
                WebPConfigLosslessPreset (&config, LOSSLESS_LEVEL);

  picture.use_argb = 1;
  picture.width = width;
  picture.height = height;
  ok = ok && WebPPictureImportRGB (&picture, rgb, 3 * width) &&
       WebPAnimEncoderAdd (encoder, &picture, at_ms, &config);
  WebPPictureFree (&picture);
  return ok;
}

/* Whether @images went into @encoder. */
static gboolean
add_frames (WebPAnimEncoder *encoder,
            GPtrArray       *images,
            int              width,
            int              height,
            int              frame_ms,
            int              last_ms)
{
  int n = (int) images->len;
  gboolean ok = TRUE;

  for (int i = 0; i < n && ok; i++)
    ok = add_frame (encoder, g_ptr_array_index (images, i), width, height, i * frame_ms);
  return ok && WebPAnimEncoderAdd (encoder, NULL, (n - 1) * frame_ms + last_ms, NULL);
}

gboolean
eshi_picture_animation_save (const char  *path,
                             GPtrArray   *images,
                             int          frame_ms,
                             int          last_ms,
                             GError     **error)
{
  const EshiImage *last = NULL;
  g_autoptr(GBytes) bytes = NULL;
  WebPAnimEncoder *encoder = NULL;
  WebPData data = { 0 };
  gboolean ok = FALSE;

  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (images != NULL && images->len > 0, FALSE);
  g_return_val_if_fail (frame_ms > 0 && last_ms > 0, FALSE);

  last = g_ptr_array_index (images, images->len - 1);
  encoder = WebPAnimEncoderNew (eshi_image_get_width (last), eshi_image_get_height (last), NULL);
  ok = encoder != NULL &&
       add_frames (encoder, images, eshi_image_get_width (last), eshi_image_get_height (last), frame_ms, last_ms) &&
       WebPAnimEncoderAssemble (encoder, &data);
  if (ok)
    bytes = g_bytes_new (data.bytes, data.size);
  WebPDataClear (&data);
  WebPAnimEncoderDelete (encoder);
  if (!ok)
    return fail (error);

  return _eshi_picture_file_write (path, bytes, error);
}
