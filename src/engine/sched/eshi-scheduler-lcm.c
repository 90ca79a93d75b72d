/* eshi-scheduler-lcm.c: latent consistency models: a clean guess each step, made noisy again; four to eight steps.
 *
 * Gives pictures only with a model that was distilled for it. Its timesteps are its own: a choice among the fifty of
 * the distillation, or among as many as there are steps where that is more.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

#define N_DISTILLED 50

/* The distillation's answer at timestep t: at t = 0 it is the sample itself. */
#define DATA_POWER 0.25
#define TIMESTEP_SCALE 10.0

static void
prepare (EshiScheduler *self)
{
  guint n = self->n_steps;
  guint n_origin = MAX (n, MIN (N_DISTILLED, self->schedule->n));
  guint stride = self->schedule->n / n_origin;

  _eshi_scheduler_set_n_calls (self, n);
  for (guint i = 0; i < n; i++)
    {
      guint rank = (guint) (i * ((double) n_origin / n)); /* rounded as the reference rounds */
      int timestep = (int) ((n_origin - rank) * stride) - 1;

      _eshi_noise_level_init_alpha (&self->levels[i], self->config.prediction, timestep,
                                    eshi_noise_schedule_get_alpha_bar (self->schedule, timestep));
    }
  _eshi_noise_level_init_alpha (&self->levels[n], self->config.prediction, 0.0, 1.0);
}

static void
step (EshiScheduler *self,
      guint          i,
      const float   *model_output,
      float         *x,
      EshiRng       *noise_rng)
{
  const EshiNoiseLevel *level = &self->levels[i];
  const EshiNoiseLevel *to = &self->levels[i + 1];
  double scaled = TIMESTEP_SCALE * level->timestep;
  double power = scaled * scaled + DATA_POWER;
  double from_x = DATA_POWER / power;
  double from_clean = scaled / sqrt (power);

  for (gsize k = 0; k < self->n_elements; k++)
    {
      double clean = level->clean_from_x * x[k] + level->clean_from_model * model_output[k];

      x[k] = (float) (to->clean_scale * (from_clean * clean + from_x * x[k]));
    }
  if (to->noise_scale > 0)
    _eshi_scheduler_stir (self, to->noise_scale, x, noise_rng);
}

const EshiSchedulerClass _eshi_scheduler_lcm = {
  .id = "lcm",
  .label = "LCM",
  .draws_noise = TRUE,
  .needs_noise = TRUE,
  .prepare = prepare,
  .step = step,
};
