/* eshi-seed-row.h: the seed: a number, a dice and a lock.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define ESHI_TYPE_SEED_ROW (eshi_seed_row_get_type ())

/**
 * EshiSeedRow:
 *
 * Properties: `seed` (uint), `locked` (boolean); both notify.
 */
G_DECLARE_FINAL_TYPE (EshiSeedRow, eshi_seed_row, ESHI, SEED_ROW, AdwActionRow)

GtkWidget *eshi_seed_row_new (void);

guint eshi_seed_row_get_seed (EshiSeedRow *self);

/* Shows @seed, which the next picture then uses. */
void eshi_seed_row_set_seed (EshiSeedRow *self,
                             guint        seed);

gboolean eshi_seed_row_get_locked (EshiSeedRow *self);

void eshi_seed_row_set_locked (EshiSeedRow *self,
                               gboolean     locked);

/* Throws the dice now; the next picture uses the number that comes up. */
void eshi_seed_row_roll (EshiSeedRow *self);

/**
 * eshi_seed_row_take:
 *
 * Returns: the seed for one request: the number shown when it is locked or was just chosen, else a new random one,
 *   which is shown from then on
 */
guint eshi_seed_row_take (EshiSeedRow *self);

/**
 * eshi_seed_row_parse:
 * @text: digits, half or full width, with white space around
 *
 * Returns: whether @text is a number from 0 to 4294967295
 */
gboolean eshi_seed_row_parse (const char *text,
                              guint      *seed);

G_END_DECLS
