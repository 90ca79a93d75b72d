/* eshi-db-private.h: one connection to an SQLite file, its statements and its errors.
 *
 * Thread: a connection belongs to the thread that opened it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>
#include <sqlite3.h>

G_BEGIN_DECLS

typedef struct
{
  sqlite3    *handle;
  char       *path;
  GHashTable *statements; /* prepared once: sqlite3_stmt by its SQL */
  gboolean    damaged;    /* whether anything that was asked of it met damage */
} EshiDb;

/**
 * _eshi_db_open:
 * @path: the file, made if it does not exist; its folder must exist
 *
 * Opens in WAL mode, every commit synchronised with the disk, waiting up to five seconds for other writers.
 *
 * Errors: as from every function here: %G_IO_ERROR_NO_SPACE, %G_IO_ERROR_PERMISSION_DENIED, %G_IO_ERROR_BUSY,
 * %G_IO_ERROR_INVALID_DATA when the file is damaged, else %G_IO_ERROR_FAILED; sentences for people.
 *
 * Returns: (transfer full)
 */
EshiDb       *_eshi_db_open       (const char         *path,
                                   GError            **error);
void          _eshi_db_close      (EshiDb             *self);

/**
 * _eshi_db_migrate:
 * @scripts: SQL that leads from version i to version i + 1; version 0 is an empty file
 *
 * Brings the file to version @n_scripts, each step in a transaction of its own, so that a step that fails leaves the
 * version before it. Error: %ESHI_ERROR_UNSUPPORTED when the file is newer than that; it is not touched.
 */
gboolean      _eshi_db_migrate    (EshiDb             *self,
                                   const char *const  *scripts,
                                   guint               n_scripts,
                                   GError            **error);

/* A copy that is being made of a database, piece by piece. */
typedef struct
{
  char           *path;    /* where the whole copy will be */
  char           *partial; /* where it is until then */
  sqlite3        *target;
  sqlite3_backup *copy;
} EshiDbCopy;

/* Begins a copy; writes to the database in between find their way into it. NULL if the file cannot be made. */
EshiDbCopy   *_eshi_db_copy_new   (EshiDb             *self,
                                   const char         *path);

/* Copies some pages, and names the file when it has all. Returns: whether there are more; FALSE on error, too. */
gboolean      _eshi_db_copy_step  (EshiDbCopy         *self);

/* Gives up a copy that is not whole. */
void          _eshi_db_copy_free  (EshiDbCopy         *self);

/* PRAGMA user_version; negative on error. */
gint64        _eshi_db_version    (EshiDb             *self,
                                   GError            **error);

/* Whether SQLite finds the file whole. Reads all of it. FALSE without @error being set when it is damaged. */
gboolean      _eshi_db_is_whole   (EshiDb             *self,
                                   GError            **error);

/**
 * _eshi_db_query:
 * @sql: one statement; prepared at its first use and kept
 * @types: a letter for each argument: i gint64, d double, s const char * (nullable), which is copied
 *
 * Returns: (transfer none) (nullable): the statement, ready for _eshi_db_step(); valid until the next query of @sql
 */
sqlite3_stmt *_eshi_db_query      (EshiDb             *self,
                                   GError            **error,
                                   const char         *sql,
                                   const char         *types,
                                   ...);

/* The next row: 1 if there is one, 0 at the end, negative on error; the statement is reset at the last two. */
int           _eshi_db_step       (EshiDb             *self,
                                   sqlite3_stmt       *statement,
                                   GError            **error);

/* Runs a statement without rows, arguments as above. */
gboolean      _eshi_db_exec       (EshiDb             *self,
                                   GError            **error,
                                   const char         *sql,
                                   const char         *types,
                                   ...);

/* The first column of the first row; @fallback if there is none, or NULL stands there. FALSE on error. */
gboolean      _eshi_db_get_int    (EshiDb             *self,
                                   gint64             *value,
                                   gint64              fallback,
                                   GError            **error,
                                   const char         *sql,
                                   const char         *types,
                                   ...);

/* Begins a transaction that writes; waits for other writers. */
gboolean      _eshi_db_begin      (EshiDb             *self,
                                   GError            **error);

/* Commits if @keep, else rolls back. Returns: whether it was kept. */
gboolean      _eshi_db_end        (EshiDb             *self,
                                   gboolean            keep,
                                   GError            **error);

/* Rows changed by the last statement. */
int           _eshi_db_n_changed  (EshiDb             *self);

/* Rows changed since it was opened. */
int           _eshi_db_n_changes  (EshiDb             *self);
gint64        _eshi_db_last_id    (EshiDb             *self);

/* (transfer full): a copy of the text in @column; NULL for NULL. */
char         *_eshi_db_dup_text   (sqlite3_stmt       *statement,
                                   int                 column);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiDb, _eshi_db_close)

G_END_DECLS
