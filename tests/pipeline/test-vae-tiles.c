/* test-vae-tiles.c: the autoencoder in tiles: the same numbers as diffusers', when it is done, and what is told of it.
 *
 * tests/golden/README.md says how the expected values were made.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "backends.h"
#include "eshi-pipeline-private.h"
#include "eshi-tiles.h"
#include "fill.h"
#include "model-folder.h"

/* The values are of size 1; both sides sum some hundred terms in f32, in different orders. */
#define LIMIT 1e-4

#define VAE_CONFIG \
  "{\"sample_size\": 32, \"block_out_channels\": [16, 32], \"norm_num_groups\": 8, \"layers_per_block\": 1}"

typedef struct
{
  char         *folder;
  EshiBackend  *backend;
  EshiPipeline *pipeline;
} Fixture;

static void
setup (Fixture       *self,
       gconstpointer  data)
{
  static const char *const changes[] = { "vae/config.json", VAE_CONFIG, NULL };
  g_autoptr(GError) error = NULL;

  self->folder = model_folder_new_with (changes);
  self->backend = open_backend ("ref", ESHI_PRECISION_F32);
  self->pipeline = eshi_pipeline_new (self->folder, self->backend, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
teardown (Fixture       *self,
          gconstpointer  data)
{
  eshi_pipeline_free (self->pipeline);
  close_backend (self->backend);
  model_folder_remove (self->folder);
}

/* Largest difference between @actual, [channels, height, width], and the golden of that name. */
static double
compare (EshiSafetensors *expected,
         const char      *size,
         const char      *what,
         const float     *actual)
{
  g_autofree char *name = g_strconcat (size, ".", what, NULL);
  const EshiTensor *tensor = eshi_safetensors_lookup (expected, name);
  const float *values = NULL;
  double worst = 0;

  g_assert_nonnull (tensor);
  values = tensor->data;
  for (gint64 i = 0; i < eshi_tensor_count (tensor); i++)
    worst = MAX (worst, fabs (values[i] - actual[i]));
  g_test_message ("%s: off by %.1e", name, worst);
  g_assert_cmpfloat (worst, <, LIMIT);
  return worst;
}

static double
compare_decoding (EshiPipeline    *pipeline,
                  EshiSafetensors *expected,
                  const char      *size,
                  guint            height,
                  guint            width)
{
  gsize n = 4 * (gsize) height * width;
  g_autofree char *input = g_strconcat ("input:z-", size, NULL);
  g_autofree float *z = g_new (float, 4 * n);
  g_autofree float *image = g_new (float, 3 * n);
  g_autofree float *planes = g_new (float, 3 * n);
  g_autofree guint8 *rgb = g_malloc (3 * n);
  g_autoptr(GError) error = NULL;

  fill_input_image (input, z, 4, height, width);
  _eshi_pipeline_decode (pipeline, height, width, FALSE, z, rgb, image, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < 3 * n; i++)
    g_assert_cmpuint (rgb[i], ==, (guint) rint (255.0 * CLAMP ((double) (image[i] * 0.5f + 0.5f), 0.0, 1.0)));
  _eshi_pixels_to_planes (planes, image, n, 3);
  return compare (expected, size, "image", planes);
}

static double
compare_encoding (EshiPipeline    *pipeline,
                  EshiSafetensors *expected,
                  const char      *size,
                  guint            height,
                  guint            width)
{
  gsize n = (gsize) height * width;
  g_autofree char *input = g_strconcat ("input:image-", size, NULL);
  g_autofree float *image = g_new (float, 3 * 4 * n);
  g_autofree float *mean = g_new (float, 4 * n);
  g_autofree float *logvar = g_new (float, 4 * n);
  g_autoptr(GError) error = NULL;
  double worst = 0;

  fill_input_image (input, image, 3, 2 * height, 2 * width);
  for (gsize i = 0; i < 3 * 4 * n; i++)
    image[i] = CLAMP (image[i], -1.0f, 1.0f);
  _eshi_pipeline_encode (pipeline, height, width, image, mean, logvar, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  worst = compare (expected, size, "mean", mean);
  return fmax (worst, compare (expected, size, "logvar", logvar));
}

static void
test_golden (Fixture       *self,
             gconstpointer  data)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "vae-tiles", "expected.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetensors) expected = eshi_safetensors_open (path, &error);
  double decoding = 0;
  double encoding = 0;

  g_assert_no_error (error);
  self->pipeline->tiled = TRUE;
  decoding = fmax (compare_decoding (self->pipeline, expected, "28x17", 28, 17),
                   compare_decoding (self->pipeline, expected, "13x25", 13, 25));
  encoding = fmax (compare_encoding (self->pipeline, expected, "28x17", 28, 17),
                   compare_encoding (self->pipeline, expected, "13x25", 13, 25));
  g_test_message ("parity|vae|decoding in tiles, 2 sizes, tiny autoencoder|diffusers 0.42.1|%.1e|%.0e", decoding, LIMIT);
  g_test_message ("parity|vae|encoding in tiles, 2 sizes, tiny autoencoder|diffusers 0.42.1|%.1e|%.0e", encoding, LIMIT);
}

static gboolean
identity_func (const float  *src,
               float        *dst,
               guint         height,
               guint         width,
               gpointer      user_data,
               GError      **error)
{
  guint *n_left = user_data;

  if (*n_left == 0)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_FAILED, "enough");
      return FALSE;
    }

  (*n_left)--;
  memcpy (dst, src, (gsize) height * width * sizeof (float));
  return TRUE;
}

/* Tiles that change nothing give back what went in, at every size, whatever of it the last tiles are. */
static void
test_identity (Fixture       *self,
               gconstpointer  data)
{
  const EshiTiles tiles = { .size = 8, .step = 6, .up = 1, .down = 1, .blend = 2, .limit = 6 };
  float src[21 * 21];
  float dst[21 * 21];

  fill_input ("tiles", src, G_N_ELEMENTS (src));
  for (guint height = 1; height <= 21; height++)
    for (guint width = 1; width <= 21; width++)
      {
        guint n_left = _eshi_tiles_count (&tiles, height, width);
        g_autoptr(GError) error = NULL;

        g_assert_true (_eshi_tiles_run (&tiles, src, height, width, 1, dst, 1, identity_func, &n_left, &error));
        g_assert_cmpuint (n_left, ==, 0);
        /* a · (1 − s) + a · s rounds three times. */
        for (guint i = 0; i < height * width; i++)
          g_assert_cmpfloat_with_epsilon (src[i], dst[i], 1e-6);
      }
}

static void
test_error (Fixture       *self,
            gconstpointer  data)
{
  const EshiTiles tiles = { .size = 8, .step = 6, .up = 1, .down = 1, .blend = 2, .limit = 6 };
  float src[20 * 20] = { 0 };
  float dst[20 * 20];

  for (guint n = 0; n < _eshi_tiles_count (&tiles, 20, 20); n++)
    {
      guint n_left = n;
      g_autoptr(GError) error = NULL;

      g_assert_false (_eshi_tiles_run (&tiles, src, 20, 20, 1, dst, 1, identity_func, &n_left, &error));
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_FAILED);
    }
}

/* 512 × 512 is never cut by itself, larger pictures only where they do not fit whole; a latent is two pixels here. */
static void
test_choice (Fixture       *self,
             gconstpointer  data)
{
  EshiPipeline *pipeline = self->pipeline;
  guint n_on = 0;

  for (double bytes = 1; bytes < 1e15; bytes *= 1.1)
    {
      g_assert_cmpint (_eshi_pipeline_choose_tiling (pipeline, 256, 256, TRUE, (guint64) bytes), ==, ESHI_SWITCH_OFF);
      n_on += _eshi_pipeline_choose_tiling (pipeline, 512, 512, TRUE, (guint64) bytes) == ESHI_SWITCH_ON;
    }
  g_assert_cmpuint (n_on, >, 0);
  g_assert_cmpint (_eshi_pipeline_choose_tiling (pipeline, 512, 512, TRUE, 0), ==, ESHI_SWITCH_OFF);
  g_assert_cmpint (_eshi_pipeline_choose_tiling (pipeline, 512, 512, TRUE, 1), ==, ESHI_SWITCH_OFF);
  g_assert_cmpint (_eshi_pipeline_choose_tiling (pipeline, 512, 512, TRUE, G_MAXUINT64), ==, ESHI_SWITCH_OFF);
}

typedef struct
{
  guint         n_parts;
  double        last;
  GCancellable *cancellable; /* (nullable): cancelled after the second */
} Parts;

static void
progress_cb (const EshiPipelineProgress *progress,
             gpointer                    user_data)
{
  Parts *parts = user_data;

  if (progress->stage != ESHI_PIPELINE_FINISHING || progress->part == 0)
    return;
  g_assert_cmpfloat (progress->part, >, parts->last);
  g_assert_cmpfloat (progress->fraction, <=, 1.0 + 1e-9);
  parts->last = progress->part;
  parts->n_parts++;
  if (parts->cancellable != NULL && parts->n_parts == 2)
    g_cancellable_cancel (parts->cancellable);
}

static EshiPipelineParams
make_params (void)
{
  return (EshiPipelineParams) {
    .prompt = "ねこ",
    .width = 64,
    .height = 80,
    .steps = 1,
    .guidance = 1,
    .sampler = "ddim",
    .vae_tiling = ESHI_SWITCH_ON,
  };
}

/* A tile is 32 pixels: 64 × 80 are 3 × 4 of them. */
static void
test_progress (Fixture       *self,
               gconstpointer  data)
{
  EshiPipelineParams params = make_params ();
  g_auto(EshiPipelineResult) whole = { 0 };
  g_auto(EshiPipelineResult) tiled = { 0 };
  g_auto(EshiPipelineResult) cancelled = { 0 };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  Parts parts = { 0 };
  EshiPipelineCallbacks callbacks = { .progress = progress_cb, .user_data = &parts };

  g_assert_true (eshi_pipeline_generate (self->pipeline, &params, &callbacks, NULL, &tiled, NULL));
  g_assert_cmpuint (parts.n_parts, ==, 12);
  g_assert_cmpint (tiled.params.vae_tiling, ==, ESHI_SWITCH_ON);
  params.vae_tiling = ESHI_SWITCH_AUTO;
  g_assert_true (eshi_pipeline_generate (self->pipeline, &params, NULL, NULL, &whole, NULL));
  g_assert_cmpint (whole.params.vae_tiling, ==, ESHI_SWITCH_OFF);
  g_assert_true (g_bytes_equal (whole.pictures[0].latents, tiled.pictures[0].latents));
  g_assert_false (g_bytes_equal (whole.pictures[0].rgb, tiled.pictures[0].rgb));

  params.vae_tiling = ESHI_SWITCH_ON;
  parts = (Parts) { .cancellable = cancellable };
  g_assert_false (eshi_pipeline_generate (self->pipeline, &params, &callbacks, cancellable, &cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (parts.n_parts, ==, 2);
}

/* A picture that is one tile is not cut, and says so. */
static void
test_single (Fixture       *self,
             gconstpointer  data)
{
  EshiVaeConfig config = *eshi_vae_get_config (self->pipeline->vae);
  EshiTiles tiles;

  config.sample_size = 512;
  config.n_levels = 4;
  tiles = _eshi_tiles_for_decoder (&config);
  g_assert_cmpuint (tiles.size, ==, 64);
  g_assert_cmpuint (tiles.step, ==, 48);
  g_assert_cmpuint (tiles.blend, ==, 128);
  g_assert_cmpuint (tiles.limit, ==, 384);
  g_assert_false (_eshi_tiles_are_many (&tiles, 64, 64));
  g_assert_true (_eshi_tiles_are_many (&tiles, 65, 64));
  tiles = _eshi_tiles_for_encoder (&config);
  g_assert_cmpuint (tiles.size, ==, 512);
  g_assert_cmpuint (tiles.step, ==, 384);
  g_assert_cmpuint (tiles.blend, ==, 16);
  g_assert_cmpuint (tiles.limit, ==, 48);
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *name;
    void (*func) (Fixture *, gconstpointer);
  } cases[] = {
    { "golden", test_golden },
    { "identity", test_identity },
    { "error", test_error },
    { "choice", test_choice },
    { "progress-and-cancel", test_progress },
    { "published-sizes", test_single },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/eshi/vae-tiles/", cases[i].name, NULL);

      g_test_add_vtable (path, sizeof (Fixture), NULL, (GTestFixtureFunc) setup, (GTestFixtureFunc) cases[i].func,
                         (GTestFixtureFunc) teardown);
    }
  return g_test_run ();
}
