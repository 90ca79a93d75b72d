/* scheduler-line.h: samplers of sixteen values whose network is the line 0.7·x + 0.0003·t − 0.1, for the tests of samplers.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-scheduler.h"

#define N 16

static const EshiSchedulerConfig default_config = ESHI_SCHEDULER_CONFIG_INIT;

static inline EshiScheduler *
new_scheduler (const char *id,
               guint       n_steps)
{
  g_autoptr(GError) error = NULL;
  EshiScheduler *self = eshi_scheduler_new (id, &default_config, n_steps, N, &error);

  g_assert_no_error (error);
  g_assert_nonnull (self);
  return self;
}

static inline void
run_model (const EshiScheduler *self,
           guint                i,
           const float         *x,
           float               *output)
{
  float scale = (float) eshi_scheduler_get_input_scale (self, i);
  float bias = (float) (0.0003 * eshi_scheduler_get_timestep (self, i));

  for (guint k = 0; k < N; k++)
    output[k] = 0.7f * (x[k] * scale) + bias - 0.1f;
}

/* Calls @first to the end; @x0 is the clean prediction of the last one. */
static inline void
run_calls (EshiScheduler *self,
           guint          first,
           float         *x,
           EshiRng       *rng,
           float         *x0)
{
  for (guint i = first; i < eshi_scheduler_get_n_calls (self); i++)
    {
      float output[N];

      run_model (self, i, x, output);
      eshi_scheduler_step (self, i, output, x, rng, x0);
    }
}

/* A whole picture from the noise of seed 0. */
static inline void
run_picture (EshiScheduler *self,
             float         *x,
             float         *x0)
{
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 0);

  eshi_rng_fill_normal (rng, x, N);
  for (guint k = 0; k < N; k++)
    x[k] *= (float) eshi_scheduler_get_init_noise_sigma (self);
  run_calls (self, 0, x, rng, x0);
}
