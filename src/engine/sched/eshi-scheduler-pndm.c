/* eshi-scheduler-pndm.c: pseudo numerical method (PLMS), without the Runge-Kutta start.
 *
 * The second timestep is asked twice: its first answer only corrects the first step. The reference counts calls
 * rather than looking at timesteps, so a picture that starts from another one redoes its first step as well and
 * then lags a step behind; this file repeats that.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>
#include <string.h>

#define ORDER 4

/* Adams-Bashforth weights, newest first; a row per length of the history. */
static const double weights[ORDER][ORDER] = {
  { 1.0 },
  { 3.0 / 2.0, -1.0 / 2.0 },
  { 23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0 },
  { 55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0 },
};

static void
prepare (EshiScheduler *self)
{
  guint n = self->n_steps;
  guint n_calls = n > 1 ? n + 1 : 1;
  int last;

  _eshi_scheduler_set_n_calls (self, n_calls);
  for (guint i = 0; i < n_calls; i++)
    {
      int timestep = _eshi_scheduler_leading_timestep (self, i < 2 ? i : i - 1);

      _eshi_noise_level_init_alpha (&self->levels[i], self->config.prediction, timestep,
                                    eshi_noise_schedule_get_alpha_bar (self->schedule, timestep));
    }
  last = (int) self->config.steps_offset - (int) (self->schedule->n / n);
  _eshi_noise_level_init_alpha (&self->levels[n_calls], self->config.prediction, 0.0,
                                _eshi_scheduler_get_alpha_bar (self, last));
}

/* x' = @x_scale · x + @noise_scale · noise moves from @from to @to. */
static void
get_factors (double  from,
             double  to,
             double *x_scale,
             double *noise_scale)
{
  *x_scale = sqrt (to / from);
  *noise_scale = -(to - from) / (from * sqrt (1.0 - to) + sqrt (from * (1.0 - from) * to));
}

static void
step (EshiScheduler *self,
      guint          i,
      const float   *model_output,
      float         *x,
      EshiRng       *noise_rng)
{
  gsize size = self->n_elements * sizeof (float);
  int stride = (int) (self->schedule->n / self->n_steps);
  int timestep = (int) self->levels[i].timestep;
  gboolean repeats = self->counter == 1;
  int from = repeats ? timestep + stride : timestep;
  EshiNoiseLevel level;
  double x_scale;
  double noise_scale;

  if (repeats)
    memcpy (x, self->kept_x, size);
  else
    memcpy (_eshi_scheduler_push_history (self), model_output, size);
  if (self->counter == 0)
    memcpy (self->kept_x, x, size);

  _eshi_noise_level_init_alpha (&level, self->config.prediction, from, _eshi_scheduler_get_alpha_bar (self, from));
  get_factors (_eshi_scheduler_get_alpha_bar (self, from), _eshi_scheduler_get_alpha_bar (self, from - stride),
               &x_scale, &noise_scale);
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double output = 0.0;

      if (repeats)
        output = 0.5 * ((double) model_output[k] + self->history[0][k]);
      else
        {
          for (guint j = 0; j < self->n_history; j++)
            output += weights[self->n_history - 1][j] * self->history[j][k];
        }
      x[k] = (float) (x_scale * x[k] + noise_scale * (level.noise_from_x * x[k] + level.noise_from_model * output));
    }
}

const EshiSchedulerClass _eshi_scheduler_pndm = {
  .id = "pndm",
  .label = "PLMS",
  .n_history = ORDER,
  .keeps_x = TRUE,
  .has_offset = TRUE,
  .prepare = prepare,
  .step = step,
};
