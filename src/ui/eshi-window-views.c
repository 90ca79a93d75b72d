/* eshi-window-views.c: the window's views: puts the studio into its frame beside the gallery and the queue, and joins them.
 *
 * The gallery knows no session and no prompt panel: what it asks for by its signals is done here.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

#define STUDIO "studio"
#define GALLERY "gallery"
#define QUEUE "queue"

gboolean
_eshi_window_shows_studio (EshiWindow *self)
{
  return g_strcmp0 (eshi_views_get_visible_name (self->views), STUDIO) == 0;
}

static void
show_view (EshiWindow *self,
           const char *name)
{
  eshi_views_set_visible_name (self->views, name);
}

static void
on_view_cb (EshiWindow *self)
{
  const char *name = eshi_views_get_visible_name (self->views);
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), "view");

  g_assert (ESHI_IS_WINDOW (self));

  if (name == NULL || action == NULL)
    return;
  g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_string (name));
  eshi_test_log ("VIEW %s", name);
  _eshi_window_fill_views (self);
  if (g_str_equal (name, GALLERY))
    {
      eshi_gallery_focus_pictures (self->gallery);
      eshi_gallery_check_files (self->gallery);
    }
  else if (g_str_equal (name, QUEUE))
    {
      eshi_queue_view_focus (self->queue_view);
    }
}

static void
view_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  show_view (ESHI_WINDOW (user_data), g_variant_get_string (parameter, NULL));
}

static void
search_action (GSimpleAction *action,
               GVariant      *parameter,
               gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  show_view (self, GALLERY);
  eshi_gallery_focus_search (self->gallery);
}

/* --- what the gallery asks for ----------------------------------------------------------------------------------- */

static void
paint (EshiWindow         *self,
       const EshiSettings *settings,
       gint64              parent,
       EshiRelation        relation)
{
  if (self->models == NULL || self->models->len == 0)
    {
      _eshi_window_toast (self, _("There is no model to paint with"));
      return;
    }
  show_view (self, STUDIO);
  _eshi_window_generate_from (self, settings, parent, relation);
}

static void
on_generate_cb (EshiWindow         *self,
                const EshiSettings *settings,
                gint64              parent)
{
  g_assert (ESHI_IS_WINDOW (self));

  paint (self, settings, parent, ESHI_RELATION_RERUN);
}

static void
on_vary_cb (EshiWindow         *self,
            const EshiSettings *settings,
            gint64              parent)
{
  g_assert (ESHI_IS_WINDOW (self));

  paint (self, settings, parent, ESHI_RELATION_VARIATION);
}

static void
on_resume_cb (EshiWindow         *self,
              const EshiSettings *settings,
              gint64              id)
{
  g_assert (ESHI_IS_WINDOW (self));

  show_view (self, STUDIO);
  _eshi_window_resume_picture (self, settings, id);
}

static void
on_load_settings_cb (EshiWindow         *self,
                     const EshiSettings *settings,
                     const char         *parts)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_take_over_settings (self, settings, parts);
  show_view (self, STUDIO);
}

static void
on_failed_cb (EshiWindow   *self,
              const char   *heading,
              const GError *error)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_show_error (self, heading, error, NULL);
}

static const GActionEntry entries[] = {
  { "view", view_action, "s", "'" STUDIO "'" },
  { "search", search_action },
};

/* An empty place for a view: filled when it is shown, or else after the first frame, which is the sooner there. */
static AdwBin *
add_place (EshiWindow *self,
           const char *name,
           const char *title,
           const char *icon_name)
{
  GtkWidget *place = adw_bin_new ();

  eshi_views_add (self->views, place, name, title, icon_name);
  return ADW_BIN (place);
}

static void
add_frame (EshiWindow *self)
{
  self->views = ESHI_VIEWS (eshi_views_new ());
  self->model_button = eshi_views_get_model_button (self->views);
  gtk_menu_button_set_menu_model (self->model_button, G_MENU_MODEL (self->model_menu));
  eshi_views_set_menu (self->views, self->primary_menu);
  self->notices = ESHI_NOTICE_BAR (eshi_notice_bar_new ());
  eshi_views_add_top_bar (self->views, GTK_WIDGET (self->notices));
}

void
_eshi_window_add_views (EshiWindow *self)
{
  g_autoptr(GtkWidget) studio = g_object_ref (GTK_WIDGET (self->leaflet));

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  add_frame (self);
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (self), NULL);
  eshi_views_add (self->views, studio, STUDIO, _("Studio"), "eshi-brush-symbolic");
  self->gallery_place = add_place (self, GALLERY, _("Gallery"), "image-x-generic-symbolic");
  self->queue_place = add_place (self, QUEUE, _("Queue"), "view-list-symbolic");
  eshi_views_follow_leaflet (self->views, self->leaflet, self->panel_page);
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (self), GTK_WIDGET (self->views));
  g_signal_connect_object (self->views, "notify::visible-name", G_CALLBACK (on_view_cb), self, G_CONNECT_SWAPPED);
}

static void
follow_gallery (EshiWindow *self)
{
  EshiGallery *gallery = self->gallery;

  g_signal_connect_object (gallery, "resume", G_CALLBACK (on_resume_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gallery, "generate", G_CALLBACK (on_generate_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gallery, "vary", G_CALLBACK (on_vary_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gallery, "show-steps", G_CALLBACK (_eshi_window_show_steps_of), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gallery, "load-settings", G_CALLBACK (on_load_settings_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gallery, "failed", G_CALLBACK (on_failed_cb), self, G_CONNECT_SWAPPED);
}

static void
fill_gallery (EshiWindow *self)
{
  if (self->gallery != NULL)
    return;

  self->gallery = ESHI_GALLERY (eshi_gallery_new ());
  adw_bin_set_child (self->gallery_place, GTK_WIDGET (self->gallery));
  follow_gallery (self);
  eshi_gallery_set_history (self->gallery, eshi_session_get_history (self->session));
}

static void
fill_queue_view (EshiWindow *self)
{
  if (self->queue_view != NULL)
    return;

  self->queue_view = ESHI_QUEUE_VIEW (eshi_queue_view_new ());
  adw_bin_set_child (self->queue_place, GTK_WIDGET (self->queue_view));
  eshi_queue_view_set_queue (self->queue_view, eshi_session_get_queue (self->session));
}

void
_eshi_window_fill_views (EshiWindow *self)
{
  eshi_prompt_panel_fill (self->panel);
  fill_gallery (self);
  fill_queue_view (self);
}

/* One of them each time, so that the window answers in between. */
static gboolean
on_fill_cb (gpointer user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  if (eshi_prompt_panel_fill (self->panel))
    return G_SOURCE_CONTINUE;
  if (self->gallery == NULL)
    {
      fill_gallery (self);
      return G_SOURCE_CONTINUE;
    }
  fill_queue_view (self);
  self->fill_source = 0;

  return G_SOURCE_REMOVE;
}

void
_eshi_window_fill_views_later (EshiWindow *self)
{
  if (self->fill_source == 0)
    self->fill_source = g_idle_add (on_fill_cb, self);
}
