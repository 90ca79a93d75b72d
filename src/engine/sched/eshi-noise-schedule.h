/* eshi-noise-schedule.h: how much noise the training mixed in at each timestep.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-scheduler.h"

G_BEGIN_DECLS

/* Both tables hold values that the reference stores as f32, and are kept as double. */
typedef struct
{
  guint   n;         /* timesteps */
  double *alpha_bar; /* [n]; share of the clean picture's power, falling from nearly 1, above 0 */
  double *sigma;     /* [n]; √((1 − ᾱ) / ᾱ), rising */
} EshiNoiseSchedule;

/* NULL with @error set (INVALID_ARGUMENT) where the β leave no picture at all or lie outside their range. */
EshiNoiseSchedule *eshi_noise_schedule_new            (const EshiSchedulerConfig *config,
                                                       GError                   **error);
void               eshi_noise_schedule_free           (EshiNoiseSchedule         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiNoiseSchedule, eshi_noise_schedule_free)

/* ᾱ at a whole timestep; those outside the table count as its nearest end. */
double             eshi_noise_schedule_get_alpha_bar  (const EshiNoiseSchedule   *self,
                                                       int                        timestep);

/* σ at a fractional timestep, 0 to n − 1: linear between its neighbours, rounded to f32. */
double             eshi_noise_schedule_get_sigma      (const EshiNoiseSchedule   *self,
                                                       double                     timestep);

/* σ at a fractional timestep, 0 to n − 1: linear in ln σ between its neighbours. */
double             eshi_noise_schedule_get_sigma_in_log (const EshiNoiseSchedule *self,
                                                       double                     timestep);

/* The fractional timestep, 0 to n − 1, whose ln σ is that of @sigma; linear in ln σ between neighbours. */
double             eshi_noise_schedule_find_timestep  (const EshiNoiseSchedule   *self,
                                                       double                     sigma);

G_END_DECLS
