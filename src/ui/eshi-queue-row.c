/* eshi-queue-row.c: one job of the queue: what it is, how far it is, and what can be done with it.
 *
 * Moves its own job; taking it away is left to the list, which can offer to undo it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-queue-row.h"

#include "eshi-picture.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define THUMBNAIL_SIZE 56

struct _EshiQueueRow
{
  GtkListBoxRow parent_instance;

  /* Template Widgets */
  GtkWidget *handle;
  GtkImage *thumbnail;
  GtkLabel *title;
  GtkLabel *summary;
  GtkLabel *state;
  GtkProgressBar *bar;
  GtkWidget *resume;
  GtkWidget *first;
  GtkWidget *cancel;
  GtkWidget *discard;

  /* Owned References */
  EshiQueue *queue;
  EshiJob *job;
};

enum
{
  REMOVE,
  STEP,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiQueueRow, eshi_queue_row, GTK_TYPE_LIST_BOX_ROW)

/* --- what it shows ----------------------------------------------------------------------------------------------- */

static char *
dup_interrupted_text (EshiQueueRow *self)
{
  const EshiProgress *progress = eshi_job_get_progress (self->job);

  if (progress->step == 0 && progress->index == 0)
    return g_strdup (_("Interrupted"));
  if (progress->n_steps == 0)
    /* Translators: %d is how many steps were done */
    return g_strdup_printf (_("Interrupted after step %d"), progress->step);
  /* Translators: steps that were done of how many */
  return g_strdup_printf (_("Interrupted at %d/%d"), progress->step, progress->n_steps);
}

static char *
dup_state_text (EshiQueueRow *self)
{
  const EshiProgress *progress = eshi_job_get_progress (self->job);

  switch (eshi_job_get_state (self->job))
    {
    case ESHI_JOB_RUNNING:
      return eshi_progress_dup_text (progress, progress->seconds_left < 0 ? -1 : (int) ceil (progress->seconds_left));
    case ESHI_JOB_INTERRUPTED:
      return dup_interrupted_text (self);
    case ESHI_JOB_WAITING:
    default:
      return g_strdup (_("Waiting"));
    }
}

static double
fraction_of (const EshiProgress *progress)
{
  if (progress->fraction > 0.0 || progress->n_steps == 0)
    return progress->fraction;
  return (progress->index + (double) progress->step / progress->n_steps) / MAX (progress->n_images, 1);
}

static void
show_thumbnail (EshiQueueRow *self)
{
  GdkTexture *preview = eshi_job_get_preview (self->job);
  EshiImage *image = eshi_job_get_settings (self->job)->image;
  g_autoptr(GdkTexture) texture = NULL;

  if (preview != NULL)
    texture = g_object_ref (preview);
  else if (image != NULL && gtk_image_get_paintable (self->thumbnail) == NULL)
    texture = eshi_picture_make_texture (image);
  if (texture == NULL)
    return;
  gtk_image_set_from_paintable (self->thumbnail, GDK_PAINTABLE (texture));
  gtk_image_set_pixel_size (self->thumbnail, THUMBNAIL_SIZE);
}

static void
on_changed_cb (EshiQueueRow *self)
{
  EshiJobState state = eshi_job_get_state (self->job);
  g_autofree char *text = dup_state_text (self);
  g_autofree char *name = g_strdup_printf ("%s, %s", eshi_job_get_title (self->job), text);

  g_assert (ESHI_IS_QUEUE_ROW (self));

  show_thumbnail (self);
  gtk_label_set_text (self->state, text);
  gtk_progress_bar_set_fraction (self->bar, CLAMP (fraction_of (eshi_job_get_progress (self->job)), 0.0, 1.0));
  gtk_widget_set_visible (GTK_WIDGET (self->bar), state != ESHI_JOB_WAITING);
  gtk_widget_set_opacity (self->handle, state == ESHI_JOB_WAITING ? 1.0 : 0.0);
  gtk_widget_set_can_target (self->handle, state == ESHI_JOB_WAITING);
  gtk_widget_set_visible (self->resume, state == ESHI_JOB_INTERRUPTED);
  gtk_widget_set_visible (self->first, state == ESHI_JOB_WAITING);
  gtk_widget_set_visible (self->cancel, state == ESHI_JOB_RUNNING);
  gtk_widget_set_visible (self->discard, state != ESHI_JOB_RUNNING);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

/* --- what can be done -------------------------------------------------------------------------------------------- */

static void
on_resume_cb (EshiQueueRow *self)
{
  g_assert (ESHI_IS_QUEUE_ROW (self));

  eshi_queue_resume (self->queue, self->job);
}

static void
on_first_cb (EshiQueueRow *self)
{
  g_assert (ESHI_IS_QUEUE_ROW (self));

  eshi_queue_move_first (self->queue, self->job);
}

static void
on_discard_cb (EshiQueueRow *self)
{
  g_assert (ESHI_IS_QUEUE_ROW (self));

  g_signal_emit (self, signals[REMOVE], 0);
}

static gboolean
step_key_cb (GtkWidget *widget,
             GVariant  *args,
             gpointer   user_data)
{
  EshiQueueRow *self = ESHI_QUEUE_ROW (widget);

  g_signal_emit (self, signals[STEP], 0, g_variant_get_int32 (args));
  return GDK_EVENT_STOP;
}

static gboolean
delete_key_cb (GtkWidget *widget,
               GVariant  *args,
               gpointer   user_data)
{
  EshiQueueRow *self = ESHI_QUEUE_ROW (widget);

  if (eshi_job_get_state (self->job) == ESHI_JOB_RUNNING)
    return GDK_EVENT_PROPAGATE;
  on_discard_cb (self);
  return GDK_EVENT_STOP;
}

/* --- dragging ---------------------------------------------------------------------------------------------------- */

static GdkContentProvider *
on_drag_prepare_cb (EshiQueueRow  *self,
                    double         x,
                    double         y,
                    GtkDragSource *source)
{
  g_autoptr(GdkPaintable) icon = NULL;

  g_assert (ESHI_IS_QUEUE_ROW (self));

  if (eshi_job_get_state (self->job) != ESHI_JOB_WAITING)
    return NULL;
  icon = gtk_widget_paintable_new (GTK_WIDGET (self));
  gtk_drag_source_set_icon (source, icon, (int) x, (int) y);
  return gdk_content_provider_new_typed (ESHI_TYPE_JOB, self->job);
}

static void
mark_drop (EshiQueueRow *self,
           const char   *css_class)
{
  gtk_widget_remove_css_class (GTK_WIDGET (self), "eshi-drop-above");
  gtk_widget_remove_css_class (GTK_WIDGET (self), "eshi-drop-below");
  if (css_class != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self), css_class);
}

static gboolean
is_below (EshiQueueRow *self,
          double        y)
{
  return eshi_job_get_state (self->job) != ESHI_JOB_WAITING || y > gtk_widget_get_height (GTK_WIDGET (self)) / 2.0;
}

static GdkDragAction
on_drop_motion_cb (EshiQueueRow *self,
                   double        x,
                   double        y)
{
  g_assert (ESHI_IS_QUEUE_ROW (self));

  mark_drop (self, is_below (self, y) ? "eshi-drop-below" : "eshi-drop-above");
  return GDK_ACTION_COPY;
}

static void
on_drop_leave_cb (EshiQueueRow *self)
{
  g_assert (ESHI_IS_QUEUE_ROW (self));

  mark_drop (self, NULL);
}

static gboolean
on_drop_cb (EshiQueueRow *self,
            const GValue *value,
            double        x,
            double        y)
{
  EshiJob *dropped = g_value_get_object (value);
  g_autoptr(EshiJob) before = NULL;

  g_assert (ESHI_IS_QUEUE_ROW (self));

  mark_drop (self, NULL);
  if (dropped == NULL || dropped == self->job)
    return FALSE;
  if (is_below (self, y))
    before = g_list_model_get_item (eshi_queue_get_jobs (self->queue),
                                    (guint) gtk_list_box_row_get_index (GTK_LIST_BOX_ROW (self)) + 1);
  else
    before = g_object_ref (self->job);
  eshi_queue_move (self->queue, dropped, before);
  return TRUE;
}

static void
add_dragging (EshiQueueRow *self)
{
  GtkDragSource *source = gtk_drag_source_new ();
  GtkDropTarget *target = gtk_drop_target_new (ESHI_TYPE_JOB, GDK_ACTION_COPY);

  g_signal_connect_object (source, "prepare", G_CALLBACK (on_drag_prepare_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (self->handle, GTK_EVENT_CONTROLLER (source));
  g_signal_connect_object (target, "motion", G_CALLBACK (on_drop_motion_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (target, "leave", G_CALLBACK (on_drop_leave_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (target, "drop", G_CALLBACK (on_drop_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_queue_row_dispose (GObject *object)
{
  EshiQueueRow *self = ESHI_QUEUE_ROW (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_QUEUE_ROW);
  g_clear_object (&self->queue);
  g_clear_object (&self->job);
  G_OBJECT_CLASS (eshi_queue_row_parent_class)->dispose (object);
}

static void
eshi_queue_row_class_init (EshiQueueRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_queue_row_dispose;
  signals[STEP] =
    g_signal_new ("step", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[REMOVE] =
    g_signal_new ("remove", ESHI_TYPE_QUEUE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_add_binding (widget_class, GDK_KEY_Up, GDK_ALT_MASK, step_key_cb, "i", -1);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Down, GDK_ALT_MASK, step_key_cb, "i", 1);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Delete, 0, delete_key_cb, NULL);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-queue-row.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, handle);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, thumbnail);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, title);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, summary);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, state);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, bar);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, resume);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, first);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, cancel);
  gtk_widget_class_bind_template_child (widget_class, EshiQueueRow, discard);
  gtk_widget_class_bind_template_callback (widget_class, on_resume_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_first_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_discard_cb);
}

static void
eshi_queue_row_init (EshiQueueRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_dragging (self);
}

GtkWidget *
eshi_queue_row_new (EshiQueue *queue,
                    EshiJob   *job)
{
  EshiQueueRow *self;
  g_autofree char *summary = NULL;

  g_return_val_if_fail (ESHI_IS_QUEUE (queue), NULL);
  g_return_val_if_fail (ESHI_IS_JOB (job), NULL);

  self = g_object_new (ESHI_TYPE_QUEUE_ROW, NULL);
  self->queue = g_object_ref (queue);
  self->job = g_object_ref (job);
  summary = eshi_job_dup_summary (job);
  gtk_label_set_text (self->title, eshi_job_get_title (job));
  gtk_label_set_text (self->summary, summary);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->title), eshi_job_get_title (job));
  g_signal_connect_object (job, "changed", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
  on_changed_cb (self);
  return GTK_WIDGET (self);
}

EshiJob *
eshi_queue_row_get_job (EshiQueueRow *self)
{
  g_return_val_if_fail (ESHI_IS_QUEUE_ROW (self), NULL);

  return self->job;
}
