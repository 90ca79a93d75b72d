/* eshi-input-image.c: pictures from outside, made into what the engine can start from.
 *
 * A file is judged by its head before its pixels are unpacked. What cannot be read is refused in words; nothing here
 * guesses, and nothing runs on the main loop.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-input-image.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_FILE_BYTES (256 * 1024 * 1024)
#define MAX_SIDE 16384
#define CHUNK_BYTES (64 * 1024)

/* --- pixels ------------------------------------------------------------------------------------------------------ */

EshiImage *
eshi_input_image_from_pixbuf (GdkPixbuf *pixbuf)
{
  int width = gdk_pixbuf_get_width (pixbuf);
  int height = gdk_pixbuf_get_height (pixbuf);
  int n_channels = gdk_pixbuf_get_n_channels (pixbuf);
  gsize stride = (gsize) gdk_pixbuf_get_rowstride (pixbuf);
  const guint8 *src = gdk_pixbuf_read_pixels (pixbuf);
  guint8 *rgb = g_malloc ((gsize) width * height * 3);
  guint8 *dst = rgb;
  g_autoptr(GBytes) bytes = NULL;

  for (int y = 0; y < height; y++)
    {
      for (int x = 0; x < width; x++, dst += 3)
        {
          const guint8 *pixel = src + y * stride + (gsize) x * n_channels;
          guint alpha = n_channels == 4 ? pixel[3] : 255;

          for (int c = 0; c < 3; c++)
            dst[c] = (guint8) ((pixel[c] * alpha + 255 * (255 - alpha) + 127) / 255);
        }
    }
  bytes = g_bytes_new_take (rgb, (gsize) width * height * 3);
  return eshi_image_new (width, height, bytes);
}

static void
fit (int *width,
     int *height)
{
  double scale = (double) ESHI_INPUT_SIDE_MAX / MAX (*width, *height);

  if (scale >= 1)
    return;
  *width = MAX ((int) (*width * scale + 0.5), 1);
  *height = MAX ((int) (*height * scale + 0.5), 1);
}

static EshiImage *
image_from_texture (GdkTexture *texture)
{
  int width = gdk_texture_get_width (texture);
  int height = gdk_texture_get_height (texture);
  g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_get_from_texture (texture);
  g_autoptr(GdkPixbuf) small = NULL;

  if (pixbuf == NULL)
    return NULL;
  fit (&width, &height);
  if (width == gdk_pixbuf_get_width (pixbuf) && height == gdk_pixbuf_get_height (pixbuf))
    return eshi_input_image_from_pixbuf (pixbuf);
  small = gdk_pixbuf_scale_simple (pixbuf, width, height, GDK_INTERP_BILINEAR);
  return small != NULL ? eshi_input_image_from_pixbuf (small) : NULL;
}

/* --- files ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  int width;    /* as the file says */
  int height;
} Head;

static void
on_size_prepared_cb (GdkPixbufLoader *loader,
                     int              width,
                     int              height,
                     gpointer         user_data)
{
  Head *head = user_data;

  *head = (Head) { width, height };
  if (width > MAX_SIDE || height > MAX_SIDE)
    {
      /* Nothing is unpacked then. */
      gdk_pixbuf_loader_set_size (loader, 0, 0);
      return;
    }
  fit (&width, &height);
  gdk_pixbuf_loader_set_size (loader, width, height);
}

static gboolean
write_all (GdkPixbufLoader  *loader,
           const Head       *head,
           GBytes           *bytes,
           GCancellable     *cancellable,
           GError          **error)
{
  gsize n_bytes;
  const guint8 *data = g_bytes_get_data (bytes, &n_bytes);

  for (gsize i = 0; i < n_bytes; i += CHUNK_BYTES)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !gdk_pixbuf_loader_write (loader, data + i, MIN (CHUNK_BYTES, n_bytes - i), error))
        return FALSE;
      if (head->width > MAX_SIDE || head->height > MAX_SIDE)
        return FALSE;
    }
  return TRUE;
}

/* A PNG without its end, of which the loader makes a picture that is black from somewhere on. */
static gboolean
is_cut_off (GBytes *bytes)
{
  gsize n_bytes;
  const char *data = g_bytes_get_data (bytes, &n_bytes);

  return n_bytes >= 4 && memcmp (data, "\x89PNG", 4) == 0 && memmem (data, n_bytes, "IEND", 4) == NULL;
}

/* In the place of what the loader says, which is English jargon or nothing. */
static void
explain (GError     **error,
         const Head  *head,
         const char  *name)
{
  if (*error != NULL && (*error)->domain == G_IO_ERROR)
    return;
  g_clear_error (error);
  if (head->width > MAX_SIDE || head->height > MAX_SIDE)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("“%s” is %d × %d pixels. Eshi takes pictures of up to %d pixels a side; make it smaller first."),
                   name, head->width, head->height, MAX_SIDE);
      return;
    }
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("“%s” cannot be read as a picture. Choose another file, such as a PNG or a JPEG."), name);
}

static EshiImage *
decode (GBytes        *bytes,
        const char    *name,
        GCancellable  *cancellable,
        GError       **error)
{
  g_autoptr(GdkPixbufLoader) loader = gdk_pixbuf_loader_new ();
  g_autoptr(GdkPixbuf) upright = NULL;
  g_autoptr(GError) reason = NULL;
  Head head = { 0, 0 };
  gboolean done;

  g_signal_connect (loader, "size-prepared", G_CALLBACK (on_size_prepared_cb), &head);
  done = write_all (loader, &head, bytes, cancellable, &reason);
  /* A loader must be closed, and says only once what is wrong. */
  done = gdk_pixbuf_loader_close (loader, reason == NULL ? &reason : NULL) && done && !is_cut_off (bytes);
  if (done && gdk_pixbuf_loader_get_pixbuf (loader) != NULL)
    upright = gdk_pixbuf_apply_embedded_orientation (gdk_pixbuf_loader_get_pixbuf (loader));
  if (upright != NULL)
    return eshi_input_image_from_pixbuf (upright);
  explain (&reason, &head, name);
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

static gboolean
check_file_size (GFile         *file,
                 const char    *name,
                 GCancellable  *cancellable,
                 GError       **error)
{
  g_autoptr(GFileInfo) info = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE,
                                                  cancellable, error);

  if (info == NULL)
    return FALSE;
  if (g_file_info_get_size (info) <= MAX_FILE_BYTES)
    return TRUE;
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("“%s” is larger than 256 MiB. Save it as a PNG or a JPEG, or make it smaller first."), name);
  return FALSE;
}

EshiImage *
eshi_input_image_load (GFile         *file,
                       GCancellable  *cancellable,
                       GError       **error)
{
  g_autofree char *base = NULL;
  g_autofree char *name = NULL;
  g_autoptr(GBytes) bytes = NULL;

  g_return_val_if_fail (G_IS_FILE (file), NULL);

  base = g_file_get_basename (file);
  name = g_filename_display_name (base);
  if (!check_file_size (file, name, cancellable, error))
    return NULL;
  bytes = g_file_load_bytes (file, cancellable, NULL, error);
  return bytes != NULL ? decode (bytes, name, cancellable, error) : NULL;
}

/* --- on a thread ------------------------------------------------------------------------------------------------- */

static void
load_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  EshiImage *image = eshi_input_image_load (G_FILE (source), cancellable, &error);

  if (image == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, image, (GDestroyNotify) eshi_image_unref);
}

void
eshi_input_image_load_async (GFile               *file,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (G_IS_FILE (file));

  task = g_task_new (file, cancellable, callback, user_data);
  g_task_set_source_tag (task, eshi_input_image_load_async);
  g_task_run_in_thread (task, load_in_thread);
}

static void
convert_in_thread (GTask        *task,
                   gpointer      source,
                   gpointer      task_data,
                   GCancellable *cancellable)
{
  EshiImage *image = image_from_texture (GDK_TEXTURE (source));

  if (image == NULL)
    {
      g_task_return_new_error (task, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                               _("There is not enough memory for this picture. Close other programs or make it smaller."));
      return;
    }
  g_task_return_pointer (task, image, (GDestroyNotify) eshi_image_unref);
}

void
eshi_input_image_convert_async (GdkTexture          *texture,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (GDK_IS_TEXTURE (texture));

  task = g_task_new (texture, cancellable, callback, user_data);
  g_task_set_source_tag (task, eshi_input_image_convert_async);
  g_task_run_in_thread (task, convert_in_thread);
}

EshiImage *
eshi_input_image_finish (GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
