/* eshi-notice-bar.c: a bar that says what lasts, until it is over or put away.
 *
 * Says what it is given. Whether that is over is for others to know.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-notice-bar.h"

typedef struct
{
  char *text;           /* NULL if there is none */
  char *button;
  const char *action;   /* interned */
} Notice;

struct _EshiNoticeBar
{
  AdwBin parent_instance;

  /* Template Widgets */
  GtkWidget *box;
  GtkLabel *label;
  GtkButton *button;

  Notice notices[ESHI_N_NOTICES];
};

G_DEFINE_FINAL_TYPE (EshiNoticeBar, eshi_notice_bar, ADW_TYPE_BIN)

static const Notice *
get_shown (EshiNoticeBar *self)
{
  for (guint i = 0; i < ESHI_N_NOTICES; i++)
    if (self->notices[i].text != NULL)
      return &self->notices[i];
  return NULL;
}

static void
update (EshiNoticeBar *self)
{
  const Notice *shown = get_shown (self);

  gtk_widget_set_visible (self->box, shown != NULL);
  if (shown == NULL)
    return;
  gtk_label_set_text (self->label, shown->text);
  gtk_widget_set_visible (GTK_WIDGET (self->button), shown->button != NULL);
  gtk_button_set_label (self->button, shown->button != NULL ? shown->button : "");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->button), shown->action);
}

static void
on_close_cb (EshiNoticeBar *self)
{
  const Notice *shown = get_shown (self);

  g_assert (ESHI_IS_NOTICE_BAR (self));

  if (shown != NULL)
    eshi_notice_bar_set (self, (EshiNotice) (shown - self->notices), NULL, NULL, NULL);
}

static void
eshi_notice_bar_dispose (GObject *object)
{
  /* The child is bound: taken down with the template, it would leave the bin a pointer to nothing. */
  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_NOTICE_BAR);
  G_OBJECT_CLASS (eshi_notice_bar_parent_class)->dispose (object);
}

static void
eshi_notice_bar_finalize (GObject *object)
{
  EshiNoticeBar *self = ESHI_NOTICE_BAR (object);

  for (guint i = 0; i < ESHI_N_NOTICES; i++)
    {
      g_free (self->notices[i].text);
      g_free (self->notices[i].button);
    }
  G_OBJECT_CLASS (eshi_notice_bar_parent_class)->finalize (object);
}

static void
eshi_notice_bar_class_init (EshiNoticeBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_notice_bar_dispose;
  G_OBJECT_CLASS (klass)->finalize = eshi_notice_bar_finalize;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-notice-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiNoticeBar, box);
  gtk_widget_class_bind_template_child (widget_class, EshiNoticeBar, label);
  gtk_widget_class_bind_template_child (widget_class, EshiNoticeBar, button);
  gtk_widget_class_bind_template_callback (widget_class, on_close_cb);
}

static void
eshi_notice_bar_init (EshiNoticeBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
eshi_notice_bar_new (void)
{
  return g_object_new (ESHI_TYPE_NOTICE_BAR, NULL);
}

void
eshi_notice_bar_set (EshiNoticeBar *self,
                     EshiNotice     notice,
                     const char    *text,
                     const char    *button,
                     const char    *action)
{
  Notice *place;

  g_return_if_fail (ESHI_IS_NOTICE_BAR (self));
  g_return_if_fail (notice < ESHI_N_NOTICES);

  place = &self->notices[notice];
  g_free (place->text);
  place->text = g_strdup (text);
  g_free (place->button);
  place->button = g_strdup (button);
  place->action = g_intern_string (action);
  update (self);
}

const char *
eshi_notice_bar_get_text (EshiNoticeBar *self)
{
  const Notice *shown;

  g_return_val_if_fail (ESHI_IS_NOTICE_BAR (self), NULL);

  shown = get_shown (self);
  return shown != NULL ? shown->text : NULL;
}
