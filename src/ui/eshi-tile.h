/* eshi-tile.h: one picture of the history as a square, with its marks.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-history-item.h"
#include "eshi-thumbnail-cache.h"

G_BEGIN_DECLS

#define ESHI_TYPE_TILE (eshi_tile_get_type ())

/**
 * EshiTile:
 *
 * As wide as it is told to be, and as high as it is wide. Shows the middle of a picture that is no square. A picture
 * whose file is not there is shown as missing.
 */
G_DECLARE_FINAL_TYPE (EshiTile, eshi_tile, ESHI, TILE, GtkWidget)

/* @thumbnails: a reference is kept */
GtkWidget *eshi_tile_new (EshiThumbnailCache *thumbnails);

/* @item: (nullable): a reference is kept; what was being loaded for the one before is given up */
void eshi_tile_set_item (EshiTile        *self,
                         EshiHistoryItem *item);

/* Returns: (transfer none) (nullable) */
EshiHistoryItem *eshi_tile_get_item (EshiTile *self);

/* Returns: (transfer none) (nullable): what is drawn; %NULL until it is loaded */
GdkTexture *eshi_tile_get_texture (EshiTile *self);

G_END_DECLS
