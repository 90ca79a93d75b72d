/* eshi-queue-view.h: the list of what is painted, waits or was interrupted.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-queue.h"

G_BEGIN_DECLS

#define ESHI_TYPE_QUEUE_VIEW (eshi_queue_view_get_type ())

/**
 * EshiQueueView:
 *
 * Whatever is taken away here comes back with its toast's button, or with Ctrl+Z. Uses the actions `win.cancel` and
 * `win.view`.
 */
G_DECLARE_FINAL_TYPE (EshiQueueView, eshi_queue_view, ESHI, QUEUE_VIEW, AdwBin)

GtkWidget *eshi_queue_view_new (void);

/* To be called once. */
void eshi_queue_view_set_queue (EshiQueueView *self,
                                EshiQueue     *queue);

/* Gives the keyboard to the first job, or where there is none to what can be done then. */
void eshi_queue_view_focus (EshiQueueView *self);

G_END_DECLS
