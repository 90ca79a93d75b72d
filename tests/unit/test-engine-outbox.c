/* test-engine-outbox.c: what the queue of events keeps and what it drops.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-event-private.h"
#include "eshi-outbox.h"

typedef struct
{
  EshiOutbox *outbox;
  GString    *seen;        /* "kind:id:step " of each event */
  gboolean    close_at_first;
} Listener;

static void
listen_cb (EshiEvent *event,
           gpointer   user_data)
{
  Listener *self = user_data;

  g_string_append_printf (self->seen, "%d:%d:%d ", (int) eshi_event_get_kind (event), (int) eshi_event_get_id (event),
                          eshi_event_get_step (event));
  if (self->close_at_first)
    g_clear_pointer (&self->outbox, _eshi_outbox_close);
}

static void
post (EshiOutbox    *outbox,
      EshiEventKind  kind,
      guint64        id,
      int            step)
{
  EshiEvent *event = _eshi_event_new (kind, id);

  event->step = step;
  _eshi_outbox_post (outbox, event);
}

static void
drain (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_newest_only (void)
{
  Listener listener = { .seen = g_string_new (NULL) };

  listener.outbox = _eshi_outbox_new (NULL, listen_cb, &listener);
  post (listener.outbox, ESHI_EVENT_STARTED, 1, 0);
  for (int step = 1; step <= 1000; step++)
    {
      post (listener.outbox, ESHI_EVENT_PROGRESS, 1, step);
      post (listener.outbox, ESHI_EVENT_PREVIEW, 1, step);
      post (listener.outbox, ESHI_EVENT_PROGRESS, 2, -step);
    }
  post (listener.outbox, ESHI_EVENT_CHECKPOINT, 1, 500);
  post (listener.outbox, ESHI_EVENT_CHECKPOINT, 1, 1000);
  post (listener.outbox, ESHI_EVENT_DONE, 1, 1000);
  drain ();
  g_assert_cmpstr (listener.seen->str, ==, "0:1:0 1:1:1000 2:1:1000 1:2:-1000 7:1:1000 4:1:1000 ");

  _eshi_outbox_close (listener.outbox);
  g_string_free (listener.seen, TRUE);
}

/* A progress that follows a picture is not put before it, though an older progress was. */
static void
test_order (void)
{
  Listener listener = { .seen = g_string_new (NULL) };

  listener.outbox = _eshi_outbox_new (NULL, listen_cb, &listener);
  post (listener.outbox, ESHI_EVENT_PROGRESS, 1, 1);
  post (listener.outbox, ESHI_EVENT_IMAGE, 1, 0);
  post (listener.outbox, ESHI_EVENT_PROGRESS, 1, 2);
  post (listener.outbox, ESHI_EVENT_IMAGE, 1, 0);
  post (listener.outbox, ESHI_EVENT_FAILED, 2, 0);
  post (listener.outbox, ESHI_EVENT_CANCELLED, 3, 0);
  drain ();
  g_assert_cmpstr (listener.seen->str, ==, "3:1:0 1:1:2 3:1:0 5:2:0 6:3:0 ");

  _eshi_outbox_close (listener.outbox);
  g_string_free (listener.seen, TRUE);
}

static void
test_close_inside (void)
{
  Listener listener = { .seen = g_string_new (NULL), .close_at_first = TRUE };

  listener.outbox = _eshi_outbox_new (NULL, listen_cb, &listener);
  post (listener.outbox, ESHI_EVENT_STARTED, 1, 0);
  post (listener.outbox, ESHI_EVENT_DONE, 1, 0);
  drain ();
  g_assert_cmpstr (listener.seen->str, ==, "0:1:0 ");
  g_assert_null (listener.outbox);

  g_string_free (listener.seen, TRUE);
}

/* Events go to the context that the outbox was made for, and to no other. */
static void
test_context (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  Listener listener = { .seen = g_string_new (NULL) };

  listener.outbox = _eshi_outbox_new (context, listen_cb, &listener);
  post (listener.outbox, ESHI_EVENT_STARTED, 1, 0);
  drain ();
  g_assert_cmpstr (listener.seen->str, ==, "");
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpstr (listener.seen->str, ==, "0:1:0 ");

  _eshi_outbox_close (listener.outbox);
  g_string_free (listener.seen, TRUE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/engine/outbox/newest-progress-only", test_newest_only);
  g_test_add_func ("/eshi/engine/outbox/keeps-order", test_order);
  g_test_add_func ("/eshi/engine/outbox/close-inside-dispatch", test_close_inside);
  g_test_add_func ("/eshi/engine/outbox/own-context", test_context);

  return g_test_run ();
}
