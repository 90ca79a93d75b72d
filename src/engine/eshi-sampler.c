/* eshi-sampler.c: the samplers and schedules by name.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-sampler.h"
#include "eshi-scheduler.h"

#define MAX_SAMPLERS 64
#define MAX_SCHEDULES 16

/* Filled in once; the strings are the schedulers' own. */
static EshiSampler samplers[MAX_SAMPLERS];
static EshiSchedule schedules[MAX_SCHEDULES];

const EshiSampler *
eshi_samplers (guint *n_samplers)
{
  static gsize n_filled = 0;

  if (g_once_init_enter (&n_filled))
    {
      const char *const *ids = eshi_scheduler_get_ids ();
      gsize n = 0;

      for (; ids[n] != NULL && n < MAX_SAMPLERS; n++)
        samplers[n] = (EshiSampler) { ids[n], eshi_scheduler_get_label (ids[n]),
                                     eshi_scheduler_takes_schedule (ids[n]) };
      g_once_init_leave (&n_filled, n);
    }

  if (n_samplers != NULL)
    *n_samplers = n_filled;

  return samplers;
}

const EshiSampler *
eshi_sampler_find (const char *name)
{
  guint n_samplers = 0;
  const EshiSampler *all = eshi_samplers (&n_samplers);
  g_autofree char *id = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  id = g_strdelimit (g_strdup (name), "_", '-');
  for (guint i = 0; i < n_samplers; i++)
    if (g_ascii_strcasecmp (all[i].id, id) == 0 || g_ascii_strcasecmp (all[i].label, name) == 0)
      return &all[i];

  return NULL;
}

const EshiSchedule *
eshi_schedules (guint *n_schedules)
{
  static gsize n_filled = 0;

  if (g_once_init_enter (&n_filled))
    {
      gsize n = 0;

      for (; eshi_scheduler_get_schedule_id (n) != NULL && n < MAX_SCHEDULES; n++)
        {
          const char *id = eshi_scheduler_get_schedule_id (n);

          schedules[n] = (EshiSchedule) { id, eshi_scheduler_get_schedule_label (id) };
        }
      g_once_init_leave (&n_filled, n);
    }

  if (n_schedules != NULL)
    *n_schedules = n_filled;

  return schedules;
}

const EshiSchedule *
eshi_schedule_find (const char *name)
{
  guint n_schedules = 0;
  const EshiSchedule *all = eshi_schedules (&n_schedules);
  g_autofree char *id = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  if (g_ascii_strcasecmp (name, "normal") == 0)
    name = "uniform";
  else if (g_ascii_strcasecmp (name, "polyexponential") == 0)
    name = "exponential";
  id = g_strdelimit (g_strdup (name), "_", '-');
  for (guint i = 0; i < n_schedules; i++)
    if (g_ascii_strcasecmp (all[i].id, id) == 0 || g_ascii_strcasecmp (all[i].label, name) == 0)
      return &all[i];

  return NULL;
}
