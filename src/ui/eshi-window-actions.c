/* eshi-window-actions.c: what the window can do with a prompt and with a picture.
 *
 * Taking a picture away is undone, not confirmed: it goes into the history's trash. One that the history does not know
 * goes to the desktop's, and only when the offer to undo has gone.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-export-dialog.h"
#include "eshi-input-image.h"
#include "eshi-test-log.h"
#include "eshi-toasts.h"

#include <eshi-picture-file.h>
#include <glib/gi18n-lib.h>

#define COMMIT_WAIT_MS 250   /* fcitx5 sends the word after the click that ended it; on a busy machine late */
#define COMPOSING_WAIT_MS 500
#define UNDO_SECONDS 10

/* --- generate and stop ------------------------------------------------------------------------------------------- */

static void
generate_now (EshiWindow *self)
{
  g_autoptr(EshiSettings) settings = eshi_prompt_panel_take_settings (self->panel);

  _eshi_window_generate (self, settings);
}

static gboolean
on_pending_cb (gpointer user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  self->pending_source = 0;
  self->generate_pending = FALSE;
  if (eshi_prompt_panel_get_composing (self->panel))
    _eshi_window_toast (self, _("Accept the word you are writing first, then generate"));
  else
    generate_now (self);
  return G_SOURCE_REMOVE;
}

/* Some input methods commit a moment after they stop composing. */
static void
on_composing_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  if (eshi_prompt_panel_get_composing (self->panel))
    return;
  self->composed_at = g_get_monotonic_time ();
  if (!self->generate_pending)
    return;
  g_clear_handle_id (&self->pending_source, g_source_remove);
  self->pending_source = g_timeout_add (COMMIT_WAIT_MS, on_pending_cb, self);
}

/* How long a word may still be on its way into the prompt: it is being composed, or was until a moment ago. */
static guint
commit_wait_ms (EshiWindow *self)
{
  gint64 since_ms = (g_get_monotonic_time () - self->composed_at) / 1000;

  if (eshi_prompt_panel_get_composing (self->panel))
    return COMPOSING_WAIT_MS;
  return self->composed_at != 0 && since_ms < COMMIT_WAIT_MS ? (guint) (COMMIT_WAIT_MS - since_ms) : 0;
}

static void
generate_action (GSimpleAction *action,
                 GVariant      *parameter,
                 gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  guint wait_ms;

  if (self->generate_pending)
    return;
  wait_ms = commit_wait_ms (self);
  if (wait_ms == 0)
    {
      generate_now (self);
      return;
    }
  self->generate_pending = TRUE;
  self->pending_source = g_timeout_add (wait_ms, on_pending_cb, self);
}

static void
cancel_action (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  if (eshi_session_cancel (self->session))
    eshi_progress_row_set_stopping (self->progress_row);
}

static void
focus_prompt_action (GSimpleAction *action,
                     GVariant      *parameter,
                     gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  gtk_widget_set_visible (self->panel_page, TRUE);
  adw_leaflet_set_visible_child (self->leaflet, self->panel_page);
  eshi_prompt_panel_focus_prompt (self->panel);
}

static void
roll_seed_action (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  eshi_prompt_panel_roll_seed (ESHI_WINDOW (user_data)->panel);
}

static void
step_history_action (GSimpleAction *action,
                     GVariant      *parameter,
                     gpointer       user_data)
{
  eshi_prompt_panel_step_history (ESHI_WINDOW (user_data)->panel, g_variant_get_boolean (parameter));
}

/* --- the window's shape ------------------------------------------------------------------------------------------ */

static void
toggle_panel_action (GSimpleAction *action,
                     GVariant      *parameter,
                     gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  gboolean shown = adw_leaflet_get_visible_child (self->leaflet) == self->panel_page;

  if (!_eshi_window_shows_studio (self))
    {
      gtk_widget_activate_action (GTK_WIDGET (self->gallery), "gallery.info", NULL);
      return;
    }
  if (adw_leaflet_get_folded (self->leaflet))
    {
      adw_leaflet_set_visible_child (self->leaflet, shown ? self->picture_page : self->panel_page);
      return;
    }
  adw_leaflet_set_visible_child (self->leaflet, self->picture_page);
  gtk_widget_set_visible (self->panel_page, !gtk_widget_get_visible (self->panel_page));
}

static void
show_panel_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  gtk_widget_set_visible (self->panel_page, TRUE);
  adw_leaflet_set_visible_child (self->leaflet, self->panel_page);
}

static void
show_picture_action (GSimpleAction *action,
                     GVariant      *parameter,
                     gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  adw_leaflet_set_visible_child (self->leaflet, self->picture_page);
}

static void
fullscreen_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  GtkWindow *window = GTK_WINDOW (user_data);

  if (gtk_window_is_fullscreen (window))
    gtk_window_unfullscreen (window);
  else
    gtk_window_fullscreen (window);
}

static void
zoom_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  gtk_widget_activate_action (GTK_WIDGET (self->canvas), g_variant_get_string (parameter, NULL), NULL);
}

static void
model_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  _eshi_window_choose_model (ESHI_WINDOW (user_data), g_variant_get_string (parameter, NULL), TRUE);
}

/* --- a picture's settings ---------------------------------------------------------------------------------------- */

static EshiSettingsParts
parts_by_name (const char *name)
{
  if (g_str_equal (name, "prompt"))
    return ESHI_SETTINGS_PROMPT;
  if (g_str_equal (name, "seed"))
    return ESHI_SETTINGS_SEED;
  return ESHI_SETTINGS_ALL;
}

void
_eshi_window_take_over_settings (EshiWindow         *self,
                                 const EshiSettings *settings,
                                 const char         *parts)
{
  _eshi_window_take_settings (self, settings, parts_by_name (parts), NULL);
}

static void
load_settings_action (GSimpleAction *action,
                      GVariant      *parameter,
                      gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);

  if (picture != NULL)
    _eshi_window_take_over_settings (self, eshi_picture_get_settings (picture),
                                     g_variant_get_string (parameter, NULL));
}

static void
rerun_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);

  if (picture != NULL)
    _eshi_window_generate_from (self, eshi_picture_get_settings (picture), eshi_picture_get_id (picture),
                                ESHI_RELATION_RERUN);
}

/* Path of the model that is known by @hash or @name; (transfer full) (nullable). */
static char *
dup_model_of (const char *hash,
              const char *name)
{
  g_autoptr(GPtrArray) models = eshi_model_list ();
  const EshiModelInfo *info = eshi_model_list_find (models, hash, name);

  return info != NULL ? g_strdup (info->path) : NULL;
}

static void
read_settings_in_thread (GTask        *task,
                         gpointer      source,
                         gpointer      task_data,
                         GCancellable *cancellable)
{
  GError *error = NULL;
  g_autofree char *name = NULL;
  EshiSettings *settings = eshi_picture_file_load_settings (g_file_peek_path (task_data), &name, &error);

  if (settings != NULL && !eshi_settings_validate (settings, &error))
    g_clear_pointer (&settings, eshi_settings_free);
  if (settings == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  /* Settings are of use also where the pixels are not. */
  g_object_set_data_full (G_OBJECT (task), "eshi-image", eshi_input_image_load (task_data, cancellable, NULL),
                          (GDestroyNotify) eshi_image_unref);
  g_object_set_data_full (G_OBJECT (task), "eshi-model-name", g_strdup (name), g_free);
  settings->model = dup_model_of (settings->model_hash, name);
  g_task_return_pointer (task, settings, (GDestroyNotify) eshi_settings_free);
}

static void
on_settings_read_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  EshiWindow *self = ESHI_WINDOW (source);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSettings) settings = g_task_propagate_pointer (G_TASK (result), &error);
  GFile *file = g_task_get_task_data (G_TASK (result));
  g_autofree char *name = g_file_get_basename (file);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (settings != NULL)
    {
      if (settings->model != NULL)
        _eshi_window_choose_model (self, settings->model, FALSE);
      if (g_object_get_data (G_OBJECT (result), "eshi-image") != NULL)
        _eshi_window_show_opened (self, file, g_object_get_data (G_OBJECT (result), "eshi-image"), settings,
                                  g_object_get_data (G_OBJECT (result), "eshi-model-name"));
      _eshi_window_take_settings (self, settings, ESHI_SETTINGS_ALL, file);
    }
  else if (g_error_matches (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT))
    _eshi_window_take_file (self, file, error);
  else
    {
      g_autofree char *heading = g_strdup_printf (_("“%s” Was Not Read"), name);

      _eshi_window_show_error (self, heading, error, NULL);
    }
}

void
eshi_window_load_settings_of_file (EshiWindow *self,
                                   GFile      *file)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (ESHI_IS_WINDOW (self));
  g_return_if_fail (G_IS_FILE (file));

  if (g_file_peek_path (file) == NULL)
    return;
  task = g_task_new (self, self->cancellable, on_settings_read_cb, NULL);
  g_task_set_source_tag (task, eshi_window_load_settings_of_file);
  g_task_set_task_data (task, g_object_ref (file), g_object_unref);
  g_task_run_in_thread (task, read_settings_in_thread);
}

/* --- a picture's file -------------------------------------------------------------------------------------------- */

static void
copy_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);

  if (picture == NULL)
    return;
  gdk_clipboard_set_texture (gtk_widget_get_clipboard (GTK_WIDGET (self)), eshi_picture_get_texture (picture));
  _eshi_window_toast (self, _("Picture copied"));
}

static void
show_path (EshiWindow *self,
           const char *path)
{
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);

  if (uri != NULL)
    gtk_show_uri (GTK_WINDOW (self), uri, GDK_CURRENT_TIME);
}

static void
open_folder_action (GSimpleAction *action,
                    GVariant      *parameter,
                    gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);
  const char *path = g_variant_get_string (parameter, NULL);

  /* An empty path means the picture that is shown. */
  if (path[0] == '\0' && picture != NULL)
    path = eshi_picture_get_path (picture);
  if (path != NULL && path[0] != '\0')
    {
      g_autofree char *folder = g_path_get_dirname (path);

      show_path (self, folder);
    }
}

static void
open_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);

  if (picture != NULL && eshi_picture_get_path (picture) != NULL)
    show_path (self, eshi_picture_get_path (picture));
}

static void
on_exported_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  EshiWindow *self = ESHI_WINDOW (source);
  g_autoptr(GError) error = NULL;

  if (eshi_export_dialog_finish (result, &error))
    {
      eshi_test_log ("EXPORTED");
      _eshi_window_toast (self, _("Saved"));
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      _eshi_window_show_error (self, _("The Picture Was Not Exported"), error, NULL);
    }
}

static void
export_action (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);
  GPtrArray *files;

  if (picture == NULL)
    return;
  files = g_ptr_array_new_with_free_func (g_object_unref);
  if (eshi_picture_get_path (picture) != NULL && g_file_test (eshi_picture_get_path (picture), G_FILE_TEST_EXISTS))
    g_ptr_array_add (files, g_file_new_for_path (eshi_picture_get_path (picture)));
  eshi_export_dialog_show (eshi_export_new (files, picture), GTK_WINDOW (self), self->cancellable, on_exported_cb, NULL);
}

static void
save_again_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  eshi_session_save_unsaved (ESHI_WINDOW (user_data)->session);
}

/* --- trash ------------------------------------------------------------------------------------------------------- */

static void
on_trashed_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (!g_file_trash_finish (G_FILE (source), result, &error))
    g_message ("A picture was not moved to the trash: %s", error->message);
}

void
_eshi_window_empty_trash (EshiWindow *self)
{
  g_autoptr(EshiPicture) picture = g_steal_pointer (&self->trashed);
  g_autoptr(GFile) file = NULL;

  if (picture == NULL || eshi_picture_get_path (picture) == NULL || eshi_picture_get_id (picture) != 0)
    return;
  file = g_file_new_for_path (eshi_picture_get_path (picture));
  g_file_trash_async (file, G_PRIORITY_DEFAULT, NULL, on_trashed_cb, NULL);
}

static void
on_trash_toast_dismissed_cb (EshiWindow *self,
                             AdwToast   *toast)
{
  g_assert (ESHI_IS_WINDOW (self));

  /* A later picture's toast replaced this one: the trash was emptied then. */
  if (self->trashed == g_object_get_data (G_OBJECT (toast), "eshi-picture"))
    _eshi_window_empty_trash (self);
  _eshi_window_update_actions (self);
}

static void
on_moved_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(EshiWindow) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!eshi_history_finish (ESHI_HISTORY (source), result, &error) && self->session != NULL)
    _eshi_window_show_error (self, _("The Pictures Stayed as They Were"), error, NULL);
}

/* Puts a picture that the history knows into its trash, or takes it out. */
static void
move_in_history (EshiWindow  *self,
                 EshiPicture *picture,
                 gboolean     to_trash)
{
  EshiHistory *history = eshi_session_get_history (self->session);
  gint64 id = eshi_picture_get_id (picture);

  if (id != 0 && to_trash)
    eshi_history_trash_async (history, &id, 1, on_moved_cb, g_object_ref (self));
  else if (id != 0)
    eshi_history_restore_async (history, &id, 1, on_moved_cb, g_object_ref (self));
}

static void
offer_undo (EshiWindow *self)
{
  AdwToast *toast = adw_toast_new (_("Moved to the trash"));

  adw_toast_set_button_label (toast, _("Undo"));
  adw_toast_set_action_name (toast, "win.undo-trash");
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  adw_toast_set_timeout (toast, UNDO_SECONDS);
  g_object_set_data (G_OBJECT (toast), "eshi-picture", self->trashed);
  g_signal_connect_object (toast, "dismissed", G_CALLBACK (on_trash_toast_dismissed_cb), self, G_CONNECT_SWAPPED);
  eshi_toasts_add (self->toasts, toast);
  eshi_test_log ("TRASHED");
}

static void
trash_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  GListModel *pictures = eshi_session_get_pictures (self->session);
  EshiPicture *picture = _eshi_window_get_picture (self);
  guint n_pictures = g_list_model_get_n_items (pictures);
  guint position = 0;

  if (picture == NULL)
    return;
  _eshi_window_empty_trash (self);
  self->trashed = g_object_ref (picture);
  move_in_history (self, picture, TRUE);
  while (position < n_pictures)
    {
      g_autoptr(EshiPicture) each = g_list_model_get_item (pictures, position);

      if (each == picture)
        break;
      position++;
    }
  self->trashed_position = position;
  eshi_session_forget (self->session, picture);
  if (n_pictures > 1)
    {
      g_autoptr(EshiPicture) next = g_list_model_get_item (pictures, MIN (position, n_pictures - 2));

      eshi_filmstrip_set_selected (self->filmstrip, next);
    }
  offer_undo (self);
  _eshi_window_update_actions (self);
}

static void
undo_trash_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  g_autoptr(EshiPicture) picture = g_steal_pointer (&self->trashed);

  if (picture == NULL)
    return;
  move_in_history (self, picture, FALSE);
  eshi_session_restore (self->session, picture, self->trashed_position);
  eshi_filmstrip_set_selected (self->filmstrip, picture);
  _eshi_window_update_actions (self);
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static const GActionEntry entries[] = {
  { "generate", generate_action },
  { "cancel", cancel_action },
  { "focus-prompt", focus_prompt_action },
  { "roll-seed", roll_seed_action },
  { "step-history", step_history_action, "b" },
  { "toggle-panel", toggle_panel_action },
  { "show-panel", show_panel_action },
  { "show-picture", show_picture_action },
  { "fullscreen", fullscreen_action },
  { "zoom", zoom_action, "s" },
  { "model", model_action, "s", "''" },
  { "load-settings", load_settings_action, "s" },
  { "rerun", rerun_action },
  { "copy", copy_action },
  { "open", open_action },
  { "open-folder", open_folder_action, "s" },
  { "export", export_action },
  { "save-again", save_again_action },
  { "trash", trash_action },
  { "undo-trash", undo_trash_action },
};

void
_eshi_window_add_actions (EshiWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  _eshi_window_add_desktop (self);
  g_signal_connect_object (self->panel, "notify::composing", G_CALLBACK (on_composing_cb), self, G_CONNECT_SWAPPED);
}

static void
enable (EshiWindow *self,
        const char *name,
        gboolean    enabled)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), name);

  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), enabled);
}

void
_eshi_window_update_actions (EshiWindow *self)
{
  EshiPicture *picture = _eshi_window_get_picture (self);
  gboolean saved = picture != NULL && eshi_picture_get_path (picture) != NULL;
  gboolean has_model = self->models != NULL && self->models->len > 0;

  enable (self, "generate", has_model);
  enable (self, "compare-seeds", has_model);
  enable (self, "rerun", has_model && picture != NULL);
  enable (self, "cancel", self->session != NULL && eshi_session_get_busy (self->session));
  enable (self, "load-settings", picture != NULL);
  enable (self, "resume-picture", has_model && saved && eshi_picture_get_interrupted (picture));
  gtk_widget_set_visible (self->resume_button, picture != NULL && eshi_picture_get_interrupted (picture));
  enable (self, "show-steps", has_model && picture != NULL && !eshi_picture_get_settings (picture)->withheld);
  enable (self, "copy", picture != NULL);
  enable (self, "export", picture != NULL);
  enable (self, "trash", picture != NULL);
  enable (self, "input-from-picture", picture != NULL);
  enable (self, "undo-trash", self->trashed != NULL);
  gtk_widget_set_visible (self->picture_bar, picture != NULL);
  enable (self, "open", saved);
  enable (self, "open-with", saved);
  enable (self, "wallpaper", saved);
  enable (self, "vary", has_model && picture != NULL);
  enable (self, "save-again", self->session != NULL && eshi_session_get_n_unsaved (self->session) > 0);
}
