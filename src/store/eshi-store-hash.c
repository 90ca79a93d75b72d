/* eshi-store-hash.c: which model it was: the first digits of the sum of its files, as other programs write it.
 *
 * Reckoned once for each model and kept with size and time of the files. A small model is read at once, a large one bit
 * by bit while nothing waits.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "eshi-store-private.h"

#define HASH_DIGITS 10

/* What takes less than a second. */
#define SMALL_BYTES (128 << 20)

#define READ_BYTES (16 << 20)

/* A hash half reckoned. */
struct _EshiHash
{
  char        *model;  /* path of the model, as pictures have it */
  char        *place;  /* path of its files, as the table has it */
  char        *stamp;
  GPtrArray   *paths;
  guint        n_read; /* files read */
  gsize        offset; /* in the next one */
  GMappedFile *file;   /* (nullable): the next one */
  GChecksum   *sum;
  gint64       since;  /* pictures made after this are of the model as it is; a little before the first of them */
};

void
_eshi_store_hash_free (EshiHash *self)
{
  g_free (self->model);
  g_free (self->place);
  g_free (self->stamp);
  g_ptr_array_unref (self->paths);
  g_clear_pointer (&self->file, g_mapped_file_unref);
  g_checksum_free (self->sum);
  g_free (self);
}

/* The weights of the model at @place, a file or a folder: (transfer full), in the order of their names. */
static GPtrArray *
find_weights (const char *place)
{
  static const char *const parts[] = { "text_encoder", "unet", "vae" };
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  if (g_file_test (place, G_FILE_TEST_IS_REGULAR))
    g_ptr_array_add (paths, g_strdup (place));
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *part = g_build_filename (place, parts[i], NULL);
      g_autoptr(GDir) dir = g_dir_open (part, 0, NULL);
      const char *name = NULL;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        if (g_str_has_suffix (name, ".safetensors") || g_str_has_suffix (name, ".bin"))
          g_ptr_array_add (paths, g_build_filename (part, name, NULL));
    }
  g_ptr_array_sort (paths, _eshi_store_compare_paths);

  return paths;
}

/* (transfer full): size and time of each file, which change when a model is replaced. */
static char *
stamp_of (GPtrArray *paths,
          gint64    *n_bytes)
{
  GString *stamp = g_string_new (NULL);

  *n_bytes = 0;
  for (guint i = 0; i < paths->len; i++)
    {
      GStatBuf status;

      if (g_stat (paths->pdata[i], &status) != 0)
        continue;
      *n_bytes += status.st_size;
      g_string_append_printf (stamp, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", (gint64) status.st_size,
                              (gint64) status.st_mtime);
    }

  return g_string_free (stamp, FALSE);
}

/* (transfer full): the hash that is kept for @place and @stamp; NULL if there is none. */
static char *
find_hash (EshiStore  *store,
           const char *place,
           const char *stamp)
{
  sqlite3_stmt *row = _eshi_db_query (store->db, NULL, "SELECT hash FROM models WHERE path = ? AND stamp = ?", "ss", place,
                                      stamp);
  char *hash = NULL;

  if (row != NULL && _eshi_db_step (store->db, row, NULL) > 0)
    {
      hash = _eshi_db_dup_text (row, 0);
      sqlite3_reset (row);
    }

  return hash;
}

/* Opens the next file if need be; FALSE if it cannot be read, or there is none. */
static gboolean
open_next (EshiHash *self)
{
  if (self->file == NULL && self->n_read < self->paths->len)
    self->file = g_mapped_file_new (self->paths->pdata[self->n_read], FALSE, NULL);

  return self->file != NULL;
}

/* Reads on. Returns whether there is more. */
static gboolean
read_some (EshiHash *self)
{
  gsize n_bytes = 0;
  gsize n_left = 0;

  if (!open_next (self))
    return FALSE;

  n_bytes = g_mapped_file_get_length (self->file);
  n_left = MIN (n_bytes - self->offset, READ_BYTES);
  if (n_left > 0)
    g_checksum_update (self->sum, (const guchar *) g_mapped_file_get_contents (self->file) + self->offset,
                       (gssize) n_left);
  self->offset += n_left;
  if (self->offset == n_bytes)
    {
      g_clear_pointer (&self->file, g_mapped_file_unref);
      self->offset = 0;
      self->n_read++;
    }

  return self->n_read < self->paths->len;
}

/* (transfer full) (nullable): what was reckoned, and kept; NULL if a file could not be read. */
static char *
conclude (EshiStore *store,
          EshiHash  *self)
{
  char *hash = NULL;

  if (self->paths->len == 0 || self->n_read < self->paths->len)
    return NULL;

  hash = g_strndup (g_checksum_get_string (self->sum), HASH_DIGITS);
  _eshi_db_exec (store->db, NULL, "INSERT OR REPLACE INTO models (path, stamp, hash) VALUES (?, ?, ?)", "sss",
                 self->place, self->stamp, hash);

  return hash;
}

gboolean
_eshi_store_hash_some (EshiStore *self)
{
  g_autofree char *hash = NULL;

  if (self->hash == NULL)
    return FALSE;
  if (read_some (self->hash))
    return TRUE;

  hash = conclude (self, self->hash);
  if (hash != NULL)
    _eshi_db_exec (self->db, NULL,
                   "UPDATE pictures SET model_hash = ? WHERE model_hash IS NULL AND created >= ? AND"
                   " id IN (SELECT id FROM texts WHERE model_path IS ?)",
                   "sis", hash, self->hash->since,
                   self->hash->model);
  g_clear_pointer (&self->hash, _eshi_store_hash_free);

  return FALSE;
}

static EshiHash *
hash_new (const char *model,
          const char *place)
{
  EshiHash *self = g_new0 (EshiHash, 1);

  self->model = g_strdup (model);
  self->place = g_strdup (place);
  self->paths = find_weights (place);
  self->sum = g_checksum_new (G_CHECKSUM_SHA256);
  self->since = g_get_real_time () - G_USEC_PER_SEC;

  return self;
}

char *
_eshi_store_hash_model (EshiStore  *self,
                        const char *path)
{
  g_autoptr(EshiModelInfo) info = path == NULL ? eshi_model_info_load (NULL, NULL) : NULL;
  const char *place = info != NULL ? info->path : path;
  EshiHash *hash = place != NULL ? hash_new (path, place) : NULL;
  char *known = NULL;
  gint64 n_bytes = 0;

  if (hash == NULL)
    return NULL;

  hash->stamp = stamp_of (hash->paths, &n_bytes);
  known = find_hash (self, place, hash->stamp);
  if (known == NULL && n_bytes > SMALL_BYTES && self->hash == NULL)
    {
      self->hash = hash;
      return NULL;
    }
  if (known == NULL && n_bytes <= SMALL_BYTES)
    {
      while (read_some (hash))
        ;
      known = conclude (self, hash);
    }
  _eshi_store_hash_free (hash);

  return known;
}
