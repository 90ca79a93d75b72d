/* eshi-scheduler-dpm-2m-sde.c: DPM-Solver++ of second order (2M) for the stochastic equation, midpoint and Heun.
 *
 * All noise is replaced (η = 1). It is plain, from the picture's own generator; other programs draw it from a
 * Brownian tree, so the same seed gives another picture there.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

/* @heuns: weights the difference to the last clean prediction as Heun's method does, otherwise as the midpoint's. */
static void
move (EshiScheduler *self,
      guint          i,
      gboolean       heuns,
      const float   *model_output,
      float         *x,
      EshiRng       *noise_rng)
{
  double from = self->levels[i].sigma;
  double to = self->levels[i + 1].sigma;
  float *clean = _eshi_scheduler_push_history (self);
  double kept = (to / from) * (to / from);
  double lean = 0.0;

  if (to > 0 && self->n_history > 1 && self->levels[i - 1].sigma > from)
    {
      double h = log (from / to);
      double weight = heuns && h > 0 ? 1.0 - (1.0 - kept) / (2.0 * h) : 0.5 * (1.0 - kept);

      lean = weight * h / log (self->levels[i - 1].sigma / from);
    }
  eshi_scheduler_predict_clean (self, i, model_output, x, clean);
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double next = kept * x[k] + (1.0 - kept) * clean[k];

      if (lean != 0.0)
        next += lean * ((double) clean[k] - self->history[1][k]);
      x[k] = (float) next;
    }
  if (to > 0)
    _eshi_scheduler_stir (self, to * sqrt (1.0 - kept), x, noise_rng);
}

static void
step_midpoint (EshiScheduler *self,
               guint          i,
               const float   *model_output,
               float         *x,
               EshiRng       *noise_rng)
{
  move (self, i, FALSE, model_output, x, noise_rng);
}

static void
step_heun (EshiScheduler *self,
           guint          i,
           const float   *model_output,
           float         *x,
           EshiRng       *noise_rng)
{
  move (self, i, TRUE, model_output, x, noise_rng);
}

const EshiSchedulerClass _eshi_scheduler_dpmpp_2m_sde = {
  .id = "dpmpp-2m-sde",
  .label = "DPM++ 2M SDE",
  .own_schedule = "exponential",
  .takes_schedule = TRUE,
  .n_history = 2,
  .draws_noise = TRUE,
  .needs_noise = TRUE,
  .prepare = _eshi_scheduler_prepare_schedule,
  .step = step_midpoint,
};

const EshiSchedulerClass _eshi_scheduler_dpmpp_2m_sde_heun = {
  .id = "dpmpp-2m-sde-heun",
  .label = "DPM++ 2M SDE Heun",
  .own_schedule = "exponential",
  .takes_schedule = TRUE,
  .n_history = 2,
  .draws_noise = TRUE,
  .needs_noise = TRUE,
  .prepare = _eshi_scheduler_prepare_schedule,
  .step = step_heun,
};
