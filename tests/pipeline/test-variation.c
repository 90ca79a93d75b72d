/* test-variation.c: noise between that of two seeds, against numbers of torch, and what it means for a batch.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eshi-pipeline-private.h"
#include "eshi-safetensors.h"

#define HEIGHT 8
#define WIDTH 16
#define N (4 * HEIGHT * WIDTH)

/* torch computes in f32: the cosines of columns of 8 values and their arcs are off by some 1e-7, and the shares of noise
 * up to 4 by a few of these. */
#define TOLERANCE 2e-6

static double
get_error (const EshiSafetensors *file,
           const char            *name)
{
  g_auto(GStrv) parts = g_strsplit (name, " ", 3);
  EshiPipelineParams params = {
    .rng = ESHI_RNG_CPU,
    .seed = g_ascii_strtoull (parts[0], NULL, 10),
    .variation_seed = g_ascii_strtoull (parts[1], NULL, 10),
    .variation_strength = g_ascii_strtod (parts[2], NULL),
  };
  const EshiTensor *tensor = eshi_safetensors_lookup ((EshiSafetensors *) file, name);
  g_autoptr(EshiRng) rng = eshi_rng_new (params.rng, params.seed);
  float want[N];
  float noise[N];
  double worst = 0;

  g_assert_cmpint (eshi_tensor_count (tensor), ==, N);
  memcpy (want, tensor->data, sizeof want);
  _eshi_variation_draw (&params, 0, HEIGHT, WIDTH, rng, noise);
  for (guint i = 0; i < N; i++)
    worst = MAX (worst, fabs ((double) noise[i] - want[i]));
  return worst;
}

static void
test_torch (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "variations.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetensors) file = eshi_safetensors_open (path, &error);
  double worst = 0;

  g_assert_no_error (error);
  g_assert_cmpuint (eshi_safetensors_get_n (file), ==, 6);
  for (guint i = 0; i < eshi_safetensors_get_n (file); i++)
    worst = MAX (worst, get_error (file, eshi_safetensors_get_name (file, i)));

  g_test_message ("parity|variations|noise of 6 pairs of seeds and strengths|torch 2.15.0, formula of the web UI|%.1e|%.0e",
                  worst, TOLERANCE);
  g_assert_cmpfloat (worst, <=, TOLERANCE);
}

/* Of a batch the variation's seed goes up and the other one stays; without a variation it is the other way round. */
static void
test_batch (void)
{
  EshiPipelineParams params = { .rng = ESHI_RNG_PHILOX, .seed = 10, .variation_seed = 20, .variation_strength = 0.5 };
  EshiPipelineParams next = params;
  g_autoptr(EshiRng) rng = eshi_rng_new (params.rng, 10);
  g_autoptr(EshiRng) again = eshi_rng_new (params.rng, 10);
  float second[N];
  float alone[N];

  next.variation_seed = 21;
  _eshi_variation_draw (&params, 1, HEIGHT, WIDTH, rng, second);
  _eshi_variation_draw (&next, 0, HEIGHT, WIDTH, again, alone);
  g_assert_cmpmem (second, sizeof second, alone, sizeof alone);
  g_assert_cmpuint (_eshi_variation_get_seed (&params, 3), ==, 10);
  params.variation_strength = 0;
  g_assert_cmpuint (_eshi_variation_get_seed (&params, 3), ==, 13);
}

/* Noise against its opposite has no arc to follow, and nothing to divide by. */
static void
test_opposites (void)
{
  float noise[N];
  float other[N];

  for (guint i = 0; i < N; i++)
    {
      noise[i] = i % 7 == 0 ? 0.0f : 1.0f;
      other[i] = -noise[i];
    }
  _eshi_variation_turn (0.25, HEIGHT, WIDTH, other, noise);
  for (guint i = 0; i < N; i++)
    g_assert_cmpfloat (noise[i], ==, -0.5f * other[i]);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/variation/torch", test_torch);
  g_test_add_func ("/eshi/variation/batch", test_batch);
  g_test_add_func ("/eshi/variation/opposites", test_opposites);
  return g_test_run ();
}
