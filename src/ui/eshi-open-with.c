/* eshi-open-with.c: a picture file for another program. Changes nothing about which program is the usual one.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-open-with.h"

#include "eshi-error-dialog.h"

#include <glib/gi18n-lib.h>

static void
launch (GtkDialog *dialog)
{
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (dialog));
  GFile *file = g_object_get_data (G_OBJECT (dialog), "eshi-file");
  g_autoptr(GAppInfo) program = gtk_app_chooser_get_app_info (GTK_APP_CHOOSER (dialog));
  g_autoptr(GdkAppLaunchContext) context = gdk_display_get_app_launch_context (gtk_widget_get_display (GTK_WIDGET (dialog)));
  g_autoptr(GError) error = NULL;
  g_autoptr(GList) files = g_list_append (NULL, file);

  if (program != NULL && !g_app_info_launch (program, files, G_APP_LAUNCH_CONTEXT (context), &error))
    gtk_window_present (GTK_WINDOW (eshi_error_dialog_new (parent, _("The Program Did Not Start"), error,
                                                           g_app_info_get_id (program))));
}

static void
on_response_cb (GtkDialog *dialog,
                int        response,
                gpointer   user_data)
{
  if (response == GTK_RESPONSE_OK)
    launch (dialog);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

static gboolean
is_sandboxed (void)
{
  return g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS);
}

void
eshi_open_with (GtkWindow *parent,
                GFile     *file)
{
  GtkWidget *dialog;

  g_return_if_fail (GTK_IS_WINDOW (parent));
  g_return_if_fail (G_IS_FILE (file));

  if (is_sandboxed ())
    {
      g_autofree char *uri = g_file_get_uri (file);

      gtk_show_uri (parent, uri, GDK_CURRENT_TIME);
      return;
    }
  dialog = gtk_app_chooser_dialog_new (parent, GTK_DIALOG_MODAL | GTK_DIALOG_USE_HEADER_BAR, file);
  g_object_set_data_full (G_OBJECT (dialog), "eshi-file", g_object_ref (file), g_object_unref);
  g_signal_connect (dialog, "response", G_CALLBACK (on_response_cb), NULL);
  gtk_window_present (GTK_WINDOW (dialog));
}
