/* eshi-scheduler-heun.c: Heun's method: an Euler step tried, then repeated with the mean of both ends' slopes.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

static double
get_middle (double from,
            double to)
{
  return to;
}

static void
finish (EshiScheduler *self,
        guint          i,
        const float   *model_output,
        float         *x,
        EshiRng       *noise_rng)
{
  const EshiNoiseLevel *level = &self->levels[i];
  const float *slope = self->history[0];
  double distance = self->levels[i + 1].sigma - self->levels[i - 1].sigma;

  for (gsize k = 0; k < self->n_elements; k++)
    {
      double other = level->noise_from_x * x[k] + level->noise_from_model * model_output[k];

      x[k] = (float) (self->kept_x[k] + distance * 0.5 * (slope[k] + other));
    }
}

const EshiSchedulerClass _eshi_scheduler_heun = {
  .id = "heun",
  .label = "Heun",
  .own_schedule = "uniform",
  .takes_schedule = TRUE,
  .calls_per_step = 2,
  .n_history = 1,
  .keeps_x = TRUE,
  .prepare = _eshi_scheduler_prepare_two_calls,
  .step = _eshi_scheduler_step_two_calls,
  .get_middle = get_middle,
  .finish = finish,
};
