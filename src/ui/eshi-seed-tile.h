/* eshi-seed-tile.h: one seed on the contact sheet, to be ticked.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-seed.h"

G_BEGIN_DECLS

/* Pixels of its width beside the picture: twice the padding of button.eshi-seed in style.css. */
#define ESHI_SEED_TILE_PADDING 8

#define ESHI_TYPE_SEED_TILE (eshi_seed_tile_get_type ())

G_DECLARE_FINAL_TYPE (EshiSeedTile, eshi_seed_tile, ESHI, SEED_TILE, GtkToggleButton)

/* @seed: what it shows; active means ticked. A reference is kept */
GtkWidget *eshi_seed_tile_new (EshiSeed *seed);

/* (transfer none) */
EshiSeed  *eshi_seed_tile_get_seed (EshiSeedTile *self);

G_END_DECLS
