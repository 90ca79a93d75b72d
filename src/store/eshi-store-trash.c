/* eshi-store-trash.c: pictures that were thrown away, and got back.
 *
 * The trash is a hidden folder of our own beside the pictures and not the desktop's: only then is taking a picture back
 * exact, on the same disk a matter of one rename, and possible on every desktop. The row says that a picture is in the
 * trash before its file goes there, in one transaction, so that a program that is killed in between leaves a state that
 * can be told from both others.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "eshi-store-private.h"

#define TRASH_FOLDER ".trash"
#define MAX_NAMES 1000

/* The name has the time besides the id, which a rebuilt history gives out again. */
char *
_eshi_store_trash_path (EshiStore                *self,
                        const EshiHistoryPicture *picture)
{
  g_autofree char *base = g_path_get_basename (picture->path);
  g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "-%s", picture->created, picture->id,
                                           base);

  return g_build_filename (self->pictures, TRASH_FOLDER, name, NULL);
}

/* Moves a file and never replaces one. */
static gboolean
move_file (const char  *from,
           const char  *to,
           GError     **error)
{
  g_autoptr(GFile) source = g_file_new_for_path (from);
  g_autoptr(GFile) target = g_file_new_for_path (to);
  g_autofree char *folder = g_path_get_dirname (to);
  g_autofree char *shown = g_filename_display_name (from);
  g_autoptr(GError) local_error = NULL;

  g_mkdir_with_parents (folder, 0777);
  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return TRUE;
  if ((errno == EXDEV || errno == EINVAL || errno == ENOSYS) &&
      g_file_move (source, target, G_FILE_COPY_NOFOLLOW_SYMLINKS, NULL, NULL, NULL, &local_error))
    return TRUE;

  if (errno == ENOSPC || g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 _("The disk is full, so “%s” stays where it is; make room and try again."), shown);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                 _("“%s” cannot be moved and stays where it is; make its folder writable and try again."), shown);

  return FALSE;
}

static gboolean
trash_one (EshiStore  *self,
           gint64      id,
           GError    **error)
{
  g_autoptr(EshiHistoryPicture) picture = _eshi_store_get (self, id, error);
  g_autofree char *to = NULL;

  if (picture == NULL)
    return FALSE;
  if (picture->trashed != ESHI_STORE_LIVE)
    return TRUE;

  to = _eshi_store_trash_path (self, picture);

  return _eshi_words_remove (self, id, error) &&
         _eshi_db_exec (self->db, error, "UPDATE pictures SET trashed = ? WHERE id = ?", "ii", g_get_real_time (), id) &&
         (!g_file_test (picture->path, G_FILE_TEST_EXISTS) || move_file (picture->path, to, error));
}

/* (transfer full): @path, or where that is taken, a name like it that is free. */
static char *
free_name (EshiStore  *self,
           const char *path)
{
  g_autofree char *stem = g_strndup (path, strlen (path) - (g_str_has_suffix (path, ".png") ? 4 : 0));

  for (guint i = 1; i < MAX_NAMES; i++)
    {
      g_autofree char *name = i == 1 ? g_strdup (path) : g_strdup_printf ("%s-%u.png", stem, i);
      g_autofree char *relative = _eshi_store_relative (self, name);
      gint64 other = 0;

      if (!g_file_test (name, G_FILE_TEST_EXISTS) &&
          _eshi_db_get_int (self->db, &other, 0, NULL, "SELECT id FROM pictures WHERE path = ? AND trashed = 0", "s",
                            relative) &&
          other == 0)
        return g_steal_pointer (&name);
    }

  return g_strdup (path);
}

static gboolean
restore_one (EshiStore  *self,
             gint64      id,
             GError    **error)
{
  g_autoptr(EshiHistoryPicture) picture = _eshi_store_get (self, id, error);
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  g_autofree char *relative = NULL;

  if (picture == NULL)
    return FALSE;
  if (picture->trashed <= 0)
    return TRUE;

  from = _eshi_store_trash_path (self, picture);
  to = free_name (self, picture->path);
  relative = _eshi_store_relative (self, to);

  return _eshi_db_exec (self->db, error, "UPDATE pictures SET trashed = 0, path = ? WHERE id = ?", "si", relative, id) &&
         _eshi_words_add (self, id, error) &&
         (!g_file_test (from, G_FILE_TEST_EXISTS) || move_file (from, to, error));
}

/* Moves files back whose rows are rolled back, because a later one could not be moved. */
static void
undo_moves (EshiStore *self,
            GPtrArray *moved)
{
  for (guint i = 0; i + 1 < moved->len; i += 2)
    if (!g_file_test (moved->pdata[i], G_FILE_TEST_EXISTS))
      move_file (moved->pdata[i + 1], moved->pdata[i], NULL);
}

/* (transfer full): where the files of @ids are now and will be, in turn. */
static GPtrArray *
plan_moves (EshiStore    *self,
            const gint64 *ids,
            guint         n_ids)
{
  g_autoptr(GPtrArray) pictures = _eshi_store_load (self, ids, n_ids, NULL);
  GPtrArray *moves = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; pictures != NULL && i < pictures->len; i++)
    {
      const EshiHistoryPicture *picture = pictures->pdata[i];

      if (picture->trashed != ESHI_STORE_LIVE)
        continue;
      g_ptr_array_add (moves, g_strdup (picture->path));
      g_ptr_array_add (moves, _eshi_store_trash_path (self, picture));
    }

  return moves;
}

gboolean
_eshi_store_trash (EshiStore     *self,
                   const gint64  *ids,
                   guint          n_ids,
                   GError       **error)
{
  g_autoptr(GPtrArray) moves = NULL;
  gboolean done = _eshi_db_begin (self->db, error);

  if (!done)
    return FALSE;
  moves = plan_moves (self, ids, n_ids);
  for (guint i = 0; i < n_ids && done; i++)
    done = trash_one (self, ids[i], error);
  done = _eshi_db_end (self->db, done, error);
  if (!done)
    undo_moves (self, moves);

  return done;
}

/* One transaction each: those that were restored before an error stay so. */
gboolean
_eshi_store_restore (EshiStore     *self,
                     const gint64  *ids,
                     guint          n_ids,
                     GError       **error)
{
  for (guint i = 0; i < n_ids; i++)
    if (!_eshi_db_begin (self->db, error) || !_eshi_db_end (self->db, restore_one (self, ids[i], error), error))
      return FALSE;

  return TRUE;
}

/* (transfer full) (element-type EshiHistoryPicture): what was trashed before @before; NULL on error. */
static GPtrArray *
list_trash (EshiStore  *self,
            gint64      before,
            GError    **error)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  sqlite3_stmt *row = _eshi_db_query (self->db, error,
                                      "SELECT id FROM pictures WHERE trashed <> 0 AND trashed > 0 AND trashed < ?", "i",
                                      before);
  int result = row != NULL ? 1 : -1;

  while (result > 0 && (result = _eshi_db_step (self->db, row, error)) > 0)
    {
      gint64 id = sqlite3_column_int64 (row, 0);

      g_array_append_val (ids, id);
    }

  return result == 0 ? _eshi_store_load (self, (const gint64 *) ids->data, ids->len, error) : NULL;
}

gboolean
_eshi_store_purge (EshiStore  *self,
                   gint64      before,
                   GError    **error)
{
  g_autoptr(GPtrArray) pictures = list_trash (self, before, error);
  gboolean done = pictures != NULL && _eshi_db_begin (self->db, error);

  if (!done)
    return FALSE;
  for (guint i = 0; i < pictures->len && done; i++)
    {
      const EshiHistoryPicture *picture = pictures->pdata[i];

      done = _eshi_db_exec (self->db, error, "DELETE FROM pictures WHERE id = ?", "i", picture->id) &&
             _eshi_db_exec (self->db, error, "UPDATE pictures SET parent = 0 WHERE parent = ?", "i", picture->id);
    }
  if (!_eshi_db_end (self->db, done, error))
    return FALSE;

  for (guint i = 0; i < pictures->len; i++)
    {
      g_autofree char *path = _eshi_store_trash_path (self, pictures->pdata[i]);

      g_unlink (path);
    }

  return _eshi_store_sweep_images (self, error);
}

/* --- what was left in the middle ---------------------------------------------------------------------------------- */

/* A file in the trash whose row says that it is not there goes back. */
static void
settle_file (EshiStore  *self,
             const char *name)
{
  g_autoptr(EshiHistoryPicture) picture = NULL;
  g_autofree char *from = NULL;
  gint64 created = 0;
  gint64 id = 0;

  if (sscanf (name, "%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "-", &created, &id) != 2)
    return;
  picture = _eshi_store_get (self, id, NULL);
  if (picture == NULL || picture->created != created || picture->trashed != ESHI_STORE_LIVE)
    return;

  from = _eshi_store_trash_path (self, picture);
  if (!g_file_test (picture->path, G_FILE_TEST_EXISTS))
    move_file (from, picture->path, NULL);
}

/* A picture whose row says that it is in the trash, and whose file is where it was before, is not there. */
static gboolean
settle_row (EshiStore                 *self,
            const EshiHistoryPicture  *picture,
            GError                   **error)
{
  g_autofree char *from = _eshi_store_trash_path (self, picture);
  g_autofree char *relative = _eshi_store_relative (self, picture->path);
  gint64 other = 0;
  GStatBuf status;

  if (g_file_test (from, G_FILE_TEST_EXISTS) || g_stat (picture->path, &status) != 0 ||
      status.st_size != picture->n_bytes)
    return TRUE;
  if (!_eshi_db_get_int (self->db, &other, 0, error, "SELECT id FROM pictures WHERE path = ? AND trashed = 0", "s",
                         relative))
    return FALSE;

  return other != 0 ||
         (_eshi_db_exec (self->db, error, "UPDATE pictures SET trashed = 0 WHERE id = ?", "i", picture->id) &&
          _eshi_words_add (self, picture->id, error));
}

gboolean
_eshi_store_settle_trash (EshiStore  *self,
                          GError    **error)
{
  g_autoptr(GPtrArray) pictures = list_trash (self, G_MAXINT64, error);
  g_autofree char *folder = g_build_filename (self->pictures, TRASH_FOLDER, NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  gboolean done = pictures != NULL;
  const char *name = NULL;

  for (guint i = 0; done && i < pictures->len; i++)
    done = settle_row (self, pictures->pdata[i], error);
  while (done && dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    settle_file (self, name);

  return done;
}
