/* eshi-store-files.c: the files that rows point to: images that pictures were started from, and the hashes of models.
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
#define READ_BYTES (1 << 20)

/* As other programs write it: the first digits of the sum of the file. */
#define HASH_DIGITS 10

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

/* --- hashes of models --------------------------------------------------------------------------------------------- */

/* Feeds the file @path to @sum; FALSE if it cannot be read. */
static gboolean
add_file (GChecksum  *sum,
          const char *path)
{
  g_autoptr(GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  gsize n_left = file != NULL ? g_mapped_file_get_length (file) : 0;
  const guchar *bytes = file != NULL ? (const guchar *) g_mapped_file_get_contents (file) : NULL;

  for (; n_left > 0; n_left -= MIN (n_left, READ_BYTES), bytes += READ_BYTES)
    g_checksum_update (sum, bytes, (gssize) MIN (n_left, READ_BYTES));

  return file != NULL;
}

static int
compare_paths (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The weights of a model in a folder: (transfer full) (element-type filename), in the order of their names. */
static GPtrArray *
find_weights (const char *folder)
{
  static const char *const parts[] = { "text_encoder", "unet", "vae" };
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *part = g_build_filename (folder, parts[i], NULL);
      g_autoptr(GDir) dir = g_dir_open (part, 0, NULL);
      const char *name = NULL;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        if (g_str_has_suffix (name, ".safetensors") || g_str_has_suffix (name, ".bin"))
          g_ptr_array_add (paths, g_build_filename (part, name, NULL));
    }
  g_ptr_array_sort (paths, compare_paths);

  return paths;
}

/* (transfer full): size and time of each file, which change when a model is replaced. */
static char *
stamp_of (GPtrArray *paths)
{
  GString *stamp = g_string_new (NULL);

  for (guint i = 0; i < paths->len; i++)
    {
      GStatBuf status;

      if (g_stat (paths->pdata[i], &status) == 0)
        g_string_append_printf (stamp, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", (gint64) status.st_size,
                                (gint64) status.st_mtime);
    }

  return g_string_free (stamp, FALSE);
}

/* (transfer full): the hash that is kept for @path and @stamp; NULL if there is none. */
static char *
find_hash (EshiStore  *self,
           const char *path,
           const char *stamp)
{
  sqlite3_stmt *row = _eshi_db_query (self->db, NULL, "SELECT hash FROM models WHERE path = ? AND stamp = ?", "ss", path,
                                      stamp);
  char *hash = NULL;

  if (row != NULL && _eshi_db_step (self->db, row, NULL) > 0)
    {
      hash = _eshi_db_dup_text (row, 0);
      sqlite3_reset (row);
    }

  return hash;
}

static char *
reckon_hash (GPtrArray *paths)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < paths->len; i++)
    if (!add_file (sum, paths->pdata[i]))
      return NULL;

  return paths->len > 0 ? g_strndup (g_checksum_get_string (sum), HASH_DIGITS) : NULL;
}

char *
_eshi_store_hash_model (EshiStore  *self,
                        const char *path)
{
  g_autoptr(EshiModelInfo) info = path == NULL ? eshi_model_info_load (NULL, NULL) : NULL;
  const char *place = info != NULL ? info->path : path;
  g_autoptr(GPtrArray) paths = NULL;
  g_autofree char *stamp = NULL;
  char *hash = NULL;

  if (place == NULL)
    return NULL;

  if (g_file_test (place, G_FILE_TEST_IS_DIR))
    {
      paths = find_weights (place);
    }
  else
    {
      paths = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (paths, g_strdup (place));
    }
  stamp = stamp_of (paths);
  hash = find_hash (self, place, stamp);
  if (hash == NULL && (hash = reckon_hash (paths)) != NULL)
    _eshi_db_exec (self->db, NULL, "INSERT OR REPLACE INTO models (path, stamp, hash) VALUES (?, ?, ?)", "sss", place,
                   stamp, hash);

  return hash;
}
