/* eshi-gallery-large.c: the gallery's pictures large, one by one or several compared.
 *
 * The grid stays as it is below: closing comes back to the same place, with the picture that was shown last selected.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-gallery-private.h"

#include "eshi-compare-area.h"
#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

gboolean
_eshi_gallery_shows_large (EshiGallery *self)
{
  return g_strcmp0 (gtk_stack_get_visible_child_name (self->pages), "viewer") == 0;
}

static void
show_page (EshiGallery *self,
           const char  *name)
{
  gtk_stack_set_visible_child_name (self->pages, name);
  _eshi_gallery_update_actions (self);
  eshi_test_log ("PAGE %s", name);
}

/* @scope: (transfer full) (nullable): the pictures that one leafs through; NULL for all that are shown */
static void
set_scope (EshiGallery      *self,
           EshiHistoryScope *scope)
{
  if (self->scope == NULL && scope == NULL)
    return;
  eshi_viewer_set_items (self->viewer, scope != NULL ? G_LIST_MODEL (scope) : G_LIST_MODEL (self->model));
  g_clear_object (&self->scope);
  self->scope = scope;
}

static void
open_at (EshiGallery *self,
         guint        position)
{
  eshi_viewer_set_position (self->viewer, position);
  show_page (self, "viewer");
  gtk_widget_grab_focus (GTK_WIDGET (self->viewer));
}

void
_eshi_gallery_open (EshiGallery *self,
                    guint        position)
{
  set_scope (self, NULL);
  open_at (self, position);
}

void
_eshi_gallery_open_wanted (EshiGallery *self)
{
  gint64 id = self->wanted;
  guint position;

  self->wanted = 0;
  if (id == 0)
    return;
  if (eshi_history_model_find (self->model, id, &position))
    _eshi_gallery_open (self, position);
  else
    _eshi_gallery_toast (self, _("This picture is not among those that are shown"));
}

void
eshi_gallery_open_picture (EshiGallery *self,
                           gint64       id)
{
  g_return_if_fail (ESHI_IS_GALLERY (self));

  self->wanted = id;
  if (eshi_history_model_find (self->model, id, NULL))
    _eshi_gallery_open_wanted (self);
  else
    eshi_gallery_search (self, "");
}

static void
on_close_cb (EshiGallery *self)
{
  EshiHistoryItem *item = eshi_viewer_get_item (self->viewer);
  guint position = GTK_INVALID_LIST_POSITION;

  g_assert (ESHI_IS_GALLERY (self));

  eshi_viewer_set_culling (self->viewer, FALSE);
  show_page (self, "grid");
  if (item != NULL && eshi_history_model_find (self->model, eshi_history_item_get_id (item), &position))
    {
      gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), position, TRUE);
      _eshi_gallery_scroll_to (self, position);
    }
  eshi_viewer_set_position (self->viewer, GTK_INVALID_LIST_POSITION);
  set_scope (self, NULL);
  eshi_gallery_focus_pictures (self);
}

static void
on_compare_close_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  show_page (self, "grid");
  eshi_gallery_focus_pictures (self);
}

static void
on_activate_cb (EshiGallery *self,
                guint        position)
{
  g_assert (ESHI_IS_GALLERY (self));

  _eshi_gallery_open (self, position);
}

static void
on_reject_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  _eshi_gallery_trash (self);
}

static void
on_mark_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  g_action_group_activate_action (G_ACTION_GROUP (self->actions), "favourite", NULL);
}

static void
on_undo_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  _eshi_gallery_undo (self);
}

static void
on_menu_requested_cb (EshiGallery *self,
                      double       x,
                      double       y)
{
  g_assert (ESHI_IS_GALLERY (self));

  _eshi_gallery_open_menu (self, GTK_WIDGET (self->viewer), x, y);
}

static void
on_position_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  _eshi_gallery_update_actions (self);
}

/* --- actions ----------------------------------------------------------------------------------------------------- */

/* Place of the first selected picture; the first picture if none is. */
static guint
first_place (EshiGallery *self)
{
  g_autoptr(GtkBitset) places = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));

  return gtk_bitset_is_empty (places) ? 0 : gtk_bitset_get_minimum (places);
}

static void
view_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);

  if (!_eshi_gallery_shows_large (self))
    _eshi_gallery_open (self, first_place (self));
}

/* Those that are selected, or with one or none, all that are shown: those of a day, of a search, of a filter. */
static void
cull_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);
  g_autoptr(GArray) targets = _eshi_gallery_dup_targets (self);

  if (!_eshi_gallery_shows_large (self) && targets->len > 1)
    {
      set_scope (self, eshi_history_scope_new (self->model, targets));
      open_at (self, 0);
    }
  else if (!_eshi_gallery_shows_large (self))
    {
      _eshi_gallery_open (self, first_place (self));
    }
  eshi_viewer_set_culling (self->viewer, TRUE);
  eshi_test_log ("CULLING %u", g_list_model_get_n_items (self->scope != NULL ? G_LIST_MODEL (self->scope)
                                                                             : G_LIST_MODEL (self->model)));
}

static void
compare_action (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);
  g_autoptr(GtkBitset) places = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  GtkBitsetIter iter;
  guint position;

  for (gboolean there = gtk_bitset_iter_init_first (&iter, places, &position);
       there && items->len < ESHI_COMPARE_MAX;
       there = gtk_bitset_iter_next (&iter, &position))
    g_ptr_array_add (items, g_list_model_get_item (G_LIST_MODEL (self->model), position));
  eshi_compare_set_items (self->compare, items);
  show_page (self, "compare");
  gtk_widget_grab_focus (GTK_WIDGET (self->compare));
}

static const GActionEntry entries[] = {
  { "view", view_action },
  { "cull", cull_action },
  { "compare", compare_action },
};

void
_eshi_gallery_add_large (EshiGallery *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  g_signal_connect_object (self->grid, "activate", G_CALLBACK (on_activate_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->viewer, "close", G_CALLBACK (on_close_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->viewer, "reject", G_CALLBACK (on_reject_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->viewer, "mark", G_CALLBACK (on_mark_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->viewer, "undo", G_CALLBACK (on_undo_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->viewer, "menu-requested", G_CALLBACK (on_menu_requested_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->viewer, "notify::position", G_CALLBACK (on_position_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->compare, "close", G_CALLBACK (on_compare_close_cb), self, G_CONNECT_SWAPPED);
  _eshi_gallery_add_keys (self, GTK_WIDGET (self->viewer));
  _eshi_gallery_update_actions (self);
}
