/* eshi-history-item.h: a picture of the history, in a list; known by its id until the rest is read.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <eshi-history-types.h>
#include <glib-object.h>

G_BEGIN_DECLS

#define ESHI_TYPE_HISTORY_ITEM (eshi_history_item_get_type ())

/**
 * EshiHistoryItem:
 *
 * Properties: `picture` (EshiHistoryPicture, nullable, notifies): %NULL until it is read.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiHistoryItem, eshi_history_item, ESHI, HISTORY_ITEM, GObject)

/* @id: of a picture in the history, or 0 for a picture that is in none */
EshiHistoryItem *eshi_history_item_new (gint64 id);

gint64 eshi_history_item_get_id (EshiHistoryItem *self);

/* Returns: (transfer none) (nullable): valid until it is set again */
const EshiHistoryPicture *eshi_history_item_get_picture (EshiHistoryItem *self);

/* @picture: copied; its id is the item's */
void eshi_history_item_set_picture (EshiHistoryItem          *self,
                                    const EshiHistoryPicture *picture);

/* Returns: (transfer none): the prompt, or words for a picture without one, or that is not read yet */
const char *eshi_history_item_get_title (EshiHistoryItem *self);

G_END_DECLS
