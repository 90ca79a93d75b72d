/* test-overflow.c: networks whose numbers become too large for half precision, or for any.
 *
 * The first layer of these autoencoders multiplies by a large number, which the normalisation after it takes back: in
 * f32 there is a picture, in f16 there are infinities.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "backends.h"
#include "eshi-pipeline.h"
#include "eshi-safetensors.h"
#include "half-backend.h"
#include "model-folder.h"

/* Multiplies tensor @name of the file @path, f32, by @factor. */
static void
scale_weight (const char *folder,
              const char *file,
              const char *name,
              float       factor)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *bytes = NULL;
  g_autoptr(EshiSafetensors) tensors = NULL;
  g_autoptr(GError) error = NULL;
  const EshiTensor *tensor = NULL;
  const char *at = NULL;
  gsize n_bytes = 0;
  gsize size = 0;

  tensors = eshi_safetensors_open (path, &error);
  g_assert_no_error (error);
  tensor = eshi_safetensors_lookup (tensors, name);
  g_assert_nonnull (tensor);
  g_assert_true (g_file_get_contents (path, &bytes, &n_bytes, NULL));
  size = eshi_tensor_bytes (tensor);
  at = memmem (bytes, n_bytes, tensor->data, size);
  g_assert_nonnull (at);
  for (gsize i = 0; i < size / sizeof (float); i++)
    ((float *) (gpointer) (bytes + (at - bytes)))[i] *= factor;
  g_clear_pointer (&tensors, eshi_safetensors_free);
  g_assert_true (g_file_set_contents (path, bytes, (gssize) n_bytes, NULL));
}

/* The model with weight @name of the file times @factor, painting at @half; @error as the pipeline sets it. */
static gboolean
paint (const char          *file,
       const char          *name,
       float                factor,
       gboolean             half,
       EshiSwitch           tiling,
       EshiPipelineResult  *result,
       GError             **error)
{
  char *folder = model_folder_new ();
  EshiBackend *backend = half ? open_half_backend () : open_backend ("ref", ESHI_PRECISION_F32);
  EshiPipelineParams params = {
    .prompt = "ねこ",
    .width = 128,
    .height = 64,
    .steps = 1,
    .guidance = 1,
    .sampler = "ddim",
    .vae_tiling = tiling,
  };
  g_autoptr(EshiPipeline) pipeline = NULL;
  g_autofree char *base = g_path_get_basename (folder);
  gboolean ok = FALSE;

  scale_weight (folder, file, name, factor);
  pipeline = eshi_pipeline_new (folder, backend, NULL, NULL, error);
  g_assert_nonnull (pipeline);
  ok = eshi_pipeline_generate (pipeline, &params, NULL, NULL, result, error);
  if (!ok)
    g_assert_nonnull (strstr ((*error)->message, base));
  g_clear_pointer (&pipeline, eshi_pipeline_free);
  close_backend (backend);
  model_folder_remove (folder);
  return ok;
}

#define VAE_FILE "vae/diffusion_pytorch_model.safetensors"
#define VAE_WEIGHT "decoder.conv_in.weight"
#define UNET_FILE "unet/diffusion_pytorch_model.safetensors"
#define UNET_WEIGHT "conv_in.weight"

/* Bytes of two pictures that were painted in different types differ by @limit at most. */
static void
assert_close (GBytes *a,
              GBytes *b,
              guint   limit)
{
  gsize n = 0;
  const guint8 *x = g_bytes_get_data (a, &n);
  const guint8 *y = g_bytes_get_data (b, NULL);
  guint worst = 0;

  g_assert_cmpuint (n, ==, g_bytes_get_size (b));
  for (gsize i = 0; i < n; i++)
    worst = MAX (worst, (guint) abs (x[i] - y[i]));
  g_test_message ("off by %u of 255", worst);
  g_assert_cmpuint (worst, <=, limit);
}

/* Redone in f32, whole and in tiles, which is told; sound numbers are not touched. */
static void
test_redone (gconstpointer data)
{
  EshiSwitch tiling = GPOINTER_TO_INT (data);
  g_auto(EshiPipelineResult) full = { 0 };
  g_auto(EshiPipelineResult) half = { 0 };
  g_auto(EshiPipelineResult) sound = { 0 };
  g_autoptr(GError) error = NULL;

  paint (VAE_FILE, VAE_WEIGHT, 1e6f, FALSE, tiling, &full, &error);
  g_assert_no_error (error);
  g_assert_false (full.pictures[0].vae_redone);
  paint (VAE_FILE, VAE_WEIGHT, 1e6f, TRUE, tiling, &half, &error);
  g_assert_no_error (error);
  g_assert_true (half.pictures[0].vae_redone);
  g_assert_cmpint (half.params.vae_tiling, ==, tiling);
  /* One step of the UNet in f16 lies between the two: values of 1 are off by 2⁻¹¹ a layer, a
   * byte is 2⁻⁷ of them. */
  assert_close (full.pictures[0].rgb, half.pictures[0].rgb, 2);
  paint (VAE_FILE, VAE_WEIGHT, 1, TRUE, tiling, &sound, &error);
  g_assert_no_error (error);
  g_assert_false (sound.pictures[0].vae_redone);
}

/* No type is large enough for these; the sentence names the model. */
static void
test_fails (void)
{
  static const struct
  {
    const char *file;
    const char *name;
    float factor;
    gboolean half;
  } cases[] = {
    { VAE_FILE, VAE_WEIGHT, 3e38f, FALSE },
    { VAE_FILE, VAE_WEIGHT, 3e38f, TRUE },
    { UNET_FILE, UNET_WEIGHT, 3e38f, FALSE },
    { UNET_FILE, UNET_WEIGHT, 1e6f, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto(EshiPipelineResult) result = { 0 };
      g_autoptr(GError) error = NULL;

      g_assert_false (paint (cases[i].file, cases[i].name, cases[i].factor, cases[i].half, ESHI_SWITCH_OFF, &result,
                             &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_FAILED);
      g_assert_cmpuint (result.n_pictures, ==, 0);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/eshi/overflow/redone-whole", GINT_TO_POINTER (ESHI_SWITCH_OFF), test_redone);
  g_test_add_data_func ("/eshi/overflow/redone-in-tiles", GINT_TO_POINTER (ESHI_SWITCH_ON), test_redone);
  g_test_add_func ("/eshi/overflow/fails", test_fails);
  return g_test_run ();
}
