/* eshi-worker.h: the engine's thread: requests in by a queue, events out by another.
 *
 * Requests run one after the other in the order in which they came. Each ends in exactly one terminal event, and nothing
 * with its id follows. A request that is cancelled while it waits ends at once; one that runs, when its painter next
 * polls. Stopping overtakes everything that waits.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-painter.h"

G_BEGIN_DECLS

typedef struct _EshiWorker EshiWorker;

/**
 * _eshi_worker_new:
 * @painter: (transfer full): does the work; freed on the worker's thread
 * @func: called for each event in the context that is the calling thread's default now
 *
 * Starts the thread. Thread: all functions here belong to the calling thread.
 */
EshiWorker *_eshi_worker_new           (EshiPainter    *painter,
                                        EshiOutboxFunc  func,
                                        gpointer        user_data);

/* Cancels what runs and what waits, joins the thread (at most one step of waiting) and frees @self. No event is
 * delivered any more. May be called from within @func. */
void        _eshi_worker_stop          (EshiWorker     *self);

/* As eshi_engine_submit(). @request: (transfer full). */
guint64     _eshi_worker_submit        (EshiWorker     *self,
                                        EshiRequest    *request,
                                        GCancellable   *cancellable);

void        _eshi_worker_cancel        (EshiWorker     *self,
                                        guint64         id);

/* Requests whose terminal event has not been delivered. */
guint       _eshi_worker_get_n_pending (EshiWorker     *self);

G_END_DECLS
