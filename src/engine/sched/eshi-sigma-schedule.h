/* eshi-sigma-schedule.h: how noise levels are spread over the steps, as a choice apart from the sampler.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-noise-schedule.h"

G_BEGIN_DECLS

typedef struct
{
  const char *id;    /* "karras"; written to disk and never renamed */
  const char *label; /* as other programs spell it; not translated */

  /* Noise levels of @n steps, 1 or more, falling and above 0, into @sigmas [n]. */
  void (*fill) (const EshiNoiseSchedule *noise,
                guint                    n,
                double                  *sigmas);
} EshiSigmaSchedule;

/* All of them, ended by NULL; static. Thread: any. */
extern const EshiSigmaSchedule * const _eshi_sigma_schedules[];

/* The schedule called @id; NULL when there is none. Thread: any. */
const EshiSigmaSchedule *_eshi_sigma_schedule_find (const char *id);

G_END_DECLS
