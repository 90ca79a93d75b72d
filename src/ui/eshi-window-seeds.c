/* eshi-window-seeds.c: the window's contact sheet of seeds: shows it in the canvas's place, and does what it asks for.
 *
 * The sheet stays when it is left, and paints on; it comes back for the same words and settings, also in the next run.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-test-log.h"
#include "eshi-toasts.h"

#include <glib/gi18n-lib.h>

#define SEEDS "seeds"
#define OFFER_SECONDS 10

static void
on_finish_cb (EshiWindow         *self,
              const EshiSettings *settings,
              GBytes             *state)
{
  gint64 parent;

  g_assert (ESHI_IS_WINDOW (self));

  parent = _eshi_window_get_input_parent (self, settings);
  self->following = TRUE;
  eshi_draft_add_to_history (self->draft, settings->prompt);
  eshi_session_continue (self->session, settings, state, parent,
                         parent != 0 ? ESHI_RELATION_IMAGE : ESHI_RELATION_NONE);
  eshi_test_log ("FINISH seed=%" G_GUINT64_FORMAT, settings->seed);
  gtk_stack_set_visible_child_name (self->stack, "canvas");
}

static void
on_use_seed_cb (EshiWindow *self,
                guint64     seed)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  g_assert (ESHI_IS_WINDOW (self));

  settings->seed = seed;
  eshi_prompt_panel_load_settings (self->panel, settings, ESHI_SETTINGS_SEED);
  _eshi_window_toast (self, _("The seed stays from now on"));
}

static void
on_closed_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_show_again (self, _eshi_window_get_picture (self));
  if (_eshi_window_get_picture (self) != NULL)
    gtk_stack_set_visible_child_name (self->stack, "canvas");
}

static void
on_failed_cb (EshiWindow   *self,
              const GError *error)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_show_error (self, _("The Seeds Could Not Be Painted"), error, NULL);
}

static void
on_shown_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_update_foot (self);
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), SEEDS) == 0)
    eshi_test_log ("SHEET shown");
  else
    eshi_test_log ("SHEET left");
}

static void
ensure_view (EshiWindow *self)
{
  EshiSeedSheet *sheet = eshi_seed_store_get_sheet (self->seed_store);

  if (self->seeds != NULL)
    return;
  self->seeds = ESHI_SEEDS_VIEW (eshi_seeds_view_new ());
  eshi_seeds_view_set_sheet (self->seeds, sheet);
  gtk_stack_add_named (self->stack, GTK_WIDGET (self->seeds), SEEDS);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (on_shown_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->seeds, "finish", G_CALLBACK (on_finish_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->seeds, "use-seed", G_CALLBACK (on_use_seed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->seeds, "closed", G_CALLBACK (on_closed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sheet, "failed", G_CALLBACK (on_failed_cb), self, G_CONNECT_SWAPPED);
}

/* Puts the sheet in the canvas's place. */
static void
show_sheet (EshiWindow *self)
{
  ensure_view (self);
  /* The settings may have chosen another one. */
  eshi_seed_sheet_set_engine (eshi_seeds_view_get_sheet (self->seeds), eshi_session_get_engine (self->session));
  self->following = FALSE;
  adw_leaflet_set_visible_child (self->leaflet, self->picture_page);
  gtk_stack_set_visible_child_name (self->stack, SEEDS);
}

static void
compare_seeds_action (GSimpleAction *action,
                      GVariant      *parameter,
                      gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  g_autoptr(EshiSettings) settings = NULL;

  if (eshi_prompt_panel_get_composing (self->panel))
    {
      _eshi_window_toast (self, _("Accept the word you are writing first, then generate"));
      return;
    }
  _eshi_window_load_seeds (self);
  if (!eshi_seed_store_get_loaded (self->seed_store))
    {
      self->seeds_wanted = TRUE;
      return;
    }
  _eshi_window_end_mask (self, FALSE);
  settings = eshi_prompt_panel_take_settings (self->panel);
  show_sheet (self);
  eshi_seeds_view_show (self->seeds, settings);
}

static void
show_seeds_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  if (self->seed_store == NULL ||
      eshi_seed_sheet_get_settings (eshi_seed_store_get_sheet (self->seed_store)) == NULL)
    return;
  _eshi_window_end_mask (self, FALSE);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.view", "s", "studio");
  show_sheet (self);
  eshi_seeds_view_show_kept (self->seeds);
}

static const GActionEntry entries[] = {
  { "compare-seeds", compare_seeds_action },
  { "show-seeds", show_seeds_action },
};

/* --- what an earlier run has left -------------------------------------------------------------------------------- */

static void
offer_sheet (EshiWindow *self)
{
  AdwToast *toast = adw_toast_new (_("The comparison of seeds from last time is still there"));

  adw_toast_set_timeout (toast, OFFER_SECONDS);
  adw_toast_set_button_label (toast, _("Show"));
  adw_toast_set_action_name (toast, "win.show-seeds");
  eshi_test_log ("TOAST %s", adw_toast_get_title (toast));
  eshi_toasts_add (self->toasts, toast);
}

static void
on_loaded_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  if (self->seeds_wanted)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.compare-seeds", NULL);
  else if (eshi_seed_sheet_get_unfinished (eshi_seed_store_get_sheet (self->seed_store)))
    offer_sheet (self);
}

void
_eshi_window_load_seeds (EshiWindow *self)
{
  g_autoptr(EshiSeedSheet) sheet = NULL;
  g_autofree char *parent = NULL;
  g_autofree char *folder = NULL;

  if (self->seed_store != NULL)
    return;
  sheet = eshi_seed_sheet_new (eshi_session_get_engine (self->session));
  parent = eshi_draft_dup_folder (self->draft);
  folder = g_build_filename (parent, SEEDS, NULL);
  self->seed_store = eshi_seed_store_new (sheet, folder);
  g_signal_connect_object (self->seed_store, "notify::loaded", G_CALLBACK (on_loaded_cb), self, G_CONNECT_SWAPPED);
}

void
_eshi_window_add_seeds (EshiWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
