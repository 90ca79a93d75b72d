/* test-taesd.c: TAESD's decoder against published numbers and diffusers, its files, and previews by it.
 *
 * tests/golden/README.md says how the expected values were made. Where the file is looked for is test-taesd-folder's
 * business.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "../parity.h"
#include "backends.h"
#include "eshi-pipeline.h"
#include "eshi-taesd.h"
#include "fill.h"
#include "model-folder.h"
#include "taps.h"

/* The values are of size 1, and both sides sum 576 products in f32, 23 times in a row. */
#define LIMIT 1e-5

#define AUTHOR 1
#define WITH_ENCODER 2

typedef struct
{
  GPtrArray *names;
  GArray    *shapes;
  guint      naming; /* 0: diffusers' */
} List;

/* From diffusers' name to that of the list's naming. */
static char *
rename_weight (const char *name,
               guint       naming)
{
  const char *rest = name + strlen ("decoder.layers.");
  char *end = NULL;
  guint64 index = 0;

  if (naming == 0)
    return g_strdup (name);
  index = g_ascii_strtoull (rest, &end, 10);
  return g_strdup_printf ("%s%u%s", naming == WITH_ENCODER ? "decoder." : "", (guint) index + 1, end);
}

static void
list_cb (const char *name,
         EshiShape   shape,
         gpointer    user_data)
{
  List *list = user_data;

  g_ptr_array_add (list->names, rename_weight (name, list->naming));
  g_array_append_val (list->shapes, shape);
}

static float *
fill (const char      *name,
      const EshiShape *shape)
{
  gint64 n = eshi_shape_count (shape);
  guint64 hash = fill_hash (name);
  double scale = shape->rank == 1 ? 0.1 : sqrt (3.0 / (double) (n / shape->dim[0]));
  float *values = g_new (float, n);

  for (gint64 i = 0; i < n; i++)
    values[i] = (float) (scale * fill_uniform (hash, (guint64) i));
  return values;
}

/* Writes a decoder of @width channels with filled weights as @path; values belong to the names of @naming, or to
 * diffusers'. */
static void
write_file (const char *path,
            guint       width,
            guint       naming)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GArray) shapes = g_array_new (FALSE, FALSE, sizeof (EshiShape));
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func (g_free);
  g_autofree EshiSafetensorsEntry *entries = NULL;
  g_autoptr(GError) error = NULL;
  List list = { names, shapes, naming };

  eshi_taesd_foreach_weight (width, list_cb, &list);
  entries = g_new0 (EshiSafetensorsEntry, names->len);
  for (guint i = 0; i < names->len; i++)
    {
      const EshiShape *shape = &g_array_index (shapes, EshiShape, i);

      g_ptr_array_add (values, fill (names->pdata[i], shape));
      entries[i] = (EshiSafetensorsEntry) { names->pdata[i], ESHI_DTYPE_F32, shape->rank, shape->dim, values->pdata[i] };
    }
  eshi_safetensors_write (path, entries, names->len, &error);
  g_assert_no_error (error);
}

/* Decodes z [1, h, w, 4] on @backend: [3, 8h, 8w]; (transfer full). */
static float *
decode (EshiBackend *backend,
        const char  *path,
        const float *z,
        EshiShape    shape)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiTaesd) taesd = eshi_taesd_load (path, &error);
  g_autoptr(EshiGraph) graph = eshi_graph_new (backend);
  g_autofree float *image = NULL;
  EshiTensor *input = NULL;
  EshiTensor *output = NULL;

  g_assert_no_error (error);
  input = eshi_graph_input (graph, "z", ESHI_DTYPE_F32, shape);
  output = eshi_graph_output (graph, "image", eshi_taesd_build_decoder (taesd, graph, input), ESHI_DTYPE_F32);
  eshi_graph_prepare (graph, NULL, &error);
  g_assert_no_error (error);
  image = g_new (float, eshi_tensor_count (output));
  g_assert_true (eshi_graph_upload (graph, input, z, &error));
  g_assert_true (eshi_graph_run (graph, NULL, &error));
  g_assert_true (eshi_graph_download (graph, output, image, &error));
  return to_channels_first (image, &output->shape);
}

static char *
new_folder (void)
{
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp ("eshi-taesd-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
test_published (gconstpointer data)
{
  static const TapExpectation expectation = { "output", 4, { -.292464, -.129172, -.188599, -.346915 }, 761.95002, .848894 };
  static const TapLimits limits = { 1e-5, 1e-5 };
  g_autofree char *folder = new_folder ();
  g_autofree char *path = g_build_filename (folder, "taesd_decoder.safetensors", NULL);
  g_autofree float *latents = g_new (float, 4 * 8 * 6);
  g_autofree float *z = g_new (float, 4 * 8 * 6);
  g_autofree float *image = NULL;
  EshiBackend *backend = open_backend (data, ESHI_PRECISION_F32);

  if (backend == NULL)
    return;
  write_file (path, 64, AUTHOR);
  fill_input ("input:z", latents, 4 * 8 * 6);
  eshi_taesd_clamp (latents, 8 * 6, z);
  image = decode (backend, path, z, ESHI_SHAPE4 (1, 8, 6, 4));
  taps_check_values (&expectation, image, 3 * 64 * 48, &limits);
  close_backend (backend);
  model_folder_remove (g_steal_pointer (&folder));
}

static void
test_diffusers (gconstpointer data)
{
  static const guint widths[] = { 8, 64 };
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", "taesd.safetensors", NULL);
  g_autoptr(EshiSafetensors) file = eshi_safetensors_open (golden, NULL);
  g_autofree char *folder = new_folder ();
  g_autofree char *path = g_build_filename (folder, "diffusion_pytorch_model.safetensors", NULL);
  EshiBackend *backend = open_backend (data, ESHI_PRECISION_F32);
  float latents[4 * 5 * 3];
  float z[4 * 5 * 3];

  if (backend == NULL)
    return;
  fill_input ("input:latents", latents, G_N_ELEMENTS (latents));
  for (guint i = 0; i < G_N_ELEMENTS (latents); i++)
    latents[i] *= 2;
  eshi_taesd_clamp (latents, 5 * 3, z);
  for (guint i = 0; i < G_N_ELEMENTS (widths); i++)
    {
      g_autofree char *name = g_strdup_printf ("image-%u", widths[i]);
      g_autofree char *what = g_strdup_printf ("TAESD's decoder, %u channels (ref, cpu)", widths[i]);
      const EshiTensor *expected = eshi_safetensors_lookup (file, name);
      g_autofree float *image = NULL;
      double worst = 0;

      write_file (path, widths[i], 0);
      image = decode (backend, folder, z, ESHI_SHAPE4 (1, 5, 3, 4));
      for (gint64 k = 0; k < eshi_tensor_count (expected); k++)
        worst = fmax (worst, fabs (image[k] - ((const float *) expected->data)[k]));
      parity_row ("networks", what, "AutoencoderTiny of diffusers 0.42.1", worst, LIMIT);
      g_assert_cmpfloat (worst, <=, LIMIT);
    }
  close_backend (backend);
  model_folder_remove (g_steal_pointer (&folder));
}

/* Each naming is read, alone and beside an encoder. */
static void
test_namings (void)
{
  g_autofree char *folder = new_folder ();
  g_autofree char *path = g_build_filename (folder, "some name.pt", NULL);

  for (guint naming = 0; naming <= WITH_ENCODER; naming++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiTaesd) taesd = NULL;

      write_file (path, 8, naming);
      taesd = eshi_taesd_load (path, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (eshi_taesd_get_width (taesd), ==, 8);
    }
  model_folder_remove (g_steal_pointer (&folder));
}

static void
refuse (const char *path,
        int         code)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (eshi_taesd_load (path, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, ESHI_ERROR, code);
}

static void
write_one (const char *path,
           const char *name,
           gint64      ci)
{
  const gint64 dim[] = { 8, ci, 3, 3 };
  g_autofree float *values = g_new0 (float, 8 * ci * 9);
  const EshiSafetensorsEntry entry = { name, ESHI_DTYPE_F32, 4, dim, values };
  g_autoptr(GError) error = NULL;

  eshi_safetensors_write (path, &entry, 1, &error);
  g_assert_no_error (error);
}

static void
test_refuses (void)
{
  g_autofree char *folder = new_folder ();
  g_autofree char *path = g_build_filename (folder, "taesd_decoder.safetensors", NULL);
  g_autofree char *contents = NULL;
  gsize n = 0;

  refuse (path, ESHI_ERROR_MODEL_MISSING);
  refuse (folder, ESHI_ERROR_MODEL_MISSING);
  write_file (path, 8, AUTHOR);
  g_file_get_contents (path, &contents, &n, NULL);
  g_file_set_contents (path, contents, (gssize) n / 2, NULL);
  refuse (path, ESHI_ERROR_MODEL_INVALID);
  write_one (path, "0.weight", 3); /* an encoder */
  refuse (path, ESHI_ERROR_UNSUPPORTED);
  write_one (path, "1.weight", 16); /* another model's */
  refuse (path, ESHI_ERROR_UNSUPPORTED);
  write_one (path, "1.weight", 4); /* the rest is missing */
  refuse (path, ESHI_ERROR_MODEL_INVALID);
  model_folder_remove (g_steal_pointer (&folder));
}

typedef struct
{
  guint n_small; /* previews of the latents' size */
  guint n_large; /* of the picture's */
  guint n_told;
  char *told;
} Watch;

static void
preview_cb (guint         index,
            guint         step,
            guint         width,
            guint         height,
            const guint8 *rgb,
            gpointer      user_data)
{
  Watch *watch = user_data;

  g_assert_cmpuint (height, ==, width);
  watch->n_small += width == 8;
  watch->n_large += width == 64;
}

static void
no_taesd_cb (const GError *why,
             gpointer      user_data)
{
  Watch *watch = user_data;

  watch->n_told++;
  g_free (watch->told);
  watch->told = g_strdup (why->message);
}

/* (transfer full): the bytes of the picture. */
static GBytes *
paint (EshiPipeline    *pipeline,
       EshiPreviewKind  kind,
       const char      *taesd,
       gboolean         look,
       Watch           *watch)
{
  EshiPipelineCallbacks callbacks = { .preview = look ? preview_cb : NULL, .no_taesd = no_taesd_cb, .user_data = watch };
  EshiPipelineParams params = {
    .prompt = "ねこ",
    .width = 64,
    .height = 64,
    .steps = 60,
    .guidance = 3,
    .sampler = "ddim",
    .preview_kind = kind,
    .taesd = taesd,
  };
  g_auto(EshiPipelineResult) result = { 0 };
  g_autoptr(GError) error = NULL;

  watch->n_small = watch->n_large = 0;
  eshi_pipeline_generate (pipeline, &params, &callbacks, NULL, &result, &error);
  g_assert_no_error (error);
  return g_bytes_ref (result.pictures[0].rgb);
}

/* Every kind of preview leaves the same picture; TAESD's have the picture's size; what cannot be used is told once. */
static void
test_previews (gconstpointer data)
{
  static const EshiPreviewKind kinds[] = { ESHI_PREVIEW_AUTO, ESHI_PREVIEW_TAESD, ESHI_PREVIEW_VAE, ESHI_PREVIEW_RGB };
  char *folder = model_folder_new ();
  g_autofree char *path = g_build_filename (folder, "taesd_decoder.safetensors", NULL);
  EshiBackend *backend = open_backend (data, ESHI_PRECISION_F32);
  g_autoptr(EshiPipeline) pipeline = eshi_pipeline_new (folder, backend, NULL, NULL, NULL);
  g_autoptr(GBytes) plain = NULL;
  Watch watch = { 0 };

  write_file (path, 8, AUTHOR);
  plain = paint (pipeline, ESHI_PREVIEW_AUTO, path, FALSE, &watch);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(GBytes) seen = paint (pipeline, kinds[i], path, TRUE, &watch);

      g_assert_true (g_bytes_equal (plain, seen));
      g_assert_cmpuint (watch.n_small + watch.n_large, ==, 59);
      if (kinds[i] == ESHI_PREVIEW_TAESD)
        g_assert_cmpuint (watch.n_large, >, 0);
      if (kinds[i] == ESHI_PREVIEW_RGB)
        g_assert_cmpuint (watch.n_large, ==, 0);
    }
  g_assert_cmpuint (watch.n_told, ==, 0);

  g_file_set_contents (path, "damaged", -1, NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GBytes) seen = paint (pipeline, ESHI_PREVIEW_TAESD, path, TRUE, &watch);

      g_assert_true (g_bytes_equal (plain, seen));
      g_assert_cmpuint (watch.n_small, ==, 59);
      g_assert_cmpuint (watch.n_told, ==, 1);
    }
  g_test_message ("%s", watch.told);

  g_clear_pointer (&watch.told, g_free);
  g_clear_pointer (&pipeline, eshi_pipeline_free);
  close_backend (backend);
  model_folder_remove (folder);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/eshi/taesd/ref/taesd", "ref", test_published);
  g_test_add_data_func ("/eshi/taesd/cpu/taesd", "cpu", test_published);
  g_test_add_data_func ("/eshi/taesd/ref/diffusers", "ref", test_diffusers);
  g_test_add_data_func ("/eshi/taesd/cpu/diffusers", "cpu", test_diffusers);
  g_test_add_func ("/eshi/taesd/namings", test_namings);
  g_test_add_func ("/eshi/taesd/refuses", test_refuses);
  g_test_add_data_func ("/eshi/taesd/previews", "ref", test_previews);
  return g_test_run ();
}
