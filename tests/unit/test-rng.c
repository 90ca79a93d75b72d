/* test-rng.c: the generators against PyTorch's published and measured values.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "../parity.h"
#include "eshi-error.h"
#include "eshi-rng.h"

#define TOLERANCE 1e-6

#define N_LATENT (4 * 64 * 64)

static void
assert_values (EshiRngKind   kind,
               const float  *values,
               const double *expected,
               gsize         n)
{
  double worst = 0;

  for (gsize i = 0; i < n; i++)
    {
      g_assert_cmpfloat_with_epsilon (values[i], expected[i], TOLERANCE);
      worst = MAX (worst, fabs (values[i] - expected[i]));
    }
  if (kind == ESHI_RNG_CPU)
    parity_row ("noise", "normal values of torch's CPU generator", "torch 1.13.1 and 2.15.0", worst, TOLERANCE);
  else
    parity_row ("noise", "normal values of torch's CUDA generator", "published values", worst, TOLERANCE);
}

/* Draws @n values from a fresh generator and compares the first @n_expected. */
static void
assert_first_draw (EshiRngKind   kind,
                   guint64       seed,
                   gsize         n,
                   const double *expected,
                   gsize         n_expected)
{
  g_autoptr(EshiRng) rng = eshi_rng_new (kind, seed);
  g_autofree float *values = g_new (float, n);

  eshi_rng_fill_normal (rng, values, n);
  assert_values (kind, values, expected, n_expected);
}

typedef struct
{
  guint64 seed;
  double  head[8];
  double  tail[4];
  double  sum;
  double  squares;
} LatentCase;

static const LatentCase latent_cases[] = {
  { 0,
    { -1.1258398, -1.1523602, -.25057858, -.43387881, .84871036, .69200915, -.31601277, -2.1152194 },
    { -1.0407140, .09078388, -1.3664697, -1.0782080 }, -124.1127, 16522.1103 },
  { 1,
    { -1.5255959, -.75023180, -.65398091, -1.6094848, -.10016718, -.60918891, -.97977227, -1.6090963 },
    { -.12625140, .41284809, .54038996, 1.7959211 }, -121.2528, 16475.6504 },
  { 42,
    { 1.9269153, 1.4872841, .90071720, -2.1055210, .67841846, -1.2345449, -.04306748, -1.6046669 },
    { -.81114382, -.63575047, .97280973, -.29340610 }, 149.7648, 16516.3999 },
};

static void
test_cpu_latents (void)
{
  g_autofree float *values = g_new (float, N_LATENT);

  for (guint i = 0; i < G_N_ELEMENTS (latent_cases); i++)
    {
      const LatentCase *c = &latent_cases[i];
      g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, c->seed);
      double sum = 0;
      double squares = 0;

      eshi_rng_fill_normal (rng, values, N_LATENT);
      assert_values (ESHI_RNG_CPU, values, c->head, 8);
      assert_values (ESHI_RNG_CPU, values + N_LATENT - 4, c->tail, 4);
      for (guint j = 0; j < N_LATENT; j++)
        {
          sum += values[j];
          squares += (double) values[j] * values[j];
        }
      g_assert_cmpfloat_with_epsilon (sum, c->sum, 1e-3);
      g_assert_cmpfloat_with_epsilon (squares, c->squares, 1e-3);
    }
}

static void
test_cpu_second_draw (void)
{
  static const double expected[] = { -.55183607, 1.5398073, 1.0035588, -.79478943 };
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 0);
  g_autofree float *values = g_new (float, N_LATENT);

  eshi_rng_fill_normal (rng, values, N_LATENT);
  eshi_rng_fill_normal (rng, values, N_LATENT);
  assert_values (ESHI_RNG_CPU, values, expected, G_N_ELEMENTS (expected));
}

/* Only the low 32 bits of a seed count. */
static void
test_cpu_seed_bits (void)
{
  assert_first_draw (ESHI_RNG_CPU, (G_GUINT64_CONSTANT (1) << 32) + 42, N_LATENT, latent_cases[2].head, 8);
}

static const double scalar_draw[] = {
  1.5409961, -.29342890, -2.1787894, .56843126, -1.0845224, -1.3985955, .40334684, .83802634,
};

static void
test_cpu_scalar (void)
{
  assert_first_draw (ESHI_RNG_CPU, 0, 8, scalar_draw, 8);
}

/* An odd draw leaves the second value of its pair for the next one. */
static void
test_cpu_scalar_cache (void)
{
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 0);
  float values[8];

  eshi_rng_fill_normal (rng, values, 3);
  eshi_rng_fill_normal (rng, values + 3, 5);
  assert_values (ESHI_RNG_CPU, values, scalar_draw, 8);
}

/* torch.manual_seed(0); randn(3), randn(16), randn(2): the cached value survives the vector draw. Values from
 * PyTorch 2.15. */
static void
test_cpu_cache_survives_blocks (void)
{
  static const double blocks[] = { -0.35612836, 0.43722272, 0.49130496, -0.20410173 };
  static const double scalars[] = { 0.56843126, -0.85667461 };
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 0);
  float values[16];

  eshi_rng_fill_normal (rng, values, 3);
  eshi_rng_fill_normal (rng, values, 16);
  assert_values (ESHI_RNG_CPU, values, blocks, G_N_ELEMENTS (blocks));
  eshi_rng_fill_normal (rng, values, 2);
  assert_values (ESHI_RNG_CPU, values, scalars, G_N_ELEMENTS (scalars));
}

static void
test_cpu_one_block (void)
{
  static const double expected[] = {
    -1.1258398, -1.1523602, -.25057858, -.43387881, .84871036, .69200915, -.31601277, -2.1152194,
    .32227492, -1.2633348, .34998319, .30813393, .11984151, 1.2376579, 1.1167772, -.24727815,
  };

  assert_first_draw (ESHI_RNG_CPU, 0, 16, expected, 16);
}

static void
test_cpu_tail_block (void)
{
  static const double twenty[] = {
    -1.1258398, -1.1523602, -.25057858, -.43387881, .59883946, -1.5550951, -.34136039, 1.8530061,
    .46809641, -.15771244, 1.4436601, .26604941, 1.3893662, 1.5863342, .94629836, -.84367675,
    .93182659, 1.2590092, 2.0049806, .05373690,
  };
  static const double seventeen[] = { -1.1258398, -1.6959312, .56665063 };

  assert_first_draw (ESHI_RNG_CPU, 0, 20, twenty, 20);
  assert_first_draw (ESHI_RNG_CPU, 0, 17, seventeen, 3);
}

/* A batch in one draw is the images' own draws, one after the other. */
static void
test_cpu_batch (void)
{
  g_autoptr(EshiRng) once = eshi_rng_new (ESHI_RNG_CPU, 7);
  g_autoptr(EshiRng) twice = eshi_rng_new (ESHI_RNG_CPU, 7);
  float a[128];
  float b[128];

  eshi_rng_fill_normal (once, a, 128);
  eshi_rng_fill_normal (twice, b, 64);
  eshi_rng_fill_normal (twice, b + 64, 64);
  g_assert_cmpmem (a, sizeof a, b, sizeof b);
}

static void
test_philox (void)
{
  static const double first[] = {
    -.9246624, -.42534393, -2.6438458, .14518386, -.12086657, -.57972574, -.62285155, -.32838705, -1.0745417,
    -.36314404, -1.6710502, 2.2655048,
  };
  static const double second[] = { .18082581, -.55226266, .9238134, -.7349703 };
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_PHILOX, 0);
  g_autofree float *values = g_new (float, N_LATENT);

  eshi_rng_fill_normal (rng, values, N_LATENT);
  assert_values (ESHI_RNG_PHILOX, values, first, G_N_ELEMENTS (first));
  eshi_rng_fill_normal (rng, values, N_LATENT);
  assert_values (ESHI_RNG_PHILOX, values, second, G_N_ELEMENTS (second));
}

/* All 64 bits of the seed are the key, and an element does not depend on how many are drawn with it. */
static void
test_philox_seed_and_size (void)
{
  g_autoptr(EshiRng) low = eshi_rng_new (ESHI_RNG_PHILOX, 42);
  g_autoptr(EshiRng) high = eshi_rng_new (ESHI_RNG_PHILOX, (G_GUINT64_CONSTANT (1) << 32) + 42);
  g_autoptr(EshiRng) large = eshi_rng_new (ESHI_RNG_PHILOX, 42);
  g_autofree float *many = g_new (float, 100000);
  float a[5];
  float b[5];

  eshi_rng_fill_normal (low, a, 5);
  eshi_rng_fill_normal (high, b, 5);
  eshi_rng_fill_normal (large, many, 100000);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpfloat (a[i], !=, b[i]);
  g_assert_cmpmem (a, sizeof a, many, sizeof a);
}

static void
test_save_restore (gconstpointer data)
{
  EshiRngKind kind = (EshiRngKind) GPOINTER_TO_UINT (data);
  g_autoptr(EshiRng) rng = eshi_rng_new (kind, 0x123456789abcdef0);
  g_autoptr(EshiRng) restored = NULL;
  g_autoptr(GBytes) state = NULL;
  g_autoptr(GError) error = NULL;
  float a[1000];
  float b[1000];

  eshi_rng_fill_normal (rng, a, 3);
  eshi_rng_fill_normal (rng, a, 777);
  state = eshi_rng_save (rng);
  restored = eshi_rng_new_from_bytes (state, &error);
  g_assert_no_error (error);
  g_assert_cmpint (eshi_rng_get_kind (restored), ==, kind);
  for (gsize n = 1; n <= 1000; n *= 10)
    {
      eshi_rng_fill_normal (rng, a, n);
      eshi_rng_fill_normal (restored, b, n);
      g_assert_cmpmem (a, n * sizeof *a, b, n * sizeof *b);
    }
}

/* Each damaged state is refused, with an error. */
static void
test_restore_damaged (void)
{
  static const struct { gsize offset; guint8 value; } damages[] = {
    { 0, 0 },     /* not a state */
    { 4, 2 },     /* no such kind */
    { 25, 0x03 }, /* index past the table: 768 + … */
  };
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 1);
  g_autoptr(GBytes) state = eshi_rng_save (rng);
  g_autoptr(GBytes) shorter = g_bytes_new_from_bytes (state, 0, g_bytes_get_size (state) - 1);
  g_autoptr(GError) error = NULL;

  g_assert_null (eshi_rng_new_from_bytes (shorter, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autoptr(GError) damage_error = NULL;
      g_autoptr(GBytes) damaged = NULL;
      gsize size = g_bytes_get_size (state);
      guint8 *copy = g_memdup2 (g_bytes_get_data (state, NULL), size);

      copy[damages[i].offset] = damages[i].value;
      damaged = g_bytes_new_take (copy, size);
      g_assert_null (eshi_rng_new_from_bytes (damaged, &damage_error));
      g_assert_error (damage_error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_kind_names (void)
{
  EshiRngKind kind = ESHI_RNG_CPU;

  g_assert_cmpstr (eshi_rng_kind_get_name (ESHI_RNG_CPU), ==, "cpu");
  g_assert_cmpstr (eshi_rng_kind_get_name (ESHI_RNG_PHILOX), ==, "philox");
  g_assert_true (eshi_rng_kind_from_name ("philox", &kind));
  g_assert_cmpint (kind, ==, ESHI_RNG_PHILOX);
  g_assert_false (eshi_rng_kind_from_name ("cuda", &kind));
  g_assert_false (eshi_rng_kind_from_name (NULL, &kind));
  g_assert_cmpint (kind, ==, ESHI_RNG_PHILOX);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/rng/cpu/latents", test_cpu_latents);
  g_test_add_func ("/eshi/rng/cpu/second-draw", test_cpu_second_draw);
  g_test_add_func ("/eshi/rng/cpu/seed-bits", test_cpu_seed_bits);
  g_test_add_func ("/eshi/rng/cpu/scalar", test_cpu_scalar);
  g_test_add_func ("/eshi/rng/cpu/scalar-cache", test_cpu_scalar_cache);
  g_test_add_func ("/eshi/rng/cpu/cache-survives-blocks", test_cpu_cache_survives_blocks);
  g_test_add_func ("/eshi/rng/cpu/one-block", test_cpu_one_block);
  g_test_add_func ("/eshi/rng/cpu/tail-block", test_cpu_tail_block);
  g_test_add_func ("/eshi/rng/cpu/batch", test_cpu_batch);
  g_test_add_func ("/eshi/rng/philox/values", test_philox);
  g_test_add_func ("/eshi/rng/philox/seed-and-size", test_philox_seed_and_size);
  g_test_add_data_func ("/eshi/rng/cpu/save-restore", GUINT_TO_POINTER (ESHI_RNG_CPU), test_save_restore);
  g_test_add_data_func ("/eshi/rng/philox/save-restore", GUINT_TO_POINTER (ESHI_RNG_PHILOX), test_save_restore);
  g_test_add_func ("/eshi/rng/restore-damaged", test_restore_damaged);
  g_test_add_func ("/eshi/rng/kind-names", test_kind_names);

  return g_test_run ();
}
