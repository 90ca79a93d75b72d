/* eshi-engine.h: the engine as the main thread sees it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-event.h"
#include "eshi-request.h"

G_BEGIN_DECLS

#define ESHI_TYPE_ENGINE (eshi_engine_get_type ())

/**
 * EshiEngine:
 *
 * Owns the worker thread. Finalizing it cancels what runs, and joins the thread: at most one step of waiting.
 *
 * Signals: `event (EshiEvent *event)`, in the main context that was the thread default when the engine was created.
 * Properties: `busy` (boolean, read only, notifies).
 *
 * Thread: main.
 */
ESHI_AVAILABLE
G_DECLARE_FINAL_TYPE (EshiEngine, eshi_engine, ESHI, ENGINE, GObject)

/**
 * eshi_engine_new:
 * @backend: (nullable): "ref", "cpu" or "cuda"; %NULL for $ESHI_BACKEND, or else the best that this computer runs
 * @n_threads: processor threads; 0 for one per physical core
 *
 * Starts the worker; opens nothing yet.
 */
ESHI_AVAILABLE
EshiEngine *eshi_engine_new (const char *backend,
                             guint       n_threads);

/**
 * eshi_engine_new_with_precision:
 * @precision: (nullable): "f32", "half", or "auto" for the backend's fastest sound type, as eshi_engine_new() does
 *
 * A precision that the device does not have, or no precision at all, comes back as failed events.
 */
ESHI_AVAILABLE
EshiEngine *eshi_engine_new_with_precision (const char *backend,
                                            guint       n_threads,
                                            const char *precision);

/**
 * eshi_engine_submit:
 * @self: an engine
 * @request: (transfer full): what to do; not to be touched afterwards
 * @cancellable: (nullable): cancels this request only, whether it waits or runs
 *
 * Queues @request and returns at once. Exactly one terminal event (done, failed or cancelled) follows; no event with
 * this id follows that one.
 *
 * Thread: main. Errors: none here; a bad request comes back as a failed event.
 *
 * Returns: the request's id, greater than zero and never reused
 */
ESHI_AVAILABLE
guint64 eshi_engine_submit (EshiEngine   *self,
                            EshiRequest  *request,
                            GCancellable *cancellable);

/**
 * eshi_engine_cancel:
 * @id: a request's id; unknown or ended ids are ignored
 *
 * Cancels a request whether it waits or runs; at most one step passes before its cancelled event.
 */
ESHI_AVAILABLE
void eshi_engine_cancel (EshiEngine *self,
                         guint64     id);

/* Requests that wait or run. */
ESHI_AVAILABLE
guint eshi_engine_get_n_pending (EshiEngine *self);

/**
 * eshi_engine_describe_devices:
 *
 * Which backends there are, which would be used, and why not the others: one line each, for an about box or a log.
 * Probes, but opens nothing.
 *
 * Returns: (transfer full): lines of text
 */
ESHI_AVAILABLE
char *eshi_engine_describe_devices (void);

G_END_DECLS
