/* eshi-window-import.c: pictures of another program, taken into the history where they lie.
 *
 * One folder at a time, told about above the views until it is done or stopped. What was read by then stays.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-history-import.h"
#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

static void
show (EshiWindow *self,
      const char *text,
      gboolean    running)
{
  eshi_notice_bar_set (self->notices, ESHI_NOTICE_IMPORT, text, running ? _("Stop") : NULL,
                       running ? "win.stop-import" : NULL);
  eshi_test_log ("NOTICE %s", text);
}

static void
show_progress (EshiWindow            *self,
               const EshiImportCount *count)
{
  guint n_read = count->n_added + count->n_known + count->n_failed;
  g_autofree char *text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Importing pictures: %u file read",
                                                        "Importing pictures: %u files read", n_read),
                                           n_read);

  show (self, text, TRUE);
}

static void
show_result (EshiWindow            *self,
             const EshiImportCount *count)
{
  g_autofree char *added = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u picture imported.",
                                                         "%u pictures imported.", count->n_added),
                                            count->n_added);
  g_autofree char *known = g_strdup_printf (_("Known already or without settings: %u."), count->n_known);
  g_autofree char *failed = g_strdup_printf (_("Not readable: %u."), count->n_failed);
  g_autofree char *text = g_strjoin (" ", added, known, count->n_failed > 0 ? failed : NULL, NULL);
  g_autofree char *whole = g_strjoin (" ", text, self->import_complaint, NULL);

  show (self, whole, FALSE);
}

static void
on_told_cb (const EshiImportCount *count,
            const char            *complaint,
            gpointer               user_data)
{
  EshiWindow *self = ESHI_WINDOW (user_data);

  if (complaint == NULL)
    show_progress (self, count);
  else if (self->import_complaint == NULL)
    self->import_complaint = g_strdup (complaint);
}

static void
on_imported_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(EshiWindow) self = user_data;
  g_autoptr(GError) error = NULL;
  gboolean done = FALSE;
  EshiImportCount count;

  done = eshi_history_import_finish (ESHI_HISTORY (source), result, &count, &error);
  g_clear_object (&self->importing);
  if (self->session == NULL)
    return;

  if (done || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    show_result (self, &count);
  else
    show (self, error->message, FALSE);
}

void
eshi_window_import_folder (EshiWindow *self,
                           const char *folder)
{
  const EshiImportCount none = { 0 };

  g_return_if_fail (ESHI_IS_WINDOW (self));
  g_return_if_fail (folder != NULL && g_path_is_absolute (folder));

  if (self->importing != NULL)
    return;

  self->importing = g_cancellable_new ();
  g_clear_pointer (&self->import_complaint, g_free);
  show_progress (self, &none);
  eshi_history_import_async (eshi_session_get_history (self->session), folder, on_told_cb, self, self->importing,
                             on_imported_cb, g_object_ref (self));
}

static void
on_folder_chosen_cb (EshiWindow           *self,
                     int                   response,
                     GtkFileChooserNative *chooser)
{
  g_autoptr(GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));

  g_assert (ESHI_IS_WINDOW (self));

  if (response == GTK_RESPONSE_ACCEPT && file != NULL && g_file_peek_path (file) != NULL)
    eshi_window_import_folder (self, g_file_peek_path (file));
  g_object_unref (chooser);
}

static void
import_pictures_action (GSimpleAction *action,
                        GVariant      *parameter,
                        gpointer       user_data)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (_("Folder with Pictures"), GTK_WINDOW (user_data),
                                                               GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _("_Import"),
                                                               _("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_folder_chosen_cb), user_data, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
stop_import_action (GSimpleAction *action,
                    GVariant      *parameter,
                    gpointer       user_data)
{
  g_cancellable_cancel (ESHI_WINDOW (user_data)->importing);
}

static const GActionEntry entries[] = {
  { "import-pictures", import_pictures_action },
  { "stop-import", stop_import_action },
};

void
_eshi_window_add_import (EshiWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
