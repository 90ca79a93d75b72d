/* test-picture-export.c: copies as JPEG and WebP: what other decoders see, and how they were made.
 *
 * Decoded by libjpeg and libwebp, not by code of ours. The comment is read by our reader, which has its own tests against
 * files of other writers.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <webp/decode.h>

#include "eshi-picture-export.h"
#include "eshi-picture-file.h"
#include "eshi-picture-texts.h"
#include "history-rig.h"

#define SIDE 64

/* Smooth in all three colours, as pictures mostly are. */
static EshiImage *
make_image (void)
{
  guint8 *data = g_malloc (3 * SIDE * SIDE);
  g_autoptr(GBytes) pixels = NULL;

  for (guint i = 0; i < SIDE * SIDE; i++)
    {
      data[3 * i] = (guint8) (3 * (i % SIDE));
      data[3 * i + 1] = (guint8) (3 * (i / SIDE));
      data[3 * i + 2] = (guint8) (255 - (i % SIDE) - (i / SIDE));
    }
  pixels = g_bytes_new_take (data, 3 * SIDE * SIDE);

  return eshi_image_new (SIDE, SIDE, pixels);
}

/* [SIDE, SIDE, 3] out of a JPEG file. */
static guint8 *
decode_jpeg (GBytes *file)
{
  struct jpeg_decompress_struct codec;
  struct jpeg_error_mgr manager;
  guint8 *pixels = g_malloc (3 * SIDE * SIDE);

  codec.err = jpeg_std_error (&manager);
  jpeg_create_decompress (&codec);
  jpeg_mem_src (&codec, g_bytes_get_data (file, NULL), g_bytes_get_size (file));
  g_assert_cmpint (jpeg_read_header (&codec, TRUE), ==, JPEG_HEADER_OK);
  g_assert_cmpuint (codec.image_width, ==, SIDE);
  g_assert_cmpuint (codec.image_height, ==, SIDE);
  jpeg_start_decompress (&codec);
  while (codec.output_scanline < SIDE)
    {
      JSAMPROW row = pixels + (gsize) 3 * SIDE * codec.output_scanline;

      jpeg_read_scanlines (&codec, &row, 1);
    }
  jpeg_finish_decompress (&codec);
  jpeg_destroy_decompress (&codec);

  return pixels;
}

static guint8 *
decode_webp (GBytes *file)
{
  guint8 *pixels = g_malloc (3 * SIDE * SIDE);
  int width = 0;
  int height = 0;
  guint8 *decoded = WebPDecodeRGB (g_bytes_get_data (file, NULL), g_bytes_get_size (file), &width, &height);

  g_assert_nonnull (decoded);
  g_assert_cmpint (width, ==, SIDE);
  g_assert_cmpint (height, ==, SIDE);
  memcpy (pixels, decoded, 3 * SIDE * SIDE);
  WebPFree (decoded);

  return pixels;
}

/* The mean difference must be below what an eye can see in a smooth picture, two levels of 255; a wrong stride, channel
 * order or range gives tens. */
static void
test_pixels (gconstpointer data)
{
  EshiPictureFormat format = GPOINTER_TO_INT (data);
  g_autoptr(EshiImage) image = make_image ();
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) file = eshi_picture_export_encode (image, NULL, NULL, format, ESHI_PICTURE_QUALITY, &error);
  g_autofree guint8 *decoded = NULL;
  const guint8 *original = g_bytes_get_data (eshi_image_get_pixels (image), NULL);
  guint sum = 0;

  g_assert_no_error (error);
  decoded = format == ESHI_PICTURE_JPEG ? decode_jpeg (file) : decode_webp (file);
  for (guint i = 0; i < 3 * SIDE * SIDE; i++)
    sum += (guint) abs (decoded[i] - original[i]);
  g_test_message ("mean difference %.3f", sum / (3.0 * SIDE * SIDE));
  g_assert_cmpuint (sum, <, 2 * 3 * SIDE * SIDE);
}

static void
test_settings (gconstpointer data)
{
  g_autoptr(EshiImage) image = make_image ();
  g_autoptr(EshiSettings) settings = rig_make_settings ("猫の肖像画 油絵 🍣\n二行目");
  g_autofree char *parameters = eshi_settings_to_parameters (settings, "豆");
  g_autoptr(GBytes) file = eshi_picture_export_encode (image, settings, "豆", GPOINTER_TO_INT (data), 80, NULL);
  g_autoptr(GHashTable) texts = _eshi_picture_texts_read (file, NULL);

  g_assert_cmpstr (g_hash_table_lookup (texts, "UserComment"), ==, parameters);
}

/* Too long for a JPEG file: the picture is worth more than its comment. */
static void
test_long (void)
{
  g_autoptr(EshiImage) image = make_image ();
  g_autofree char *prompt = g_strnfill (100000, 'a');
  g_autoptr(EshiSettings) settings = rig_make_settings (prompt);
  g_autoptr(GBytes) file = eshi_picture_export_encode (image, settings, NULL, ESHI_PICTURE_JPEG, 80, NULL);
  g_autofree guint8 *decoded = decode_jpeg (file);

  g_assert_nonnull (decoded);
}

static void
test_names (void)
{
  EshiPictureFormat format = ESHI_PICTURE_PNG;

  g_assert_true (eshi_picture_format_from_name ("JPG", &format));
  g_assert_cmpint (format, ==, ESHI_PICTURE_JPEG);
  g_assert_true (eshi_picture_format_from_name ("webp", &format));
  g_assert_cmpstr (eshi_picture_format_get_suffix (format), ==, "webp");
  g_assert_false (eshi_picture_format_from_name ("gif", &format));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/eshi/export/jpeg/pixels", GINT_TO_POINTER (ESHI_PICTURE_JPEG), test_pixels);
  g_test_add_data_func ("/eshi/export/webp/pixels", GINT_TO_POINTER (ESHI_PICTURE_WEBP), test_pixels);
  g_test_add_data_func ("/eshi/export/jpeg/settings", GINT_TO_POINTER (ESHI_PICTURE_JPEG), test_settings);
  g_test_add_data_func ("/eshi/export/webp/settings", GINT_TO_POINTER (ESHI_PICTURE_WEBP), test_settings);
  g_test_add_func ("/eshi/export/long", test_long);
  g_test_add_func ("/eshi/export/names", test_names);

  return g_test_run ();
}
