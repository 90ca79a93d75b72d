/* eshi-info-pane.h: all that the history knows about a picture.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>
#include <eshi-history.h>

#include "eshi-history-item.h"
#include "eshi-thumbnail-cache.h"

G_BEGIN_DECLS

#define ESHI_TYPE_INFO_PANE (eshi_info_pane_get_type ())

/**
 * EshiInfoPane:
 *
 * Uses the actions `gallery.rate`, `gallery.favourite`, `gallery.open-folder` and `gallery.rerun`.
 *
 * Signals:
 *   `set-tag (char *tag, gboolean present)`: a tag is to be added to the selected pictures, or removed from them
 *   `show-picture (gint64 id)`: a picture of the family is to be shown
 */
G_DECLARE_FINAL_TYPE (EshiInfoPane, eshi_info_pane, ESHI, INFO_PANE, AdwBin)

GtkWidget *eshi_info_pane_new (void);

/* References to both are kept. To be called once, before there is an item. */
void eshi_info_pane_set_history (EshiInfoPane       *self,
                                 EshiHistory        *history,
                                 EshiThumbnailCache *thumbnails);

/* @item: (nullable): the picture that is told about; a reference is kept
 * @n_selected: pictures that tags and marks are for; with more than one, only those are offered */
void eshi_info_pane_set_item (EshiInfoPane    *self,
                              EshiHistoryItem *item,
                              guint            n_selected);

/* Puts the keyboard where a tag is written. */
void eshi_info_pane_focus_tag (EshiInfoPane *self);

/**
 * eshi_info_pane_dup_difference:
 *
 * Returns: (transfer full): Pango markup: the prompt of @picture with the words marked that differ from @other's, and
 *   below it the settings that differ, as "Seed 42 → 43"
 */
char *eshi_info_pane_dup_difference (const EshiHistoryPicture *other,
                                     const EshiHistoryPicture *picture);

G_END_DECLS
