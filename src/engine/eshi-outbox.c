/* eshi-outbox.c: a queue of events, drained by one source of the main context.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-outbox.h"

struct _EshiOutbox
{
  GSource        *source;
  EshiOutboxFunc  func;
  gpointer        user_data;
  gboolean        closed; /* of the context's thread alone */

  GMutex          lock;
  GQueue          events; /* of EshiEvent, under the lock */
};

static void
eshi_outbox_clear (gpointer data)
{
  EshiOutbox *self = data;

  g_queue_clear_full (&self->events, (GDestroyNotify) eshi_event_unref);
  g_mutex_clear (&self->lock);
}

static void
eshi_outbox_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, eshi_outbox_clear);
}

static EshiEvent *
pop_event (EshiOutbox *self)
{
  EshiEvent *event = NULL;

  g_mutex_lock (&self->lock);
  event = g_queue_pop_head (&self->events);
  g_mutex_unlock (&self->lock);

  return event;
}

static guint
count_events (EshiOutbox *self)
{
  guint n_events = 0;

  g_mutex_lock (&self->lock);
  n_events = g_queue_get_length (&self->events);
  g_mutex_unlock (&self->lock);

  return n_events;
}

/* Delivers what is there now; what a busy worker posts meanwhile waits for the next turn of the main loop. */
static gboolean
drain_cb (gpointer data)
{
  EshiOutbox *self = data;
  guint n_events = 0;

  g_source_set_ready_time (self->source, -1);
  n_events = count_events (self);
  for (guint i = 0; i < n_events && !self->closed; i++)
    {
      g_autoptr(EshiEvent) event = pop_event (self);

      if (event == NULL)
        return G_SOURCE_CONTINUE;
      self->func (event, self->user_data);
    }

  if (!self->closed && count_events (self) > 0)
    g_source_set_ready_time (self->source, 0);

  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch (GSource     *source,
          GSourceFunc  callback,
          gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_funcs = { .dispatch = dispatch };

EshiOutbox *
_eshi_outbox_new (GMainContext   *context,
                  EshiOutboxFunc  func,
                  gpointer        user_data)
{
  EshiOutbox *self = g_atomic_rc_box_new0 (EshiOutbox);

  self->func = func;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_queue_init (&self->events);

  /* The source holds a reference, so that closing from within its own dispatch is safe. */
  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "eshi-outbox");
  g_source_set_callback (self->source, drain_cb, g_atomic_rc_box_acquire (self), eshi_outbox_unref);
  g_source_set_can_recurse (self->source, TRUE);
  g_source_attach (self->source, context);

  return self;
}

static gboolean
keeps_newest_only (EshiEventKind kind)
{
  return kind == ESHI_EVENT_PROGRESS || kind == ESHI_EVENT_PREVIEW || kind == ESHI_EVENT_CHECKPOINT;
}

/* Drops the older event that @event makes pointless. */
static void
drop_older (EshiOutbox *self,
            EshiEvent  *event)
{
  for (GList *link = self->events.tail; link != NULL; link = link->prev)
    if (eshi_event_get_kind (link->data) == eshi_event_get_kind (event) &&
        eshi_event_get_id (link->data) == eshi_event_get_id (event))
      {
        eshi_event_unref (link->data);
        g_queue_delete_link (&self->events, link);
        return;
      }
}

void
_eshi_outbox_post (EshiOutbox *self,
                   EshiEvent  *event)
{
  g_assert (self != NULL);
  g_assert (event != NULL);

  g_mutex_lock (&self->lock);
  if (keeps_newest_only (eshi_event_get_kind (event)))
    drop_older (self, event);
  g_queue_push_tail (&self->events, event);
  g_mutex_unlock (&self->lock);

  g_source_set_ready_time (self->source, 0);
}

void
_eshi_outbox_close (EshiOutbox *self)
{
  g_assert (self != NULL);

  self->closed = TRUE;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  eshi_outbox_unref (self);
}
