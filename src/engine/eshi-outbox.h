/* eshi-outbox.h: events on their way from the worker to the main loop.
 *
 * One source in the main context drains the queue, however many events were posted since. PROGRESS and PREVIEW keep
 * only the newest per request; everything else arrives, in the order in which it was posted. An event is delivered by
 * the main context and never from within post.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-event.h"

G_BEGIN_DECLS

typedef struct _EshiOutbox EshiOutbox;

typedef void (*EshiOutboxFunc) (EshiEvent *event,
                                gpointer   user_data);

/* @context: where @func is called for each event. Thread: any. */
EshiOutbox *_eshi_outbox_new   (GMainContext   *context,
                                EshiOutboxFunc  func,
                                gpointer        user_data);

/* Takes @event over. Thread: any. */
void        _eshi_outbox_post  (EshiOutbox     *self,
                                EshiEvent      *event);

/* Drops what was not delivered and frees @self; @func is not called again, also when this is called from within it.
 * Thread: that of the context; no other may post any more. */
void        _eshi_outbox_close (EshiOutbox     *self);

G_END_DECLS
