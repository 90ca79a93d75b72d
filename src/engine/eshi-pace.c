/* eshi-pace.c: seconds left from measured step times, steady and never rising.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "eshi-pace.h"

/* How much of a new estimate is believed at once. */
#define SMOOTHING 0.3

/* The first steps also pay for warming up. */
#define N_NEEDED 2

void
_eshi_pace_init (EshiPace *self,
                 int       n_images,
                 int       n_steps,
                 double    finish_s)
{
  memset (self, 0, sizeof *self);
  self->n_images = n_images;
  self->n_steps = n_steps;
  self->finish_s = finish_s;
  self->last_step_at = -1.0;
  self->end_at = -1.0;
  self->last_left = -1.0;
}

static int
compare_doubles (const void *a,
                 const void *b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

/* The median of the newest steps: one slow step, a preview's, moves nothing. */
static double
typical_step (const EshiPace *self)
{
  double sorted[ESHI_PACE_WINDOW];
  int n = MIN (self->n_measured, ESHI_PACE_WINDOW);

  memcpy (sorted, self->step_s, n * sizeof sorted[0]);
  qsort (sorted, n, sizeof sorted[0], compare_doubles);

  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0;
}

static double
estimate (EshiPace *self,
          double    steps_left,
          double    images_left,
          double    now)
{
  double left = 0.0;
  double end_at = 0.0;

  if (self->n_measured < N_NEEDED)
    return -1.0;

  end_at = now + steps_left * typical_step (self) + images_left * self->finish_s;
  self->end_at = self->end_at < 0.0 ? end_at : self->end_at + SMOOTHING * (end_at - self->end_at);
  left = MAX (self->end_at - now, 0.0);
  if (self->last_left >= 0.0)
    left = MIN (left, self->last_left);
  self->last_left = left;

  return left;
}

double
_eshi_pace_step (EshiPace *self,
                 int       index,
                 int       step,
                 double    now)
{
  if (step > 1 && self->last_step_at >= 0.0)
    self->step_s[self->n_measured++ % ESHI_PACE_WINDOW] = now - self->last_step_at;
  self->last_step_at = now;

  return estimate (self,
                   (double) (self->n_images - index) * self->n_steps - step,
                   self->n_images - index,
                   now);
}

double
_eshi_pace_image (EshiPace *self,
                  int       index,
                  double    now)
{
  if (self->last_step_at >= 0.0)
    self->finish_s = now - self->last_step_at;
  self->last_step_at = -1.0;

  return estimate (self,
                   (double) (self->n_images - index - 1) * self->n_steps,
                   self->n_images - index - 1,
                   now);
}
