/* eshi-queue-view.c: the list of what is painted, waits or was interrupted.
 *
 * Shows what EshiQueue says and asks it for everything; keeps nothing itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-queue-view.h"

#include "eshi-queue-row.h"
#include "eshi-test-log.h"
#include "eshi-toasts.h"

#include <glib/gi18n-lib.h>

#define UNDO_SECONDS 10

struct _EshiQueueView
{
  AdwBin parent_instance;

  /* Template Widgets */
  AdwToastOverlay *toasts;
  GtkStack *stack;
  GtkLabel *heading;
  GtkRevealer *banner;
  GtkWidget *pause;
  GtkListBox *list;

  /* Borrowed References */
  AdwToast *undo_toast;     /* weak */

  /* Owned References */
  EshiQueue *queue;
  EshiJob *focused;         /* keeps the keyboard when its row is made anew */

  guint focus_source;
};

G_DEFINE_FINAL_TYPE (EshiQueueView, eshi_queue_view, ADW_TYPE_BIN)

static void
set_enabled (EshiQueueView *self,
             const char    *name,
             gboolean       enabled)
{
  gtk_widget_action_set_enabled (GTK_WIDGET (self), name, enabled);
}

static char *
dup_heading (EshiQueueView *self)
{
  guint n = eshi_queue_count (self->queue, ESHI_JOB_WAITING);

  if (n == 0)
    return g_strdup (_("Nothing waits"));
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u picture waits", "%u pictures wait", n), n);
}

static void
on_changed_cb (EshiQueueView *self)
{
  guint n_jobs = g_list_model_get_n_items (eshi_queue_get_jobs (self->queue));
  guint n_waiting = eshi_queue_count (self->queue, ESHI_JOB_WAITING);
  gboolean paused = eshi_queue_get_paused (self->queue);
  g_autofree char *heading = dup_heading (self);

  g_assert (ESHI_IS_QUEUE_VIEW (self));

  gtk_label_set_text (self->heading, heading);
  gtk_stack_set_visible_child_name (self->stack, n_jobs > 0 ? "list" : "empty");
  gtk_revealer_set_reveal_child (self->banner, paused);
  gtk_widget_set_visible (self->pause, !paused);
  set_enabled (self, "queue.pause", !paused && n_jobs > 0);
  set_enabled (self, "queue.continue", paused);
  set_enabled (self, "queue.clear", n_waiting + eshi_queue_count (self->queue, ESHI_JOB_INTERRUPTED) > 0);
}

/* --- taking away, and undoing it --------------------------------------------------------------------------------- */

static void
on_undo_dismissed_cb (EshiQueueView *self,
                      AdwToast      *toast)
{
  g_assert (ESHI_IS_QUEUE_VIEW (self));

  /* A later toast has taken its place: what this one was about is gone already. */
  if (toast != self->undo_toast)
    return;
  g_clear_weak_pointer (&self->undo_toast);
  if (self->queue != NULL)
    eshi_queue_forget_removed (self->queue);
  set_enabled (self, "queue.undo", FALSE);
}

static void
offer_undo (EshiQueueView *self,
            guint          n_removed)
{
  g_autofree char *text = NULL;
  AdwToast *toast = NULL;

  if (n_removed == 0)
    return;
  text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u picture taken off the queue",
                                       "%u pictures taken off the queue", n_removed),
                          n_removed);
  toast = adw_toast_new (text);
  adw_toast_set_button_label (toast, _("Undo"));
  adw_toast_set_action_name (toast, "queue.undo");
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  adw_toast_set_timeout (toast, UNDO_SECONDS);
  g_set_weak_pointer (&self->undo_toast, toast);
  g_signal_connect_object (toast, "dismissed", G_CALLBACK (on_undo_dismissed_cb), self, G_CONNECT_SWAPPED);
  set_enabled (self, "queue.undo", TRUE);
  eshi_toasts_add (self->toasts, toast);
  eshi_test_log ("TOAST %s", text);
}

static void
on_remove_cb (EshiQueueView *self,
              EshiQueueRow  *row)
{
  g_assert (ESHI_IS_QUEUE_VIEW (self));

  eshi_queue_remove (self->queue, eshi_queue_row_get_job (row));
  offer_undo (self, 1);
}

static void
clear_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  EshiQueueView *self = ESHI_QUEUE_VIEW (widget);

  offer_undo (self, eshi_queue_clear (self->queue));
}

static void
undo_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  EshiQueueView *self = ESHI_QUEUE_VIEW (widget);

  eshi_queue_undo_remove (self->queue);
  if (self->undo_toast != NULL)
    eshi_toasts_dismiss (self->toasts, self->undo_toast);
  set_enabled (self, "queue.undo", FALSE);
}

/* --- pausing ----------------------------------------------------------------------------------------------------- */

static void
pause_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  eshi_queue_set_paused (ESHI_QUEUE_VIEW (widget)->queue, TRUE);
}

static void
continue_action (GtkWidget  *widget,
                 const char *name,
                 GVariant   *parameter)
{
  eshi_queue_set_paused (ESHI_QUEUE_VIEW (widget)->queue, FALSE);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static EshiQueueRow *
find_row (EshiQueueView *self,
          EshiJob       *job)
{
  GtkListBoxRow *row = NULL;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->list, i)) != NULL; i++)
    {
      if (eshi_queue_row_get_job (ESHI_QUEUE_ROW (row)) == job)
        return ESHI_QUEUE_ROW (row);
    }
  return NULL;
}

static gboolean
on_focus_again_cb (gpointer user_data)
{
  EshiQueueView *self = ESHI_QUEUE_VIEW (user_data);
  g_autoptr(EshiJob) job = g_steal_pointer (&self->focused);
  EshiQueueRow *row = find_row (self, job);

  self->focus_source = 0;
  if (row != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (row));
  return G_SOURCE_REMOVE;
}

/* A job that is dragged gets another row, which must not cost it the keyboard. */
static void
on_row_gone_cb (EshiQueueView *self,
                GtkWidget     *row)
{
  g_assert (ESHI_IS_QUEUE_VIEW (self));

  if (self->focus_source != 0 || gtk_widget_get_focus_child (GTK_WIDGET (self->list)) != row)
    return;
  g_set_object (&self->focused, eshi_queue_row_get_job (ESHI_QUEUE_ROW (row)));
  self->focus_source = g_idle_add (on_focus_again_cb, self);
}

/* The keyboard goes along with the job at once, so that the next key is for it too. */
static void
on_step_cb (EshiQueueView *self,
            int            n_places,
            EshiQueueRow  *row)
{
  g_autoptr(EshiJob) job = g_object_ref (eshi_queue_row_get_job (row));
  EshiQueueRow *moved;

  g_assert (ESHI_IS_QUEUE_VIEW (self));

  eshi_queue_step (self->queue, job, n_places);
  moved = find_row (self, job);
  if (moved != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (moved));
}

static GtkWidget *
create_row_cb (gpointer item,
               gpointer user_data)
{
  EshiQueueView *self = ESHI_QUEUE_VIEW (user_data);
  GtkWidget *row = eshi_queue_row_new (self->queue, item);

  g_signal_connect_object (row, "remove", G_CALLBACK (on_remove_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "step", G_CALLBACK (on_step_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "unrealize", G_CALLBACK (on_row_gone_cb), self, G_CONNECT_SWAPPED);
  return row;
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_queue_view_dispose (GObject *object)
{
  EshiQueueView *self = ESHI_QUEUE_VIEW (object);

  g_clear_handle_id (&self->focus_source, g_source_remove);
  g_clear_weak_pointer (&self->undo_toast);
  g_clear_object (&self->queue);
  g_clear_object (&self->focused);
  G_OBJECT_CLASS (eshi_queue_view_parent_class)->dispose (object);
}

static void
eshi_queue_view_class_init (EshiQueueViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_queue_view_dispose;
  gtk_widget_class_install_action (widget_class, "queue.pause", NULL, pause_action);
  gtk_widget_class_install_action (widget_class, "queue.continue", NULL, continue_action);
  gtk_widget_class_install_action (widget_class, "queue.clear", NULL, clear_action);
  gtk_widget_class_install_action (widget_class, "queue.undo", NULL, undo_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "queue.undo", NULL);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-queue-view.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiQueueView, toasts);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueView, stack);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueView, heading);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueView, banner);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueView, pause);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueView, list);
}

static void
eshi_queue_view_init (EshiQueueView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  set_enabled (self, "queue.undo", FALSE);
}

GtkWidget *
eshi_queue_view_new (void)
{
  return g_object_new (ESHI_TYPE_QUEUE_VIEW, NULL);
}

void
eshi_queue_view_set_queue (EshiQueueView *self,
                           EshiQueue     *queue)
{
  g_return_if_fail (ESHI_IS_QUEUE_VIEW (self));
  g_return_if_fail (ESHI_IS_QUEUE (queue));
  g_return_if_fail (self->queue == NULL);

  self->queue = g_object_ref (queue);
  gtk_list_box_bind_model (self->list, eshi_queue_get_jobs (queue), create_row_cb, self, NULL);
  g_signal_connect_object (queue, "changed", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
  on_changed_cb (self);
}

void
eshi_queue_view_focus (EshiQueueView *self)
{
  GtkListBoxRow *row;

  g_return_if_fail (ESHI_IS_QUEUE_VIEW (self));

  row = gtk_list_box_get_row_at_index (self->list, 0);
  if (row != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (row));
  else
    gtk_widget_child_focus (GTK_WIDGET (self), GTK_DIR_TAB_FORWARD);
}
