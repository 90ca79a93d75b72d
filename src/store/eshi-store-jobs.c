/* eshi-store-jobs.c: the queue, which outlives the program.
 *
 * Who runs a job holds a lock for as long as he lives; a job whose lock is free was interrupted. Places are renumbered
 * at every change, which for the length of a queue costs nothing.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "eshi-picture-file.h"
#include "eshi-store-private.h"

#define CHECKPOINTS_FOLDER "checkpoints"

/* Places of the jobs are multiples of this after renumbering, so that another fits between two. */
#define PLACE_DISTANCE 2

static gboolean
renumber (EshiStore  *self,
          GError    **error)
{
  return _eshi_db_exec (self->db, error,
                        "UPDATE jobs SET place = o.n * ? FROM (SELECT id, row_number () OVER (ORDER BY place, id) AS n"
                        " FROM jobs) o WHERE o.id = jobs.id",
                        "i", (gint64) PLACE_DISTANCE);
}

/* A place before all jobs that wait, or behind all jobs. */
static gboolean
find_place (EshiStore  *self,
            gboolean    first,
            gint64     *place,
            GError    **error)
{
  if (!first)
    return _eshi_db_get_int (self->db, place, 0, error, "SELECT max (place) + 1 FROM jobs", "");

  return _eshi_db_get_int (self->db, place, 0, error, "SELECT min (place) - 1 FROM jobs WHERE state = ?", "i",
                           (gint64) ESHI_JOB_WAITING);
}

/* (transfer full) (nullable): name of the kept @image; FALSE on error. */
static gboolean
keep (EshiStore  *self,
      EshiImage  *image,
      char      **name,
      GError    **error)
{
  *name = image != NULL ? _eshi_store_keep_image (self, image, error) : NULL;

  return image == NULL || *name != NULL;
}

gint64
_eshi_store_add_job (EshiStore           *self,
                     const EshiSettings  *settings,
                     gint64               parent,
                     EshiRelation         relation,
                     gboolean             first,
                     GError             **error)
{
  g_autofree char *json = eshi_settings_to_json (settings, NULL);
  g_autofree char *image = NULL;
  g_autofree char *mask = NULL;
  gint64 place = 0;
  gint64 id = 0;
  gboolean done = FALSE;

  if (!keep (self, settings->image, &image, error) || !keep (self, settings->mask, &mask, error) ||
      !_eshi_db_begin (self->db, error))
    return 0;

  done = find_place (self, first, &place, error) &&
         _eshi_db_exec (self->db, error,
                        "INSERT INTO jobs (place, added, settings, model_path, image, mask, paste, parent, relation,"
                        " state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        "iissssiiii", place, g_get_real_time (), json,
                        settings->model, image, mask, (gint64) settings->paste, parent, (gint64) relation,
                        (gint64) ESHI_JOB_WAITING);
  id = _eshi_db_last_id (self->db);
  done = done && renumber (self, error);

  return _eshi_db_end (self->db, done, error) ? id : 0;
}

/* An image that somebody deleted is left out; the job says so when it fails. */
static EshiImage *
load_image (EshiStore  *self,
            const char *name)
{
  g_autofree char *path = _eshi_store_image_path (self, name);

  return path != NULL ? eshi_picture_file_load_image (path, NULL) : NULL;
}

#define SELECT_JOB \
  "SELECT id, settings, model_path, paste, image, mask, state, added, parent, relation, n_done, step," \
  " checkpoint IS NOT NULL FROM jobs "

static EshiHistoryJob *
read_job (EshiStore    *self,
          sqlite3_stmt *row)
{
  EshiHistoryJob *job = g_new0 (EshiHistoryJob, 1);

  job->id = sqlite3_column_int64 (row, 0);
  job->settings = _eshi_store_read_settings ((const char *) sqlite3_column_text (row, 1),
                                             (const char *) sqlite3_column_text (row, 2),
                                             sqlite3_column_int (row, 3) != 0, NULL);
  job->settings->image = load_image (self, (const char *) sqlite3_column_text (row, 4));
  job->settings->mask = load_image (self, (const char *) sqlite3_column_text (row, 5));
  job->state = sqlite3_column_int (row, 6);
  job->added = sqlite3_column_int64 (row, 7);
  job->parent = sqlite3_column_int64 (row, 8);
  job->relation = sqlite3_column_int (row, 9);
  job->n_done = sqlite3_column_int (row, 10);
  job->step = sqlite3_column_int (row, 11);
  job->has_checkpoint = sqlite3_column_int (row, 12) != 0;

  return job;
}

GPtrArray *
_eshi_store_list_jobs (EshiStore  *self,
                       GError    **error)
{
  g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_history_job_free);
  sqlite3_stmt *row = _eshi_db_query (self->db, error, SELECT_JOB "ORDER BY place, id", "");
  int result = row != NULL ? 1 : -1;

  while (result > 0 && (result = _eshi_db_step (self->db, row, error)) > 0)
    g_ptr_array_add (jobs, read_job (self, row));

  return result == 0 ? g_steal_pointer (&jobs) : NULL;
}

gboolean
_eshi_store_move_job (EshiStore  *self,
                      gint64      id,
                      gint64      before,
                      GError    **error)
{
  gint64 place = 0;
  gboolean done = _eshi_db_begin (self->db, error);

  if (!done)
    return FALSE;
  done = renumber (self, error) &&
         (before == 0 ? find_place (self, FALSE, &place, error)
                      : _eshi_db_get_int (self->db, &place, 0, error, "SELECT place - 1 FROM jobs WHERE id = ?", "i",
                                          before)) &&
         _eshi_db_exec (self->db, error, "UPDATE jobs SET place = ? WHERE id = ?", "ii", place, id) &&
         _eshi_store_found (self, error) &&
         renumber (self, error);

  return _eshi_db_end (self->db, done, error);
}

static EshiHistoryJob *
get_job (EshiStore  *self,
         gint64      id,
         GError    **error)
{
  sqlite3_stmt *row = _eshi_db_query (self->db, error, SELECT_JOB "WHERE id = ?", "i", id);
  EshiHistoryJob *job = NULL;

  if (row == NULL || _eshi_db_step (self->db, row, error) <= 0)
    return NULL;
  job = read_job (self, row);
  sqlite3_reset (row);

  return job;
}

EshiHistoryJob *
_eshi_store_take_job (EshiStore  *self,
                      gint64      wanted,
                      GError    **error)
{
  gint64 id = 0;
  gboolean done = _eshi_db_begin (self->db, error);

  if (!done)
    return NULL;
  done = _eshi_db_get_int (self->db, &id, 0, error, "SELECT id FROM jobs WHERE state = ?1 AND ?2 IN (0, id) ORDER BY place, id LIMIT 1", "ii",
                           (gint64) ESHI_JOB_WAITING, wanted) &&
         _eshi_db_exec (self->db, error, "UPDATE jobs SET state = ?, owner = ? WHERE id = ?", "isi",
                        (gint64) ESHI_JOB_RUNNING, self->owner, id);
  if (!_eshi_db_end (self->db, done, error) || id == 0)
    return NULL;

  return get_job (self, id, error);
}

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

static char *
checkpoint_path (EshiStore  *self,
                 const char *name)
{
  return g_build_filename (self->data, CHECKPOINTS_FOLDER, name, NULL);
}

/* (transfer full) (nullable): name of the file with the state of @id. */
static char *
checkpoint_name (EshiStore  *self,
                 gint64      id,
                 GError    **error)
{
  sqlite3_stmt *row = _eshi_db_query (self->db, error, "SELECT checkpoint FROM jobs WHERE id = ?", "i", id);
  char *name = NULL;

  if (row != NULL && _eshi_db_step (self->db, row, error) > 0)
    {
      name = _eshi_db_dup_text (row, 0);
      sqlite3_reset (row);
    }

  return name;
}

static void
drop_checkpoint (EshiStore  *self,
                 const char *name)
{
  g_autofree char *path = name != NULL ? checkpoint_path (self, name) : NULL;

  if (path != NULL)
    g_unlink (path);
}

gboolean
_eshi_store_checkpoint (EshiStore  *self,
                        gint64      id,
                        int         n_done,
                        int         step,
                        GBytes     *state,
                        GError    **error)
{
  g_autofree char *old = checkpoint_name (self, id, NULL);
  g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT "-%d-%d", id, n_done, step);
  g_autofree char *path = checkpoint_path (self, name);

  if (state == NULL)
    return _eshi_db_exec (self->db, error, "UPDATE jobs SET n_done = ?, step = ? WHERE id = ?", "iii", (gint64) n_done,
                          (gint64) step, id) &&
           _eshi_store_found (self, error);

  if (!_eshi_store_write (path, state, error))
    return FALSE;
  if (!_eshi_db_exec (self->db, error, "UPDATE jobs SET n_done = ?, step = ?, checkpoint = ? WHERE id = ?", "iisi",
                      (gint64) n_done, (gint64) step, name, id) ||
      !_eshi_store_found (self, error))
    {
      if (g_strcmp0 (old, name) != 0)
        g_unlink (path);
      return FALSE;
    }
  if (g_strcmp0 (old, name) != 0)
    drop_checkpoint (self, old);

  return TRUE;
}

GBytes *
_eshi_store_get_checkpoint (EshiStore  *self,
                            gint64      id,
                            GError    **error)
{
  g_autofree char *name = checkpoint_name (self, id, NULL);
  g_autofree char *path = name != NULL ? checkpoint_path (self, name) : NULL;
  char *contents = NULL;
  gsize n_bytes = 0;

  if (path != NULL && g_file_get_contents (path, &contents, &n_bytes, NULL))
    return g_bytes_new_take (contents, n_bytes);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       _("Nothing was kept of the interrupted picture; paint it from the beginning."));

  return NULL;
}

gboolean
_eshi_store_resume_job (EshiStore  *self,
                        gint64      id,
                        GError    **error)
{
  gint64 place = 0;
  gboolean done = _eshi_db_begin (self->db, error);

  if (!done)
    return FALSE;
  done = find_place (self, TRUE, &place, error) &&
         _eshi_db_exec (self->db, error,
                        "UPDATE jobs SET state = ?1, owner = NULL, place = ?2 WHERE id = ?3 AND"
                        " (state = ?4 OR owner = ?5)",
                        "iiiis", (gint64) ESHI_JOB_WAITING, place, id,
                        (gint64) ESHI_JOB_INTERRUPTED, self->owner) &&
         _eshi_store_found (self, error) &&
         renumber (self, error);

  return _eshi_db_end (self->db, done, error);
}

gboolean
_eshi_store_remove_job (EshiStore  *self,
                        gint64      id,
                        GError    **error)
{
  g_autofree char *name = checkpoint_name (self, id, NULL);

  if (!_eshi_db_exec (self->db, error, "DELETE FROM jobs WHERE id = ?", "i", id) || !_eshi_store_found (self, error))
    return FALSE;
  drop_checkpoint (self, name);

  return TRUE;
}

/* (transfer full) (element-type gint64): running jobs whose program is dead; NULL on error. */
static GArray *
list_dead (EshiStore  *self,
           GError    **error)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  sqlite3_stmt *row = _eshi_db_query (self->db, error, "SELECT id, owner FROM jobs WHERE state = ?", "i",
                                      (gint64) ESHI_JOB_RUNNING);
  int result = row != NULL ? 1 : -1;

  while (result > 0 && (result = _eshi_db_step (self->db, row, error)) > 0)
    {
      const char *owner = (const char *) sqlite3_column_text (row, 1);
      gint64 id = sqlite3_column_int64 (row, 0);

      if (owner == NULL || !_eshi_store_is_alive (self, owner))
        g_array_append_val (ids, id);
    }

  return result == 0 ? g_steal_pointer (&ids) : NULL;
}

gboolean
_eshi_store_settle_jobs (EshiStore  *self,
                         GError    **error)
{
  g_autoptr(GArray) ids = list_dead (self, error);
  gboolean done = ids != NULL;

  for (guint i = 0; done && i < ids->len; i++)
    done = _eshi_db_exec (self->db, error, "UPDATE jobs SET state = ?, owner = NULL WHERE id = ?", "ii",
                          (gint64) ESHI_JOB_INTERRUPTED, g_array_index (ids, gint64, i));

  return done;
}
