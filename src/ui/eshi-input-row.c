/* eshi-input-row.c: the input picture, how much of it changes, and its mask, in the prompt's panel.
 *
 * Shows an EshiInput and lets its numbers be changed; reading pictures and painting are the window's business.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-input-row.h"

#include "eshi-mask-veil.h"
#include "eshi-picture.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define THUMBNAIL_SIZE 72
#define STRETCH_PIXELS 8.0   /* sizes go in steps of eight, so that so much is no fault */

struct _EshiInputRow
{
  AdwBin parent_instance;

  /* Template Widgets */
  AdwExpanderRow *expander;
  GtkStack *slot;
  GtkImage *thumbnail;
  GtkImage *veil;
  GtkLabel *name;
  GtkLabel *details;
  GtkWidget *stretched;
  GtkWidget *strength_row;
  GtkLabel *strength_hint;
  GtkWidget *strength_scale;
  GtkAdjustment *strength;
  AdwActionRow *mask_row;
  GtkWidget *paste_row;
  GtkSwitch *paste_switch;
  GtkDropTarget *drop;

  /* Owned References */
  EshiInput *input;

  int width;
  int height;
};

enum
{
  DROPPED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiInputRow, eshi_input_row, ADW_TYPE_BIN)

/* --- showing ----------------------------------------------------------------------------------------------------- */

static const char *
word_for_strength (double strength)
{
  if (strength < 0.2)
    return _("hardly changes");
  if (strength < 0.45)
    return _("changes a little");
  if (strength < 0.7)
    return _("changes in part");
  if (strength < 0.9)
    return _("changes much");
  return _("is painted anew");
}

static void
show_strength (EshiInputRow *self)
{
  double strength = eshi_input_get_strength (self->input);
  const char *word = word_for_strength (strength);
  g_autofree char *hint = g_strdup_printf ("%s · %.2f", word, strength);

  gtk_label_set_text (self->strength_hint, hint);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->strength_scale), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, word, -1);
  gtk_adjustment_set_value (self->strength, strength);
}

static void
show_stretch (EshiInputRow *self)
{
  EshiImage *image = eshi_input_get_image (self->input);
  double height = 0;

  if (image != NULL)
    height = (double) self->width * eshi_image_get_height (image) / eshi_image_get_width (image);
  gtk_widget_set_visible (self->stretched,
                          image != NULL && self->width > 0 && fabs (height - self->height) > STRETCH_PIXELS);
}

static void
show_veil (EshiInputRow *self,
           EshiMask     *mask)
{
  EshiMaskVeil veil = eshi_mask_veil_get (GTK_WIDGET (self));
  int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  double scale = (double) THUMBNAIL_SIZE * factor / MAX (eshi_mask_get_width (mask), eshi_mask_get_height (mask));
  GdkRectangle area = { 0, 0, (int) fmax (eshi_mask_get_width (mask) * scale, 1),
                        (int) fmax (eshi_mask_get_height (mask) * scale, 1) };
  g_autoptr(GdkTexture) texture = NULL;

  veil.stripe = 3 * factor;
  texture = eshi_mask_veil_render (&veil, mask, scale, scale, &area);
  gtk_image_set_from_paintable (self->veil, GDK_PAINTABLE (texture));
}

static void
show_mask (EshiInputRow *self)
{
  EshiMask *mask = eshi_input_get_mask (self->input);
  gboolean painted = mask != NULL && !eshi_mask_get_empty (mask);
  g_autofree char *words = NULL;

  if (painted)
    /* Translators: how much of the input picture the mask covers */
    words = g_strdup_printf (_("%.0f %% changes"), MAX (eshi_mask_get_coverage (mask) * 100, 1.0));
  adw_action_row_set_subtitle (self->mask_row, painted ? words : _("All of it changes"));
  gtk_widget_set_sensitive (self->paste_row, painted);
  if (mask != NULL)
    show_veil (self, mask);
}

static void
show_picture (EshiInputRow *self)
{
  EshiImage *image = eshi_input_get_image (self->input);
  const char *name = eshi_input_get_name (self->input);
  g_autofree char *size = NULL;

  if (image != NULL)
    size = g_strdup_printf ("%d × %d", eshi_image_get_width (image), eshi_image_get_height (image));
  gtk_stack_set_visible_child_name (self->slot, image != NULL ? "picture" : "empty");
  gtk_image_set_from_paintable (self->thumbnail, GDK_PAINTABLE (eshi_input_get_texture (self->input)));
  gtk_label_set_text (self->name, name != NULL ? name : _("Input Picture"));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->name), name);
  gtk_label_set_text (self->details, size != NULL ? size : "");
  adw_expander_row_set_subtitle (self->expander, image != NULL ? _("Starts from a picture") : "");
  gtk_widget_set_visible (self->strength_row, image != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->mask_row), image != NULL);
  gtk_widget_set_visible (self->paste_row, image != NULL);
  show_stretch (self);
}

static void
on_image_cb (EshiInputRow *self)
{
  g_assert (ESHI_IS_INPUT_ROW (self));

  show_picture (self);
  if (eshi_input_get_image (self->input) != NULL)
    adw_expander_row_set_expanded (self->expander, TRUE);
}

static void
on_changed_cb (EshiInputRow *self)
{
  g_assert (ESHI_IS_INPUT_ROW (self));

  show_strength (self);
  show_mask (self);
  gtk_switch_set_active (self->paste_switch, eshi_input_get_paste (self->input));
}

/* --- changing ---------------------------------------------------------------------------------------------------- */

static void
on_strength_changed_cb (EshiInputRow *self)
{
  g_assert (ESHI_IS_INPUT_ROW (self));

  if (self->input != NULL)
    eshi_input_set_strength (self->input, round (gtk_adjustment_get_value (self->strength) * 100) / 100);
}

static void
on_paste_changed_cb (EshiInputRow *self)
{
  g_assert (ESHI_IS_INPUT_ROW (self));

  if (self->input != NULL)
    eshi_input_set_paste (self->input, gtk_switch_get_active (self->paste_switch));
}

static gboolean
on_drop_cb (EshiInputRow *self,
            const GValue *value)
{
  g_assert (ESHI_IS_INPUT_ROW (self));

  gtk_widget_remove_css_class (GTK_WIDGET (self), "eshi-drop");
  if (!G_VALUE_HOLDS_OBJECT (value))
    return FALSE;
  g_signal_emit (self, signals[DROPPED], 0, g_value_get_object (value));
  return TRUE;
}

static GdkDragAction
on_drop_enter_cb (EshiInputRow *self)
{
  g_assert (ESHI_IS_INPUT_ROW (self));

  gtk_widget_add_css_class (GTK_WIDGET (self), "eshi-drop");
  return GDK_ACTION_COPY;
}

static void
on_drop_leave_cb (EshiInputRow *self)
{
  g_assert (ESHI_IS_INPUT_ROW (self));

  gtk_widget_remove_css_class (GTK_WIDGET (self), "eshi-drop");
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_input_row_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_INPUT_ROW);
  g_clear_object (&ESHI_INPUT_ROW (object)->input);
  G_OBJECT_CLASS (eshi_input_row_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-input-row.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, expander);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, slot);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, thumbnail);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, veil);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, name);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, details);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, stretched);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, strength_row);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, strength_hint);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, strength_scale);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, strength);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, mask_row);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, paste_row);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, paste_switch);
  gtk_widget_class_bind_template_child (widget_class, EshiInputRow, drop);
  gtk_widget_class_bind_template_callback (widget_class, on_strength_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_paste_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_drop_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_drop_enter_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_drop_leave_cb);
}

static void
eshi_input_row_class_init (EshiInputRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = eshi_input_row_dispose;
  signals[DROPPED] = g_signal_new ("dropped", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                   0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_OBJECT);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
eshi_input_row_init (EshiInputRow *self)
{
  /* The template cannot name several kinds of content. */
  const GType kinds[] = { ESHI_TYPE_PICTURE, G_TYPE_FILE, GDK_TYPE_TEXTURE };

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_drop_target_set_gtypes (self->drop, (GType *) kinds, G_N_ELEMENTS (kinds));
  self->input = eshi_input_new ();
  g_signal_connect_object (self->input, "notify::image", G_CALLBACK (on_image_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->input, "changed", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
  show_picture (self);
  on_changed_cb (self);
}

GtkWidget *
eshi_input_row_new (void)
{
  return g_object_new (ESHI_TYPE_INPUT_ROW, NULL);
}

EshiInput *
eshi_input_row_get_input (EshiInputRow *self)
{
  g_return_val_if_fail (ESHI_IS_INPUT_ROW (self), NULL);

  return self->input;
}

void
eshi_input_row_set_size (EshiInputRow *self,
                         int           width,
                         int           height)
{
  g_return_if_fail (ESHI_IS_INPUT_ROW (self));

  self->width = width;
  self->height = height;
  show_stretch (self);
}

void
eshi_input_row_set_expanded (EshiInputRow *self,
                             gboolean      expanded)
{
  g_return_if_fail (ESHI_IS_INPUT_ROW (self));

  adw_expander_row_set_expanded (self->expander, expanded);
}
