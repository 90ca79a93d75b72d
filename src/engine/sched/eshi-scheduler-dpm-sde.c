/* eshi-scheduler-dpm-sde.c: DPM-Solver++ for the stochastic equation, two calls and two draws of noise a step.
 *
 * The noise is plain, from the picture's own generator. Other programs draw it from a Brownian tree, so the same
 * seed gives another picture there.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

/* Unlike the others' first call, this one adds noise as well. */
static void
step (EshiScheduler *self,
      guint          i,
      const float   *model_output,
      float         *x,
      EshiRng       *noise_rng)
{
  gboolean tries = i % 2 == 0;
  double from = self->levels[tries ? i : i - 1].sigma;
  double up;
  double down = _eshi_sigma_split (from, self->levels[i + 1].sigma, &up);

  if (tries)
    _eshi_scheduler_try_step_to (self, i, down, model_output, x);
  else
    _eshi_scheduler_redo_step (self, i, down, model_output, x);
  if (up > 0)
    _eshi_scheduler_stir (self, up, x, noise_rng);
}

const EshiSchedulerClass _eshi_scheduler_dpmpp_sde = {
  .id = "dpmpp-sde",
  .label = "DPM++ SDE",
  .own_schedule = "karras",
  .takes_schedule = TRUE,
  .calls_per_step = 2,
  .keeps_x = TRUE,
  .draws_noise = TRUE,
  .needs_noise = TRUE,
  .prepare = _eshi_scheduler_prepare_two_calls,
  .step = step,
  .get_middle = _eshi_sigma_middle,
};
