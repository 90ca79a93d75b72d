/* eshi-cli-progress.h: a line on the terminal that says how far it is; nothing at all in a pipe.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-cli.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean shown;      /* whether standard error is a terminal and nobody wants it quiet */
  gboolean dirty;      /* whether a line stands there */
  int      index;      /* picture that the next two are about */
  int      first_step; /* step at first_at; -1 before the first */
  gint64   first_at;   /* microseconds */
} EshiCliProgress;

void eshi_cli_progress_init   (EshiCliProgress *self,
                               gboolean         quiet);

/* Shows a PROGRESS event of a job of @n_images pictures. */
void eshi_cli_progress_update (EshiCliProgress *self,
                               EshiEvent       *event,
                               int              n_images);

/* Takes the line away, before anything else is written. */
void eshi_cli_progress_clear  (EshiCliProgress *self);

G_END_DECLS
