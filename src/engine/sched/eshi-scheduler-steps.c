/* eshi-scheduler-steps.c: levels from a chosen schedule, steps that ask twice, and steps that add noise.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>
#include <string.h>

double *
_eshi_scheduler_get_sigmas (EshiScheduler *self)
{
  guint n = self->n_steps;
  guint n_made = n + (self->class->discards_sigma ? 1 : 0);
  double *sigmas = g_new0 (double, n_made + 1);

  self->sigma_schedule->fill (self->schedule, n_made, sigmas);
  sigmas[n] = 0.0;
  return sigmas;
}

/* A level whose timestep is found from its noise. */
static void
init_level (EshiScheduler *self,
            guint          i,
            double         sigma)
{
  _eshi_noise_level_init_sigma (&self->levels[i], self->config.prediction,
                                eshi_noise_schedule_find_timestep (self->schedule, sigma), sigma);
}

void
_eshi_scheduler_prepare_schedule (EshiScheduler *self)
{
  g_autofree double *sigmas = _eshi_scheduler_get_sigmas (self);
  guint n = self->n_steps;

  _eshi_scheduler_set_n_calls (self, n);
  for (guint i = 0; i < n; i++)
    init_level (self, i, sigmas[i]);
  _eshi_noise_level_init_sigma (&self->levels[n], self->config.prediction, 0.0, 0.0);
  self->init_noise_sigma = sigmas[0];
}

void
_eshi_scheduler_prepare_two_calls (EshiScheduler *self)
{
  g_autofree double *sigmas = _eshi_scheduler_get_sigmas (self);
  guint last = self->n_steps - 1;

  _eshi_scheduler_set_n_calls (self, 2 * last + 1);
  for (guint i = 0; i < last; i++)
    {
      init_level (self, 2 * i, sigmas[i]);
      init_level (self, 2 * i + 1, self->class->get_middle (sigmas[i], sigmas[i + 1]));
    }
  init_level (self, 2 * last, sigmas[last]);
  _eshi_noise_level_init_sigma (&self->levels[2 * last + 1], self->config.prediction, 0.0, 0.0);
  self->init_noise_sigma = sigmas[0];
}

void
_eshi_scheduler_try_step_to (EshiScheduler *self,
                             guint          i,
                             double         target,
                             const float   *model_output,
                             float         *x)
{
  const EshiNoiseLevel *level = &self->levels[i];
  double distance = target - level->sigma;
  float *kept_slope = self->class->n_history > 0 ? _eshi_scheduler_push_history (self) : NULL;

  memcpy (self->kept_x, x, self->n_elements * sizeof (float));
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double slope = level->noise_from_x * x[k] + level->noise_from_model * model_output[k];

      if (kept_slope != NULL)
        kept_slope[k] = (float) slope;
      x[k] = (float) (x[k] + distance * slope);
    }
}

void
_eshi_scheduler_step_two_calls (EshiScheduler *self,
                                guint          i,
                                const float   *model_output,
                                float         *x,
                                EshiRng       *noise_rng)
{
  if (i % 2 == 0)
    _eshi_scheduler_try_step_to (self, i, self->levels[i + 1].sigma, model_output, x);
  else
    self->class->finish (self, i, model_output, x, noise_rng);
}

void
_eshi_scheduler_redo_step (EshiScheduler *self,
                           guint          i,
                           double         target,
                           const float   *model_output,
                           float         *x)
{
  const EshiNoiseLevel *level = &self->levels[i];
  double kept = target / self->levels[i - 1].sigma;

  for (gsize k = 0; k < self->n_elements; k++)
    {
      double clean = level->clean_from_x * x[k] + level->clean_from_model * model_output[k];

      x[k] = (float) (kept * self->kept_x[k] + (1.0 - kept) * clean);
    }
}

void
_eshi_scheduler_stir (EshiScheduler *self,
                      double         amount,
                      float         *x,
                      EshiRng       *noise_rng)
{
  eshi_rng_fill_normal (noise_rng, self->noise, self->n_elements);
  for (gsize k = 0; k < self->n_elements; k++)
    x[k] = (float) (x[k] + amount * self->noise[k]);
}

double
_eshi_sigma_split (double  from,
                   double  to,
                   double *up)
{
  *up = MIN (to, to * sqrt (MAX (from * from - to * to, 0.0)) / from);
  return sqrt (to * to - *up * *up);
}

double
_eshi_sigma_middle (double from,
                    double to)
{
  return sqrt (from * to);
}

double
_eshi_sigma_middle_ancestral (double from,
                              double to)
{
  double up;

  return sqrt (from * _eshi_sigma_split (from, to, &up));
}
