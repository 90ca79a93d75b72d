/* test-lora-merged.c: what the small model's UNet and text encoder give with a LoRA of each family merged, against
 * diffusers and peft, which read and merged the same files.
 *
 * What is refused and what comes and goes is test-lora's business. tests/golden/README.md says how the files were made.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "../parity.h"
#include "backends.h"
#include "eshi-lora.h"
#include "eshi-text-encoder.h"
#include "eshi-unet.h"
#include "fill.h"
#include "model-folder.h"
#include "taps.h"

/* Both sides sum in f32, in different orders, over some hundred terms of size 1: measured 4e-6 at most. */
#define LIMIT 2e-5

#define WEIGHT 0.8

#define HEIGHT 8
#define WIDTH 6
#define N_LATENTS (4 * HEIGHT * WIDTH)
#define N_WORDS 7

typedef struct
{
  char            *folder;
  EshiBackend     *backend;
  EshiSafetensors *expected;
} Fixture;

static EshiSafetensors *
open_golden (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".safetensors", NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "lora-merged", file, NULL);
  g_autoptr(GError) error = NULL;
  EshiSafetensors *self = eshi_safetensors_open (path, &error);

  g_assert_no_error (error);
  return self;
}

static void
setup (Fixture       *self,
       gconstpointer  data)
{
  self->folder = model_folder_new ();
  self->backend = open_backend ("ref", ESHI_PRECISION_F32);
  self->expected = open_golden ("expected");
}

static void
teardown (Fixture       *self,
          gconstpointer  data)
{
  eshi_safetensors_free (self->expected);
  close_backend (self->backend);
  model_folder_remove (self->folder);
}

static void
merge (const char    *family,
       EshiLoraPart   part,
       EshiLoraTable *table,
       EshiWeights   *weights)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiLora) lora = eshi_lora_new (open_golden (family), family, &error);
  g_autofree char *note = NULL;

  g_assert_no_error (error);
  eshi_lora_merge (lora, part, table, weights, WEIGHT, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (eshi_lora_get_n_merged (lora), ==, eshi_lora_count (lora, part));
  note = eshi_lora_dup_note (lora);
  g_assert_null (note);
}

static void
check (Fixture     *self,
       const char  *family,
       const char  *part,
       const float *values,
       gsize        n)
{
  g_autofree char *name = g_strdup_printf ("%s/%s", family, part);
  g_autofree char *what = g_strdup_printf ("%s with %s", g_str_equal (part, "unet") ? "UNet" : "text encoder", family);
  const EshiTensor *expected = eshi_safetensors_lookup (self->expected, name);
  double distance = 0;

  g_assert_nonnull (expected);
  g_assert_cmpint (eshi_tensor_count (expected), ==, n);
  distance = parity_distance (values, expected->data, n);
  parity_row ("LoRA", what, "diffusers 0.42.1, peft 0.21.2", distance, LIMIT);
  g_assert_cmpfloat (distance, <=, LIMIT);
}

static void
upload (EshiGraph  *graph,
        EshiTensor *x,
        const void *data)
{
  g_autoptr(GError) error = NULL;

  eshi_graph_upload (graph, x, data, &error);
  g_assert_no_error (error);
}

static void
prepare (EshiGraph *graph)
{
  g_autoptr(GError) error = NULL;

  eshi_graph_prepare (graph, NULL, &error);
  g_assert_no_error (error);
}

static void
run (EshiGraph *graph)
{
  g_autoptr(GError) error = NULL;

  eshi_graph_run (graph, NULL, &error);
  g_assert_no_error (error);
}

/* What @unet answers at timestep 500, [4, HEIGHT, WIDTH]; (transfer full). */
static float *
run_unet (EshiBackend *backend,
          EshiUnet    *unet)
{
  static const float timestep = 500;
  const EshiShape shape = ESHI_SHAPE4 (1, HEIGHT, WIDTH, 4);
  g_autoptr(EshiGraph) context_graph = eshi_graph_new (backend);
  g_autoptr(EshiGraph) graph = eshi_graph_new (backend);
  EshiTensor *words = eshi_graph_input (context_graph, "words", ESHI_DTYPE_F32, ESHI_SHAPE3 (1, N_WORDS, 64));
  EshiTensor *x = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, shape);
  EshiTensor *t = eshi_graph_input (graph, "t", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiTensor *y = NULL;
  EshiUnetContext context = { 0 };
  float given[N_WORDS * 64];
  float latents[N_LATENTS];
  float answer[N_LATENTS];

  eshi_unet_build_context (unet, context_graph, words, &context);
  prepare (context_graph);
  fill_input ("input:context", given, G_N_ELEMENTS (given));
  upload (context_graph, words, given);
  run (context_graph);
  y = eshi_graph_output (graph, "y", eshi_unet_build_step (unet, graph, x, t, &context, NULL, NULL), ESHI_DTYPE_F32);
  prepare (graph);
  fill_input_image ("input:latent", latents, 4, HEIGHT, WIDTH);
  upload (graph, x, latents);
  upload (graph, t, &timestep);
  run (graph);
  g_assert_true (eshi_graph_download (graph, y, answer, NULL));
  eshi_unet_context_clear (&context);
  return to_channels_first (answer, &shape);
}

static void
test_unet (Fixture       *self,
           gconstpointer  family)
{
  g_autofree char *path = g_build_filename (self->folder, "unet", NULL);
  g_autoptr(EshiLoraTable) table = eshi_lora_table_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiUnet) unet = eshi_unet_load (path, &error);
  g_autofree float *answer = NULL;

  g_assert_no_error (error);
  eshi_unet_foreach_weight (eshi_unet_get_config (unet), eshi_lora_table_add, table);
  eshi_lora_table_add_original_names (table);
  merge (family, ESHI_LORA_UNET, table, eshi_unet_get_weights (unet));
  answer = run_unet (self->backend, unet);
  check (self, family, "unet", answer, N_LATENTS);
}

static void
test_text (Fixture       *self,
           gconstpointer  family)
{
  static const gint32 ids[N_WORDS] = { 4, 40, 41, 42, 43, 2, 3 };
  g_autofree char *path = g_build_filename (self->folder, "text_encoder", NULL);
  g_autoptr(EshiLoraTable) table = eshi_lora_table_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiTextEncoder) text = eshi_text_encoder_load (path, &error);
  g_autoptr(EshiGraph) graph = eshi_graph_new (self->backend);
  EshiTensor *x = eshi_graph_input (graph, "ids", ESHI_DTYPE_I32, ESHI_SHAPE2 (1, N_WORDS));
  EshiTensor *y = NULL;
  float hidden[N_WORDS * 64];

  g_assert_no_error (error);
  eshi_text_encoder_foreach_weight (eshi_text_encoder_get_config (text), eshi_lora_table_add, table);
  merge (family, ESHI_LORA_TEXT, table, eshi_text_encoder_get_weights (text));
  y = eshi_graph_output (graph, "y", eshi_text_encoder_build (text, graph, x, 1, NULL, NULL), ESHI_DTYPE_F32);
  prepare (graph);
  upload (graph, x, ids);
  run (graph);
  g_assert_true (eshi_graph_download (graph, y, hidden, NULL));
  g_clear_pointer (&graph, eshi_graph_free);
  check (self, family, "text", hidden, G_N_ELEMENTS (hidden));
}

int
main (int   argc,
      char *argv[])
{
  static const char * const families[] = { "kohya", "kohya-conv", "kohya-original", "processor", "newer", "peft" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autofree char *unet = g_strdup_printf ("/eshi/lora-merged/%s/unet", families[i]);
      g_autofree char *text = g_strdup_printf ("/eshi/lora-merged/%s/text", families[i]);

      g_test_add (unet, Fixture, families[i], setup, test_unet, teardown);
      g_test_add (text, Fixture, families[i], setup, test_text, teardown);
    }
  return g_test_run ();
}
