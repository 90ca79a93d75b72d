/* main.c: eshi-cli, the engine without a window.
 *
 * Finds the subcommand and leaves everything else to it. Starts nothing that the subcommand does not need.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "eshi-cli.h"

typedef struct
{
  const char *name;
  int       (*run) (int argc, char **argv);
  const char *summary;
} Command;

static const Command commands[] = {
  { "generate", eshi_cli_generate, N_("paint pictures from words") },
  { "show", eshi_cli_show, N_("show how a picture was made") },
  { "history", eshi_cli_history, N_("list, search, show, repaint, export and import pictures") },
  { "models", eshi_cli_models, N_("list the models") },
  { "devices", eshi_cli_devices, N_("list what can compute, and why the rest cannot") },
  { "tokenize", eshi_cli_tokenize, N_("show the numbers a model reads for a prompt") },
  { "probe", eshi_cli_probe, N_("run one stage of a model on given tensors") },
  { "bench", eshi_cli_bench, N_("measure how fast a model paints here") },
};

static void
set_up_locale (void)
{
  const char *folder = g_getenv ("ESHI_LOCALEDIR");

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, folder != NULL ? folder : ESHI_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

static void
print_help (void)
{
  puts (_("Usage: eshi-cli COMMAND [OPTIONS]"));
  puts ("");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    printf ("  %-10s %s\n", commands[i].name, _(commands[i].summary));
  puts ("");
  puts (_("“eshi-cli COMMAND --help” tells more of each."));
}

static int
complain_command (const char *name)
{
  g_autofree char *valid = name != NULL ? g_utf8_make_valid (name, -1) : NULL;
  g_autofree char *sentence = NULL;

  sentence = name != NULL
               ? g_strdup_printf (_("There is no command “%s”; see “eshi-cli --help”."), valid)
               : g_strdup (_("A command is missing; see “eshi-cli --help”."));
  eshi_cli_complain (sentence);

  return ESHI_CLI_USAGE;
}

int
main (int    argc,
      char **argv)
{
  set_up_locale ();
  g_set_prgname ("eshi-cli");

  if (argc < 2)
    return complain_command (NULL);
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0)
    {
      print_help ();
      return ESHI_CLI_OK;
    }
  if (strcmp (argv[1], "--version") == 0)
    {
      puts ("eshi-cli " ESHI_VERSION);
      return ESHI_CLI_OK;
    }

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0)
      return commands[i].run (argc - 1, argv + 1);

  return complain_command (argv[1]);
}
