/* test-peak.c: the peak that benchmarks compare ops with: a number where the processor has the instructions, 0 where it has
 * not. How large it is nobody can tell on a computer that does other things, and the sanitizers slow it down.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>

#include "eshi-peak.h"

static gboolean
is_rate (double gflops)
{
  return isfinite (gflops) && gflops > 0.0;
}

static void
test_f32 (void)
{
#if defined (__x86_64__)
  gboolean expected = __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma");
#else
  gboolean expected = FALSE;
#endif

  g_assert_cmpint (is_rate (eshi_peak_f32 (1)), ==, expected);
  g_assert_cmpint (is_rate (eshi_peak_f32 (2)), ==, expected);
}

static void
test_bf16 (void)
{
#if defined (__x86_64__)
  gboolean expected = __builtin_cpu_supports ("avx512bf16") != 0;
#else
  gboolean expected = FALSE;
#endif

  /* Every processor with AMX has had AVX512-BF16, too. */
  g_assert_cmpint (is_rate (eshi_peak_bf16 (1)), ==, expected);
  g_assert_cmpint (is_rate (eshi_peak_bf16 (2)), ==, expected);
}

/* A device that computes without threads has no peak. */
static void
test_no_threads (void)
{
  g_assert_cmpfloat (eshi_peak_f32 (0), ==, 0.0);
  g_assert_cmpfloat (eshi_peak_bf16 (0), ==, 0.0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/peak/f32", test_f32);
  g_test_add_func ("/eshi/peak/bf16", test_bf16);
  g_test_add_func ("/eshi/peak/no-threads", test_no_threads);
  return g_test_run ();
}
