/* test-vae-swap.c: another VAE between two calls, and the model's own again: what is painted, what is kept, what is
 * refused. The single files' namings are in tests/unit/test-checkpoint.py.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "backends.h"
#include "eshi-pipeline-private.h"
#include "model-folder.h"

#define VAE_CONFIG \
  "{\"sample_size\": 64, \"block_out_channels\": [24, 24, 24, 24], \"norm_num_groups\": 8, \"layers_per_block\": 1}"
#define SHALLOW_CONFIG \
  "{\"sample_size\": 64, \"block_out_channels\": [16, 16, 16], \"norm_num_groups\": 8, \"layers_per_block\": 1}"

typedef struct
{
  char         *folder;
  char         *other;   /* the same with a wider VAE */
  char         *shallow; /* with one that makes 4 pixels of a latent */
  EshiBackend  *backend;
  EshiPipeline *pipeline;
} Fixture;

static void
setup (Fixture       *self,
       gconstpointer  data)
{
  static const char *const changes[] = { "vae/config.json", VAE_CONFIG, NULL };
  static const char *const shallow[] = { "vae/config.json", SHALLOW_CONFIG, NULL };
  g_autoptr(GError) error = NULL;

  self->folder = model_folder_new ();
  self->other = model_folder_new_with (changes);
  self->shallow = model_folder_new_with (shallow);
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
  model_folder_remove (self->other);
  model_folder_remove (self->shallow);
}

static void
preview_cb (guint         index,
            guint         step,
            guint         width,
            guint         height,
            const guint8 *rgb,
            gpointer      user_data)
{
  (*(guint *) user_data)++;
}

static void
paint (EshiPipeline       *pipeline,
       const char         *vae,
       const guint8       *image,
       EshiPipelineResult *result)
{
  guint n_previews = 0;
  EshiPipelineCallbacks callbacks = { .preview = preview_cb, .user_data = &n_previews };
  EshiPipelineParams params = {
    .prompt = "ねこ",
    .width = 64,
    .height = 64,
    .steps = 3,
    .guidance = 3,
    .sampler = "ddim",
    .vae = vae,
    .image = image,
    .image_width = 64,
    .image_height = 64,
    .strength = 1,
  };
  g_autoptr(GError) error = NULL;

  eshi_pipeline_generate (pipeline, &params, &callbacks, NULL, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_previews, >, 0);
}

/* The other model's VAE paints what the other model paints; the UNet's graph stays. */
static void
test_swap (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(EshiPipeline) whole = eshi_pipeline_new (self->other, self->backend, NULL, NULL, NULL);
  g_auto(EshiPipelineResult) own = { 0 };
  g_auto(EshiPipelineResult) swapped = { 0 };
  g_auto(EshiPipelineResult) expected = { 0 };
  g_auto(EshiPipelineResult) back = { 0 };
  gconstpointer step = NULL;

  paint (self->pipeline, NULL, NULL, &own);
  step = g_ptr_array_index (self->pipeline->steps, 0);
  paint (self->pipeline, self->other, NULL, &swapped);
  paint (whole, NULL, NULL, &expected);
  paint (self->pipeline, NULL, NULL, &back);
  g_assert_true (step == g_ptr_array_index (self->pipeline->steps, 0));
  g_assert_true (g_bytes_equal (own.pictures[0].latents, swapped.pictures[0].latents));
  g_assert_false (g_bytes_equal (own.pictures[0].rgb, swapped.pictures[0].rgb));
  g_assert_true (g_bytes_equal (expected.pictures[0].rgb, swapped.pictures[0].rgb));
  g_assert_true (g_bytes_equal (own.pictures[0].rgb, back.pictures[0].rgb));
}

/* The image is encoded with it as well. */
static void
test_image (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr(EshiPipeline) whole = eshi_pipeline_new (self->other, self->backend, NULL, NULL, NULL);
  g_autofree char *vae = g_build_filename (self->other, "vae", NULL);
  g_autofree guint8 *image = g_malloc (3 * 64 * 64);
  g_auto(EshiPipelineResult) own = { 0 };
  g_auto(EshiPipelineResult) swapped = { 0 };
  g_auto(EshiPipelineResult) expected = { 0 };
  g_auto(EshiPipelineResult) back = { 0 };

  for (guint i = 0; i < 3 * 64 * 64; i++)
    image[i] = (guint8) (7 * i + i / 64);
  paint (self->pipeline, NULL, image, &own);
  paint (self->pipeline, vae, image, &swapped);
  paint (whole, NULL, image, &expected);
  paint (self->pipeline, NULL, image, &back);
  g_assert_false (g_bytes_equal (own.pictures[0].latents, swapped.pictures[0].latents));
  g_assert_true (g_bytes_equal (expected.pictures[0].rgb, swapped.pictures[0].rgb));
  g_assert_true (g_bytes_equal (own.pictures[0].rgb, back.pictures[0].rgb));
}

/* After a refusal the one before is still in use. */
static void
test_refuses (Fixture       *self,
              gconstpointer  data)
{
  const struct
  {
    const char *path;
    int code;
  } cases[] = {
    { "/nonexistent/vae", ESHI_ERROR_MODEL_MISSING },
    { self->shallow, ESHI_ERROR_UNSUPPORTED },
    { "/dev/null", ESHI_ERROR_MODEL_INVALID },
  };
  g_auto(EshiPipelineResult) before = { 0 };
  g_auto(EshiPipelineResult) after = { 0 };

  paint (self->pipeline, self->other, NULL, &before);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      EshiPipelineParams params = { .vae = cases[i].path };
      g_autoptr(GError) error = NULL;

      g_assert_false (eshi_pipeline_resolve (self->pipeline, &params, &error));
      g_test_message ("%s", error->message);
      g_assert_cmpint (error->domain, ==, ESHI_ERROR);
      g_assert_cmpint (error->code, ==, cases[i].code);
    }
  paint (self->pipeline, self->other, NULL, &after);
  g_assert_true (g_bytes_equal (before.pictures[0].rgb, after.pictures[0].rgb));
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
    { "there-and-back", test_swap },
    { "image", test_image },
    { "refuses", test_refuses },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/eshi/vae-swap/", cases[i].name, NULL);

      g_test_add_vtable (path, sizeof (Fixture), NULL, (GTestFixtureFunc) setup, (GTestFixtureFunc) cases[i].func,
                         (GTestFixtureFunc) teardown);
    }
  return g_test_run ();
}
