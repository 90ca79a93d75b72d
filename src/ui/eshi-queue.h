/* eshi-queue.h: the requests that wait, the one that is painted, and those that were interrupted; all of them on the disk.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <eshi-history.h>
#include <gio/gio.h>

#include "eshi-job.h"

G_BEGIN_DECLS

#define ESHI_TYPE_QUEUE (eshi_queue_get_type ())

/**
 * EshiQueue:
 *
 * Mirrors the history's jobs. Whatever is done to a job is done on the disk too, by the history's thread; a job that the
 * disk does not take is painted all the same.
 *
 * Properties: `paused` (boolean, notifies): nothing new is begun, but for what was asked for by eshi_queue_resume().
 * Signals:
 *   `taken (EshiJob *job)`: that job is marked as running and its checkpoint is in memory: paint it now. The next one is
 *     taken after eshi_queue_finish() or eshi_queue_interrupt()
 *   `changed`: jobs came, went, changed places or states
 *   `restored (guint n_waiting, guint n_interrupted)`: the jobs of an earlier run are there; if any wait, the queue is
 *     paused
 *   `failed (GError *error)`: the disk does not take the jobs; told once
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiQueue, eshi_queue, ESHI, QUEUE, GObject)

/* Reads the jobs of earlier runs from @history at once; nothing is taken before they are there. */
EshiQueue *eshi_queue_new (EshiHistory *history);

/* Returns: (transfer none) (element-type EshiJob): the interrupted ones, the one that runs, and in their order those that
 *   wait */
GListModel *eshi_queue_get_jobs (EshiQueue *self);

/* Returns: whether the jobs of earlier runs were read, or could not be */
gboolean eshi_queue_get_loaded (EshiQueue *self);

/* Returns: (transfer none) (nullable): the job that was taken, or is being taken */
EshiJob *eshi_queue_get_current (EshiQueue *self);

/* Returns: (transfer none) (nullable): the current job, or the one that will be taken without anybody's doing */
EshiJob *eshi_queue_get_next (EshiQueue *self);

/* Returns: jobs in @state */
guint eshi_queue_count (EshiQueue    *self,
                        EshiJobState  state);

/* Returns: whether something is painted or will be without anybody's doing */
gboolean eshi_queue_get_busy (EshiQueue *self);

gboolean eshi_queue_get_paused (EshiQueue *self);

void eshi_queue_set_paused (EshiQueue *self,
                            gboolean   paused);

/**
 * eshi_queue_add:
 * @settings: what to paint; copied
 * @parent: id of the picture it comes from; 0 for none
 * @checkpoint: (nullable): where to go on, from a checkpoint event of a request with the same settings
 * @first: before those that wait instead of behind them
 *
 * Returns: (transfer none): the job, in the list at once; it is painted when the disk has it
 */
EshiJob *eshi_queue_add (EshiQueue          *self,
                         const EshiSettings *settings,
                         gint64              parent,
                         EshiRelation        relation,
                         GBytes             *checkpoint,
                         gboolean            first);

/* Returns: 1 for the job that is painted now or next, and so on; 0 for one that was interrupted or is not there */
guint eshi_queue_get_place (EshiQueue *self,
                            EshiJob   *job);

/* Moves a job that waits before @before, which waits too, or to the end for %NULL. */
void eshi_queue_move (EshiQueue *self,
                      EshiJob   *job,
                      EshiJob   *before);

/* Moves a job that waits before all others. */
void eshi_queue_move_first (EshiQueue *self,
                            EshiJob   *job);

/* Moves a job that waits one place up (-1) or down (1). Returns: whether there was such a place */
gboolean eshi_queue_step (EshiQueue *self,
                          EshiJob   *job,
                          int        by);

/* An interrupted job is painted next, from its checkpoint, even while the queue is paused. */
void eshi_queue_resume (EshiQueue *self,
                        EshiJob   *job);

/* Takes @job away, which does not run. Only the next eshi_queue_remove() or eshi_queue_clear(), eshi_queue_forget_removed()
 * or the end of the program make it final. */
void eshi_queue_remove (EshiQueue *self,
                        EshiJob   *job);

/* The same for all that do not run. Returns: how many */
guint eshi_queue_clear (EshiQueue *self);

/* Brings back what was taken away last. Returns: how many jobs */
guint eshi_queue_undo_remove (EshiQueue *self);

void eshi_queue_forget_removed (EshiQueue *self);

/* --- for who paints ------------------------------------------------------------------------------------------------ */

/* Keeps @state as what the job goes on from: @n_done pictures of the batch are finished, and @step steps of the next. */
void eshi_queue_checkpoint (EshiQueue *self,
                            EshiJob   *job,
                            int        n_done,
                            int        step,
                            GBytes    *state);

/* The job that was taken is no longer painted: it stays, to be resumed. */
void eshi_queue_interrupt (EshiQueue *self,
                           EshiJob   *job);

/* The job that was taken is over and leaves the list; on the disk it stays until eshi_queue_forget(). */
void eshi_queue_finish (EshiQueue *self,
                        EshiJob   *job);

/* Nobody needs the finished job on the disk any more. */
void eshi_queue_forget (EshiQueue *self,
                        EshiJob   *job);

G_END_DECLS
