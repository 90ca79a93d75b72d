/* eshi-gallery-use.c: what a picture of the gallery is used for: the next picture, the wallpaper, other programs.
 *
 * All of it is about one picture, the first of the targets. Painting is the window's, which is asked by a signal or by
 * its actions.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-gallery-private.h"

#include "eshi-open-with.h"
#include "eshi-test-log.h"
#include "eshi-wallpaper.h"

#include <glib/gi18n-lib.h>

/* The first target's file, as it is called; NULL after having said that it is missing. (transfer full) */
static GFile *
dup_target_file (EshiGallery *self)
{
  g_autoptr(EshiHistoryItem) item = _eshi_gallery_ref_target (self);
  const EshiHistoryPicture *picture = item != NULL ? eshi_history_item_get_picture (item) : NULL;

  if (picture == NULL)
    return NULL;
  if (g_file_test (picture->path, G_FILE_TEST_IS_REGULAR))
    return g_file_new_for_path (picture->path);
  _eshi_gallery_toast (self, _("The file is missing; paint the picture again to get it back"));
  return NULL;
}

static GtkWindow *
get_window (EshiGallery *self)
{
  return GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
}

static void
start_from_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);
  g_autoptr(GFile) file = dup_target_file (self);
  g_autofree char *uri = file != NULL ? g_file_get_uri (file) : NULL;

  if (uri == NULL)
    return;
  gtk_widget_activate_action (GTK_WIDGET (self), "win.view", "s", "studio");
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-panel", NULL);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.input-from-file", "s", uri);
}

static void
open_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);
  g_autoptr(GFile) file = dup_target_file (self);
  g_autofree char *uri = file != NULL ? g_file_get_uri (file) : NULL;

  if (uri != NULL)
    gtk_show_uri (get_window (self), uri, GDK_CURRENT_TIME);
}

static void
open_with_action (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);
  g_autoptr(GFile) file = dup_target_file (self);

  if (file != NULL)
    eshi_open_with (get_window (self), file);
}

static void
on_wallpaper_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(EshiGallery) self = user_data;
  g_autoptr(GError) error = NULL;

  if (eshi_wallpaper_set_finish (result, &error))
    _eshi_gallery_toast (self, _("The wallpaper was changed"));
  else
    _eshi_gallery_fail (self, _("The Wallpaper Was Not Changed"), error);
}

static void
wallpaper_action (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);
  g_autoptr(GFile) file = dup_target_file (self);

  if (file != NULL)
    eshi_wallpaper_set_async (file, self->cancellable, on_wallpaper_cb, g_object_ref (self));
}

static const GActionEntry entries[] = {
  { "start-from", start_from_action },
  { "open", open_action },
  { "open-with", open_with_action },
  { "wallpaper", wallpaper_action },
};

void
_eshi_gallery_add_uses (EshiGallery *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
}
