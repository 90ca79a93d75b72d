/* eshi-steps.h: how a finished picture came about: what it looked like after each step.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

#define ESHI_TYPE_STEPS (eshi_steps_get_type ())

/**
 * EshiSteps:
 *
 * Paints the picture again, one step a request, so that others find their turn in between, and keeps a look at each. Has no
 * widgets.
 *
 * Signals:
 *   `changed`: there is one more look, or painting began or stopped
 *   `failed (GError *error)`: a step could not be painted; what is there stays
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiSteps, eshi_steps, ESHI, STEPS, GObject)

/* @engine: what paints; a reference is kept */
EshiSteps  *eshi_steps_new         (EshiEngine         *engine);

/* @engine: what paints from now on; another one gives up what it was painting */
void        eshi_steps_set_engine  (EshiSteps          *self,
                                    EshiEngine         *engine);

/**
 * eshi_steps_start:
 * @settings: how @picture was made, with its steps; copied
 * @picture: the picture itself, which is the look after the last step
 *
 * Throws away what was there and begins.
 */
void        eshi_steps_start       (EshiSteps          *self,
                                    const EshiSettings *settings,
                                    EshiImage          *picture);

/* Stops painting; what is there stays. */
void        eshi_steps_stop        (EshiSteps          *self);

/* Goes on after eshi_steps_stop() or an error. */
void        eshi_steps_go_on       (EshiSteps          *self);

gboolean    eshi_steps_get_running (EshiSteps          *self);

/* Steps of the picture; 0 before the first start. */
int         eshi_steps_get_n_steps (EshiSteps          *self);

/* How many of them have been painted again, without gaps from the first; all once the picture is reached. */
int         eshi_steps_get_n_done  (EshiSteps          *self);

/* (transfer none) (nullable): the look after @step steps, 1 to n_steps; %NULL while there is none */
EshiImage  *eshi_steps_get_image   (EshiSteps          *self,
                                    int                 step);

/* Whether it shows @picture. */
gboolean    eshi_steps_shows       (EshiSteps          *self,
                                    EshiImage          *picture);

G_END_DECLS
