/* eshi-cli-tokenize.c: eshi-cli tokenize: the numbers that a model reads for a prompt.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>

#include "eshi-cli.h"

static int
print_ids (const char *model,
           const char *prompt)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiTokens) tokens = eshi_tokens_new (model, &error);
  g_autofree gint32 *ids = NULL;
  g_autoptr(GString) line = NULL;
  gsize n_ids = 0;

  if (tokens == NULL)
    return eshi_cli_fail (error);

  ids = eshi_tokens_encode (tokens, prompt, &n_ids);
  line = g_string_new (NULL);
  for (gsize i = 0; i < n_ids; i++)
    g_string_append_printf (line, i == 0 ? "%d" : " %d", ids[i]);
  eshi_cli_print (line->str);

  return ESHI_CLI_OK;
}

int
eshi_cli_tokenize (int    argc,
                   char **argv)
{
  g_autofree char *prompt_argument = NULL;
  const GOptionEntry entries[] = {
    { "prompt", 'p', 0, G_OPTION_ARG_FILENAME, &prompt_argument, N_("The text"), N_("TEXT") },
    { NULL },
  };
  g_auto(GStrv) rest = NULL;
  g_autofree char *prompt = NULL;

  if (!eshi_cli_parse (argc, argv, "[MODEL]",
                       _("Writes the ids of a prompt, without padding. MODEL is a model folder or a spiece.model."),
                       entries, &rest))
    return ESHI_CLI_USAGE;
  if (prompt_argument == NULL || g_strv_length (rest) > 1)
    {
      eshi_cli_complain (_("Give one --prompt TEXT and at most one model; see “eshi-cli tokenize --help”."));
      return ESHI_CLI_USAGE;
    }

  prompt = eshi_cli_text (prompt_argument);

  return prompt != NULL ? print_ids (rest[0], prompt) : ESHI_CLI_USAGE;
}
