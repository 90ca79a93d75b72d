/* eshi-sampler.h: the samplers by name, for menus and command lines.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * EshiSampler:
 * @id: stable name for files and command lines: "lms", "euler-a", "dpmpp-2m", …
 * @label: name for people, as other programs spell it: "LMS", "Euler a", "DPM++ 2M", …; not translated
 * @takes_schedule: whether another schedule than its own can be chosen
 */
typedef struct
{
  const char *id;
  const char *label;
  gboolean    takes_schedule;
} EshiSampler;

/**
 * EshiSchedule:
 * @id: stable name for files and command lines: "uniform", "karras", "exponential", "sgm-uniform", "align-your-steps"
 * @label: name for people, as other programs spell it: "Karras"; not translated
 *
 * How a sampler's noise levels are spread over the steps.
 */
typedef struct
{
  const char *id;
  const char *label;
} EshiSchedule;

/**
 * eshi_samplers:
 * @n_samplers: (out): how many
 *
 * Returns: (array length=n_samplers): all samplers, in menu order; static
 */
ESHI_AVAILABLE
const EshiSampler *eshi_samplers (guint *n_samplers);

/**
 * eshi_sampler_find:
 * @name: an id or a label, in any case; an underscore in an id counts as a hyphen
 *
 * Returns: (nullable): the sampler of that name; static
 */
ESHI_AVAILABLE
const EshiSampler *eshi_sampler_find (const char *name);

/* The name of the sampler's own schedule, where one has to be named. */
#define ESHI_SCHEDULE_AUTOMATIC "automatic"

/**
 * eshi_schedules:
 * @n_schedules: (out): how many
 *
 * Returns: (array length=n_schedules): all schedules, in menu order; the samplers' own ("Automatic") is not among
 *   them; static
 */
ESHI_AVAILABLE
const EshiSchedule *eshi_schedules (guint *n_schedules);

/**
 * eshi_schedule_find:
 * @name: an id or a label, in any case; an underscore in an id counts as a hyphen. "Normal" is another name of
 *   "uniform", and "Polyexponential" of "exponential", of which it is the usual case
 *
 * Returns: (nullable): the schedule of that name; static
 */
ESHI_AVAILABLE
const EshiSchedule *eshi_schedule_find (const char *name);

G_END_DECLS
