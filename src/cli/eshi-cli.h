/* eshi-cli.h: what the subcommands of eshi-cli share.
 *
 * A subcommand writes its result to standard output and nothing else; progress, notes and errors go to standard error.
 * An error is one sentence.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

enum
{
  ESHI_CLI_OK = 0,
  ESHI_CLI_FAILED = 1,
  ESHI_CLI_USAGE = 2,
  ESHI_CLI_INTERRUPTED = 130,
};

/* Each subcommand: @argv[0] is its own name. Returns the exit status. */
int eshi_cli_generate (int    argc,
                       char **argv);
int eshi_cli_show     (int    argc,
                       char **argv);
int eshi_cli_history  (int    argc,
                       char **argv);
int eshi_cli_models   (int    argc,
                       char **argv);
int eshi_cli_devices  (int    argc,
                       char **argv);
int eshi_cli_probe    (int    argc,
                       char **argv);
int eshi_cli_tokenize (int    argc,
                       char **argv);
int eshi_cli_bench    (int    argc,
                       char **argv);

/**
 * eshi_cli_parse:
 * @arguments: what may follow the options, for the help text: "[MODEL]"; NULL for nothing
 * @summary: what the subcommand does, one translated sentence
 * @entries: its options; texts and file names are all %G_OPTION_ARG_FILENAME, so that no locale touches them
 * @rest: (out) (optional) (transfer full): the arguments that are no options; when NULL there must be none
 *
 * Complains itself. Returns: whether to go on; else the exit status is %ESHI_CLI_USAGE
 */
gboolean eshi_cli_parse      (int                  argc,
                              char               **argv,
                              const char          *arguments,
                              const char          *summary,
                              const GOptionEntry  *entries,
                              char              ***rest);

/* Writes @message, a whole sentence, to standard error, whatever the locale's encoding. */
void     eshi_cli_complain   (const char          *message);

/* Complains about @error. Returns the exit status that fits: USAGE for an argument out of its range, INTERRUPTED for a
 * cancelled call, else FAILED. */
int      eshi_cli_fail       (const GError        *error);

/* (transfer full): @text, an argument as the shell gave it, as UTF-8; NULL after having complained. */
char    *eshi_cli_text       (const char          *text);

/* Writes @text and a line break to standard output. */
void     eshi_cli_print      (const char          *text);

/* A seed: a number, or "random" or NULL for one nobody has chosen. Complains itself. */
gboolean eshi_cli_seed       (const char          *text,
                              guint64             *seed);

/* A kind of noise: "cpu" or "philox", NULL for the default. Complains itself. */
gboolean eshi_cli_rng        (const char          *text,
                              EshiRngKind         *rng);

/* What the option @name was given: "auto", "on" or "off", NULL to leave @value alone. Complains itself. */
gboolean eshi_cli_switch     (const char          *name,
                              const char          *text,
                              EshiSwitch          *value);

G_END_DECLS
