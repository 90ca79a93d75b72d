/* eshi-scheduler-ddim.c: denoising diffusion implicit models; adds noise of its own only where config.eta asks.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

static int
get_timestep (const EshiScheduler *self,
              guint                i)
{
  if (self->config.spacing == ESHI_SPACING_OWN)
    return _eshi_scheduler_leading_timestep (self, i);
  return (int) rint (_eshi_scheduler_spaced_timestep (self, i));
}

/* Where the step from level @i leads: a whole number of timesteps lower, which need not be the next call's. */
static void
init_target (const EshiScheduler *self,
             guint                i,
             EshiNoiseLevel      *target)
{
  int timestep = get_timestep (self, i) - (int) (self->schedule->n / self->n_steps);

  _eshi_noise_level_init_alpha (target, self->config.prediction, MAX (timestep, 0),
                                _eshi_scheduler_get_alpha_bar (self, timestep));
}

static void
prepare (EshiScheduler *self)
{
  guint n = self->n_steps;

  _eshi_scheduler_set_n_calls (self, n);
  for (guint i = 0; i < n; i++)
    {
      int timestep = get_timestep (self, i);

      _eshi_noise_level_init_alpha (&self->levels[i], self->config.prediction, timestep,
                                    eshi_noise_schedule_get_alpha_bar (self->schedule, timestep));
    }
  init_target (self, n - 1, &self->levels[n]);
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
  EshiNoiseLevel to;
  double added;
  double direction;

  init_target (self, i, &to);
  added = self->config.eta * sqrt (MAX (get_variance (from, &to), 0.0));
  direction = sqrt (MAX (to.noise_scale * to.noise_scale - added * added, 0.0));

  if (self->config.eta > 0)
    eshi_rng_fill_normal (noise_rng, self->noise, self->n_elements);
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double clean = from->clean_from_x * x[k] + from->clean_from_model * model_output[k];
      double noise = from->noise_from_x * x[k] + from->noise_from_model * model_output[k];
      double next = to.clean_scale * clean + direction * noise;

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
