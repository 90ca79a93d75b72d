/* test-engine.c: the engine as an object: its signal, its property, and its end.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-engine-private.h"
#include "libeshi-engine.h"

#define N_STEPS 10

/* A painter that takes a millisecond a step. */
static gboolean
slow_paint (EshiPainter  *painter,
            EshiRun      *run,
            GError      **error)
{
  g_autoptr(EshiSettings) settings = eshi_settings_copy (eshi_request_get_settings (_eshi_run_get_request (run)));

  settings->steps = N_STEPS;
  _eshi_run_resolve (run, settings, NULL, NULL);
  for (int step = 1; step <= N_STEPS; step++)
    {
      if (g_cancellable_set_error_if_cancelled (_eshi_run_get_cancellable (run), error))
        return FALSE;
      g_usleep (1000);
      _eshi_run_step (run, 0, step);
    }

  return TRUE;
}

static void
slow_free (EshiPainter *painter)
{
  g_free (painter);
}

static EshiEngine *
make_engine (void)
{
  EshiPainter *painter = g_new0 (EshiPainter, 1);

  painter->paint = slow_paint;
  painter->free = slow_free;

  return _eshi_engine_new_with_painter (painter);
}

static guint64
submit (EshiEngine *engine)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  return eshi_engine_submit (engine, eshi_request_new (ESHI_REQUEST_GENERATE, settings), NULL);
}

typedef struct
{
  EshiEngine *engine;
  guint       n_terminal;
  guint       n_busy;       /* notifications that it is busy */
  guint       n_idle;       /* … and that it is not */
  gboolean    drop_engine;  /* let go of it at the first event */
  gboolean    submit_again; /* at the first terminal event */
} Listener;

static void
event_cb (EshiEngine *engine,
          EshiEvent  *event,
          Listener   *listener)
{
  if (eshi_event_is_terminal (event))
    listener->n_terminal++;
  if (listener->drop_engine)
    g_clear_object (&listener->engine);
  if (listener->submit_again && listener->n_terminal == 1)
    {
      listener->submit_again = FALSE;
      submit (engine);
    }
}

static void
busy_cb (EshiEngine *engine,
         GParamSpec *pspec,
         Listener   *listener)
{
  gboolean busy = FALSE;

  g_object_get (engine, "busy", &busy, NULL);
  if (busy)
    listener->n_busy++;
  else
    listener->n_idle++;
}

static void
listen (Listener *listener)
{
  listener->engine = make_engine ();
  g_signal_connect (listener->engine, "event", G_CALLBACK (event_cb), listener);
  g_signal_connect (listener->engine, "notify::busy", G_CALLBACK (busy_cb), listener);
}

static void
await_terminals (Listener *listener,
                 guint     n)
{
  while (listener->n_terminal < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_busy (void)
{
  Listener listener = { 0 };

  listen (&listener);
  g_assert_cmpuint (submit (listener.engine), ==, 1);
  g_assert_cmpuint (submit (listener.engine), ==, 2);
  g_assert_cmpuint (eshi_engine_get_n_pending (listener.engine), ==, 2);
  g_assert_cmpuint (listener.n_busy, ==, 1);
  await_terminals (&listener, 1);
  g_assert_cmpuint (listener.n_idle, ==, 0);
  await_terminals (&listener, 2);
  g_assert_cmpuint (listener.n_busy, ==, 1);
  g_assert_cmpuint (listener.n_idle, ==, 1);
  g_assert_cmpuint (eshi_engine_get_n_pending (listener.engine), ==, 0);
  g_assert_finalize_object (listener.engine);
}

/* A listener that submits from within the terminal event: busy does not flicker, the new id is a new one. */
static void
test_submit_again (void)
{
  Listener listener = { .submit_again = TRUE };

  listen (&listener);
  submit (listener.engine);
  await_terminals (&listener, 2);
  g_assert_cmpuint (listener.n_busy, ==, 1);
  g_assert_cmpuint (listener.n_idle, ==, 1);
  g_assert_cmpuint (submit (listener.engine), ==, 3);
  g_assert_finalize_object (listener.engine);
}

static void
test_finalize_while_running (void)
{
  Listener listener = { 0 };

  listen (&listener);
  for (guint i = 0; i < 20; i++)
    submit (listener.engine);
  g_assert_finalize_object (listener.engine);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (listener.n_terminal, ==, 0);
}

static void
test_finalize_idle (void)
{
  Listener listener = { 0 };

  listen (&listener);
  g_assert_finalize_object (listener.engine);
}

/* A listener that lets go of the engine gets no second event. */
static void
test_finalize_inside (void)
{
  Listener listener = { .drop_engine = TRUE };

  listen (&listener);
  g_object_add_weak_pointer (G_OBJECT (listener.engine), (gpointer *) &listener.engine);
  submit (listener.engine);
  while (listener.engine != NULL)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (listener.n_terminal, ==, 0);
}

/* Events come in the context that was the thread's default when the engine was made. */
static void
test_context (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  Listener listener = { 0 };

  g_main_context_push_thread_default (context);
  listen (&listener);
  g_main_context_pop_thread_default (context);
  submit (listener.engine);
  while (listener.n_terminal == 0)
    {
      g_assert_false (g_main_context_iteration (NULL, FALSE));
      g_main_context_iteration (context, TRUE);
    }
  g_assert_finalize_object (listener.engine);
}

/* The program's own painter, without any model: the sentence comes back as an event. */
static void
failed_cb (EshiEngine  *engine,
           EshiEvent   *event,
           GError     **error)
{
  if (eshi_event_get_kind (event) == ESHI_EVENT_FAILED)
    *error = g_error_copy (eshi_event_get_error (event));
}

static void
test_no_model (void)
{
  EshiEngine *engine = eshi_engine_new ("ref", 1);
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(GError) error = NULL;

  settings->model = g_strdup ("/no/such/folder");
  g_signal_connect (engine, "event", G_CALLBACK (failed_cb), &error);
  eshi_engine_submit (engine, eshi_request_new (ESHI_REQUEST_GENERATE, settings), NULL);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING);
  g_assert_nonnull (strstr (error->message, "/no/such/folder"));
  g_assert_finalize_object (engine);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/engine/object/busy", test_busy);
  g_test_add_func ("/eshi/engine/object/submit-again", test_submit_again);
  g_test_add_func ("/eshi/engine/object/finalize-while-running", test_finalize_while_running);
  g_test_add_func ("/eshi/engine/object/finalize-idle", test_finalize_idle);
  g_test_add_func ("/eshi/engine/object/finalize-inside-listener", test_finalize_inside);
  g_test_add_func ("/eshi/engine/object/context", test_context);
  g_test_add_func ("/eshi/engine/object/no-model", test_no_model);

  return g_test_run ();
}
