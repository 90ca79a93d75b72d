/* eshi-scheduler-unipc.c: UniPC of second order (bh2): each step is corrected once the next answer is known.
 *
 * Repeats diffusers, rounded timesteps included; programs built on k-diffusion have a UniPC with other timesteps. Where
 * diffusers cuts the timesteps of exponential levels off instead, and asks at 998 first, ours are rounded too.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

#define ORDER 2

static void
prepare (EshiScheduler *self)
{
  g_autofree double *sigmas = NULL;
  guint n = self->n_steps;

  if (self->sigma_schedule == NULL)
    {
      _eshi_scheduler_prepare_whole (self, _eshi_scheduler_get_end_alpha_bar (self));
      return;
    }
  sigmas = _eshi_scheduler_get_sigmas (self);
  _eshi_scheduler_set_n_calls (self, n);
  for (guint i = 0; i < n; i++)
    {
      double timestep = rint (eshi_noise_schedule_find_timestep (self->schedule, sigmas[i]));

      _eshi_noise_level_init_alpha (&self->levels[i], self->config.prediction, timestep,
                                    1.0 / (sigmas[i] * sigmas[i] + 1.0));
    }
  _eshi_noise_level_init_alpha (&self->levels[n], self->config.prediction, 0.0, 1.0);
}

/* Order of the step from level @i when @n_done steps went before it. */
static guint
get_order (const EshiScheduler *self,
           guint                i,
           guint                n_done)
{
  if (i > 0 && self->levels[i - 1].sigma <= self->levels[i].sigma)
    return 1;
  return MIN (MIN (ORDER, self->n_calls - i), n_done + 1);
}

/* Redoes the step that led to level @i, from kept_x, now that @clean is known there. */
static void
correct (EshiScheduler *self,
         guint          i,
         const float   *clean,
         float         *x)
{
  const EshiNoiseLevel *from = &self->levels[i - 1];
  const EshiNoiseLevel *to = &self->levels[i];
  double x_scale = to->noise_scale / from->noise_scale;
  double clean_scale = to->clean_scale * (1.0 - to->sigma / from->sigma);
  double h = log (from->sigma / to->sigma);
  double past = 0.0; /* weight of the prediction before the last one */
  double fresh = 0.5;

  if (h <= 0)
    return;
  if (get_order (self, i - 1, self->counter - 1) == ORDER)
    {
      double phi = expm1 (-h);
      double rest = phi / -h - 1.0;
      double b1 = rest / phi;
      double b2 = (rest / -h - 0.5) * 2.0 / phi;
      double r = -log (self->levels[i - 2].sigma / from->sigma) / h;

      past = (b1 - b2) / (1.0 - r);
      fresh = b1 - past;
      past /= r;
    }
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double last = self->history[0][k];
      double target = last + fresh * (clean[k] - last);

      if (past != 0.0)
        target += past * (self->history[1][k] - last);
      x[k] = (float) (x_scale * self->kept_x[k] + clean_scale * target);
    }
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
  double x_scale = to->noise_scale / from->noise_scale;
  double clean_scale = to->clean_scale * (1.0 - to->sigma / from->sigma);
  double lean = 0.0;
  float *clean = self->history[ORDER];

  eshi_scheduler_predict_clean (self, i, model_output, x, clean);
  if (self->counter > 0)
    correct (self, i, clean, x);
  _eshi_scheduler_push_history (self);
  if (get_order (self, i, self->counter) == ORDER)
    lean = 0.5 * log (from->sigma / to->sigma) / log (self->levels[i - 1].sigma / from->sigma);
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double target = clean[k];

      if (lean != 0.0)
        target += lean * ((double) clean[k] - self->history[1][k]);
      self->kept_x[k] = x[k];
      x[k] = (float) (x_scale * x[k] + clean_scale * target);
    }
}

/* The oldest entry of the history is the room where the next clean prediction is made. */
const EshiSchedulerClass _eshi_scheduler_unipc = {
  .id = "unipc",
  .label = "UniPC",
  .takes_schedule = TRUE,
  .n_history = ORDER + 1,
  .keeps_x = TRUE,
  .prepare = prepare,
  .step = step,
};
