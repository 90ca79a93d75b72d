/* eshi-seeds-view.h: 種くらべ: the contact sheet of seeds, and what can be done with those that are ticked.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-seed-sheet.h"

G_BEGIN_DECLS

#define ESHI_TYPE_SEEDS_VIEW (eshi_seeds_view_get_type ())

/**
 * EshiSeedsView:
 *
 * A click, Space or 1 to 9 tick a seed, the arrow keys go from one to the next, Ctrl+Enter finishes, Escape pauses or closes.
 *
 * Signals:
 *   `finish (EshiSettings *settings, GBytes *state)`: finish this seed; once for each that is ticked, in their order
 *   `use-seed (guint64 seed)`: this seed is wanted for the prompt
 *   `closed`: the sheet is left
 */
G_DECLARE_FINAL_TYPE (EshiSeedsView, eshi_seeds_view, ESHI, SEEDS_VIEW, AdwBin)

GtkWidget *eshi_seeds_view_new       (void);

/* @sheet: what it shows; a reference is kept. To be called once */
void       eshi_seeds_view_set_sheet (EshiSeedsView      *self,
                                      EshiSeedSheet      *sheet);

/* (transfer none) */
EshiSeedSheet *eshi_seeds_view_get_sheet (EshiSeedsView  *self);

/* Shows the sheet as it is, for one that was restored. */
void       eshi_seeds_view_show_kept (EshiSeedsView      *self);

/* Shows the sheet of @settings: the one that is there if it asks for the same, seed apart, else a new one that begins with
 * the seed of @settings. */
void       eshi_seeds_view_show      (EshiSeedsView      *self,
                                      const EshiSettings *settings);

G_END_DECLS
