/* eshi-history-scope.h: those of a list of pictures that were chosen, in the list's order.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-history-model.h"

G_BEGIN_DECLS

#define ESHI_TYPE_HISTORY_SCOPE (eshi_history_scope_get_type ())

/**
 * EshiHistoryScope:
 *
 * A GListModel of the items of an EshiHistoryModel. A chosen picture that leaves the model leaves the scope, and is there
 * again when the model has it again.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiHistoryScope, eshi_history_scope, ESHI, HISTORY_SCOPE, GObject)

/* @model: a reference is kept
 * @ids: (element-type gint64): the chosen ones, in any order; copied */
EshiHistoryScope *eshi_history_scope_new  (EshiHistoryModel *model,
                                           const GArray     *ids);

/* Returns: whether @id is there, and where. */
gboolean          eshi_history_scope_find (EshiHistoryScope *self,
                                           gint64            id,
                                           guint            *position);

G_END_DECLS
