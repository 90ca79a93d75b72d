/* test-engine-pace.c: seconds left, from invented clocks.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-pace.h"

static void
test_unknown (void)
{
  EshiPace pace;

  _eshi_pace_init (&pace, 1, 25, 0.0);
  g_assert_cmpfloat (_eshi_pace_step (&pace, 0, 0, 100.0), <, 0.0);
  g_assert_cmpfloat (_eshi_pace_step (&pace, 0, 1, 105.0), <, 0.0);
  g_assert_cmpfloat (_eshi_pace_step (&pace, 0, 2, 106.0), <, 0.0);
  g_assert_cmpfloat (_eshi_pace_step (&pace, 0, 3, 107.0), >=, 0.0);
}

/* Even steps of a second: the answer is what a person would reckon. The first step, which warms up, does not count. */
static void
test_even (void)
{
  EshiPace pace;

  _eshi_pace_init (&pace, 2, 10, 3.0);
  _eshi_pace_step (&pace, 0, 1, 9.0);
  _eshi_pace_step (&pace, 0, 2, 10.0);
  g_assert_cmpfloat_with_epsilon (_eshi_pace_step (&pace, 0, 3, 11.0), 7.0 + 10.0 + 2 * 3.0, 1e-9);
  for (int step = 4; step <= 10; step++)
    g_assert_cmpfloat_with_epsilon (_eshi_pace_step (&pace, 0, step, 8.0 + step), 10.0 - step + 16.0, 1e-9);
  g_assert_cmpfloat_with_epsilon (_eshi_pace_image (&pace, 0, 21.0), 13.0, 1e-9);
}

/* Steps that get slower, faster, and one that stalls: the number never rises. */
static void
test_never_rises (void)
{
  EshiPace pace;
  double now = 0.0;
  double last = G_MAXDOUBLE;

  _eshi_pace_init (&pace, 1, 60, 0.0);
  for (int step = 0; step <= 60; step++)
    {
      double left = 0.0;

      now += step < 20 ? 1.0 : (step == 30 ? 40.0 : (step < 40 ? 2.0 : 0.2));
      left = _eshi_pace_step (&pace, 0, step, now);
      if (left < 0.0)
        continue;
      g_assert_cmpfloat (left, <=, last);
      last = left;
    }
  g_assert_cmpfloat (last, <, 12.0);
}

/* One slow step among even ones moves the answer by no more than that step. */
static void
test_one_slow_step (void)
{
  EshiPace pace;
  double now = 0.0;
  double left = 0.0;

  _eshi_pace_init (&pace, 1, 40, 0.0);
  for (int step = 0; step <= 20; step++)
    {
      now += step == 20 ? 5.0 : 1.0;
      left = _eshi_pace_step (&pace, 0, step, now);
    }
  g_assert_cmpfloat (left, <=, 21.0);
  g_assert_cmpfloat (left, >=, 15.0);
}

static void
test_one_step (void)
{
  EshiPace pace;

  _eshi_pace_init (&pace, 1, 1, 0.0);
  g_assert_cmpfloat (_eshi_pace_step (&pace, 0, 1, 1.0), <, 0.0);
  g_assert_cmpfloat (_eshi_pace_image (&pace, 0, 2.0), <, 0.0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/engine/pace/unknown-at-first", test_unknown);
  g_test_add_func ("/eshi/engine/pace/even-steps", test_even);
  g_test_add_func ("/eshi/engine/pace/never-rises", test_never_rises);
  g_test_add_func ("/eshi/engine/pace/one-slow-step", test_one_slow_step);
  g_test_add_func ("/eshi/engine/pace/one-step", test_one_step);

  return g_test_run ();
}
