/* eshi-cli-bench.h: what eshi-cli bench was asked for, and the part of it that times ops.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-cli.h"

G_BEGIN_DECLS

/* The arguments; 0 and NULL where left out. */
typedef struct
{
  char     *model;
  char     *prompt;
  char     *backend;
  char     *precision;
  int       steps;
  int       width;
  int       height;
  int       batch;
  int       threads;
  int       runs;
  gboolean  ops;
  gboolean  cpu_time;
  gboolean  json;
} EshiCliBenchOptions;

/* Times the ops of the model and prints a line, or a JSON object's member, for each kind. Complains itself. Returns the
 * exit status. */
int eshi_cli_bench_ops (const EshiCliBenchOptions *options);

G_END_DECLS
