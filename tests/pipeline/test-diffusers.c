/* test-diffusers.c: whole pipelines against diffusers': UNets for inpainting, and models that predict v.
 *
 * tests/golden/README.md says how the expected values were made.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "backends.h"
#include "eshi-pipeline.h"
#include "eshi-safetensors.h"
#include "model-folder.h"

#define SIZE 64

/* Of the latents' own size: some steps in f32 on both sides, each of which sums thousands of terms in another order. */
#define LIMIT 1e-4

#define INPAINT_UNET \
  "{\"sample_size\": 8, \"in_channels\": 9, \"block_out_channels\": [32, 64], \"cross_attention_dim\": 64}"
#define V_SCHEDULER \
  "{\"_class_name\": \"DDIMScheduler\", \"beta_start\": 0.00085, \"beta_end\": 0.012," \
  " \"beta_schedule\": \"scaled_linear\", \"prediction_type\": \"v_prediction\"}"

typedef enum
{
  NO_IMAGE,
  WHITE,
  HALF,
  SLOPE,
} Mask;

typedef struct
{
  const char *name;
  const char *sampler;
  guint       steps;
  double      guidance;
  double      strength;
  Mask        mask;
} Case;

/* As make-pipelines.py has them. */
static const Case inpaint_cases[] = {
  { "inpaint-white", "ddim", 4, 5.0, 1.0, WHITE },
  { "inpaint-white", "ddim", 4, 5.0, 1.0, NO_IMAGE },
  { "inpaint-half", "euler", 4, 5.0, 1.0, HALF },
  { "inpaint-slope", "ddim", 5, 1.0, 0.6, SLOPE },
  { "inpaint-part", "dpmpp-2m", 4, 5.0, 0.75, HALF },
};
static const Case v_cases[] = {
  { "v-ddim", "ddim", 4, 5.0, 1.0, NO_IMAGE },
  { "v-pndm", "pndm", 4, 5.0, 1.0, NO_IMAGE },
  { "v-euler", "euler", 4, 5.0, 1.0, NO_IMAGE },
  { "v-dpmpp-2m", "dpmpp-2m", 4, 5.0, 1.0, NO_IMAGE },
};

static EshiSafetensors *
open_golden (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "pipelines", "expected.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  EshiSafetensors *file = eshi_safetensors_open (path, &error);

  g_assert_no_error (error);
  return file;
}

static void
draw_image (guint8 *image)
{
  for (guint i = 0; i < SIZE * SIZE; i++)
    for (guint c = 0; c < 3; c++)
      image[3 * i + c] = (guint8) (37 * i + 53 * c + i / SIZE);
}

static void
draw_mask (Mask    kind,
           guint8 *mask)
{
  for (guint y = 0; y < SIZE; y++)
    for (guint x = 0; x < SIZE; x++)
      {
        guint8 half = x >= SIZE / 2 ? 255 : 0;
        guint8 slope = (guint8) (5 * x + 3 * y);

        mask[y * SIZE + x] = kind == HALF ? half : kind == SLOPE ? slope : 255;
      }
}

/* Largest difference of the latents of picture @index, over the largest latent where that is above 1. */
static double
compare (EshiSafetensors          *expected,
         const char               *name,
         const EshiPipelineResult *result)
{
  const EshiTensor *tensor = eshi_safetensors_lookup (expected, name);
  const float *latents = g_bytes_get_data (result->pictures[0].latents, NULL);
  const float *values = NULL;
  guint area = SIZE / 8 * SIZE / 8;
  double largest = 1;
  double worst = 0;

  g_assert_nonnull (tensor);
  g_assert_cmpint (eshi_tensor_count (tensor), ==, 4 * area);
  values = tensor->data;
  for (guint i = 0; i < 4 * area; i++)
    {
      largest = fmax (largest, fabs (values[i]));
      worst = fmax (worst, fabs (values[i] - latents[i % area * 4 + i / area]));
    }
  g_test_message ("%s: off by %.1e of %.1f", name, worst, largest);
  return worst / largest;
}

static double
run (EshiPipeline    *pipeline,
     const Case      *one,
     EshiSafetensors *expected)
{
  g_autofree guint8 *image = g_malloc (3 * SIZE * SIZE);
  g_autofree guint8 *mask = g_malloc (SIZE * SIZE);
  EshiPipelineParams params = {
    .prompt = "ねこ",
    .width = SIZE,
    .height = SIZE,
    .steps = one->steps,
    .guidance = one->guidance,
    .seed = 42,
    .sampler = one->sampler,
    .image = one->mask != NO_IMAGE ? image : NULL,
    .image_width = SIZE,
    .image_height = SIZE,
    .strength = one->strength,
    .mask = one->mask != NO_IMAGE ? mask : NULL,
  };
  g_auto(EshiPipelineResult) result = { 0 };
  g_autoptr(GError) error = NULL;
  double worst = 0;

  draw_image (image);
  draw_mask (one->mask, mask);
  eshi_pipeline_generate (pipeline, &params, NULL, NULL, &result, &error);
  g_assert_no_error (error);
  worst = compare (expected, one->name, &result);
  g_assert_cmpfloat (worst, <, LIMIT);
  return worst;
}

/* Runs @cases on the small model with @contents in the file @name. */
static double
run_all (const char *name,
         const char *contents,
         const Case *cases,
         guint       n_cases)
{
  const char *const changes[] = { name, contents, NULL };
  char *folder = model_folder_new_with (changes);
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_F32);
  g_autoptr(EshiSafetensors) expected = open_golden ();
  g_autoptr(EshiPipeline) pipeline = NULL;
  g_autoptr(GError) error = NULL;
  double worst = 0;

  pipeline = eshi_pipeline_new (folder, backend, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n_cases; i++)
    worst = fmax (worst, run (pipeline, &cases[i], expected));
  g_clear_pointer (&pipeline, eshi_pipeline_free);
  close_backend (backend);
  model_folder_remove (folder);
  return worst;
}

static void
test_inpaint (void)
{
  double worst = run_all ("unet/config.json", INPAINT_UNET, inpaint_cases, G_N_ELEMENTS (inpaint_cases));

  g_test_message ("parity|inpainting|latents of 4 pictures, UNet of 9 channels, tiny model|diffusers 0.42.1|%.1e|%.0e",
                  worst, LIMIT);
}

static void
test_v (void)
{
  double worst = run_all ("scheduler/scheduler_config.json", V_SCHEDULER, v_cases, G_N_ELEMENTS (v_cases));

  g_test_message ("parity|v-prediction|latents of 4 samplers, tiny model|diffusers 0.42.1|%.1e|%.0e", worst, LIMIT);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/diffusers/inpaint", test_inpaint);
  g_test_add_func ("/eshi/diffusers/v-prediction", test_v);
  return g_test_run ();
}
