/* eshi-window.c: the window: builds it, and follows the session.
 *
 * The canvas shows what is being painted (following), or a picture chosen from the filmstrip. 生成 follows again.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-error-dialog.h"
#include "eshi-menu-focus.h"
#include "eshi-test-log.h"
#include "eshi-toasts.h"

#include <glib/gi18n-lib.h>
#include <time.h>

#define WIDE_WIDTH 860   /* from here on the filmstrip stands at the side */

G_DEFINE_FINAL_TYPE (EshiWindow, eshi_window, ADW_TYPE_APPLICATION_WINDOW)

void
_eshi_window_toast (EshiWindow *self,
                    const char *text)
{
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_timeout (toast, 3);
  eshi_toasts_add (self->toasts, toast);
  eshi_test_log ("TOAST %s", text);
}

void
_eshi_window_show_error (EshiWindow   *self,
                         const char   *heading,
                         const GError *error,
                         const char   *about)
{
  if (self->error_dialog != NULL)
    {
      _eshi_window_toast (self, error->message);
      return;
    }
  self->error_dialog = eshi_error_dialog_new (GTK_WINDOW (self), heading, error, about);
  g_object_add_weak_pointer (G_OBJECT (self->error_dialog), (gpointer *) &self->error_dialog);
  gtk_window_present (GTK_WINDOW (self->error_dialog));
}

EshiPicture *
_eshi_window_get_picture (EshiWindow *self)
{
  return eshi_filmstrip_get_selected (self->filmstrip);
}

/* --- what the canvas shows --------------------------------------------------------------------------------------- */

static void
select_picture (EshiWindow  *self,
                EshiPicture *picture)
{
  self->selecting = TRUE;
  eshi_filmstrip_set_selected (self->filmstrip, picture);
  self->selecting = FALSE;
}

static void
show_picture (EshiWindow  *self,
              EshiPicture *picture)
{
  g_autofree char *summary = eshi_picture_dup_summary (picture);
  EshiImage *image = eshi_picture_get_image (picture);

  _eshi_window_end_mask (self, FALSE);
  adw_window_title_set_title (self->title, eshi_picture_get_title (picture));
  adw_window_title_set_subtitle (self->title, summary);
  eshi_canvas_show (self->canvas, eshi_picture_get_texture (picture),
                    eshi_image_get_width (image), eshi_image_get_height (image),
                    eshi_picture_get_title (picture));
  gtk_stack_set_visible_child_name (self->stack, "canvas");
}

static void
show_nothing (EshiWindow *self)
{
  adw_window_title_set_title (self->title, "");
  adw_window_title_set_subtitle (self->title, "");
  eshi_canvas_show (self->canvas, NULL, 0, 0, NULL);
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "no-model") != 0)
    gtk_stack_set_visible_child_name (self->stack, "empty");
}

static void
on_selected_cb (EshiWindow *self)
{
  EshiPicture *picture;

  g_assert (ESHI_IS_WINDOW (self));

  picture = _eshi_window_get_picture (self);
  if (!self->selecting && picture != NULL)
    self->following = FALSE;
  if (picture != NULL)
    show_picture (self, picture);
  else if (g_list_model_get_n_items (eshi_session_get_pictures (self->session)) == 0 && !self->following)
    show_nothing (self);
  _eshi_window_update_actions (self);
}

static void
on_preview_cb (EshiWindow *self)
{
  const EshiSettings *settings = eshi_session_get_settings (self->session);
  GdkTexture *preview = eshi_session_get_preview (self->session);
  gboolean sized;

  g_assert (ESHI_IS_WINDOW (self));

  if (!self->following || preview == NULL || settings == NULL)
    return;
  sized = settings->width > 0 && settings->height > 0;
  select_picture (self, NULL);
  adw_window_title_set_title (self->title, settings->prompt);
  adw_window_title_set_subtitle (self->title, _("Being painted"));
  eshi_canvas_show (self->canvas, preview,
                    sized ? settings->width : gdk_texture_get_width (preview),
                    sized ? settings->height : gdk_texture_get_height (preview),
                    settings->prompt);
  gtk_stack_set_visible_child_name (self->stack, "canvas");
}

/* After something else was on the canvas: @picture, or else what is newest. */
void
_eshi_window_show_again (EshiWindow  *self,
                         EshiPicture *picture)
{
  GListModel *pictures = eshi_session_get_pictures (self->session);
  g_autoptr(EshiPicture) newest = g_list_model_get_item (pictures, 0);

  if (picture == NULL && self->following && eshi_session_get_preview (self->session) != NULL)
    on_preview_cb (self);
  else if (picture != NULL || newest != NULL)
    select_picture (self, picture != NULL ? picture : newest);
  else
    show_nothing (self);
}

static void
on_painted_cb (EshiWindow  *self,
               EshiPicture *picture)
{
  g_assert (ESHI_IS_WINDOW (self));

  gtk_widget_set_visible (GTK_WIDGET (self->filmstrip), TRUE);
  if (self->following)
    select_picture (self, picture);
  if (eshi_picture_get_settings (picture)->withheld)
    _eshi_window_toast (self, _("The safety checker withheld the picture. Try another seed or another prompt"));
}

/* --- the session's other news ------------------------------------------------------------------------------------ */

static void
on_started_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  eshi_progress_row_reset (self->progress_row);
  if (self->saved_toast != NULL)
    eshi_toasts_dismiss (self->toasts, self->saved_toast);
}

static void
on_progress_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  eshi_progress_row_update (self->progress_row, eshi_session_get_progress (self->session));
  eshi_test_log ("LABEL %s", eshi_progress_row_get_text (self->progress_row));
}

static void
on_saved_cb (EshiWindow  *self,
             EshiPicture *picture)
{
  AdwToast *toast;

  g_assert (ESHI_IS_WINDOW (self));

  if (self->saved_toast != NULL)
    eshi_toasts_dismiss (self->toasts, self->saved_toast);
  toast = adw_toast_new (_("Saved"));
  adw_toast_set_timeout (toast, 4);
  adw_toast_set_button_label (toast, _("Open Folder"));
  adw_toast_set_action_name (toast, "win.open-folder");
  adw_toast_set_action_target_value (toast, g_variant_new_string (eshi_picture_get_path (picture)));
  g_set_weak_pointer (&self->saved_toast, toast);
  eshi_toasts_add (self->toasts, toast);
  _eshi_window_update_actions (self);
}

/* By now something else may be painted. */
static void
on_left_cb (EshiWindow  *self,
            EshiPicture *picture)
{
  g_assert (ESHI_IS_WINDOW (self));

  gtk_widget_set_visible (GTK_WIDGET (self->filmstrip), TRUE);
  if (self->following && !eshi_session_get_busy (self->session))
    select_picture (self, picture);
  _eshi_window_update_actions (self);
}

static void
on_stopped_cb (EshiWindow *self,
               gboolean    cancelled)
{
  g_assert (ESHI_IS_WINDOW (self));

  if (cancelled)
    _eshi_window_show_interrupted (self);
}

static void
on_failed_cb (EshiWindow   *self,
              const GError *error,
              const char   *about)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_show_error (self, _("The Picture Could Not Be Finished"), error, about);
}

static void
inhibit_suspend (EshiWindow *self,
                 gboolean    busy)
{
  GtkApplication *application = gtk_window_get_application (GTK_WINDOW (self));

  if (application == NULL)
    return;
  if (busy && self->inhibit_cookie == 0)
    {
      self->inhibit_cookie = gtk_application_inhibit (application, GTK_WINDOW (self),
                                                      GTK_APPLICATION_INHIBIT_SUSPEND, _("A picture is being painted"));
    }
  else if (!busy && self->inhibit_cookie != 0)
    {
      gtk_application_uninhibit (application, self->inhibit_cookie);
      self->inhibit_cookie = 0;
    }
}

static void
on_busy_cb (EshiWindow *self)
{
  gboolean busy;

  g_assert (ESHI_IS_WINDOW (self));

  busy = eshi_session_get_busy (self->session);
  if (busy)
    eshi_progress_row_reset (self->progress_row);
  gtk_stack_set_visible_child_name (self->foot, busy ? "progress" : "picture");
  _eshi_window_update_input (self);
  inhibit_suspend (self, busy);
  _eshi_window_update_actions (self);
}

/* --- generating -------------------------------------------------------------------------------------------------- */

void
_eshi_window_generate (EshiWindow         *self,
                       const EshiSettings *settings)
{
  gint64 parent = _eshi_window_get_input_parent (self, settings);

  _eshi_window_generate_from (self, settings, parent, parent != 0 ? ESHI_RELATION_IMAGE : ESHI_RELATION_NONE);
}

void
_eshi_window_generate_from (EshiWindow         *self,
                            const EshiSettings *settings,
                            gint64              parent,
                            EshiRelation        relation)
{
  guint place;

  _eshi_window_end_mask (self, TRUE);
  eshi_draft_add_to_history (self->draft, settings->prompt);
  {
    g_auto(GStrv) history = eshi_draft_dup_history (self->draft);

    eshi_prompt_panel_set_history (self->panel, (const char *const *) history);
  }
  self->following = TRUE;
  /* Only then: unfolded, it would take the focus from the prompt. */
  if (adw_leaflet_get_folded (self->leaflet))
    adw_leaflet_set_visible_child (self->leaflet, self->picture_page);
  place = eshi_session_generate_from (self->session, settings, parent, relation);
  _eshi_window_tell_place (self, place);
}

static void
on_menu_requested_cb (EshiWindow *self,
                      double      x,
                      double      y,
                      GtkWidget  *source)
{
  GtkWidget *popover;

  g_assert (ESHI_IS_WINDOW (self));

  if (_eshi_window_get_picture (self) == NULL)
    return;
  if (self->popover != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->popover));
  popover = gtk_popover_menu_new_from_model (self->picture_menu);
  gtk_widget_set_parent (popover, GTK_WIDGET (self->studio));
  gtk_widget_translate_coordinates (source, GTK_WIDGET (self->studio), x, y, &x, &y);
  gtk_popover_set_has_arrow (GTK_POPOVER (popover), FALSE);
  gtk_widget_set_halign (popover, GTK_ALIGN_START);
  gtk_popover_set_pointing_to (GTK_POPOVER (popover), &(GdkRectangle) { (int) x, (int) y, 1, 1 });
  self->popover = GTK_POPOVER (popover);
  g_object_add_weak_pointer (G_OBJECT (popover), (gpointer *) &self->popover);
  eshi_menu_focus_keep (self->popover);
  gtk_popover_popup (self->popover);
}

static void
on_panel_changed_cb (EshiWindow *self)
{
  g_autoptr(EshiSettings) settings = NULL;

  g_assert (ESHI_IS_WINDOW (self));

  if (self->draft == NULL)
    return;
  settings = eshi_prompt_panel_dup_settings (self->panel);
  eshi_draft_store_settings (self->draft, settings, eshi_prompt_panel_get_seed_locked (self->panel));
}

/* --- the window itself ------------------------------------------------------------------------------------------- */

static void
store_window_size (EshiWindow *self)
{
  int width;
  int height;

  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  eshi_draft_store_window (self->draft, width, height, gtk_window_is_maximized (GTK_WINDOW (self)));
}

static gboolean
eshi_window_close_request (GtkWindow *window)
{
  EshiWindow *self = ESHI_WINDOW (window);

  if (_eshi_window_ask_about_unsaved (self))
    return TRUE;
  /* Nothing to ask: the queue is there again when the program is. */
  eshi_session_halt (self->session);
  /* Not left to dispose: an import keeps its window until it ends. */
  g_cancellable_cancel (self->importing);
  store_window_size (self);
  eshi_draft_flush (self->draft);
  eshi_input_store_flush (self->input_store);
  if (self->seed_store != NULL)
    eshi_seed_store_flush (self->seed_store);
  _eshi_window_empty_trash (self);
  return GTK_WINDOW_CLASS (eshi_window_parent_class)->close_request (window);
}

/* The filmstrip stands beside the picture where there is room, else below it. */
static gboolean
on_arrange_cb (gpointer user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  self->arrange_source = 0;
  eshi_studio_set_wide (self->studio, self->wide);
  eshi_filmstrip_set_orientation (self->filmstrip,
                                  self->wide ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL);
  return G_SOURCE_REMOVE;
}

static void
eshi_window_size_allocate (GtkWidget *widget,
                           int        width,
                           int        height,
                           int        baseline)
{
  EshiWindow *self = ESHI_WINDOW (widget);
  gboolean wide = width >= WIDE_WIDTH;

  GTK_WIDGET_CLASS (eshi_window_parent_class)->size_allocate (widget, width, height, baseline);
  if (wide == self->wide)
    return;
  self->wide = wide;
  if (self->arrange_source == 0)
    self->arrange_source = g_idle_add (on_arrange_cb, self);
}

static void
on_after_paint_cb (EshiWindow    *self,
                   GdkFrameClock *frames)
{
  g_signal_handlers_disconnect_by_func (frames, on_after_paint_cb, self);
  /* When, and after how much processor time: what a benchmark of the start counts with. */
  eshi_test_log ("FIRST_FRAME %" G_GINT64_FORMAT " %.1f", g_get_monotonic_time (), clock () * 1e3 / CLOCKS_PER_SEC);
  _eshi_window_fill_views_later (self);
  _eshi_window_load_seeds (self);
}

static void
eshi_window_realize (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (eshi_window_parent_class)->realize (widget);
  g_signal_connect_object (gtk_widget_get_frame_clock (widget), "after-paint", G_CALLBACK (on_after_paint_cb),
                           widget, G_CONNECT_SWAPPED);
}

/* A picture of our own that is dropped beside its mark changes nothing. */
static gboolean
on_drop_accept_cb (EshiWindow *self,
                   GdkDrop    *drop)
{
  g_assert (ESHI_IS_WINDOW (self));

  return gdk_drop_get_drag (drop) == NULL &&
         gdk_content_formats_contain_gtype (gdk_drop_get_formats (drop), G_TYPE_FILE);
}

static gboolean
on_drop_cb (EshiWindow   *self,
            const GValue *value)
{
  g_assert (ESHI_IS_WINDOW (self));

  eshi_window_load_settings_of_file (self, g_value_get_object (value));
  return TRUE;
}

static void
eshi_window_dispose (GObject *object)
{
  EshiWindow *self = ESHI_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_cancellable_cancel (self->input_loading);
  g_clear_handle_id (&self->pending_source, g_source_remove);
  g_clear_handle_id (&self->arrange_source, g_source_remove);
  g_clear_handle_id (&self->fill_source, g_source_remove);
  if (self->popover != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->popover));
  g_clear_weak_pointer (&self->saved_toast);
  g_clear_weak_pointer (&self->queue_toast);
  g_clear_weak_pointer (&self->error_dialog);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_WINDOW);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->style_thumbs);
  g_clear_object (&self->session);
  g_clear_object (&self->draft);
  g_clear_object (&self->trashed);
  g_clear_object (&self->interrupted);
  g_clear_object (&self->input_store);
  g_clear_object (&self->seed_store);
  g_clear_object (&self->earlier_input);
  g_clear_object (&self->mask_return);
  g_clear_object (&self->input_loading);
  g_clear_object (&self->download);
  g_clear_pointer (&self->import_complaint, g_free);
  g_clear_pointer (&self->model_name, g_free);
  g_clear_pointer (&self->wanted_model, g_free);
  g_clear_pointer (&self->models, g_ptr_array_unref);
  g_clear_pointer (&self->requests, g_ptr_array_unref);
  G_OBJECT_CLASS (eshi_window_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-window.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, panel_page);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, picture_page);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, panel);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, title);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, studio);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, first_card);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, no_model_page);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, canvas);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, mask_bar);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, foot);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, picture_bar);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, resume_button);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, progress_row);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, filmstrip);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, model_menu);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, picture_menu);
  gtk_widget_class_bind_template_child (widget_class, EshiWindow, primary_menu);
  gtk_widget_class_bind_template_callback (widget_class, on_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_panel_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_menu_requested_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_drop_accept_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_drop_cb);
}

static void
eshi_window_class_init (EshiWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_window_dispose;
  widget_class->size_allocate = eshi_window_size_allocate;
  widget_class->realize = eshi_window_realize;
  GTK_WINDOW_CLASS (klass)->close_request = eshi_window_close_request;
  g_type_ensure (ESHI_TYPE_CANVAS);
  g_type_ensure (ESHI_TYPE_FILMSTRIP);
  g_type_ensure (ESHI_TYPE_MASK_BAR);
  g_type_ensure (ESHI_TYPE_PROGRESS_ROW);
  g_type_ensure (ESHI_TYPE_PROMPT_PANEL);
  g_type_ensure (ESHI_TYPE_STUDIO);
  g_type_ensure (G_TYPE_FILE);
  bind_template (widget_class);
}

static void
eshi_window_init (EshiWindow *self)
{
  self->cancellable = g_cancellable_new ();
  self->wide = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  _eshi_window_add_views (self);
  _eshi_window_add_actions (self);
  _eshi_window_add_keys (self);
  _eshi_window_add_preferences (self);
  _eshi_window_add_manager (self);
  _eshi_window_add_download (self);
  _eshi_window_add_first (self);
  _eshi_window_init_input (self);
  _eshi_window_add_seeds (self);
  _eshi_window_add_import (self);
  _eshi_window_add_steps (self);
  gtk_window_set_icon_name (GTK_WINDOW (self), ESHI_APP_ID);
}

static void
follow_session (EshiWindow *self)
{
  g_signal_connect_object (self->session, "started", G_CALLBACK (on_started_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "progress", G_CALLBACK (on_progress_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "preview", G_CALLBACK (on_preview_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "painted", G_CALLBACK (on_painted_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "saved", G_CALLBACK (on_saved_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "left", G_CALLBACK (on_left_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "stopped", G_CALLBACK (on_stopped_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "failed", G_CALLBACK (on_failed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "notify::busy", G_CALLBACK (on_busy_cb), self, G_CONNECT_SWAPPED);
  _eshi_window_follow_reruns (self);
  eshi_filmstrip_set_pictures (self->filmstrip, eshi_session_get_pictures (self->session));
  _eshi_window_follow_queue (self);
  _eshi_window_add_notices (self);
}

static void
restore_draft (EshiWindow *self,
               EshiDraft  *draft)
{
  g_auto(GStrv) history = eshi_draft_dup_history (draft);
  g_autoptr(EshiSettings) settings = NULL;
  gboolean locked = FALSE;
  gboolean maximized = FALSE;
  int width = 1280;
  int height = 800;

  eshi_draft_load_window (draft, &width, &height, &maximized);
  gtk_window_set_default_size (GTK_WINDOW (self), width, height);
  if (maximized)
    gtk_window_maximize (GTK_WINDOW (self));
  eshi_prompt_panel_set_history (self->panel, (const char *const *) history);
  settings = eshi_draft_load_settings (draft, &locked);
  if (settings == NULL)
    return;
  eshi_prompt_panel_load_settings (self->panel, settings, ESHI_SETTINGS_ALL);
  eshi_prompt_panel_set_seed_locked (self->panel, locked);
  self->restored = TRUE;
}

static void
keep_input (EshiWindow *self)
{
  EshiInput *input = eshi_input_row_get_input (eshi_prompt_panel_get_input_row (self->panel));
  g_autofree char *folder = eshi_draft_dup_folder (self->draft);

  self->input_store = eshi_input_store_new (input, folder);
}

EshiWindow *
eshi_window_new (GtkApplication *application,
                 EshiSession    *session,
                 EshiDraft      *draft)
{
  EshiWindow *self;

  g_return_val_if_fail (application == NULL || GTK_IS_APPLICATION (application), NULL);
  g_return_val_if_fail (ESHI_IS_SESSION (session), NULL);
  g_return_val_if_fail (ESHI_IS_DRAFT (draft), NULL);

  self = g_object_new (ESHI_TYPE_WINDOW, "application", application, NULL);
  self->session = g_object_ref (session);
  restore_draft (self, draft);
  self->draft = g_object_ref (draft);
  keep_input (self);
  follow_session (self);
  self->style_thumbs = eshi_style_thumbs_new (session, eshi_prompt_panel_get_chips (self->panel));
  _eshi_window_update_actions (self);
  _eshi_window_find_models (self);
  eshi_prompt_panel_focus_prompt (self->panel);
  return self;
}
