/* eshi-seed.h: one seed of a contact sheet: what it looks like so far, and from where it can go on.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>
#include <libeshi-engine.h>

G_BEGIN_DECLS

#define ESHI_TYPE_SEED (eshi_seed_get_type ())

/**
 * EshiSeed:
 *
 * Properties: `texture` (GdkTexture, nullable), `step` (int), `state` (GBytes, nullable), `ticked` (boolean): all notify.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiSeed, eshi_seed, ESHI, SEED, GObject)

EshiSeed    *eshi_seed_new         (guint64      number);

/* The seed itself. */
guint64      eshi_seed_get_number  (EshiSeed    *self);

/* How it looks so far. (transfer none) (nullable): %NULL before the first look */
GdkTexture  *eshi_seed_get_texture (EshiSeed    *self);

void         eshi_seed_set_texture (EshiSeed    *self,
                                    GdkTexture  *texture);

/* Steps that it has had, those that are not kept yet included. */
int          eshi_seed_get_step    (EshiSeed    *self);

void         eshi_seed_set_step    (EshiSeed    *self,
                                    int          step);

/* Where it goes on, for eshi_request_new_resumable(). (transfer none) (nullable): %NULL at the beginning */
GBytes      *eshi_seed_get_state   (EshiSeed    *self);

/* @state: after the steps that eshi_seed_get_step() tells now */
void         eshi_seed_set_state   (EshiSeed    *self,
                                    GBytes      *state);

/* Steps that the state was taken after; 0 without one. */
int          eshi_seed_get_state_step (EshiSeed *self);

/* Whether the artist wants it. */
gboolean     eshi_seed_get_ticked  (EshiSeed    *self);

void         eshi_seed_set_ticked  (EshiSeed    *self,
                                    gboolean     ticked);

G_END_DECLS
