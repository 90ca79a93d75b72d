/* eshi-gallery-actions.c: what can be done with pictures of the gallery: their settings, their marks, their folder.
 *
 * An action acts on all targets where that means something (marks), else on the first. Settings are read on a thread,
 * because the picture that one was started from is a file.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-gallery-private.h"

#include "eshi-picture.h"

#include <glib/gi18n-lib.h>

/* --- settings ---------------------------------------------------------------------------------------------------- */

static void
read_settings_in_thread (GTask        *task,
                         gpointer      source,
                         gpointer      task_data,
                         GCancellable *cancellable)
{
  GError *error = NULL;
  EshiSettings *settings = eshi_history_picture_load_settings (task_data, &error);

  if (settings == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, settings, (GDestroyNotify) eshi_settings_free);
}

/* Reads the settings of the first target, and calls @callback with the task. Its data is the EshiHistoryPicture. */
static void
read_settings (EshiGallery         *self,
               GAsyncReadyCallback  callback,
               const char          *parts)
{
  g_autoptr(EshiHistoryItem) item = _eshi_gallery_ref_target (self);
  const EshiHistoryPicture *picture = item != NULL ? eshi_history_item_get_picture (item) : NULL;
  g_autoptr(GTask) task = NULL;

  if (picture == NULL)
    return;
  task = g_task_new (self, self->cancellable, callback, (gpointer) g_intern_string (parts));
  g_task_set_source_tag (task, read_settings);
  g_task_set_task_data (task, eshi_history_picture_copy (picture), (GDestroyNotify) eshi_history_picture_free);
  g_task_run_in_thread (task, read_settings_in_thread);
}

/* (transfer full) (nullable): NULL when that was said already */
static EshiSettings *
finish_settings (EshiGallery  *self,
                 GAsyncResult *result)
{
  g_autoptr(GError) error = NULL;
  EshiSettings *settings = g_task_propagate_pointer (G_TASK (result), &error);

  if (settings == NULL)
    _eshi_gallery_fail (self, _("No Settings Were Read"), error);
  return settings;
}

static void
on_rerun_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  const EshiHistoryPicture *picture = g_task_get_task_data (G_TASK (result));
  g_autoptr(EshiSettings) settings = finish_settings (ESHI_GALLERY (source), result);

  if (settings == NULL)
    return;
  settings->n_images = 1;
  g_signal_emit_by_name (source, "generate", settings, picture->id);
}

static void
on_vary_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  const EshiHistoryPicture *picture = g_task_get_task_data (G_TASK (result));
  g_autoptr(EshiSettings) settings = finish_settings (ESHI_GALLERY (source), result);

  if (settings == NULL)
    return;
  eshi_picture_vary_settings (settings);
  g_signal_emit_by_name (source, "vary", settings, picture->id);
}

static void
on_resume_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  const EshiHistoryPicture *picture = g_task_get_task_data (G_TASK (result));
  g_autoptr(EshiSettings) settings = finish_settings (ESHI_GALLERY (source), result);

  if (settings != NULL)
    g_signal_emit_by_name (source, "resume", settings, picture->id);
}

static void
resume_action (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  read_settings (ESHI_GALLERY (user_data), on_resume_cb, NULL);
}

static void
vary_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  read_settings (ESHI_GALLERY (user_data), on_vary_cb, NULL);
}

static void
rerun_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  read_settings (ESHI_GALLERY (user_data), on_rerun_cb, NULL);
}

static void
on_show_steps_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  const EshiHistoryPicture *picture = g_task_get_task_data (G_TASK (result));
  g_autoptr(EshiSettings) settings = finish_settings (ESHI_GALLERY (source), result);

  if (settings == NULL)
    return;
  if (g_file_test (picture->path, G_FILE_TEST_IS_REGULAR))
    g_signal_emit_by_name (source, "show-steps", settings, picture);
  else
    _eshi_gallery_toast (ESHI_GALLERY (source), _("The file is missing; paint the picture again to get it back"));
}

static void
show_steps_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  read_settings (ESHI_GALLERY (user_data), on_show_steps_cb, NULL);
}

static void
on_load_settings_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr(EshiSettings) settings = finish_settings (ESHI_GALLERY (source), result);

  if (settings == NULL)
    return;
  settings->n_images = 1;
  g_signal_emit_by_name (source, "load-settings", settings, user_data);
}

static void
load_settings_action (GSimpleAction *action,
                      GVariant      *parameter,
                      gpointer       user_data)
{
  read_settings (ESHI_GALLERY (user_data), on_load_settings_cb, g_variant_get_string (parameter, NULL));
}

/* --- marks ------------------------------------------------------------------------------------------------------- */

static void
favourite_action (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  _eshi_gallery_mark (ESHI_GALLERY (user_data), ESHI_MARK_FAVOURITE, -1, NULL);
}

static void
rate_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  _eshi_gallery_mark (ESHI_GALLERY (user_data), ESHI_MARK_RATING, CLAMP (g_variant_get_int32 (parameter), 0, 5), NULL);
}

static void
add_tag_action (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);

  g_action_group_change_action_state (G_ACTION_GROUP (self->actions), "info", g_variant_new_boolean (TRUE));
  eshi_info_pane_focus_tag (self->info);
}

static void
on_info_cb (GSimpleAction *action,
            GVariant      *state,
            gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);

  g_simple_action_set_state (action, state);
  adw_flap_set_reveal_flap (self->flap, g_variant_get_boolean (state));
}

/* --- the rest ---------------------------------------------------------------------------------------------------- */

static void
open_folder_action (GSimpleAction *action,
                    GVariant      *parameter,
                    gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);
  g_autoptr(EshiHistoryItem) item = _eshi_gallery_ref_target (self);
  const EshiHistoryPicture *picture = item != NULL ? eshi_history_item_get_picture (item) : NULL;

  if (picture != NULL)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.open-folder", "s", picture->path);
}

static void
copy_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  _eshi_gallery_copy (ESHI_GALLERY (user_data));
}

static void
export_action (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  _eshi_gallery_export (ESHI_GALLERY (user_data));
}

static void
select_all_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  gtk_selection_model_select_all (GTK_SELECTION_MODEL (ESHI_GALLERY (user_data)->selection));
}

static void
unselect_action (GSimpleAction *action,
                 GVariant      *parameter,
                 gpointer       user_data)
{
  gtk_selection_model_unselect_all (GTK_SELECTION_MODEL (ESHI_GALLERY (user_data)->selection));
}

static void
trash_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  _eshi_gallery_trash (ESHI_GALLERY (user_data));
}

static void
restore_action (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  _eshi_gallery_restore (ESHI_GALLERY (user_data));
}

static void
empty_trash_action (GSimpleAction *action,
                    GVariant      *parameter,
                    gpointer       user_data)
{
  _eshi_gallery_empty_trash (ESHI_GALLERY (user_data));
}

static void
undo_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  _eshi_gallery_undo (ESHI_GALLERY (user_data));
}

static const GActionEntry entries[] = {
  { "rerun", rerun_action },
  { "resume", resume_action },
  { "vary", vary_action },
  { "show-steps", show_steps_action },
  { "load-settings", load_settings_action, "s" },
  { "favourite", favourite_action },
  { "rate", rate_action, "i" },
  { "open-folder", open_folder_action },
  { "copy", copy_action },
  { "export", export_action },
  { "select-all", select_all_action },
  { "unselect", unselect_action },
  { "add-tag", add_tag_action },
  { "info", NULL, NULL, "false", on_info_cb },
  { "trash", trash_action },
  { "restore", restore_action },
  { "empty-trash", empty_trash_action },
  { "undo", undo_action },
};

void
_eshi_gallery_add_actions (EshiGallery *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  _eshi_gallery_add_uses (self);
  _eshi_gallery_add_sheet (self);
}

static void
enable (EshiGallery *self,
        const char  *name,
        gboolean     enabled)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), name);

  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), enabled);
}

static guint64
count_selected (EshiGallery *self)
{
  g_autoptr(GtkBitset) places = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));

  return gtk_bitset_get_size (places);
}

static gboolean
is_interrupted (EshiHistoryItem *item)
{
  const EshiHistoryPicture *picture = eshi_history_item_get_picture (item);

  return picture != NULL && picture->interrupted;
}

void
_eshi_gallery_update_actions (EshiGallery *self)
{
  g_autoptr(EshiHistoryItem) item = _eshi_gallery_ref_target (self);
  gboolean trash = _eshi_gallery_get_flag (self, "show-trash");
  gboolean some = item != NULL;
  guint n_pictures = g_list_model_get_n_items (G_LIST_MODEL (self->model));
  static const char * const of_pictures[] = { "rerun", "load-settings", "favourite", "rate", "add-tag", "open-folder",
                                              "copy", "export", "trash", "vary", "start-from", "open", "open-with",
                                              "wallpaper", "show-steps" };

  for (guint i = 0; i < G_N_ELEMENTS (of_pictures); i++)
    enable (self, of_pictures[i], some && !trash);
  enable (self, "resume", some && !trash && is_interrupted (item));
  enable (self, "restore", some && trash);
  enable (self, "view", some);
  enable (self, "compare", count_selected (self) > 1 && !_eshi_gallery_shows_large (self));
  enable (self, "contact-sheet", count_selected (self) > 1 && !trash && !_eshi_gallery_shows_large (self));
  enable (self, "cull", n_pictures > 0 && !trash);
  enable (self, "empty-trash", trash && n_pictures > 0);
  enable (self, "undo", self->undo != NULL && self->undo->len > 0);
  gtk_widget_set_visible (self->trash_button, !trash);
  gtk_widget_set_visible (self->restore_button, trash);
}

/* --- keys -------------------------------------------------------------------------------------------------------- */

static const struct
{
  guint keyval;
  GdkModifierType modifiers;
  const char *action;
  const char *parameter;   /* GVariant text; NULL for none */
  gboolean grid;           /* only on the grid: the large view has its own */
} keys[] = {
  { GDK_KEY_Delete, 0, "gallery.trash", NULL },
  { GDK_KEY_KP_Delete, 0, "gallery.trash", NULL },
  { GDK_KEY_z, GDK_CONTROL_MASK, "gallery.undo", NULL },
  { GDK_KEY_f, 0, "gallery.favourite", NULL },
  { GDK_KEY_0, 0, "gallery.rate", "0" },
  { GDK_KEY_1, 0, "gallery.rate", "1" },
  { GDK_KEY_2, 0, "gallery.rate", "2" },
  { GDK_KEY_3, 0, "gallery.rate", "3" },
  { GDK_KEY_4, 0, "gallery.rate", "4" },
  { GDK_KEY_5, 0, "gallery.rate", "5" },
  { GDK_KEY_Escape, 0, "gallery.unselect", NULL, TRUE },
  { GDK_KEY_space, 0, "gallery.view", NULL, TRUE },
  { GDK_KEY_r, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "gallery.rerun", NULL },
  { GDK_KEY_v, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "gallery.vary", NULL },
  { GDK_KEY_i, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "gallery.start-from", NULL },
  { GDK_KEY_k, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "gallery.show-steps", NULL },
  { GDK_KEY_c, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "gallery.copy", NULL },
  { GDK_KEY_c, GDK_CONTROL_MASK, "gallery.copy", NULL },
  { GDK_KEY_e, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "gallery.export", NULL },
};

void
_eshi_gallery_add_keys (EshiGallery *self,
                        GtkWidget   *widget)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  /* No input method composes on pictures; the toolkit's own keys for a grid would come first in the bubble phase. */
  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      GtkShortcut *shortcut;
      g_autoptr(GVariant) parameter = NULL;

      if (keys[i].grid && widget != GTK_WIDGET (self->grid))
        continue;
      shortcut = gtk_shortcut_new (gtk_keyval_trigger_new (keys[i].keyval, keys[i].modifiers),
                                   gtk_named_action_new (keys[i].action));
      if (keys[i].parameter != NULL)
        parameter = g_variant_ref_sink (g_variant_new_parsed (keys[i].parameter));
      gtk_shortcut_set_arguments (shortcut, parameter);
      gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller), shortcut);
    }
  gtk_widget_add_controller (widget, controller);
}
