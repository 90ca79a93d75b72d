/* test-picture-animation.c: steps as an animated WebP file, read back with libwebp's own decoder.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include <webp/demux.h>

#include "eshi-picture-animation.h"

/* Every pixel is another colour. */
static EshiImage *
create_image (int   width,
              int   height,
              guint n)
{
  gsize size = (gsize) 3 * width * height;
  guint8 *rgb = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    rgb[i] = (guint8) (i * 31 + n * 97);
  {
    g_autoptr(GBytes) pixels = g_bytes_new_take (rgb, size);

    return eshi_image_new (width, height, pixels);
  }
}

/* The frames are the pictures without loss, at their times; one that is smaller is shown with larger pixels. */
static void
test_frames (void)
{
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_image_unref);
  g_autofree char *folder = g_dir_make_tmp ("eshi-animation-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "工程.webp", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *file = NULL;
  gsize n_bytes = 0;
  WebPData data = { 0 };
  WebPAnimDecoder *decoder = NULL;
  WebPAnimInfo info;
  static const int times[] = { 100, 200, 1200 };

  g_ptr_array_add (images, create_image (4, 3, 1));
  g_ptr_array_add (images, create_image (32, 24, 2));
  g_ptr_array_add (images, create_image (32, 24, 3));
  g_assert_true (eshi_picture_animation_save (path, images, 100, 1000, &error));
  g_assert_no_error (error);

  g_assert_true (g_file_get_contents (path, &file, &n_bytes, &error));
  data = (WebPData) { (const uint8_t *) file, n_bytes };
  decoder = WebPAnimDecoderNew (&data, NULL);
  g_assert_nonnull (decoder);
  g_assert_true (WebPAnimDecoderGetInfo (decoder, &info));
  g_assert_cmpuint (info.frame_count, ==, 3);
  g_assert_cmpuint (info.canvas_width, ==, 32);
  g_assert_cmpuint (info.canvas_height, ==, 24);
  for (guint i = 0; i < 3; i++)
    {
      const guint8 *rgb = g_bytes_get_data (eshi_image_get_pixels (images->pdata[i]), NULL);
      guint8 *rgba = NULL;
      int at = 0;

      g_assert_true (WebPAnimDecoderGetNext (decoder, &rgba, &at));
      g_assert_cmpint (at, ==, times[i]);
      for (guint y = 0; y < 24; y++)
        for (guint x = 0; x < 32; x++)
          {
            const guint8 *from = i == 0 ? rgb + 3 * (y / 8 * 4 + x / 8) : rgb + 3 * (y * 32 + x);

            g_assert_cmpmem (rgba + 4 * (y * 32 + x), 3, from, 3);
          }
    }
  WebPAnimDecoderDelete (decoder);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_unwritable (void)
{
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_image_unref);
  g_autoptr(GError) error = NULL;

  g_ptr_array_add (images, create_image (8, 8, 1));
  g_assert_false (eshi_picture_animation_save ("/proc/nowhere/a.webp", images, 100, 1000, &error));
  g_assert_nonnull (error);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/animation/frames", test_frames);
  g_test_add_func ("/eshi/animation/unwritable", test_unwritable);
  return g_test_run ();
}
