/* eshi-store-files.c: the files that rows point to: images that pictures were started from.
 *
 * An image is kept once, under the name of its sum, and as long as a picture or a job needs it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "eshi-picture-file.h"
#include "eshi-store-private.h"

#define IMAGES_FOLDER "images"

/* Images younger than this may belong to a row that another program is about to write. */
#define SWEEP_AGE_S 3600

char *
_eshi_store_sum (GBytes *bytes)
{
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
}

gboolean
_eshi_store_write (const char  *path,
                   GBytes      *bytes,
                   GError     **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *shown = g_filename_display_name (path);
  g_autoptr(GError) local_error = NULL;
  gsize n_bytes = 0;
  const char *data = g_bytes_get_data (bytes, &n_bytes);

  g_mkdir_with_parents (folder, 0700);
  if (g_file_set_contents_full (path, data, (gssize) n_bytes,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &local_error))
    return TRUE;

  if (g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOSPC))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 _("The disk is full, so “%s” was not saved; make room and save it again."), shown);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                 _("“%s” cannot be written there; choose a folder that you may write to."), shown);

  return FALSE;
}

char *
_eshi_store_image_path (EshiStore  *self,
                        const char *name)
{
  return name != NULL ? g_build_filename (self->data, IMAGES_FOLDER, name, NULL) : NULL;
}

char *
_eshi_store_keep_image (EshiStore  *self,
                        EshiImage  *image,
                        GError    **error)
{
  g_autoptr(GBytes) bytes = image != NULL ? eshi_picture_file_encode (image, NULL, NULL, error) : NULL;
  g_autofree char *sum = bytes != NULL ? _eshi_store_sum (bytes) : NULL;
  g_autofree char *name = sum != NULL ? g_strconcat (sum, ".png", NULL) : NULL;
  g_autofree char *path = _eshi_store_image_path (self, name);

  if (path == NULL)
    return NULL;
  /* A file that is there already is made young, so that nobody sweeps it. */
  if (utimensat (AT_FDCWD, path, NULL, 0) != 0 && !_eshi_store_write (path, bytes, error))
    return NULL;

  return g_steal_pointer (&name);
}

/* Whether the image @name is needed; in doubt it is. */
static gboolean
is_needed (EshiStore  *self,
           const char *name)
{
  gint64 n_uses = 1;

  return !_eshi_db_get_int (self->db, &n_uses, 0, NULL,
                            "SELECT (SELECT count (*) FROM texts WHERE ?1 IN (image, mask)) +"
                            " (SELECT count (*) FROM jobs WHERE ?1 IN (image, mask))",
                            "s", name) ||
         n_uses > 0;
}

gboolean
_eshi_store_sweep_images (EshiStore  *self,
                          GError    **error)
{
  g_autofree char *folder = g_build_filename (self->data, IMAGES_FOLDER, NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = _eshi_store_image_path (self, name);
      GStatBuf status;

      if (g_stat (path, &status) == 0 && status.st_mtime + SWEEP_AGE_S < g_get_real_time () / G_USEC_PER_SEC &&
          !is_needed (self, name))
        g_unlink (path);
    }

  return TRUE;
}
