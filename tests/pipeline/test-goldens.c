/* test-goldens.c: small networks that diffusers and transformers made, run through the probe as a person would run it.
 *
 * tests/golden/README.md says how the files were made. They run on `ref` and `cpu`, or on ESHI_BACKEND alone.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include "../parity.h"
#include "backends.h"
#include "eshi-pipeline-probe.h"
#include "eshi-safetensors.h"

/* Both sides sum in f32, in different orders, over some hundred terms of size 1: measured 4e-6 at most. */
#define LIMIT 2e-5

static EshiSafetensors *
open_file (const char *path)
{
  g_autoptr(GError) error = NULL;
  EshiSafetensors *file = eshi_safetensors_open (path, &error);

  g_assert_no_error (error);
  return file;
}

typedef struct
{
  const char *folder;
  const char *stage;
  const char *outputs[3];
} Golden;

typedef struct
{
  const Golden *golden;
  const char   *backend;
} Case;

static void
compare (EshiSafetensors *expected,
         EshiSafetensors *actual,
         const Golden    *golden,
         const char      *name,
         const char      *backend)
{
  const char *oracle = g_str_equal (golden->stage, "text") ? "transformers 5.23.0" : "diffusers 0.42.1";
  g_autofree char *what = g_strdup_printf ("%s of %s, %s (%s)", golden->stage, golden->folder, name, backend);
  const EshiTensor *a = eshi_safetensors_lookup (expected, name);
  const EshiTensor *b = eshi_safetensors_lookup (actual, name);
  double distance = 0;

  g_assert_nonnull (a);
  g_assert_nonnull (b);
  g_assert_true (eshi_shape_equal (&a->shape, &b->shape));
  g_assert_cmpint (b->dtype, ==, ESHI_DTYPE_F32);

  distance = parity_distance (b->data, a->data, (gsize) eshi_tensor_count (a));
  parity_row ("networks", what, oracle, distance, LIMIT);
  g_assert_cmpfloat (distance, <=, LIMIT);
}

static void
test_golden (gconstpointer data)
{
  const Case *test = data;
  const Golden *golden = test->golden;
  EshiBackend *backend = open_backend (test->backend, ESHI_PRECISION_F32);
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "networks", golden->folder, NULL);
  g_autofree char *input = g_build_filename (folder, "input.safetensors", NULL);
  g_autofree char *expected_path = g_build_filename (folder, "expected.safetensors", NULL);
  g_autofree char *temp = NULL;
  g_autofree char *output = NULL;
  g_autoptr(EshiSafetensors) expected = NULL;
  g_autoptr(EshiSafetensors) actual = NULL;
  g_autoptr(GError) error = NULL;

  if (backend == NULL)
    return;

  temp = g_dir_make_tmp ("eshi-golden-XXXXXX", &error);
  g_assert_no_error (error);
  output = g_build_filename (temp, "output.safetensors", NULL);
  eshi_pipeline_probe (folder, backend, golden->stage, input, output, NULL, &error);
  g_assert_no_error (error);
  close_backend (backend);

  expected = open_file (expected_path);
  actual = open_file (output);
  for (guint i = 0; golden->outputs[i] != NULL; i++)
    compare (expected, actual, golden, golden->outputs[i], test->backend);

  g_assert_cmpint (g_remove (output), ==, 0);
  g_assert_cmpint (g_rmdir (temp), ==, 0);
}

/* Inputs that do not fit leave a sentence and no file. */
static void
test_refuses (void)
{
  static const struct
  {
    const char *folder;
    const char *stage;
    const char *input_of;
    int code;
  } cases[] = {
    { "unet-odd", "paint", "unet-odd", ESHI_ERROR_INVALID_ARGUMENT },
    { "unet-odd", "unet", "vae-three", ESHI_ERROR_INVALID_ARGUMENT },
    { "unet-odd", "unet", "unet-linear", ESHI_ERROR_INVALID_ARGUMENT },
    { "unet-odd", "text", "text-gelu", ESHI_ERROR_MODEL_MISSING },
    { "text-quick", "text", "text-gelu", ESHI_ERROR_INVALID_ARGUMENT },
    { "vae-three", "vae-encode", "vae-no-quant", ESHI_ERROR_INVALID_ARGUMENT },
    { "vae-three", "vae-decode", "nothing", ESHI_ERROR_MODEL_MISSING },
  };
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_F32);
  g_autoptr(GError) temp_error = NULL;
  g_autofree char *temp = g_dir_make_tmp ("eshi-golden-XXXXXX", &temp_error);
  g_autofree char *output = g_build_filename (temp, "output.safetensors", NULL);

  g_assert_no_error (temp_error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "networks", cases[i].folder, NULL);
      g_autofree char *input = g_test_build_filename (G_TEST_DIST, "golden", "networks", cases[i].input_of,
                                                      "input.safetensors", NULL);
      g_autoptr(GError) error = NULL;

      g_assert_false (eshi_pipeline_probe (folder, backend, cases[i].stage, input, output, NULL, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, ESHI_ERROR, cases[i].code);
      g_assert_false (g_file_test (output, G_FILE_TEST_EXISTS));
    }

  g_assert_cmpint (g_rmdir (temp), ==, 0);
  close_backend (backend);
}

static void
add_goldens (const char   *backend,
             const Golden *goldens,
             guint         n_goldens)
{
  for (guint i = 0; i < n_goldens; i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/goldens/%s/%s/%s", backend, goldens[i].folder, goldens[i].stage);
      Case *test = g_new (Case, 1);

      *test = (Case) { &goldens[i], backend };
      g_test_add_data_func_full (path, test, test_golden, g_free);
    }
}

int
main (int   argc,
      char *argv[])
{
  static const Golden goldens[] = {
    { "unet-odd", "unet", { "output" } },
    { "unet-linear", "unet", { "output" } },
    { "unet-one", "unet", { "output" } },
    { "vae-three", "vae-decode", { "image" } },
    { "vae-three", "vae-encode", { "mean", "logvar" } },
    { "vae-no-quant", "vae-decode", { "image" } },
    { "vae-no-quant", "vae-encode", { "mean", "logvar" } },
    { "text-gelu", "text", { "hidden" } },
    { "text-quick", "text", { "hidden" } },
  };
  const char *wanted = g_getenv ("ESHI_BACKEND");

  g_test_init (&argc, &argv, NULL);
  if (wanted != NULL)
    add_goldens (wanted, goldens, G_N_ELEMENTS (goldens));
  else
    {
      add_goldens ("ref", goldens, G_N_ELEMENTS (goldens));
      add_goldens ("cpu", goldens, G_N_ELEMENTS (goldens));
    }
  g_test_add_func ("/eshi/probe/refuses", test_refuses);
  return g_test_run ();
}
