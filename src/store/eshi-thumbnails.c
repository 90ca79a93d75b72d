/* eshi-thumbnails.c: small copies of picture files, as the desktop keeps them.
 *
 * A thumbnail is a PNG file with the URI and the time of the picture as texts; one whose time is not the file's now is
 * made again. Deletes nothing: the desktop cleans its cache itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "eshi-picture-file.h"
#include "eshi-picture-png.h"
#include "eshi-picture-texts.h"
#include "eshi-thumbnails.h"

#define TIME_KEYWORD "Thumb::MTime"
#define URI_KEYWORD "Thumb::URI"

char *
eshi_thumbnail_path (const char *path)
{
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_MD5, uri != NULL ? uri : path, -1);
  g_autofree char *name = g_strconcat (sum, ".png", NULL);

  return g_build_filename (g_get_user_cache_dir (), "thumbnails", "large", name, NULL);
}

/* (transfer full) (nullable): the time of the file, as a thumbnail has it. */
static char *
time_of (const char *path)
{
  GStatBuf status;

  return g_stat (path, &status) == 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, (gint64) status.st_mtime) : NULL;
}

/* (transfer full) (nullable): the thumbnail in the file @thumbnail, if it is of @time. */
static EshiImage *
load_kept (const char *thumbnail,
           const char *time)
{
  g_autoptr(GHashTable) texts = NULL;
  g_autoptr(GBytes) bytes = NULL;
  char *contents = NULL;
  gsize n_bytes = 0;

  if (!g_file_get_contents (thumbnail, &contents, &n_bytes, NULL))
    return NULL;
  bytes = g_bytes_new_take (contents, n_bytes);
  texts = _eshi_picture_texts_read (bytes, NULL);
  if (texts == NULL || g_strcmp0 (g_hash_table_lookup (texts, TIME_KEYWORD), time) != 0)
    return NULL;

  return _eshi_png_decode (bytes, NULL);
}

/* The mean of the pixels [h, w, 3] that become the pixel @x, @y of one @to_width × @to_height. */
static void
average (const guint8 *src,
         int           width,
         int           height,
         guint8       *dst,
         int           to_width,
         int           to_height,
         int           x,
         int           y)
{
  int left = (int) ((gint64) x * width / to_width);
  int right = MAX ((int) ((gint64) (x + 1) * width / to_width), left + 1);
  int top = (int) ((gint64) y * height / to_height);
  int bottom = MAX ((int) ((gint64) (y + 1) * height / to_height), top + 1);
  guint n = (guint) (right - left) * (guint) (bottom - top);

  for (int c = 0; c < 3; c++)
    {
      guint64 sum = 0;

      for (int v = top; v < bottom; v++)
        for (int u = left; u < right; u++)
          sum += src[3 * ((gsize) v * width + u) + c];
      dst[3 * ((gsize) y * to_width + x) + c] = (guint8) ((sum + n / 2) / n);
    }
}

static EshiImage *
shrink (EshiImage *image)
{
  int width = eshi_image_get_width (image);
  int height = eshi_image_get_height (image);
  int longest = MAX (width, height);
  int to_width = MAX (1, width * ESHI_THUMBNAIL_SIZE / MAX (longest, ESHI_THUMBNAIL_SIZE));
  int to_height = MAX (1, height * ESHI_THUMBNAIL_SIZE / MAX (longest, ESHI_THUMBNAIL_SIZE));
  const guint8 *src = g_bytes_get_data (eshi_image_get_pixels (image), NULL);
  g_autoptr(GBytes) pixels = NULL;
  guint8 *dst = NULL;

  if (longest <= ESHI_THUMBNAIL_SIZE)
    return eshi_image_ref (image);

  dst = g_malloc ((gsize) 3 * to_width * to_height);
  for (int y = 0; y < to_height; y++)
    for (int x = 0; x < to_width; x++)
      average (src, width, height, dst, to_width, to_height, x, y);
  pixels = g_bytes_new_take (dst, (gsize) 3 * to_width * to_height);

  return eshi_image_new (to_width, to_height, pixels);
}

/* Keeps @image as the thumbnail of @path; whether that worked matters to nobody. */
static void
keep (EshiImage  *image,
      const char *path,
      const char *thumbnail,
      const char *time)
{
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  const EshiPngText texts[] = { { URI_KEYWORD, uri }, { TIME_KEYWORD, time } };
  g_autoptr(GBytes) bytes = uri != NULL ? _eshi_png_encode (image, texts, G_N_ELEMENTS (texts), NULL) : NULL;
  g_autofree char *folder = g_path_get_dirname (thumbnail);
  gsize n_bytes = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &n_bytes) : NULL;

  if (data == NULL || g_mkdir_with_parents (folder, 0700) != 0)
    return;

  /* Whole or not at all, but not at any price: it can be made again. */
  g_file_set_contents_full (thumbnail, data, (gssize) n_bytes, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
}

EshiImage *
eshi_thumbnail_load (const char  *path,
                     GError     **error)
{
  g_autofree char *thumbnail = NULL;
  g_autofree char *time = NULL;
  g_autoptr(EshiImage) whole = NULL;
  EshiImage *image = NULL;

  g_return_val_if_fail (path != NULL && g_path_is_absolute (path), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  thumbnail = eshi_thumbnail_path (path);
  time = time_of (path);
  if (time != NULL)
    image = load_kept (thumbnail, time);
  if (image != NULL)
    return image;

  whole = eshi_picture_file_load_image (path, error);
  if (whole == NULL)
    return NULL;
  image = shrink (whole);
  if (time != NULL)
    keep (image, path, thumbnail, time);

  return image;
}

static void
load_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  EshiImage *image = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  image = eshi_thumbnail_load (task_data, &error);
  if (image != NULL)
    g_task_return_pointer (task, image, (GDestroyNotify) eshi_image_unref);
  else
    g_task_return_error (task, error);
}

void
eshi_thumbnail_load_async (const char          *path,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_return_if_fail (path != NULL);

  g_task_set_source_tag (task, eshi_thumbnail_load_async);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, load_in_thread);
}

EshiImage *
eshi_thumbnail_load_finish (GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
