/* eshi-loop-probe.c: how long the main loop was kept from its next turn.
 *
 * For tests and benchmarks: without $ESHI_TEST_LOOP there is no source, and the loop turns as if this were not here. It
 * tells how long, not who; the lines of the test log around it say what was going on.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-loop-probe.h"

#include <time.h>

#include "eshi-test-log.h"

typedef struct
{
  GSource source;
  EshiLoopProbeFunc func;
  gpointer user_data;
  double limit_ms;
  double wall_ms;     /* when the last turn began; 0 before the first */
  double cpu_ms;
} LoopProbe;

static double
read_clock (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

/* The turn that the last check began is over: the loop is about to wait again. */
static gboolean
loop_probe_prepare (GSource *source,
                    int     *timeout)
{
  LoopProbe *self = (LoopProbe *) source;
  double wall_ms = read_clock (CLOCK_MONOTONIC) - self->wall_ms;

  *timeout = -1;
  if (self->wall_ms > 0 && wall_ms >= self->limit_ms)
    self->func (wall_ms, read_clock (CLOCK_THREAD_CPUTIME_ID) - self->cpu_ms, self->user_data);
  return FALSE;
}

static gboolean
loop_probe_check (GSource *source)
{
  LoopProbe *self = (LoopProbe *) source;

  self->wall_ms = read_clock (CLOCK_MONOTONIC);
  self->cpu_ms = read_clock (CLOCK_THREAD_CPUTIME_ID);
  return FALSE;
}

static gboolean
loop_probe_dispatch (GSource     *source,
                     GSourceFunc  callback,
                     gpointer     user_data)
{
  return G_SOURCE_CONTINUE;
}

GSource *
eshi_loop_probe_new (double            limit_ms,
                     EshiLoopProbeFunc func,
                     gpointer          user_data)
{
  static GSourceFuncs funcs = { loop_probe_prepare, loop_probe_check, loop_probe_dispatch, NULL, NULL, NULL };
  GSource *source;
  LoopProbe *self;

  g_return_val_if_fail (func != NULL, NULL);

  source = g_source_new (&funcs, sizeof (LoopProbe));
  self = (LoopProbe *) source;
  self->func = func;
  self->user_data = user_data;
  self->limit_ms = limit_ms;
  g_source_set_static_name (source, "Eshi loop probe");
  /* A loop leaves out the sources after one that is ready, so this one comes before all others. */
  g_source_set_priority (source, G_MININT);
  return source;
}

static void
log_gap_cb (double   wall_ms,
            double   cpu_ms,
            gpointer user_data)
{
  eshi_test_log ("GAP %.1f %.1f", wall_ms, cpu_ms);
}

void
eshi_loop_probe_start (void)
{
  const char *limit = g_getenv ("ESHI_TEST_LOOP");
  g_autoptr(GSource) source = NULL;

  if (limit == NULL)
    return;
  source = eshi_loop_probe_new (g_ascii_strtod (limit, NULL), log_gap_cb, NULL);
  g_source_attach (source, NULL);
}
