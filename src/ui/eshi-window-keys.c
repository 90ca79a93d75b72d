/* eshi-window-keys.c: the keyboard.
 *
 * One controller in the bubble phase, so that an input method gets every key first, and a check that nothing is being
 * composed, for input methods that let keys pass. Application accelerators run before the input method and are not
 * used for anything that acts on a prompt.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

typedef struct
{
  guint keyval;
  GdkModifierType modifiers;
  const char *action;
  const char *parameter;   /* GVariant text; NULL for none */
  gboolean everywhere;     /* else only in the studio: it is about what is shown there */
} Key;

static const Key keys[] = {
  { GDK_KEY_Return, GDK_CONTROL_MASK, "win.generate", NULL },
  { GDK_KEY_KP_Enter, GDK_CONTROL_MASK, "win.generate", NULL },
  { GDK_KEY_Escape, 0, "win.cancel", NULL },
  { GDK_KEY_k, GDK_CONTROL_MASK, "win.compare-seeds", NULL },
  { GDK_KEY_period, GDK_CONTROL_MASK, "win.cancel", NULL },
  { GDK_KEY_l, GDK_CONTROL_MASK, "win.focus-prompt", NULL },
  { GDK_KEY_r, GDK_CONTROL_MASK, "win.roll-seed", NULL },
  { GDK_KEY_r, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "win.rerun", NULL },
  { GDK_KEY_Up, GDK_ALT_MASK, "win.step-history", "true" },
  { GDK_KEY_Down, GDK_ALT_MASK, "win.step-history", "false" },
  { GDK_KEY_k, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "win.show-steps", NULL },
  { GDK_KEY_c, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "win.copy", NULL },
  { GDK_KEY_e, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "win.export", NULL },
  { GDK_KEY_v, GDK_CONTROL_MASK, "win.paste-input", NULL },
  { GDK_KEY_m, GDK_CONTROL_MASK, "win.paint-mask", NULL },
  { GDK_KEY_i, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "win.input-from-picture", NULL },
  { GDK_KEY_v, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "win.vary", NULL },
  { GDK_KEY_Delete, 0, "win.trash", NULL },
  { GDK_KEY_z, GDK_CONTROL_MASK, "win.undo-trash", NULL },
  { GDK_KEY_plus, GDK_CONTROL_MASK, "win.zoom", "'canvas.zoom-in'" },
  { GDK_KEY_equal, GDK_CONTROL_MASK, "win.zoom", "'canvas.zoom-in'" },
  { GDK_KEY_KP_Add, GDK_CONTROL_MASK, "win.zoom", "'canvas.zoom-in'" },
  { GDK_KEY_minus, GDK_CONTROL_MASK, "win.zoom", "'canvas.zoom-out'" },
  { GDK_KEY_KP_Subtract, GDK_CONTROL_MASK, "win.zoom", "'canvas.zoom-out'" },
  { GDK_KEY_0, GDK_CONTROL_MASK, "win.zoom", "'canvas.zoom-fit'" },
  { GDK_KEY_KP_0, GDK_CONTROL_MASK, "win.zoom", "'canvas.zoom-fit'" },
  { GDK_KEY_F1, 0, "app.help", NULL, TRUE },
  { GDK_KEY_F9, 0, "win.toggle-panel", NULL, TRUE },
  { GDK_KEY_F11, 0, "win.fullscreen", NULL, TRUE },
  { GDK_KEY_1, GDK_CONTROL_MASK, "win.view", "'studio'", TRUE },
  { GDK_KEY_2, GDK_CONTROL_MASK, "win.view", "'gallery'", TRUE },
  { GDK_KEY_3, GDK_CONTROL_MASK, "win.view", "'queue'", TRUE },
  { GDK_KEY_f, GDK_CONTROL_MASK, "win.search", NULL, TRUE },
  { GDK_KEY_comma, GDK_CONTROL_MASK, "win.preferences", NULL, TRUE },
  { GDK_KEY_question, GDK_CONTROL_MASK, "win.show-shortcuts", NULL, TRUE },
  { GDK_KEY_w, GDK_CONTROL_MASK, "window.close", NULL, TRUE },
  { GDK_KEY_q, GDK_CONTROL_MASK, "app.quit", NULL, TRUE },
};

static gboolean
key_cb (GtkWidget *widget,
        GVariant  *args,
        gpointer   user_data)
{
  EshiWindow *self = ESHI_WINDOW (widget);
  const Key *key = user_data;
  g_autoptr(GVariant) parameter = NULL;

  if (eshi_prompt_panel_get_composing (self->panel))
    return GDK_EVENT_PROPAGATE;
  if (!key->everywhere && !_eshi_window_shows_studio (self))
    return GDK_EVENT_PROPAGATE;
  if (key->parameter != NULL)
    parameter = g_variant_ref_sink (g_variant_new_parsed (key->parameter));
  return gtk_widget_activate_action_variant (widget, key->action, parameter);
}

/* Read when somebody asks for it: the toolkit would read a help-overlay.ui before the first frame. */
static void
show_shortcuts_action (GSimpleAction *action,
                       GVariant      *parameter,
                       gpointer       user_data)
{
  g_autoptr(GtkBuilder) builder = gtk_builder_new_from_resource ("/io/github/eshi_app/Eshi/ui/eshi-shortcuts.ui");
  GtkWindow *shortcuts = GTK_WINDOW (gtk_builder_get_object (builder, "shortcuts"));

  gtk_window_set_transient_for (shortcuts, GTK_WINDOW (user_data));
  gtk_window_present (shortcuts);
}

static const GActionEntry entries[] = {
  { "show-shortcuts", show_shortcuts_action },
};

void
_eshi_window_add_keys (EshiWindow *self)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_BUBBLE);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      GtkShortcutTrigger *trigger = gtk_keyval_trigger_new (keys[i].keyval, keys[i].modifiers);
      GtkShortcutAction *action = gtk_callback_action_new (key_cb, (gpointer) &keys[i], NULL);

      gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller), gtk_shortcut_new (trigger, action));
    }
  gtk_widget_add_controller (GTK_WIDGET (self), controller);
}
