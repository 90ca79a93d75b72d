/* eshi-cli.c: what the subcommands share: arguments, sentences, exit codes.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eshi-cli.h"

/* Not g_printerr(), which would turn Japanese into escapes in the C locale. */
void
eshi_cli_complain (const char *message)
{
  fprintf (stderr, "eshi-cli: %s\n", message);
}

int
eshi_cli_fail (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return ESHI_CLI_INTERRUPTED;

  eshi_cli_complain (error->message);

  return g_error_matches (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT) ? ESHI_CLI_USAGE : ESHI_CLI_FAILED;
}

void
eshi_cli_print (const char *text)
{
  puts (text);
}

static void
complain_usage (const char *command,
                const char *message)
{
  g_autofree char *sentence = NULL;

  /* Translators: a complaint about an argument without a full stop, and the name of a subcommand. */
  sentence = g_strdup_printf (_("%s; see “eshi-cli %s --help”."), message, command);
  eshi_cli_complain (sentence);
}

gboolean
eshi_cli_parse (int                   argc,
                char                **argv,
                const char           *arguments,
                const char           *summary,
                const GOptionEntry   *entries,
                char               ***rest)
{
  g_autoptr(GOptionContext) context = g_option_context_new (arguments);
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) words = g_new0 (char *, argc + 1);
  g_autofree char *command = g_strdup (argv[0]);
  g_autofree char *program = g_strconcat ("eshi-cli ", command, NULL);

  for (int i = 0; i < argc; i++)
    words[i] = g_strdup (i == 0 ? program : argv[i]);

  g_set_prgname (program);
  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse_strv (context, &words, &error))
    {
      complain_usage (command, error->message);
      return FALSE;
    }
  if (rest == NULL && words[0] != NULL && words[1] != NULL)
    {
      g_autofree char *valid = g_utf8_make_valid (words[1], -1);
      g_autofree char *message = g_strdup_printf (_("“%s” is one argument too many"), valid);

      complain_usage (command, message);
      return FALSE;
    }
  if (rest != NULL)
    *rest = g_strdupv (words + 1);

  return TRUE;
}

char *
eshi_cli_text (const char *text)
{
  char *converted = NULL;

  if (g_utf8_validate (text, -1, NULL))
    return g_strdup (text);

  converted = g_locale_to_utf8 (text, -1, NULL, NULL, NULL);
  if (converted == NULL)
    eshi_cli_complain (_("The text is neither UTF-8 nor in the encoding of the terminal; type it again."));

  return converted;
}

gboolean
eshi_cli_seed (const char *text,
               guint64    *seed)
{
  char *end = NULL;

  if (text == NULL || g_ascii_strcasecmp (text, "random") == 0)
    {
      *seed = g_random_int ();
      return TRUE;
    }

  errno = 0;
  *seed = g_ascii_strtoull (text, &end, 10);
  if (errno == 0 && g_ascii_isdigit (*text) && *end == '\0' && *seed <= ESHI_SEED_MAX)
    return TRUE;

  eshi_cli_complain (_("The seed must be a number from 0 to 4294967295, or “random”."));

  return FALSE;
}

gboolean
eshi_cli_rng (const char  *text,
              EshiRngKind *rng)
{
  if (text == NULL || eshi_rng_kind_from_name (text, rng))
    return TRUE;

  eshi_cli_complain (_("There is no such kind of noise; choose “cpu” or “philox”."));

  return FALSE;
}

gboolean
eshi_cli_switch (const char *name,
                 const char *text,
                 EshiSwitch *value)
{
  g_autofree char *sentence = NULL;

  if (text == NULL || eshi_switch_from_name (text, value))
    return TRUE;

  sentence = g_strdup_printf (_("%s is “auto”, “on” or “off”, and nothing else."), name);
  eshi_cli_complain (sentence);

  return FALSE;
}
