/* eshi-compare.c: pictures compared: side by side, by a slider, or in turn.
 *
 * The frame around the area that draws: the choice of the mode, and the slider's scale for the keyboard.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-compare.h"

#include "eshi-compare-area.h"

struct _EshiCompare
{
  AdwBin parent_instance;

  /* Template Widgets */
  EshiCompareArea *area;
  GtkWidget *scale;
};

enum
{
  CLOSE,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiCompare, eshi_compare, ADW_TYPE_BIN)

static void
close_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  g_signal_emit (widget, signals[CLOSE], 0);
}

static void
on_mode_cb (GSimpleAction *action,
            GVariant      *state,
            gpointer       user_data)
{
  EshiCompare *self = ESHI_COMPARE (user_data);
  const char *name = g_variant_get_string (state, NULL);
  gboolean slider = g_str_equal (name, "slider");

  g_simple_action_set_state (action, state);
  eshi_compare_area_set_mode (self->area, slider                        ? ESHI_COMPARE_SLIDER
                                          : g_str_equal (name, "blink") ? ESHI_COMPARE_BLINK
                                                                        : ESHI_COMPARE_SIDE);
  gtk_widget_set_visible (self->scale, slider);
}

static const GActionEntry entries[] = {
  { "mode", NULL, "s", "'side'", on_mode_cb },
};

static gboolean
eshi_compare_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (ESHI_COMPARE (widget)->area));
}

static void
eshi_compare_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_COMPARE);
  G_OBJECT_CLASS (eshi_compare_parent_class)->dispose (object);
}

static void
install_keys (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "compare.close", NULL, close_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "compare.close", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_s, 0, "comparison.mode", "s", "side");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_l, 0, "comparison.mode", "s", "slider");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_b, 0, "comparison.mode", "s", "blink");
}

static void
eshi_compare_class_init (EshiCompareClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_compare_dispose;
  widget_class->grab_focus = eshi_compare_grab_focus;
  signals[CLOSE] = g_signal_new ("close", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
  g_type_ensure (ESHI_TYPE_COMPARE_AREA);
  install_keys (widget_class);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-compare.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiCompare, area);
  gtk_widget_class_bind_template_child (widget_class, EshiCompare, scale);
}

static void
eshi_compare_init (EshiCompare *self)
{
  g_autoptr(GSimpleActionGroup) actions = g_simple_action_group_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  g_action_map_add_action_entries (G_ACTION_MAP (actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "comparison", G_ACTION_GROUP (actions));
  g_object_bind_property (self->area, "fraction", gtk_range_get_adjustment (GTK_RANGE (self->scale)), "value",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
}

GtkWidget *
eshi_compare_new (void)
{
  return g_object_new (ESHI_TYPE_COMPARE, NULL);
}

void
eshi_compare_set_items (EshiCompare *self,
                        GPtrArray   *items)
{
  g_return_if_fail (ESHI_IS_COMPARE (self));
  g_return_if_fail (items != NULL);

  eshi_compare_area_set_items (self->area, items);
}
