/* eshi-scheduler-ddim.c: denoising diffusion implicit models; adds noise of its own only where config.eta asks.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

static void
prepare (EshiScheduler *self)
{
  guint n = self->n_steps;
  int last = (int) self->config.steps_offset - (int) (self->schedule->n / n);

  _eshi_scheduler_set_n_calls (self, n);
  for (guint i = 0; i < n; i++)
    {
      int timestep = _eshi_scheduler_leading_timestep (self, i);

      _eshi_noise_level_init_alpha (&self->levels[i], self->config.prediction, timestep,
                                    eshi_noise_schedule_get_alpha_bar (self->schedule, timestep));
    }
  _eshi_noise_level_init_alpha (&self->levels[n], self->config.prediction, 0.0,
                                _eshi_scheduler_get_alpha_bar (self, last));
}

/* Power of the noise that a step from @from to @to may add. */
static double
get_variance (const EshiNoiseLevel *from,
              const EshiNoiseLevel *to)
{
  double kept = from->clean_scale / to->clean_scale;
  double ratio = to->noise_scale / from->noise_scale;

  return ratio * ratio * (1.0 - kept * kept);
}

static void
step (EshiScheduler *self,
      guint          i,
      const float   *model_output,
      float         *x,
      EshiRng       *noise_rng)
{
  const EshiNoiseLevel *from = &self->levels[i];
  const EshiNoiseLevel *to = &self->levels[i + 1];
  double added = self->config.eta * sqrt (MAX (get_variance (from, to), 0.0));
  double direction = sqrt (MAX (to->noise_scale * to->noise_scale - added * added, 0.0));

  if (self->config.eta > 0)
    eshi_rng_fill_normal (noise_rng, self->noise, self->n_elements);
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double clean = from->clean_from_x * x[k] + from->clean_from_model * model_output[k];
      double noise = from->noise_from_x * x[k] + from->noise_from_model * model_output[k];
      double next = to->clean_scale * clean + direction * noise;

      if (self->config.eta > 0)
        next += added * self->noise[k];
      x[k] = (float) next;
    }
}

const EshiSchedulerClass _eshi_scheduler_ddim = {
  .id = "ddim",
  .label = "DDIM",
  .draws_noise = TRUE,
  .has_offset = TRUE,
  .prepare = prepare,
  .step = step,
};
