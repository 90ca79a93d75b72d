/* eshi-mask-bar.c: the tools for painting a mask, in a row below the canvas.
 *
 * Below and not on the canvas, so that no corner of the picture is out of the brush's reach. Paints nothing itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-mask-bar.h"

#include <math.h>

#define SIZE_STEP 1.15
#define SIDE_PER_BRUSH 10
#define BRUSH_MAX 512

struct _EshiMaskBar
{
  AdwBin parent_instance;

  /* Template Widgets */
  GtkToggleButton *brush;
  GtkToggleButton *eraser;
  GtkAdjustment *size;
  GtkAdjustment *feather;

  /* Owned References */
  EshiMask *mask;

  int side;   /* of the last mask, the longer one */
};

enum
{
  PROP_0,
  PROP_BRUSH_SIZE,
  PROP_ERASE,
  N_PROPS,
};

enum
{
  DONE,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiMaskBar, eshi_mask_bar, ADW_TYPE_BIN)

/* --- tools ------------------------------------------------------------------------------------------------------- */

/* Large brushes grow in larger steps, small ones by a pixel at least. */
static void
step_size (EshiMaskBar *self,
           gboolean     larger)
{
  double size = gtk_adjustment_get_value (self->size);
  double step = fmax (size * (SIZE_STEP - 1), 1);

  gtk_adjustment_set_value (self->size, round (larger ? size + step : size - step));
}

static void
brush_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  gtk_toggle_button_set_active (ESHI_MASK_BAR (widget)->brush, TRUE);
}

static void
eraser_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  gtk_toggle_button_set_active (ESHI_MASK_BAR (widget)->eraser, TRUE);
}

static void
smaller_action (GtkWidget  *widget,
                const char *name,
                GVariant   *parameter)
{
  step_size (ESHI_MASK_BAR (widget), FALSE);
}

static void
larger_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  step_size (ESHI_MASK_BAR (widget), TRUE);
}

static void
undo_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  eshi_mask_undo (ESHI_MASK_BAR (widget)->mask);
}

static void
redo_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  eshi_mask_redo (ESHI_MASK_BAR (widget)->mask);
}

static void
invert_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  eshi_mask_invert (ESHI_MASK_BAR (widget)->mask);
}

static void
fill_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  eshi_mask_fill (ESHI_MASK_BAR (widget)->mask);
}

static void
clear_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  eshi_mask_clear (ESHI_MASK_BAR (widget)->mask);
}

static void
done_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  g_signal_emit (widget, signals[DONE], 0);
}

/* --- what the tools show ----------------------------------------------------------------------------------------- */

static void
on_steps_cb (EshiMaskBar *self)
{
  gboolean can_undo = FALSE;
  gboolean can_redo = FALSE;

  g_assert (ESHI_IS_MASK_BAR (self));

  if (self->mask != NULL)
    g_object_get (self->mask, "can-undo", &can_undo, "can-redo", &can_redo, NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "mask.undo", can_undo);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "mask.redo", can_redo);
}

static void
on_size_changed_cb (EshiMaskBar *self)
{
  g_assert (ESHI_IS_MASK_BAR (self));

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BRUSH_SIZE]);
}

static void
on_feather_changed_cb (EshiMaskBar *self)
{
  g_assert (ESHI_IS_MASK_BAR (self));

  if (self->mask != NULL)
    eshi_mask_set_feather (self->mask, gtk_adjustment_get_value (self->feather));
}

static void
on_eraser_cb (EshiMaskBar *self)
{
  g_assert (ESHI_IS_MASK_BAR (self));

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERASE]);
}

/* --- keys -------------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint keyval;
  GdkModifierType modifiers;
  const char *action;
} Key;

static const Key keys[] = {
  { GDK_KEY_b, 0, "mask.brush" },
  { GDK_KEY_e, 0, "mask.eraser" },
  { GDK_KEY_i, 0, "mask.invert" },
  { GDK_KEY_a, GDK_CONTROL_MASK, "mask.fill" },
  { GDK_KEY_Delete, 0, "mask.clear" },
  { GDK_KEY_bracketleft, 0, "mask.smaller" },
  { GDK_KEY_bracketright, 0, "mask.larger" },
  { GDK_KEY_z, GDK_CONTROL_MASK, "mask.undo" },
  { GDK_KEY_z, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "mask.redo" },
  { GDK_KEY_Return, 0, "mask.done" },
  { GDK_KEY_KP_Enter, 0, "mask.done" },
  { GDK_KEY_Escape, 0, "mask.done" },
};

/* A key of the tools is theirs also when there is nothing to undo: elsewhere it takes pictures away. */
static gboolean
key_cb (GtkWidget *widget,
        GVariant  *args,
        gpointer   user_data)
{
  EshiMaskBar *self = g_object_get_data (G_OBJECT (widget), "eshi-mask-bar");
  const Key *key = user_data;

  if (self->mask == NULL)
    return GDK_EVENT_PROPAGATE;
  gtk_widget_activate_action (GTK_WIDGET (self), key->action, NULL);
  return GDK_EVENT_STOP;
}

void
eshi_mask_bar_add_keys (EshiMaskBar *self,
                        GtkWidget   *widget)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  g_return_if_fail (ESHI_IS_MASK_BAR (self));
  g_return_if_fail (GTK_IS_WIDGET (widget));

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      GtkShortcutTrigger *trigger = gtk_keyval_trigger_new (keys[i].keyval, keys[i].modifiers);
      GtkShortcutAction *action = gtk_callback_action_new (key_cb, (gpointer) &keys[i], NULL);

      gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller), gtk_shortcut_new (trigger, action));
    }
  g_object_set_data (G_OBJECT (widget), "eshi-mask-bar", self);
  gtk_widget_add_controller (widget, controller);
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_mask_bar_dispose (GObject *object)
{
  eshi_mask_bar_set_mask (ESHI_MASK_BAR (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_MASK_BAR);
  G_OBJECT_CLASS (eshi_mask_bar_parent_class)->dispose (object);
}

static void
eshi_mask_bar_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  EshiMaskBar *self = ESHI_MASK_BAR (object);

  switch (prop_id)
    {
    case PROP_BRUSH_SIZE:
      g_value_set_double (value, gtk_adjustment_get_value (self->size));
      break;
    case PROP_ERASE:
      g_value_set_boolean (value, gtk_toggle_button_get_active (self->eraser));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_mask_bar_set_property (GObject      *object,
                            guint         prop_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  EshiMaskBar *self = ESHI_MASK_BAR (object);

  switch (prop_id)
    {
    case PROP_BRUSH_SIZE:
      gtk_adjustment_set_value (self->size, g_value_get_double (value));
      break;
    case PROP_ERASE:
      gtk_toggle_button_set_active (g_value_get_boolean (value) ? self->eraser : self->brush, TRUE);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "mask.brush", NULL, brush_action);
  gtk_widget_class_install_action (widget_class, "mask.eraser", NULL, eraser_action);
  gtk_widget_class_install_action (widget_class, "mask.smaller", NULL, smaller_action);
  gtk_widget_class_install_action (widget_class, "mask.larger", NULL, larger_action);
  gtk_widget_class_install_action (widget_class, "mask.undo", NULL, undo_action);
  gtk_widget_class_install_action (widget_class, "mask.redo", NULL, redo_action);
  gtk_widget_class_install_action (widget_class, "mask.invert", NULL, invert_action);
  gtk_widget_class_install_action (widget_class, "mask.fill", NULL, fill_action);
  gtk_widget_class_install_action (widget_class, "mask.clear", NULL, clear_action);
  gtk_widget_class_install_action (widget_class, "mask.done", NULL, done_action);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-mask-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiMaskBar, brush);
  gtk_widget_class_bind_template_child (widget_class, EshiMaskBar, eraser);
  gtk_widget_class_bind_template_child (widget_class, EshiMaskBar, size);
  gtk_widget_class_bind_template_child (widget_class, EshiMaskBar, feather);
  gtk_widget_class_bind_template_callback (widget_class, on_size_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_feather_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_eraser_cb);
}

static void
eshi_mask_bar_class_init (EshiMaskBarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = eshi_mask_bar_dispose;
  object_class->get_property = eshi_mask_bar_get_property;
  object_class->set_property = eshi_mask_bar_set_property;

  properties[PROP_BRUSH_SIZE] = g_param_spec_double ("brush-size", NULL, NULL, 1, BRUSH_MAX, 32, flags);
  properties[PROP_ERASE] = g_param_spec_boolean ("erase", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[DONE] = g_signal_new ("done", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  install_actions (widget_class);
  bind_template (widget_class);
}

static void
eshi_mask_bar_init (EshiMaskBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  on_steps_cb (self);
}

GtkWidget *
eshi_mask_bar_new (void)
{
  return g_object_new (ESHI_TYPE_MASK_BAR, NULL);
}

EshiMask *
eshi_mask_bar_get_mask (EshiMaskBar *self)
{
  g_return_val_if_fail (ESHI_IS_MASK_BAR (self), NULL);

  return self->mask;
}

/* A brush that suits a small picture is lost on a large one; a quarter of the side is enough, and quick. */
static void
suit_size (EshiMaskBar *self)
{
  int side = MAX (eshi_mask_get_width (self->mask), eshi_mask_get_height (self->mask));

  if (side == self->side)
    return;
  self->side = side;
  gtk_adjustment_set_upper (self->size, CLAMP (side / 4, 16, BRUSH_MAX));
  gtk_adjustment_set_upper (self->feather, CLAMP (side / 16.0, 8, ESHI_MASK_FEATHER_MAX));
  gtk_adjustment_set_value (self->size, MAX (side / SIDE_PER_BRUSH, 4));
}

void
eshi_mask_bar_set_mask (EshiMaskBar *self,
                        EshiMask    *mask)
{
  g_return_if_fail (ESHI_IS_MASK_BAR (self));
  g_return_if_fail (mask == NULL || ESHI_IS_MASK (mask));

  if (mask == self->mask)
    return;
  if (self->mask != NULL)
    g_signal_handlers_disconnect_by_func (self->mask, on_steps_cb, self);
  g_set_object (&self->mask, mask);
  gtk_widget_set_visible (GTK_WIDGET (self), mask != NULL);
  on_steps_cb (self);
  if (mask == NULL)
    return;
  g_signal_connect_object (mask, "notify::can-undo", G_CALLBACK (on_steps_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (mask, "notify::can-redo", G_CALLBACK (on_steps_cb), self, G_CONNECT_SWAPPED);
  suit_size (self);
  gtk_adjustment_set_value (self->feather, eshi_mask_get_feather (mask));
}
