/* eshi-cli-models.h: the subcommands of eshi-cli models.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-cli.h"

G_BEGIN_DECLS

/* Each: @argv[0] is its whole name, "models download". Returns the exit status. */
int eshi_cli_models_download (int    argc,
                              char **argv);
int eshi_cli_models_verify   (int    argc,
                              char **argv);
int eshi_cli_models_remove   (int    argc,
                              char **argv);

G_END_DECLS
