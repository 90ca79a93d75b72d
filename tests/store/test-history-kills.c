/* test-history-kills.c: a history that two programs write, and one whose programs are killed.
 *
 * test-history-kills --write DATA PICTURES
 *     is the program that is killed: saves pictures and works through a queue until then, and says what was answered
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "eshi-picture-file.h"
#include "history-rig.h"

#define N_KILLS 24
#define LONGEST_LIFE_US 600000

static char *program;

/* --- two programs ------------------------------------------------------------------------------------------------- */

static void
count_saved_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(EshiHistoryPicture) picture = NULL;
  g_autoptr(GError) unrecorded = NULL;
  guint *n_saved = user_data;

  picture = eshi_history_save_finish (ESHI_HISTORY (source), result, &unrecorded, NULL);
  g_assert_nonnull (picture);
  g_assert_no_error (unrecorded);
  (*n_saved)++;
}

static void
test_two_writers (Rig           *rig,
                  gconstpointer  data)
{
  g_autoptr(EshiHistory) other = eshi_history_new (rig->data, rig->pictures);
  g_autoptr(EshiSettings) settings = rig_make_settings ("同時");
  guint n_saved = 0;

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(EshiImage) image = rig_make_image (i);
      EshiHistoryNew spec = { .image = image, .settings = settings };

      eshi_history_save_async (i % 2 == 0 ? other : rig->history, &spec, count_saved_cb, &n_saved);
    }
  while (n_saved < 20)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (rig_count (rig, "同時"), ==, 20);
}

/* --- killed programs ---------------------------------------------------------------------------------------------- */

/* Says that something was answered, at once: what is said must be true after a kill. */
static void
say (const char *what,
     gint64      id,
     const char *more)
{
  printf ("%s %" G_GINT64_FORMAT " %s\n", what, id, more);
  fflush (stdout);
}

static void
write_round (Rig   *rig,
             guint  n)
{
  g_autofree char *prompt = g_strdup_printf ("仕事%u", n);
  g_autofree char *state = g_strdup_printf ("状態%u", n);
  g_autoptr(EshiSettings) settings = rig_make_settings (prompt);
  g_autoptr(GBytes) bytes = g_bytes_new (state, strlen (state));
  g_autoptr(GAsyncResult) added = NULL;
  g_autoptr(GAsyncResult) taken = NULL;
  g_autoptr(GAsyncResult) kept = NULL;
  g_autoptr(GAsyncResult) removed = NULL;
  g_autoptr(EshiHistoryJob) job = NULL;
  g_autoptr(EshiHistoryPicture) picture = NULL;
  gint64 id = 0;

  eshi_history_add_job_async (rig->history, settings, 0, ESHI_RELATION_NONE, FALSE, rig_cb, &added);
  rig_wait (&added);
  id = eshi_history_finish_id (rig->history, added, NULL);
  say ("added", id, prompt);
  eshi_history_take_job_async (rig->history, 0, rig_cb, &taken);
  rig_wait (&taken);
  job = eshi_history_take_job_finish (rig->history, taken, NULL);
  eshi_history_checkpoint_job_async (rig->history, job->id, 0, 5, bytes, rig_cb, &kept);
  rig_wait (&kept);
  say ("kept", job->id, state);
  picture = rig_load (rig, rig_save (rig, prompt, n));
  say ("saved", picture->id, picture->path);
  if (n % 4 == 0)
    {
      rig_trash (rig, picture->id);
      say ("trashed", picture->id, picture->path);
    }
  say ("removing", job->id, "");
  eshi_history_remove_job_async (rig->history, job->id, rig_cb, &removed);
  rig_wait (&removed);
}

static void
write_until_killed (const char *data,
                    const char *pictures)
{
  Rig rig = { .data = g_strdup (data), .pictures = g_strdup (pictures) };

  /* Their reading takes longer than the shortest lives. */
  g_setenv ("ESHI_MODEL_DIR", "/nonexistent", TRUE);
  g_setenv ("ESHI_MECAB", "no", TRUE);
  rig.history = eshi_history_new (data, pictures);
  for (guint n = 1;; n++)
    write_round (&rig, n);
}

/* What the killed program had said. */
typedef struct
{
  GHashTable *jobs;    /* id that was added -> prompt, or state that was kept */
  GHashTable *saved;   /* id -> path */
  GHashTable *trashed; /* ids */
  gint64      removing;
} Said;

static gpointer
key_of (gint64 id)
{
  return GINT_TO_POINTER ((int) id);
}

static void
read_said (Said *said,
           char *text)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  /* The last line may be cut off. */
  for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++)
    {
      g_auto(GStrv) parts = g_strsplit (lines[i], " ", 3);
      gint64 id = g_ascii_strtoll (parts[1], NULL, 10);

      if (g_str_equal (parts[0], "added") || g_str_equal (parts[0], "kept"))
        g_hash_table_insert (said->jobs, key_of (id), g_strdup (g_str_equal (parts[0], "kept") ? parts[2] : ""));
      else if (g_str_equal (parts[0], "saved"))
        g_hash_table_insert (said->saved, key_of (id), g_strdup (parts[2]));
      else if (g_str_equal (parts[0], "trashed"))
        g_hash_table_add (said->trashed, key_of (id));
      else
        g_hash_table_remove (said->jobs, key_of (said->removing = id));
    }
}

/* Starts the writer, kills it after @life_us, and takes in what it said. */
static void
kill_writer (Rig    *rig,
             Said   *said,
             gulong  life_us)
{
  const char *argv[] = { program, "--write", rig->data, rig->pictures, NULL };
  g_autofree char *text = NULL;
  g_autoptr(GIOChannel) channel = NULL;
  g_autoptr(GError) error = NULL;
  GPid pid = 0;
  int out = -1;

  g_spawn_async_with_pipes (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL, &out, NULL,
                            &error);
  g_assert_no_error (error);
  g_usleep (life_us);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  waitpid (pid, NULL, 0);
  channel = g_io_channel_unix_new (out);
  g_io_channel_set_close_on_unref (channel, TRUE);
  g_io_channel_set_encoding (channel, NULL, NULL);
  g_io_channel_read_to_end (channel, &text, NULL, NULL);
  if (text != NULL)
    read_said (said, text);
}

static void
check_pictures (Rig        *rig,
                const Said *said)
{
  GHashTableIter iter;
  gpointer id = NULL;
  gpointer path = NULL;

  g_hash_table_iter_init (&iter, said->saved);
  while (g_hash_table_iter_next (&iter, &id, &path))
    {
      g_autoptr(EshiHistoryPicture) picture = rig_load (rig, GPOINTER_TO_INT (id));
      gboolean trashed = picture->trashed != 0;

      g_assert_cmpstr (picture->path, ==, path);
      g_assert_true (trashed || !g_hash_table_contains (said->trashed, id));
      g_assert_true (trashed || g_file_test (path, G_FILE_TEST_IS_REGULAR));
    }
}

/* No job may be gone that was not being removed, and no state that was kept. */
static void
check_jobs (Rig        *rig,
            const Said *said)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GPtrArray) jobs = NULL;
  g_autoptr(GHashTable) left = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer id = NULL;
  gpointer state = NULL;

  eshi_history_list_jobs_async (rig->history, rig_cb, &result);
  rig_wait (&result);
  jobs = eshi_history_list_jobs_finish (rig->history, result, NULL);
  for (guint i = 0; i < jobs->len; i++)
    {
      const EshiHistoryJob *job = jobs->pdata[i];

      g_assert_cmpint (job->state, !=, ESHI_JOB_RUNNING);
      g_hash_table_add (left, key_of (job->id));
    }
  g_hash_table_iter_init (&iter, said->jobs);
  while (g_hash_table_iter_next (&iter, &id, &state))
    {
      g_autoptr(GAsyncResult) loaded = NULL;
      g_autoptr(GBytes) bytes = NULL;

      g_assert_true (g_hash_table_contains (left, id));
      eshi_history_load_checkpoint_async (rig->history, GPOINTER_TO_INT (id), rig_cb, &loaded);
      rig_wait (&loaded);
      bytes = eshi_history_load_checkpoint_finish (rig->history, loaded, NULL);
      if (*(const char *) state != '\0')
        g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), state, strlen (state));
    }
}

/* Every picture in the folder must be in the history, and no half-written one be left under a picture's name. */
static void
check_folder (Rig *rig)
{
  g_autofree char *today = eshi_picture_file_today ();
  g_autofree char *day = g_path_get_basename (today);
  g_autofree char *folder = g_build_filename (rig->pictures, day, NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;
  gint64 n_files = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autoptr(EshiImage) image = NULL;

      if (!g_str_has_suffix (name, ".png"))
        continue;
      image = eshi_picture_file_load_image (path, NULL);
      g_assert_nonnull (image);
      n_files++;
    }
  g_assert_cmpint (rig_count (rig, NULL), ==, n_files);
}

static void
test_kill (Rig           *rig,
           gconstpointer  data)
{
  g_autoptr(GRand) random = g_rand_new_with_seed (20261126);
  Said said = {
    .jobs = g_hash_table_new_full (NULL, NULL, NULL, g_free),
    .saved = g_hash_table_new_full (NULL, NULL, NULL, g_free),
    .trashed = g_hash_table_new (NULL, NULL),
  };

  rig_close (rig);
  for (guint i = 0; i < N_KILLS; i++)
    {
      g_autofree char *notice = NULL;

      kill_writer (rig, &said, (gulong) g_rand_int_range (random, 1000, LONGEST_LIFE_US));
      notice = rig_reopen (rig);
      g_assert_null (notice);
      check_pictures (rig, &said);
      check_jobs (rig, &said);
      check_folder (rig);
      rig_close (rig);
    }
  g_test_message ("%d kills, %u pictures saved, %u in the trash, %u jobs left: nothing lost", N_KILLS,
                  g_hash_table_size (said.saved), g_hash_table_size (said.trashed), g_hash_table_size (said.jobs));
  g_hash_table_unref (said.jobs);
  g_hash_table_unref (said.saved);
  g_hash_table_unref (said.trashed);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--write"))
    write_until_killed (argv[2], argv[3]);

  program = argv[0];
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/eshi/history-kills/two-writers", Rig, NULL, rig_set_up, test_two_writers, rig_tear_down);
  g_test_add ("/eshi/history-kills/killed", Rig, NULL, rig_set_up, test_kill, rig_tear_down);

  return g_test_run ();
}
