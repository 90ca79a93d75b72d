/* test-engine-worker.c: the message protocol, with a painter that only pretends.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-error.h"
#include "eshi-event-private.h"
#include "eshi-worker.h"

#define N_STEPS 20
#define WAIT_US (20 * G_USEC_PER_SEC)

/* --- a painter that pretends --------------------------------------------------------------------------------- */

/* Shared with the worker's thread; counters are read when the worker has stopped, or atomically. */
typedef struct
{
  EshiPainter  parent;
  int          steps_begun;    /* atomic; of all requests */
  int          freed;          /* atomic; points to be read after the worker is gone are in Script */
  int          gate_at;        /* step before which it waits for the gate; -1 for never */
  GMutex       lock;
  GCond        cond;
  gboolean     gate_open;
  gboolean     at_gate;
  GString     *order;          /* seeds in the order in which they were painted */
  int         *freed_flag;     /* set when it is freed */
} FakePainter;

static void
wait_at_gate (FakePainter *self)
{
  g_mutex_lock (&self->lock);
  self->at_gate = TRUE;
  g_cond_broadcast (&self->cond);
  while (!self->gate_open)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

/* Waits until the painter stands at its gate. */
static void
await_gate (FakePainter *self)
{
  g_mutex_lock (&self->lock);
  while (!self->at_gate)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static void
open_gate (FakePainter *self)
{
  g_mutex_lock (&self->lock);
  self->gate_open = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static EshiImage *
make_image (guint8 value)
{
  guint8 pixel[3] = { value, value, value };
  g_autoptr(GBytes) bytes = g_bytes_new (pixel, sizeof pixel);

  return eshi_image_new (1, 1, bytes);
}

/* The prompt says what happens: "fail", "fail silently", "withhold", or anything else to paint. */
static gboolean
paint_one (FakePainter         *self,
           EshiRun             *run,
           const EshiSettings  *settings,
           int                  index,
           GError             **error)
{
  g_autoptr(EshiImage) image = make_image (index);

  for (int step = 1; step <= settings->steps; step++)
    {
      g_autoptr(EshiImage) preview = make_image (step);

      if (step == self->gate_at)
        wait_at_gate (self);
      if (g_cancellable_set_error_if_cancelled (_eshi_run_get_cancellable (run), error))
        return FALSE;
      g_atomic_int_inc (&self->steps_begun);
      _eshi_run_step (run, index, step);
      _eshi_run_preview (run, index, step, preview);
    }
  _eshi_run_stage (run, ESHI_STAGE_FINISHING, 0.0);
  _eshi_run_image (run, index, image, g_str_equal (settings->prompt, "withhold"));

  return TRUE;
}

static gboolean
fake_paint (EshiPainter  *painter,
            EshiRun      *run,
            GError      **error)
{
  FakePainter *self = (FakePainter *) painter;
  g_autoptr(EshiSettings) settings = eshi_settings_copy (eshi_request_get_settings (_eshi_run_get_request (run)));

  if (g_str_equal (settings->prompt, "fail silently"))
    return FALSE;
  if (g_str_equal (settings->prompt, "fail"))
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY, "Too little memory.");
      return FALSE;
    }

  g_string_append_printf (self->order, "%d ", (int) settings->seed);
  settings->steps = settings->steps != 0 ? settings->steps : N_STEPS;
  settings->width = settings->height = 64;
  _eshi_run_stage (run, ESHI_STAGE_LOADING, 0.5);
  _eshi_run_resolve (run, settings, "fake", "none");
  for (int i = 0; i < settings->n_images; i++)
    if (!paint_one (self, run, settings, i, error))
      return FALSE;

  return TRUE;
}

static void
fake_free (EshiPainter *painter)
{
  FakePainter *self = (FakePainter *) painter;

  if (self->freed_flag != NULL)
    g_atomic_int_inc (self->freed_flag);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_string_free (self->order, TRUE);
  g_free (self);
}

static FakePainter *
fake_painter_new (int gate_at)
{
  FakePainter *self = g_new0 (FakePainter, 1);

  self->parent.paint = fake_paint;
  self->parent.free = fake_free;
  self->gate_at = gate_at;
  self->order = g_string_new (NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);

  return self;
}

/* --- a listener ------------------------------------------------------------------------------------------------ */

typedef struct
{
  EshiWorker  *worker;
  FakePainter *painter;       /* the worker's */
  GPtrArray   *events;        /* of EshiEvent */
  guint        n_terminal;
  guint        stop_after;    /* stops the worker from within the listener after so many events; 0 for never */
} Fixture;

static void
event_cb (EshiEvent *event,
          gpointer   user_data)
{
  Fixture *self = user_data;

  g_ptr_array_add (self->events, eshi_event_ref (event));
  if (eshi_event_is_terminal (event))
    self->n_terminal++;
  if (self->events->len == self->stop_after)
    g_clear_pointer (&self->worker, _eshi_worker_stop);
}

static void
fixture_init (Fixture *self,
              int      gate_at)
{
  *self = (Fixture) { 0 };
  self->events = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_event_unref);
  self->painter = fake_painter_new (gate_at);
  self->worker = _eshi_worker_new (&self->painter->parent, event_cb, self);
}

static void
fixture_clear (Fixture *self)
{
  g_clear_pointer (&self->worker, _eshi_worker_stop);
  g_ptr_array_unref (self->events);
}

static guint64
submit (Fixture      *self,
        const char   *prompt,
        guint64       seed,
        GCancellable *cancellable)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup (prompt);
  settings->seed = seed;

  return _eshi_worker_submit (self->worker, eshi_request_new (ESHI_REQUEST_GENERATE, settings), cancellable);
}

static void
await_terminals (Fixture *self,
                 guint    n)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  while (self->n_terminal < n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (200);
    }
}

/* Whatever still comes. */
static void
drain (void)
{
  for (int i = 0; i < 20; i++)
    {
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_usleep (500);
    }
}

/* Each of @n ids has exactly one terminal event, and nothing after it. */
static void
check_protocol (Fixture *self,
                guint    n)
{
  drain ();
  for (guint64 id = 1; id <= n; id++)
    {
      guint n_terminal = 0;

      for (guint i = 0; i < self->events->len; i++)
        {
          EshiEvent *event = self->events->pdata[i];

          if (eshi_event_get_id (event) != id)
            continue;
          g_assert_cmpuint (n_terminal, ==, 0);
          n_terminal += eshi_event_is_terminal (event);
        }
      g_assert_cmpuint (n_terminal, ==, 1);
    }
  g_assert_cmpuint (_eshi_worker_get_n_pending (self->worker), ==, 0);
}

static EshiEvent *
find_event (Fixture       *self,
            guint64        id,
            EshiEventKind  kind)
{
  for (guint i = 0; i < self->events->len; i++)
    if (eshi_event_get_id (self->events->pdata[i]) == id && eshi_event_get_kind (self->events->pdata[i]) == kind)
      return self->events->pdata[i];

  return NULL;
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void
test_done (void)
{
  Fixture f;
  EshiEvent *done = NULL;
  const EshiTimings *timings = NULL;

  fixture_init (&f, -1);
  g_assert_cmpuint (submit (&f, "猫", 7, NULL), ==, 1);
  g_assert_cmpuint (_eshi_worker_get_n_pending (f.worker), ==, 1);
  await_terminals (&f, 1);
  check_protocol (&f, 1);

  g_assert_cmpint (eshi_event_get_kind (f.events->pdata[0]), ==, ESHI_EVENT_STARTED);
  g_assert_nonnull (find_event (&f, 1, ESHI_EVENT_IMAGE));
  done = find_event (&f, 1, ESHI_EVENT_DONE);
  g_assert_nonnull (done);
  g_assert_nonnull (eshi_event_get_image (done));
  g_assert_cmpint (eshi_event_get_settings (done)->steps, ==, N_STEPS);
  g_assert_cmpstr (eshi_event_get_settings (done)->prompt, ==, "猫");
  g_assert_cmpuint (eshi_event_get_settings (done)->seed, ==, 7);
  g_assert_cmpstr (eshi_event_get_model_name (done), ==, "fake");
  g_assert_cmpstr (eshi_event_get_backend (done), ==, "none");
  timings = eshi_event_get_timings (done);
  g_assert_cmpfloat_with_epsilon (timings->load + timings->text + timings->steps + timings->decode,
                                  timings->total, 1e-6);
  fixture_clear (&f);
}

static void
test_batch (void)
{
  Fixture f;
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  int n_images = 0;

  fixture_init (&f, -1);
  settings->n_images = 5;
  settings->seed = 40;
  _eshi_worker_submit (f.worker, eshi_request_new (ESHI_REQUEST_GENERATE, settings), NULL);
  await_terminals (&f, 1);
  check_protocol (&f, 1);

  for (guint i = 0; i < f.events->len; i++)
    {
      EshiEvent *event = f.events->pdata[i];

      if (eshi_event_get_kind (event) != ESHI_EVENT_IMAGE)
        continue;
      g_assert_cmpint (eshi_event_get_index (event), ==, n_images);
      g_assert_cmpuint (eshi_event_get_settings (event)->seed, ==, 40 + n_images);
      g_assert_cmpint (eshi_event_get_settings (event)->n_images, ==, 1);
      n_images++;
    }
  g_assert_cmpint (n_images, ==, 5);
  g_assert_cmpint (eshi_event_get_settings (find_event (&f, 1, ESHI_EVENT_DONE))->n_images, ==, 5);
  fixture_clear (&f);
}

/* A picture that was withheld says so, and that it has no watermark. */
static void
test_withheld (void)
{
  Fixture f;
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  const EshiSettings *used = NULL;

  fixture_init (&f, -1);
  g_free (settings->prompt);
  settings->prompt = g_strdup ("withhold");
  settings->safety = ESHI_SWITCH_ON;
  settings->watermark = ESHI_SWITCH_ON;
  _eshi_worker_submit (f.worker, eshi_request_new (ESHI_REQUEST_GENERATE, settings), NULL);
  submit (&f, "a cat", 1, NULL);
  await_terminals (&f, 2);

  used = eshi_event_get_settings (find_event (&f, 1, ESHI_EVENT_IMAGE));
  g_assert_true (used->withheld);
  g_assert_cmpint (used->safety, ==, ESHI_SWITCH_ON);
  g_assert_cmpint (used->watermark, ==, ESHI_SWITCH_OFF);
  g_assert_false (eshi_event_get_settings (find_event (&f, 2, ESHI_EVENT_IMAGE))->withheld);
  fixture_clear (&f);
}

static void
test_fifo (void)
{
  Fixture f;

  fixture_init (&f, 1);
  for (guint64 seed = 1; seed <= 5; seed++)
    g_assert_cmpuint (submit (&f, "a", seed, NULL), ==, seed);
  open_gate (f.painter);
  await_terminals (&f, 5);
  check_protocol (&f, 5);
  g_assert_cmpstr (f.painter->order->str, ==, "1 2 3 4 5 ");
  fixture_clear (&f);
}

static void
test_failed (void)
{
  Fixture f;

  fixture_init (&f, -1);
  submit (&f, "fail", 1, NULL);
  submit (&f, "fail silently", 2, NULL);
  submit (&f, "a", ESHI_SEED_MAX + G_GUINT64_CONSTANT (1), NULL);
  submit (&f, "a", 4, NULL);
  await_terminals (&f, 4);
  check_protocol (&f, 4);

  g_assert_error (eshi_event_get_error (find_event (&f, 1, ESHI_EVENT_FAILED)), ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY);
  g_assert_error (eshi_event_get_error (find_event (&f, 2, ESHI_EVENT_FAILED)), ESHI_ERROR, ESHI_ERROR_FAILED);
  g_assert_error (eshi_event_get_error (find_event (&f, 3, ESHI_EVENT_FAILED)), ESHI_ERROR,
                  ESHI_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (find_event (&f, 4, ESHI_EVENT_DONE));
  fixture_clear (&f);
}

/* Cancelled while step 5 is about to begin: at most that one step is still done. */
static void
check_cancel_running (gboolean by_cancellable)
{
  Fixture f;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  EshiEvent *cancelled = NULL;
  guint64 id = 0;

  fixture_init (&f, 5);
  id = submit (&f, "a", 1, cancellable);
  await_gate (f.painter);
  if (by_cancellable)
    g_cancellable_cancel (cancellable);
  else
    _eshi_worker_cancel (f.worker, id);
  open_gate (f.painter);
  await_terminals (&f, 1);
  check_protocol (&f, 1);

  g_assert_cmpint (g_atomic_int_get (&f.painter->steps_begun), <=, 5);
  cancelled = find_event (&f, 1, ESHI_EVENT_CANCELLED);
  g_assert_nonnull (cancelled);
  g_assert_nonnull (eshi_event_get_image (cancelled));
  g_assert_cmpint (eshi_event_get_step (cancelled), ==, 4);
  g_assert_cmpint (eshi_event_get_n_steps (cancelled), ==, N_STEPS);
  g_assert_nonnull (eshi_event_get_settings (cancelled));
  _eshi_worker_cancel (f.worker, id);
  _eshi_worker_cancel (f.worker, 999);
  check_protocol (&f, 1);
  fixture_clear (&f);
}

static void
test_cancel_running (void)
{
  check_cancel_running (FALSE);
}

static void
test_cancellable_running (void)
{
  check_cancel_running (TRUE);
}

/* One that waits ends at once, while the one before it still runs. */
static void
test_cancel_waiting (void)
{
  Fixture f;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  guint64 second = 0;

  fixture_init (&f, 1);
  submit (&f, "a", 1, NULL);
  second = submit (&f, "a", 2, NULL);
  submit (&f, "a", 3, cancellable);
  submit (&f, "a", 4, NULL);
  await_gate (f.painter);
  _eshi_worker_cancel (f.worker, second);
  g_cancellable_cancel (cancellable);
  await_terminals (&f, 2);
  g_assert_nonnull (find_event (&f, 2, ESHI_EVENT_CANCELLED));
  g_assert_nonnull (find_event (&f, 3, ESHI_EVENT_CANCELLED));
  g_assert_null (find_event (&f, 2, ESHI_EVENT_STARTED));
  g_assert_cmpuint (_eshi_worker_get_n_pending (f.worker), ==, 2);

  open_gate (f.painter);
  await_terminals (&f, 4);
  check_protocol (&f, 4);
  g_assert_cmpstr (f.painter->order->str, ==, "1 4 ");
  fixture_clear (&f);
}

static void
test_cancelled_before (void)
{
  Fixture f;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  fixture_init (&f, -1);
  g_cancellable_cancel (cancellable);
  submit (&f, "a", 1, cancellable);
  await_terminals (&f, 1);
  check_protocol (&f, 1);
  g_assert_nonnull (find_event (&f, 1, ESHI_EVENT_CANCELLED));
  g_assert_cmpint (g_atomic_int_get (&f.painter->steps_begun), ==, 0);
  fixture_clear (&f);
}

static gpointer
cancel_thread (gpointer data)
{
  g_cancellable_cancel (data);

  return NULL;
}

/* Cancelled from other threads at any moment: the protocol holds, whichever way it ends. */
static void
test_cancel_race (void)
{
  enum
  {
    N = 200
  };
  Fixture f;

  fixture_init (&f, -1);
  for (int i = 0; i < N; i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      GThread *thread = NULL;

      submit (&f, "a", i, cancellable);
      thread = g_thread_new ("cancel", cancel_thread, cancellable);
      if (i % 3 == 0)
        _eshi_worker_cancel (f.worker, i + 1);
      g_thread_join (thread);
    }
  await_terminals (&f, N);
  check_protocol (&f, N);
  fixture_clear (&f);
}

/* While the main loop sleeps, a thousand steps leave a handful of events. */
static void
test_coalescing (void)
{
  Fixture f;
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  fixture_init (&f, -1);
  settings->steps = 1000;
  _eshi_worker_submit (f.worker, eshi_request_new (ESHI_REQUEST_GENERATE, settings), NULL);
  while (g_atomic_int_get (&f.painter->steps_begun) < 1000)
    g_usleep (500);
  g_usleep (20000);
  await_terminals (&f, 1);
  check_protocol (&f, 1);

  /* started, preview, image, progress, done */
  g_assert_cmpuint (f.events->len, <=, 5);
  g_assert_nonnull (find_event (&f, 1, ESHI_EVENT_IMAGE));
  g_assert_cmpfloat (eshi_event_get_fraction (find_event (&f, 1, ESHI_EVENT_PROGRESS)), ==, 1.0);
  fixture_clear (&f);
}

/* Stopped while one runs and others wait: joined within a step, the painter freed, nothing delivered afterwards. */
static void
test_stop_while_running (void)
{
  Fixture f;
  int freed = 0;
  guint n_events = 0;

  fixture_init (&f, -1);
  f.painter->freed_flag = &freed;
  for (guint64 seed = 0; seed < 50; seed++)
    submit (&f, "a", seed, NULL);
  while (g_atomic_int_get (&f.painter->steps_begun) == 0)
    g_usleep (100);
  n_events = f.events->len;
  g_clear_pointer (&f.worker, _eshi_worker_stop);
  g_assert_cmpint (g_atomic_int_get (&freed), ==, 1);
  drain ();
  g_assert_cmpuint (f.events->len, ==, n_events);
  fixture_clear (&f);
}

static void
test_stop_inside_listener (void)
{
  Fixture f;
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  fixture_init (&f, -1);
  f.stop_after = 2;
  for (guint64 seed = 0; seed < 5; seed++)
    submit (&f, "a", seed, NULL);
  while (f.worker != NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, FALSE);
    }
  drain ();
  g_assert_cmpuint (f.events->len, ==, 2);
  fixture_clear (&f);
}

/* A cancellable that outlives the worker does no harm. */
static void
test_late_cancellable (void)
{
  Fixture f;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  fixture_init (&f, -1);
  submit (&f, "a", 1, cancellable);
  g_clear_pointer (&f.worker, _eshi_worker_stop);
  g_cancellable_cancel (cancellable);
  fixture_clear (&f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/engine/worker/done", test_done);
  g_test_add_func ("/eshi/engine/worker/batch", test_batch);
  g_test_add_func ("/eshi/engine/worker/withheld", test_withheld);
  g_test_add_func ("/eshi/engine/worker/fifo", test_fifo);
  g_test_add_func ("/eshi/engine/worker/failed", test_failed);
  g_test_add_func ("/eshi/engine/worker/cancel-running", test_cancel_running);
  g_test_add_func ("/eshi/engine/worker/cancellable-running", test_cancellable_running);
  g_test_add_func ("/eshi/engine/worker/cancel-waiting", test_cancel_waiting);
  g_test_add_func ("/eshi/engine/worker/cancelled-before", test_cancelled_before);
  g_test_add_func ("/eshi/engine/worker/cancel-race", test_cancel_race);
  g_test_add_func ("/eshi/engine/worker/coalescing", test_coalescing);
  g_test_add_func ("/eshi/engine/worker/stop-while-running", test_stop_while_running);
  g_test_add_func ("/eshi/engine/worker/stop-inside-listener", test_stop_inside_listener);
  g_test_add_func ("/eshi/engine/worker/late-cancellable", test_late_cancellable);

  return g_test_run ();
}
