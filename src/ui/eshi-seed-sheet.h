/* eshi-seed-sheet.h: many seeds of one prompt, each painted for a few steps, so that only the best are finished.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

#include "eshi-seed.h"

G_BEGIN_DECLS

#define ESHI_SEED_SHEET_MIN_SEEDS 2
#define ESHI_SEED_SHEET_MAX_SEEDS 24
#define ESHI_SEED_SHEET_SEEDS 12

#define ESHI_TYPE_SEED_SHEET (eshi_seed_sheet_get_type ())

/**
 * EshiSeedSheet:
 *
 * Asks the engine for one seed after the other, so that other requests find their turn in between. Has no widgets.
 *
 * Properties: `running` (boolean, read only, notifies).
 * Signals: `failed (GError *error)`: a seed could not be painted, and the sheet has stopped.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiSeedSheet, eshi_seed_sheet, ESHI, SEED_SHEET, GObject)

/* @engine: what paints; a reference is kept */
EshiSeedSheet      *eshi_seed_sheet_new            (EshiEngine         *engine);

/* @engine: what paints from now on; another one gives up what it was painting */
void                eshi_seed_sheet_set_engine     (EshiSeedSheet      *self,
                                                    EshiEngine         *engine);

/**
 * eshi_seed_sheet_start:
 * @settings: copied; its seed is the first, the others follow it
 * @n_seeds: %ESHI_SEED_SHEET_MIN_SEEDS to %ESHI_SEED_SHEET_MAX_SEEDS
 * @stop_after: steps that each seed gets, 1 or more
 *
 * Throws away what was there and begins.
 */
void                eshi_seed_sheet_start          (EshiSeedSheet      *self,
                                                    const EshiSettings *settings,
                                                    guint               n_seeds,
                                                    int                 stop_after);

/**
 * eshi_seed_sheet_restore:
 * @settings: copied; as eshi_seed_sheet_get_settings() has told
 * @seeds: (element-type EshiSeed): held from now on
 * @stop_after: steps that each seed gets, 1 or more
 *
 * For a sheet that was never started: shows what an earlier one has left, and paints nothing before
 * eshi_seed_sheet_go_on().
 */
void                eshi_seed_sheet_restore        (EshiSeedSheet      *self,
                                                    const EshiSettings *settings,
                                                    GPtrArray          *seeds,
                                                    int                 stop_after);

/* Begins again with as many seeds that follow the last one. */
void                eshi_seed_sheet_start_others   (EshiSeedSheet      *self);

/* More seeds are painted; fewer are taken from the end, where no ticked one stands. */
void                eshi_seed_sheet_set_n_seeds    (EshiSeedSheet      *self,
                                                    guint               n_seeds);

/* With more steps the seeds go on from where they stand; with fewer nothing is lost. */
void                eshi_seed_sheet_set_stop_after (EshiSeedSheet      *self,
                                                    int                 stop_after);

int                 eshi_seed_sheet_get_stop_after (EshiSeedSheet      *self);

/* Stops painting; what is there stays. */
void                eshi_seed_sheet_stop           (EshiSeedSheet      *self);

/* Goes on after eshi_seed_sheet_stop() or an error. */
void                eshi_seed_sheet_go_on          (EshiSeedSheet      *self);

gboolean            eshi_seed_sheet_get_running    (EshiSeedSheet      *self);

/* (transfer none) (element-type EshiSeed): empty before the first start */
GListModel         *eshi_seed_sheet_get_seeds      (EshiSeedSheet      *self);

/* Whether there is something to do with the sheet still: seeds that are ticked, or have not had their steps. */
gboolean            eshi_seed_sheet_get_unfinished (EshiSeedSheet      *self);

/* Those of the sheet, with its first seed. (transfer none) (nullable): %NULL before the first start */
const EshiSettings *eshi_seed_sheet_get_settings   (EshiSeedSheet      *self);

/* Whether @settings ask for what the sheet shows, whatever their seed and number of pictures. */
gboolean            eshi_seed_sheet_shows          (EshiSeedSheet      *self,
                                                    const EshiSettings *settings);

/* (transfer full): what finishes @seed, together with its state, as the picture that these settings alone give. */
EshiSettings       *eshi_seed_sheet_dup_settings   (EshiSeedSheet      *self,
                                                    EshiSeed           *seed);

G_END_DECLS
