/* eshi-scheduler-file.h: a model's scheduler_config.json: which sampler it likes, and how it was trained.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-scheduler.h"

G_BEGIN_DECLS

/**
 * eshi_scheduler_file_load:
 * @folder: the model's folder; without scheduler/scheduler_config.json there all values are Stable Diffusion 1.4's
 * @sampler: (out) (transfer none): id of the sampler; static
 *
 * The spacing of timesteps belongs to @sampler; another one that is chosen instead has its own.
 *
 * As the reference pipeline does, steps start at an offset of 1 and samples are never clipped, whatever the file says.
 *
 * Errors: MODEL_INVALID, UNSUPPORTED.
 */
gboolean eshi_scheduler_file_load (EshiSchedulerConfig  *config,
                                   const char          **sampler,
                                   const char           *folder,
                                   GError              **error);

G_END_DECLS
