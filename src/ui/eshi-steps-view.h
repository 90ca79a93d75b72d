/* eshi-steps-view.h: 工程: how a picture came about, to be scrubbed through and exported.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-picture.h"
#include "eshi-steps.h"

G_BEGIN_DECLS

#define ESHI_TYPE_STEPS_VIEW (eshi_steps_view_get_type ())

/**
 * EshiStepsView:
 *
 * The slider and the arrow keys go from step to step, Space plays, Escape closes.
 *
 * Signals:
 *   `export`: the steps are wanted as a file; all of them are there
 *   `branch (int step)`: a picture is wanted that parts from this one after @step steps, not the last
 *   `closed`: it is left
 */
G_DECLARE_FINAL_TYPE (EshiStepsView, eshi_steps_view, ESHI, STEPS_VIEW, AdwBin)

GtkWidget *eshi_steps_view_new        (void);

/* @steps: what it shows; a reference is kept. To be called once */
void       eshi_steps_view_set_steps  (EshiStepsView *self,
                                       EshiSteps     *steps);

/* (transfer none) */
EshiSteps *eshi_steps_view_get_steps  (EshiStepsView *self);

/* Shows the steps of @picture; those that are there already are not painted again. */
void       eshi_steps_view_show       (EshiStepsView *self,
                                       EshiPicture   *picture);

/* (transfer none) (nullable): the picture whose steps are shown; %NULL before the first. */
EshiPicture *eshi_steps_view_get_picture (EshiStepsView *self);

/* (transfer container) (element-type EshiImage): the looks after each step, the picture itself last. */
GPtrArray *eshi_steps_view_get_images (EshiStepsView *self);

G_END_DECLS
