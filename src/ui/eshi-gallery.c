/* eshi-gallery.c: all pictures that were ever painted: builds the view, and follows the history.
 *
 * What is seen is the history's answer and nothing else: every change goes to the history, which tells the list. The
 * place and the selection stay where they are while pictures come and go.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-gallery-private.h"

#include "eshi-menu-focus.h"
#include "eshi-test-log.h"
#include "eshi-tile.h"
#include "eshi-toasts.h"

#include <glib/gi18n-lib.h>

#define TILE_GAP 6             /* as in style.css */
#define MIN_COLUMNS 2
#define MAX_COLUMNS 16         /* the toolkit makes about thirty tiles for each */
#define DATE_MS 900
#define NARROW 520             /* below, the size of the tiles is not on offer */
#define COUNTS_MS 800

enum
{
  GENERATE,
  RESUME,
  VARY,
  SHOW_STEPS,
  LOAD_SETTINGS,
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiGallery, eshi_gallery, ADW_TYPE_BIN)

static void
on_toast_dismissed_cb (EshiGallery *self,
                       AdwToast    *toast)
{
  g_assert (ESHI_IS_GALLERY (self));

  if (self->toast == toast)
    g_clear_weak_pointer (&self->toast);
}

void
_eshi_gallery_show_toast (EshiGallery *self,
                          AdwToast    *toast)
{
  g_autoptr(AdwToast) shown = self->toast != NULL ? g_object_ref (self->toast) : NULL;

  if (shown != NULL)
    eshi_toasts_dismiss (self->toasts, shown);
  g_clear_weak_pointer (&self->toast);
  if (toast == NULL)
    return;
  g_signal_connect_object (toast, "dismissed", G_CALLBACK (on_toast_dismissed_cb), self, G_CONNECT_SWAPPED);
  g_set_weak_pointer (&self->toast, toast);
  eshi_toasts_add (self->toasts, toast);
}

void
_eshi_gallery_toast (EshiGallery *self,
                     const char  *text)
{
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_timeout (toast, 3);
  _eshi_gallery_show_toast (self, toast);
  eshi_test_log ("TOAST %s", text);
}

void
_eshi_gallery_fail (EshiGallery  *self,
                    const char   *heading,
                    const GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_signal_emit (self, signals[FAILED], 0, heading, error);
}

gboolean
_eshi_gallery_get_flag (EshiGallery *self,
                        const char  *action)
{
  g_autoptr(GVariant) state = g_action_group_get_action_state (G_ACTION_GROUP (self->actions), action);

  return g_variant_get_boolean (state);
}

/* --- what is selected -------------------------------------------------------------------------------------------- */

GArray *
_eshi_gallery_dup_targets (EshiGallery *self)
{
  g_autoptr(GtkBitset) places = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  GtkBitsetIter iter;
  guint position;

  if (_eshi_gallery_shows_large (self))
    {
      EshiHistoryItem *item = eshi_viewer_get_item (self->viewer);
      gint64 id = item != NULL ? eshi_history_item_get_id (item) : 0;

      if (id != 0)
        g_array_append_val (ids, id);
      return ids;
    }
  for (gboolean there = gtk_bitset_iter_init_first (&iter, places, &position); there;
       there = gtk_bitset_iter_next (&iter, &position))
    {
      gint64 id = eshi_history_model_get_id (self->model, position);

      g_array_append_val (ids, id);
    }
  return ids;
}

EshiHistoryItem *
_eshi_gallery_ref_target (EshiGallery *self)
{
  g_autoptr(GtkBitset) places = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));

  if (_eshi_gallery_shows_large (self))
    return eshi_viewer_get_item (self->viewer) != NULL ? g_object_ref (eshi_viewer_get_item (self->viewer)) : NULL;
  if (gtk_bitset_is_empty (places))
    return NULL;
  return g_list_model_get_item (G_LIST_MODEL (self->model), gtk_bitset_get_minimum (places));
}

void
_eshi_gallery_scroll_to (EshiGallery *self,
                         guint        position)
{
  gtk_widget_activate_action (GTK_WIDGET (self->grid), "list.scroll-to-item", "u", position);
}

static void
update_count (EshiGallery *self)
{
  g_autoptr(GtkBitset) places = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  gulong n_selected = (gulong) gtk_bitset_get_size (places);
  gulong n_pictures = g_list_model_get_n_items (G_LIST_MODEL (self->model));
  g_autofree char *text = NULL;

  if (n_selected > 0)
    text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%'lu selected", "%'lu selected", n_selected), n_selected);
  else
    text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%'lu picture", "%'lu pictures", n_pictures), n_pictures);
  gtk_label_set_text (self->count_label, text);
}

static void
show_info (EshiGallery *self)
{
  g_autoptr(GtkBitset) places = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  g_autoptr(EshiHistoryItem) item = NULL;

  if (!gtk_bitset_is_empty (places))
    item = g_list_model_get_item (G_LIST_MODEL (self->model), gtk_bitset_get_minimum (places));
  eshi_info_pane_set_item (self->info, item, (guint) gtk_bitset_get_size (places));
}

static void
on_selection_changed_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  update_count (self);
  show_info (self);
  _eshi_gallery_update_actions (self);
}

/* --- what is there ----------------------------------------------------------------------------------------------- */

/* Shows the grid, or why it is empty. The keyboard stays where it can undo what emptied it. */
static void
show_state (EshiGallery *self,
            const char  *state)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  gboolean inside = focus == NULL || gtk_widget_is_ancestor (focus, GTK_WIDGET (self->state));

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->state), state) == 0)
    return;
  gtk_stack_set_visible_child_name (self->state, state);
  if (inside && gtk_widget_get_mapped (GTK_WIDGET (self)))
    gtk_widget_child_focus (GTK_WIDGET (self->state), GTK_DIR_TAB_FORWARD);
}

static void
update_state (EshiGallery *self)
{
  const char *state = "grid";

  if (self->searched && g_list_model_get_n_items (G_LIST_MODEL (self->model)) == 0)
    {
      g_autofree char *words = _eshi_gallery_dup_search_words (self);
      g_autofree char *escaped = g_markup_escape_text (words, -1);
      /* Translators: %s is what was searched for, as a list */
      g_autofree char *sentence = g_strdup_printf (_("Nothing fits %s."), escaped);

      adw_status_page_set_description (self->no_match_page, sentence);
      state = _eshi_gallery_is_filtered (self)              ? "no-match"
              : _eshi_gallery_get_flag (self, "show-trash") ? "trash-empty"
                                                            : "empty";
    }
  show_state (self, state);
}

/* After pictures were taken away, the next one is selected, so that one can go on with the keyboard. */
static void
select_neighbour (EshiGallery *self)
{
  guint n_pictures = g_list_model_get_n_items (G_LIST_MODEL (self->model));
  guint position = self->select_after;

  self->select_after = GTK_INVALID_LIST_POSITION;
  if (position != GTK_INVALID_LIST_POSITION && n_pictures > 0)
    gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), MIN (position, n_pictures - 1), TRUE);
}

/* A picture that was taken back while another one was shown large is shown again. */
static void
show_returned (EshiGallery *self)
{
  guint position;

  if (self->returned != 0 && _eshi_gallery_shows_large (self) &&
      (self->scope != NULL ? eshi_history_scope_find (self->scope, self->returned, &position)
                           : eshi_history_model_find (self->model, self->returned, &position)))
    eshi_viewer_set_position (self->viewer, position);
  self->returned = 0;
}

static void
on_found_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  self->searched = TRUE;
  select_neighbour (self);
  show_returned (self);
  update_state (self);
  update_count (self);
  show_info (self);
  _eshi_gallery_open_wanted (self);
  _eshi_gallery_update_actions (self);
  eshi_test_log ("FOUND %u", g_list_model_get_n_items (G_LIST_MODEL (self->model)));
}

static void
on_find_failed_cb (EshiGallery  *self,
                   const GError *error)
{
  g_assert (ESHI_IS_GALLERY (self));

  if (self->searched)
    {
      _eshi_gallery_fail (self, _("The Pictures Could Not Be Looked Up"), error);
      return;
    }
  /* It never was open, so there is nothing else to be seen. */
  {
    g_autofree char *escaped = g_markup_escape_text (error->message, -1);

    adw_status_page_set_description (self->closed_page, escaped);
    show_state (self, "closed");
  }
}

static gboolean
on_counts_cb (gpointer user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);

  self->counts_source = 0;
  self->uncounted = FALSE;
  _eshi_gallery_count_values (self);
  return G_SOURCE_REMOVE;
}

static void
on_history_changed_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  self->uncounted = TRUE;
  if (self->counts_source == 0 && gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->counts_source = g_timeout_add (COUNTS_MS, on_counts_cb, self);
}

/* While nobody looks at it, nothing is done for it: pictures are being painted then. */
static void
eshi_gallery_map (GtkWidget *widget)
{
  EshiGallery *self = ESHI_GALLERY (widget);

  GTK_WIDGET_CLASS (eshi_gallery_parent_class)->map (widget);
  eshi_history_model_set_awake (self->model, TRUE);
  if (self->uncounted)
    on_history_changed_cb (self);
}

static void
eshi_gallery_unmap (GtkWidget *widget)
{
  EshiGallery *self = ESHI_GALLERY (widget);

  GTK_WIDGET_CLASS (eshi_gallery_parent_class)->unmap (widget);
  eshi_history_model_set_awake (self->model, FALSE);
}

/* --- the info pane ----------------------------------------------------------------------------------------------- */

static void
on_set_tag_cb (EshiGallery *self,
               const char  *tag,
               gboolean     present)
{
  g_assert (ESHI_IS_GALLERY (self));

  _eshi_gallery_mark (self, ESHI_MARK_TAG, present ? 1 : 0, tag);
}

static void
on_show_picture_cb (EshiGallery *self,
                    gint64       id)
{
  guint position;

  g_assert (ESHI_IS_GALLERY (self));

  if (!eshi_history_model_find (self->model, id, &position))
    {
      _eshi_gallery_toast (self, _("This picture is not among those that are shown"));
      return;
    }
  gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), position, TRUE);
  _eshi_gallery_scroll_to (self, position);
}

/* --- tiles ------------------------------------------------------------------------------------------------------- */

void
_eshi_gallery_open_menu (EshiGallery *self,
                         GtkWidget   *at,
                         double       x,
                         double       y)
{
  gboolean trash = _eshi_gallery_get_flag (self, "show-trash");
  GtkWidget *popover = gtk_popover_menu_new_from_model (trash ? self->trash_menu : self->picture_menu);

  /* A picture that was selected before it was read may be an interrupted one. */
  _eshi_gallery_update_actions (self);
  if (self->popover != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->popover));
  gtk_widget_set_parent (popover, GTK_WIDGET (self));
  gtk_widget_translate_coordinates (at, GTK_WIDGET (self), x, y, &x, &y);
  gtk_popover_set_has_arrow (GTK_POPOVER (popover), FALSE);
  gtk_widget_set_halign (popover, GTK_ALIGN_START);
  gtk_popover_set_pointing_to (GTK_POPOVER (popover), &(GdkRectangle) { (int) x, (int) y, 1, 1 });
  g_set_weak_pointer (&self->popover, GTK_POPOVER (popover));
  eshi_menu_focus_keep (self->popover);
  gtk_popover_popup (self->popover);
}

static void
on_tile_menu_cb (EshiGallery *self,
                 int          n_press,
                 double       x,
                 double       y,
                 GtkGesture  *gesture)
{
  GtkWidget *tile = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));
  GtkListItem *item = g_object_get_data (G_OBJECT (tile), "eshi-list-item");

  g_assert (ESHI_IS_GALLERY (self));

  if (!gtk_list_item_get_selected (item))
    gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), gtk_list_item_get_position (item), TRUE);
  _eshi_gallery_open_menu (self, tile, x, y);
}

static void
on_tile_hold_cb (EshiGallery *self,
                 double       x,
                 double       y,
                 GtkGesture  *gesture)
{
  on_tile_menu_cb (self, 1, x, y, gesture);
}

static GdkContentProvider *
on_drag_prepare_cb (EshiGallery   *self,
                    double         x,
                    double         y,
                    GtkDragSource *source)
{
  GtkWidget *tile = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (source));

  g_assert (ESHI_IS_GALLERY (self));

  return _eshi_gallery_provide_files (self, eshi_tile_get_item (ESHI_TILE (tile)));
}

static void
on_drag_begin_cb (EshiGallery   *self,
                  GdkDrag       *drag,
                  GtkDragSource *source)
{
  GtkWidget *tile = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (source));
  g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new (tile);

  g_assert (ESHI_IS_GALLERY (self));

  gtk_drag_source_set_icon (source, paintable, 24, 24);
}

static void
add_tile_controllers (EshiGallery *self,
                      GtkWidget   *tile)
{
  GtkGesture *menu = gtk_gesture_click_new ();
  GtkGesture *hold = gtk_gesture_long_press_new ();
  GtkDragSource *drag = gtk_drag_source_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (menu), GDK_BUTTON_SECONDARY);
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (hold), TRUE);
  g_signal_connect_object (menu, "pressed", G_CALLBACK (on_tile_menu_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (hold, "pressed", G_CALLBACK (on_tile_hold_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (drag, "prepare", G_CALLBACK (on_drag_prepare_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (drag, "drag-begin", G_CALLBACK (on_drag_begin_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (tile, GTK_EVENT_CONTROLLER (menu));
  gtk_widget_add_controller (tile, GTK_EVENT_CONTROLLER (hold));
  gtk_widget_add_controller (tile, GTK_EVENT_CONTROLLER (drag));
}

static void
on_setup_cb (EshiGallery *self,
             GtkListItem *item)
{
  GtkWidget *tile = eshi_tile_new (self->thumbnails);

  g_assert (ESHI_IS_GALLERY (self));

  g_object_set_data (G_OBJECT (tile), "eshi-list-item", item);
  add_tile_controllers (self, tile);
  gtk_list_item_set_child (item, tile);
}

static void
on_bind_cb (EshiGallery *self,
            GtkListItem *item)
{
  g_assert (ESHI_IS_GALLERY (self));

  eshi_tile_set_item (ESHI_TILE (gtk_list_item_get_child (item)), gtk_list_item_get_item (item));
}

static void
on_unbind_cb (EshiGallery *self,
              GtkListItem *item)
{
  g_assert (ESHI_IS_GALLERY (self));

  eshi_tile_set_item (ESHI_TILE (gtk_list_item_get_child (item)), NULL);
}

/* What a menu that a key asks for belongs to: the tile with the keyboard or, where a picture fills the view, all of it. */
static GtkWidget *
find_menu_place (EshiGallery *self)
{
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (GTK_WIDGET (self)));

  if (focus != NULL && focus != GTK_WIDGET (self->grid) && gtk_widget_is_ancestor (focus, GTK_WIDGET (self->grid)))
    return focus;
  return GTK_WIDGET (self);
}

static gboolean
menu_key_cb (GtkWidget *widget,
             GVariant  *args,
             gpointer   user_data)
{
  EshiGallery *self = ESHI_GALLERY (widget);
  g_autoptr(EshiHistoryItem) item = _eshi_gallery_ref_target (self);
  GtkWidget *at = find_menu_place (self);

  if (item == NULL)
    return GDK_EVENT_PROPAGATE;
  _eshi_gallery_open_menu (self, at, gtk_widget_get_width (at) / 2.0, gtk_widget_get_height (at) / 2.0);
  return GDK_EVENT_STOP;
}

/* --- the date while scrolling ------------------------------------------------------------------------------------ */

static gboolean
on_date_over_cb (gpointer user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);

  self->date_source = 0;
  gtk_revealer_set_reveal_child (self->date_revealer, FALSE);
  return G_SOURCE_REMOVE;
}

/* Day of the first picture in sight. (transfer full) (nullable) */
static char *
dup_date_in_sight (EshiGallery *self)
{
  GtkWidget *under = gtk_widget_pick (GTK_WIDGET (self->grid), 40, 40, GTK_PICK_DEFAULT);
  GtkWidget *tile = under != NULL ? gtk_widget_get_ancestor (under, ESHI_TYPE_TILE) : NULL;
  EshiHistoryItem *item = tile != NULL ? eshi_tile_get_item (ESHI_TILE (tile)) : NULL;
  const EshiHistoryPicture *picture = item != NULL ? eshi_history_item_get_picture (item) : NULL;
  g_autoptr(GDateTime) utc = NULL;
  g_autoptr(GDateTime) local = NULL;

  if (picture == NULL)
    return NULL;
  utc = g_date_time_new_from_unix_utc (picture->created / G_USEC_PER_SEC);
  local = g_date_time_to_local (utc);
  /* Translators: a day, as in g_date_time_format() */
  return g_date_time_format (local, _("%B %-d, %Y"));
}

static void
on_scrolled_cb (EshiGallery   *self,
                GtkAdjustment *adjustment)
{
  g_autofree char *date = NULL;

  g_assert (ESHI_IS_GALLERY (self));

  date = dup_date_in_sight (self);
  if (date == NULL || gtk_adjustment_get_upper (adjustment) <= gtk_adjustment_get_page_size (adjustment))
    return;
  gtk_label_set_text (self->date_label, date);
  gtk_revealer_set_reveal_child (self->date_revealer, TRUE);
  g_clear_handle_id (&self->date_source, g_source_remove);
  self->date_source = g_timeout_add (DATE_MS, on_date_over_cb, self);
}

/* --- columns ----------------------------------------------------------------------------------------------------- */

static gboolean
on_columns_cb (gpointer user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);

  self->columns_source = 0;
  gtk_grid_view_set_min_columns (self->grid, 1);
  gtk_grid_view_set_max_columns (self->grid, self->columns);
  gtk_grid_view_set_min_columns (self->grid, self->columns);
  return G_SOURCE_REMOVE;
}

static void
update_columns (EshiGallery *self)
{
  GtkAdjustment *room = gtk_scrolled_window_get_hadjustment (GTK_SCROLLED_WINDOW (self->scroller));
  int width = (int) gtk_adjustment_get_page_size (room);
  guint columns = (guint) (width / (gtk_adjustment_get_value (self->size) + TILE_GAP) + 0.5);

  columns = CLAMP (columns, MIN_COLUMNS, MAX_COLUMNS);
  gtk_widget_set_visible (self->size_scale, gtk_widget_get_width (GTK_WIDGET (self)) >= NARROW);
  if (width == 0 || columns == self->columns)
    return;
  self->columns = columns;
  if (self->columns_source == 0)
    self->columns_source = g_idle_add (on_columns_cb, self);
}

static void
on_width_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  update_columns (self);
}

static void
on_size_changed_cb (EshiGallery *self)
{
  g_assert (ESHI_IS_GALLERY (self));

  update_columns (self);
}

static void
eshi_gallery_size_allocate (GtkWidget *widget,
                            int        width,
                            int        height,
                            int        baseline)
{
  EshiGallery *self = ESHI_GALLERY (widget);

  GTK_WIDGET_CLASS (eshi_gallery_parent_class)->size_allocate (widget, width, height, baseline);
  if (self->popover != NULL)
    gtk_popover_present (self->popover);
}

/* --- the widget -------------------------------------------------------------------------------------------------- */

static void
eshi_gallery_dispose (GObject *object)
{
  EshiGallery *self = ESHI_GALLERY (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->columns_source, g_source_remove);
  g_clear_handle_id (&self->date_source, g_source_remove);
  g_clear_handle_id (&self->counts_source, g_source_remove);
  if (self->popover != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->popover));
  g_clear_weak_pointer (&self->popover);
  g_clear_weak_pointer (&self->toast);
  /* The child is bound: taken down with the template, it would leave the bin a pointer to nothing. */
  adw_bin_set_child (ADW_BIN (self), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_GALLERY);
  g_clear_object (&self->selection);
  g_clear_object (&self->scope);
  g_clear_object (&self->model);
  g_clear_object (&self->history);
  g_clear_object (&self->thumbnails);
  g_clear_object (&self->actions);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->undo, g_ptr_array_unref);
  g_clear_pointer (&self->text, g_free);
  G_OBJECT_CLASS (eshi_gallery_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-gallery.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, toasts);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, pages);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, search);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, size);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, size_scale);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, model_chip);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, sampler_chip);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, size_chip);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, date_chip);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, rating_chip);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, tag_chip);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, clear_button);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, flap);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, state);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, no_match_page);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, closed_page);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, scroller);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, grid);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, date_revealer);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, date_label);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, count_label);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, trash_button);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, restore_button);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, info);
  gtk_widget_class_bind_template_callback (widget_class, on_set_tag_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_show_picture_cb);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, viewer);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, compare);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, picture_menu);
  gtk_widget_class_bind_template_child (widget_class, EshiGallery, trash_menu);
  gtk_widget_class_bind_template_callback (widget_class, on_setup_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_bind_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_unbind_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_size_changed_cb);
}

static void
eshi_gallery_class_init (EshiGalleryClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_gallery_dispose;
  widget_class->size_allocate = eshi_gallery_size_allocate;
  widget_class->map = eshi_gallery_map;
  widget_class->unmap = eshi_gallery_unmap;
  signals[GENERATE] = g_signal_new ("generate", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 2, ESHI_TYPE_SETTINGS, G_TYPE_INT64);
  signals[RESUME] = g_signal_new ("resume", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, ESHI_TYPE_SETTINGS, G_TYPE_INT64);
  signals[VARY] = g_signal_new ("vary", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 2, ESHI_TYPE_SETTINGS, G_TYPE_INT64);
  signals[SHOW_STEPS] = g_signal_new ("show-steps", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 2, ESHI_TYPE_SETTINGS, ESHI_TYPE_HISTORY_PICTURE);
  signals[LOAD_SETTINGS] = g_signal_new ("load-settings", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 2, ESHI_TYPE_SETTINGS, G_TYPE_STRING);
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_ERROR);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "gallery.undo", NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, menu_key_cb, NULL);
  g_type_ensure (ESHI_TYPE_COMPARE);
  g_type_ensure (ESHI_TYPE_INFO_PANE);
  g_type_ensure (ESHI_TYPE_VIEWER);
  bind_template (widget_class);
}

static void
eshi_gallery_init (EshiGallery *self)
{
  self->thumbnails = eshi_thumbnail_cache_new ();
  self->actions = g_simple_action_group_new ();
  self->cancellable = g_cancellable_new ();
  self->select_after = GTK_INVALID_LIST_POSITION;
  self->model = eshi_history_model_new (NULL);
  self->selection = gtk_multi_selection_new (NULL);
  gtk_widget_init_template (GTK_WIDGET (self));
  _eshi_gallery_add_filters (self);
  _eshi_gallery_add_actions (self);
  _eshi_gallery_add_large (self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "gallery", G_ACTION_GROUP (self->actions));
  _eshi_gallery_add_keys (self, GTK_WIDGET (self->grid));
  /* Its page is as wide as the room for the grid. */
  g_signal_connect_object (gtk_scrolled_window_get_hadjustment (GTK_SCROLLED_WINDOW (self->scroller)),
                           "notify::page-size", G_CALLBACK (on_width_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (self->scroller)),
                           "value-changed", G_CALLBACK (on_scrolled_cb), self, G_CONNECT_SWAPPED);
}

GtkWidget *
eshi_gallery_new (void)
{
  return g_object_new (ESHI_TYPE_GALLERY, NULL);
}

void
eshi_gallery_set_history (EshiGallery *self,
                          EshiHistory *history)
{
  g_return_if_fail (ESHI_IS_GALLERY (self));
  g_return_if_fail (ESHI_IS_HISTORY (history));
  g_return_if_fail (self->history == NULL);

  self->history = g_object_ref (history);
  g_clear_object (&self->model);
  self->model = eshi_history_model_new (history);
  gtk_multi_selection_set_model (self->selection, G_LIST_MODEL (self->model));
  gtk_grid_view_set_model (self->grid, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_object (self->selection, "selection-changed", G_CALLBACK (on_selection_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->model, "found", G_CALLBACK (on_found_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->model, "failed", G_CALLBACK (on_find_failed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (history, "changed", G_CALLBACK (on_history_changed_cb), self, G_CONNECT_SWAPPED);
  eshi_info_pane_set_history (self->info, history, self->thumbnails);
  eshi_viewer_set_items (self->viewer, G_LIST_MODEL (self->model));
  _eshi_gallery_ask (self);
  _eshi_gallery_count_values (self);
  eshi_history_model_set_awake (self->model, gtk_widget_get_mapped (GTK_WIDGET (self)));
}

void
eshi_gallery_focus_search (EshiGallery *self)
{
  g_return_if_fail (ESHI_IS_GALLERY (self));

  gtk_stack_set_visible_child_name (self->pages, "grid");
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}

void
eshi_gallery_focus_pictures (EshiGallery *self)
{
  g_return_if_fail (ESHI_IS_GALLERY (self));

  /* A widget that is not seen would take the keys and do nothing with them. */
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->state), "grid") == 0)
    gtk_widget_grab_focus (GTK_WIDGET (self->grid));
  else
    gtk_widget_child_focus (GTK_WIDGET (self->state), GTK_DIR_TAB_FORWARD);
}

void
eshi_gallery_check_files (EshiGallery *self)
{
  g_return_if_fail (ESHI_IS_GALLERY (self));

  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    eshi_history_model_check_files (self->model);
}
