/* eshi-leftover.h: what is left of a picture that was cancelled: its last preview, as a picture that can be resumed.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-picture.h"
#include "eshi-queue.h"

G_BEGIN_DECLS

/**
 * eshi_leftover_new:
 * @preview: the last look at the unfinished picture, of any size
 * @job: whose picture it was
 * @model_name: (nullable): name of the model
 *
 * Thread: main.
 *
 * Returns: (transfer full): an interrupted picture of the size that was asked for, with the settings of the picture of
 *   the batch that was being painted
 */
EshiPicture *eshi_leftover_new      (EshiImage          *preview,
                                     EshiJob            *job,
                                     const char         *model_name);

/**
 * eshi_leftover_find_job:
 * @settings: of such a picture, also as the history gave them back
 *
 * What paints the same picture is the same job: nothing else is kept of where a picture comes from. Thread: main.
 *
 * Returns: (transfer none) (nullable): the interrupted job; %NULL if it is not in the queue any more
 */
EshiJob     *eshi_leftover_find_job (EshiQueue          *queue,
                                     const EshiSettings *settings);

G_END_DECLS
