/* test-lora.c: LoRA files of every family against a merged UNet of diffusers, coming and going in a pipeline, and files
 * that are refused.
 *
 * tests/golden/README.md says how the files were made. Everything runs on the reference backend: what is merged is the
 * same on all of them.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "../parity.h"
#include "backends.h"
#include "eshi-lora.h"
#include "eshi-pipeline.h"
#include "eshi-unet.h"
#include "model-folder.h"

/* Both sides sum in f32, in different orders, over some thousand terms of size 1. */
#define LIMIT 1e-4

static char *
golden_path (const char *folder,
             const char *name,
             const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  return g_test_build_filename (G_TEST_DIST, "golden", folder, file, NULL);
}

static EshiSafetensors *
open_file (const char *folder,
           const char *name)
{
  g_autofree char *path = golden_path (folder, name, ".safetensors");
  g_autoptr(GError) error = NULL;
  EshiSafetensors *file = eshi_safetensors_open (path, &error);

  g_assert_no_error (error);
  return file;
}

static EshiUnet *
open_unet (const char *network)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "networks", network, "unet", NULL);
  g_autoptr(GError) error = NULL;
  EshiUnet *unet = eshi_unet_load (path, &error);

  g_assert_no_error (error);
  return unet;
}

/* Merges a file of tests/golden/lora; returns what was left out. */
static char *
merge (EshiUnet   *unet,
       const char *name,
       double      weight)
{
  g_autofree char *path = golden_path ("lora", name, ".safetensors");
  g_autoptr(EshiLoraTable) table = eshi_lora_table_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiLora) lora = eshi_lora_open (path, &error);

  g_assert_no_error (error);
  eshi_unet_foreach_weight (eshi_unet_get_config (unet), eshi_lora_table_add, table);
  eshi_lora_table_add_original_names (table);
  eshi_lora_merge (lora, ESHI_LORA_UNET, table, eshi_unet_get_weights (unet), weight, &error);
  g_assert_no_error (error);
  return eshi_lora_dup_note (lora);
}

/* [n, c, h, w] ↔ [n, h, w, c] */
static void
transpose (float       *dst,
           const float *src,
           gint64       n,
           gint64       channels,
           gint64       area,
           gboolean     to_last)
{
  for (gint64 i = 0; i < n; i++)
    for (gint64 c = 0; c < channels; c++)
      for (gint64 p = 0; p < area; p++)
        {
          gint64 first = (i * channels + c) * area + p;
          gint64 last = (i * area + p) * channels + c;

          dst[to_last ? last : first] = src[to_last ? first : last];
        }
}

/* What @unet makes of the inputs of @network, [n, c, h, w]; (transfer full). */
static float *
run (EshiUnet   *unet,
     const char *network,
     gsize      *n_values)
{
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_F32);
  g_autofree char *folder = g_build_filename ("networks", network, NULL);
  g_autoptr(EshiSafetensors) file = open_file (folder, "input");
  const EshiTensor *latent = eshi_safetensors_lookup (file, "latent");
  const EshiTensor *words = eshi_safetensors_lookup (file, "context");
  const gint64 *dim = latent->shape.dim;
  EshiGraph *context_graph = eshi_graph_new (backend);
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *context = eshi_graph_input (context_graph, "context", ESHI_DTYPE_F32, words->shape);
  EshiTensor *x = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE4 (dim[0], dim[2], dim[3], dim[1]));
  EshiTensor *t = eshi_graph_input (graph, "t", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiTensor *y = NULL;
  EshiUnetContext keys = { 0 };
  float *values = g_new (float, eshi_tensor_count (latent));
  g_autofree float *last = g_new (float, eshi_tensor_count (latent));
  g_autoptr(GError) error = NULL;

  eshi_unet_build_context (unet, context_graph, context, &keys);
  eshi_graph_prepare (context_graph, NULL, &error);
  g_assert_no_error (error);
  y = eshi_graph_output (graph, "y", eshi_unet_build_step (unet, graph, x, t, &keys, NULL, NULL), ESHI_DTYPE_F32);
  eshi_graph_prepare (graph, NULL, &error);
  g_assert_no_error (error);

  transpose (last, latent->data, dim[0], dim[1], dim[2] * dim[3], TRUE);
  g_assert_true (eshi_graph_upload (context_graph, context, words->data, NULL));
  g_assert_true (eshi_graph_run (context_graph, NULL, NULL));
  g_assert_true (eshi_graph_upload (graph, x, last, NULL));
  g_assert_true (eshi_graph_upload (graph, t, eshi_safetensors_lookup (file, "timestep")->data, NULL));
  g_assert_true (eshi_graph_run (graph, NULL, NULL));
  g_assert_true (eshi_graph_download (graph, y, last, NULL));
  transpose (values, last, dim[0], dim[1], dim[2] * dim[3], FALSE);
  *n_values = (gsize) eshi_tensor_count (latent);

  eshi_graph_free (graph);
  eshi_graph_free (context_graph);
  eshi_unet_context_clear (&keys);
  close_backend (backend);
  return values;
}

/* Compares with the reference's output @name. */
static void
check_output (EshiUnet   *unet,
              const char *network,
              const char *name)
{
  g_autoptr(EshiSafetensors) file = open_file ("lora", "expected");
  const float *expected = eshi_safetensors_lookup (file, name)->data;
  gsize n = 0;
  g_autofree float *values = run (unet, network, &n);
  g_autofree char *what = g_strdup_printf ("UNet with %s, by the formula", name);
  double distance = 0;

  g_assert_cmpint (eshi_tensor_count (eshi_safetensors_lookup (file, name)), ==, n);
  distance = parity_distance (values, expected, n);
  parity_row ("LoRA", what, "diffusers 0.42.1 with merged weights", distance, LIMIT);
  g_assert_cmpfloat (distance, <=, LIMIT);
}

static void
test_family (gconstpointer data)
{
  const char *family = data;
  const char *network = g_str_equal (family, "squeezed") ? "unet-odd" : "unet-linear";
  g_autoptr(EshiUnet) unet = open_unet (network);
  g_autofree char *note = merge (unet, family, 0.8);

  g_assert_true ((note != NULL) == g_str_equal (family, "kohya"));
  check_output (unet, network, family);
}

static void
test_two (void)
{
  g_autoptr(EshiUnet) unet = open_unet ("unet-linear");
  g_autofree char *first = merge (unet, "kohya", 0.7);
  g_autofree char *second = merge (unet, "locon", -0.3);

  check_output (unet, "unet-linear", "two");
}

static void
test_comes_and_goes (void)
{
  g_autoptr(EshiUnet) unet = open_unet ("unet-linear");
  gsize n = 0;
  g_autofree float *plain = run (unet, "unet-linear", &n);
  g_autofree float *zero = NULL;
  g_autofree float *merged = NULL;
  g_autofree float *after = NULL;
  g_autofree char *first = merge (unet, "locon", 0);
  g_autofree char *second = NULL;

  zero = run (unet, "unet-linear", &n);
  g_assert_cmpmem (plain, n * sizeof (float), zero, n * sizeof (float));
  second = merge (unet, "locon", 1);
  merged = run (unet, "unet-linear", &n);
  g_assert_cmpint (memcmp (plain, merged, n * sizeof (float)), !=, 0);
  eshi_weights_restore (eshi_unet_get_weights (unet));
  after = run (unet, "unet-linear", &n);
  g_assert_cmpmem (plain, n * sizeof (float), after, n * sizeof (float));
}

/* Two layers of make-lora.py's kohya file belong nowhere. */
static void
test_reports (void)
{
  g_autoptr(EshiUnet) unet = open_unet ("unet-linear");
  g_autofree char *note = merge (unet, "kohya", 1);

  g_test_message ("%s", note);
  g_assert_nonnull (strstr (note, "lora_unet_no_such_layer."));
  g_assert_nonnull (strstr (note, "something.else"));
  g_assert_nonnull (strstr (note, "2 parts"));
}

/* A file with the table @rows and as many floats of @value as it needs. */
static EshiSafetensors *
make_file (const char *rows,
           gsize       n_values,
           float       value)
{
  g_autofree char *table = g_strdup_printf ("{%s}", rows);
  guint64 length = GUINT64_TO_LE (strlen (table));
  g_autoptr(GByteArray) array = g_byte_array_new ();
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  EshiSafetensors *file = NULL;

  g_byte_array_append (array, (const guint8 *) &length, sizeof length);
  g_byte_array_append (array, (const guint8 *) table, (guint) strlen (table));
  for (gsize i = 0; i < n_values; i++)
    g_byte_array_append (array, (const guint8 *) &value, sizeof value);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&array));
  file = eshi_safetensors_new_for_bytes (bytes, "test", &error);
  g_assert_no_error (error);
  return file;
}

/* Rows of tables: an f32 tensor of @n values from value @at on. */
#define ROW(name, shape, at, n) "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" at "," n "]}"
#define DOWN "lora_unet_conv_in.lora_down.weight"
#define UP "lora_unet_conv_in.lora_up.weight"
#define ALPHA "lora_unet_conv_in.alpha"
#define WORDS "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"

static void
test_refuses (void)
{
  static const struct
  {
    const char *rows;
    gsize n_values;
    float value;
    int code;
    const char *says;
  } cases[] = {
    { ROW (DOWN, "1,2", "0", "8"), 2, 1, ESHI_ERROR_MODEL_INVALID, "no counterpart" },
    { ROW (UP, "2,1", "0", "8"), 2, 1, ESHI_ERROR_MODEL_INVALID, "no counterpart" },
    { ROW (ALPHA, "", "0", "4"), 1, 1, ESHI_ERROR_MODEL_INVALID, "no counterpart" },
    { ROW (DOWN, "1,2", "0", "8") "," ROW (UP, "1,2", "8", "16"), 4, 1, ESHI_ERROR_MODEL_INVALID, "do not fit together" },
    { ROW (DOWN, "2", "0", "8") "," ROW (UP, "2", "8", "16"), 4, 1, ESHI_ERROR_MODEL_INVALID, "do not fit together" },
    { ROW (DOWN, "0,4", "0", "0") "," ROW (UP, "4,0", "0", "0"), 0, 1, ESHI_ERROR_MODEL_INVALID, "do not fit together" },
    { ROW (DOWN, "1,1", "0", "4") "," ROW (UP, "1,1,3,3", "4", "40"), 10, 1, ESHI_ERROR_MODEL_INVALID, "do not fit together" },
    { ROW (ALPHA, "", "0", "4"), 1, NAN, ESHI_ERROR_MODEL_INVALID, "no number that could be meant" },
    { ROW (ALPHA, "", "0", "4"), 1, 1e30f, ESHI_ERROR_MODEL_INVALID, "no number that could be meant" },
    { ROW (ALPHA, "2", "0", "8"), 2, 1, ESHI_ERROR_MODEL_INVALID, "no number that could be meant" },
    { ROW (DOWN, "1,1", "0", "4") "," ROW ("unet.conv_in.lora_A.weight", "1,1", "4", "8"), 2, 1, ESHI_ERROR_MODEL_INVALID,
      "twice" },
    { "\"" DOWN "\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}", 2, 1, ESHI_ERROR_MODEL_INVALID, "type or shape" },
    { ROW ("conv_in.weight", "1", "0", "4"), 1, 1, ESHI_ERROR_MODEL_INVALID, "not a LoRA file" },
    { ROW ("lora_unet_conv_in.dora_scale", "1", "0", "4"), 1, 1, ESHI_ERROR_UNSUPPORTED, "DoRA" },
    { ROW ("lora_unet_conv_in.lora_mid.weight", "1", "0", "4"), 1, 1, ESHI_ERROR_UNSUPPORTED, "LoCon CP" },
    { ROW ("lora_unet_conv_in.hada_w1_a", "1", "0", "4"), 1, 1, ESHI_ERROR_UNSUPPORTED, "LoHa" },
    { ROW ("lora_unet_conv_in.lokr_w1", "1", "0", "4"), 1, 1, ESHI_ERROR_UNSUPPORTED, "LoKr" },
    { ROW ("lora_unet_conv_in.diff", "1", "0", "4"), 1, 1, ESHI_ERROR_UNSUPPORTED, "diff" },
    { ROW ("lora_te1_a.lora_up.weight", "1", "0", "4"), 1, 1, ESHI_ERROR_UNSUPPORTED, "XL" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiLora) lora = eshi_lora_new (make_file (cases[i].rows, cases[i].n_values, cases[i].value), "test", &error);

      g_assert_null (lora);
      g_assert_error (error, ESHI_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].says));
    }
}

/* Files that are sound alone and do not fit the network, or ruin it. */
static void
test_refuses_to_merge (void)
{
  static const struct
  {
    const char *rows;
    gsize n_values;
    float value;
    int code;
    const char *says;
  } cases[] = {
    { ROW (DOWN, "1,4", "0", "16") "," ROW (UP, "8,1", "16", "48"), 12, 1, ESHI_ERROR_MODEL_INVALID, "another shape" },
    { ROW (DOWN, "1,4,3,3", "0", "144") "," ROW (UP, "9,1", "144", "180"), 45, 1, ESHI_ERROR_MODEL_INVALID, "another shape" },
    { ROW (DOWN, "1,4,3,3", "0", "144") "," ROW (UP, "8,1", "144", "176"), 44, NAN, ESHI_ERROR_MODEL_INVALID, "no numbers" },
    { ROW (DOWN, "1,4,3,3", "0", "144") "," ROW (UP, "8,1", "144", "176"), 44, 1e30f, ESHI_ERROR_MODEL_INVALID, "no numbers" },
    { ROW (WORDS ".lora_down.weight", "1,16", "0", "64") "," ROW (WORDS ".lora_up.weight", "8,1", "64", "96"), 24, 1,
      ESHI_ERROR_UNSUPPORTED, "another kind of model" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(EshiUnet) unet = open_unet ("unet-linear");
      g_autoptr(EshiLoraTable) table = eshi_lora_table_new ();
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiLora) lora = eshi_lora_new (make_file (cases[i].rows, cases[i].n_values, cases[i].value), "test", &error);

      g_assert_no_error (error);
      eshi_unet_foreach_weight (eshi_unet_get_config (unet), eshi_lora_table_add, table);
      g_assert_false (eshi_lora_merge (lora, ESHI_LORA_UNET, table, eshi_unet_get_weights (unet), 1, &error));
      g_assert_error (error, ESHI_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].says));
    }
}

static void
test_many_names (void)
{
  g_autoptr(GString) rows = g_string_new (ROW (DOWN, "1,1", "0", "4") "," ROW (UP, "1,1", "4", "8"));
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiLora) lora = NULL;
  g_autofree char *note = NULL;

  for (guint i = 0; i < 100000; i++)
    g_string_append_printf (rows, "," ROW ("name%u", "0", "8", "8"), i);
  lora = eshi_lora_new (make_file (rows->str, 2, 1), "test", &error);
  g_assert_no_error (error);
  note = eshi_lora_dup_note (lora);
  g_assert_nonnull (strstr (note, "100000 parts"));
  g_assert_cmpuint (strlen (note), <, 300);
}

/* Writes a LoRA for one layer of model-folder.h's UNet and one of a text encoder. */
static void
write_lora (const char *path)
{
  static const gint64 down_dim[] = { 2, 32 };
  static const gint64 up_dim[] = { 32, 2 };
  static const char stem[] = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_v";
  g_autofree char *down = g_strconcat (stem, ".lora_down.weight", NULL);
  g_autofree char *up = g_strconcat (stem, ".lora_up.weight", NULL);
  float values[64];
  const EshiSafetensorsEntry entries[] = {
    { down, ESHI_DTYPE_F32, 2, down_dim, values },
    { up, ESHI_DTYPE_F32, 2, up_dim, values },
    { "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", ESHI_DTYPE_F32, 2, down_dim, values },
    { "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", ESHI_DTYPE_F32, 2, up_dim, values },
  };
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    values[i] = (float) sin (i + 1.0);
  eshi_safetensors_write (path, entries, G_N_ELEMENTS (entries), &error);
  g_assert_no_error (error);
}

static GBytes *
paint (EshiPipeline *pipeline,
       const char   *path,
       double        weight)
{
  const EshiPipelineLora lora = { path, weight };
  EshiPipelineParams params = { .prompt = "ねこ", .width = 64, .height = 64, .steps = 2, .guidance = 4, .seed = 42 };
  g_auto(EshiPipelineResult) result = { 0 };
  g_autoptr(GError) error = NULL;

  params.loras = path != NULL ? &lora : NULL;
  params.n_loras = path != NULL ? 1 : 0;
  eshi_pipeline_generate (pipeline, &params, NULL, NULL, &result, &error);
  g_assert_no_error (error);
  return g_bytes_ref (result.pictures[0].latents);
}

static void
test_pipeline (void)
{
  char *folder = model_folder_new ();
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_F32);
  g_autofree char *path = g_build_filename (folder, "lora.safetensors", NULL);
  g_autofree char *missing = g_build_filename (folder, "none.safetensors", NULL);
  const EshiPipelineLora none = { missing, 1 };
  const EshiPipelineLora heavy = { path, NAN };
  EshiPipelineParams params = { .prompt = "ねこ", .loras = &none, .n_loras = 1 };
  g_autoptr(GError) error = NULL;
  EshiPipeline *pipeline = eshi_pipeline_new (folder, backend, NULL, NULL, &error);
  g_autoptr(GBytes) plain = NULL;
  g_autoptr(GBytes) zero = NULL;
  g_autoptr(GBytes) full = NULL;
  g_autoptr(GBytes) again = NULL;
  g_autoptr(GBytes) half = NULL;
  g_autoptr(GBytes) after = NULL;

  g_assert_no_error (error);
  write_lora (path);
  plain = paint (pipeline, NULL, 0);
  zero = paint (pipeline, path, 0);
  full = paint (pipeline, path, 1);
  g_assert_nonnull (strstr (eshi_pipeline_get_lora_note (pipeline), "text encoder"));
  half = paint (pipeline, path, 0.5);
  again = paint (pipeline, path, 1);
  g_assert_false (eshi_pipeline_prepare (pipeline, &params, NULL, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING);
  g_clear_error (&error);
  params.loras = &heavy;
  g_assert_false (eshi_pipeline_prepare (pipeline, &params, NULL, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  after = paint (pipeline, NULL, 0);

  g_assert_true (g_bytes_equal (plain, zero));
  g_assert_false (g_bytes_equal (plain, full));
  g_assert_false (g_bytes_equal (half, full));
  g_assert_true (g_bytes_equal (again, full));
  g_assert_true (g_bytes_equal (plain, after));
  g_assert_null (eshi_pipeline_get_lora_note (pipeline));

  eshi_pipeline_free (pipeline);
  close_backend (backend);
  g_assert_cmpint (g_remove (path), ==, 0);
  model_folder_remove (folder);
}

int
main (int   argc,
      char *argv[])
{
  static const char *const families[] = {
    "kohya", "locon", "original", "processor", "oldest", "newer", "peft", "wrapped", "squeezed",
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autofree char *path = g_strconcat ("/eshi/lora/family/", families[i], NULL);

      g_test_add_data_func (path, families[i], test_family);
    }
  g_test_add_func ("/eshi/lora/two", test_two);
  g_test_add_func ("/eshi/lora/comes-and-goes", test_comes_and_goes);
  g_test_add_func ("/eshi/lora/reports", test_reports);
  g_test_add_func ("/eshi/lora/refuses", test_refuses);
  g_test_add_func ("/eshi/lora/refuses-to-merge", test_refuses_to_merge);
  g_test_add_func ("/eshi/lora/many-names", test_many_names);
  g_test_add_func ("/eshi/lora/pipeline", test_pipeline);
  return g_test_run ();
}
