/* test-ui-queue.c: the queue on the disk and in the list: order, taking, interrupting, taking away and undoing it.
 *
 * Nothing is painted: the test is what takes the jobs.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>

#include "eshi-leftover.h"
#include "eshi-queue-view.h"

typedef struct
{
  char *folder;
  EshiHistory *history;
  EshiQueue *queue;
  EshiJob *taken;
} Fixture;

static void
on_taken_cb (Fixture *self,
             EshiJob *job)
{
  g_assert_null (self->taken);
  self->taken = job;
}

static void
on_settled_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  eshi_history_finish (ESHI_HISTORY (source), result, &error);
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

/* Waits until the disk has answered all that was asked before, twice: answers ask for more. */
static void
settle (Fixture *self)
{
  for (int i = 0; i < 3; i++)
    {
      gboolean done = FALSE;

      eshi_history_settle_async (self->history, on_settled_cb, &done);
      while (!done)
        g_main_context_iteration (NULL, TRUE);
    }
}

static void
open_queue (Fixture *self)
{
  self->history = eshi_history_new (self->folder, self->folder);
  self->queue = eshi_queue_new (self->history);
  g_signal_connect_swapped (self->queue, "taken", G_CALLBACK (on_taken_cb), self);
  settle (self);
}

static void
close_queue (Fixture *self)
{
  self->taken = NULL;
  g_assert_finalize_object (g_steal_pointer (&self->queue));
  g_assert_finalize_object (g_steal_pointer (&self->history));
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->folder = g_dir_make_tmp ("eshi-queue-XXXXXX", NULL);
  open_queue (self);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  close_queue (self);
  g_free (self->folder);
}

static EshiJob *
add (Fixture    *self,
     const char *prompt,
     gboolean    first)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup (prompt);
  return eshi_queue_add (self->queue, settings, 0, ESHI_RELATION_NONE, NULL, first);
}

static void
assert_order (Fixture    *self,
              const char *expected)
{
  GListModel *jobs = eshi_queue_get_jobs (self->queue);
  g_autoptr(GString) order = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr(EshiJob) job = g_list_model_get_item (jobs, i);

      g_string_append (order, eshi_job_get_title (job));
    }
  g_assert_cmpstr (order->str, ==, expected);
}

static void
reopen (Fixture *self)
{
  settle (self);
  close_queue (self);
  open_queue (self);
}

static EshiJob *
job_at (Fixture *self,
        guint    position)
{
  g_autoptr(EshiJob) job = g_list_model_get_item (eshi_queue_get_jobs (self->queue), position);

  return job;
}

/* What the list shows is what the next run of the program finds, paused. */
static void
test_order (Fixture       *self,
            gconstpointer  data)
{
  EshiJob *c;

  eshi_queue_set_paused (self->queue, TRUE);
  add (self, "a", FALSE);
  add (self, "b", FALSE);
  c = add (self, "c", FALSE);
  add (self, "d", TRUE);
  g_assert_cmpuint (eshi_queue_get_place (self->queue, c), ==, 4);
  settle (self);
  assert_order (self, "dabc");
  g_assert_true (eshi_queue_step (self->queue, c, -1));
  assert_order (self, "dacb");
  g_assert_true (eshi_queue_step (self->queue, job_at (self, 0), 1));
  assert_order (self, "adcb");
  g_assert_false (eshi_queue_step (self->queue, job_at (self, 0), -1));
  g_assert_false (eshi_queue_step (self->queue, job_at (self, 3), 1));
  eshi_queue_move_first (self->queue, job_at (self, 3));
  assert_order (self, "badc");
  eshi_queue_move (self->queue, job_at (self, 0), NULL);
  assert_order (self, "adcb");
  g_assert_null (self->taken);

  reopen (self);
  assert_order (self, "adcb");
  g_assert_true (eshi_queue_get_paused (self->queue));
  g_assert_false (eshi_queue_get_busy (self->queue));
  g_assert_null (self->taken);
}

static void
test_interrupted (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(GBytes) state = g_bytes_new_static ("state", 5);
  EshiJob *job;

  add (self, "a", FALSE);
  add (self, "b", FALSE);
  settle (self);
  g_assert_nonnull (self->taken);
  eshi_queue_checkpoint (self->queue, self->taken, 0, 7, state);

  /* The program dies here. */
  reopen (self);
  assert_order (self, "ab");
  job = job_at (self, 0);
  g_assert_cmpint (eshi_job_get_state (job), ==, ESHI_JOB_INTERRUPTED);
  g_assert_cmpint (eshi_job_get_progress (job)->step, ==, 7);
  g_assert_true (eshi_job_get_has_kept_checkpoint (job));
  g_assert_null (self->taken);

  /* Resumed, it is painted although the others still wait to be continued. */
  eshi_queue_resume (self->queue, job);
  settle (self);
  g_assert_true (self->taken == job);
  g_assert_true (g_bytes_equal (eshi_job_get_checkpoint (job), state));
  self->taken = NULL;
  eshi_queue_finish (self->queue, job);
  settle (self);
  g_assert_null (self->taken);
  assert_order (self, "b");
  eshi_queue_set_paused (self->queue, FALSE);
  settle (self);
  g_assert_nonnull (self->taken);
}

static void
on_result_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* (transfer full): the settings of @picture as the history gives them back. */
static EshiSettings *
pass_through_history (Fixture     *self,
                      EshiPicture *picture)
{
  EshiHistoryNew spec = {
    .image = eshi_picture_get_image (picture),
    .settings = eshi_picture_get_settings (picture),
    .interrupted = eshi_picture_get_interrupted (picture),
  };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(EshiHistoryPicture) saved = NULL;
  g_autoptr(GPtrArray) loaded = NULL;
  const EshiHistoryPicture *read = NULL;

  eshi_history_save_async (self->history, &spec, on_result_cb, &result);
  settle (self);
  saved = eshi_history_save_finish (self->history, result, NULL, NULL);
  g_clear_object (&result);
  eshi_history_load_async (self->history, &saved->id, 1, NULL, on_result_cb, &result);
  settle (self);
  loaded = eshi_history_load_finish (self->history, result, NULL);
  read = g_ptr_array_index (loaded, 0);
  g_assert_true (read->interrupted);

  return eshi_history_picture_load_settings (read, NULL);
}

/* The third picture of a batch was cancelled, at 8 × 6 pixels of 64 × 48: what is left of it leads back to its job, also
 * in the next run, and other settings do not. */
static void
test_leftover (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(GBytes) state = g_bytes_new_static ("state", 5);
  g_autoptr(GBytes) pixels = g_bytes_new_take (g_malloc0 (3 * 8 * 6), 3 * 8 * 6);
  g_autoptr(EshiImage) preview = eshi_image_new (8, 6, pixels);
  g_autoptr(EshiPicture) picture = NULL;
  g_autoptr(EshiSettings) read = NULL;

  g_free (settings->prompt);
  settings->prompt = g_strdup ("猫");
  settings->sampler = g_strdup ("euler-a");
  settings->width = 64;
  settings->height = 48;
  settings->steps = 20;
  settings->guidance = 7.3;
  settings->seed = G_GUINT64_CONSTANT (4294967295);
  settings->n_images = 4;
  eshi_queue_add (self->queue, settings, 0, ESHI_RELATION_NONE, NULL, FALSE);
  add (self, "b", FALSE);
  settle (self);
  eshi_queue_checkpoint (self->queue, self->taken, 2, 7, state);
  reopen (self);
  picture = eshi_leftover_new (preview, job_at (self, 0), "豆");
  g_assert_true (eshi_picture_get_interrupted (picture));
  g_assert_cmpuint (eshi_picture_get_settings (picture)->seed, ==, G_GUINT64_CONSTANT (4294967297));
  g_assert_cmpint (eshi_picture_get_settings (picture)->n_images, ==, 1);
  g_assert_cmpint (eshi_image_get_width (eshi_picture_get_image (picture)), ==, 64);
  g_assert_cmpint (eshi_image_get_height (eshi_picture_get_image (picture)), ==, 48);
  read = pass_through_history (self, picture);
  g_assert_true (eshi_leftover_find_job (self->queue, read) == job_at (self, 0));
  read->seed--;
  g_assert_null (eshi_leftover_find_job (self->queue, read));
  g_assert_null (eshi_leftover_find_job (self->queue, eshi_job_get_settings (job_at (self, 1))));
}

static void
test_clear (Fixture       *self,
            gconstpointer  data)
{
  eshi_queue_set_paused (self->queue, TRUE);
  add (self, "a", FALSE);
  add (self, "b", FALSE);
  add (self, "c", FALSE);
  settle (self);
  eshi_queue_remove (self->queue, job_at (self, 1));
  assert_order (self, "ac");
  g_assert_cmpuint (eshi_queue_undo_remove (self->queue), ==, 1);
  assert_order (self, "abc");
  g_assert_cmpuint (eshi_queue_clear (self->queue), ==, 3);
  assert_order (self, "");
  g_assert_cmpuint (eshi_queue_undo_remove (self->queue), ==, 3);
  reopen (self);
  assert_order (self, "abc");
  eshi_queue_clear (self->queue);
  eshi_queue_forget_removed (self->queue);
  g_assert_cmpuint (eshi_queue_undo_remove (self->queue), ==, 0);
  reopen (self);
  assert_order (self, "");
}

static guint
count_rows (GtkWidget *widget)
{
  guint n = GTK_IS_LIST_BOX_ROW (widget) ? 1 : 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    n += count_rows (child);
  return n;
}

static void
test_view (Fixture       *self,
           gconstpointer  data)
{
  GtkWidget *view = g_object_ref_sink (eshi_queue_view_new ());

  eshi_queue_view_set_queue (ESHI_QUEUE_VIEW (view), self->queue);
  g_assert_cmpuint (count_rows (view), ==, 0);
  eshi_queue_set_paused (self->queue, TRUE);
  add (self, "a", FALSE);
  add (self, "b", FALSE);
  settle (self);
  g_assert_cmpuint (count_rows (view), ==, 2);
  gtk_widget_activate_action (view, "queue.clear", NULL);
  g_assert_cmpuint (count_rows (view), ==, 0);
  gtk_widget_activate_action (view, "queue.undo", NULL);
  g_assert_cmpuint (count_rows (view), ==, 2);
  gtk_widget_activate_action (view, "queue.continue", NULL);
  settle (self);
  g_assert_nonnull (self->taken);
  eshi_queue_interrupt (self->queue, g_steal_pointer (&self->taken));
  settle (self);
  g_assert_cmpuint (count_rows (view), ==, 2);
  g_assert_finalize_object (view);
}

#define ADD(name, function) g_test_add ("/eshi/queue/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_setenv ("LANGUAGE", "C", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  ADD ("order", test_order);
  ADD ("interrupted", test_interrupted);
  ADD ("leftover", test_leftover);
  ADD ("clear-and-undo", test_clear);
  ADD ("view", test_view);
  return g_test_run ();
}
