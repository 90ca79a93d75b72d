/* test-ui-loop-probe.c: the probe of the main loop counts what keeps the loop, and nothing else.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <time.h>

#include "eshi-loop-probe.h"

/* A busy machine may hold a thread back for tens of milliseconds, hardly for half a second. */
#define LIMIT_MS 500
#define STALL_MS 600
#define N_TURNS 1000

typedef struct
{
  GMainContext *context;
  guint n_gaps;
  double wall_ms;
  double cpu_ms;
} Fixture;

static void
gap_cb (double   wall_ms,
        double   cpu_ms,
        gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_gaps++;
  fixture->wall_ms = wall_ms;
  fixture->cpu_ms = cpu_ms;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(GSource) probe = eshi_loop_probe_new (LIMIT_MS, gap_cb, fixture);

  fixture->context = g_main_context_new ();
  g_source_attach (probe, fixture->context);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_main_context_unref (fixture->context);
}

static double
cpu_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static gboolean
sleep_cb (gpointer user_data)
{
  g_usleep (STALL_MS * 1000);
  return G_SOURCE_REMOVE;
}

static gboolean
spin_cb (gpointer user_data)
{
  double began_at = cpu_ms ();

  while (cpu_ms () - began_at < STALL_MS)
    ;
  return G_SOURCE_REMOVE;
}

static gboolean
turn_cb (gpointer user_data)
{
  guint *n = user_data;

  return ++*n < N_TURNS;
}

static void
add (Fixture     *fixture,
     GSource     *source,
     int          priority,
     GSourceFunc  func,
     gpointer     user_data)
{
  g_source_set_priority (source, priority);
  g_source_set_callback (source, func, user_data, NULL);
  g_source_attach (source, fixture->context);
  g_source_unref (source);
}

static void
run (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
}

static void
test_counts_waiting (Fixture       *fixture,
                     gconstpointer  data)
{
  add (fixture, g_idle_source_new (), G_PRIORITY_DEFAULT, sleep_cb, NULL);
  run (fixture);
  g_assert_cmpuint (fixture->n_gaps, ==, 1);
  g_assert_cmpfloat (fixture->wall_ms, >=, STALL_MS);
  /* It slept: what is left is a turn of the loop, some microseconds. */
  g_assert_cmpfloat (fixture->cpu_ms, <, 50);
}

static void
test_counts_work (Fixture       *fixture,
                  gconstpointer  data)
{
  add (fixture, g_idle_source_new (), G_PRIORITY_DEFAULT, spin_cb, NULL);
  run (fixture);
  g_assert_cmpuint (fixture->n_gaps, ==, 1);
  g_assert_cmpfloat (fixture->cpu_ms, >=, STALL_MS);
  g_assert_cmpfloat (fixture->wall_ms, >=, STALL_MS);
}

/* Of a turn that begins with a source of the highest priority, too. */
static void
test_counts_before_others (Fixture       *fixture,
                           gconstpointer  data)
{
  guint n_turns = 0;

  add (fixture, g_idle_source_new (), G_PRIORITY_HIGH, sleep_cb, NULL);
  add (fixture, g_idle_source_new (), G_PRIORITY_HIGH, turn_cb, &n_turns);
  add (fixture, g_idle_source_new (), G_PRIORITY_LOW, sleep_cb, NULL);
  run (fixture);
  g_assert_cmpuint (fixture->n_gaps, ==, 2);
}

static void
test_keeps_still_otherwise (Fixture       *fixture,
                            gconstpointer  data)
{
  guint n_turns = 0;

  add (fixture, g_idle_source_new (), G_PRIORITY_DEFAULT, turn_cb, &n_turns);
  run (fixture);
  g_assert_cmpuint (n_turns, ==, N_TURNS);
  g_assert_cmpuint (fixture->n_gaps, ==, 0);
}

/* Waiting for an event is what a loop is for. */
static void
test_does_not_count_idleness (Fixture       *fixture,
                              gconstpointer  data)
{
  guint n_turns = N_TURNS;

  add (fixture, g_timeout_source_new (STALL_MS), G_PRIORITY_DEFAULT, turn_cb, &n_turns);
  while (n_turns == N_TURNS)
    g_main_context_iteration (fixture->context, TRUE);
  run (fixture);
  g_assert_cmpuint (fixture->n_gaps, ==, 0);
}

#define ADD(name, func) g_test_add ("/eshi/loop-probe/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("counts-waiting", test_counts_waiting);
  ADD ("counts-work", test_counts_work);
  ADD ("counts-before-others", test_counts_before_others);
  ADD ("keeps-still-otherwise", test_keeps_still_otherwise);
  ADD ("does-not-count-idleness", test_does_not_count_idleness);

  return g_test_run ();
}
