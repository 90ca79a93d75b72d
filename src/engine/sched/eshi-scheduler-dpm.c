/* eshi-scheduler-dpm.c: DPM-Solver++ of second order (2M), with even timesteps or Karras' noise levels.
 *
 * The even variant ends at timestep 0, which still holds a little noise, as diffusers 0.8.1 does; the Karras one
 * ends at none, and so does one that the model's file spreads otherwise. Where a schedule was chosen for "dpmpp-2m", its timesteps are not rounded, as in k-diffusion.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

#define KARRAS_RHO 7.0

/* With fewer steps than this the last one is of first order. */
#define N_STEPS_STABLE 15

static void
prepare (EshiScheduler *self)
{
  if (self->sigma_schedule != NULL)
    _eshi_scheduler_prepare_schedule (self);
  else if (self->config.spacing == ESHI_SPACING_OWN)
    _eshi_scheduler_prepare_whole (self, eshi_noise_schedule_get_alpha_bar (self->schedule, 0));
  else
    _eshi_scheduler_prepare_whole (self, _eshi_scheduler_get_end_alpha_bar (self));
}

static void
prepare_karras (EshiScheduler *self)
{
  const EshiNoiseSchedule *schedule = self->schedule;
  guint n = self->n_steps;
  double low = pow (schedule->sigma[0], 1.0 / KARRAS_RHO);
  double high = pow (schedule->sigma[schedule->n - 1], 1.0 / KARRAS_RHO);

  _eshi_scheduler_set_n_calls (self, n);
  for (guint i = 0; i < n; i++)
    {
      double ramp = n > 1 ? (double) i / (n - 1) : 0.0;
      double sigma = pow (high + ramp * (low - high), KARRAS_RHO);
      double timestep = rint (eshi_noise_schedule_find_timestep (schedule, sigma));
      double rounded = (float) sigma;

      _eshi_noise_level_init_alpha (&self->levels[i], self->config.prediction, timestep,
                                    1.0 / (rounded * rounded + 1.0));
    }
  _eshi_noise_level_init_alpha (&self->levels[n], self->config.prediction, 0.0, 1.0);
}

/* Whether the step from level @i may lean on the one before it. The reference divides by zero where two levels
 * are equal, which needs as many steps as timesteps; first order does the same work there. */
static gboolean
is_second_order (const EshiScheduler *self,
                 guint                i)
{
  gboolean is_last = i == self->n_calls - 1;

  if (self->n_history < 2 || self->levels[i - 1].sigma <= self->levels[i].sigma)
    return FALSE;
  return !is_last || (self->n_steps >= N_STEPS_STABLE && self->levels[i + 1].sigma > 0);
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
  float *clean = _eshi_scheduler_push_history (self);
  double x_scale = to->noise_scale / from->noise_scale;
  double clean_scale = to->clean_scale * (1.0 - to->sigma / from->sigma);
  double lean = 0.0;

  if (is_second_order (self, i))
    lean = 0.5 * log (from->sigma / to->sigma) / log (self->levels[i - 1].sigma / from->sigma);
  eshi_scheduler_predict_clean (self, i, model_output, x, clean);
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double target = clean[k];

      if (lean != 0.0)
        target += lean * ((double) clean[k] - self->history[1][k]);
      x[k] = (float) (x_scale * x[k] + clean_scale * target);
    }
}

const EshiSchedulerClass _eshi_scheduler_dpmpp_2m = {
  .id = "dpmpp-2m",
  .label = "DPM++ 2M",
  .takes_schedule = TRUE,
  .n_history = 2,
  .prepare = prepare,
  .step = step,
};

const EshiSchedulerClass _eshi_scheduler_dpmpp_2m_karras = {
  .id = "dpmpp-2m-karras",
  .label = "DPM++ 2M Karras",
  .n_history = 2,
  .prepare = prepare_karras,
  .step = step,
};
