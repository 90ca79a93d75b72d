/* eshi-pace.h: how many seconds are left, told so that a person can believe it.
 *
 * The estimate comes from measured step times alone; it is unknown until two steps were measured. Once known it never
 * rises: when the work turns out slower than thought, the number waits instead of jumping up. Times are given in, so
 * that tests need no clock.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ESHI_PACE_WINDOW 8

typedef struct
{
  int    n_images;
  int    n_steps;          /* of each picture */
  int    n_measured;       /* step times in all */
  double step_s[ESHI_PACE_WINDOW]; /* the newest ones */
  double last_step_at;     /* when the newest step ended; negative after a pause between pictures */
  double finish_s;         /* from the last step to the finished picture, the newest; 0 while unknown */
  double end_at;           /* when it will all be done, smoothed; negative while unknown */
  double last_left;        /* what was said last; negative while unknown */
} EshiPace;

/* @finish_s: seconds that finishing a picture took last time; 0 if unknown. */
void   _eshi_pace_init    (EshiPace *self,
                           int       n_images,
                           int       n_steps,
                           double    finish_s);

/* Step @step (1 to n_steps) of picture @index was finished at @now. Returns the seconds left, negative while unknown. */
double _eshi_pace_step    (EshiPace *self,
                           int       index,
                           int       step,
                           double    now);

/* Picture @index was finished at @now. */
double _eshi_pace_image   (EshiPace *self,
                           int       index,
                           double    now);

G_END_DECLS
