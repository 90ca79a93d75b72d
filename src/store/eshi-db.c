/* eshi-db.c: one connection to an SQLite file, its statements and its errors.
 *
 * Knows SQLite and no table. Every error becomes a sentence here and nowhere else.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <libeshi-engine.h>

#include "eshi-db-private.h"

#define BUSY_TIMEOUT_MS 5000

/* A megabyte at a time. */
#define COPY_PAGES 256

static void
set_error (EshiDb  *self,
           GError **error)
{
  g_autofree char *shown = g_filename_display_name (self->path);

  switch (sqlite3_errcode (self->handle) & 0xff)
    {
    case SQLITE_FULL:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _("The disk is full, so the history “%s” stays as it was; make room and try again."), shown);
      break;

    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _("The history “%s” cannot be written; make its folder writable and try again."), shown);
      break;

    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("Another program is writing to the history “%s”; try again when it is done."), shown);
      break;

    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      self->damaged = TRUE;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _("The history “%s” is damaged; close Eshi and open it again, which mends it."), shown);
      break;

    default:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   _("The history “%s” could not be used (%s); try again."), shown, sqlite3_errmsg (self->handle));
      break;
    }
}

static gboolean
run_script (EshiDb      *self,
            const char  *sql,
            GError     **error)
{
  if (sqlite3_exec (self->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;

  set_error (self, error);

  return FALSE;
}

static void
finalize (gpointer statement)
{
  sqlite3_finalize (statement);
}

EshiDb *
_eshi_db_open (const char  *path,
               GError     **error)
{
  g_autoptr(EshiDb) self = g_new0 (EshiDb, 1);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

  self->path = g_strdup (path);
  self->statements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, finalize);
  if (sqlite3_open_v2 (path, &self->handle, flags, NULL) != SQLITE_OK)
    {
      set_error (self, error);
      return NULL;
    }

  sqlite3_busy_timeout (self->handle, BUSY_TIMEOUT_MS);
  if (!run_script (self,
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                   "PRAGMA cache_size = -32768; PRAGMA mmap_size = 268435456; PRAGMA temp_store = MEMORY;",
                   error))
    return NULL;

  return g_steal_pointer (&self);
}

void
_eshi_db_close (EshiDb *self)
{
  g_hash_table_unref (self->statements);
  sqlite3_close_v2 (self->handle);
  g_free (self->path);
  g_free (self);
}

gint64
_eshi_db_version (EshiDb  *self,
                  GError **error)
{
  gint64 version = 0;

  return _eshi_db_get_int (self, &version, 0, error, "PRAGMA user_version", "") ? version : -1;
}

static gboolean
migrate_once (EshiDb      *self,
              const char  *script,
              guint        to,
              GError     **error)
{
  g_autofree char *stamp = g_strdup_printf ("PRAGMA user_version = %u", to);
  gint64 version = 0;
  gboolean done = FALSE;

  if (!_eshi_db_begin (self, error))
    return FALSE;

  /* Another program may have done it while this one waited. */
  version = _eshi_db_version (self, error);
  done = version >= to || (version >= 0 && run_script (self, script, error) && run_script (self, stamp, error));

  return _eshi_db_end (self, done, error);
}

gboolean
_eshi_db_migrate (EshiDb             *self,
                  const char *const  *scripts,
                  guint               n_scripts,
                  GError            **error)
{
  gint64 version = _eshi_db_version (self, error);

  if (version < 0)
    return FALSE;
  if (version > n_scripts)
    {
      g_autofree char *shown = g_filename_display_name (self->path);

      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The history “%s” was written by a newer Eshi and was left alone; install that version."), shown);
      return FALSE;
    }
  for (guint i = (guint) version; i < n_scripts; i++)
    if (!migrate_once (self, scripts[i], i + 1, error))
      return FALSE;

  return TRUE;
}

gboolean
_eshi_db_is_whole (EshiDb  *self,
                   GError **error)
{
  sqlite3_stmt *statement = _eshi_db_query (self, error, "PRAGMA quick_check (1)", "");
  gboolean whole = FALSE;

  if (statement == NULL || _eshi_db_step (self, statement, error) <= 0)
    return FALSE;
  whole = g_strcmp0 ((const char *) sqlite3_column_text (statement, 0), "ok") == 0;
  sqlite3_reset (statement);

  return whole;
}

EshiDbCopy *
_eshi_db_copy_new (EshiDb     *self,
                   const char *path)
{
  EshiDbCopy *copy = g_new0 (EshiDbCopy, 1);

  copy->path = g_strdup (path);
  copy->partial = g_strconcat (path, ".partial", NULL);
  g_unlink (copy->partial);
  if (sqlite3_open (copy->partial, &copy->target) == SQLITE_OK)
    copy->copy = sqlite3_backup_init (copy->target, "main", self->handle, "main");
  if (copy->copy == NULL)
    g_clear_pointer (&copy, _eshi_db_copy_free);

  return copy;
}

gboolean
_eshi_db_copy_step (EshiDbCopy *self)
{
  int result = sqlite3_backup_step (self->copy, COPY_PAGES);

  if (result == SQLITE_OK || result == SQLITE_BUSY || result == SQLITE_LOCKED)
    return TRUE;

  if (result == SQLITE_DONE && sqlite3_backup_finish (g_steal_pointer (&self->copy)) == SQLITE_OK &&
      sqlite3_close (g_steal_pointer (&self->target)) == SQLITE_OK)
    g_rename (self->partial, self->path);

  return FALSE;
}

void
_eshi_db_copy_free (EshiDbCopy *self)
{
  if (self->copy != NULL)
    sqlite3_backup_finish (self->copy);
  sqlite3_close (self->target);
  g_unlink (self->partial);
  g_free (self->partial);
  g_free (self->path);
  g_free (self);
}

static void
bind (sqlite3_stmt *statement,
      int           place,
      char          type,
      va_list      *args)
{
  if (type == 'i')
    sqlite3_bind_int64 (statement, place, va_arg (*args, gint64));
  else if (type == 'd')
    sqlite3_bind_double (statement, place, va_arg (*args, double));
  else
    sqlite3_bind_text (statement, place, va_arg (*args, const char *), -1, SQLITE_TRANSIENT);
}

static sqlite3_stmt *
query_va (EshiDb      *self,
          GError     **error,
          const char  *sql,
          const char  *types,
          va_list     *args)
{
  sqlite3_stmt *statement = g_hash_table_lookup (self->statements, sql);

  if (statement == NULL)
    {
      if (sqlite3_prepare_v3 (self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        {
          set_error (self, error);
          return NULL;
        }
      g_hash_table_insert (self->statements, g_strdup (sql), statement);
    }
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
  for (int i = 0; types[i] != '\0'; i++)
    bind (statement, i + 1, types[i], args);

  return statement;
}

sqlite3_stmt *
_eshi_db_query (EshiDb      *self,
                GError     **error,
                const char  *sql,
                const char  *types,
                ...)
{
  sqlite3_stmt *statement = NULL;
  va_list args;

  va_start (args, types);
  statement = query_va (self, error, sql, types, &args);
  va_end (args);

  return statement;
}

int
_eshi_db_step (EshiDb        *self,
               sqlite3_stmt  *statement,
               GError       **error)
{
  int result = sqlite3_step (statement);

  if (result == SQLITE_ROW)
    return 1;
  if (result != SQLITE_DONE)
    set_error (self, error);
  sqlite3_reset (statement);

  return result == SQLITE_DONE ? 0 : -1;
}

gboolean
_eshi_db_exec (EshiDb      *self,
               GError     **error,
               const char  *sql,
               const char  *types,
               ...)
{
  sqlite3_stmt *statement = NULL;
  int result = 1;
  va_list args;

  va_start (args, types);
  statement = query_va (self, error, sql, types, &args);
  va_end (args);
  while (statement != NULL && result > 0)
    result = _eshi_db_step (self, statement, error);

  return statement != NULL && result == 0;
}

gboolean
_eshi_db_get_int (EshiDb      *self,
                  gint64      *value,
                  gint64       fallback,
                  GError     **error,
                  const char  *sql,
                  const char  *types,
                  ...)
{
  sqlite3_stmt *statement = NULL;
  int result = -1;
  va_list args;

  va_start (args, types);
  statement = query_va (self, error, sql, types, &args);
  va_end (args);
  if (statement != NULL)
    result = _eshi_db_step (self, statement, error);
  *value = fallback;
  if (result > 0)
    {
      if (sqlite3_column_type (statement, 0) != SQLITE_NULL)
        *value = sqlite3_column_int64 (statement, 0);
      sqlite3_reset (statement);
    }

  return result >= 0;
}

gboolean
_eshi_db_begin (EshiDb  *self,
                GError **error)
{
  return run_script (self, "BEGIN IMMEDIATE", error);
}

gboolean
_eshi_db_end (EshiDb    *self,
              gboolean   keep,
              GError   **error)
{
  if (keep && run_script (self, "COMMIT", error))
    return TRUE;
  /* A full disk may have rolled it back already. */
  if (sqlite3_get_autocommit (self->handle) == 0)
    sqlite3_exec (self->handle, "ROLLBACK", NULL, NULL, NULL);

  return FALSE;
}

int
_eshi_db_n_changed (EshiDb *self)
{
  return sqlite3_changes (self->handle);
}

int
_eshi_db_n_changes (EshiDb *self)
{
  return sqlite3_total_changes (self->handle);
}

gint64
_eshi_db_last_id (EshiDb *self)
{
  return sqlite3_last_insert_rowid (self->handle);
}

char *
_eshi_db_dup_text (sqlite3_stmt *statement,
                   int           column)
{
  return g_strdup ((const char *) sqlite3_column_text (statement, column));
}
