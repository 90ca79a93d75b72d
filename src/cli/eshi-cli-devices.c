/* eshi-cli-devices.c: eshi-cli devices: what can compute here, and why the rest cannot.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "eshi-cli.h"

int
eshi_cli_devices (int    argc,
                  char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_autofree char *text = NULL;

  if (!eshi_cli_parse (argc, argv, NULL, _("Lists the backends; * marks the one that is used."), entries, NULL))
    return ESHI_CLI_USAGE;

  text = eshi_engine_describe_devices ();
  fputs (text, stdout);

  return ESHI_CLI_OK;
}
