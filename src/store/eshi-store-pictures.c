/* eshi-store-pictures.c: rows of pictures, and the files that they stand for.
 *
 * A picture is in the database before its file is written, so that a program that is killed loses neither: whoever opens
 * the history next finds the file by its sum, or knows that there is none.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "eshi-picture-file-private.h"
#include "eshi-picture-file.h"
#include "eshi-store-private.h"

char *
_eshi_store_relative (EshiStore  *self,
                      const char *path)
{
  gsize length = strlen (self->pictures);

  if (g_str_has_prefix (path, self->pictures) && path[length] == '/')
    return g_strdup (path + length + 1);

  return g_strdup (path);
}

char *
_eshi_store_absolute (EshiStore  *self,
                      const char *path)
{
  return g_path_is_absolute (path) ? g_strdup (path) : g_build_filename (self->pictures, path, NULL);
}

/* --- adding ------------------------------------------------------------------------------------------------------- */

gboolean
_eshi_store_add_row (EshiStore           *self,
                     EshiHistoryPicture  *picture,
                     GError             **error)
{
  const EshiSettings *s = picture->settings;
  g_autofree char *path = _eshi_store_relative (self, picture->path);
  g_autofree char *json = eshi_settings_to_json (s, picture->model_name);
  g_autofree char *image = picture->image_path != NULL ? g_path_get_basename (picture->image_path) : NULL;
  g_autofree char *mask = picture->mask_path != NULL ? g_path_get_basename (picture->mask_path) : NULL;

  if (!_eshi_db_exec (self->db, error,
                      "INSERT INTO pictures (path, created, model, model_hash, sampler, width, height, steps, guidance,"
                      " seed, rng, backend, seconds, bytes, sha256, parent, relation, interrupted, trashed, owner)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      "sisssiiidissdisiiiis", path, picture->created, picture->model_name, picture->model_hash,
                      s->sampler, (gint64) s->width, (gint64) s->height, (gint64) s->steps, s->guidance,
                      (gint64) s->seed, eshi_rng_kind_get_name (s->rng), picture->backend, picture->seconds,
                      picture->n_bytes, picture->sha256, picture->parent, (gint64) picture->relation,
                      (gint64) picture->interrupted, picture->trashed,
                      picture->trashed == ESHI_STORE_PENDING ? self->owner : NULL))
    return FALSE;

  picture->id = _eshi_db_last_id (self->db);

  return _eshi_db_exec (self->db, error,
                        "INSERT INTO texts (id, settings, model_path, image, mask, paste) VALUES (?, ?, ?, ?, ?, ?)",
                        "issssi", picture->id, json, s->model, image, mask, (gint64) s->paste) &&
         _eshi_words_refresh (self, picture->id, error);
}

gboolean
_eshi_store_show (EshiStore   *self,
                  gint64       id,
                  const char  *path,
                  GError     **error)
{
  g_autofree char *relative = _eshi_store_relative (self, path);
  gint64 older = 0;

  /* A file that was replaced is the picture of its new row alone. */
  return _eshi_db_get_int (self->db, &older, 0, error, "SELECT id FROM pictures WHERE path = ? AND trashed = 0", "s",
                           relative) &&
         (older == 0 || (_eshi_words_remove (self, older, error) &&
                         _eshi_db_exec (self->db, error, "DELETE FROM pictures WHERE id = ?", "i", older))) &&
         _eshi_db_exec (self->db, error, "UPDATE pictures SET path = ?, trashed = 0, owner = NULL WHERE id = ?", "si",
                        relative, id) &&
         _eshi_words_add (self, id, error);
}

/* (transfer full): the file that @spec names, or the folder in which it gets a name. */
static char *
pick_place (EshiStore            *self,
            const EshiHistoryNew *spec)
{
  g_autofree char *today = eshi_picture_file_today ();
  g_autofree char *day = g_path_get_basename (today);

  if (spec->path != NULL)
    return g_canonicalize_filename (spec->path, NULL);

  return g_build_filename (spec->folder != NULL ? spec->folder : self->pictures, day, NULL);
}

/* (transfer full): @spec as a picture that waits for its file, a PNG file of @bytes. */
static EshiHistoryPicture *
make_picture (const EshiHistoryNew *spec,
              const char           *place,
              GBytes               *bytes)
{
  EshiHistoryPicture *self = g_new0 (EshiHistoryPicture, 1);

  self->path = g_strdup (place);
  self->n_bytes = g_bytes_get_size (bytes);
  self->sha256 = _eshi_store_sum (bytes);
  self->created = g_get_real_time ();
  self->settings = eshi_settings_copy (spec->settings);
  self->model_name = g_strdup (spec->model_name);
  self->backend = g_strdup (spec->backend);
  self->seconds = spec->seconds;
  self->parent = spec->parent;
  self->relation = spec->relation;
  self->interrupted = spec->interrupted;
  self->tags = g_new0 (char *, 1);
  self->trashed = ESHI_STORE_PENDING;

  return self;
}

static gboolean
keep_image (EshiStore  *self,
            EshiImage  *image,
            char      **path,
            GError    **error)
{
  g_autofree char *name = image != NULL ? _eshi_store_keep_image (self, image, error) : NULL;

  *path = _eshi_store_image_path (self, name);

  return image == NULL || name != NULL;
}

/* Records @picture before its file is there; its path is where the file will be, or its folder. */
static gboolean
announce (EshiStore           *self,
          EshiHistoryPicture  *picture,
          GError             **error)
{
  if (self->db == NULL)
    {
      g_propagate_error (error, g_error_copy (self->why_closed));
      return FALSE;
    }

  picture->model_hash = _eshi_store_hash_model (self, picture->settings->model);
  if (!keep_image (self, picture->settings->image, &picture->image_path, error) ||
      !keep_image (self, picture->settings->mask, &picture->mask_path, error))
    return FALSE;

  return _eshi_db_begin (self->db, error) &&
         _eshi_db_end (self->db, _eshi_store_add_row (self, picture, error), error);
}

/* The file is there, or there is none (@path NULL). What cannot be recorded now is when the history is opened next. */
static gboolean
conclude (EshiStore           *self,
          EshiHistoryPicture  *picture,
          const char          *path,
          GError             **error)
{
  gboolean done = FALSE;

  if (!_eshi_db_begin (self->db, error))
    return FALSE;
  done = path != NULL ? _eshi_store_show (self, picture->id, path, error)
                      : _eshi_db_exec (self->db, error, "DELETE FROM pictures WHERE id = ?", "i", picture->id);

  return _eshi_db_end (self->db, done, error);
}

/* (transfer full): path of the file with @bytes; NULL on error. */
static char *
write_file (const EshiHistoryNew  *spec,
            const char            *place,
            GBytes                *bytes,
            GError               **error)
{
  EshiNaming naming = { spec->name, spec->settings, spec->model_name };

  if (spec->path == NULL)
    return _eshi_picture_file_write_in_folder (place, bytes, &naming, error);

  return _eshi_picture_file_write (place, bytes, error) ? g_strdup (place) : NULL;
}

EshiHistoryPicture *
_eshi_store_save (EshiStore             *self,
                  const EshiHistoryNew  *spec,
                  GError               **unrecorded,
                  GError               **error)
{
  g_autoptr(GBytes) bytes = eshi_picture_file_encode (spec->image, spec->plain ? NULL : spec->settings,
                                                       spec->model_name, error);
  g_autofree char *place = pick_place (self, spec);
  g_autoptr(EshiHistoryPicture) picture = bytes != NULL ? make_picture (spec, place, bytes) : NULL;
  g_autofree char *path = NULL;
  gboolean announced = FALSE;

  if (picture == NULL)
    return NULL;

  picture->relation = _eshi_store_judge (self, spec);
  announced = announce (self, picture, unrecorded);
  path = write_file (spec, place, bytes, error);
  if (announced && !conclude (self, picture, path, path != NULL ? unrecorded : NULL))
    announced = FALSE;
  if (path == NULL)
    return NULL;
  if (spec->path == NULL && spec->folder != NULL)
    _eshi_store_remember_folder (self, spec->folder);
  if (!announced)
    picture->id = 0;
  picture->trashed = ESHI_STORE_LIVE;
  g_free (picture->path);
  picture->path = g_steal_pointer (&path);

  return g_steal_pointer (&picture);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

EshiSettings *
_eshi_store_read_settings (const char  *json,
                           const char  *model_path,
                           gboolean     paste,
                           char       **model_name)
{
  EshiSettings *settings = json != NULL ? eshi_settings_new_from_json (json, model_name, NULL) : NULL;

  /* Nothing but another program's hand can have spoilt it; the rest of the row still counts. */
  if (settings == NULL)
    settings = eshi_settings_new ();
  g_free (settings->model);
  settings->model = g_strdup (model_path);
  settings->paste = paste;

  return settings;
}

/* (transfer full): the row that @row stands on; the order of its columns is that of SELECT_PICTURE. */
static EshiHistoryPicture *
read_picture (EshiStore    *self,
              sqlite3_stmt *row)
{
  EshiHistoryPicture *picture = g_new0 (EshiHistoryPicture, 1);
  const char *tags = (const char *) sqlite3_column_text (row, 19);

  picture->id = sqlite3_column_int64 (row, 0);
  picture->path = _eshi_store_absolute (self, (const char *) sqlite3_column_text (row, 1));
  picture->created = sqlite3_column_int64 (row, 2);
  picture->model_hash = _eshi_db_dup_text (row, 3);
  picture->backend = _eshi_db_dup_text (row, 4);
  picture->seconds = sqlite3_column_double (row, 5);
  picture->n_bytes = sqlite3_column_int64 (row, 6);
  picture->sha256 = _eshi_db_dup_text (row, 7);
  picture->favourite = sqlite3_column_int (row, 8) != 0;
  picture->rating = sqlite3_column_int (row, 9);
  picture->parent = sqlite3_column_int64 (row, 10);
  picture->relation = sqlite3_column_int (row, 11);
  picture->interrupted = sqlite3_column_int (row, 12) != 0;
  picture->missing = sqlite3_column_int (row, 13) != 0;
  picture->trashed = sqlite3_column_int64 (row, 14);
  picture->settings = _eshi_store_read_settings ((const char *) sqlite3_column_text (row, 15),
                                                 (const char *) sqlite3_column_text (row, 16),
                                                 sqlite3_column_int (row, 20) != 0, &picture->model_name);
  picture->image_path = _eshi_store_image_path (self, (const char *) sqlite3_column_text (row, 17));
  picture->mask_path = _eshi_store_image_path (self, (const char *) sqlite3_column_text (row, 18));
  picture->tags = tags != NULL ? g_strsplit (tags, "\n", -1) : g_new0 (char *, 1);

  return picture;
}

#define SELECT_PICTURE \
  "SELECT p.id, path, created, model_hash, backend, seconds, bytes, sha256, favourite, rating, parent, relation," \
  " interrupted, missing, trashed, settings, model_path, image, mask," \
  " (SELECT group_concat (tag, char (10)) FROM (SELECT tag FROM tags WHERE picture = p.id ORDER BY tag)), paste" \
  " FROM pictures p JOIN texts t ON t.id = p.id WHERE p.id = ?"

/* NULL without @error being set when there is no such picture. */
static EshiHistoryPicture *
get_picture (EshiStore  *self,
             gint64      id,
             GError    **error)
{
  sqlite3_stmt *row = _eshi_db_query (self->db, error, SELECT_PICTURE, "i", id);
  EshiHistoryPicture *picture = NULL;

  if (row == NULL || _eshi_db_step (self->db, row, error) <= 0)
    return NULL;
  picture = read_picture (self, row);
  sqlite3_reset (row);

  return picture;
}

EshiHistoryPicture *
_eshi_store_get (EshiStore  *self,
                 gint64      id,
                 GError    **error)
{
  g_autoptr(GError) local_error = NULL;
  EshiHistoryPicture *picture = get_picture (self, id, &local_error);

  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else if (picture == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 _("There is no picture %" PRId64 " in the history; it may have been deleted."), id);

  return picture;
}

gboolean
_eshi_store_know_file (EshiStore   *self,
                       const char  *path,
                       gint64      *id,
                       GError     **error)
{
  g_autofree char *relative = _eshi_store_relative (self, path);

  return _eshi_db_get_int (self->db, id, 0, error, "SELECT id FROM pictures WHERE path = ? AND trashed = 0", "s",
                           relative);
}

gint64
_eshi_store_find_file (EshiStore   *self,
                       const char  *path,
                       GError     **error)
{
  gint64 id = 0;

  if (_eshi_store_know_file (self, path, &id, error) && id == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                         _("The history knows no picture with this file."));

  return id;
}

GPtrArray *
_eshi_store_load (EshiStore     *self,
                  const gint64  *ids,
                  guint          n_ids,
                  GError       **error)
{
  g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_history_picture_free);
  g_autoptr(GError) local_error = NULL;

  for (guint i = 0; i < n_ids; i++)
    {
      EshiHistoryPicture *picture = get_picture (self, ids[i], &local_error);

      if (picture != NULL)
        g_ptr_array_add (pictures, picture);
      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }

  return g_steal_pointer (&pictures);
}

static gboolean
check_file (EshiStore  *self,
            gint64      id,
            GError    **error)
{
  g_autoptr(EshiHistoryPicture) picture = _eshi_store_get (self, id, error);
  g_autofree char *trash = picture != NULL ? _eshi_store_trash_path (self, picture) : NULL;
  gboolean missing = FALSE;

  if (picture == NULL)
    return FALSE;
  missing = !g_file_test (picture->trashed > 0 ? trash : picture->path, G_FILE_TEST_IS_REGULAR);

  return missing == picture->missing ||
         _eshi_db_exec (self->db, error, "UPDATE pictures SET missing = ? WHERE id = ?", "ii", (gint64) missing, id);
}

gboolean
_eshi_store_check_files (EshiStore     *self,
                         const gint64  *ids,
                         guint          n_ids,
                         GError       **error)
{
  gboolean done = _eshi_db_begin (self->db, error);

  if (!done)
    return FALSE;
  for (guint i = 0; i < n_ids && done; i++)
    done = check_file (self, ids[i], error);

  return _eshi_db_end (self->db, done, error);
}
