/* eshi-worker.c: the engine's thread and the two queues.
 *
 * Owned by the main thread: the table of pending requests. Owned by the worker: the painter. Shared: the queue of
 * messages, the outbox, and each message's cancellable, which may be cancelled from any thread.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <sys/resource.h>

#include "eshi-error.h"
#include "eshi-event-private.h"
#include "eshi-worker.h"

/* Of the engine's threads, which take all there is for minutes: a window that wakes up for a key goes first. */
#define NICENESS 10

typedef enum
{
  MESSAGE_REQUEST,
  MESSAGE_QUIT,
} MessageKind;

/* What crosses to the worker; immutable, reference counted. */
typedef struct
{
  MessageKind   kind;
  guint64       id;
  EshiRequest  *request;
  GCancellable *cancellable;
} Message;

/* A request without its terminal event, as the main thread knows it. */
typedef struct
{
  EshiWorker   *worker;  /* borrowed */
  Message      *message;
  GCancellable *outer;   /* (nullable): the caller's */
  gulong        outer_handler;
} Pending;

struct _EshiWorker
{
  GThread        *thread;
  GAsyncQueue    *messages;
  EshiOutbox     *outbox;

  /* Of the worker's thread alone */
  GThread        *own_thread;
  EshiPainter    *painter;
  EshiFinishTime  finish_time;

  /* Of the main thread alone */
  EshiOutboxFunc  func;
  gpointer        user_data;
  GHashTable     *pending; /* id → Pending */
  guint64         last_id;
};

static void
message_clear (gpointer data)
{
  Message *self = data;

  g_clear_pointer (&self->request, eshi_request_unref);
  g_clear_object (&self->cancellable);
}

static void
message_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, message_clear);
}

static Message *
message_new (MessageKind  kind,
             guint64      id,
             EshiRequest *request)
{
  Message *self = g_atomic_rc_box_new0 (Message);

  self->kind = kind;
  self->id = id;
  self->request = request;
  self->cancellable = g_cancellable_new ();

  return self;
}

/* Ends a request that the worker has not begun. */
static void
post_cancelled (EshiWorker *self,
                Message    *message)
{
  const EshiSettings *settings = eshi_request_get_settings (message->request);
  EshiEvent *event = _eshi_event_new (ESHI_EVENT_CANCELLED, message->id);

  event->settings = settings != NULL ? eshi_settings_copy (settings) : NULL;
  _eshi_outbox_post (self->outbox, event);
}

/* Thread: any. Whoever takes the message off the queue owes its terminal event. */
static void
cancel_message (EshiWorker *self,
                Message    *message)
{
  g_cancellable_cancel (message->cancellable);
  if (g_async_queue_remove (self->messages, message))
    {
      post_cancelled (self, message);
      message_unref (message);
    }
}

static void
outer_cancelled_cb (GCancellable *outer,
                    gpointer      data)
{
  Pending *pending = data;

  cancel_message (pending->worker, pending->message);
}

static void
pending_free (gpointer data)
{
  Pending *self = data;

  if (self->outer != NULL)
    g_cancellable_disconnect (self->outer, self->outer_handler);
  g_clear_object (&self->outer);
  message_unref (self->message);
  g_free (self);
}

static gboolean
paint (EshiWorker  *self,
       EshiRun     *run,
       Message     *message,
       GError     **error)
{
  const EshiSettings *settings = eshi_request_get_settings (message->request);

  if (settings != NULL && !eshi_settings_validate (settings, error))
    return FALSE;
  if (self->painter->paint (self->painter, run, error))
    return TRUE;

  if (error != NULL && *error == NULL)
    g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                         _("The picture could not be painted, and the program does not know why; try again."));
  return FALSE;
}

static void
run_message (EshiWorker *self,
             Message    *message)
{
  g_autoptr(EshiRun) run = NULL;
  GError *error = NULL;

  g_assert (self->own_thread == g_thread_self ());

  if (g_cancellable_is_cancelled (message->cancellable))
    {
      post_cancelled (self, message);
      return;
    }

  run = _eshi_run_new (message->id, message->request, message->cancellable, self->outbox, &self->finish_time);
  if (!paint (self, run, message, &error))
    g_assert (error != NULL);
  _eshi_run_end (run, error);
}

static gpointer
worker_main (gpointer data)
{
  EshiWorker *self = data;
  gboolean quit = FALSE;

  self->own_thread = g_thread_self ();
  /* On Linux this is the priority of the thread, and of those that it will start to compute with, alone. */
  setpriority (PRIO_PROCESS, 0, NICENESS);
  while (!quit)
    {
      Message *message = g_async_queue_pop (self->messages);

      if (message->kind == MESSAGE_QUIT)
        quit = TRUE;
      else
        run_message (self, message);
      message_unref (message);
    }
  self->painter->free (self->painter);

  return NULL;
}

static void
deliver_cb (EshiEvent *event,
            gpointer   user_data)
{
  EshiWorker *self = user_data;

  if (eshi_event_is_terminal (event))
    {
      guint64 id = eshi_event_get_id (event);

      g_hash_table_remove (self->pending, &id);
    }
  self->func (event, self->user_data);
}

EshiWorker *
_eshi_worker_new (EshiPainter    *painter,
                  EshiOutboxFunc  func,
                  gpointer        user_data)
{
  EshiWorker *self = g_new0 (EshiWorker, 1);

  self->painter = painter;
  self->func = func;
  self->user_data = user_data;
  self->messages = g_async_queue_new_full (message_unref);
  self->outbox = _eshi_outbox_new (g_main_context_get_thread_default (), deliver_cb, self);
  self->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, pending_free);
  self->thread = g_thread_new ("eshi-engine", worker_main, self);

  return self;
}

static gboolean
cancel_pending (gpointer key,
                gpointer value,
                gpointer user_data)
{
  Pending *pending = value;

  g_cancellable_cancel (pending->message->cancellable);

  return TRUE;
}

void
_eshi_worker_stop (EshiWorker *self)
{
  g_assert (self != NULL);

  /* From here on no cancellable of a caller reaches the queue or the outbox. */
  g_hash_table_foreach_remove (self->pending, cancel_pending, NULL);
  g_async_queue_push_front (self->messages, message_new (MESSAGE_QUIT, 0, NULL));
  g_thread_join (self->thread);

  _eshi_outbox_close (self->outbox);
  g_async_queue_unref (self->messages);
  g_hash_table_unref (self->pending);
  g_free (self);
}

guint64
_eshi_worker_submit (EshiWorker   *self,
                     EshiRequest  *request,
                     GCancellable *cancellable)
{
  Pending *pending = NULL;
  Message *message = NULL;
  guint64 *key = NULL;
  guint64 id = 0;

  g_assert (self != NULL);
  g_assert (request != NULL);

  id = ++self->last_id;
  message = message_new (MESSAGE_REQUEST, id, request);
  pending = g_new0 (Pending, 1);
  pending->worker = self;
  pending->message = g_atomic_rc_box_acquire (message);
  key = g_memdup2 (&id, sizeof id);
  g_hash_table_insert (self->pending, key, pending);

  if (cancellable != NULL)
    {
      pending->outer = g_object_ref (cancellable);
      pending->outer_handler = g_cancellable_connect (cancellable, G_CALLBACK (outer_cancelled_cb), pending, NULL);
    }

  /* Connected first, so that nothing is begun for a cancellable that is cancelled already; looked at again, because it
   * may have been cancelled when there was nothing in the queue to take away. */
  g_async_queue_push (self->messages, message);
  if (g_cancellable_is_cancelled (pending->message->cancellable))
    cancel_message (self, pending->message);

  return id;
}

void
_eshi_worker_cancel (EshiWorker *self,
                     guint64     id)
{
  Pending *pending = NULL;

  g_assert (self != NULL);

  pending = g_hash_table_lookup (self->pending, &id);
  if (pending != NULL)
    cancel_message (self, pending->message);
}

guint
_eshi_worker_get_n_pending (EshiWorker *self)
{
  g_assert (self != NULL);

  return g_hash_table_size (self->pending);
}
