/* eshi-cli-history-import.c: eshi-cli history import: the pictures of a folder, as rows of the history.
 *
 * Reads the files and neither copies nor changes them. Hidden files and links to folders are left out, so that a walk
 * ends; only the names of the folders on the way down are kept.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>

#include "eshi-cli-history.h"

typedef struct
{
  EshiHistory *history;
  gboolean     stopped; /* by Ctrl+C */
  guint        n_added;
  guint        n_skipped;
  guint        n_failed;
} Import;

static gboolean
stop_cb (gpointer user_data)
{
  Import *self = user_data;

  self->stopped = TRUE;

  return G_SOURCE_CONTINUE;
}

static gboolean
is_picture (const char *name)
{
  static const char *const endings[] = { ".png", ".jpg", ".jpeg", ".webp" };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (lower, endings[i]))
      return TRUE;

  return FALSE;
}

static void
import_file (Import *self,
             const char *path)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean added = FALSE;

  eshi_history_import_async (self->history, path, eshi_cli_history_cb, &result);
  eshi_cli_history_wait (&result);
  if (!eshi_history_import_finish (self->history, result, &added, &error))
    {
      self->n_failed++;
      eshi_cli_complain (error->message);
    }
  else if (added)
    self->n_added++;
  else
    self->n_skipped++;
}

/* Complains of a folder that cannot be read, and goes on. */
static void
import_folder (Import *self,
               const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autofree char *shown = g_filename_display_name (folder);
  g_autofree char *sentence = NULL;
  const char *name = NULL;

  if (dir == NULL)
    {
      sentence = g_strdup_printf (_ ("The folder “%s” cannot be read; see whether it exists and you may open it."), shown);
      eshi_cli_complain (sentence);
      self->n_failed++;
      return;
    }
  while (!self->stopped && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (*name == '.')
        continue;
      if (g_file_test (path, G_FILE_TEST_IS_REGULAR) && is_picture (name))
        import_file (self, path);
      else if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        import_folder (self, path);
    }
}

int
eshi_cli_history_import (int argc,
                         char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_auto (GStrv) rest = NULL;
  g_autoptr (EshiHistory) history = NULL;
  g_autofree char *folder = NULL;
  Import import = { NULL };
  guint source = 0;

  if (!eshi_cli_parse (argc, argv, _ ("FOLDER"),
                       _ ("Takes in the pictures of a folder and the folders in it, where they are. Ctrl+C keeps what was "
                          "read."),
                       entries, &rest))
    return ESHI_CLI_USAGE;
  if (g_strv_length (rest) != 1)
    {
      eshi_cli_complain (_ ("Give one folder with pictures."));
      return ESHI_CLI_USAGE;
    }
  history = eshi_cli_history_open ();
  if (history == NULL)
    return ESHI_CLI_FAILED;

  import.history = history;
  folder = g_canonicalize_filename (rest[0], NULL);
  source = g_unix_signal_add (SIGINT, stop_cb, &import);
  import_folder (&import, folder);
  g_source_remove (source);
  printf (_ ("Pictures added: %u; known already or without settings: %u; unreadable: %u.\n"), import.n_added,
          import.n_skipped, import.n_failed);

  return import.n_failed == 0 && !import.stopped ? ESHI_CLI_OK : ESHI_CLI_FAILED;
}
