/* eshi-help.c: finds the guide in the user's language and has the desktop open it.
 *
 * The guide is one HTML file per language with its pictures inside. Mallard would need Yelp, which neither a Flatpak
 * nor every desktop has; a browser is everywhere. And it is one file because the portal hands exactly one to a browser
 * that is in a sandbox itself: pictures beside it would be missing. Shows nothing of its own, and fetches nothing.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-help.h"

#include "eshi-error-dialog.h"
#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

#define FILE_NAME "guide.html"

static const char *
get_folder (void)
{
  const char *folder = g_getenv ("ESHI_HELP_DIR");

  return folder != NULL ? folder : ESHI_PKGDATADIR G_DIR_SEPARATOR_S "help";
}

char *
eshi_help_dup_uri (GError **error)
{
  /* Best first, with variants such as ja_JP.UTF-8, ja_JP, ja; the last is always C, which is English. */
  const char *const *languages = g_get_language_names ();

  for (guint i = 0; languages[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (get_folder (), languages[i], FILE_NAME, NULL);
      g_autofree char *absolute = g_canonicalize_filename (path, NULL);

      if (g_file_test (absolute, G_FILE_TEST_IS_REGULAR))
        return g_filename_to_uri (absolute, NULL, error);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               _("The guide is not in “%s”. Nothing is lost; install Eshi again to get the guide back."), get_folder ());
  return NULL;
}

static void
show_error (GtkWindow    *parent,
            const GError *error,
            const char   *uri)
{
  eshi_test_log ("HELP failed");
  gtk_window_present (GTK_WINDOW (eshi_error_dialog_new (parent, _("The Guide Did Not Open"), error, uri)));
}

static void
on_shown_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) advice = NULL;

  /* %NULL as parent is a source, too: the toolkit has the task belong to nothing then. */
  if (gtk_show_uri_full_finish (GTK_WINDOW (source), result, &error) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_set_error (&advice, error->domain, error->code,
               _("No program opened the guide: %s. Install a web browser, or choose one in the desktop's settings."),
               error->message);
  show_error (GTK_WINDOW (source), advice, NULL);
}

void
eshi_help_show (GtkWindow *parent)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *uri = eshi_help_dup_uri (&error);

  g_return_if_fail (parent == NULL || GTK_IS_WINDOW (parent));

  if (uri == NULL)
    {
      show_error (parent, error, NULL);
      return;
    }
  eshi_test_log ("HELP [%s]", uri);
  gtk_show_uri_full (parent, uri, GDK_CURRENT_TIME, NULL, on_shown_cb, NULL);
}
