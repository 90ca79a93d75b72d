/* test-peak.c: the peak that benchmarks compare ops with, held against what the processors' makers say of the
 * instructions per clock.
 *
 * A core with AVX2 adds and multiplies at most 2 × 8 f32 a clock; AVX512-BF16 at most 2 × 32 products of bf16, and AMX
 * 16 × 16 × 32 in 16 clocks (Intel's optimization manual, chapter on AMX). The clock is not known, but it is the same
 * for both, within what a processor takes back for wide instructions.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-peak.h"

/* Of bf16's peak to f32's, from the figures above: half of AVX512-BF16's in a processor that splits its instructions,
 * and AMX's where only one AVX2 port could be had. */
#define LEAST_GAIN 1.0
#define MOST_GAIN 128.0

/* GFLOP/s of a core with AVX2 that neither sleeps nor exists yet. */
#define LEAST_F32 4.0
#define MOST_F32 400.0

static void
test_f32 (void)
{
  double one = eshi_peak_f32 (1);
  double two = eshi_peak_f32 (2);

  if (one == 0.0)
    {
      g_assert_cmpfloat (two, ==, 0.0);
      g_test_skip ("this processor has no AVX2");
      return;
    }
  g_assert_cmpfloat (one, >, LEAST_F32);
  g_assert_cmpfloat (one, <, MOST_F32);
  g_assert_cmpfloat (two, >, 0.5 * one);
  g_assert_cmpfloat (two, <, 4.0 * one);
}

static void
test_bf16 (void)
{
  double f32 = eshi_peak_f32 (1);
  double bf16 = eshi_peak_bf16 (1);

  if (bf16 == 0.0)
    {
      g_test_skip ("this processor has neither AMX nor AVX512-BF16");
      return;
    }
  g_test_message ("f32 %.1f GFLOP/s, bf16 %.1f GFLOP/s", f32, bf16);
  g_assert_cmpfloat (bf16, >, LEAST_GAIN * f32);
  g_assert_cmpfloat (bf16, <, MOST_GAIN * f32);
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
