/* eshi-scheduler-lms.c: linear multistep, the sampler of japanese-stable-diffusion's own recipe.
 *
 * A picture that starts from another one begins in the middle of the schedule with an empty history, yet the
 * reference takes the coefficients of a full one; so does this file.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

#define ORDER 4

/* Lagrange basis polynomial of point @j at @sigma; the points are the levels @i, @i − 1, … of @order. */
static double
basis (const EshiScheduler *self,
       guint                i,
       guint                order,
       guint                j,
       double               sigma)
{
  double product = 1.0;

  for (guint m = 0; m < order; m++)
    {
      double point = self->levels[i - m].sigma;

      if (m != j)
        product *= (sigma - point) / (self->levels[i - j].sigma - point);
    }
  return product;
}

/* Its integral from level @i to level @i + 1. Two Gauss points are exact, since it is a cubic at most. */
static double
get_coefficient (const EshiScheduler *self,
                 guint                i,
                 guint                order,
                 guint                j)
{
  double from = self->levels[i].sigma;
  double to = self->levels[i + 1].sigma;
  double middle = (from + to) / 2.0;
  double half = (to - from) / 2.0;
  double reach = half / sqrt (3.0);

  return half * (basis (self, i, order, j, middle - reach) + basis (self, i, order, j, middle + reach));
}

static void
step (EshiScheduler *self,
      guint          i,
      const float   *model_output,
      float         *x,
      EshiRng       *noise_rng)
{
  const EshiNoiseLevel *level = &self->levels[i];
  float *slope = _eshi_scheduler_push_history (self);
  guint order = MIN (i + 1, ORDER);
  guint n = MIN (order, self->n_history);
  double coefficients[ORDER] = { 0 };

  for (guint j = 0; j < n; j++)
    coefficients[j] = get_coefficient (self, i, order, j);
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double sum = x[k];

      slope[k] = (float) (level->noise_from_x * x[k] + level->noise_from_model * model_output[k]);
      for (guint j = 0; j < n; j++)
        sum += coefficients[j] * self->history[j][k];
      x[k] = (float) sum;
    }
}

const EshiSchedulerClass _eshi_scheduler_lms = {
  .id = "lms",
  .label = "LMS",
  .takes_schedule = TRUE,
  .n_history = ORDER,
  .prepare = _eshi_scheduler_prepare_sigmas,
  .step = step,
};
