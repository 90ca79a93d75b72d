/* eshi-peak.c: f32 multiply-adds in registers, the ceiling that ops are compared with.
 *
 * It refuses to guess: where AVX2 and FMA are missing there is no ceiling and no share.
 *
 * SPDX-License-Identifier: MIT
 */

#include "eshi-peak.h"

#include <time.h>

#if defined __x86_64__ && defined __GNUC__

#include <immintrin.h>

#define CHAINS 12 /* two ports times a latency of five need ten; sixteen registers hold these and the factor */
#define LANES 8
#define ROUNDS 2000000
#define TRIES 5

/* Every chain tends to 1, so no number is ever denormal or infinite. */
static float multiply_add (guint rounds) __attribute__ ((target ("avx2,fma")));

static float
multiply_add (guint rounds)
{
  __m256 factor = _mm256_set1_ps (0.5f);
  __m256 sum = _mm256_setzero_ps ();
  __m256 x[CHAINS];

  for (guint i = 0; i < CHAINS; i++)
    x[i] = _mm256_set1_ps (i);
  for (guint round = 0; round < rounds; round++)
#pragma GCC unroll 12
    for (guint i = 0; i < CHAINS; i++)
      x[i] = _mm256_fmadd_ps (x[i], factor, factor);
  for (guint i = 0; i < CHAINS; i++)
    sum = _mm256_add_ps (sum, x[i]);
  return _mm256_cvtss_f32 (sum);
}

static double
thread_seconds (void)
{
  struct timespec t = { 0, 0 };

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

double
eshi_peak_f32 (void)
{
  volatile float sink = 0.0f;
  double best = 0.0;

  if (!__builtin_cpu_supports ("avx2") || !__builtin_cpu_supports ("fma"))
    return 0.0;
  for (guint i = 0; i < TRIES; i++)
    {
      double before = thread_seconds ();

      sink = multiply_add (ROUNDS);
      best = MAX (best, 2.0 * CHAINS * LANES * ROUNDS / MAX (thread_seconds () - before, 1e-9) * 1e-9);
    }
  (void) sink;
  return best;
}

#else

double
eshi_peak_f32 (void)
{
  return 0.0;
}

#endif
