/* eshi-queue-row.h: one job of the queue: what it is, how far it is, and what can be done with it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

#include "eshi-queue.h"

G_BEGIN_DECLS

#define ESHI_TYPE_QUEUE_ROW (eshi_queue_row_get_type ())

/**
 * EshiQueueRow:
 *
 * For a GtkListBox. A job that waits is moved by dragging its handle, or with Alt and ↑ or ↓.
 *
 * Signals: `remove`: the artist does not want the job, which does not run. One that runs is cancelled by the action
 * `win.cancel`. `step` (int): it is to go so many places down.
 */
G_DECLARE_FINAL_TYPE (EshiQueueRow, eshi_queue_row, ESHI, QUEUE_ROW, GtkListBoxRow)

GtkWidget *eshi_queue_row_new (EshiQueue *queue,
                               EshiJob   *job);

/* Returns: (transfer none) */
EshiJob *eshi_queue_row_get_job (EshiQueueRow *self);

G_END_DECLS
