/* eshi-scheduler-dpm2.c: the midpoint method in ln σ (DPM-Solver-2), plain and ancestral.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

/* From the step's start to @target with the slope of its middle, where call @i asked. */
static void
go_to (EshiScheduler *self,
       guint          i,
       double         target,
       const float   *model_output,
       float         *x)
{
  const EshiNoiseLevel *level = &self->levels[i];
  double distance = target - self->levels[i - 1].sigma;

  for (gsize k = 0; k < self->n_elements; k++)
    {
      double slope = level->noise_from_x * x[k] + level->noise_from_model * model_output[k];

      x[k] = (float) (self->kept_x[k] + distance * slope);
    }
}

static void
finish (EshiScheduler *self,
        guint          i,
        const float   *model_output,
        float         *x,
        EshiRng       *noise_rng)
{
  go_to (self, i, self->levels[i + 1].sigma, model_output, x);
}

static void
finish_ancestral (EshiScheduler *self,
                  guint          i,
                  const float   *model_output,
                  float         *x,
                  EshiRng       *noise_rng)
{
  double up;
  double down = _eshi_sigma_split (self->levels[i - 1].sigma, self->levels[i + 1].sigma, &up);

  go_to (self, i, down, model_output, x);
  _eshi_scheduler_stir (self, up, x, noise_rng);
}

const EshiSchedulerClass _eshi_scheduler_dpm2 = {
  .id = "dpm2",
  .label = "DPM2",
  .own_schedule = "karras",
  .takes_schedule = TRUE,
  .discards_sigma = TRUE,
  .calls_per_step = 2,
  .keeps_x = TRUE,
  .prepare = _eshi_scheduler_prepare_two_calls,
  .step = _eshi_scheduler_step_two_calls,
  .get_middle = _eshi_sigma_middle,
  .finish = finish,
};

const EshiSchedulerClass _eshi_scheduler_dpm2_a = {
  .id = "dpm2-a",
  .label = "DPM2 a",
  .own_schedule = "karras",
  .takes_schedule = TRUE,
  .discards_sigma = TRUE,
  .calls_per_step = 2,
  .keeps_x = TRUE,
  .draws_noise = TRUE,
  .needs_noise = TRUE,
  .prepare = _eshi_scheduler_prepare_two_calls,
  .step = _eshi_scheduler_step_two_calls,
  .get_middle = _eshi_sigma_middle_ancestral,
  .finish = finish_ancestral,
};
