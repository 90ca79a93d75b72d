/* eshi-scheduler-euler.c: Euler's method, plain and ancestral (which replaces some noise by fresh noise each step).
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

/* x += (@target − σ) · noise: as far as removing noise goes, both samplers take the same kind of step. */
static void
move (EshiScheduler *self,
      guint          i,
      double         target,
      const float   *model_output,
      float         *x)
{
  const EshiNoiseLevel *level = &self->levels[i];
  double distance = target - level->sigma;

  for (gsize k = 0; k < self->n_elements; k++)
    {
      double noise = level->noise_from_x * x[k] + level->noise_from_model * model_output[k];

      x[k] = (float) (x[k] + distance * noise);
    }
}

/* The reference draws noise here and multiplies it by zero; drawing it keeps the generator in step. */
static void
step_euler (EshiScheduler *self,
            guint          i,
            const float   *model_output,
            float         *x,
            EshiRng       *noise_rng)
{
  if (noise_rng != NULL)
    eshi_rng_fill_normal (noise_rng, self->noise, self->n_elements);
  move (self, i, self->levels[i + 1].sigma, model_output, x);
}

/* Noise is drawn in the last step too, where none is added, for the same reason. */
static void
step_euler_a (EshiScheduler *self,
              guint          i,
              const float   *model_output,
              float         *x,
              EshiRng       *noise_rng)
{
  double from = self->levels[i].sigma;
  double to = self->levels[i + 1].sigma;
  double up = to * sqrt (from * from - to * to) / from;
  double down = sqrt (to * to - up * up);

  move (self, i, down, model_output, x);
  eshi_rng_fill_normal (noise_rng, self->noise, self->n_elements);
  for (gsize k = 0; k < self->n_elements; k++)
    x[k] = (float) (x[k] + up * self->noise[k]);
}

const EshiSchedulerClass _eshi_scheduler_euler = {
  .id = "euler",
  .label = "Euler",
  .takes_schedule = TRUE,
  .draws_noise = TRUE,
  .prepare = _eshi_scheduler_prepare_sigmas,
  .step = step_euler,
};

const EshiSchedulerClass _eshi_scheduler_euler_a = {
  .id = "euler-a",
  .label = "Euler a",
  .takes_schedule = TRUE,
  .draws_noise = TRUE,
  .needs_noise = TRUE,
  .prepare = _eshi_scheduler_prepare_sigmas,
  .step = step_euler_a,
};
