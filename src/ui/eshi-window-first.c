/* eshi-window-first.c: the first run: what a large model adds, and ways to one.
 *
 * A card below the invitation to write, for as long as only the embedded model is there; put off, it never comes back.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-options.h"
#include "eshi-other-program.h"
#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

void
_eshi_window_update_first (EshiWindow *self)
{
  gboolean shown = g_settings_get_boolean (eshi_options_get (), ESHI_OPTION_FIRST_RUN) && self->models != NULL &&
                   self->models->len == 1;

  g_assert (ESHI_IS_WINDOW (self));

  gtk_widget_set_visible (self->first_card, shown);
  eshi_test_log ("FIRST_RUN %s", shown ? "shown" : "hidden");
}

static void
add_in_thread (GTask        *task,
               gpointer      source,
               gpointer      task_data,
               GCancellable *cancellable)
{
  GError *error = NULL;
  guint n_extras = 0;

  if (eshi_other_program_add (task_data, &n_extras, &error))
    g_task_return_int (task, n_extras);
  else
    g_task_return_error (task, error);
}

static void
on_added_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  EshiWindow *self = ESHI_WINDOW (source);
  g_autoptr(GError) error = NULL;
  gssize n_extras = g_task_propagate_int (G_TASK (result), &error);
  g_autofree char *text = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (error != NULL)
    {
      _eshi_window_show_error (self, _("The Folder Was Not Added"), error, "");
      return;
    }
  text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                       "The folder was added, and %u LoRA, embedding or VAE with it",
                                       "The folder was added, and %u LoRAs, embeddings and VAEs with it",
                                       (gulong) n_extras),
                          (guint) n_extras);
  _eshi_window_toast (self, text);
  _eshi_window_models_changed (self);
}

static void
on_folder_chosen_cb (EshiWindow           *self,
                     int                   response,
                     GtkFileChooserNative *chooser)
{
  g_autoptr(GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
  g_autoptr(GTask) task = NULL;

  g_assert (ESHI_IS_WINDOW (self));

  if (response == GTK_RESPONSE_ACCEPT && file != NULL && g_file_peek_path (file) != NULL)
    {
      task = g_task_new (self, self->cancellable, on_added_cb, NULL);
      g_task_set_source_tag (task, on_folder_chosen_cb);
      g_task_set_task_data (task, g_file_get_path (file), g_free);
      g_task_run_in_thread (task, add_in_thread);
    }
  g_object_unref (chooser);
}

static void
use_folder_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("Folder of A1111, Forge, ComfyUI or InvokeAI"),
                                                               GTK_WINDOW (user_data),
                                                               GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _("_Choose"),
                                                               _("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_folder_chosen_cb), user_data, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
later_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       user_data)
{
  g_settings_set_boolean (eshi_options_get (), ESHI_OPTION_FIRST_RUN, FALSE);
  _eshi_window_update_first (ESHI_WINDOW (user_data));
}

static const GActionEntry entries[] = {
  { "use-folder", use_folder_action },
  { "first-run-later", later_action },
};

void
_eshi_window_add_first (EshiWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
