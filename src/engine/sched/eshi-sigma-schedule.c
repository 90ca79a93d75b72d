/* eshi-sigma-schedule.c: see the header. Bounds are the noise of the model's first and last timestep.
 *
 * The rules are those of programs built on k-diffusion: noise between two timesteps is interpolated in ln σ, and a
 * single step starts from the most noise. The step to no noise at all is the samplers' business.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-sigma-schedule.h"

#include <math.h>

#define KARRAS_RHO 7.0

/* Part of the way that is done after @i of @n levels, 0 to 1. */
static double
get_part (guint i,
          guint n)
{
  return n > 1 ? (double) i / (n - 1) : 0.0;
}

static void
fill_uniform (const EshiNoiseSchedule *noise,
              guint                    n,
              double                  *sigmas)
{
  for (guint i = 0; i < n; i++)
    sigmas[i] = eshi_noise_schedule_get_sigma_in_log (noise, (noise->n - 1) * (1.0 - get_part (i, n)));
}

static void
fill_karras (const EshiNoiseSchedule *noise,
             guint                    n,
             double                  *sigmas)
{
  double low = pow (noise->sigma[0], 1.0 / KARRAS_RHO);
  double high = pow (noise->sigma[noise->n - 1], 1.0 / KARRAS_RHO);

  for (guint i = 0; i < n; i++)
    sigmas[i] = pow (high + get_part (i, n) * (low - high), KARRAS_RHO);
}

static void
fill_exponential (const EshiNoiseSchedule *noise,
                  guint                    n,
                  double                  *sigmas)
{
  double low = log (noise->sigma[0]);
  double high = log (noise->sigma[noise->n - 1]);

  for (guint i = 0; i < n; i++)
    sigmas[i] = exp (high + get_part (i, n) * (low - high));
}

/* Even timesteps to 0, of which the last is left out. */
static void
fill_sgm_uniform (const EshiNoiseSchedule *noise,
                  guint                    n,
                  double                  *sigmas)
{
  for (guint i = 0; i < n; i++)
    sigmas[i] = eshi_noise_schedule_get_sigma_in_log (noise, (noise->n - 1) * (1.0 - (double) i / n));
}

/* Levels found by search for Stable Diffusion 1.5 and ten steps, resampled in ln σ. */
static void
fill_align_your_steps (const EshiNoiseSchedule *noise,
                       guint                    n,
                       double                  *sigmas)
{
  static const double found[] = { 14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029 };
  guint n_gaps = G_N_ELEMENTS (found) - 1;

  for (guint i = 0; i < n; i++)
    {
      double place = get_part (i, n) * n_gaps;
      guint low = MIN ((guint) place, n_gaps - 1);

      sigmas[i] = exp (log (found[low]) + (place - low) * log (found[low + 1] / found[low]));
    }
}

static const EshiSigmaSchedule uniform = { "uniform", "Uniform", fill_uniform };
static const EshiSigmaSchedule karras = { "karras", "Karras", fill_karras };
static const EshiSigmaSchedule exponential = { "exponential", "Exponential", fill_exponential };
static const EshiSigmaSchedule sgm_uniform = { "sgm-uniform", "SGM Uniform", fill_sgm_uniform };
static const EshiSigmaSchedule align_your_steps = { "align-your-steps", "Align Your Steps", fill_align_your_steps };

const EshiSigmaSchedule * const _eshi_sigma_schedules[] = {
  &uniform,
  &karras,
  &exponential,
  &sgm_uniform,
  &align_your_steps,
  NULL,
};

const EshiSigmaSchedule *
_eshi_sigma_schedule_find (const char *id)
{
  for (guint i = 0; _eshi_sigma_schedules[i] != NULL; i++)
    {
      if (g_strcmp0 (_eshi_sigma_schedules[i]->id, id) == 0)
        return _eshi_sigma_schedules[i];
    }
  return NULL;
}
