/* eshi-scheduler-spacing.c: timesteps spread as a model's scheduler_config.json says, for samplers of diffusers.
 *
 * Levels that an artist chose are none of its business; those are in eshi-sigma-schedule.c.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-scheduler-private.h"

#include <math.h>

static double
get_trailing (const EshiScheduler *self,
              guint                i)
{
  double n_train = self->schedule->n;

  return MAX (rint (n_train - i * (n_train / self->n_steps)) - 1.0, 0.0);
}

/* The offset gives way where it would lead past the last timestep, at which the reference fails. */
static double
get_leading (const EshiScheduler *self,
             guint                i)
{
  guint stride = self->schedule->n / self->n_steps;
  guint room = self->schedule->n - 1 - (self->n_steps - 1) * stride;

  return (self->n_steps - 1 - i) * stride + MIN (self->config.steps_offset, room);
}

double
_eshi_scheduler_spaced_timestep (const EshiScheduler *self,
                                 guint                i)
{
  guint rank = self->n_steps - 1 - i; /* from below; a single step is asked at 0, as in the reference */
  double last = self->schedule->n - 1;

  if (self->config.spacing == ESHI_SPACING_LEADING)
    return get_leading (self, i);
  if (self->config.spacing == ESHI_SPACING_TRAILING)
    return get_trailing (self, i);
  return rank == 0 ? 0.0 : i == 0 ? last : rank * (last / (self->n_steps - 1));
}

/* The same for samplers that spread one step more and leave out the lowest. */
static int
get_whole_timestep (const EshiScheduler *self,
                    guint                i)
{
  guint n = self->n_steps;
  guint rank = n - i;
  guint last = self->schedule->n - 1;

  if (self->config.spacing == ESHI_SPACING_LEADING)
    return (int) MIN (rank * (self->schedule->n / (n + 1)) + self->config.steps_offset, last);
  if (self->config.spacing == ESHI_SPACING_TRAILING)
    return (int) get_trailing (self, i);
  return (int) rint (rank * ((double) last / n));
}

void
_eshi_scheduler_prepare_whole (EshiScheduler *self,
                               double         end_alpha_bar)
{
  guint n = self->n_steps;

  _eshi_scheduler_set_n_calls (self, n);
  for (guint i = 0; i < n; i++)
    {
      int timestep = get_whole_timestep (self, i);

      _eshi_noise_level_init_alpha (&self->levels[i], self->config.prediction, timestep,
                                    eshi_noise_schedule_get_alpha_bar (self->schedule, timestep));
    }
  _eshi_noise_level_init_alpha (&self->levels[n], self->config.prediction, 0.0, end_alpha_bar);
}

double
_eshi_scheduler_get_end_alpha_bar (const EshiScheduler *self)
{
  return self->config.ends_noisy ? eshi_noise_schedule_get_alpha_bar (self->schedule, 0) : 1.0;
}
