/* test-history-jobs.c: the queue and the prompts, across openings and between two programs.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>

#include "history-rig.h"

static void
finish (Rig           *rig,
        GAsyncResult **result)
{
  g_autoptr(GError) error = NULL;

  rig_wait (result);
  eshi_history_finish (rig->history, *result, &error);
  g_assert_no_error (error);
}

static gint64
add_job (Rig        *rig,
         const char *prompt,
         gboolean    first)
{
  g_autoptr(EshiSettings) settings = rig_make_settings (prompt);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gint64 id = 0;

  eshi_history_add_job_async (rig->history, settings, 0, ESHI_RELATION_NONE, first, rig_cb, &result);
  rig_wait (&result);
  id = eshi_history_finish_id (rig->history, result, &error);
  g_assert_no_error (error);

  return id;
}

static GPtrArray *
list_jobs (Rig *rig)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  GPtrArray *jobs = NULL;

  eshi_history_list_jobs_async (rig->history, rig_cb, &result);
  rig_wait (&result);
  jobs = eshi_history_list_jobs_finish (rig->history, result, &error);
  g_assert_no_error (error);

  return jobs;
}

static void
assert_order (Rig        *rig,
              const char *expected)
{
  g_autoptr(GPtrArray) jobs = list_jobs (rig);
  g_autoptr(GString) order = g_string_new (NULL);

  for (guint i = 0; i < jobs->len; i++)
    g_string_append (order, ((const EshiHistoryJob *) jobs->pdata[i])->settings->prompt);
  g_assert_cmpstr (order->str, ==, expected);
}

static EshiHistoryJob *
take_job_by_id (EshiHistory *history,
                gint64       id)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  EshiHistoryJob *job = NULL;

  eshi_history_take_job_async (history, id, rig_cb, &result);
  rig_wait (&result);
  job = eshi_history_take_job_finish (history, result, &error);
  g_assert_no_error (error);

  return job;
}

static EshiHistoryJob *
take_job (EshiHistory *history)
{
  return take_job_by_id (history, 0);
}

static void
move (Rig    *rig,
      gint64  id,
      gint64  before)
{
  g_autoptr(GAsyncResult) result = NULL;

  eshi_history_move_job_async (rig->history, id, before, rig_cb, &result);
  finish (rig, &result);
}

static void
test_order (Rig           *rig,
            gconstpointer  data)
{
  gint64 a = add_job (rig, "a", FALSE);
  gint64 b = add_job (rig, "b", FALSE);
  gint64 c = add_job (rig, "c", FALSE);
  g_autoptr(EshiHistoryJob) running = NULL;

  add_job (rig, "d", TRUE);
  assert_order (rig, "dabc");
  move (rig, c, a);
  assert_order (rig, "dcab");
  move (rig, c, 0);
  assert_order (rig, "dabc");
  move (rig, b, a);
  assert_order (rig, "dbac");

  /* What waits goes behind what is being painted. */
  running = take_job (rig->history);
  g_assert_cmpstr (running->settings->prompt, ==, "d");
  g_assert_cmpint (running->state, ==, ESHI_JOB_RUNNING);
  add_job (rig, "e", TRUE);
  assert_order (rig, "debac");
  g_free (rig_reopen (rig));
  assert_order (rig, "debac");
}

static void
test_settings (Rig           *rig,
               gconstpointer  data)
{
  g_autoptr(EshiSettings) settings = rig_make_settings ("描き直し");
  g_autoptr(EshiImage) image = rig_make_image (3);
  g_autoptr(EshiImage) mask = rig_make_image (4);
  g_autoptr(EshiHistoryJob) job = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  settings->image = eshi_image_ref (image);
  settings->mask = eshi_image_ref (mask);
  settings->strength = 0.35;
  settings->paste = FALSE;
  settings->model = g_strdup ("/models/a.safetensors");
  settings->n_images = 4;
  settings->seed = 7;
  eshi_history_add_job_async (rig->history, settings, 12, ESHI_RELATION_VARIATION, FALSE, rig_cb, &result);
  rig_wait (&result);
  g_assert_cmpint (eshi_history_finish_id (rig->history, result, NULL), >, 0);
  g_free (rig_reopen (rig));
  job = take_job (rig->history);
  g_assert_cmpstr (job->settings->model, ==, "/models/a.safetensors");
  g_assert_cmpint (job->settings->n_images, ==, 4);
  g_assert_cmpfloat (job->settings->strength, ==, 0.35);
  g_assert_false (job->settings->paste);
  g_assert_cmpint (job->parent, ==, 12);
  g_assert_cmpint (job->relation, ==, ESHI_RELATION_VARIATION);
  g_assert_true (g_bytes_equal (eshi_image_get_pixels (job->settings->image), eshi_image_get_pixels (image)));
  g_assert_true (g_bytes_equal (eshi_image_get_pixels (job->settings->mask), eshi_image_get_pixels (mask)));
}

static void
checkpoint (Rig        *rig,
            gint64      id,
            int         step,
            const char *state)
{
  g_autoptr(GBytes) bytes = state != NULL ? g_bytes_new (state, strlen (state)) : NULL;
  g_autoptr(GAsyncResult) result = NULL;

  eshi_history_checkpoint_job_async (rig->history, id, 1, step, bytes, rig_cb, &result);
  finish (rig, &result);
}

static guint
count_files (Rig        *rig,
             const char *name)
{
  g_autofree char *folder = g_build_filename (rig->data, name, NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  guint n_files = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n_files++;

  return n_files;
}

static void
test_interrupted (Rig           *rig,
                  gconstpointer  data)
{
  gint64 id = add_job (rig, "a", FALSE);
  g_autoptr(EshiHistoryJob) running = NULL;
  g_autoptr(EshiHistoryJob) again = NULL;
  g_autoptr(GPtrArray) jobs = NULL;
  g_autoptr(GAsyncResult) loaded = NULL;
  g_autoptr(GAsyncResult) resumed = NULL;
  g_autoptr(GAsyncResult) removed = NULL;
  g_autoptr(GBytes) state = NULL;
  g_autoptr(GError) error = NULL;
  const EshiHistoryJob *job = NULL;

  add_job (rig, "b", FALSE);
  running = take_job (rig->history);
  g_assert_false (running->has_checkpoint);
  checkpoint (rig, id, 5, "five");
  checkpoint (rig, id, 10, "ten");
  checkpoint (rig, id, 11, NULL);
  g_assert_cmpuint (count_files (rig, "checkpoints"), ==, 1);

  g_free (rig_reopen (rig));
  jobs = list_jobs (rig);
  job = jobs->pdata[0];
  g_assert_cmpint (job->id, ==, id);
  g_assert_cmpint (job->state, ==, ESHI_JOB_INTERRUPTED);
  g_assert_cmpint (job->n_done, ==, 1);
  g_assert_cmpint (job->step, ==, 11);
  g_assert_true (job->has_checkpoint);
  eshi_history_load_checkpoint_async (rig->history, id, rig_cb, &loaded);
  rig_wait (&loaded);
  state = eshi_history_load_checkpoint_finish (rig->history, loaded, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (state, NULL), g_bytes_get_size (state), "ten", 3);

  eshi_history_resume_job_async (rig->history, id, rig_cb, &resumed);
  finish (rig, &resumed);
  again = take_job (rig->history);
  g_assert_cmpint (again->id, ==, id);
  g_assert_true (again->has_checkpoint);
  eshi_history_remove_job_async (rig->history, id, rig_cb, &removed);
  finish (rig, &removed);
  g_assert_cmpuint (count_files (rig, "checkpoints"), ==, 0);
  assert_order (rig, "b");
}

/* One that does not stand first can be taken, but not twice. */
static void
test_take_by_id (Rig           *rig,
                 gconstpointer  data)
{
  gint64 id = 0;
  g_autoptr(EshiHistoryJob) job = NULL;
  g_autoptr(EshiHistoryJob) none = NULL;

  add_job (rig, "a", FALSE);
  id = add_job (rig, "b", FALSE);
  job = take_job_by_id (rig->history, id);
  none = take_job_by_id (rig->history, id);
  g_assert_cmpstr (job->settings->prompt, ==, "b");
  g_assert_null (none);
  assert_order (rig, "ab");
}

/* Each job is taken by one of two programs, and the death of one is not the other's. */
static void
test_two (Rig           *rig,
          gconstpointer  data)
{
  g_autoptr(EshiHistory) other = NULL;
  g_autoptr(EshiHistoryJob) here = NULL;
  g_autoptr(EshiHistoryJob) there = NULL;
  g_autoptr(EshiHistoryJob) none = NULL;
  g_autoptr(GPtrArray) jobs = NULL;

  add_job (rig, "a", FALSE);
  add_job (rig, "b", FALSE);
  other = eshi_history_new (rig->data, rig->pictures);
  here = take_job (rig->history);
  there = take_job (other);
  none = take_job (other);
  g_assert_cmpstr (here->settings->prompt, ==, "a");
  g_assert_cmpstr (there->settings->prompt, ==, "b");
  g_assert_null (none);

  g_free (rig_reopen (rig));
  jobs = list_jobs (rig);
  g_assert_cmpint (((EshiHistoryJob *) jobs->pdata[0])->state, ==, ESHI_JOB_INTERRUPTED);
  g_assert_cmpint (((EshiHistoryJob *) jobs->pdata[1])->state, ==, ESHI_JOB_RUNNING);
}

static void
test_unknown (Rig           *rig,
              gconstpointer  data)
{
  g_autoptr(GAsyncResult) a = NULL;
  g_autoptr(GAsyncResult) b = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new_static ("x", 1);

  eshi_history_checkpoint_job_async (rig->history, 4711, 0, 1, bytes, rig_cb, &a);
  rig_wait (&a);
  g_assert_false (eshi_history_finish (rig->history, a, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  eshi_history_load_checkpoint_async (rig->history, 4711, rig_cb, &b);
  rig_wait (&b);
  g_assert_null (eshi_history_load_checkpoint_finish (rig->history, b, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (count_files (rig, "checkpoints"), ==, 0);
}

static void
add_prompt (Rig        *rig,
            const char *prompt)
{
  g_autoptr(GAsyncResult) result = NULL;

  eshi_history_add_prompt_async (rig->history, prompt, rig_cb, &result);
  finish (rig, &result);
}

static GStrv
list_prompts (Rig        *rig,
              const char *text)
{
  g_autoptr(GAsyncResult) result = NULL;

  eshi_history_list_prompts_async (rig->history, text, rig_cb, &result);
  rig_wait (&result);

  return eshi_history_list_prompts_finish (rig->history, result, NULL);
}

static void
test_prompts (Rig           *rig,
              gconstpointer  data)
{
  g_auto(GStrv) all = NULL;
  g_auto(GStrv) some = NULL;

  add_prompt (rig, "サラリーマン 油絵");
  add_prompt (rig, "猫 水彩");
  add_prompt (rig, "");
  add_prompt (rig, "サラリーマン 油絵");
  g_free (rig_reopen (rig));
  all = list_prompts (rig, NULL);
  g_assert_cmpuint (g_strv_length (all), ==, 2);
  g_assert_cmpstr (all[0], ==, "サラリーマン 油絵");
  some = list_prompts (rig, "ﾏﾝ　油");
  g_assert_cmpuint (g_strv_length (some), ==, 1);
}

#define ADD(name, function) g_test_add ("/eshi/history/" name, Rig, NULL, rig_set_up, function, rig_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("jobs/order", test_order);
  ADD ("jobs/settings", test_settings);
  ADD ("jobs/interrupted", test_interrupted);
  ADD ("jobs/take-by-id", test_take_by_id);
  ADD ("jobs/two-programs", test_two);
  ADD ("jobs/unknown", test_unknown);
  ADD ("prompts", test_prompts);

  return g_test_run ();
}
