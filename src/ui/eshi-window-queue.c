/* eshi-window-queue.c: what the window says about the queue: what an earlier run has left, what was interrupted, how far
 * it is in the window's title, and a notification for those who look elsewhere.
 *
 * The queue itself is EshiQueue's, and its list is EshiQueueView's.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-notify.h"
#include "eshi-options.h"
#include "eshi-test-log.h"
#include "eshi-toasts.h"

#include <glib/gi18n-lib.h>

#define RESUME_SECONDS 10
#define NOTIFICATION "painted"

static EshiQueue *
queue_of (EshiWindow *self)
{
  return eshi_session_get_queue (self->session);
}

/* @seconds: 0 for until it is closed. */
static AdwToast *
offer (EshiWindow *self,
       const char *text,
       const char *button,
       const char *action,
       guint       seconds)
{
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_timeout (toast, seconds);
  adw_toast_set_button_label (toast, button);
  adw_toast_set_detailed_action_name (toast, action);
  eshi_toasts_add (self->toasts, toast);
  eshi_test_log ("TOAST %s", text);
  return toast;
}

/* --- what an earlier run has left -------------------------------------------------------------------------------- */

static void
offer_to_continue (EshiWindow *self,
                   guint       n_waiting,
                   guint       n_interrupted)
{
  g_autofree char *text = NULL;

  if (n_waiting > 0)
    {
      text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u picture still waits; the queue is paused",
                                           "%u pictures still wait; the queue is paused", n_waiting),
                              n_waiting);
      g_set_weak_pointer (&self->queue_toast, offer (self, text, _("Continue"), "win.continue-queue", 0));
    }
  else if (n_interrupted > 0)
    {
      text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u picture is unfinished and can be resumed",
                                           "%u pictures are unfinished and can be resumed", n_interrupted),
                              n_interrupted);
      g_set_weak_pointer (&self->queue_toast, offer (self, text, _("Show"), "win.view::queue", 0));
    }
}

static void
on_restored_cb (EshiWindow *self,
                guint       n_waiting,
                guint       n_interrupted)
{
  g_assert (ESHI_IS_WINDOW (self));

  offer_to_continue (self, n_waiting, n_interrupted);
}

static void
continue_queue_action (GSimpleAction *action,
                       GVariant      *parameter,
                       gpointer       user_data)
{
  eshi_queue_set_paused (queue_of (ESHI_WINDOW (user_data)), FALSE);
}

static void
resume_action (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  g_autoptr(EshiJob) job = g_steal_pointer (&self->interrupted);

  if (job == NULL)
    return;
  self->following = TRUE;
  eshi_queue_resume (queue_of (self), job);
}

static void
resume_picture_action (GSimpleAction *action,
                       GVariant      *parameter,
                       gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);

  if (picture != NULL)
    _eshi_window_resume_picture (self, eshi_picture_get_settings (picture), eshi_picture_get_id (picture));
}

static const GActionEntry entries[] = {
  { "continue-queue", continue_queue_action },
  { "resume-picture", resume_picture_action },
  { "resume", resume_action },
};

void
_eshi_window_resume_picture (EshiWindow         *self,
                             const EshiSettings *settings,
                             gint64              id)
{
  self->following = TRUE;
  eshi_session_resume_picture (self->session, settings, id);
}

/* --- what happens now -------------------------------------------------------------------------------------------- */

void
_eshi_window_show_interrupted (EshiWindow *self)
{
  EshiJob *job = eshi_queue_get_current (queue_of (self));

  if (job == NULL)
    return;
  g_set_object (&self->interrupted, job);
  if (self->following && eshi_job_get_preview (job) != NULL)
    adw_window_title_set_subtitle (self->title, _("Interrupted"));
  offer (self, _("Interrupted"), _("Resume"), "win.resume", RESUME_SECONDS);
}

void
_eshi_window_tell_place (EshiWindow *self,
                         guint       place)
{
  g_autofree char *text = NULL;

  if (eshi_queue_get_paused (queue_of (self)))
    {
      offer (self, _("Added to the queue, which is paused"), _("Continue"), "win.continue-queue", RESUME_SECONDS);
      return;
    }
  if (place <= 1)
    return;
  /* Translators: %u is the place in the queue */
  text = g_strdup_printf (_("Added to the queue (place %u)"), place);
  _eshi_window_toast (self, text);
}

static void
on_queue_changed_cb (EshiWindow *self)
{
  EshiQueue *queue = queue_of (self);
  guint n_interrupted = eshi_queue_count (queue, ESHI_JOB_INTERRUPTED);

  g_assert (ESHI_IS_WINDOW (self));

  eshi_views_set_badge (self->views, "queue",
                        eshi_queue_count (queue, ESHI_JOB_WAITING) + eshi_queue_count (queue, ESHI_JOB_RUNNING),
                        n_interrupted > 0);
  if (!eshi_queue_get_paused (queue) && self->queue_toast != NULL)
    eshi_toasts_dismiss (self->toasts, self->queue_toast);
}

static void
on_queue_failed_cb (EshiWindow   *self,
                    const GError *error)
{
  g_autofree char *text = NULL;

  g_assert (ESHI_IS_WINDOW (self));

  /* Translators: %s is a sentence that says why the queue could not be written to the disk */
  text = g_strdup_printf (_("What is not finished is lost when the program ends. %s"), error->message);
  eshi_notice_bar_set (self->notices, ESHI_NOTICE_QUEUE, text, NULL, NULL);
}

/* "12/25 猫 油絵", for those who see only the list of windows. */
static void
update_title (EshiWindow *self)
{
  const EshiSettings *settings = eshi_session_get_settings (self->session);
  const EshiProgress *progress = eshi_session_get_progress (self->session);
  g_autofree char *title = NULL;

  g_assert (ESHI_IS_WINDOW (self));

  if (settings != NULL && progress->n_steps > 0)
    title = g_strdup_printf ("%d/%d %s", progress->step, progress->n_steps, settings->prompt);
  gtk_window_set_title (GTK_WINDOW (self), title != NULL ? title : _("Eshi"));
}

/* --- for those who look elsewhere -------------------------------------------------------------------------------- */

static void
on_saved_cb (EshiWindow  *self,
             EshiPicture *picture)
{
  g_autoptr(GFile) file = g_file_new_for_path (eshi_picture_get_path (picture));
  g_autoptr(GIcon) icon = g_file_icon_new (file);

  g_assert (ESHI_IS_WINDOW (self));

  eshi_notify (GTK_WINDOW (self), NOTIFICATION, ESHI_OPTION_NOTIFY_PICTURES, _("The picture is finished"),
               eshi_picture_get_title (picture), icon);
}

static void
on_active_cb (EshiWindow *self)
{
  if (gtk_window_is_active (GTK_WINDOW (self)))
    eshi_notify_withdraw (GTK_WINDOW (self), NOTIFICATION);
}

void
_eshi_window_follow_queue (EshiWindow *self)
{
  EshiQueue *queue = queue_of (self);

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  g_signal_connect_object (queue, "restored", G_CALLBACK (on_restored_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (queue, "changed", G_CALLBACK (on_queue_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (queue, "failed", G_CALLBACK (on_queue_failed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "saved", G_CALLBACK (on_saved_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "progress", G_CALLBACK (update_title), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "notify::busy", G_CALLBACK (update_title), self, G_CONNECT_SWAPPED);
  g_signal_connect (self, "notify::is-active", G_CALLBACK (on_active_cb), NULL);
  on_queue_changed_cb (self);
  /* They were read before there was a window. */
  if (eshi_queue_get_loaded (queue) && eshi_queue_get_paused (queue))
    offer_to_continue (self, eshi_queue_count (queue, ESHI_JOB_WAITING), eshi_queue_count (queue, ESHI_JOB_INTERRUPTED));
}
