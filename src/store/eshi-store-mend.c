/* eshi-store-mend.c: a history that is damaged, or was left in the middle of something.
 *
 * Nothing is deleted but backups that newer ones stand for: a damaged database is put aside, a picture is never touched.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "eshi-picture-file.h"
#include "eshi-store-private.h"

#define DATABASE "history.db"
#define LEFT_WHOLE "history.db.whole"
#define BACKUPS_FOLDER "backups"
#define N_BACKUPS 3
#define BACKUP_AGE_S (24 * 60 * 60)
#define DAY_LENGTH 10   /* of "2026-11-26" */

/* --- backups ------------------------------------------------------------------------------------------------------ */

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) b, *(const char *const *) a);
}

/* (transfer full) (element-type filename): paths of the backups, the newest first, as their names sort. */
static GPtrArray *
list_backups (EshiStore *self)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = g_build_filename (self->data, BACKUPS_FOLDER, NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "history-") && g_str_has_suffix (name, ".db"))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (paths, compare_names);

  return paths;
}

/* The time of the newest backup in seconds since 1970; 0 if there is none. */
static gint64
last_backup (EshiStore *self)
{
  g_autoptr(GPtrArray) paths = list_backups (self);
  GStatBuf status;

  return paths->len > 0 && g_stat (paths->pdata[0], &status) == 0 ? status.st_mtime : 0;
}

/* Now, as a part of a file name that sorts: "20261126T080000123456". */
static char *
now_as_name (void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();

  return g_date_time_format (now, "%Y%m%dT%H%M%S%f");
}

static gboolean
backup_is_old (EshiStore *self)
{
  return last_backup (self) + BACKUP_AGE_S < g_get_real_time () / G_USEC_PER_SEC;
}

/* A history without pictures would take the place of one that has some. */
static gboolean
needs_backup (EshiStore *self)
{
  gint64 n_pictures = 0;

  return backup_is_old (self) &&
         _eshi_db_get_int (self->db, &n_pictures, 0, NULL, "SELECT 1 FROM pictures LIMIT 1", "") && n_pictures > 0;
}

static void
rotate_backups (EshiStore *self)
{
  g_autoptr(GPtrArray) paths = list_backups (self);

  for (guint i = N_BACKUPS; i < paths->len; i++)
    g_unlink (paths->pdata[i]);
}

/* (transfer full): where it will be when it is whole. */
static char *
begin_backup (EshiStore *self)
{
  g_autofree char *now = now_as_name ();
  g_autofree char *name = g_strdup_printf ("history-%s.db", now);
  g_autofree char *folder = g_build_filename (self->data, BACKUPS_FOLDER, NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_mkdir_with_parents (folder, 0700);
  self->backup = _eshi_db_copy_new (self->db, path);

  return g_steal_pointer (&path);
}

gboolean
_eshi_store_back_up_older (EshiStore  *self,
                           guint       version,
                           GError    **error)
{
  gint64 before = _eshi_db_version (self->db, error);
  g_autofree char *shown = g_filename_display_name (self->data);
  g_autofree char *path = NULL;

  if (before <= 0 || before >= version)
    return before >= 0;
  path = begin_backup (self);
  while (self->backup != NULL && _eshi_db_copy_step (self->backup))
    ;
  g_clear_pointer (&self->backup, _eshi_db_copy_free);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               _("The history was written by an older Eshi and has to be changed, but there is no room for a copy of it "
                 "in “%s”; make room and start Eshi again."),
               shown);

  return FALSE;
}

gboolean
_eshi_store_back_up_some (EshiStore *self)
{
  if (self->backup == NULL && needs_backup (self))
    g_free (begin_backup (self));
  if (self->backup == NULL)
    return FALSE;
  if (_eshi_db_copy_step (self->backup))
    return TRUE;

  g_clear_pointer (&self->backup, _eshi_db_copy_free);
  rotate_backups (self);

  return FALSE;
}

/* --- a file that was left whole ----------------------------------------------------------------------------------- */

/* (transfer full) (nullable): what tells the file from any other and from itself after a write; NULL while some of it
 * lies in the file beside it. */
static char *
dup_state (const char *path)
{
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  GStatBuf status;

  if (g_stat (log, &status) == 0 || g_stat (path, &status) != 0)
    return NULL;

  return g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld\n",
                          (guint64) status.st_ino, (gint64) status.st_size, (gint64) status.st_mtim.tv_sec,
                          status.st_mtim.tv_nsec);
}

/* Reading it all through costs a fifth of a second for 100,000 pictures, at every start. It is done all the same before
 * a backup, so that none is made of a damaged file. */
static gboolean
was_left_whole (EshiStore  *self,
                const char *path)
{
  g_autofree char *mark = g_build_filename (self->data, LEFT_WHOLE, NULL);
  g_autofree char *state = dup_state (path);
  g_autofree char *left = NULL;

  return state != NULL && !backup_is_old (self) && g_file_get_contents (mark, &left, NULL, NULL) &&
         g_str_equal (left, state);
}

void
_eshi_store_close_db (EshiStore *self)
{
  g_autofree char *path = g_build_filename (self->data, DATABASE, NULL);
  g_autofree char *mark = g_build_filename (self->data, LEFT_WHOLE, NULL);
  g_autofree char *state = NULL;
  gboolean damaged;

  if (self->db == NULL)
    return;
  damaged = self->db->damaged;
  g_clear_pointer (&self->db, _eshi_db_close);
  state = damaged ? NULL : dup_state (path);
  if (state == NULL || !g_file_set_contents (mark, state, -1, NULL))
    g_unlink (mark);
}

/* --- mending ------------------------------------------------------------------------------------------------------ */

/* Opens @path and, unless it is @known to be whole, reads all of it. NULL without @error being set when it is damaged. */
static EshiDb *
open_whole (const char  *path,
            gboolean     known,
            GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(EshiDb) db = _eshi_db_open (path, &local_error);

  if (db != NULL && (known || _eshi_db_is_whole (db, &local_error)))
    return g_steal_pointer (&db);
  if (local_error != NULL && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    g_propagate_error (error, g_steal_pointer (&local_error));

  return NULL;
}

/* Puts the damaged database aside with all that belongs to it. (transfer full): its new path; NULL on error. */
static char *
put_aside (EshiStore  *self,
           const char *path)
{
  static const char *const endings[] = { "-wal", "-shm" };
  g_autofree char *now = now_as_name ();
  g_autofree char *name = g_strdup_printf ("history-damaged-%s.db", now);
  g_autofree char *aside = g_build_filename (self->data, name, NULL);

  if (g_rename (path, aside) != 0 && g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *from = g_strconcat (path, endings[i], NULL);
      g_autofree char *to = g_strconcat (aside, endings[i], NULL);

      g_rename (from, to);
    }

  return g_steal_pointer (&aside);
}

/* Copies the newest backup that is whole to @path. (transfer full) (nullable): which it was. */
static char *
bring_backup (EshiStore  *self,
              const char *path)
{
  g_autoptr(GPtrArray) backups = list_backups (self);
  g_autofree char *partial = g_strconcat (path, ".partial", NULL);

  for (guint i = 0; i < backups->len; i++)
    {
      g_autoptr(GFile) from = g_file_new_for_path (backups->pdata[i]);
      g_autoptr(GFile) to = g_file_new_for_path (partial);
      g_autoptr(EshiDb) db = NULL;

      if (!g_file_copy (from, to, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, NULL))
        continue;
      db = open_whole (partial, FALSE, NULL);
      if (db == NULL)
        continue;
      g_clear_pointer (&db, _eshi_db_close);
      if (g_rename (partial, path) == 0)
        return g_strdup (backups->pdata[i]);
    }
  g_unlink (partial);

  return NULL;
}

/* Days of pictures: folders named like "2026-11-26". */
static gboolean
is_day (const char *name)
{
  return strlen (name) == DAY_LENGTH && strspn (name, "0123456789-") == DAY_LENGTH;
}

int
_eshi_store_compare_paths (gconstpointer a,
                           gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The files of one day that may be pictures. */
static void
list_day (EshiStore  *self,
          const char *parent,
          const char *day)
{
  g_autofree char *folder = g_build_filename (parent, day, NULL);
  g_autoptr(GDir) files = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (files != NULL && (name = g_dir_read_name (files)) != NULL)
    if (g_str_has_suffix (name, ".png") && *name != '.')
      g_ptr_array_add (self->to_adopt, g_build_filename (folder, name, NULL));
}

static void
list_days (EshiStore  *self,
           const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *day = NULL;

  while (dir != NULL && (day = g_dir_read_name (dir)) != NULL)
    if (is_day (day))
      list_day (self, folder, day);
}

/* The day in the path of a file that list_day() found, and what follows. */
static const char *
day_in (const char *path)
{
  return strrchr (path, '/') - DAY_LENGTH;
}

/* The oldest first, so that the ids follow the days, whatever folder they are in. */
static int
compare_days (gconstpointer a,
              gconstpointer b)
{
  const char *first = *(const char *const *) a;
  const char *second = *(const char *const *) b;
  int order = strcmp (day_in (first), day_in (second));

  return order != 0 ? order : strcmp (first, second);
}

gboolean
_eshi_store_end_adoption (EshiStore  *self,
                          GError    **error)
{
  return _eshi_db_exec (self->db, error, "DELETE FROM chores WHERE name = 'adopt'", "");
}

gboolean
_eshi_store_plan_adoption (EshiStore  *self,
                           GError    **error)
{
  g_autoptr(GPtrArray) folders = NULL;
  gint64 n_chores = 0;

  if (!_eshi_db_get_int (self->db, &n_chores, 0, error, "SELECT count (*) FROM chores WHERE name = 'adopt'", ""))
    return FALSE;
  if (n_chores == 0)
    return TRUE;

  folders = _eshi_store_list_folders (self);
  for (guint i = 0; i < folders->len; i++)
    list_days (self, folders->pdata[i]);
  g_ptr_array_sort (self->to_adopt, compare_days);
  self->n_own = self->to_adopt->len;
  g_ptr_array_unref (self->to_list);
  self->to_list = _eshi_store_list_imports (self);

  return self->to_adopt->len + self->to_list->len > 0 || _eshi_store_end_adoption (self, error);
}

/* Puts a backup in the place of the damaged file, or nothing; and opens what is there then. */
static gboolean
mend (EshiStore   *self,
      const char  *path,
      GError     **error)
{
  g_autofree char *aside = NULL;
  g_autofree char *backup = NULL;
  g_autofree char *shown = g_filename_display_name (path);

  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) != 0 || (aside = put_aside (self, path)) == NULL)
    {
      flock (self->lock_fd, LOCK_SH | LOCK_NB);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _("The history “%s” is damaged, and another program has it open; close that and start Eshi again."),
                   shown);
      return FALSE;
    }

  backup = bring_backup (self, path);
  flock (self->lock_fd, LOCK_SH | LOCK_NB);
  g_free (shown);
  shown = g_filename_display_name (aside);
  if (backup != NULL)
    self->notice = g_strdup_printf (_("The history was damaged. It was restored from its last backup; newer pictures are "
                                      "taken in from their files. The damaged file is kept as “%s”."),
                                    shown);
  else
    self->notice = g_strdup_printf (_("The history was damaged and had no backup. It is rebuilt from the pictures' files; "
                                      "favourites, tags and the queue are lost. The damaged file is kept as “%s”."),
                                    shown);
  self->db = _eshi_db_open (path, error);

  return self->db != NULL &&
         (backup == NULL || _eshi_db_exec (self->db, error, "INSERT OR IGNORE INTO chores VALUES ('adopt')", ""));
}

/* A file that is gone, or was cut to nothing, while there are backups is as bad as a damaged one. */
static gboolean
is_lost (EshiStore  *self,
         const char *path)
{
  g_autoptr(GPtrArray) backups = list_backups (self);
  GStatBuf status;

  return backups->len > 0 && (g_stat (path, &status) != 0 || status.st_size == 0);
}

gboolean
_eshi_store_open_db (EshiStore  *self,
                     GError    **error)
{
  g_autofree char *path = g_build_filename (self->data, DATABASE, NULL);
  g_autoptr(GError) local_error = NULL;

  if (is_lost (self, path))
    return mend (self, path, error);
  self->db = open_whole (path, was_left_whole (self, path), &local_error);
  if (self->db != NULL)
    return TRUE;
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  return mend (self, path, error);
}

gboolean
_eshi_store_adopt (EshiStore   *self,
                   const char  *path,
                   gboolean     only_told,
                   gboolean    *added,
                   GError     **error)
{
  g_autoptr(EshiPictureSettings) found = NULL;
  g_autoptr(EshiHistoryPicture) picture = NULL;
  gint64 known = 0;
  GStatBuf status;

  *added = FALSE;
  if (!_eshi_store_know_file (self, path, &known, error))
    return FALSE;
  if (known != 0)
    return TRUE;

  found = eshi_picture_file_inspect (path, error);
  if (found == NULL || g_stat (path, &status) != 0)
    return found != NULL;
  if (only_told && found->settings == NULL)
    return TRUE;
  picture = g_new0 (EshiHistoryPicture, 1);
  picture->path = g_strdup (path);
  picture->n_bytes = status.st_size;
  picture->created = (gint64) status.st_mtime * G_USEC_PER_SEC;
  picture->settings = found->settings != NULL ? eshi_settings_copy (found->settings) : eshi_settings_new ();
  picture->model_name = g_strdup (found->model_name);
  picture->tags = g_new0 (char *, 1);

  *added = _eshi_store_add_row (self, picture, error) && _eshi_words_add (self, picture->id, error);

  return *added;
}

/* --- what others left behind -------------------------------------------------------------------------------------- */

/* A picture that a dead program was about to write. */
typedef struct
{
  gint64 id;
  char  *place; /* its file, or the folder that it was to be in */
  gint64 n_bytes;
  char  *sha256;
} Pending;

static void
pending_free (gpointer data)
{
  Pending *self = data;

  g_free (self->place);
  g_free (self->sha256);
  g_free (self);
}

/* (transfer full): those whose program is dead; NULL on error. */
static GPtrArray *
list_pending (EshiStore  *self,
              GError    **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func (pending_free);
  sqlite3_stmt *row = _eshi_db_query (self->db, error,
                                      "SELECT id, path, bytes, sha256, owner FROM pictures WHERE trashed <> 0 AND"
                                      " trashed = -1",
                                      "");
  int result = row != NULL ? 1 : -1;

  while (result > 0 && (result = _eshi_db_step (self->db, row, error)) > 0)
    {
      const char *owner = (const char *) sqlite3_column_text (row, 4);
      Pending *pending = NULL;

      if (owner != NULL && _eshi_store_is_alive (self, owner))
        continue;
      pending = g_new0 (Pending, 1);
      pending->id = sqlite3_column_int64 (row, 0);
      pending->place = _eshi_store_absolute (self, (const char *) sqlite3_column_text (row, 1));
      pending->n_bytes = sqlite3_column_int64 (row, 2);
      pending->sha256 = _eshi_db_dup_text (row, 3);
      g_ptr_array_add (list, pending);
    }

  return result == 0 ? g_steal_pointer (&list) : NULL;
}

static gboolean
is_file_of (const Pending *pending,
            const char    *path)
{
  g_autofree char *contents = NULL;
  g_autofree char *sum = NULL;
  gsize n_bytes = 0;
  GStatBuf status;

  if (g_stat (path, &status) != 0 || status.st_size != pending->n_bytes ||
      !g_file_get_contents (path, &contents, &n_bytes, NULL))
    return FALSE;
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) contents, n_bytes);

  return g_strcmp0 (sum, pending->sha256) == 0;
}

/* (transfer full) (nullable): the file that was written, if it came to that, and no other row has it. */
static char *
find_file (EshiStore     *self,
           const Pending *pending)
{
  g_autoptr(GDir) dir = g_dir_open (pending->place, 0, NULL);
  const char *name = NULL;

  if (dir == NULL)
    return is_file_of (pending, pending->place) ? g_strdup (pending->place) : NULL;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (pending->place, name, NULL);
      g_autofree char *relative = _eshi_store_relative (self, path);
      gint64 known = 0;

      if (g_str_has_suffix (name, ".png") && is_file_of (pending, path) &&
          _eshi_db_get_int (self->db, &known, 0, NULL, "SELECT id FROM pictures WHERE path = ? AND trashed = 0", "s",
                            relative) &&
          known == 0)
        return g_steal_pointer (&path);
    }

  return NULL;
}

static gboolean
settle_pending (EshiStore  *self,
                GError    **error)
{
  g_autoptr(GPtrArray) list = list_pending (self, error);
  gboolean done = list != NULL;

  for (guint i = 0; done && i < list->len; i++)
    {
      const Pending *pending = list->pdata[i];
      g_autofree char *path = find_file (self, pending);

      done = path != NULL ? _eshi_store_show (self, pending->id, path, error)
                          : _eshi_db_exec (self->db, error, "DELETE FROM pictures WHERE id = ?", "i", pending->id);
    }

  return done;
}

gboolean
_eshi_store_settle_dead (EshiStore  *self,
                         GError    **error)
{
  gboolean done = FALSE;

  if (!_eshi_db_begin (self->db, error))
    return FALSE;
  done = settle_pending (self, error) && _eshi_store_settle_jobs (self, error) && _eshi_store_settle_trash (self, error);

  return _eshi_db_end (self->db, done, error) && _eshi_store_sweep_images (self, error);
}
