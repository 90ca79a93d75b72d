/* eshi-hub-download.c: the thread of a download, and what of it is told to the main loop.
 *
 * The thread writes its newest progress under a lock and leaves one source pending, however often it writes. Pausing is
 * cancelling the thread: what arrived stays and the next start goes on there.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hub-download.h"

#include <glib/gi18n-lib.h>

#define SPEED_SHARE 0.2     /* of the newest measurement in the speed that is shown */
#define SPEED_SPAN_US 500000

struct _EshiHubDownload
{
  GObject parent_instance;

  char *url;
  char *repo;
  char *token;
  EshiHubState state;
  EshiHubState wanted;        /* what becomes of a thread that is cancelled */
  GCancellable *cancellable;  /* of the running thread, else NULL */
  GError *error;
  char *path;

  goffset n_done;
  goffset n_bytes;
  double wait_s;
  char *reason;
  double speed;               /* bytes a second; 0 until it is known */
  goffset speed_done;         /* n_done when speed was last measured */
  gint64 speed_at;

  /* Of the thread and the main loop */
  GMutex lock;
  EshiHubProgress newest;     /* without its strings */
  char *newest_reason;
  gboolean pending;
};

G_DEFINE_FINAL_TYPE (EshiHubDownload, eshi_hub_download, G_TYPE_OBJECT)

static guint changed_signal;

static void
eshi_hub_download_finalize (GObject *object)
{
  EshiHubDownload *self = ESHI_HUB_DOWNLOAD (object);

  g_free (self->url);
  g_free (self->repo);
  g_free (self->token);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_free (self->path);
  g_free (self->reason);
  g_free (self->newest_reason);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (eshi_hub_download_parent_class)->finalize (object);
}

static void
eshi_hub_download_class_init (EshiHubDownloadClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eshi_hub_download_finalize;
  changed_signal = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

static void
eshi_hub_download_init (EshiHubDownload *self)
{
  g_mutex_init (&self->lock);
}

EshiHubDownload *
eshi_hub_download_new (const char *url,
                       const char *repo)
{
  EshiHubDownload *self = g_object_new (ESHI_TYPE_HUB_DOWNLOAD, NULL);

  self->url = g_strdup (url);
  self->repo = g_strdup (repo);
  return self;
}

static void
set_state (EshiHubDownload *self,
           EshiHubState     state)
{
  self->state = state;
  g_signal_emit (self, changed_signal, 0);
}

/* --- progress ---------------------------------------------------------------------------------------------------- */

static void
measure_speed (EshiHubDownload *self)
{
  gint64 now = g_get_monotonic_time ();
  double seconds = (double) (now - self->speed_at) / G_USEC_PER_SEC;
  double speed;

  if (self->speed_at == 0 || self->n_done < self->speed_done)
    {
      self->speed_at = now;
      self->speed_done = self->n_done;
    }
  if (now - self->speed_at < SPEED_SPAN_US)
    return;

  speed = (double) (self->n_done - self->speed_done) / seconds;
  self->speed = self->speed > 0.0 ? self->speed + SPEED_SHARE * (speed - self->speed) : speed;
  self->speed_at = now;
  self->speed_done = self->n_done;
}

static gboolean
on_progress_cb (gpointer user_data)
{
  EshiHubDownload *self = user_data;

  g_mutex_lock (&self->lock);
  self->n_done = self->newest.n_done;
  self->n_bytes = self->newest.n_bytes;
  self->wait_s = self->newest.wait_s;
  g_free (self->reason);
  self->reason = g_steal_pointer (&self->newest_reason);
  self->pending = FALSE;
  g_mutex_unlock (&self->lock);

  measure_speed (self);
  if (self->state == ESHI_HUB_STATE_RUNNING)
    g_signal_emit (self, changed_signal, 0);
  return G_SOURCE_REMOVE;
}

static void
on_fetched_bytes (const EshiHubProgress *progress,
                  gpointer               user_data)
{
  EshiHubDownload *self = user_data;
  gboolean post;

  g_mutex_lock (&self->lock);
  self->newest = *progress;
  g_free (self->newest_reason);
  self->newest_reason = g_strdup (progress->reason);
  post = !self->pending;
  self->pending = TRUE;
  g_mutex_unlock (&self->lock);
  if (post)
    g_idle_add_full (G_PRIORITY_DEFAULT, on_progress_cb, g_object_ref (self), g_object_unref);
}

/* --- the thread -------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *url;
  char *token;
  char *repo;
} Order;

static void
order_free (gpointer data)
{
  Order *order = data;

  g_free (order->url);
  g_free (order->token);
  g_free (order->repo);
  g_free (order);
}

static void
fetch_in_thread (GTask        *task,
                 gpointer      source,
                 gpointer      task_data,
                 GCancellable *cancellable)
{
  const Order *order = task_data;
  GError *error = NULL;
  char *path = eshi_hub_fetch (order->url, order->token, order->repo, on_fetched_bytes, source, cancellable, &error);

  if (path != NULL)
    g_task_return_pointer (task, path, g_free);
  else
    g_task_return_error (task, error);
}

static void
on_fetched_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  EshiHubDownload *self = ESHI_HUB_DOWNLOAD (source);

  g_clear_object (&self->cancellable);
  self->path = g_task_propagate_pointer (G_TASK (result), &self->error);
  if (self->path != NULL)
    set_state (self, ESHI_HUB_STATE_DONE);
  else if (!g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_state (self, ESHI_HUB_STATE_FAILED);
  else
    {
      g_clear_error (&self->error);
      if (self->wanted == ESHI_HUB_STATE_CANCELLED)
        eshi_hub_discard (self->repo);
      set_state (self, self->wanted);
    }
}

void
eshi_hub_download_set_token (EshiHubDownload *self,
                             const char      *token)
{
  g_free (self->token);
  self->token = g_strdup (token);
}

const char *
eshi_hub_download_get_token (EshiHubDownload *self)
{
  g_return_val_if_fail (ESHI_IS_HUB_DOWNLOAD (self), NULL);

  return self->token;
}

void
eshi_hub_download_start (EshiHubDownload *self)
{
  g_autoptr(GTask) task = NULL;
  Order *order;

  g_return_if_fail (ESHI_IS_HUB_DOWNLOAD (self));

  if (self->cancellable != NULL || self->state == ESHI_HUB_STATE_DONE)
    return;
  g_clear_error (&self->error);
  self->speed = 0.0;
  self->speed_at = 0;
  self->cancellable = g_cancellable_new ();
  order = g_new0 (Order, 1);
  order->url = g_strdup (self->url);
  order->token = g_strdup (self->token);
  order->repo = g_strdup (self->repo);
  task = g_task_new (self, self->cancellable, on_fetched_cb, NULL);
  g_task_set_source_tag (task, eshi_hub_download_start);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, order, order_free);
  g_task_run_in_thread (task, fetch_in_thread);
  set_state (self, ESHI_HUB_STATE_RUNNING);
}

static void
break_off (EshiHubDownload *self,
           EshiHubState     wanted)
{
  self->wanted = wanted;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}

void
eshi_hub_download_pause (EshiHubDownload *self)
{
  g_return_if_fail (ESHI_IS_HUB_DOWNLOAD (self));

  break_off (self, ESHI_HUB_STATE_PAUSED);
}

void
eshi_hub_download_cancel (EshiHubDownload *self)
{
  g_return_if_fail (ESHI_IS_HUB_DOWNLOAD (self));

  break_off (self, ESHI_HUB_STATE_CANCELLED);
  if (self->cancellable != NULL || self->state == ESHI_HUB_STATE_DONE)
    return;
  g_clear_error (&self->error);
  eshi_hub_discard (self->repo);
  set_state (self, ESHI_HUB_STATE_CANCELLED);
}

/* --- what it says ------------------------------------------------------------------------------------------------ */

const char *
eshi_hub_download_get_repo (EshiHubDownload *self)
{
  g_return_val_if_fail (ESHI_IS_HUB_DOWNLOAD (self), NULL);

  return self->repo;
}

EshiHubState
eshi_hub_download_get_state (EshiHubDownload *self)
{
  g_return_val_if_fail (ESHI_IS_HUB_DOWNLOAD (self), ESHI_HUB_STATE_IDLE);

  return self->state;
}

const GError *
eshi_hub_download_get_error (EshiHubDownload *self)
{
  g_return_val_if_fail (ESHI_IS_HUB_DOWNLOAD (self), NULL);

  return self->error;
}

const char *
eshi_hub_download_get_path (EshiHubDownload *self)
{
  g_return_val_if_fail (ESHI_IS_HUB_DOWNLOAD (self), NULL);

  return self->path;
}

double
eshi_hub_download_get_fraction (EshiHubDownload *self)
{
  g_return_val_if_fail (ESHI_IS_HUB_DOWNLOAD (self), -1.0);

  return self->n_bytes > 0 ? (double) self->n_done / (double) self->n_bytes : -1.0;
}

/* (transfer full): "6 minutes left" */
static char *
dup_left (double seconds)
{
  int minutes = (int) (seconds / 60.0 + 0.5);

  if (seconds < 60.0)
    return g_strdup (_("less than a minute left"));
  if (minutes < 120)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d minute left", "%d minutes left", (gulong) minutes),
                            minutes);
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d hour left", "%d hours left", (gulong) minutes / 60),
                          minutes / 60);
}

/* (transfer full): why it waits, and for how long */
static char *
dup_wait (EshiHubDownload *self)
{
  g_autofree char *wait = g_strdup_printf (_("Trying again in %.0f s"), self->wait_s);

  return self->reason != NULL ? g_strdup_printf ("%s\n%s", self->reason, wait) : g_steal_pointer (&wait);
}

char *
eshi_hub_download_dup_text (EshiHubDownload *self)
{
  g_autofree char *done = NULL;
  g_autofree char *all = NULL;
  g_autofree char *speed = NULL;
  g_autofree char *left = NULL;

  g_return_val_if_fail (ESHI_IS_HUB_DOWNLOAD (self), NULL);

  if (self->wait_s > 0.0)
    return dup_wait (self);
  if (self->n_bytes == 0)
    return g_strdup (_("Asking the hub"));
  done = g_format_size ((guint64) self->n_done);
  all = g_format_size ((guint64) self->n_bytes);
  if (self->speed <= 0.0 || self->state != ESHI_HUB_STATE_RUNNING)
    return g_strdup_printf (_("%s of %s"), done, all);

  speed = g_format_size ((guint64) self->speed);
  left = dup_left ((double) (self->n_bytes - self->n_done) / self->speed);
  /* Translators: how much has arrived, of how much, how much in a second, and "6 minutes left" */
  return g_strdup_printf (_("%s of %s · %s/s · %s"), done, all, speed, left);
}
