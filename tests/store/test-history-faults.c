/* test-history-faults.c: damaged databases, full disks, folders that cannot be written.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "eshi-db-private.h"
#include "eshi-history-import.h"
#include "eshi-picture-file.h"
#include "eshi-store-schema.h"
#include "history-rig.h"

static char *
database_path (Rig *rig)
{
  return g_build_filename (rig->data, "history.db", NULL);
}

/* Runs @sql on the file of a history that is closed. */
static void
run_sql (const char *path,
         const char *sql)
{
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

/* --- damage ------------------------------------------------------------------------------------------------------- */

/* Writes nonsense over the file from @from on, to its end or for some pages. */
static void
spoil (const char *path,
       gsize       from,
       gsize       n_bytes)
{
  g_autofree char *contents = NULL;
  FILE *file = NULL;
  gsize length = 0;

  g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
  for (gsize i = from; i < MIN (length, from + n_bytes); i++)
    contents[i] = (char) (i * 167 + 13);
  /* In its place: a program that has it open sees it as well. */
  file = g_fopen (path, "r+");
  g_assert_cmpuint (fwrite (contents, 1, length, file), ==, length);
  fclose (file);
}

/* As a disk does it that fails: no time of writing tells of it. */
static void
spoil_quietly (const char *path,
               gsize       from,
               gsize       n_bytes)
{
  struct timespec times[2];
  struct stat status;

  g_assert_cmpint (stat (path, &status), ==, 0);
  times[0] = status.st_atim;
  times[1] = status.st_mtim;
  spoil (path, from, n_bytes);
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

static guint
count_aside (Rig *rig)
{
  g_autoptr(GDir) dir = g_dir_open (rig->data, 0, NULL);
  const char *name = NULL;
  guint n_files = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    n_files += g_str_has_prefix (name, "history-damaged-") && g_str_has_suffix (name, ".db");

  return n_files;
}

static void
tag (Rig        *rig,
     gint64      id,
     const char *word)
{
  g_autoptr(GAsyncResult) result = NULL;

  eshi_history_set_tag_async (rig->history, &id, 1, word, TRUE, rig_cb, &result);
  rig_wait (&result);
  g_assert_true (eshi_history_finish (rig->history, result, NULL));
}

/* @data: "header", "middle" or "empty": what is spoilt. */
static void
test_backup (Rig           *rig,
             gconstpointer  data)
{
  g_autofree char *path = database_path (rig);
  g_autofree char *notice = NULL;
  g_autofree char *backups = g_build_filename (rig->data, "backups", NULL);
  gint64 id = rig_save (rig, "古い", 1);

  tag (rig, id, "札");
  rig_remove_folder (backups);
  g_free (rig_reopen (rig));
  rig_settle (rig); /* backs up */
  rig_save (rig, "新しい", 2);
  rig_close (rig);
  if (g_str_equal (data, "header"))
    spoil (path, 0, 4096);
  else if (g_str_equal (data, "middle"))
    spoil (path, 4096, G_MAXSIZE / 2);
  else
    g_assert_true (g_file_set_contents (path, "", 0, NULL));

  notice = rig_reopen (rig);
  g_assert_nonnull (notice);
  g_assert_cmpuint (count_aside (rig), ==, 1);
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, "古い 札"), ==, 1);
  g_assert_cmpint (rig_count (rig, "新しい"), ==, 1);
  g_assert_cmpint (rig_count (rig, NULL), ==, 2);
  g_free (notice);
  notice = rig_reopen (rig);
  g_assert_null (notice);
}

static void
test_rebuild (Rig           *rig,
              gconstpointer  data)
{
  g_autofree char *path = database_path (rig);
  g_autofree char *notice = NULL;
  g_autoptr(EshiHistoryPage) page = NULL;

  for (guint i = 0; i < 45; i++)
    rig_save (rig, i % 3 == 0 ? "猫" : "犬", i);
  rig_close (rig);
  spoil (path, 0, G_MAXSIZE / 2);
  notice = rig_reopen (rig);
  g_assert_nonnull (notice);
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, NULL), ==, 45);
  g_assert_cmpint (rig_count (rig, "猫"), ==, 15);
  page = rig_find (rig, &(EshiHistoryQuery) { .limit = 1 });
  g_assert_true (g_str_has_suffix (((EshiHistoryPicture *) page->pictures->pdata[0])->path, "/0045-4294967295.png"));
}

static void
save_below (Rig        *rig,
            const char *folder,
            const char *words)
{
  g_autoptr(EshiImage) image = rig_make_image (7);
  g_autoptr(EshiSettings) settings = rig_make_settings (words);
  EshiHistoryNew spec = { .image = image, .settings = settings, .folder = folder };
  g_autoptr(EshiHistoryPicture) saved = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  eshi_history_save_async (rig->history, &spec, rig_cb, &result);
  rig_wait (&result);
  saved = eshi_history_save_finish (rig->history, result, NULL, NULL);
  g_assert_nonnull (saved);
}

/* The artist has chosen other folders now and then: all are looked through, and what else stands in the list of them
 * hurts nobody. */
static void
test_rebuild_elsewhere (Rig           *rig,
                        gconstpointer  data)
{
  g_autofree char *path = database_path (rig);
  g_autofree char *list = g_build_filename (rig->data, "picture-folders", NULL);
  g_autofree char *first = g_build_filename (rig->folder, "よそ", NULL);
  g_autofree char *second = g_build_filename (rig->folder, "別の 所%41", NULL);
  g_autofree char *text = NULL;
  g_autofree char *more = NULL;

  rig_save (rig, "ここ", 1);
  save_below (rig, first, "よそ");
  save_below (rig, second, "別");
  g_free (rig_reopen (rig));
  save_below (rig, first, "よそ");
  rig_close (rig);
  g_assert_true (g_file_get_contents (list, &text, NULL, NULL));
  more = g_strconcat ("no folder\nfile:///nowhere\n\xff\n", text, NULL);
  g_assert_true (g_file_set_contents (list, more, -1, NULL));
  spoil (path, 0, G_MAXSIZE / 2);

  g_free (rig_reopen (rig));
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, "ここ"), ==, 1);
  g_assert_cmpint (rig_count (rig, "よそ"), ==, 2);
  g_assert_cmpint (rig_count (rig, "別"), ==, 1);
  g_assert_cmpint (rig_count (rig, NULL), ==, 4);
}

static void
import_from (Rig        *rig,
             const char *folder,
             guint       n_added)
{
  g_autoptr(GAsyncResult) result = NULL;
  EshiImportCount count = { 0 };

  eshi_history_import_async (rig->history, folder, NULL, NULL, NULL, rig_cb, &result);
  rig_wait (&result);
  g_assert_true (eshi_history_import_finish (rig->history, result, &count, NULL));
  g_assert_cmpuint (count.n_added, ==, n_added);
}

/* A copy of a picture's file as @folder/@name, the folder made if need be. */
static void
copy_to (Rig        *rig,
         const char *folder,
         const char *name)
{
  g_autoptr(EshiHistoryPage) page = rig_find (rig, &(EshiHistoryQuery) { .limit = 1 });
  const EshiHistoryPicture *picture = page->pictures->pdata[0];
  g_autoptr(GFile) from = g_file_new_for_path (picture->path);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GFile) to = g_file_new_for_path (path);

  g_assert_no_errno (g_mkdir_with_parents (folder, 0755));
  g_assert_true (g_file_copy (from, to, G_FILE_COPY_NONE, NULL, NULL, NULL, NULL));
}

/* Pictures that were taken in from elsewhere are found again there, and those that tell nothing are left out again. */
static void
test_rebuild_imported (Rig           *rig,
                       gconstpointer  data)
{
  g_autofree char *path = database_path (rig);
  g_autofree char *outside = g_build_filename (rig->folder, "よそ", NULL);
  g_autofree char *below = g_build_filename (outside, "2026", "深い", NULL);
  g_autofree char *note = g_build_filename (below, "note.png", NULL);

  rig_save (rig, "猫", 1);
  copy_to (rig, outside, "a.png");
  copy_to (rig, below, "b.PNG");
  g_assert_true (g_file_set_contents (note, "no picture", -1, NULL));
  import_from (rig, outside, 2);
  rig_close (rig);
  spoil (path, 0, G_MAXSIZE / 2);

  g_free (rig_reopen (rig));
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, "猫"), ==, 3);
  g_free (rig_reopen (rig));
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, NULL), ==, 3);
}

/* A rebuilding that was broken off goes on. */
static void
test_rebuild_broken_off (Rig           *rig,
                         gconstpointer  data)
{
  g_autofree char *path = database_path (rig);

  for (guint i = 0; i < 45; i++)
    rig_save (rig, "猫", i);
  rig_close (rig);
  spoil (path, 0, G_MAXSIZE / 2);
  g_free (rig_reopen (rig));
  g_free (rig_reopen (rig));
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, "猫"), ==, 45);
}

/* A history with a backup of today, closed. */
static void
leave_whole (Rig        *rig,
             const char *path)
{
  g_autofree char *mark = g_strconcat (path, ".whole", NULL);
  g_autofree char *backups = g_build_filename (rig->data, "backups", NULL);

  tag (rig, rig_save (rig, "古い", 1), "札");
  rig_remove_folder (backups);
  g_free (rig_reopen (rig));
  rig_settle (rig);
  for (guint i = 0; i < 40; i++)
    rig_save (rig, "新しい", 2 + i);
  rig_close (rig);
  g_assert_true (g_file_test (mark, G_FILE_TEST_IS_REGULAR));
}

/* What is as it was left is not read through at a start; what has another time of writing is. */
static void
test_left_whole (Rig           *rig,
                 gconstpointer  data)
{
  g_autofree char *path = database_path (rig);
  g_autofree char *notice = NULL;
  GStatBuf status;

  leave_whole (rig, path);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  spoil_quietly (path, (gsize) status.st_size - 4096, 4096);
  notice = rig_reopen (rig);
  g_assert_null (notice);
  rig_close (rig);
  g_assert_cmpint (utimensat (AT_FDCWD, path, NULL, 0), ==, 0);
  notice = rig_reopen (rig);
  g_assert_nonnull (notice);
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, NULL), ==, 41);
}

/* Damage that is met while opening is looked for and mended in the same start. */
static void
test_left_whole_but (Rig           *rig,
                     gconstpointer  data)
{
  g_autofree char *path = database_path (rig);
  g_autofree char *notice = NULL;

  leave_whole (rig, path);
  spoil_quietly (path, 4096, G_MAXSIZE / 2);
  notice = rig_reopen (rig);
  g_assert_nonnull (notice);
  g_assert_cmpuint (count_aside (rig), ==, 1);
  rig_settle (rig);
  g_assert_cmpint (rig_count (rig, NULL), ==, 41);
  g_assert_cmpint (rig_count (rig, "古い 札"), ==, 1);
}

static void
test_damaged_and_open (Rig           *rig,
                       gconstpointer  data)
{
  g_autofree char *path = database_path (rig);
  g_autoptr(EshiHistory) other = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  rig_save (rig, "猫", 1);
  g_free (rig_reopen (rig));
  spoil (path, 4096, G_MAXSIZE / 2);
  other = eshi_history_new (rig->data, rig->pictures);
  eshi_history_open_async (other, rig_cb, &result);
  rig_wait (&result);
  g_assert_false (eshi_history_open_finish (other, result, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* --- versions ----------------------------------------------------------------------------------------------------- */

static void
test_newer (Rig           *rig,
            gconstpointer  data)
{
  g_autofree char *path = database_path (rig);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) saved = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) unrecorded = NULL;
  g_autoptr(EshiImage) image = rig_make_image (1);
  g_autoptr(EshiSettings) settings = rig_make_settings ("猫");
  g_autoptr(EshiHistoryPicture) picture = NULL;
  EshiHistoryNew spec = { .image = image, .settings = settings };
  gsize n_before = 0;
  gsize n_after = 0;

  rig_save (rig, "猫", 1);
  rig_close (rig);
  run_sql (path, "PRAGMA user_version = 999; CREATE TABLE future (x); PRAGMA wal_checkpoint (TRUNCATE)");
  g_assert_true (g_file_get_contents (path, &before, &n_before, NULL));

  rig->history = eshi_history_new (rig->data, rig->pictures);
  eshi_history_open_async (rig->history, rig_cb, &result);
  rig_wait (&result);
  g_assert_false (eshi_history_open_finish (rig->history, result, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED);

  /* Pictures are saved all the same. */
  eshi_history_save_async (rig->history, &spec, rig_cb, &saved);
  rig_wait (&saved);
  picture = eshi_history_save_finish (rig->history, saved, &unrecorded, NULL);
  g_assert_nonnull (picture);
  g_assert_cmpint (picture->id, ==, 0);
  g_assert_error (unrecorded, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED);
  g_assert_true (g_file_test (picture->path, G_FILE_TEST_IS_REGULAR));

  rig_close (rig);
  g_assert_true (g_file_get_contents (path, &after, &n_after, NULL));
  g_assert_cmpmem (before, n_before, after, n_after);
}

/* The steps of a migration, one of which fails: the step before it is kept, and it is tried again. */
static void
test_migrate (Rig           *rig,
              gconstpointer  data)
{
  static const char *const broken[] = { "CREATE TABLE a (x); INSERT INTO a VALUES (1)",
                                        "ALTER TABLE a ADD y; INSERT INTO nowhere VALUES (1)" };
  static const char *const whole[] = { "CREATE TABLE a (x); INSERT INTO a VALUES (1)",
                                       "ALTER TABLE a ADD y; UPDATE a SET y = x + 1" };
  g_autofree char *path = g_build_filename (rig->folder, "old.db", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiDb) db = _eshi_db_open (path, &error);
  gint64 value = 0;

  g_assert_no_error (error);
  g_assert_false (_eshi_db_migrate (db, broken, 2, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (_eshi_db_version (db, &error), ==, 1);
  g_assert_true (_eshi_db_migrate (db, whole, 2, &error));
  g_assert_no_error (error);
  g_assert_cmpint (_eshi_db_version (db, &error), ==, 2);
  g_assert_true (_eshi_db_get_int (db, &value, 0, &error, "SELECT y FROM a", ""));
  g_assert_cmpint (value, ==, 2);
  g_assert_false (_eshi_db_migrate (db, whole, 1, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED);
}

/* Statements that make the tables and indices of the file @path, as a set. */
static GHashTable *
schema_of (const char *path)
{
  GHashTable *set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sqlite3 *db = NULL;
  sqlite3_stmt *row = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  sqlite3_prepare_v2 (db, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL", -1, &row, NULL);
  while (sqlite3_step (row) == SQLITE_ROW)
    g_hash_table_add (set, g_strdup ((const char *) sqlite3_column_text (row, 0)));
  sqlite3_finalize (row);
  sqlite3_close (db);

  return set;
}

static void
assert_same_schema (const char *path,
                    const char *other)
{
  g_autoptr(GHashTable) set = schema_of (path);
  g_autoptr(GHashTable) others = schema_of (other);
  GHashTableIter iter;
  gpointer sql = NULL;

  g_assert_cmpuint (g_hash_table_size (set), ==, g_hash_table_size (others));
  g_hash_table_iter_init (&iter, set);
  while (g_hash_table_iter_next (&iter, &sql, NULL))
    if (!g_hash_table_contains (others, sql))
      g_error ("this is in one file alone: %s", (const char *) sql);
}

/* A history as the first version wrote it: brought to this one with all that is in it, after a copy was made. */
static void
test_older (Rig           *rig,
            gconstpointer  data)
{
  static const char first[] =
    "DROP INDEX pictures_live; DROP INDEX pictures_model; DROP INDEX pictures_sampler; DROP INDEX pictures_size;"
    "DROP INDEX pictures_created; DROP INDEX pictures_rating; DROP INDEX pictures_favourite; DROP INDEX pictures_parent;"
    "CREATE INDEX pictures_live ON pictures (id) WHERE trashed = 0;"
    "CREATE INDEX pictures_model ON pictures (model, id) WHERE trashed = 0;"
    "CREATE INDEX pictures_sampler ON pictures (sampler, id) WHERE trashed = 0;"
    "CREATE INDEX pictures_size ON pictures (width, height, id) WHERE trashed = 0;"
    "CREATE INDEX pictures_created ON pictures (created, id) WHERE trashed = 0;"
    "CREATE INDEX pictures_rating ON pictures (rating, id) WHERE trashed = 0;"
    "CREATE INDEX pictures_favourite ON pictures (favourite, id) WHERE trashed = 0;"
    "CREATE INDEX pictures_parent ON pictures (parent, id) WHERE trashed = 0;"
    "PRAGMA user_version = 1; PRAGMA wal_checkpoint (TRUNCATE)";
  g_autofree char *path = database_path (rig);
  g_autofree char *model = g_build_filename (rig->folder, "first.db", NULL);
  g_autofree char *fresh = g_build_filename (rig->folder, "fresh.db", NULL);
  g_autofree char *backups = g_build_filename (rig->data, "backups", NULL);
  g_autofree char *notice = NULL;
  g_autoptr(GDir) dir = NULL;
  gint64 id = rig_save (rig, "昔の絵", 1);

  tag (rig, id, "札");
  rig_close (rig);
  rig_remove_folder (backups);
  g_assert_cmpint (g_rename (path, fresh), ==, 0);
  {
    g_autoptr(GFile) from = g_file_new_for_path (fresh);
    g_autoptr(GFile) to = g_file_new_for_path (path);

    g_assert_true (g_file_copy (from, to, G_FILE_COPY_NONE, NULL, NULL, NULL, NULL));
  }
  run_sql (path, first);
  run_sql (model, ESHI_STORE_SCHEMA_1);
  assert_same_schema (path, model);

  notice = rig_reopen (rig);
  g_assert_null (notice);
  assert_same_schema (path, fresh);
  g_assert_cmpint (rig_count (rig, "昔の絵 札"), ==, 1);
  dir = g_dir_open (backups, 0, NULL);
  g_assert_nonnull (dir);
  g_assert_nonnull (g_dir_read_name (dir));
}

/* --- disks -------------------------------------------------------------------------------------------------------- */

/* Mounts a disk of @options at @path; FALSE with the test skipped where that is not allowed. */
static gboolean
mount_small (const char *path,
             const char *options)
{
  g_mkdir_with_parents (path, 0700);
  if (mount ("eshi-test", path, "tmpfs", 0, options) == 0)
    return TRUE;

  g_test_skip_printf ("no small disk could be mounted: %s", g_strerror (errno));

  return FALSE;
}

static void
start_on_disk (Rig        *rig,
               const char *disk)
{
  rig_close (rig);
  g_free (rig->data);
  g_free (rig->pictures);
  rig->data = g_build_filename (disk, "data", NULL);
  rig->pictures = g_build_filename (disk, "pictures", NULL);
  g_free (rig_reopen (rig));
}

/* Saves until the disk is full. Returns how many are in the history; sets how many have files. */
static guint
fill (Rig   *rig,
      guint *n_files)
{
  g_autoptr(EshiSettings) settings = rig_make_settings ("満");
  guint n_recorded = 0;

  *n_files = 0;
  for (guint i = 0; i < 2000; i++)
    {
      g_autoptr(EshiImage) image = rig_make_image (i);
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiHistoryPicture) picture = NULL;

      eshi_history_save_async (rig->history, &(EshiHistoryNew) { .image = image, .settings = settings }, rig_cb, &result);
      rig_wait (&result);
      picture = eshi_history_save_finish (rig->history, result, NULL, &error);
      if (picture == NULL)
        {
          g_assert_true (g_str_has_suffix (error->message, "."));
          return n_recorded;
        }
      (*n_files)++;
      n_recorded += picture->id != 0;
    }
  g_assert_not_reached ();
}

static void
test_full (Rig           *rig,
           gconstpointer  data)
{
  g_autofree char *disk = g_build_filename (rig->folder, "disk", NULL);
  g_autofree char *ballast = g_build_filename (disk, "ballast", NULL);
  g_autofree char *notice = NULL;
  g_autofree char *zeros = g_malloc0 (300000);
  guint n_files = 0;
  guint n_recorded = 0;

  if (!mount_small (disk, "size=2m"))
    return;
  g_assert_true (g_file_set_contents (ballast, zeros, 300000, NULL));
  start_on_disk (rig, disk);
  n_recorded = fill (rig, &n_files);
  g_assert_cmpuint (n_recorded, >, 10);

  /* There is room again: what was recorded is there, and what has a file but was not recorded is found. */
  g_assert_cmpint (g_unlink (ballast), ==, 0);
  notice = rig_reopen (rig);
  g_assert_null (notice);
  g_assert_cmpint (rig_count (rig, "満"), >=, n_recorded);
  g_assert_cmpint (rig_count (rig, "満"), <=, n_files);
  rig_save (rig, "空いた", 1);
  g_assert_cmpint (rig_count (rig, "空いた"), ==, 1);
  rig_close (rig);
  g_assert_cmpint (umount (disk), ==, 0);
}

static void
test_read_only (Rig           *rig,
                gconstpointer  data)
{
  g_autofree char *disk = g_build_filename (rig->folder, "disk", NULL);
  g_autofree char *notice = NULL;
  g_autoptr(GAsyncResult) saved = NULL;
  g_autoptr(GAsyncResult) trashed = NULL;
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiImage) image = rig_make_image (1);
  g_autoptr(EshiSettings) settings = rig_make_settings ("猫");
  gint64 id = 0;

  if (!mount_small (disk, "size=4m"))
    return;
  rig_close (rig);
  g_free (rig->pictures);
  rig->pictures = g_build_filename (disk, "pictures", NULL);
  g_free (rig_reopen (rig));
  id = rig_save (rig, "猫", 1);
  g_assert_cmpint (mount ("eshi-test", disk, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), ==, 0);

  /* Pictures cannot be written: said, and the history is as before. */
  eshi_history_save_async (rig->history, &(EshiHistoryNew) { .image = image, .settings = settings }, rig_cb, &saved);
  rig_wait (&saved);
  g_assert_null (eshi_history_save_finish (rig->history, saved, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  eshi_history_trash_async (rig->history, &id, 1, rig_cb, &trashed);
  rig_wait (&trashed);
  g_assert_false (eshi_history_finish (rig->history, trashed, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  g_assert_cmpint (rig_count (rig, "猫"), ==, 1);

  /* A history that cannot be written says so at opening. */
  rig_close (rig);
  g_free (rig->data);
  rig->data = g_build_filename (disk, "data", NULL);
  rig->history = eshi_history_new (rig->data, rig->pictures);
  eshi_history_open_async (rig->history, rig_cb, &opened);
  rig_wait (&opened);
  g_assert_false (eshi_history_open_finish (rig->history, opened, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  rig_close (rig);
  g_assert_cmpint (umount (disk), ==, 0);
}

#define ADD(name, data, function) g_test_add ("/eshi/history/" name, Rig, data, rig_set_up, function, rig_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("backup/header", "header", test_backup);
  ADD ("backup/middle", "middle", test_backup);
  ADD ("backup/empty", "empty", test_backup);
  ADD ("rebuild", NULL, test_rebuild);
  ADD ("rebuild-elsewhere", NULL, test_rebuild_elsewhere);
  ADD ("rebuild-imported", NULL, test_rebuild_imported);
  ADD ("rebuild-broken-off", NULL, test_rebuild_broken_off);
  ADD ("left-whole", NULL, test_left_whole);
  ADD ("left-whole/but", NULL, test_left_whole_but);
  ADD ("damaged-and-open", NULL, test_damaged_and_open);
  ADD ("newer", NULL, test_newer);
  ADD ("migrate", NULL, test_migrate);
  ADD ("older", NULL, test_older);
  ADD ("full-disk", NULL, test_full);
  ADD ("read-only", NULL, test_read_only);

  return g_test_run ();
}
