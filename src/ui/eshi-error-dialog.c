/* eshi-error-dialog.c: what went wrong, in a sentence; details one click away.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-error-dialog.h"

#include <glib/gi18n-lib.h>
#include <libeshi-engine.h>

char *
eshi_error_dialog_dup_details (const GError *error,
                               const char   *about)
{
  g_autofree char *devices = NULL;

  g_return_val_if_fail (error != NULL, NULL);

  devices = eshi_engine_describe_devices ();
  return g_strdup_printf ("Eshi %s\n%s %d: %s\n%s\n%s",
                          ESHI_VERSION,
                          g_quark_to_string (error->domain), error->code, error->message,
                          about != NULL ? about : "",
                          devices);
}

static void
on_response_cb (GtkWidget  *dialog,
                const char *response,
                gpointer    user_data)
{
  if (g_strcmp0 (response, "copy") == 0)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (dialog), user_data);
}

static GtkWidget *
create_details (const char *details)
{
  GtkWidget *expander = gtk_expander_new (_("Details"));
  GtkWidget *label = gtk_label_new (details);

  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "monospace");
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_set_margin_top (label, 6);
  gtk_expander_set_child (GTK_EXPANDER (expander), label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (expander), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Details"), -1);
  return expander;
}

GtkWidget *
eshi_error_dialog_new (GtkWindow    *parent,
                       const char   *heading,
                       const GError *error,
                       const char   *about)
{
  g_autofree char *details = NULL;
  GtkWidget *dialog;

  g_return_val_if_fail (error != NULL, NULL);

  details = eshi_error_dialog_dup_details (error, about);
  dialog = adw_message_dialog_new (parent, heading, error->message);
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), create_details (details));
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog),
                                    "copy", _("Copy _Details"),
                                    "close", _("_Close"),
                                    NULL);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "close");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "close");
  g_signal_connect_data (dialog, "response", G_CALLBACK (on_response_cb), g_steal_pointer (&details),
                         (GClosureNotify) (void (*) (void)) g_free, 0);
  return dialog;
}
