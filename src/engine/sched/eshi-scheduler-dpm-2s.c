/* eshi-scheduler-dpm-2s.c: DPM-Solver++ of second order in single steps (2S), ancestral.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

static void
finish (EshiScheduler *self,
        guint          i,
        const float   *model_output,
        float         *x,
        EshiRng       *noise_rng)
{
  double up;
  double down = _eshi_sigma_split (self->levels[i - 1].sigma, self->levels[i + 1].sigma, &up);

  _eshi_scheduler_redo_step (self, i, down, model_output, x);
  _eshi_scheduler_stir (self, up, x, noise_rng);
}

const EshiSchedulerClass _eshi_scheduler_dpmpp_2s_a = {
  .id = "dpmpp-2s-a",
  .label = "DPM++ 2S a",
  .own_schedule = "karras",
  .takes_schedule = TRUE,
  .calls_per_step = 2,
  .keeps_x = TRUE,
  .draws_noise = TRUE,
  .needs_noise = TRUE,
  .prepare = _eshi_scheduler_prepare_two_calls,
  .step = _eshi_scheduler_step_two_calls,
  .get_middle = _eshi_sigma_middle_ancestral,
  .finish = finish,
};
