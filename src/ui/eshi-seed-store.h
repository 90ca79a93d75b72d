/* eshi-seed-store.h: the contact sheet of seeds, kept from run to run and through a crash.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-seed-sheet.h"

G_BEGIN_DECLS

#define ESHI_TYPE_SEED_STORE (eshi_seed_store_get_type ())

/**
 * EshiSeedStore:
 *
 * A folder of its own: sheet.ini with the settings and the ticks, the input picture and its mask where there are any, and
 * for each seed that has had steps its state and its look. Written on a thread half a second after the first change.
 * Files that cannot be read are taken as not there.
 *
 * Properties: `loaded` (boolean, read only, notifies): the files were read.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiSeedStore, eshi_seed_store, ESHI, SEED_STORE, GObject)

/* Follows @sheet from now on, and puts what was kept in @folder into it unless it was started before that is read. */
EshiSeedStore *eshi_seed_store_new        (EshiSeedSheet *sheet,
                                           const char    *folder);

/* (transfer none) */
EshiSeedSheet *eshi_seed_store_get_sheet  (EshiSeedStore *self);

gboolean       eshi_seed_store_get_loaded (EshiSeedStore *self);

/* Writes now, in this thread, if there is anything to write. */
void           eshi_seed_store_flush      (EshiSeedStore *self);

G_END_DECLS
