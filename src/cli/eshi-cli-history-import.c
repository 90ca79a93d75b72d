/* eshi-cli-history-import.c: eshi-cli history import: the pictures of a folder, as rows of the history.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>

#include "eshi-cli-history.h"
#include "eshi-history-import.h"

static gboolean
stop_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);

  return G_SOURCE_CONTINUE;
}

static void
told_cb (const EshiImportCount *count,
         const char            *complaint,
         gpointer               user_data)
{
  if (complaint != NULL)
    eshi_cli_complain (complaint);
}

static int
import_folder (EshiHistory *history,
               const char  *folder)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint source = g_unix_signal_add (SIGINT, stop_cb, cancellable);
  EshiImportCount count;

  eshi_history_import_async (history, folder, told_cb, NULL, cancellable, eshi_cli_history_cb, &result);
  eshi_cli_history_wait (&result);
  g_source_remove (source);
  if (!eshi_history_import_finish (history, result, &count, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    eshi_cli_complain (error->message);
  printf (_("Pictures added: %u; known already or without settings: %u; unreadable: %u.\n"), count.n_added,
          count.n_known, count.n_failed);

  return count.n_failed == 0 && error == NULL ? ESHI_CLI_OK : ESHI_CLI_FAILED;
}

int
eshi_cli_history_import (int    argc,
                         char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_auto(GStrv) rest = NULL;
  g_autoptr(EshiHistory) history = NULL;
  g_autofree char *folder = NULL;

  if (!eshi_cli_parse (argc, argv, _("FOLDER"),
                       _("Takes in the pictures of a folder and the folders in it, where they are. Ctrl+C keeps what was "
                         "read."),
                       entries, &rest))
    return ESHI_CLI_USAGE;
  if (g_strv_length (rest) != 1)
    {
      eshi_cli_complain (_("Give one folder with pictures."));
      return ESHI_CLI_USAGE;
    }
  history = eshi_cli_history_open ();
  if (history == NULL)
    return ESHI_CLI_FAILED;

  folder = g_canonicalize_filename (rest[0], NULL);

  return import_folder (history, folder);
}
