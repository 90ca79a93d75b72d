/* eshi-peak.c: multiply-adds in registers, the ceiling that ops are compared with.
 *
 * It refuses to guess: where the instructions are missing there is no ceiling and no share.
 *
 * SPDX-License-Identifier: MIT
 */

#include "eshi-peak.h"

#if defined __x86_64__ && defined __GNUC__

#include <cpuid.h>
#include <immintrin.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TRIES 5

#define CHAINS 12 /* two ports times a latency of five need ten; sixteen registers hold these and the factor */
#define F32_LANES 8
#define BF16_LANES 16

#define TILES 8
#define TILE_ROWS 16
#define TILE_BYTES 1024
#define TILE_SUMS 4 /* as many products are under way at once */
#define TILE_FLOPS (2.0 * TILE_ROWS * TILE_ROWS * 32)

#define AMX_BITS ((1u << 22) | (1u << 24)) /* AMX-BF16, AMX-TILE: CPUID 7.0, edx */
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

/* A loop of @rounds rounds, each of which adds and multiplies @flops times. Returns any of its sums. */
typedef struct
{
  float (*run) (guint rounds);
  double flops;
  guint  rounds; /* some hundredths of a second */
} Loop;

/* Threads that run the same loop at the same time. */
typedef struct
{
  const Loop *loop;
  guint       n_threads;
  guint       n_ready; /* atomic */
  double     *rates;   /* [n_threads], FLOP/s */
} Team;

/* What LDTILECFG reads (Intel's manual, volume 1, 18.2). */
typedef struct
{
  guint8  palette;
  guint8  start_row;
  guint8  reserved[14];
  guint16 row_bytes[16];
  guint8  rows[16];
} TileConfig;

G_STATIC_ASSERT (sizeof (TileConfig) == 64);

/* Every chain tends to 1, so no number is ever denormal or infinite. */
static float multiply_f32 (guint rounds) __attribute__ ((target ("avx2,fma")));

static float
multiply_f32 (guint rounds)
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

/* The same in registers of twice the width. */
static float multiply_f32_wide (guint rounds) __attribute__ ((target ("avx512f")));

static float
multiply_f32_wide (guint rounds)
{
  __m512 factor = _mm512_set1_ps (0.5f);
  __m512 sum = _mm512_setzero_ps ();
  __m512 x[CHAINS];

  for (guint i = 0; i < CHAINS; i++)
    x[i] = _mm512_set1_ps (i);
  for (guint round = 0; round < rounds; round++)
#pragma GCC unroll 12
    for (guint i = 0; i < CHAINS; i++)
      x[i] = _mm512_fmadd_ps (x[i], factor, factor);
  for (guint i = 0; i < CHAINS; i++)
    sum = _mm512_add_ps (sum, x[i]);
  return _mm512_cvtss_f32 (sum);
}

/* Each round adds 0.5 · 0.5 twice, which stays finite. */
static float multiply_bf16 (guint rounds) __attribute__ ((target ("avx512f,avx512bf16")));

static float
multiply_bf16 (guint rounds)
{
  __m512bh factor = (__m512bh) _mm512_set1_epi16 (0x3f00);
  __m512 sum = _mm512_setzero_ps ();
  __m512 x[CHAINS];

  for (guint i = 0; i < CHAINS; i++)
    x[i] = _mm512_set1_ps (i);
  for (guint round = 0; round < rounds; round++)
#pragma GCC unroll 12
    for (guint i = 0; i < CHAINS; i++)
      x[i] = _mm512_dpbf16_ps (x[i], factor, factor);
  for (guint i = 0; i < CHAINS; i++)
    sum = _mm512_add_ps (sum, x[i]);
  return _mm512_cvtss_f32 (sum);
}

/* @operand [TILE_BYTES], bf16 numbers between 0.5 and 2 of either sign and of no pattern: zeros would cost less power. */
static void
fill_operand (guint8 *operand)
{
  guint32 state = 1;

  for (guint i = 0; i < TILE_BYTES / sizeof (guint16); i++)
    {
      guint16 value = 0;

      state = state * 1664525u + 1013904223u;
      value = 0x3f00 | (state >> 16 & 0x80ff);
      memcpy (operand + i * sizeof value, &value, sizeof value);
    }
}

/* Tiles 0 to 3 are the sums, 4 and 5 times 6 and 7 what is added: what a loop over memory does, too, with two loads a
 * product. */
static float multiply_tiles (guint rounds) __attribute__ ((target ("amx-tile,amx-bf16")));

static float
multiply_tiles (guint rounds)
{
  TileConfig config = { .palette = 1 };
  guint8 operand[TILE_BYTES];
  float sums[TILE_BYTES / sizeof (float)];

  for (guint i = 0; i < TILES; i++)
    {
      config.row_bytes[i] = TILE_BYTES / TILE_ROWS;
      config.rows[i] = TILE_ROWS;
    }
  fill_operand (operand);
  _tile_loadconfig (&config);
  _tile_loadd (4, operand, 64);
  _tile_loadd (5, operand, 64);
  _tile_loadd (6, operand, 64);
  _tile_loadd (7, operand, 64);
  for (guint round = 0; round < rounds; round++)
    {
      _tile_dpbf16ps (0, 4, 6);
      _tile_dpbf16ps (1, 4, 7);
      _tile_dpbf16ps (2, 5, 6);
      _tile_dpbf16ps (3, 5, 7);
    }
  _tile_stored (0, sums, 64);
  _tile_release ();
  return sums[0];
}

static const Loop f32_loop = { multiply_f32, 2.0 * CHAINS * F32_LANES, 2000000 };
static const Loop wide_loop = { multiply_f32_wide, 4.0 * CHAINS * F32_LANES, 2000000 };
static const Loop bf16_loop = { multiply_bf16, 4.0 * CHAINS * BF16_LANES, 4000000 };
static const Loop tile_loop = { multiply_tiles, TILE_SUMS * TILE_FLOPS, 1500000 };

/* Tile registers are handed out on demand only. */
static gboolean
has_tiles (void)
{
  guint a = 0, b = 0, c = 0, d = 0;

  return __get_cpuid_count (7, 0, &a, &b, &c, &d) && (d & AMX_BITS) == AMX_BITS &&
         syscall (SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

static double
thread_seconds (void)
{
  struct timespec t = { 0, 0 };

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static gpointer
run_loop_cb (gpointer data)
{
  Team *team = data;
  guint index = g_atomic_int_add (&team->n_ready, 1);
  volatile float sink = 0.0f;
  double before = 0.0;

  while ((guint) g_atomic_int_get (&team->n_ready) < team->n_threads)
    g_thread_yield ();
  before = thread_seconds ();
  sink = team->loop->run (team->loop->rounds);
  (void) sink;
  team->rates[index] = team->loop->flops * team->loop->rounds / MAX (thread_seconds () - before, 1e-9);
  return NULL;
}

/* FLOP/s of all threads, once. */
static double
run_team (const Loop *loop,
          guint       n_threads)
{
  g_autofree double *rates = g_new0 (double, n_threads);
  g_autofree GThread **threads = g_new (GThread *, n_threads);
  Team team = { .loop = loop, .n_threads = n_threads, .rates = rates };
  double sum = 0.0;

  for (guint i = 0; i < n_threads; i++)
    threads[i] = g_thread_new ("eshi-peak", run_loop_cb, &team);
  for (guint i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < n_threads; i++)
    sum += rates[i];
  return sum;
}

/* GFLOP/s, the best of some tries. */
static double
measure (const Loop *loop,
         guint       n_threads)
{
  double best = 0.0;

  for (guint i = 0; i < TRIES && n_threads > 0; i++)
    {
      double rate = run_team (loop, n_threads); /* MAX() would run it twice */

      best = MAX (best, rate);
    }
  return best * 1e-9;
}

double
eshi_peak_f32 (guint n_threads)
{
  double narrow = 0.0;
  double wide = 0.0;

  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    narrow = measure (&f32_loop, n_threads);
  if (__builtin_cpu_supports ("avx512f"))
    wide = measure (&wide_loop, n_threads);
  return MAX (narrow, wide);
}

double
eshi_peak_bf16 (guint n_threads)
{
  double vectors = 0.0;
  double tiles = 0.0;

  if (__builtin_cpu_supports ("avx512bf16"))
    vectors = measure (&bf16_loop, n_threads);
  if (has_tiles ())
    tiles = measure (&tile_loop, n_threads);
  return MAX (vectors, tiles);
}

#else

double
eshi_peak_f32 (guint n_threads)
{
  return 0.0;
}

double
eshi_peak_bf16 (guint n_threads)
{
  return 0.0;
}

#endif
