/* eshi-job.h: a request of the queue as the window sees it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <eshi-history.h>
#include <gtk/gtk.h>

#include "eshi-progress-row.h"

G_BEGIN_DECLS

#define ESHI_TYPE_JOB (eshi_job_get_type ())

/**
 * EshiJob:
 *
 * Signals: `changed`: anything that the functions below answer.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiJob, eshi_job, ESHI, JOB, GObject)

/* @settings: copied. @parent: id of a picture of the history; 0 for none */
EshiJob *eshi_job_new (const EshiSettings *settings,
                       gint64              parent,
                       EshiRelation        relation);

/* A job as the history kept it. */
EshiJob *eshi_job_new_from_history (const EshiHistoryJob *kept);

/* Returns: (transfer none) */
const EshiSettings *eshi_job_get_settings (EshiJob *self);

/* Returns: (transfer none): the prompt, or words for a job without one */
const char *eshi_job_get_title (EshiJob *self);

/* Returns: (transfer full): what else was asked for, in one line */
char *eshi_job_dup_summary (EshiJob *self);

EshiJobState eshi_job_get_state (EshiJob *self);

void eshi_job_set_state (EshiJob      *self,
                         EshiJobState  state);

gint64 eshi_job_get_parent (EshiJob *self);

EshiRelation eshi_job_get_relation (EshiJob *self);

/* Returns: its id in the history; 0 while that has not answered, or where it could not keep the job */
gint64 eshi_job_get_id (EshiJob *self);

void eshi_job_set_id (EshiJob *self,
                      gint64   id);

/**
 * eshi_job_get_progress:
 *
 * Of a job that runs, how far it is; of one that was interrupted, how far it got, with "n_steps" 0 where nobody knows out
 * of how many.
 *
 * Returns: (transfer none)
 */
const EshiProgress *eshi_job_get_progress (EshiJob *self);

void eshi_job_set_progress (EshiJob            *self,
                            const EshiProgress *progress);

/* Returns: (transfer none) (nullable): the last look at the unfinished picture */
GdkTexture *eshi_job_get_preview (EshiJob *self);

void eshi_job_set_preview (EshiJob    *self,
                           GdkTexture *preview);

/* Returns: (transfer none) (nullable): where to go on, if that is in memory */
GBytes *eshi_job_get_checkpoint (EshiJob *self);

void eshi_job_set_checkpoint (EshiJob *self,
                              GBytes  *checkpoint);

/* Returns: id of the picture of the history that the job left when it was cancelled; 0 for none */
gint64 eshi_job_get_leftover (EshiJob *self);

void eshi_job_set_leftover (EshiJob *self,
                            gint64   leftover);

/* Returns: whether the history has a checkpoint that is not in memory */
gboolean eshi_job_get_has_kept_checkpoint (EshiJob *self);

G_END_DECLS
