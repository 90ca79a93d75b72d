/* test-prompt.c: prompts down to the numbers that the UNet reads, against Stable Diffusion web UI's rules on transformers'
 * text encoder; textual inversions; and pictures from prompts of any length.
 *
 * golden/prompts.json, prompts.safetensors and embeddings come from golden/make-prompts.py.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "backends.h"
#include "eshi-embedding.h"
#include "eshi-pipeline-private.h"
#include "fill.h"
#include "model-folder.h"

/* Both sides sum in f32, in different orders, over some ten terms of size 1 a layer, and then divide by a mean of several
 * hundred values, which is smaller than they are. */
#define LIMIT 1e-5

/* A model whose text encoder the goldens know: CLIP's vocabulary, 8 numbers wide, 3 layers. */
typedef struct
{
  char         *folder;
  EshiBackend  *backend;
  EshiPipeline *pipeline;
} Rig;

static void
copy_file (const char *folder,
           const char *name)
{
  g_autofree char *from = g_test_build_filename (G_TEST_DIST, "..", "data", "tokenizer", "clip", name, NULL);
  g_autofree char *to = g_strconcat ("tokenizer/", name, NULL);
  g_autofree char *contents = NULL;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (from, &contents, NULL, &error);
  g_assert_no_error (error);
  model_folder_write (folder, to, contents);
}

static void
write_bytes (const char *folder,
             const char *name,
             GBytes     *bytes)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes), &error);
  g_assert_no_error (error);
}

static void
write_text_encoder (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "text_encoder", NULL);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  EshiTextConfig config;

  model_folder_write (folder, "text_encoder/config.json",
                      "{\"vocab_size\": 49408, \"hidden_size\": 8, \"intermediate_size\": 16, \"num_hidden_layers\": 3,"
                      " \"num_attention_heads\": 2, \"hidden_act\": \"quick_gelu\"}");
  eshi_text_config_load (&config, path, &error);
  g_assert_no_error (error);
  bytes = fill_new_file (&config, NULL, NULL);
  write_bytes (path, "model.safetensors", bytes);
}

static void
write_unet (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "unet", NULL);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  EshiUnetConfig config;

  model_folder_write (folder, "unet/config.json",
                      "{\"sample_size\": 8, \"block_out_channels\": [32, 64], \"cross_attention_dim\": 8}");
  eshi_unet_config_load (&config, path, &error);
  g_assert_no_error (error);
  bytes = fill_new_file (NULL, &config, NULL);
  write_bytes (path, "diffusion_pytorch_model.safetensors", bytes);
}

static void
rig_set_up (Rig           *rig,
            gconstpointer  data)
{
  g_autofree char *spiece = NULL;
  g_autoptr(GError) error = NULL;

  rig->folder = model_folder_new ();
  spiece = g_build_filename (rig->folder, "tokenizer", "spiece.model", NULL);
  g_assert_cmpint (g_remove (spiece), ==, 0);
  copy_file (rig->folder, "vocab.json");
  copy_file (rig->folder, "merges.txt");
  write_text_encoder (rig->folder);
  write_unet (rig->folder);
  rig->backend = open_backend ("ref", ESHI_PRECISION_F32);
  rig->pipeline = eshi_pipeline_new (rig->folder, rig->backend, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
rig_tear_down (Rig           *rig,
               gconstpointer  data)
{
  eshi_pipeline_free (rig->pipeline);
  close_backend (rig->backend);
  model_folder_remove (rig->folder);
}

static char *
golden_path (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "golden", name, NULL);
}

static EshiPipelineParams
make_params (const char *prompt,
             const char *embeddings)
{
  return (EshiPipelineParams) {
    .prompt = prompt,
    .width = 64,
    .height = 64,
    .steps = 2,
    .guidance = 1.0,
    .sampler = "euler",
    .strength = 0.75,
    .embeddings = embeddings,
  };
}

/* What the text encoder makes of the prompt alone: f32 [*n]; (transfer full). */
static float *
encode (Rig                *rig,
        EshiPipelineParams  params,
        gsize              *n)
{
  g_auto(EshiReading) reading = { 0 };
  g_autoptr(GError) error = NULL;

  eshi_pipeline_resolve (rig->pipeline, &params, &error);
  g_assert_no_error (error);
  _eshi_reading_init (&reading, rig->pipeline, &params, &error);
  g_assert_no_error (error);
  _eshi_reading_encode (&reading, rig->pipeline, &params, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (reading.texts->len, ==, 1);
  *n = (gsize) reading.n_chunks * 77 * 8;
  return g_steal_pointer (&reading.values);
}

static double
compare (EshiSafetensors *expected,
         const char      *name,
         const float     *values,
         gsize            n)
{
  const EshiTensor *tensor = eshi_safetensors_lookup (expected, name);
  const float *golden = NULL;
  double worst = 0.0;

  g_assert_nonnull (tensor);
  g_assert_cmpint (eshi_tensor_count (tensor), ==, n);
  golden = tensor->data;
  for (gsize i = 0; i < n; i++)
    {
      g_assert_cmpfloat_with_epsilon (golden[i], values[i], LIMIT);
      worst = MAX (worst, fabs (golden[i] - values[i]));
    }
  return worst;
}

static void
test_encoded (Rig           *rig,
              gconstpointer  data)
{
  g_autofree char *json = golden_path ("prompts.json");
  g_autofree char *tensors = golden_path ("prompts.safetensors");
  g_autofree char *embeddings = golden_path ("embeddings");
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();
  g_autoptr(EshiSafetensors) expected = NULL;
  g_autoptr(GError) error = NULL;
  JsonArray *rows = NULL;

  json_parser_load_from_file (parser, json, &error);
  g_assert_no_error (error);
  expected = eshi_safetensors_open (tensors, &error);
  g_assert_no_error (error);
  rows = json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)), "encoded");
  g_assert_cmpuint (json_array_get_length (rows), >, 5);
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonArray *row = json_array_get_array_element (rows, i);
      const char *name = json_array_get_string_element (row, 0);
      EshiPipelineParams params = make_params (json_array_get_string_element (row, 1), embeddings);
      g_autofree float *values = NULL;
      gsize n = 0;

      params.clip_skip = (guint) json_array_get_int_element (row, 2);
      g_assert_true (eshi_emphasis_from_name (json_array_get_string_element (row, 3), &params.emphasis));
      values = encode (rig, params, &n);
      g_test_message ("parity|prompt|text encoder's output, %s|web UI 1.10's rules on transformers 5.23.0|%.1e|%g", name,
                      compare (expected, name, values, n), LIMIT);
    }
}

static void
test_files (void)
{
  static const struct
  {
    const char *file;
    const char *name;
    const char *token;
    guint n_rows;
  } good[] = {
    { "eshi-cat.pt", "eshi-cat", NULL, 3 },
    { "original.pt", "original", NULL, 3 },
    { "learned_embeds.bin", "learned_embeds", "<dots>", 1 },
    { "paint.safetensors", "paint", NULL, 2 },
    { "sks-file.safetensors", "sks-file", "<sks>", 2 },
  };
  g_autofree float *cat = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "embeddings", good[i].file, NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiEmbedding) embedding = eshi_embedding_open (path, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (embedding->name, ==, good[i].name);
      g_assert_cmpstr (embedding->token, ==, good[i].token);
      g_assert_cmpuint (embedding->n_rows, ==, good[i].n_rows);
      g_assert_cmpuint (embedding->width, ==, 8);
      if (i == 0)
        cat = g_memdup2 (embedding->rows, 24 * sizeof (float));
      /* the same numbers, once as a plain dict and once as a module's */
      if (i == 1)
        g_assert_cmpmem (embedding->rows, 24 * sizeof (float), cat, 24 * sizeof (float));
    }
}

/* Copies the first @n bytes of a golden file to @folder/@name; with @n 0 all. */
static void
plant (const char *folder,
       const char *name,
       const char *golden,
       gsize       n)
{
  g_autofree char *from = g_test_build_filename (G_TEST_DIST, "golden", golden, NULL);
  g_autofree char *to = g_build_filename (folder, name, NULL);
  g_autofree char *contents = NULL;
  g_autoptr(GError) error = NULL;
  gsize size = 0;

  g_file_get_contents (from, &contents, &size, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, contents, (gssize) (n > 0 ? MIN (n, size) : size), &error);
  g_assert_no_error (error);
}

/* What is wrong with a file matters to the prompts that name it, and to no other. */
static void
test_refused (Rig           *rig,
              gconstpointer  data)
{
  static const struct
  {
    const char *prompt;
    int code; /* 0 for none */
  } rows[] = {
    { "a cat", 0 },
    { "a wide cat", ESHI_ERROR_UNSUPPORTED },
    { "(two:1.2) cats", ESHI_ERROR_UNSUPPORTED },
    { "halfcut cat", ESHI_ERROR_MODEL_INVALID },
    { "gibberish", ESHI_ERROR_MODEL_INVALID },
    { "network", ESHI_ERROR_UNSUPPORTED },
    { "a folder", ESHI_ERROR_MODEL_INVALID },
    { "paint", 0 },
  };
  g_autofree char *folder = g_build_filename (rig->folder, "embeddings", NULL);
  g_autofree char *inner = g_build_filename (folder, "folder.pt", NULL);

  g_assert_cmpint (g_mkdir_with_parents (inner, 0700), ==, 0);
  plant (folder, "wide.safetensors", "embeddings/wide.safetensors", 0);
  plant (folder, "two.safetensors", "embeddings/two.safetensors", 0);
  plant (folder, "halfcut.pt", "embeddings/eshi-cat.pt", 900);
  plant (folder, "gibberish.bin", "prompts.json", 0);
  plant (folder, "network.safetensors", "networks/unet-one/unet/diffusion_pytorch_model.safetensors", 0);
  plant (folder, "paint.safetensors", "embeddings/paint.safetensors", 0);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      EshiPipelineParams params = make_params (rows[i].prompt, folder);
      g_autoptr(GError) error = NULL;
      g_auto(GStrv) names = NULL;

      eshi_pipeline_resolve (rig->pipeline, &params, &error);
      g_assert_no_error (error);
      names = eshi_pipeline_find_embeddings (rig->pipeline, &params, &error);
      if (error != NULL)
        g_test_message ("%s", error->message);
      if (rows[i].code != 0)
        g_assert_error (error, ESHI_ERROR, rows[i].code);
      else
        g_assert_no_error (error);
      g_assert_cmpuint (names != NULL ? g_strv_length (names) : 0, ==, g_str_equal (rows[i].prompt, "paint") ? 1 : 0);
    }
}

/* Files that come and change are seen, in the negative prompt too. */
static void
test_folder (Rig           *rig,
             gconstpointer  data)
{
  g_autofree char *folder = g_build_filename (rig->folder, "embeddings", NULL);
  EshiPipelineParams params = make_params ("cat", folder);
  g_autofree float *before = NULL;
  g_autofree float *after = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) names = NULL;
  gsize n = 0;

  before = encode (rig, params, &n);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  plant (folder, "cat.safetensors", "embeddings/paint.safetensors", 0);
  after = encode (rig, params, &n);
  g_assert_cmpint (memcmp (before, after, n * sizeof (float)), !=, 0);

  params = make_params ("dog", folder);
  params.guidance = 2.0;
  params.negative_prompt = "CAT, cat";
  eshi_pipeline_resolve (rig->pipeline, &params, &error);
  g_assert_no_error (error);
  names = eshi_pipeline_find_embeddings (rig->pipeline, &params, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (names), ==, 1);
  g_assert_cmpstr (names[0], ==, "cat");
}

/* The finished picture; (transfer full). */
static GBytes *
paint (Rig                *rig,
       EshiPipelineParams  params)
{
  g_auto(EshiPipelineResult) result = { 0 };
  g_autoptr(GError) error = NULL;

  eshi_pipeline_generate (rig->pipeline, &params, NULL, NULL, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result.n_pictures, ==, 1);
  return g_bytes_ref (result.pictures[0].latents);
}

static gboolean
paints_same (Rig                *rig,
             EshiPipelineParams  a,
             EshiPipelineParams  b)
{
  g_autoptr(GBytes) left = paint (rig, a);
  g_autoptr(GBytes) right = paint (rig, b);

  return g_bytes_equal (left, right);
}

/* The emphasis means nothing to a prompt without syntax, and something to one with. */
static void
test_emphasis (Rig           *rig,
               gconstpointer  data)
{
  EshiPipelineParams plain = make_params ("a cat, a dog: \\ 2 birds", NULL);
  EshiPipelineParams weighted = make_params ("a (cat:1.5)", NULL);

  for (EshiEmphasis i = ESHI_EMPHASIS_NO_NORM; i <= ESHI_EMPHASIS_OFF; i++)
    {
      EshiPipelineParams other = plain;

      other.emphasis = i;
      g_assert_true (paints_same (rig, plain, other));
      other = weighted;
      other.emphasis = i;
      g_assert_false (paints_same (rig, weighted, other));
    }
  weighted.emphasis = ESHI_EMPHASIS_IGNORE;
  g_assert_true (paints_same (rig, weighted, make_params ("a cat", NULL)));
}

/* Prompts of different lengths paint, after one another and back, and the shorter one is padded with empty chunks. */
static void
test_lengths (Rig           *rig,
              gconstpointer  data)
{
  g_autofree char *words = g_strnfill (400, 'x');
  EshiPipelineParams shorter = make_params ("a cat", NULL);
  EshiPipelineParams longer = make_params (words, NULL);
  EshiPipelineParams broken = make_params ("a cat BREAK ", NULL);
  g_autoptr(GBytes) first = NULL;
  g_autoptr(GBytes) again = NULL;
  g_autoptr(GBytes) other = NULL;

  for (guint i = 1; i < 400; i += 2)
    words[i] = ' ';
  shorter.guidance = longer.guidance = broken.guidance = 3.0;
  first = paint (rig, shorter);
  other = paint (rig, longer);
  again = paint (rig, shorter);
  g_assert_true (g_bytes_equal (first, again));
  g_assert_false (g_bytes_equal (first, other));

  /* the negative prompt is the longer one: a chunk that is empty, and one that is broken off, are the same */
  shorter.negative_prompt = broken.negative_prompt = "mud BREAK mud";
  broken.prompt = "a cat BREAK BREAK";
  g_assert_true (paints_same (rig, shorter, broken));
}

/* Two steps: what is written for each of them is what is read there, in batches again from the start. */
static void
test_editing (Rig           *rig,
              gconstpointer  data)
{
  EshiPipelineParams both = make_params ("a [cat:dog:1]", NULL);
  EshiPipelineParams turns = make_params ("a [cat|dog]", NULL);
  EshiPipelineParams cat = make_params ("a cat", NULL);
  EshiPipelineParams dog = make_params ("a dog", NULL);
  EshiPipelineParams negative = make_params ("a cat", NULL);
  EshiPipelineParams off = make_params ("a cat", NULL);

  g_assert_false (paints_same (rig, both, cat));
  g_assert_false (paints_same (rig, both, dog));
  g_assert_true (paints_same (rig, both, turns));
  both.prompt = "a [cat:dog:0.5]";
  g_assert_true (paints_same (rig, both, turns));
  both.prompt = "a [cat:dog:2]";
  g_assert_true (paints_same (rig, both, cat));
  both.prompt = "a [cat:dog:0]";
  g_assert_true (paints_same (rig, both, dog));

  negative.guidance = off.guidance = 2.0;
  negative.negative_prompt = "[mud::1]";
  off.negative_prompt = "mud";
  g_assert_false (paints_same (rig, negative, off));
  off.negative_prompt = "";
  g_assert_false (paints_same (rig, negative, off));
  off.negative_prompt = "[mud::0]";
  negative.negative_prompt = "";
  g_assert_true (paints_same (rig, negative, off));
}

/* Each picture of a batch begins with the first step's prompt. */
static void
test_editing_batch (Rig           *rig,
                    gconstpointer  data)
{
  EshiPipelineParams params = make_params ("a [cat:dog BREAK bird:1]", NULL);
  g_auto(EshiPipelineResult) result = { 0 };
  g_autoptr(GBytes) second = NULL;
  g_autoptr(GError) error = NULL;

  params.n_pictures = 2;
  eshi_pipeline_generate (rig->pipeline, &params, NULL, NULL, &result, &error);
  g_assert_no_error (error);
  params.n_pictures = 1;
  params.seed = 1;
  second = paint (rig, params);
  g_assert_true (g_bytes_equal (result.pictures[1].latents, second));
}

static void
test_too_many_forms (Rig           *rig,
                     gconstpointer  data)
{
  g_autoptr(GString) prompt = g_string_new ("[a");
  EshiPipelineParams params = make_params (NULL, NULL);
  g_auto(EshiPipelineResult) result = { 0 };
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 300; i++)
    g_string_append_printf (prompt, "|%u", i);
  g_string_append (prompt, "]");
  params.prompt = prompt->str;
  params.steps = 400;
  g_assert_false (eshi_pipeline_generate (rig->pipeline, &params, NULL, NULL, &result, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_test_message ("%s", error->message);
}

static void
test_too_long (Rig           *rig,
               gconstpointer  data)
{
  g_autofree char *words = g_strnfill (8000, 'x');
  EshiPipelineParams params = make_params (words, NULL);
  g_auto(EshiPipelineResult) result = { 0 };
  g_autoptr(GError) error = NULL;

  for (guint i = 1; i < 8000; i += 2)
    words[i] = ' ';
  g_assert_false (eshi_pipeline_generate (rig->pipeline, &params, NULL, NULL, &result, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_test_message ("%s", error->message);
  params.emphasis = ESHI_EMPHASIS_OFF;
  g_bytes_unref (paint (rig, params));
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *name;
    void (*func) (Rig *rig,
                  gconstpointer data);
  } tests[] = {
    { "/eshi/prompt/encoded", test_encoded },
    { "/eshi/prompt/emphasis", test_emphasis },
    { "/eshi/prompt/lengths", test_lengths },
    { "/eshi/prompt/too-long", test_too_long },
    { "/eshi/prompt/editing", test_editing },
    { "/eshi/prompt/editing-batch", test_editing_batch },
    { "/eshi/prompt/too-many-forms", test_too_many_forms },
    { "/eshi/embedding/refused", test_refused },
    { "/eshi/embedding/folder", test_folder },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Rig, NULL, rig_set_up, tests[i].func, rig_tear_down);
  g_test_add_func ("/eshi/embedding/files", test_files);
  return g_test_run ();
}
