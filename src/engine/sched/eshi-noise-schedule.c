/* eshi-noise-schedule.c: the tables of the training noise, rounded where the reference rounds.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-noise-schedule.h"

#include <float.h>
#include <math.h>

#include <glib/gi18n-lib.h>

#include "eshi-error.h"

#define MAX_TRAIN 10000

/* Element @i of @n between @start and @end, counted from the nearer end in f32 as PyTorch does. */
static float
linspace_f32 (float start,
              float end,
              guint n,
              guint i)
{
  float step = (end - start) / (float) (n - 1);

  if (i < n / 2)
    return start + step * (float) i;
  return end - step * (float) (n - 1 - i);
}

static float
get_beta (const EshiSchedulerConfig *config,
          guint                      i)
{
  float root;

  if (config->schedule == ESHI_BETA_LINEAR)
    return linspace_f32 ((float) config->beta_start, (float) config->beta_end, config->n_train, i);
  root = linspace_f32 ((float) sqrt (config->beta_start), (float) sqrt (config->beta_end), config->n_train, i);
  return root * root;
}

static gboolean
check_config (const EshiSchedulerConfig  *config,
              GError                    **error)
{
  if (config->n_train >= 2 && config->n_train <= MAX_TRAIN &&
      config->steps_offset < config->n_train &&
      config->beta_start > 0 && config->beta_start <= config->beta_end && config->beta_end < 1 &&
      config->eta >= 0 && config->eta <= 1)
    return TRUE;
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("The model's noise schedule is out of range. Check its scheduler_config.json."));
  return FALSE;
}

EshiNoiseSchedule *
eshi_noise_schedule_new (const EshiSchedulerConfig  *config,
                         GError                    **error)
{
  g_autoptr(EshiNoiseSchedule) self = NULL;
  double product = 1.0;

  if (!check_config (config, error))
    return NULL;

  self = g_new0 (EshiNoiseSchedule, 1);
  self->n = config->n_train;
  self->alpha_bar = g_new (double, self->n);
  self->sigma = g_new (double, self->n);
  for (guint i = 0; i < self->n; i++)
    {
      float alpha_bar;

      product *= 1.0f - get_beta (config, i);
      alpha_bar = (float) product;
      if (alpha_bar < FLT_EPSILON || alpha_bar >= 1.0f)
        {
          g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                               _("The model's noise schedule leaves no picture to find. "
                                 "Check beta_start and beta_end in its scheduler_config.json."));
          return NULL;
        }
      self->alpha_bar[i] = alpha_bar;
      self->sigma[i] = sqrtf ((1.0f - alpha_bar) / alpha_bar);
    }
  return g_steal_pointer (&self);
}

void
eshi_noise_schedule_free (EshiNoiseSchedule *self)
{
  if (self == NULL)
    return;
  g_free (self->alpha_bar);
  g_free (self->sigma);
  g_free (self);
}

double
eshi_noise_schedule_get_alpha_bar (const EshiNoiseSchedule *self,
                                   int                      timestep)
{
  return self->alpha_bar[CLAMP (timestep, 0, (int) self->n - 1)];
}

double
eshi_noise_schedule_get_sigma (const EshiNoiseSchedule *self,
                               double                   timestep)
{
  guint low = MIN ((guint) timestep, self->n - 2);
  double slope = self->sigma[low + 1] - self->sigma[low];

  return (float) (self->sigma[low] + slope * (timestep - low));
}

double
eshi_noise_schedule_get_sigma_in_log (const EshiNoiseSchedule *self,
                                      double                   timestep)
{
  guint low = MIN ((guint) timestep, self->n - 2);

  return self->sigma[low] * pow (self->sigma[low + 1] / self->sigma[low], timestep - low);
}

double
eshi_noise_schedule_find_timestep (const EshiNoiseSchedule *self,
                                   double                   sigma)
{
  guint low = 0;
  double log_low;
  double log_high;
  double weight;

  while (low < self->n - 2 && self->sigma[low + 1] <= sigma)
    low++;
  log_low = log (self->sigma[low]);
  log_high = log (self->sigma[low + 1]);
  if (log_low == log_high) /* β so small that f32 cannot tell two timesteps apart */
    return low;
  weight = (log_low - log (sigma)) / (log_low - log_high);
  return low + CLAMP (weight, 0.0, 1.0);
}
