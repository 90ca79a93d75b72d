/* eshi-scheduler.c: making schedulers, and everything the sampler families have in common.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "eshi-error.h"

static const EshiSchedulerClass * const classes[] = {
  &_eshi_scheduler_lms,
  &_eshi_scheduler_pndm,
  &_eshi_scheduler_ddim,
  &_eshi_scheduler_euler,
  &_eshi_scheduler_euler_a,
  &_eshi_scheduler_heun,
  &_eshi_scheduler_dpm2,
  &_eshi_scheduler_dpm2_a,
  &_eshi_scheduler_dpmpp_2s_a,
  &_eshi_scheduler_dpmpp_2m,
  &_eshi_scheduler_dpmpp_2m_karras,
  &_eshi_scheduler_dpmpp_sde,
  &_eshi_scheduler_dpmpp_2m_sde,
  &_eshi_scheduler_dpmpp_2m_sde_heun,
  &_eshi_scheduler_dpmpp_3m_sde,
  &_eshi_scheduler_unipc,
  &_eshi_scheduler_lcm,
};

static const EshiSchedulerClass *
find_class (const char *id)
{
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    {
      if (g_strcmp0 (classes[i]->id, id) == 0)
        return classes[i];
    }
  return NULL;
}

const char *const *
eshi_scheduler_get_ids (void)
{
  static const char *ids[G_N_ELEMENTS (classes) + 1];
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
        ids[i] = classes[i]->id;
      g_once_init_leave (&once, 1);
    }
  return ids;
}

const char *
eshi_scheduler_get_label (const char *id)
{
  const EshiSchedulerClass *class = find_class (id);

  return class != NULL ? class->label : NULL;
}

gboolean
eshi_scheduler_takes_schedule (const char *id)
{
  const EshiSchedulerClass *class = find_class (id);

  return class != NULL && class->takes_schedule;
}

const char *
eshi_scheduler_get_schedule_id (guint i)
{
  for (guint k = 0; _eshi_sigma_schedules[k] != NULL; k++)
    {
      if (k == i)
        return _eshi_sigma_schedules[k]->id;
    }
  return NULL;
}

const char *
eshi_scheduler_get_schedule_label (const char *id)
{
  const EshiSigmaSchedule *schedule = _eshi_sigma_schedule_find (id);

  return schedule != NULL ? schedule->label : NULL;
}

void
_eshi_scheduler_set_n_calls (EshiScheduler *self,
                             guint          n_calls)
{
  self->n_calls = n_calls;
  self->levels = g_new0 (EshiNoiseLevel, n_calls + 1);
}

void
_eshi_noise_level_init_alpha (EshiNoiseLevel *level,
                              EshiPrediction  prediction,
                              double          timestep,
                              double          alpha_bar)
{
  double clean = sqrt (alpha_bar);
  double noise = sqrt (1.0 - alpha_bar);
  gboolean is_v = prediction == ESHI_PREDICTION_V;

  level->timestep = timestep;
  level->sigma = noise / clean;
  level->clean_scale = clean;
  level->noise_scale = noise;
  level->input_scale = 1.0;
  level->clean_from_x = is_v ? clean : 1.0 / clean;
  level->clean_from_model = is_v ? -noise : -noise / clean;
  level->noise_from_x = is_v ? noise : 0.0;
  level->noise_from_model = is_v ? clean : 1.0;
}

void
_eshi_noise_level_init_sigma (EshiNoiseLevel *level,
                              EshiPrediction  prediction,
                              double          timestep,
                              double          sigma)
{
  double power = sigma * sigma + 1.0;
  gboolean is_v = prediction == ESHI_PREDICTION_V;

  level->timestep = timestep;
  level->sigma = sigma;
  level->clean_scale = 1.0;
  level->noise_scale = sigma;
  level->input_scale = 1.0 / sqrt (power);
  level->clean_from_x = is_v ? 1.0 / power : 1.0;
  level->clean_from_model = is_v ? -sigma / sqrt (power) : -sigma;
  level->noise_from_x = is_v ? sigma / power : 0.0;
  level->noise_from_model = is_v ? 1.0 / sqrt (power) : 1.0;
}

/* The first version of the samplers starts from the most noise of the training, whatever its first timestep; where that
 * one is never asked about, later versions keep the whole variance of the noise and a picture. */
static double
get_init_sigma (const EshiScheduler *self)
{
  double first = self->levels[0].sigma;

  if (self->config.spacing == ESHI_SPACING_LEADING)
    return sqrt (first * first + 1.0);
  if (self->config.spacing == ESHI_SPACING_TRAILING)
    return first;
  return self->schedule->sigma[self->schedule->n - 1];
}

void
_eshi_scheduler_prepare_sigmas (EshiScheduler *self)
{
  guint n = self->n_steps;

  if (self->sigma_schedule != NULL)
    {
      _eshi_scheduler_prepare_schedule (self);
      return;
    }
  _eshi_scheduler_set_n_calls (self, n);
  for (guint i = 0; i < n; i++)
    {
      double timestep = _eshi_scheduler_spaced_timestep (self, i);

      _eshi_noise_level_init_sigma (&self->levels[i], self->config.prediction, timestep,
                                    eshi_noise_schedule_get_sigma (self->schedule, timestep));
    }
  _eshi_noise_level_init_sigma (&self->levels[n], self->config.prediction, 0.0, 0.0);
  self->init_noise_sigma = get_init_sigma (self);
}

int
_eshi_scheduler_leading_timestep (const EshiScheduler *self,
                                  guint                i)
{
  guint stride = self->schedule->n / self->n_steps;
  guint timestep = (self->n_steps - 1 - i) * stride + self->config.steps_offset;

  return (int) MIN (timestep, self->schedule->n - 1);
}

double
_eshi_scheduler_get_alpha_bar (const EshiScheduler *self,
                               int                  timestep)
{
  if (timestep < 0 && self->config.set_alpha_to_one)
    return 1.0;
  return eshi_noise_schedule_get_alpha_bar (self->schedule, timestep);
}

float *
_eshi_scheduler_push_history (EshiScheduler *self)
{
  guint size = self->class->n_history;
  float *newest = self->history[size - 1];

  for (guint i = size - 1; i > 0; i--)
    self->history[i] = self->history[i - 1];
  self->history[0] = newest;
  self->n_history = MIN (self->n_history + 1, size);
  return newest;
}

static gboolean
allocate (EshiScheduler  *self,
          GError        **error)
{
  const EshiSchedulerClass *class = self->class;
  gsize n_buffers = class->n_history + (class->keeps_x ? 1 : 0) + (class->draws_noise ? 1 : 0);
  float *next;

  if (n_buffers == 0)
    return TRUE;
  if (self->n_elements <= G_MAXSIZE / sizeof (float) / n_buffers)
    self->memory = g_try_new0 (float, self->n_elements * n_buffers);
  if (self->memory == NULL)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                           _("There is not enough memory for a picture of this size. Choose a smaller one."));
      return FALSE;
    }
  next = self->memory;
  for (guint i = 0; i < class->n_history; i++, next += self->n_elements)
    self->history[i] = next;
  if (class->keeps_x)
    {
      self->kept_x = next;
      next += self->n_elements;
    }
  if (class->draws_noise)
    self->noise = next;
  return TRUE;
}

/* Sets sigma_schedule to the one called @id, or to the sampler's own where that is NULL. */
static gboolean
choose_schedule (EshiScheduler  *self,
                 const char     *id,
                 GError        **error)
{
  self->sigma_schedule = _eshi_sigma_schedule_find (id != NULL ? id : self->class->own_schedule);
  if (id == NULL || (self->sigma_schedule != NULL && self->class->takes_schedule))
    return TRUE;
  if (self->sigma_schedule == NULL)
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("There is no schedule called “%s”."), id);
  else
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                 _("The sampler %s has a schedule of its own; leave the schedule out, or choose another sampler."),
                 self->class->label);
  return FALSE;
}

EshiScheduler *
eshi_scheduler_new (const char                 *id,
                    const EshiSchedulerConfig  *config,
                    guint                       n_steps,
                    gsize                       n_elements,
                    GError                    **error)
{
  return eshi_scheduler_new_with_schedule (id, NULL, config, n_steps, n_elements, error);
}

EshiScheduler *
eshi_scheduler_new_with_schedule (const char                 *id,
                                  const char                 *schedule,
                                  const EshiSchedulerConfig  *config,
                                  guint                       n_steps,
                                  gsize                       n_elements,
                                  GError                    **error)
{
  g_autoptr(EshiScheduler) self = g_new0 (EshiScheduler, 1);

  g_return_val_if_fail (config != NULL, NULL);
  g_return_val_if_fail (n_elements > 0, NULL);

  self->class = find_class (id);
  if (self->class == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("There is no sampler called “%s”."), id != NULL ? id : "");
      return NULL;
    }
  if (!choose_schedule (self, schedule, error))
    return NULL;
  self->schedule = eshi_noise_schedule_new (config, error);
  if (self->schedule == NULL)
    return NULL;
  if (n_steps < 1 || n_steps > MIN (ESHI_SCHEDULER_MAX_STEPS, config->n_train))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("A picture takes 1 to %u steps, not %u."),
                   MIN (ESHI_SCHEDULER_MAX_STEPS, config->n_train), n_steps);
      return NULL;
    }

  self->config = *config;
  self->n_steps = n_steps;
  self->n_elements = n_elements;
  self->init_noise_sigma = 1.0;
  if (!allocate (self, error))
    return NULL;
  self->class->prepare (self);
  return g_steal_pointer (&self);
}

void
eshi_scheduler_free (EshiScheduler *self)
{
  if (self == NULL)
    return;
  eshi_noise_schedule_free (self->schedule);
  g_free (self->levels);
  g_free (self->memory);
  g_free (self);
}

void
eshi_scheduler_reset (EshiScheduler *self)
{
  g_return_if_fail (self != NULL);

  self->counter = 0;
  self->n_history = 0;
}

const char *
eshi_scheduler_get_id (const EshiScheduler *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->class->id;
}

gboolean
eshi_scheduler_needs_noise (const EshiScheduler *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->class->needs_noise ||
         (self->class == &_eshi_scheduler_ddim && self->config.eta > 0);
}

guint
eshi_scheduler_get_n_calls (const EshiScheduler *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_calls;
}

guint
eshi_scheduler_get_first_call (const EshiScheduler *self,
                               double               strength)
{
  int n;
  int offset;
  int n_repainted;
  guint n_skipped;

  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (strength >= 0 && strength <= 1, 0);

  n = (int) self->n_steps;
  offset = self->class->has_offset ? (int) self->config.steps_offset : 0;
  n_repainted = MIN ((int) (n * strength) + offset, n);
  n_skipped = (guint) MAX (n - n_repainted + offset, 0);
  return MIN (n_skipped * MAX (self->class->calls_per_step, 1), self->n_calls);
}

double
eshi_scheduler_get_timestep (const EshiScheduler *self,
                             guint                i)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (i < self->n_calls, 0);

  return self->levels[i].timestep;
}

double
eshi_scheduler_get_sigma (const EshiScheduler *self,
                          guint                i)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (i <= self->n_calls, 0);

  return self->levels[i].sigma;
}

double
eshi_scheduler_get_init_noise_sigma (const EshiScheduler *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->init_noise_sigma;
}

double
eshi_scheduler_get_input_scale (const EshiScheduler *self,
                                guint                i)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (i < self->n_calls, 0);

  return self->levels[i].input_scale;
}

void
eshi_scheduler_predict_clean (const EshiScheduler *self,
                              guint                i,
                              const float         *model_output,
                              const float         *x,
                              float               *x0)
{
  const EshiNoiseLevel *level;

  g_return_if_fail (self != NULL);
  g_return_if_fail (i < self->n_calls);

  level = &self->levels[i];
  for (gsize j = 0; j < self->n_elements; j++)
    x0[j] = (float) (level->clean_from_x * x[j] + level->clean_from_model * model_output[j]);
}

void
eshi_scheduler_step (EshiScheduler *self,
                     guint          i,
                     const float   *model_output,
                     float         *x,
                     EshiRng       *noise_rng,
                     float         *x0)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (i < self->n_calls);
  g_return_if_fail (noise_rng != NULL || !eshi_scheduler_needs_noise (self));

  if (x0 != NULL)
    eshi_scheduler_predict_clean (self, i, model_output, x, x0);
  self->class->step (self, i, model_output, x, noise_rng);
  self->counter++;
}

void
eshi_scheduler_add_noise (const EshiScheduler *self,
                          guint                i,
                          const float         *x0,
                          const float         *noise,
                          float               *x)
{
  const EshiNoiseLevel *level;

  g_return_if_fail (self != NULL);
  g_return_if_fail (i < self->n_calls);

  level = &self->levels[i];
  for (gsize j = 0; j < self->n_elements; j++)
    x[j] = (float) (level->clean_scale * x0[j] + level->noise_scale * noise[j]);
}
