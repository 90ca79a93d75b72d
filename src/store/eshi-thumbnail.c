/* eshi-thumbnail.c: small pictures of picture files, kept where the desktop keeps them.
 *
 * Deletes nothing: a thumbnail whose file has changed is replaced, and cleaning up is the desktop's matter.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <math.h>

#include "eshi-picture-file.h"
#include "eshi-picture-png.h"
#include "eshi-picture-texts.h"
#include "eshi-thumbnail.h"

#define URI_KEYWORD "Thumb::URI"
#define TIME_KEYWORD "Thumb::MTIME"

char *
eshi_thumbnail_dup_cache_path (const char *path)
{
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autofree char *digest = NULL;
  g_autofree char *name = NULL;

  g_return_val_if_fail (uri != NULL, NULL);

  digest = g_compute_checksum_for_string (G_CHECKSUM_MD5, uri, -1);
  name = g_strconcat (digest, ".png", NULL);
  return g_build_filename (g_get_user_cache_dir (), "thumbnails", "large", name, NULL);
}

/* --- shrinking --------------------------------------------------------------------------------------------------- */

/* Shares of the @n_src pixels of a line in @n_dst longer ones: dst pixel i covers src [i·r, (i+1)·r). Adds the line
 * @src [n_src, 3] u8 to @dst [n_dst, 3], each pixel times @weight. */
static void
add_line (const guint8 *src,
          int           n_src,
          double       *dst,
          int           n_dst,
          double        weight)
{
  double ratio = (double) n_src / n_dst;

  for (int i = 0; i < n_dst; i++)
    {
      double from = i * ratio;
      double to = MIN ((i + 1) * ratio, n_src);

      for (int x = (int) from; x < to; x++)
        {
          double share = (MIN (x + 1, to) - MAX (x, from)) * weight;

          for (int c = 0; c < 3; c++)
            dst[i * 3 + c] += src[x * 3 + c] * share;
        }
    }
}

static void
shrink_rows (const guint8 *src,
             int           src_width,
             int           src_height,
             guint8       *dst,
             int           width,
             int           height)
{
  g_autofree double *line = g_new (double, (gsize) width * 3);
  double ratio = (double) src_height / height;
  double area = ratio * src_width / width;

  for (int i = 0; i < height; i++)
    {
      double from = i * ratio;
      double to = MIN ((i + 1) * ratio, src_height);

      memset (line, 0, sizeof (double) * (gsize) width * 3);
      for (int y = (int) from; y < to; y++)
        add_line (src + (gsize) y * src_width * 3, src_width, line, width, MIN (y + 1, to) - MAX (y, from));
      for (int j = 0; j < width * 3; j++)
        dst[(gsize) i * width * 3 + j] = (guint8) CLAMP (lrint (line[j] / area), 0, 255);
    }
}

EshiImage *
eshi_thumbnail_shrink (EshiImage *image,
                       int        max_side)
{
  g_autoptr(GBytes) pixels = NULL;
  guint8 *dst;
  int src_width;
  int src_height;
  int side;
  int width;
  int height;

  g_return_val_if_fail (image != NULL, NULL);
  g_return_val_if_fail (max_side > 0, NULL);

  src_width = eshi_image_get_width (image);
  src_height = eshi_image_get_height (image);
  side = MAX (src_width, src_height);
  if (side <= max_side)
    return eshi_image_ref (image);
  width = MAX ((int) lrint ((double) src_width * max_side / side), 1);
  height = MAX ((int) lrint ((double) src_height * max_side / side), 1);
  dst = g_malloc ((gsize) width * height * 3);
  shrink_rows (g_bytes_get_data (eshi_image_get_pixels (image), NULL), src_width, src_height, dst, width, height);
  pixels = g_bytes_new_take (dst, (gsize) width * height * 3);
  return eshi_image_new (width, height, pixels);
}

/* --- keeping ----------------------------------------------------------------------------------------------------- */

/* The kept thumbnail, unless it is of another file, or of another state of this one. (transfer full) (nullable) */
static EshiImage *
load_kept (const char *cache_path,
           const char *uri,
           const char *time)
{
  g_autoptr(GMappedFile) map = g_mapped_file_new (cache_path, FALSE, NULL);
  g_autoptr(GBytes) file = map != NULL ? g_mapped_file_get_bytes (map) : NULL;
  g_autoptr(GHashTable) texts = file != NULL ? _eshi_picture_texts_read (file, NULL) : NULL;
  g_autoptr(EshiImage) image = NULL;

  if (texts == NULL ||
      g_strcmp0 (g_hash_table_lookup (texts, URI_KEYWORD), uri) != 0 ||
      g_strcmp0 (g_hash_table_lookup (texts, TIME_KEYWORD), time) != 0)
    return NULL;
  image = _eshi_png_decode (file, NULL);
  return image != NULL ? eshi_thumbnail_shrink (image, ESHI_THUMBNAIL_SIZE) : NULL;
}

static void
keep (EshiImage  *image,
      const char *cache_path,
      const char *uri,
      const char *time)
{
  const EshiPngText texts[] = { { URI_KEYWORD, uri }, { TIME_KEYWORD, time } };
  g_autoptr(GBytes) file = _eshi_png_encode (image, texts, G_N_ELEMENTS (texts), NULL);
  g_autofree char *folder = g_path_get_dirname (cache_path);
  gsize n_bytes = 0;
  const char *bytes;

  if (file == NULL || g_mkdir_with_parents (folder, 0700) != 0)
    return;
  bytes = g_bytes_get_data (file, &n_bytes);
  g_file_set_contents_full (cache_path, bytes, (gssize) n_bytes, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
}

EshiImage *
eshi_thumbnail_load (const char    *path,
                     GCancellable  *cancellable,
                     GError       **error)
{
  g_autofree char *cache_path = NULL;
  g_autofree char *uri = NULL;
  g_autofree char *time = NULL;
  g_autoptr(EshiImage) image = NULL;
  EshiImage *thumbnail;
  GStatBuf status;

  g_return_val_if_fail (path != NULL && g_path_is_absolute (path), NULL);

  uri = g_filename_to_uri (path, NULL, error);
  if (uri == NULL)
    return NULL;
  cache_path = eshi_thumbnail_dup_cache_path (path);
  if (g_stat (path, &status) == 0)
    {
      time = g_strdup_printf ("%" G_GINT64_FORMAT, (gint64) status.st_mtime);
      thumbnail = load_kept (cache_path, uri, time);
      if (thumbnail != NULL)
        return thumbnail;
    }
  image = eshi_picture_file_load_image (path, error);
  if (image == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  thumbnail = eshi_thumbnail_shrink (image, ESHI_THUMBNAIL_SIZE);
  if (thumbnail != image && time != NULL)
    keep (thumbnail, cache_path, uri, time);
  return thumbnail;
}
