/* eshi-window-preferences.c: opens the settings, and follows those that are about the window itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-options.h"
#include "eshi-preferences.h"
#include "eshi-test-log.h"

static void
preferences_action (GSimpleAction *action,
                    GVariant      *parameter,
                    gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  GtkWidget *preferences = eshi_preferences_new (GTK_WINDOW (self), self->session);

  g_signal_connect_object (preferences, "models-changed", G_CALLBACK (_eshi_window_models_changed), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (preferences));
  eshi_test_log ("PREFERENCES");
}

/* The style manager belongs to the whole program, as the option does. */
static void
follow_color_scheme (EshiWindow *self)
{
  g_autofree char *scheme = g_settings_get_string (eshi_options_get (), ESHI_OPTION_COLOR_SCHEME);
  AdwStyleManager *manager = adw_style_manager_get_default ();

  g_assert (ESHI_IS_WINDOW (self));

  if (g_str_equal (scheme, "light"))
    adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_FORCE_LIGHT);
  else if (g_str_equal (scheme, "dark"))
    adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_FORCE_DARK);
  else
    adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_DEFAULT);
}

static const GActionEntry entries[] = {
  { "preferences", preferences_action },
};

void
_eshi_window_add_preferences (EshiWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  g_signal_connect_object (eshi_options_get (), "changed::" ESHI_OPTION_COLOR_SCHEME,
                           G_CALLBACK (follow_color_scheme), self, G_CONNECT_SWAPPED);
  follow_color_scheme (self);
}
