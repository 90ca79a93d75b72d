/* eshi-progress-row.h: how far the picture is, how long it takes, and a button to stop it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>
#include <libeshi-engine.h>

G_BEGIN_DECLS

#define ESHI_TYPE_PROGRESS_ROW (eshi_progress_row_get_type ())

G_DECLARE_FINAL_TYPE (EshiProgressRow, eshi_progress_row, ESHI, PROGRESS_ROW, AdwBin)

GtkWidget *eshi_progress_row_new (void);

/**
 * EshiProgress:
 * @stage: what the engine does
 * @fraction: 0-1 of the whole request
 * @step: finished steps of this picture
 * @n_steps: of this picture
 * @index: which picture of the request, from 0
 * @n_images: pictures of the request
 * @seconds_left: until the request is done; negative while unknown
 * @n_waiting: requests that wait behind this one
 */
typedef struct
{
  EshiStage stage;
  double    fraction;
  int       step;
  int       n_steps;
  int       index;
  int       n_images;
  double    seconds_left;
  guint     n_waiting;
} EshiProgress;

/* @seconds: until the request is done; negative while unknown. Returns: (transfer full): what is done and how far it is, in
 *   one line */
char *eshi_progress_dup_text (const EshiProgress *progress,
                              int                 seconds);

/* Forgets the last request; the row then shows that one begins. */
void eshi_progress_row_reset (EshiProgressRow *self);

void eshi_progress_row_update (EshiProgressRow    *self,
                               const EshiProgress *progress);

/* Shows that the running request was asked to stop. */
void eshi_progress_row_set_stopping (EshiProgressRow *self);

/* Returns: (transfer none): the words shown */
const char *eshi_progress_row_get_text (EshiProgressRow *self);

G_END_DECLS
