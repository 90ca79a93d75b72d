/* eshi-window-desktop.c: what the desktop and other programs ask of the window: pictures to paint, to show and to look
 * for.
 *
 * Such a request never changes what is typed in the window; only a picture file that is opened does, because that is
 * what it is opened for.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-open-with.h"
#include "eshi-paint-request.h"
#include "eshi-test-log.h"
#include "eshi-wallpaper.h"

#include <glib/gi18n-lib.h>

static void
show_view (EshiWindow *self,
           const char *name)
{
  g_action_group_activate_action (G_ACTION_GROUP (self), "view", g_variant_new_string (name));
}

/* --- painting ---------------------------------------------------------------------------------------------------- */

/* A model is asked for by its name or its folder. */
static void
resolve_model (EshiWindow   *self,
               EshiSettings *settings)
{
  const EshiModelInfo *info = NULL;

  if (settings->model != NULL && !g_path_is_absolute (settings->model))
    info = eshi_model_list_find (self->models, NULL, settings->model);
  if (info == NULL)
    return;
  g_free (settings->model);
  settings->model = g_strdup (info->path);
}

static void
run_request (EshiWindow *self,
             GVariant   *request)
{
  g_autoptr(EshiSettings) settings = eshi_prompt_panel_dup_settings (self->panel);
  g_autoptr(GError) error = NULL;

  show_view (self, "studio");
  if (self->models->len == 0)
    {
      _eshi_window_toast (self, _("There is no model to paint with"));
      return;
    }
  if (!eshi_paint_request_apply (request, settings, &error))
    {
      _eshi_window_show_error (self, _("What Another Program Asked For Was Not Understood"), error, NULL);
      return;
    }
  resolve_model (self, settings);
  _eshi_window_generate (self, settings);
}

/* Runs what was asked for before it was known which models there are. */
void
_eshi_window_run_requests (EshiWindow *self)
{
  while (self->requests != NULL && self->requests->len > 0)
    {
      g_autoptr(GVariant) request = g_ptr_array_steal_index (self->requests, 0);

      run_request (self, request);
    }
}

void
eshi_window_paint (EshiWindow *self,
                   GVariant   *request)
{
  g_return_if_fail (ESHI_IS_WINDOW (self));
  g_return_if_fail (g_variant_is_of_type (request, G_VARIANT_TYPE_VARDICT));

  if (self->requests == NULL)
    self->requests = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_ptr_array_add (self->requests, g_variant_ref_sink (request));
  if (self->models != NULL)
    _eshi_window_run_requests (self);
}

/* --- a new picture ----------------------------------------------------------------------------------------------- */

void
eshi_window_begin_picture (EshiWindow *self)
{
  g_return_if_fail (ESHI_IS_WINDOW (self));

  show_view (self, "studio");
  g_action_group_activate_action (G_ACTION_GROUP (self), "focus-prompt", NULL);
  eshi_prompt_panel_select_prompt (self->panel);
}

static void
on_active_cb (EshiWindow *self)
{
  if (!gtk_window_is_active (GTK_WINDOW (self)))
    return;
  g_signal_handlers_disconnect_by_func (self, on_active_cb, NULL);
  show_view (self, "studio");
  g_action_group_activate_action (G_ACTION_GROUP (self), "paste-input", NULL);
}

void
eshi_window_paste_picture (EshiWindow *self)
{
  g_return_if_fail (ESHI_IS_WINDOW (self));

  /* The clipboard is shown only to the window that has the keyboard. */
  if (gtk_window_is_active (GTK_WINDOW (self)))
    on_active_cb (self);
  else
    g_signal_connect (self, "notify::is-active", G_CALLBACK (on_active_cb), NULL);
}

/* --- the gallery ------------------------------------------------------------------------------------------------- */

void
eshi_window_show_gallery (EshiWindow *self)
{
  g_return_if_fail (ESHI_IS_WINDOW (self));

  show_view (self, "gallery");
}

void
eshi_window_search (EshiWindow *self,
                    const char *text)
{
  g_return_if_fail (ESHI_IS_WINDOW (self));
  g_return_if_fail (text != NULL);

  show_view (self, "gallery");
  eshi_gallery_search (self->gallery, text);
}

void
eshi_window_show_picture (EshiWindow *self,
                          gint64      id)
{
  g_return_if_fail (ESHI_IS_WINDOW (self));

  show_view (self, "gallery");
  eshi_gallery_open_picture (self->gallery, id);
}

/* --- the shown picture for the desktop --------------------------------------------------------------------------- */

/* (transfer full) (nullable): NULL for a picture without a file */
static GFile *
dup_picture_file (EshiWindow *self)
{
  EshiPicture *picture = _eshi_window_get_picture (self);

  if (picture == NULL || eshi_picture_get_path (picture) == NULL)
    return NULL;
  return g_file_new_for_path (eshi_picture_get_path (picture));
}

static void
vary_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);
  g_autoptr(EshiSettings) settings = NULL;

  if (picture == NULL)
    return;
  settings = eshi_settings_copy (eshi_picture_get_settings (picture));
  eshi_picture_vary_settings (settings);
  _eshi_window_generate_from (self, settings, eshi_picture_get_id (picture), ESHI_RELATION_VARIATION);
}

static void
open_with_action (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  g_autoptr(GFile) file = dup_picture_file (self);

  if (file != NULL)
    eshi_open_with (GTK_WINDOW (self), file);
}

static void
on_wallpaper_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(EshiWindow) self = user_data;
  g_autoptr(GError) error = NULL;

  if (eshi_wallpaper_set_finish (result, &error))
    _eshi_window_toast (self, _("The wallpaper was changed"));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    _eshi_window_show_error (self, _("The Wallpaper Was Not Changed"), error, NULL);
}

static void
wallpaper_action (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  g_autoptr(GFile) file = dup_picture_file (self);

  if (file != NULL)
    eshi_wallpaper_set_async (file, self->cancellable, on_wallpaper_cb, g_object_ref (self));
}

static const GActionEntry entries[] = {
  { "vary", vary_action },
  { "open-with", open_with_action },
  { "wallpaper", wallpaper_action },
};

void
_eshi_window_add_desktop (EshiWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}

/* --- a picture file ---------------------------------------------------------------------------------------------- */

/* The picture of this run that has the file @path; (transfer full) (nullable). */
static EshiPicture *
find_by_path (EshiWindow *self,
              const char *path)
{
  GListModel *pictures = eshi_session_get_pictures (self->session);

  for (guint i = 0; i < g_list_model_get_n_items (pictures); i++)
    {
      g_autoptr(EshiPicture) picture = g_list_model_get_item (pictures, i);

      if (g_strcmp0 (eshi_picture_get_path (picture), path) == 0)
        return g_steal_pointer (&picture);
    }
  return NULL;
}

/* Shows the opened file's picture on the canvas and in the filmstrip. */
void
_eshi_window_show_opened (EshiWindow         *self,
                          GFile              *file,
                          EshiImage          *image,
                          const EshiSettings *settings,
                          const char         *model_name)
{
  g_autoptr(EshiPicture) picture = find_by_path (self, g_file_peek_path (file));

  if (picture == NULL)
    {
      picture = eshi_picture_new (image, settings, model_name);
      eshi_picture_set_path (picture, g_file_peek_path (file));
      eshi_session_restore (self->session, picture, 0);
    }
  show_view (self, "studio");
  self->following = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (self->filmstrip), TRUE);
  eshi_filmstrip_set_selected (self->filmstrip, picture);
  eshi_test_log ("OPENED %s", g_file_peek_path (file));
}
