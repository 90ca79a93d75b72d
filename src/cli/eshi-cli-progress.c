/* eshi-cli-progress.c: the progress line.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "eshi-cli-progress.h"

#define BAR_WIDTH 24

void
eshi_cli_progress_init (EshiCliProgress *self,
                        gboolean         quiet)
{
  *self = (EshiCliProgress) { .shown = !quiet && isatty (STDERR_FILENO), .index = -1, .first_step = -1 };
}

/* Seconds per step since this picture's first step; 0 while unknown. */
static double
measure_step (EshiCliProgress *self,
              EshiEvent       *event)
{
  gint64 now = g_get_monotonic_time ();
  int step = eshi_event_get_step (event);

  if (self->first_step < 0 || self->index != eshi_event_get_index (event))
    {
      self->index = eshi_event_get_index (event);
      self->first_step = step;
      self->first_at = now;
      return 0.0;
    }

  return step > self->first_step ? (now - self->first_at) / 1e6 / (step - self->first_step) : 0.0;
}

static void
append_painting (EshiCliProgress *self,
                 GString         *line,
                 EshiEvent       *event,
                 int              n_images)
{
  int step = eshi_event_get_step (event);
  int n_steps = eshi_event_get_n_steps (event);
  int filled = n_steps > 0 ? BAR_WIDTH * step / n_steps : 0;
  double step_s = measure_step (self, event);
  double left = eshi_event_get_seconds_left (event);

  if (n_images > 1)
    g_string_append_printf (line, _("picture %d of %d  "), eshi_event_get_index (event) + 1, n_images);
  g_string_append_c (line, '[');
  for (int i = 0; i < BAR_WIDTH; i++)
    g_string_append_c (line, i < filled ? '#' : '.');
  g_string_append_printf (line, "] %d/%d", step, n_steps);
  if (step_s > 0.0)
    g_string_append_printf (line, _("  %.2f s/step"), step_s);
  if (left >= 0.0)
    g_string_append_printf (line, _("  %.0f s left"), ceil (left));
}

void
eshi_cli_progress_update (EshiCliProgress *self,
                          EshiEvent       *event,
                          int              n_images)
{
  g_autoptr(GString) line = NULL;

  if (!self->shown)
    return;

  line = g_string_new (NULL);
  switch (eshi_event_get_stage (event))
    {
    case ESHI_STAGE_LOADING:
      g_string_append_printf (line, _("loading the model %.0f %%"), 100.0 * eshi_event_get_fraction (event));
      break;
    case ESHI_STAGE_READING:
      g_string_append (line, _("reading the words"));
      break;
    case ESHI_STAGE_FINISHING:
      g_string_append (line, _("finishing"));
      break;
    case ESHI_STAGE_PAINTING:
    default:
      append_painting (self, line, event, n_images);
    }

  fprintf (stderr, "\r\033[K%s", line->str);
  fflush (stderr);
  self->dirty = TRUE;
}

void
eshi_cli_progress_clear (EshiCliProgress *self)
{
  if (!self->dirty)
    return;

  fputs ("\r\033[K", stderr);
  fflush (stderr);
  self->dirty = FALSE;
}
