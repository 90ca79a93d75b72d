/* eshi-history-model.h: the pictures of the history that fit a query, as a list of any length.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <eshi-history.h>
#include <gio/gio.h>

#include "eshi-history-item.h"

G_BEGIN_DECLS

#define ESHI_TYPE_HISTORY_MODEL (eshi_history_model_get_type ())

/**
 * EshiHistoryModel:
 *
 * A GListModel of EshiHistoryItem. All ids are held, eight bytes each; a picture is read when its item is asked for,
 * with its neighbours of the same moment, the last asked for first. A change of the history is told as the few places
 * that changed, so that a view keeps its place and its selection. With a picture it is looked, once, whether its file is
 * there, which the history then keeps.
 *
 * Signals:
 *   `found`: the answer to the query is in the list
 *   `failed (GError *error)`: the history did not answer
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiHistoryModel, eshi_history_model, ESHI, HISTORY_MODEL, GObject)

/* @history: (nullable): a reference is kept; without one, items stay unread, and there are those given by
 *   eshi_history_model_set_ids() */
EshiHistoryModel *eshi_history_model_new (EshiHistory *history);

/* Asks the history. "after" and "limit" of @query mean nothing; copied. `found` tells when the answer is there. */
void eshi_history_model_set_query (EshiHistoryModel       *self,
                                   const EshiHistoryQuery *query);

/* @ids: (element-type gint64): what the list holds from now on. Cost: that of the difference, and a pass over all */
void eshi_history_model_set_ids (EshiHistoryModel *self,
                                 const GArray     *ids);

/* Returns: the id at a place, without making an item; 0 behind the end */
gint64 eshi_history_model_get_id (EshiHistoryModel *self,
                                  guint             position);

/* Returns: whether @id is in the list, and where. Cost: below 1 ms at 100,000 */
gboolean eshi_history_model_find (EshiHistoryModel *self,
                                  gint64            id,
                                  guint            *position);

/* Looks again whether files are there: at once those of the pictures read last, the others when they are asked for. */
void eshi_history_model_check_files (EshiHistoryModel *self);

/* @awake: whether changes of the history are followed at once, as is so at first; else when it is awake again */
void eshi_history_model_set_awake (EshiHistoryModel *self,
                                   gboolean          awake);

G_END_DECLS
