/* eshi-scheduler-dpm-3m-sde.c: DPM-Solver++ of third order (3M) for the stochastic equation.
 *
 * All noise is replaced (η = 1). It is plain, from the picture's own generator; other programs draw it from a
 * Brownian tree, so the same seed gives another picture there.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

/* x += Σ weights[j] · history[j]: what the curve through the last clean predictions adds to a straight line. */
static void
get_weights (const EshiScheduler *self,
             guint                i,
             double               weights[3])
{
  const EshiNoiseLevel *levels = self->levels;
  double h = log (levels[i].sigma / levels[i + 1].sigma);
  double h1 = self->n_history > 1 ? log (levels[i - 1].sigma / levels[i].sigma) : 0.0;
  double h2 = self->n_history > 2 ? log (levels[i - 2].sigma / levels[i - 1].sigma) : 0.0;
  double phi2;
  double phi3;
  double near;
  double far;
  double bend;

  if (h <= 0 || h1 <= 0)
    return;
  phi2 = expm1 (-2.0 * h) / (2.0 * h) + 1.0;
  near = h / h1;
  if (h2 <= 0)
    {
      weights[0] = phi2 * near;
      weights[1] = -phi2 * near;
      return;
    }
  /* Of the slopes near · (d₀ − d₁) and far · (d₁ − d₂), and of the bend between them. */
  phi3 = phi2 / (2.0 * h) - 0.5;
  far = h / h2;
  bend = (phi2 * h1 - phi3 * h) / (h1 + h2);
  weights[0] = (phi2 + bend) * near;
  weights[1] = -(phi2 + bend) * near - bend * far;
  weights[2] = bend * far;
}

static void
step (EshiScheduler *self,
      guint          i,
      const float   *model_output,
      float         *x,
      EshiRng       *noise_rng)
{
  double from = self->levels[i].sigma;
  double to = self->levels[i + 1].sigma;
  double kept = (to / from) * (to / from);
  double weights[3] = { 0 };
  float *clean = _eshi_scheduler_push_history (self);

  if (to > 0)
    get_weights (self, i, weights);
  eshi_scheduler_predict_clean (self, i, model_output, x, clean);
  for (gsize k = 0; k < self->n_elements; k++)
    {
      double next = kept * x[k] + (1.0 - kept) * clean[k];

      for (guint j = 0; j < self->n_history; j++)
        next += weights[j] * self->history[j][k];
      x[k] = (float) next;
    }
  if (to > 0)
    _eshi_scheduler_stir (self, to * sqrt (1.0 - kept), x, noise_rng);
}

const EshiSchedulerClass _eshi_scheduler_dpmpp_3m_sde = {
  .id = "dpmpp-3m-sde",
  .label = "DPM++ 3M SDE",
  .own_schedule = "exponential",
  .takes_schedule = TRUE,
  .discards_sigma = TRUE,
  .n_history = 3,
  .draws_noise = TRUE,
  .needs_noise = TRUE,
  .prepare = _eshi_scheduler_prepare_schedule,
  .step = step,
};
