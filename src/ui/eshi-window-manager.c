/* eshi-window-manager.c: opens the list of models, and follows what becomes of them there.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-model-manager.h"
#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

/* What the artist has set meanwhile stays; a first model of all brings its own values. */
void
_eshi_window_models_changed (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  self->restored = self->restored || (self->models != NULL && self->models->len > 0);
  _eshi_window_find_models (self);
}

/* A model that was just added may be in no list yet, so it is looked for. */
void
_eshi_window_want_model (EshiWindow *self,
                         const char *path)
{
  g_assert (ESHI_IS_WINDOW (self));

  g_free (self->wanted_model);
  self->wanted_model = g_strdup (path);
  _eshi_window_find_models (self);
}

static void
on_get_wanted_cb (EshiWindow *self,
                  GtkWindow  *manager)
{
  GtkWidget *offer = _eshi_window_offer_model (self, manager);

  g_assert (ESHI_IS_WINDOW (self));

  g_signal_connect_object (offer, "destroy", G_CALLBACK (eshi_model_manager_find), manager, G_CONNECT_SWAPPED);
  g_signal_connect_object (offer, "chosen", G_CALLBACK (gtk_window_close), manager, G_CONNECT_SWAPPED);
}

static void
models_action (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  g_autoptr(GVariant) used = g_action_group_get_action_state (G_ACTION_GROUP (self), "model");
  GtkWidget *manager = eshi_model_manager_new (GTK_WINDOW (self), g_variant_get_string (used, NULL));

  g_signal_connect_object (manager, "models-changed", G_CALLBACK (_eshi_window_models_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "chosen", G_CALLBACK (_eshi_window_want_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "get-wanted", G_CALLBACK (on_get_wanted_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (manager));
  eshi_test_log ("MODELS_WINDOW");
}

void
_eshi_window_append_manager (EshiWindow *self,
                             GMenu      *menu)
{
  g_autoptr(GMenu) section = g_menu_new ();

  g_menu_append (section, _("_Manage Models…"), "win.models");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (section));
}

static const GActionEntry entries[] = {
  { "models", models_action },
};

void
_eshi_window_add_manager (EshiWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
