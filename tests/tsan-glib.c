/* tsan-glib.c: tells ThreadSanitizer what GLib's locks and queues order; linked into the tests of such a build.
 *
 * GLib is not built with the sanitizer, and its locks are futexes that the sanitizer does not know; without this every
 * hand-over between threads would look like a race. Each function stands before GLib's own and says what it orders.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <dlfcn.h>
#include <gio/gio.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

/* The function that is stood before. Per thread, so that looking it up is no race itself. */
#define REAL(name)                                                     \
  static __thread __typeof__ (&name) real;                             \
  if (real == NULL)                                                    \
  real = (__typeof__ (&name)) dlsym (RTLD_NEXT, #name)

#undef g_atomic_rc_box_acquire

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock);
  real (mutex);
  __tsan_acquire (mutex);
}

void
g_mutex_unlock (GMutex *mutex)
{
  REAL (g_mutex_unlock);
  __tsan_release (mutex);
  real (mutex);
}

void
g_cond_wait (GCond  *cond,
             GMutex *mutex)
{
  REAL (g_cond_wait);
  __tsan_release (mutex);
  real (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond  *cond,
                   GMutex *mutex,
                   gint64  end_time)
{
  gboolean signalled = FALSE;

  REAL (g_cond_wait_until);
  __tsan_release (mutex);
  signalled = real (cond, mutex, end_time);
  __tsan_acquire (mutex);

  return signalled;
}

void
g_async_queue_push (GAsyncQueue *queue,
                    gpointer     data)
{
  REAL (g_async_queue_push);
  __tsan_release (queue);
  real (queue, data);
}

void
g_async_queue_push_front (GAsyncQueue *queue,
                          gpointer     data)
{
  REAL (g_async_queue_push_front);
  __tsan_release (queue);
  real (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = NULL;

  REAL (g_async_queue_pop);
  data = real (queue);
  __tsan_acquire (queue);

  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data = NULL;

  REAL (g_async_queue_try_pop);
  data = real (queue);
  __tsan_acquire (queue);

  return data;
}

gboolean
g_async_queue_remove (GAsyncQueue *queue,
                      gpointer     data)
{
  gboolean removed = FALSE;

  REAL (g_async_queue_remove);
  removed = real (queue, data);
  __tsan_acquire (queue);

  return removed;
}

gpointer
g_atomic_rc_box_acquire (gpointer box)
{
  REAL (g_atomic_rc_box_acquire);
  __tsan_release (box);

  return real (box);
}

void
g_atomic_rc_box_release_full (gpointer       box,
                              GDestroyNotify clear)
{
  REAL (g_atomic_rc_box_release_full);
  __tsan_release (box);
  __tsan_acquire (box);
  real (box, clear);
}

gulong
g_cancellable_connect (GCancellable   *cancellable,
                       GCallback       callback,
                       gpointer        data,
                       GDestroyNotify  destroy)
{
  REAL (g_cancellable_connect);
  __tsan_release (cancellable);

  return real (cancellable, callback, data, destroy);
}

void
g_cancellable_disconnect (GCancellable *cancellable,
                          gulong        id)
{
  REAL (g_cancellable_disconnect);
  real (cancellable, id);
  __tsan_acquire (cancellable);
}

void
g_cancellable_cancel (GCancellable *cancellable)
{
  REAL (g_cancellable_cancel);
  __tsan_acquire (cancellable);
  __tsan_release (cancellable);
  real (cancellable);
  __tsan_release (cancellable);
}

gboolean
g_cancellable_is_cancelled (GCancellable *cancellable)
{
  gboolean cancelled = FALSE;

  REAL (g_cancellable_is_cancelled);
  cancelled = real (cancellable);
  __tsan_acquire (cancellable);

  return cancelled;
}

GBytes *
g_bytes_ref (GBytes *bytes)
{
  REAL (g_bytes_ref);
  __tsan_release (bytes);

  return real (bytes);
}

void
g_bytes_unref (GBytes *bytes)
{
  REAL (g_bytes_unref);
  __tsan_release (bytes);
  __tsan_acquire (bytes);
  real (bytes);
}

/* --- what another thread calls later ------------------------------------------------------------------------------ */

/* A source's callback, and what the thread that gave it had done until then. */
typedef struct
{
  GSourceFunc     func;
  gpointer        data;
  GDestroyNotify  destroy;
} Call;

static gboolean
call_cb (gpointer data)
{
  Call *self = data;

  __tsan_acquire (self);

  return self->func (self->data);
}

static void
call_free (gpointer data)
{
  Call *self = data;

  __tsan_acquire (self);
  if (self->destroy != NULL)
    self->destroy (self->data);
  g_free (self);
}

void
g_source_set_callback (GSource        *source,
                       GSourceFunc     func,
                       gpointer        data,
                       GDestroyNotify  destroy)
{
  Call *call = g_new (Call, 1);

  REAL (g_source_set_callback);
  *call = (Call) { func, data, destroy };
  __tsan_release (call);
  real (source, call_cb, call, call_free);
}

#define TASK_FUNC "tsan-task-func"

static void
task_cb (GTask        *task,
         gpointer      source,
         gpointer      data,
         GCancellable *cancellable)
{
  GTaskThreadFunc func = NULL;

  __tsan_acquire (task);
  func = (GTaskThreadFunc) g_object_get_data (G_OBJECT (task), TASK_FUNC);
  func (task, source, data, cancellable);
}

void
g_task_run_in_thread (GTask           *task,
                      GTaskThreadFunc  func)
{
  REAL (g_task_run_in_thread);
  g_assert (G_IS_TASK (task)); /* also a reason for the linker to keep GIO, which has the real ones */
  g_object_set_data (G_OBJECT (task), TASK_FUNC, (gpointer) func);
  __tsan_release (task);
  real (task, task_cb);
}

void
g_task_return_pointer (GTask          *task,
                       gpointer        result,
                       GDestroyNotify  destroy)
{
  REAL (g_task_return_pointer);
  __tsan_release (task);
  real (task, result, destroy);
}

gpointer
g_task_propagate_pointer (GTask   *task,
                          GError **error)
{
  REAL (g_task_propagate_pointer);
  __tsan_acquire (task);

  return real (task, error);
}
