/* eshi-window-notices.c: what lasts and concerns all pictures: a history that was mended or cannot be opened, pictures
 * that have no file yet.
 *
 * Says it, and offers what can be done. Mending is the history's business, saving the session's.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-window-private.h"

#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

static void
set_notice (EshiWindow *self,
            EshiNotice  notice,
            const char *text,
            const char *button,
            const char *action)
{
  eshi_notice_bar_set (self->notices, notice, text, button, action);
  eshi_test_log ("NOTICE %s", text != NULL ? text : "");
}

/* --- the history ------------------------------------------------------------------------------------------------- */

static void
on_opened_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(EshiWindow) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autofree char *notice = NULL;
  g_autofree char *text = NULL;
  gboolean open = eshi_history_open_finish (ESHI_HISTORY (source), result, &notice, &error);

  if (self->session == NULL)
    return;
  if (open && notice != NULL)
    set_notice (self, ESHI_NOTICE_HISTORY, notice, NULL, NULL);
  if (open)
    return;
  /* Translators: %s is a sentence that says why the history cannot be opened */
  text = g_strdup_printf (_("%s Until then pictures are saved as files, and the gallery does not show them."),
                          error->message);
  set_notice (self, ESHI_NOTICE_HISTORY, text, NULL, NULL);
}

/* Files may have come and gone while the user was elsewhere. */
static void
on_active_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  if (self->gallery != NULL && gtk_window_is_active (GTK_WINDOW (self)))
    eshi_gallery_check_files (self->gallery);
}

/* --- pictures without a file ------------------------------------------------------------------------------------- */

static void
on_unsaved_cb (EshiWindow   *self,
               EshiPicture  *picture,
               const GError *error)
{
  gulong n_unsaved = eshi_session_get_n_unsaved (self->session);
  g_autofree char *count = NULL;
  g_autofree char *text = NULL;

  g_assert (ESHI_IS_WINDOW (self));

  _eshi_window_update_actions (self);
  if (eshi_picture_get_path (picture) != NULL)
    {
      /* Translators: %s is a sentence that says why the history could not be written to */
      text = g_strdup_printf (_("The picture is saved, but the gallery does not know it. %s"), error->message);
      set_notice (self, ESHI_NOTICE_HISTORY, text, NULL, NULL);
      return;
    }
  count = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%lu picture is not saved yet.",
                                        "%lu pictures are not saved yet.", n_unsaved),
                           n_unsaved);
  text = g_strdup_printf ("%s %s", count, error->message);
  set_notice (self, ESHI_NOTICE_UNSAVED, text, _("Save Again"), "win.save-again");
}

static void
on_saved_cb (EshiWindow *self)
{
  g_assert (ESHI_IS_WINDOW (self));

  if (eshi_session_get_n_unsaved (self->session) == 0)
    eshi_notice_bar_set (self->notices, ESHI_NOTICE_UNSAVED, NULL, NULL, NULL);
}

/* --- closing ----------------------------------------------------------------------------------------------------- */

static void
on_response_cb (EshiWindow *self,
                const char *response)
{
  g_assert (ESHI_IS_WINDOW (self));

  if (g_strcmp0 (response, "again") == 0)
    eshi_session_save_unsaved (self->session);
  if (g_strcmp0 (response, "quit") != 0)
    return;
  self->quit_confirmed = TRUE;
  gtk_window_close (GTK_WINDOW (self));
}

gboolean
_eshi_window_ask_about_unsaved (EshiWindow *self)
{
  GtkWidget *dialog;
  AdwMessageDialog *message;

  if (self->quit_confirmed || eshi_session_get_n_unsaved (self->session) == 0)
    return FALSE;
  dialog = adw_message_dialog_new (GTK_WINDOW (self), _("Some Pictures Are Not Saved"), NULL);
  message = ADW_MESSAGE_DIALOG (dialog);
  adw_message_dialog_set_body (message, _("They would be lost. Make room on the disk, or make the folder of the pictures "
                                          "writable, and save them again."));
  adw_message_dialog_add_responses (message, "stay", _("Go Back"), "quit", _("Quit without Them"),
                                    "again", _("Save Again"), NULL);
  adw_message_dialog_set_response_appearance (message, "quit", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_response_appearance (message, "again", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (message, "again");
  adw_message_dialog_set_close_response (message, "stay");
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_response_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
  return TRUE;
}

void
_eshi_window_add_notices (EshiWindow *self)
{
  EshiHistory *history = eshi_session_get_history (self->session);

  eshi_history_open_async (history, on_opened_cb, g_object_ref (self));
  eshi_history_watch (history);
  g_signal_connect_object (self->session, "unsaved", G_CALLBACK (on_unsaved_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "saved", G_CALLBACK (on_saved_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self, "notify::is-active", G_CALLBACK (on_active_cb), self, G_CONNECT_SWAPPED);
}
