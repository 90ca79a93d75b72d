/* eshi-progress-row.c: how far the picture is, how long it takes, and a button to stop it.
 *
 * The seconds shown fall steadily: an estimate that wavers upwards by less than a quarter is not shown.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-progress-row.h"

#include <glib/gi18n-lib.h>
#include <math.h>

struct _EshiProgressRow
{
  AdwBin parent_instance;

  /* Template Widgets */
  GtkLabel *label;
  GtkLabel *waiting;
  GtkProgressBar *bar;
  GtkButton *cancel;

  int seconds_shown;  /* −1 while unknown */
};

G_DEFINE_FINAL_TYPE (EshiProgressRow, eshi_progress_row, ADW_TYPE_BIN)

static void
eshi_progress_row_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_PROGRESS_ROW);
  G_OBJECT_CLASS (eshi_progress_row_parent_class)->dispose (object);
}

static void
eshi_progress_row_class_init (EshiProgressRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_progress_row_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-progress-row.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiProgressRow, label);
  gtk_widget_class_bind_template_child (widget_class, EshiProgressRow, waiting);
  gtk_widget_class_bind_template_child (widget_class, EshiProgressRow, bar);
  gtk_widget_class_bind_template_child (widget_class, EshiProgressRow, cancel);
}

static void
eshi_progress_row_init (EshiProgressRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  eshi_progress_row_reset (self);
}

GtkWidget *
eshi_progress_row_new (void)
{
  return g_object_new (ESHI_TYPE_PROGRESS_ROW, NULL);
}

static void
steady_seconds (EshiProgressRow *self,
                double           seconds_left)
{
  int seconds = seconds_left < 0 ? -1 : (int) ceil (seconds_left);

  if (seconds >= 0 && self->seconds_shown >= 0 && seconds > self->seconds_shown &&
      seconds_left < 1.25 * self->seconds_shown + 1.0)
    return;
  self->seconds_shown = seconds;
}

static char *
dup_seconds_text (int seconds)
{
  if (seconds < 100)
    /* Translators: time left until the picture is done */
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d second left", "%d seconds left", (gulong) seconds),
                            seconds);
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d minute left", "%d minutes left",
                                       (gulong) (seconds + 59) / 60),
                          (seconds + 59) / 60);
}

static char *
dup_painting_text (const EshiProgress *progress,
                   int                 seconds)
{
  g_autofree char *left = NULL;
  g_autofree char *steps = g_strdup_printf ("%d/%d", progress->step, progress->n_steps);
  g_autofree char *all = NULL;

  if (progress->n_images > 1)
    /* Translators: which picture of how many, then steps of how many: "picture 2 of 4 · 12/25" */
    all = g_strdup_printf (_("picture %d of %d · %s"), progress->index + 1, progress->n_images, steps);
  else
    all = g_steal_pointer (&steps);
  if (seconds < 0)
    return g_steal_pointer (&all);
  left = dup_seconds_text (seconds);
  return g_strdup_printf ("%s · %s", all, left);
}

char *
eshi_progress_dup_text (const EshiProgress *progress,
                        int                 seconds)
{
  g_return_val_if_fail (progress != NULL, NULL);

  switch (progress->stage)
    {
    case ESHI_STAGE_LOADING:
      return g_strdup_printf (_("Loading the model, %d %%"), (int) (100 * CLAMP (progress->fraction, 0, 1)));
    case ESHI_STAGE_READING:
      return g_strdup (_("Reading the words"));
    case ESHI_STAGE_FINISHING:
      return g_strdup (_("Finishing the picture"));
    case ESHI_STAGE_PAINTING:
    default:
      return dup_painting_text (progress, seconds);
    }
}

void
eshi_progress_row_reset (EshiProgressRow *self)
{
  g_return_if_fail (ESHI_IS_PROGRESS_ROW (self));

  self->seconds_shown = -1;
  gtk_label_set_text (self->label, _("Getting ready"));
  gtk_label_set_text (self->waiting, "");
  gtk_progress_bar_set_fraction (self->bar, 0.0);
  gtk_widget_set_sensitive (GTK_WIDGET (self->cancel), TRUE);
}

static void
show_waiting (EshiProgressRow *self,
              guint            n_waiting)
{
  g_autofree char *text = NULL;

  if (n_waiting > 0)
    text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u more waiting", "%u more waiting", n_waiting), n_waiting);
  gtk_label_set_text (self->waiting, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->waiting), n_waiting > 0);
}

void
eshi_progress_row_update (EshiProgressRow    *self,
                          const EshiProgress *progress)
{
  g_autofree char *text = NULL;

  g_return_if_fail (ESHI_IS_PROGRESS_ROW (self));
  g_return_if_fail (progress != NULL);

  show_waiting (self, progress->n_waiting);
  if (!gtk_widget_get_sensitive (GTK_WIDGET (self->cancel)))
    return;
  steady_seconds (self, progress->seconds_left);
  text = eshi_progress_dup_text (progress, self->seconds_shown);
  gtk_label_set_text (self->label, text);
  gtk_progress_bar_set_fraction (self->bar, CLAMP (progress->fraction, 0.0, 1.0));
}

void
eshi_progress_row_set_stopping (EshiProgressRow *self)
{
  g_return_if_fail (ESHI_IS_PROGRESS_ROW (self));

  gtk_label_set_text (self->label, _("Stopping"));
  gtk_widget_set_sensitive (GTK_WIDGET (self->cancel), FALSE);
}

const char *
eshi_progress_row_get_text (EshiProgressRow *self)
{
  g_return_val_if_fail (ESHI_IS_PROGRESS_ROW (self), NULL);

  return gtk_label_get_text (self->label);
}
