/* test-guard.c: what a pipeline does with the safety checker's judgement and with the watermark.
 *
 * A small model paints; beside it lies one of the golden safety checkers, whose limits are moved so far that it flags
 * everything or nothing.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "backends.h"
#include "eshi-error.h"
#include "eshi-pipeline.h"
#include "eshi-safety-checker.h"
#include "eshi-watermark.h"
#include "model-folder.h"

#define INDEX_WITH "{\"_class_name\": \"StableDiffusionPipeline\", \"safety_checker\": " \
                   "[\"stable_diffusion\", \"StableDiffusionSafetyChecker\"]}"
#define INDEX_WITHOUT "{\"_class_name\": \"StableDiffusionPipeline\", \"safety_checker\": [null, null]}"
#define FLAG_EVERYTHING 0xc000 /* −2 in f16: every cosine is above it */
#define FLAG_NOTHING 0x4000    /* 2 */

static char *
load_golden (const char *name,
             gsize      *size)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "safety", "new-names", name, NULL);
  g_autoptr(GError) error = NULL;
  char *contents = NULL;

  g_file_get_contents (path, &contents, size, &error);
  g_assert_no_error (error);
  return contents;
}

/* Where the values of @tensor lie in a safetensors file. */
static guint8 *
find_values (char       *file,
             const char *tensor)
{
  guint64 n_header = 0;
  g_autoptr(JsonParser) parser = json_parser_new ();
  JsonObject *entry = NULL;

  memcpy (&n_header, file, sizeof n_header);
  n_header = GUINT64_FROM_LE (n_header);
  g_assert_true (json_parser_load_from_data (parser, file + 8, (gssize) n_header, NULL));
  entry = json_object_get_object_member (json_node_get_object (json_parser_get_root (parser)), tensor);
  return (guint8 *) file + 8 + n_header +
         json_array_get_int_element (json_object_get_array_member (entry, "data_offsets"), 0);
}

/* Puts the golden checker into the model @folder, with @limit, in f16, for all its concepts. */
static void
add_checker (const char *folder,
             guint16     limit)
{
  gsize n_config = 0;
  gsize n_weights = 0;
  g_autofree char *config = load_golden ("config.json", &n_config);
  g_autofree char *weights = load_golden ("model.safetensors", &n_weights);
  g_autofree char *path = g_build_filename (folder, "safety_checker", "model.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  guint8 *limits = find_values (weights, "concept_embeds_weights");

  for (guint i = 0; i < ESHI_SAFETY_N_CONCEPTS; i++)
    {
      limits[2 * i] = (guint8) (limit & 255);
      limits[2 * i + 1] = (guint8) (limit >> 8);
    }
  model_folder_write (folder, "model_index.json", INDEX_WITH);
  model_folder_write (folder, "safety_checker/config.json", config);
  g_file_set_contents (path, weights, (gssize) n_weights, &error);
  g_assert_no_error (error);
}

/* Paints with a pipeline of its own, as a program that is started for it. */
static gboolean
paint (const char          *folder,
       EshiBackend         *backend,
       EshiSwitch           safety,
       EshiSwitch           watermark,
       guint                size,
       EshiPipelineResult  *result,
       GError             **error)
{
  g_autoptr(EshiPipeline) pipeline = eshi_pipeline_new (folder, backend, NULL, NULL, error);
  EshiPipelineParams params = {
    .prompt = "ねこ",
    .steps = 1,
    .guidance = 1,
    .seed = 3,
    .sampler = "euler",
    .width = size,
    .height = size,
    .n_pictures = size > 64 ? 1 : 2,
    .safety = safety,
    .watermark = watermark,
  };

  return pipeline != NULL && eshi_pipeline_generate (pipeline, &params, NULL, NULL, result, error);
}

/* The same, where nothing may go wrong: two small pictures, or a large one. */
static void
paint_well (const char         *folder,
            EshiBackend        *backend,
            EshiSwitch          safety,
            EshiSwitch          watermark,
            guint               size,
            EshiPipelineResult *result)
{
  g_autoptr(GError) error = NULL;

  paint (folder, backend, safety, watermark, size, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result->n_pictures, ==, size > 64 ? 1 : 2);
}

static void
assert_refused (const char  *folder,
                EshiBackend *backend,
                EshiSwitch   safety,
                EshiSwitch   watermark,
                int          code,
                const char  *word)
{
  g_auto(EshiPipelineResult) result = { 0 };
  g_autoptr(GError) error = NULL;

  g_assert_false (paint (folder, backend, safety, watermark, 64, &result, &error));
  g_assert_error (error, ESHI_ERROR, code);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_true (g_str_has_suffix (error->message, "."));
  g_assert_cmpuint (result.n_pictures, ==, 0);
}

static void
assert_same_pictures (const EshiPipelineResult *a,
                      const EshiPipelineResult *b)
{
  g_assert_cmpuint (a->n_pictures, ==, b->n_pictures);
  for (guint i = 0; i < a->n_pictures; i++)
    {
      g_assert_true (g_bytes_equal (a->pictures[i].rgb, b->pictures[i].rgb));
      g_assert_true (g_bytes_equal (a->pictures[i].latents, b->pictures[i].latents));
      g_assert_false (b->pictures[i].withheld);
    }
}

static void
assert_black (const EshiPipelineResult *result)
{
  for (guint i = 0; i < result->n_pictures; i++)
    {
      gsize size = 0;
      const guint8 *rgb = g_bytes_get_data (result->pictures[i].rgb, &size);

      g_assert_true (result->pictures[i].withheld);
      for (gsize k = 0; k < size; k++)
        g_assert_cmpuint (rgb[k], ==, 0);
    }
}

/* Off and not flagged give the bytes of a model without a checker; flagged gives black. */
static void
test_pictures (gconstpointer data)
{
  EshiBackend *backend = open_backend (data, ESHI_PRECISION_AUTO);
  char *folder = NULL;
  g_auto(EshiPipelineResult) before = { 0 };
  g_auto(EshiPipelineResult) off = { 0 };
  g_auto(EshiPipelineResult) passed = { 0 };
  g_auto(EshiPipelineResult) flagged = { 0 };

  if (backend == NULL)
    return;

  folder = model_folder_new ();
  paint_well (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_AUTO, 64, &before);
  g_assert_cmpint (before.params.safety, ==, ESHI_SWITCH_OFF);
  g_assert_cmpint (before.params.watermark, ==, ESHI_SWITCH_OFF);

  add_checker (folder, FLAG_EVERYTHING);
  paint_well (folder, backend, ESHI_SWITCH_OFF, ESHI_SWITCH_AUTO, 64, &off);
  assert_same_pictures (&before, &off);
  paint_well (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_AUTO, 64, &flagged);
  g_assert_cmpint (flagged.params.safety, ==, ESHI_SWITCH_ON);
  assert_black (&flagged);

  add_checker (folder, FLAG_NOTHING);
  paint_well (folder, backend, ESHI_SWITCH_ON, ESHI_SWITCH_AUTO, 64, &passed);
  g_assert_cmpint (passed.params.watermark, ==, ESHI_SWITCH_OFF);
  assert_same_pictures (&before, &passed);

  model_folder_remove (folder);
  close_backend (backend);
}

/* In pictures that are large enough the watermark is what eshi_watermark_embed() makes; black pictures have none. */
static void
test_watermark (void)
{
  EshiBackend *backend = open_backend ("cpu", ESHI_PRECISION_AUTO);
  char *folder = NULL;
  g_autofree guint8 *rgb = NULL;
  gsize size = 0;
  g_auto(EshiPipelineResult) before = { 0 };
  g_auto(EshiPipelineResult) asked = { 0 };
  g_auto(EshiPipelineResult) own = { 0 };
  g_auto(EshiPipelineResult) flagged = { 0 };

  if (backend == NULL)
    return;

  folder = model_folder_new ();
  paint_well (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_AUTO, 256, &before);
  paint_well (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_ON, 256, &asked);
  add_checker (folder, FLAG_NOTHING);
  paint_well (folder, backend, ESHI_SWITCH_OFF, ESHI_SWITCH_AUTO, 256, &own);
  g_assert_cmpint (own.params.watermark, ==, ESHI_SWITCH_ON);
  assert_same_pictures (&asked, &own);

  rgb = g_bytes_unref_to_data (g_bytes_ref (before.pictures[0].rgb), &size);
  eshi_watermark_embed (rgb, 256, 256);
  g_assert_cmpmem (rgb, size, g_bytes_get_data (asked.pictures[0].rgb, NULL), size);

  add_checker (folder, FLAG_EVERYTHING);
  paint_well (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_ON, 256, &flagged);
  assert_black (&flagged);
  model_folder_remove (folder);
  close_backend (backend);
}

/* What cannot be done is said, and before anything is painted; what was not asked for does not matter. */
static void
test_refusals (void)
{
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_AUTO);
  char *folder = model_folder_new ();
  g_auto(EshiPipelineResult) result = { 0 };

  assert_refused (folder, backend, ESHI_SWITCH_ON, ESHI_SWITCH_AUTO, ESHI_ERROR_UNSUPPORTED, "no safety checker");
  assert_refused (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_ON, ESHI_ERROR_INVALID_ARGUMENT, "256 × 256");
  assert_refused (folder, backend, (EshiSwitch) 7, ESHI_SWITCH_ON, ESHI_ERROR_INVALID_ARGUMENT, "“auto”");

  add_checker (folder, FLAG_EVERYTHING);
  model_folder_write (folder, "model_index.json", INDEX_WITHOUT);
  assert_refused (folder, backend, ESHI_SWITCH_ON, ESHI_SWITCH_AUTO, ESHI_ERROR_UNSUPPORTED, "no safety checker");

  model_folder_write (folder, "model_index.json", INDEX_WITH);
  model_folder_write (folder, "safety_checker/config.json", "{\"vision_config\": {\"hidden_size\": 17}}");
  assert_refused (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_AUTO, ESHI_ERROR_MODEL_INVALID, "num_attention_heads");
  model_folder_write (folder, "safety_checker/config.json", "{\"vision_config\": []}");
  assert_refused (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_AUTO, ESHI_ERROR_MODEL_INVALID, "vision_config");
  model_folder_write (folder, "safety_checker/config.json", "{\"vision_config\": {\"hidden_act\": \"relu\"}}");
  assert_refused (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_AUTO, ESHI_ERROR_UNSUPPORTED, "hidden_act");
  model_folder_write (folder, "safety_checker/config.json", "{}");
  assert_refused (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_AUTO, ESHI_ERROR_MODEL_INVALID, "patch_embedding");
  paint_well (folder, backend, ESHI_SWITCH_OFF, ESHI_SWITCH_AUTO, 64, &result);

  model_folder_remove (folder);
  close_backend (backend);
}

/* Not finite numbers let no picture pass. */
static void
test_damaged (void)
{
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_AUTO);
  char *folder = model_folder_new ();

  add_checker (folder, 0x7e00); /* not a number */
  assert_refused (folder, backend, ESHI_SWITCH_AUTO, ESHI_SWITCH_AUTO, ESHI_ERROR_FAILED, "not finite");
  model_folder_remove (folder);
  close_backend (backend);
}

static void
test_cancel (void)
{
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_AUTO);
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "safety", "old-names", NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSafetyChecker) checker = eshi_safety_checker_load (folder, &error);
  const guint8 rgb[3] = { 0, 0, 0 };
  EshiSafetyScores scores;

  g_assert_no_error (error);
  g_assert_true (eshi_safety_checker_prepare (checker, backend, cancellable, NULL));
  g_cancellable_cancel (cancellable);
  g_assert_false (eshi_safety_checker_check (checker, rgb, 1, 1, cancellable, &scores, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_clear_error (&error);
  eshi_safety_checker_release (checker);
  g_assert_false (eshi_safety_checker_prepare (checker, backend, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  close_backend (backend);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/eshi/guard/pictures/ref", "ref", test_pictures);
  g_test_add_data_func ("/eshi/guard/pictures/cpu", "cpu", test_pictures);
  g_test_add_func ("/eshi/guard/watermark", test_watermark);
  g_test_add_func ("/eshi/guard/refusals", test_refusals);
  g_test_add_func ("/eshi/guard/damaged", test_damaged);
  g_test_add_func ("/eshi/guard/cancel", test_cancel);

  return g_test_run ();
}
