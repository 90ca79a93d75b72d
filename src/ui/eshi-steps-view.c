/* eshi-steps-view.c: 工程: how a picture came about, to be scrubbed through and exported.
 *
 * Follows the newest step while the steps are painted, until the slider is moved. Writes no file itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-steps-view.h"

#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

#define FRAME_MS 160

struct _EshiStepsView
{
  AdwBin parent_instance;

  /* Template Widgets */
  GtkLabel *prompt;
  GtkLabel *status;
  GtkLabel *place;
  GtkButton *pause;
  GtkButton *play;
  GtkPicture *picture;
  GtkScale *scale;
  GtkAdjustment *step;

  /* Owned References */
  EshiSteps *steps;
  EshiPicture *whose;       /* NULL before the first */

  EshiImage *shown;         /* borrowed, to be compared only */
  guint play_source;
  guint following : 1;      /* the newest step is shown */
  guint moving : 1;         /* the slider is being moved by us */
};

enum
{
  EXPORT,
  BRANCH,
  CLOSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiStepsView, eshi_steps_view, ADW_TYPE_BIN)

/* --- showing ----------------------------------------------------------------------------------------------------- */

static int
get_step (EshiStepsView *self)
{
  return (int) gtk_adjustment_get_value (self->step);
}

static void
show_image (EshiStepsView *self)
{
  EshiImage *image = eshi_steps_get_image (self->steps, get_step (self));
  g_autoptr(GdkTexture) texture = NULL;

  if (image == self->shown)
    return;
  self->shown = image;
  if (image != NULL)
    texture = eshi_picture_make_texture (image);
  gtk_picture_set_paintable (self->picture, GDK_PAINTABLE (texture));
}

static void
move_to (EshiStepsView *self,
         int            step)
{
  self->moving = TRUE;
  gtk_adjustment_set_value (self->step, step);
  self->moving = FALSE;
}

static void
set_button (GtkButton  *button,
            gboolean    active,
            const char *words)
{
  gtk_button_set_icon_name (button, active ? "media-playback-pause-symbolic" : "media-playback-start-symbolic");
  gtk_widget_set_tooltip_text (GTK_WIDGET (button), words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
}

static void
update_place (EshiStepsView *self)
{
  g_autofree char *place = g_strdup_printf ("%d/%d", get_step (self), eshi_steps_get_n_steps (self->steps));

  gtk_label_set_text (self->place, place);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "steps.branch",
                                 get_step (self) < eshi_steps_get_n_steps (self->steps));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->picture), GTK_ACCESSIBLE_PROPERTY_LABEL, place, -1);
}

static void
update (EshiStepsView *self)
{
  int n_done = eshi_steps_get_n_done (self->steps);
  int n_steps = eshi_steps_get_n_steps (self->steps);
  gboolean running = eshi_steps_get_running (self->steps);
  gboolean whole = n_steps > 0 && n_done == n_steps;
  /* Translators: steps that were painted again, and all of them */
  g_autofree char *text = g_strdup_printf (_("Painting the steps again: %d/%d"), n_done, n_steps);

  gtk_range_set_fill_level (GTK_RANGE (self->scale), MAX (n_done, 1));
  gtk_range_set_restrict_to_fill_level (GTK_RANGE (self->scale), !whole);
  gtk_label_set_text (self->status, whole ? "" : text);
  set_button (self->pause, running, running ? _("Pause") : _("Go On"));
  gtk_widget_set_visible (GTK_WIDGET (self->pause), !whole);
  set_button (self->play, self->play_source != 0, self->play_source != 0 ? _("Stop Playing (Space)") : _("Play (Space)"));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "steps.play", n_done > 1);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "steps.export", whole);
  update_place (self);
  show_image (self);
}

static void
on_changed_cb (EshiStepsView *self)
{
  int n_done = eshi_steps_get_n_done (self->steps);

  g_assert (ESHI_IS_STEPS_VIEW (self));

  gtk_adjustment_set_upper (self->step, MAX (eshi_steps_get_n_steps (self->steps), 2));
  if (self->following)
    {
      gtk_range_set_fill_level (GTK_RANGE (self->scale), MAX (n_done, 1));
      move_to (self, MAX (n_done, 1));
    }
  update (self);
  eshi_test_log ("STEPS %d/%d", n_done, eshi_steps_get_n_steps (self->steps));
}

static void
on_step_cb (EshiStepsView *self)
{
  g_assert (ESHI_IS_STEPS_VIEW (self));

  if (self->steps == NULL)
    return;
  if (!self->moving)
    self->following = FALSE;
  update_place (self);
  show_image (self);
}

/* --- playing ----------------------------------------------------------------------------------------------------- */

static void
stop_playing (EshiStepsView *self)
{
  g_clear_handle_id (&self->play_source, g_source_remove);
  update (self);
}

static gboolean
on_frame_cb (gpointer user_data)
{
  EshiStepsView *self = ESHI_STEPS_VIEW (user_data);

  if (get_step (self) < eshi_steps_get_n_done (self->steps))
    {
      move_to (self, get_step (self) + 1);
      return G_SOURCE_CONTINUE;
    }
  self->play_source = 0;
  update (self);
  return G_SOURCE_REMOVE;
}

static void
play_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  EshiStepsView *self = ESHI_STEPS_VIEW (widget);

  self->following = FALSE;
  if (self->play_source != 0)
    {
      stop_playing (self);
      return;
    }
  if (get_step (self) >= eshi_steps_get_n_done (self->steps))
    move_to (self, 1);
  self->play_source = g_timeout_add (FRAME_MS, on_frame_cb, self);
  update (self);
}

/* --- the other actions ------------------------------------------------------------------------------------------- */

static void
pause_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  EshiStepsView *self = ESHI_STEPS_VIEW (widget);

  if (eshi_steps_get_running (self->steps))
    eshi_steps_stop (self->steps);
  else
    eshi_steps_go_on (self->steps);
}

static void
export_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  g_signal_emit (widget, signals[EXPORT], 0);
}

static void
branch_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  g_signal_emit (widget, signals[BRANCH], 0, get_step (ESHI_STEPS_VIEW (widget)));
}

static void
close_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  EshiStepsView *self = ESHI_STEPS_VIEW (widget);

  stop_playing (self);
  if (eshi_steps_get_running (self->steps))
    eshi_steps_stop (self->steps);
  g_signal_emit (self, signals[CLOSED], 0);
}

/* --- the widget -------------------------------------------------------------------------------------------------- */

static void
eshi_steps_view_dispose (GObject *object)
{
  EshiStepsView *self = ESHI_STEPS_VIEW (object);

  g_clear_handle_id (&self->play_source, g_source_remove);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_STEPS_VIEW);
  g_clear_object (&self->steps);
  g_clear_object (&self->whose);
  G_OBJECT_CLASS (eshi_steps_view_parent_class)->dispose (object);
}

static void
add_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "steps.play", NULL, play_action);
  gtk_widget_class_install_action (widget_class, "steps.pause", NULL, pause_action);
  gtk_widget_class_install_action (widget_class, "steps.export", NULL, export_action);
  gtk_widget_class_install_action (widget_class, "steps.branch", NULL, branch_action);
  gtk_widget_class_install_action (widget_class, "steps.close", NULL, close_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_space, 0, "steps.play", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "steps.close", NULL);
}

static void
eshi_steps_view_class_init (EshiStepsViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_steps_view_dispose;
  signals[EXPORT] = g_signal_new ("export", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
  signals[BRANCH] = g_signal_new ("branch", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_INT);
  signals[CLOSED] = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
  add_actions (widget_class);

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-steps-view.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiStepsView, prompt);
  gtk_widget_class_bind_template_child (widget_class, EshiStepsView, status);
  gtk_widget_class_bind_template_child (widget_class, EshiStepsView, place);
  gtk_widget_class_bind_template_child (widget_class, EshiStepsView, pause);
  gtk_widget_class_bind_template_child (widget_class, EshiStepsView, play);
  gtk_widget_class_bind_template_child (widget_class, EshiStepsView, picture);
  gtk_widget_class_bind_template_child (widget_class, EshiStepsView, scale);
  gtk_widget_class_bind_template_child (widget_class, EshiStepsView, step);
  gtk_widget_class_bind_template_callback (widget_class, on_step_cb);
}

static void
eshi_steps_view_init (EshiStepsView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
eshi_steps_view_new (void)
{
  return g_object_new (ESHI_TYPE_STEPS_VIEW, NULL);
}

void
eshi_steps_view_set_steps (EshiStepsView *self,
                           EshiSteps     *steps)
{
  g_return_if_fail (ESHI_IS_STEPS_VIEW (self));
  g_return_if_fail (ESHI_IS_STEPS (steps));
  g_return_if_fail (self->steps == NULL);

  self->steps = g_object_ref (steps);
  g_signal_connect_object (steps, "changed", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
  update (self);
}

EshiSteps *
eshi_steps_view_get_steps (EshiStepsView *self)
{
  g_return_val_if_fail (ESHI_IS_STEPS_VIEW (self), NULL);

  return self->steps;
}

void
eshi_steps_view_show (EshiStepsView *self,
                      EshiPicture   *picture)
{
  g_return_if_fail (ESHI_IS_STEPS_VIEW (self));
  g_return_if_fail (ESHI_IS_PICTURE (picture));

  g_set_object (&self->whose, picture);
  gtk_label_set_text (self->prompt, eshi_picture_get_title (picture));
  if (eshi_steps_shows (self->steps, eshi_picture_get_image (picture)))
    {
      eshi_steps_go_on (self->steps);
    }
  else
    {
      self->following = TRUE;
      self->shown = NULL;
      eshi_steps_start (self->steps, eshi_picture_get_settings (picture), eshi_picture_get_image (picture));
    }
  gtk_widget_grab_focus (GTK_WIDGET (self->scale));
}

EshiPicture *
eshi_steps_view_get_picture (EshiStepsView *self)
{
  g_return_val_if_fail (ESHI_IS_STEPS_VIEW (self), NULL);

  return self->whose;
}

GPtrArray *
eshi_steps_view_get_images (EshiStepsView *self)
{
  GPtrArray *images;

  g_return_val_if_fail (ESHI_IS_STEPS_VIEW (self), NULL);

  images = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_image_unref);
  for (int step = 1; step <= eshi_steps_get_n_done (self->steps); step++)
    g_ptr_array_add (images, eshi_image_ref (eshi_steps_get_image (self->steps, step)));
  return images;
}
