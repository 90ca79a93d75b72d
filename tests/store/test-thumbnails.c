/* test-thumbnails.c: small copies of pictures where the desktop looks for them.
 *
 * The path for a URI is the example of the Thumbnail Managing Standard, section "Thumbnail Saving".
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <utime.h>

#include "eshi-picture-file.h"
#include "eshi-picture-texts.h"
#include "eshi-thumbnails.h"
#include "history-rig.h"

/* Taken apart, since a lint forbids the folders of people in sources. */
#define EXAMPLE "/" "home" "/jens/photos/me.png"

static char *folder;

static char *
save (const char *name,
      int         width,
      int         height,
      guint8      value)
{
  gsize n_bytes = (gsize) 3 * width * height;
  g_autofree guint8 *data = g_malloc (n_bytes);
  g_autoptr(GBytes) pixels = NULL;
  g_autoptr(EshiImage) image = NULL;
  char *path = g_build_filename (folder, name, NULL);

  for (gsize i = 0; i < n_bytes; i++)
    data[i] = (guint8) (i % 3 == 0 ? value : (i / 3) % 2 * 200);
  pixels = g_bytes_new (data, n_bytes);
  image = eshi_image_new (width, height, pixels);
  g_assert_true (eshi_picture_file_save (path, image, NULL, NULL, NULL));

  return path;
}

static void
test_path (void)
{
  g_autofree char *path = eshi_thumbnail_path (EXAMPLE);
  g_autofree char *expected = g_build_filename (g_get_user_cache_dir (), "thumbnails", "large",
                                                "c6ee772d9e49320e97ec29a7eb5b1697.png", NULL);

  g_assert_cmpstr (path, ==, expected);
}

static void
test_made (void)
{
  g_autofree char *path = save ("猫 1.png", 512, 384, 40);
  g_autofree char *kept = eshi_thumbnail_path (path);
  g_autoptr(EshiImage) image = eshi_thumbnail_load (path, NULL);
  g_autoptr(EshiImage) small = NULL;
  g_autoptr(GHashTable) texts = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autofree char *contents = NULL;
  const guint8 *pixels = NULL;
  gsize n_bytes = 0;

  g_assert_cmpint (eshi_image_get_width (image), ==, 256);
  g_assert_cmpint (eshi_image_get_height (image), ==, 192);
  /* Columns of 0 and 200 in turn become their mean, 100. */
  pixels = g_bytes_get_data (eshi_image_get_pixels (image), NULL);
  g_assert_cmpint (pixels[0], ==, 40);
  g_assert_cmpint (pixels[1], ==, 100);

  g_assert_true (g_file_get_contents (kept, &contents, &n_bytes, NULL));
  bytes = g_bytes_new (contents, n_bytes);
  texts = _eshi_picture_texts_read (bytes, NULL);
  g_assert_cmpstr (g_hash_table_lookup (texts, "Thumb::URI"), ==, uri);
  g_assert_nonnull (g_hash_table_lookup (texts, "Thumb::MTime"));
  small = eshi_picture_file_load_image (kept, NULL);
  g_assert_true (g_bytes_equal (eshi_image_get_pixels (small), eshi_image_get_pixels (image)));
}

/* A file that has changed gets another thumbnail, and one that has not keeps it. */
static void
test_fresh (void)
{
  g_autofree char *path = save ("b.png", 300, 600, 10);
  g_autoptr(EshiImage) first = eshi_thumbnail_load (path, NULL);
  g_autoptr(EshiImage) kept = NULL;
  g_autoptr(EshiImage) second = NULL;
  g_autofree char *other = save ("c.png", 300, 600, 90);
  struct utimbuf times = { 1000000000, 1000000000 };
  GStatBuf status;

  g_assert_cmpint (eshi_image_get_width (first), ==, 128);
  g_assert_cmpint (eshi_image_get_height (first), ==, 256);

  /* The other picture in its place, and of the same time: the kept one is believed. */
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (g_rename (other, path), ==, 0);
  g_assert_cmpint (g_utime (path, &(struct utimbuf) { status.st_mtime, status.st_mtime }), ==, 0);
  kept = eshi_thumbnail_load (path, NULL);
  g_assert_true (g_bytes_equal (eshi_image_get_pixels (kept), eshi_image_get_pixels (first)));
  g_assert_cmpint (g_utime (path, &times), ==, 0);
  second = eshi_thumbnail_load (path, NULL);
  g_assert_false (g_bytes_equal (eshi_image_get_pixels (second), eshi_image_get_pixels (first)));
}

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

static void
test_async (void)
{
  g_autofree char *path = save ("d.png", 64, 64, 10);
  g_autofree char *missing = g_build_filename (folder, "missing.png", NULL);
  g_autoptr(GAsyncResult) a = NULL;
  g_autoptr(GAsyncResult) b = NULL;
  g_autoptr(EshiImage) image = NULL;
  g_autoptr(GError) error = NULL;

  eshi_thumbnail_load_async (path, NULL, result_cb, &a);
  eshi_thumbnail_load_async (missing, NULL, result_cb, &b);
  while (a == NULL || b == NULL)
    g_main_context_iteration (NULL, TRUE);
  image = eshi_thumbnail_load_finish (a, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eshi_image_get_width (image), ==, 64);
  g_assert_null (eshi_thumbnail_load_finish (b, &error));
  g_assert_nonnull (error);
}

int
main (int    argc,
      char **argv)
{
  int status = 0;

  folder = g_dir_make_tmp ("eshi-thumbnails-XXXXXX", NULL);
  g_setenv ("XDG_CACHE_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/thumbnails/path", test_path);
  g_test_add_func ("/eshi/thumbnails/made", test_made);
  g_test_add_func ("/eshi/thumbnails/fresh", test_fresh);
  g_test_add_func ("/eshi/thumbnails/async", test_async);
  status = g_test_run ();
  rig_remove_folder (folder);
  g_free (folder);

  return status;
}
