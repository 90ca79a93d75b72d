/* eshi-hash-job.c: the thread that hashes a model. It yields to those that paint.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hash-job.h"

#include <sys/resource.h>

#include "eshi-model-hash.h"

#define NICENESS 5
#define POLL_US (50 * G_TIME_SPAN_MILLISECOND)

struct _EshiHashJob
{
  char         *path;
  GCancellable *cancellable;
  GThread      *thread; /* (nullable): NULL where the hash was known */
  GMutex        mutex;
  GCond         cond;
  gboolean      done;   /* under the mutex; @hash does not change once it is set */
  char         *hash;
};

static gpointer
hash_main (gpointer data)
{
  EshiHashJob *self = data;
  g_autoptr(GError) error = NULL;
  char *hash = NULL;

  /* On Linux this is the priority of the thread alone. */
  setpriority (PRIO_PROCESS, 0, NICENESS);
  hash = eshi_model_hash_compute (self->path, self->cancellable, &error);
  if (hash == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_debug ("No hash of the model: %s", error->message);

  g_mutex_lock (&self->mutex);
  self->hash = hash;
  self->done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  return NULL;
}

EshiHashJob *
_eshi_hash_job_start (const char *path)
{
  EshiHashJob *self = g_new0 (EshiHashJob, 1);

  self->path = g_strdup (path);
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->hash = eshi_model_hash_lookup (path);
  self->done = self->hash != NULL;
  if (!self->done)
    self->thread = g_thread_new ("eshi-hash", hash_main, self);
  return self;
}

const char *
_eshi_hash_job_wait (EshiHashJob  *self,
                     GCancellable *cancellable)
{
  const char *hash = NULL;

  g_mutex_lock (&self->mutex);
  while (!self->done && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait_until (&self->cond, &self->mutex, g_get_monotonic_time () + POLL_US);
  hash = self->hash;
  g_mutex_unlock (&self->mutex);
  return hash;
}

void
_eshi_hash_job_free (EshiHashJob *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_pointer (&self->thread, g_thread_join);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_object_unref (self->cancellable);
  g_free (self->hash);
  g_free (self->path);
  g_free (self);
}
