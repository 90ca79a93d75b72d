/* fill-history.c: makes a history of many pictures to look at, to scroll and to measure.
 *
 * fill-history [--rows N] [--files] DATA PICTURES
 *
 * DATA is the folder eshi in a user's data folder, PICTURES the folder Eshi in his pictures folder; both are made.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <stdio.h>

#include "history-fill.h"

int
main (int    argc,
      char **argv)
{
  int n_rows = 100000;
  gboolean files = FALSE;
  const GOptionEntry entries[] = {
    { "rows", 0, 0, G_OPTION_ARG_INT, &n_rows, "Pictures", "NUMBER" },
    { "files", 0, 0, G_OPTION_ARG_NONE, &files, "With a file for each", NULL },
    { NULL },
  };
  g_autoptr(GOptionContext) context = g_option_context_new ("DATA PICTURES");
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 3)
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "Give the folder of the data and that of the pictures.");
      return 1;
    }
  history_fill (argv[1], argv[2], (guint) n_rows, files);

  return 0;
}
