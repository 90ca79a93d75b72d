/* test-trajectories.c: whole pictures of the small model against diffusers' and k-diffusion's: text, every step, decoder.
 *
 * What the samplers do alone is test-scheduler's business, and the networks' stages that of test-goldens; here an error
 * has every step to grow in. tests/golden/README.md says how the expected pictures were made.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "../parity.h"
#include "backends.h"
#include "eshi-pipeline-probe.h"
#include "eshi-pipeline.h"
#include "eshi-safetensors.h"
#include "model-folder.h"
#include "taps.h"

/* Both sides sum in f32, in different orders; guidance and steps down from σ 14.6 multiply what the UNet's goldens show,
 * 2e-6: measured 7e-5 at most. The decoder's first norm takes the size out of the latents again: 5e-6. */
#define LATENTS_LIMIT 1e-4
#define PICTURE_LIMIT 2e-5

/* No step multiplies anything: what the encoder's goldens show. */
#define START_LIMIT 5e-6

#define SCALING_FACTOR 0.18215f
#define IMAGE_WIDTH 75
#define IMAGE_HEIGHT 100

/* The goldens hold every 61st value of a picture. */
#define STRIDE 61

typedef struct
{
  const char *name; /* in the golden; the oracle is k-diffusion where it starts with "k:" */
  const char *sampler;
  const char *schedule;
  guint       steps;
  double      latents_limit; /* 0: LATENTS_LIMIT */
  double      guidance_stop; /* 0: all steps */
} Case;

typedef struct
{
  char            *folder;
  const char      *trained;  /* a model folder, instead of the one made by rule; (nullable) */
  EshiBackend     *backend;
  EshiPipeline    *pipeline;
  EshiSafetensors *golden;
  const char      *oracle;
  guint8           image[3 * IMAGE_WIDTH * IMAGE_HEIGHT];
  guint8           mask[IMAGE_WIDTH * IMAGE_HEIGHT];
} Rig;

/* The picture and the mask of make-starts.py. */
static void
fill_image (Rig *self)
{
  for (guint y = 0; y < IMAGE_HEIGHT; y++)
    for (guint x = 0; x < IMAGE_WIDTH; x++)
      {
        guint at = y * IMAGE_WIDTH + x;

        for (guint c = 0; c < 3; c++)
          self->image[3 * at + c] = (guint8) (37 * x + 91 * y + 53 * c + x * y / 7);
        self->mask[at] = (guint8) CLAMP (4 * (int) (x + y) - 250, 0, 255);
      }
}

/* Opens @backend and @golden, and makes a pipeline. FALSE where the backend is missing, after marking the test as skipped. */
static gboolean
rig_init (Rig        *self,
          const char *backend,
          const char *golden)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", golden, NULL);
  g_autoptr(GError) error = NULL;

  self->backend = open_backend (backend, ESHI_PRECISION_F32);
  if (self->backend == NULL)
    return FALSE;
  self->folder = self->trained != NULL ? g_strdup (self->trained) : model_folder_new ();
  self->golden = eshi_safetensors_open (path, &error);
  g_assert_no_error (error);
  self->pipeline = eshi_pipeline_new (self->folder, self->backend, NULL, NULL, &error);
  g_assert_no_error (error);
  fill_image (self);
  return TRUE;
}

static void
rig_clear (Rig *self)
{
  eshi_pipeline_free (self->pipeline);
  eshi_safetensors_free (self->golden);
  close_backend (self->backend);
  if (self->trained == NULL)
    model_folder_remove (self->folder);
  else
    g_free (self->folder);
}

static const EshiTensor *
find_expected (const Rig  *self,
               const Case *test,
               const char *what)
{
  g_autofree char *name = g_strdup_printf ("%s/%s", test->name, what);
  const EshiTensor *tensor = eshi_safetensors_lookup (self->golden, name);

  g_assert_nonnull (tensor);
  return tensor;
}

static void
check_row (const Rig  *self,
           const Case *test,
           const char *what,
           double      distance,
           double      limit)
{
  g_autofree char *text = g_strdup_printf (self->trained != NULL ? "%s, %u steps: %s of the trained model (cpu)"
                                                                 : "%s, %u steps: %s (ref, cpu)",
                                           test->name, test->steps, what);
  gboolean by_k = g_str_has_prefix (test->name, "k:");

  parity_row ("pictures", text, by_k ? "k-diffusion 0.1.1.post1, UNet of diffusers 0.42.1" : self->oracle, distance, limit);
  g_assert_cmpfloat (distance, <=, limit);
}

/* What the decoder makes of latents [1, 4, h, w], before it is rounded: [3, height, width], −1 to 1. (transfer full) */
static EshiSafetensors *
decode (const Rig       *self,
        float           *latents,
        const EshiShape *shape)
{
  const gint64 dim[] = { 1, shape->dim[3], shape->dim[1], shape->dim[2] };
  const EshiSafetensorsEntry entry = { "z", ESHI_DTYPE_F32, 4, dim, latents };
  g_autofree char *input = g_build_filename (self->folder, "z.safetensors", NULL);
  g_autofree char *output = g_build_filename (self->folder, "image.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  EshiSafetensors *file = NULL;

  for (gint64 i = 0; i < eshi_shape_count (shape); i++)
    latents[i] /= SCALING_FACTOR;
  eshi_safetensors_write (input, &entry, 1, &error);
  g_assert_no_error (error);
  eshi_pipeline_probe (self->folder, self->backend, "vae-decode", input, output, NULL, &error);
  g_assert_no_error (error);
  file = eshi_safetensors_open (output, &error);
  g_assert_no_error (error);
  return file;
}

/* The picture before and after it was rounded. */
static void
check_picture (const Rig                 *self,
               const Case                *test,
               const EshiPipelinePicture *picture,
               const EshiTensor          *decoded)
{
  const EshiTensor *expected = find_expected (self, test, "picture");
  const float *goal = expected->data;
  const float *planes = decoded->data;
  const guint8 *rgb = g_bytes_get_data (picture->rgb, NULL);
  guint area = picture->width * picture->height;
  double worst = 0;

  g_assert_cmpint (eshi_tensor_count (expected), ==, (3 * area + STRIDE - 1) / STRIDE);
  for (guint i = 0; i * STRIDE < 3 * area; i++)
    {
      guint at = i * STRIDE;
      double value = CLAMP (planes[at % 3 * area + at / 3] / 2 + 0.5, 0, 1);

      worst = MAX (worst, fabs (value - goal[i]));
      g_assert_cmpfloat_with_epsilon (rgb[at], 255 * goal[i], 0.5 + 255 * PICTURE_LIMIT);
    }
  check_row (self, test, "picture, not yet rounded", worst, PICTURE_LIMIT);
}

/* Paints and compares the latents, [1, 4, h, w]; (transfer full). */
static float *
check_latents (const Rig                *self,
               const Case               *test,
               const EshiPipelineParams *params,
               EshiPipelineResult       *result,
               EshiShape                *shape)
{
  const EshiTensor *expected = find_expected (self, test, "latents");
  float *planes = NULL;
  double distance = 0;
  g_autoptr(GError) error = NULL;

  eshi_pipeline_generate (self->pipeline, params, NULL, NULL, result, &error);
  g_assert_no_error (error);
  *shape = ESHI_SHAPE4 (1, result->pictures[0].height / 8, result->pictures[0].width / 8, 4);
  g_assert_cmpint (eshi_tensor_count (expected), ==, eshi_shape_count (shape));
  planes = to_channels_first (g_bytes_get_data (result->pictures[0].latents, NULL), shape);
  distance = self->trained != NULL ? parity_difference (planes, expected->data, (gsize) eshi_shape_count (shape))
                                   : parity_distance (planes, expected->data, (gsize) eshi_shape_count (shape));
  check_row (self, test, "latents", distance, test->latents_limit > 0 ? test->latents_limit : LATENTS_LIMIT);
  return planes;
}

/* Latents, and the picture too where the model was made by rule. */
static void
check_case (const Rig                *self,
            const Case               *test,
            const EshiPipelineParams *params)
{
  g_auto(EshiPipelineResult) result = { 0 };
  EshiShape shape;
  g_autofree float *planes = check_latents (self, test, params, &result, &shape);
  g_autoptr(EshiSafetensors) decoded = NULL;

  if (self->trained != NULL)
    return;
  decoded = decode (self, planes, &shape);
  check_picture (self, test, &result.pictures[0], eshi_safetensors_lookup (decoded, "image"));
}

static EshiPipelineParams
make_params (const Case *test)
{
  return (EshiPipelineParams) {
    .prompt = "白い猫 油絵",
    .negative_prompt = "犬",
    .width = 64,
    .height = 72,
    .steps = test->steps,
    .guidance = 3,
    .seed = 42,
    .sampler = test->sampler,
    .schedule = test->schedule,
    .guidance_stop = test->guidance_stop,
  };
}

static const Case from_noise[] = {
  { "lms", "lms", NULL, 12 },
  { "lms:karras", "lms", "karras", 8 },
  { "pndm", "pndm", NULL, 12 },
  { "ddim", "ddim", NULL, 8 },
  { "euler", "euler", NULL, 8 },
  { "euler:karras", "euler", "karras", 8 },
  { "euler-a", "euler-a", NULL, 8 },
  { "heun:uniform", "heun", NULL, 4 },
  { "heun:karras", "heun", "karras", 5 },
  { "dpmpp-2m", "dpmpp-2m", NULL, 8 },
  { "dpmpp-2m-karras", "dpmpp-2m-karras", NULL, 8 },
  { "unipc", "unipc", NULL, 8 },
  { "unipc:karras", "unipc", "karras", 8 },
  { "lcm", "lcm", NULL, 4 },
  { "lms@0.5", "lms", NULL, 12, 0, 0.5 },
  { "euler-a@0.3", "euler-a", NULL, 8, 0, 0.3 },
  { "heun:karras@0.7", "heun", "karras", 5, 0, 0.7 },
  { "k:heun", "heun", NULL, 5 },
  { "k:dpm2", "dpm2", NULL, 5 },
  /* In the trained model the oracle's own rounding is 1.1e-4: so far is it from itself with a UNet in double. */
  { "k:dpm2-a", "dpm2-a", NULL, 5, 2e-4 },
  { "k:dpmpp-2s-a", "dpmpp-2s-a", NULL, 5 },
  { "k:dpmpp-2m:karras", "dpmpp-2m", "karras", 8 },
  { "k:dpmpp-2m:uniform", "dpmpp-2m", "uniform", 8 },
  { "k:dpmpp-sde", "dpmpp-sde", NULL, 5 },
  { "k:dpmpp-2m-sde", "dpmpp-2m-sde", NULL, 8 },
  { "k:dpmpp-2m-sde-heun", "dpmpp-2m-sde-heun", NULL, 8 },
  { "k:dpmpp-3m-sde", "dpmpp-3m-sde", NULL, 8 },
};

static void
test_from_noise (gconstpointer data)
{
  Rig rig = { .oracle = "diffusers 0.42.1" };

  if (!rig_init (&rig, data, "trajectories.safetensors"))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (from_noise); i++)
    {
      EshiPipelineParams params = make_params (&from_noise[i]);

      check_case (&rig, &from_noise[i], &params);
    }
  rig_clear (&rig);
}

/* The trained model, whose latents are of natural size: up to 5.7, so that what they are apart needs no unit. */
static void
test_trained (gconstpointer data)
{
  g_autofree char *folder = g_build_filename (g_getenv ("ESHI_MODEL_DIR"), "mame", NULL);
  Rig rig = { .oracle = "diffusers 0.42.1", .trained = folder };

  if (!rig_init (&rig, data, "mame.safetensors"))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (from_noise); i++)
    {
      EshiPipelineParams params = make_params (&from_noise[i]);

      params.width = 128;
      params.height = 96;
      check_case (&rig, &from_noise[i], &params);
    }
  rig_clear (&rig);
}

static EshiPipelineParams
make_image_params (const Rig  *self,
                   const Case *test)
{
  EshiPipelineParams params = make_params (test);

  params.height = 96;
  params.image = self->image;
  params.image_width = IMAGE_WIDTH;
  params.image_height = IMAGE_HEIGHT;
  params.strength = 0.75;
  return params;
}

/* The picture as it is encoded, which is where nothing is painted over it, and what a black mask leaves of it. */
static void
test_start (gconstpointer data)
{
  static const guint seeds[] = { 0, 42, 4294967295 };
  Rig rig = { .oracle = "diffusers 0.8.1, Pillow 9.5.0" };

  if (!rig_init (&rig, data, "starts.safetensors"))
    return;
  memset (rig.mask, 0, sizeof rig.mask);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (seeds); i++)
    {
      gboolean kept = i >= G_N_ELEMENTS (seeds);
      guint seed = seeds[i % G_N_ELEMENTS (seeds)];
      g_autofree char *name = g_strdup_printf ("%s:%u", kept ? "kept" : "start", seed);
      const Case test = { name, "lms", NULL, 10, START_LIMIT };
      EshiPipelineParams params = make_image_params (&rig, &test);
      g_auto(EshiPipelineResult) result = { 0 };
      g_autofree float *planes = NULL;
      EshiShape shape;

      params.seed = seed;
      params.strength = kept ? 0.75 : 0;
      params.mask = kept ? rig.mask : NULL;
      planes = check_latents (&rig, &test, &params, &result, &shape);
    }
  rig_clear (&rig);
}

/* From a picture, resized on the way, and painted over where the mask is not black; diffusers pastes nothing back. */
static void
check_from_image (const Rig *self)
{
  static const char * const samplers[] = { "lms", "pndm", "ddim", "euler", "euler-a", "dpmpp-2m" };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (samplers); i++)
    {
      gboolean masked = i >= G_N_ELEMENTS (samplers);
      const char *sampler = samplers[i % G_N_ELEMENTS (samplers)];
      g_autofree char *name = g_strdup_printf ("%s:%s", masked ? "mask" : "image", sampler);
      const Case test = { name, sampler, NULL, 10 };
      EshiPipelineParams params = make_image_params (self, &test);

      params.mask = masked ? self->mask : NULL;
      check_case (self, &test, &params);
    }
}

static void
test_from_image (gconstpointer data)
{
  Rig rig = { .oracle = "diffusers 0.8.1" };

  if (!rig_init (&rig, data, "starts.safetensors"))
    return;
  check_from_image (&rig);
  rig_clear (&rig);
}

static void
test_trained_from_image (gconstpointer data)
{
  g_autofree char *folder = g_build_filename (g_getenv ("ESHI_MODEL_DIR"), "mame", NULL);
  Rig rig = { .oracle = "diffusers 0.8.1", .trained = folder };

  if (!rig_init (&rig, data, "mame-starts.safetensors"))
    return;
  check_from_image (&rig);
  rig_clear (&rig);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/eshi/trajectories/ref/from-noise", "ref", test_from_noise);
  g_test_add_data_func ("/eshi/trajectories/cpu/from-noise", "cpu", test_from_noise);
  g_test_add_data_func ("/eshi/trajectories/cpu/trained", "cpu", test_trained);
  g_test_add_data_func ("/eshi/trajectories/ref/start", "ref", test_start);
  g_test_add_data_func ("/eshi/trajectories/cpu/start", "cpu", test_start);
  g_test_add_data_func ("/eshi/trajectories/cpu/trained-from-image", "cpu", test_trained_from_image);
  g_test_add_data_func ("/eshi/trajectories/ref/from-image", "ref", test_from_image);
  g_test_add_data_func ("/eshi/trajectories/cpu/from-image", "cpu", test_from_image);
  return g_test_run ();
}
