/* eshi-window-input.c: how an input picture comes into the window, and painting its mask on the canvas.
 *
 * Pictures are read on threads; of several that are asked for at once the last one counts. What is replaced or removed
 * can be brought back for as long as the offer stands.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-input-image.h"
#include "eshi-test-log.h"
#include "eshi-toasts.h"

#include <glib/gi18n-lib.h>

#define UNDO_SECONDS 10

static EshiInput *
get_input (EshiWindow *self)
{
  return eshi_input_row_get_input (eshi_prompt_panel_get_input_row (self->panel));
}

/* --- what was there before --------------------------------------------------------------------------------------- */

/* Returns: whether there was anything to remember */
static gboolean
remember_input (EshiWindow *self)
{
  EshiInput *input = get_input (self);

  if (eshi_input_get_image (input) == NULL)
    return FALSE;
  g_clear_object (&self->earlier_input);
  self->earlier_input = eshi_input_new ();
  eshi_input_set_image (self->earlier_input, eshi_input_get_image (input), eshi_input_get_name (input),
                        eshi_input_get_mask (input));
  eshi_input_set_parent (self->earlier_input, eshi_input_get_parent (input));
  return TRUE;
}

static void
toast_with_button (EshiWindow *self,
                   const char *text,
                   const char *label,
                   const char *action,
                   GVariant   *target)
{
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_button_label (toast, label);
  adw_toast_set_action_name (toast, action);
  adw_toast_set_action_target_value (toast, target);
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  adw_toast_set_timeout (toast, UNDO_SECONDS);
  eshi_toasts_add (self->toasts, toast);
  eshi_test_log ("TOAST %s", text);
}

static void
undo_input_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  g_autoptr(EshiInput) earlier = g_steal_pointer (&self->earlier_input);

  if (earlier == NULL)
    return;
  eshi_input_set_image (get_input (self), eshi_input_get_image (earlier), eshi_input_get_name (earlier),
                        eshi_input_get_mask (earlier));
  eshi_input_set_parent (get_input (self), eshi_input_get_parent (earlier));
}

static void
remove_input_action (GSimpleAction *action,
                     GVariant      *parameter,
                     gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  if (!remember_input (self))
    return;
  eshi_input_set_image (get_input (self), NULL, NULL, NULL);
  toast_with_button (self, _("Input picture removed"), _("Undo"), "win.undo-input", NULL);
}

/* --- where it comes from ----------------------------------------------------------------------------------------- */

gint64
_eshi_window_get_input_parent (EshiWindow         *self,
                               const EshiSettings *settings)
{
  EshiInput *input = get_input (self);

  if (settings->image == NULL || !eshi_picture_same_image (settings->image, eshi_input_get_image (input)))
    return 0;
  return eshi_input_get_parent (input);
}

/* An input picture whose place in the history is looked for. */
typedef struct
{
  EshiWindow *window;
  EshiImage *image;
} Search;

/* By now it may be another one that is started from. */
static void
on_file_found_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Search *search = user_data;
  gint64 id = eshi_history_finish_id (ESHI_HISTORY (source), result, NULL);

  if (id != 0 && eshi_input_get_image (get_input (search->window)) == search->image)
    {
      eshi_input_set_parent (get_input (search->window), id);
      eshi_test_log ("INPUT_PARENT %" G_GINT64_FORMAT, id);
    }
  g_object_unref (search->window);
  eshi_image_unref (search->image);
  g_free (search);
}

/* The picture is shown at once: the history may be busy, and whether it knows the file counts only when it is painted. */
static void
find_parent (EshiWindow *self,
             EshiImage  *image,
             const char *path)
{
  Search *search = g_new0 (Search, 1);

  search->window = g_object_ref (self);
  search->image = eshi_image_ref (image);
  eshi_history_find_file_async (eshi_session_get_history (self->session), path, self->cancellable, on_file_found_cb,
                                search);
}

/* --- taking a picture -------------------------------------------------------------------------------------------- */

static void
take_image (EshiWindow *self,
            EshiImage  *image,
            const char *name)
{
  gboolean replaced = remember_input (self);

  eshi_prompt_panel_take_image (self->panel, image, name);
  eshi_test_log ("INPUT %d×%d", eshi_image_get_width (image), eshi_image_get_height (image));
  if (replaced)
    toast_with_button (self, _("Input picture replaced"), _("Undo"), "win.undo-input", NULL);
}

/* A picture that is being read. */
typedef struct
{
  EshiWindow *window;
  char *name;
  char *path;      /* of its file; NULL for none */
  GError *error;   /* said in the place of why the picture cannot be read; NULL for that */
} Taking;

static Taking *
begin_taking (EshiWindow   *self,
              const char   *name,
              const GError *error)
{
  Taking *taking = g_new0 (Taking, 1);

  taking->window = g_object_ref (self);
  taking->name = g_strdup (name);
  taking->error = error != NULL ? g_error_copy (error) : NULL;
  g_cancellable_cancel (self->input_loading);
  g_clear_object (&self->input_loading);
  self->input_loading = g_cancellable_new ();
  return taking;
}

static void
taking_free (Taking *taking)
{
  g_object_unref (taking->window);
  g_free (taking->name);
  g_free (taking->path);
  g_clear_error (&taking->error);
  g_free (taking);
}

static void
show_refusal (EshiWindow   *self,
              const Taking *taking,
              const GError *error)
{
  g_autofree char *heading = g_strdup_printf (_("“%s” Was Not Read"), taking->name);

  _eshi_window_show_error (self, heading, taking->error != NULL ? taking->error : error, NULL);
}

static void
on_taken_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Taking *taking = user_data;
  EshiWindow *self = taking->window;
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiImage) image = eshi_input_image_finish (result, &error);

  if (image != NULL)
    {
      take_image (self, image, taking->name);
      if (taking->path != NULL)
        find_parent (self, image, taking->path);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    show_refusal (self, taking, error);
  taking_free (taking);
}

void
_eshi_window_take_file (EshiWindow   *self,
                        GFile        *file,
                        const GError *error)
{
  g_autofree char *base = g_file_get_basename (file);
  g_autofree char *name = base != NULL ? g_filename_display_name (base) : NULL;
  Taking *taking = begin_taking (self, name, error);

  taking->path = g_file_get_path (file);
  eshi_input_image_load_async (file, self->input_loading, on_taken_cb, taking);
}

static void
take_texture (EshiWindow *self,
              GdkTexture *texture)
{
  Taking *taking = begin_taking (self, _("Pasted picture"), NULL);

  eshi_input_image_convert_async (texture, self->input_loading, on_taken_cb, taking);
}

static void
take_picture (EshiWindow  *self,
              EshiPicture *picture)
{
  take_image (self, eshi_picture_get_image (picture), eshi_picture_get_title (picture));
  eshi_input_set_parent (get_input (self), eshi_picture_get_id (picture));
}

static void
on_dropped_cb (EshiWindow *self,
               GObject    *what)
{
  g_assert (ESHI_IS_WINDOW (self));

  if (ESHI_IS_PICTURE (what))
    take_picture (self, ESHI_PICTURE (what));
  else if (G_IS_FILE (what))
    _eshi_window_take_file (self, G_FILE (what), NULL);
  else if (GDK_IS_TEXTURE (what))
    take_texture (self, GDK_TEXTURE (what));
}

static void
input_from_picture_action (GSimpleAction *action,
                           GVariant      *parameter,
                           gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  EshiPicture *picture = _eshi_window_get_picture (self);

  if (picture == NULL)
    return;
  take_picture (self, picture);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-panel", NULL);
}

static void
input_from_file_action (GSimpleAction *action,
                        GVariant      *parameter,
                        gpointer       user_data)
{
  g_autoptr(GFile) file = g_file_new_for_uri (g_variant_get_string (parameter, NULL));

  _eshi_window_take_file (ESHI_WINDOW (user_data), file, NULL);
}

static void
on_chosen_cb (EshiWindow           *self,
              int                   response,
              GtkFileChooserNative *chooser)
{
  g_autoptr(GFile) file = NULL;

  g_assert (ESHI_IS_WINDOW (self));

  file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
  if (response == GTK_RESPONSE_ACCEPT && file != NULL)
    _eshi_window_take_file (self, file, NULL);
  g_object_unref (chooser);
}

static void
choose_input_action (GSimpleAction *action,
                     GVariant      *parameter,
                     gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new ();
  GtkFileChooserNative *chooser;

  gtk_file_filter_set_name (filter, _("Picture Files"));
  gtk_file_filter_add_pixbuf_formats (filter);
  chooser = gtk_file_chooser_native_new (_("Choose an Input Picture"), GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_OPEN,
                                         _("_Choose"), _("_Cancel"));
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_chosen_cb), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

/* --- the clipboard ----------------------------------------------------------------------------------------------- */

static void
say_nothing_pasted (EshiWindow *self)
{
  _eshi_window_toast (self, _("There is no picture on the clipboard"));
}

static void
on_texture_read_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_autoptr(EshiWindow) self = user_data;
  g_autoptr(GdkTexture) texture = gdk_clipboard_read_texture_finish (GDK_CLIPBOARD (source), result, NULL);

  if (texture != NULL)
    take_texture (self, texture);
  else
    say_nothing_pasted (self);
}

static void
on_files_read_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(EshiWindow) self = user_data;
  const GValue *value = gdk_clipboard_read_value_finish (GDK_CLIPBOARD (source), result, NULL);
  GSList *files = value != NULL ? g_value_get_boxed (value) : NULL;

  if (files != NULL)
    _eshi_window_take_file (self, files->data, NULL);
  else
    say_nothing_pasted (self);
}

static void
paste_input_action (GSimpleAction *action,
                    GVariant      *parameter,
                    gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);
  GdkClipboard *clipboard = gtk_widget_get_clipboard (GTK_WIDGET (self));
  GdkContentFormats *formats = gdk_clipboard_get_formats (clipboard);

  if (gdk_content_formats_contain_gtype (formats, GDK_TYPE_FILE_LIST))
    {
      gdk_clipboard_read_value_async (clipboard, GDK_TYPE_FILE_LIST, G_PRIORITY_DEFAULT, self->cancellable,
                                      on_files_read_cb, g_object_ref (self));
    }
  else if (gdk_content_formats_contain_gtype (formats, GDK_TYPE_TEXTURE))
    {
      gdk_clipboard_read_texture_async (clipboard, self->cancellable, on_texture_read_cb, g_object_ref (self));
    }
  else
    {
      say_nothing_pasted (self);
    }
}

/* --- settings that bring an input picture, or none --------------------------------------------------------------- */

/* Shows @settings. @file: (nullable): the picture that they came from, which is offered as the input picture */
void
_eshi_window_take_settings (EshiWindow         *self,
                            const EshiSettings *settings,
                            EshiSettingsParts   parts,
                            GFile              *file)
{
  gboolean replaces = (parts & ESHI_SETTINGS_REST) != 0 && settings->image != eshi_input_get_image (get_input (self));
  gboolean replaced = replaces && remember_input (self);

  eshi_prompt_panel_load_settings (self->panel, settings, parts);
  if (replaced)
    {
      toast_with_button (self, settings->image != NULL ? _("Settings taken over, and another input picture") : _("Settings taken over; they know no input picture"),
                         _("Bring It Back"), "win.undo-input", NULL);
    }
  else if (file != NULL)
    {
      g_autofree char *uri = g_file_get_uri (file);

      toast_with_button (self, _("Settings taken over"), _("Start from It"), "win.input-from-file",
                         g_variant_new_string (uri));
    }
  else
    {
      _eshi_window_toast (self, _("Settings taken over"));
    }
}

/* --- painting a mask --------------------------------------------------------------------------------------------- */

static void
show_input (EshiWindow *self)
{
  EshiImage *image = eshi_input_get_image (get_input (self));

  adw_window_title_set_title (self->title, _("Mask"));
  adw_window_title_set_subtitle (self->title, _("Paint over what shall change"));
  eshi_canvas_show (self->canvas, eshi_input_get_texture (get_input (self)),
                    eshi_image_get_width (image), eshi_image_get_height (image), _("Input Picture"));
  gtk_stack_set_visible_child_name (self->stack, "canvas");
}

static void
begin_mask (EshiWindow *self)
{
  EshiMask *mask = eshi_input_get_mask (get_input (self));

  if (mask == NULL)
    return;
  g_set_object (&self->mask_return, _eshi_window_get_picture (self));
  eshi_filmstrip_set_selected (self->filmstrip, NULL);
  show_input (self);
  self->painting_mask = TRUE;
  eshi_mask_layer_set_mask (self->mask_layer, mask);
  eshi_mask_bar_set_mask (self->mask_bar, mask);
  _eshi_window_update_input (self);
  adw_leaflet_set_visible_child (self->leaflet, self->picture_page);
  gtk_widget_grab_focus (GTK_WIDGET (self->mask_layer));
  eshi_test_log ("MASK_BEGUN");
}

/* @go_back: whether the canvas shows again what it showed before, or is about to show something else */
void
_eshi_window_end_mask (EshiWindow *self,
                       gboolean    go_back)
{
  g_autoptr(EshiPicture) picture = NULL;

  if (!self->painting_mask)
    return;
  self->painting_mask = FALSE;
  picture = g_steal_pointer (&self->mask_return);
  eshi_mask_layer_set_mask (self->mask_layer, NULL);
  eshi_mask_bar_set_mask (self->mask_bar, NULL);
  _eshi_window_update_input (self);
  eshi_test_log ("MASK_ENDED");
  if (go_back)
    _eshi_window_show_again (self, picture);
}

static void
on_mask_done_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_end_mask (self, TRUE);
  if (!adw_leaflet_get_folded (self->leaflet))
    {
      gtk_widget_grab_focus (GTK_WIDGET (self->canvas));
      return;
    }
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-panel", NULL);
  gtk_widget_grab_focus (GTK_WIDGET (eshi_prompt_panel_get_input_row (self->panel)));
  eshi_prompt_panel_reveal_input (self->panel);
}

static void
paint_mask_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  if (self->painting_mask)
    on_mask_done_cb (self);
  else
    begin_mask (self);
}

static void
on_image_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_end_mask (self, TRUE);
  _eshi_window_update_input (self);
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static const GActionEntry entries[] = {
  { "choose-input", choose_input_action },
  { "paste-input", paste_input_action },
  { "input-from-picture", input_from_picture_action },
  { "input-from-file", input_from_file_action, "s" },
  { "remove-input", remove_input_action },
  { "undo-input", undo_input_action },
  { "paint-mask", paint_mask_action },
};

void
_eshi_window_update_input (EshiWindow *self)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), "paint-mask");

  /* The tools stand where the bar of the shown picture would. */
  gtk_widget_set_visible (GTK_WIDGET (self->foot),
                          !self->painting_mask || (self->session != NULL && eshi_session_get_busy (self->session)));
  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), eshi_input_get_image (get_input (self)) != NULL);
}

void
_eshi_window_init_input (EshiWindow *self)
{
  EshiInputRow *row = eshi_prompt_panel_get_input_row (self->panel);
  const GBindingFlags flags = G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE;

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  self->mask_layer = ESHI_MASK_LAYER (eshi_mask_layer_new (self->canvas));
  eshi_canvas_set_layer (self->canvas, GTK_WIDGET (self->mask_layer));
  g_object_bind_property (self->mask_bar, "brush-size", self->mask_layer, "brush-size", flags);
  g_object_bind_property (self->mask_bar, "erase", self->mask_layer, "erase", flags);
  eshi_mask_bar_add_keys (self->mask_bar, self->picture_page);
  g_signal_connect_object (self->mask_bar, "done", G_CALLBACK (on_mask_done_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "dropped", G_CALLBACK (on_dropped_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (get_input (self), "notify::image", G_CALLBACK (on_image_cb), self, G_CONNECT_SWAPPED);
  _eshi_window_update_input (self);
}
