/* test-pipeline.c: a whole small model paints: what it gives, what it repeats, what it refuses, and how it stops.
 *
 * Everything runs on the reference backend: other backends differ in ops alone, and those have tests of their own.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "backends.h"
#include "eshi-pipeline.h"
#include "eshi-scheduler-file.h"
#include "model-folder.h"

typedef struct
{
  char         *folder;
  EshiBackend  *backend;
  EshiPipeline *pipeline;
} Fixture;

static void
setup (Fixture       *self,
       gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  self->folder = model_folder_new ();
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
}

static EshiPipelineParams
small_params (void)
{
  return (EshiPipelineParams) { .prompt = "ねこ", .width = 64, .height = 72, .steps = 3, .guidance = 4, .seed = 42 };
}

static void
generate (Fixture                     *self,
          const EshiPipelineParams    *params,
          const EshiPipelineCallbacks *callbacks,
          EshiPipelineResult          *result)
{
  g_autoptr(GError) error = NULL;

  eshi_pipeline_generate (self->pipeline, params, callbacks, NULL, result, &error);
  g_assert_no_error (error);
}

static gboolean
same_picture (const EshiPipelinePicture *a,
              const EshiPipelinePicture *b)
{
  return g_bytes_equal (a->rgb, b->rgb) && g_bytes_equal (a->latents, b->latents);
}

static void
test_repeats (Fixture       *self,
              gconstpointer  data)
{
  EshiPipelineParams params = small_params ();
  EshiPipelineParams other = params;
  g_auto(EshiPipelineResult) first = { 0 };
  g_auto(EshiPipelineResult) second = { 0 };
  g_auto(EshiPipelineResult) third = { 0 };

  generate (self, &params, NULL, &first);
  g_assert_cmpuint (first.n_pictures, ==, 1);
  g_assert_cmpuint (first.pictures[0].width, ==, 64);
  g_assert_cmpuint (first.pictures[0].height, ==, 72);
  g_assert_cmpuint (g_bytes_get_size (first.pictures[0].rgb), ==, 64 * 72 * 3);
  g_assert_cmpuint (g_bytes_get_size (first.pictures[0].latents), ==, 8 * 9 * 4 * sizeof (float));
  g_assert_cmpuint (first.pictures[0].seed, ==, 42);
  g_assert_cmpstr (first.params.sampler, ==, "pndm");

  /* Another size in between, so that the graphs change. */
  other.width = 80;
  generate (self, &other, NULL, &third);
  generate (self, &params, NULL, &second);
  g_assert_true (same_picture (&first.pictures[0], &second.pictures[0]));
}

/* Each parameter that should change the picture does. */
static void
test_depends (Fixture       *self,
              gconstpointer  data)
{
  EshiPipelineParams base = small_params ();
  EshiPipelineParams others[] = { base, base, base, base, base, base, base, base, base };
  g_auto(EshiPipelineResult) first = { 0 };

  others[0].prompt = "いぬ";
  others[1].negative_prompt = "いぬ";
  others[2].guidance = 4.5;
  others[3].guidance = 1;
  others[4].seed = 43;
  others[5].rng = ESHI_RNG_PHILOX;
  others[6].sampler = "lms";
  others[7].clip_skip = 2;
  others[8].guidance_stop = 0.5;
  generate (self, &base, NULL, &first);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_auto(EshiPipelineResult) result = { 0 };

      generate (self, &others[i], NULL, &result);
      g_test_message ("parameter %u", i);
      g_assert_false (g_bytes_equal (first.pictures[0].latents, result.pictures[0].latents));
    }
}

/* Without guidance there is no unconditional half, so the negative prompt means nothing. */
static void
test_unguided (Fixture       *self,
               gconstpointer  data)
{
  EshiPipelineParams params = small_params ();
  g_auto(EshiPipelineResult) plain = { 0 };
  g_auto(EshiPipelineResult) negative = { 0 };

  params.guidance = 1;
  generate (self, &params, NULL, &plain);
  params.negative_prompt = "いぬ";
  params.guidance = 0.5;
  generate (self, &params, NULL, &negative);
  g_assert_true (same_picture (&plain.pictures[0], &negative.pictures[0]));
}

/* Picture i of a batch is the picture that seed + i gives alone; also where noise is added at every step. */
static void
test_batch (Fixture       *self,
            gconstpointer  data)
{
  EshiPipelineParams params = small_params ();
  g_auto(EshiPipelineResult) batch = { 0 };

  params.sampler = "euler-a";
  params.n_pictures = 3;
  generate (self, &params, NULL, &batch);
  g_assert_cmpuint (batch.n_pictures, ==, 3);
  params.n_pictures = 1;
  for (guint i = 0; i < 3; i++)
    {
      g_auto(EshiPipelineResult) alone = { 0 };

      params.seed = 42 + i;
      generate (self, &params, NULL, &alone);
      g_assert_cmpuint (batch.pictures[i].seed, ==, 42 + i);
      g_assert_true (same_picture (&batch.pictures[i], &alone.pictures[0]));
    }
}

typedef struct
{
  GCancellable *cancellable;
  guint         cancel_at;   /* step; 0: never */
  guint         n_previews;
  guint         n_pictures;
  guint         n_painting;
  guint         last_step;
  double        last_fraction;
  guint         stages;      /* bits */
  guint         smallest;    /* widths of previews */
  guint         largest;
} Watch;

static void
progress_cb (const EshiPipelineProgress *progress,
             gpointer                    user_data)
{
  Watch *watch = user_data;

  watch->stages |= 1u << progress->stage;
  if (progress->stage == ESHI_PIPELINE_LOADING)
    return;

  g_assert_cmpfloat (progress->fraction, >=, watch->last_fraction);
  g_assert_cmpfloat (progress->fraction, <=, 1.0);
  watch->last_fraction = progress->fraction;
  watch->last_step = progress->step;
  watch->n_painting += progress->stage == ESHI_PIPELINE_PAINTING;
  if (watch->cancel_at > 0 && progress->step == watch->cancel_at)
    g_cancellable_cancel (watch->cancellable);
}

static void
preview_cb (guint         index,
            guint         step,
            guint         width,
            guint         height,
            const guint8 *rgb,
            gpointer      user_data)
{
  Watch *watch = user_data;

  g_assert_true ((width == 8 && height == 9) || (width == 64 && height == 72));
  watch->n_previews++;
  watch->smallest = watch->smallest == 0 ? width : MIN (watch->smallest, width);
  watch->largest = MAX (watch->largest, width);
}

static void
picture_cb (guint                      index,
            const EshiPipelinePicture *picture,
            gpointer                   user_data)
{
  Watch *watch = user_data;

  g_assert_cmpuint (index, ==, watch->n_pictures);
  watch->n_pictures++;
}

static void
test_previews_change_nothing (Fixture       *self,
                              gconstpointer  data)
{
  EshiPipelineParams params = small_params ();
  Watch watch = { 0 };
  EshiPipelineCallbacks callbacks = { progress_cb, preview_cb, picture_cb, &watch };
  g_auto(EshiPipelineResult) without = { 0 };
  g_auto(EshiPipelineResult) with = { 0 };

  params.steps = 60;
  params.sampler = "ddim";
  generate (self, &params, NULL, &without);
  generate (self, &params, &callbacks, &with);
  g_assert_true (same_picture (&without.pictures[0], &with.pictures[0]));
  g_assert_cmpuint (watch.n_previews, ==, 59);
  g_assert_cmpuint (watch.n_pictures, ==, 1);
  g_assert_cmpuint (watch.n_painting, ==, 61);
  g_assert_cmpuint (watch.last_step, ==, 60);
  g_assert_cmpuint (watch.stages, ==, 0xf);

  /* A tenth is promised; the clock of a busy computer gets some slack. */
  g_test_message ("steps %.3f s, decoding %.3f s", with.timings.steps, with.timings.decode);
  g_test_message ("previews took %.1f %% of the steps", 100 * with.timings.preview / with.timings.steps);
  /* These steps are time enough for a decoded one. */
  g_assert_cmpuint (watch.smallest, ==, 8);
  g_assert_cmpuint (watch.largest, ==, 64);
  g_assert_cmpfloat (with.timings.preview, <=, 0.2 * with.timings.steps);
}

/* Of 60 steps the last shows no preview, so that the 7th, 14th, … and 56th do. */
static void
test_preview_every (Fixture       *self,
                    gconstpointer  data)
{
  EshiPipelineParams params = small_params ();
  Watch watch = { 0 };
  EshiPipelineCallbacks callbacks = { progress_cb, preview_cb, picture_cb, &watch };
  g_auto(EshiPipelineResult) without = { 0 };
  g_auto(EshiPipelineResult) with = { 0 };

  params.steps = 60;
  params.sampler = "ddim";
  params.preview_every = 7;
  generate (self, &params, NULL, &without);
  generate (self, &params, &callbacks, &with);
  g_assert_true (same_picture (&without.pictures[0], &with.pictures[0]));
  g_assert_cmpuint (watch.n_previews, ==, 8);
}

static void
test_cancel (Fixture       *self,
             gconstpointer  data)
{
  EshiPipelineParams params = small_params ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Watch watch = { .cancellable = cancellable, .cancel_at = 2 };
  EshiPipelineCallbacks callbacks = { progress_cb, preview_cb, picture_cb, &watch };
  g_auto(EshiPipelineResult) result = { 0 };
  g_auto(EshiPipelineResult) again = { 0 };
  g_autoptr(GError) error = NULL;

  params.sampler = "lms";
  g_assert_false (eshi_pipeline_generate (self->pipeline, &params, &callbacks, cancellable, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (result.n_pictures, ==, 0);
  g_assert_cmpuint (watch.last_step, ==, 2);

  generate (self, &params, NULL, &again);
  g_assert_cmpuint (again.n_pictures, ==, 1);
}

static void
test_cancelled_before (Fixture       *self,
                       gconstpointer  data)
{
  EshiPipelineParams params = small_params ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_auto(EshiPipelineResult) result = { 0 };
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiPipeline) other = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (eshi_pipeline_generate (self->pipeline, &params, NULL, cancellable, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  other = eshi_pipeline_new (self->folder, self->backend, NULL, cancellable, &error);
  g_assert_null (other);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_prepare (Fixture       *self,
              gconstpointer  data)
{
  EshiPipelineParams params = small_params ();
  g_autoptr(GError) error = NULL;
  g_auto(EshiPipelineResult) result = { 0 };

  eshi_pipeline_prepare (self->pipeline, &params, NULL, NULL, &error);
  g_assert_no_error (error);
  generate (self, &params, NULL, &result);
  g_assert_cmpfloat (result.timings.load, <, 0.05);
  g_assert_cmpfloat (result.timings.steps, >, 0);
  g_assert_cmpfloat (result.timings.total, >=, result.timings.steps + result.timings.decode);
}

static void
test_defaults (Fixture       *self,
               gconstpointer  data)
{
  EshiPipelineParams params = { 0 };
  g_autoptr(GError) error = NULL;

  eshi_pipeline_resolve (self->pipeline, &params, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (params.width, ==, 64);
  g_assert_cmpuint (params.height, ==, 64);
  g_assert_cmpuint (params.steps, ==, 50);
  g_assert_cmpfloat (params.guidance, ==, 7.5);
  g_assert_cmpstr (params.sampler, ==, "pndm");
  g_assert_cmpuint (params.n_pictures, ==, 1);
}

static void
test_refuses (Fixture       *self,
              gconstpointer  data)
{
  EshiPipelineParams base = small_params ();
  EshiPipelineParams bad[] = { base, base, base, base, base, base, base, base, base, base, base, base };

  bad[0].width = 65;
  bad[1].height = 56;
  bad[2].width = 2056;
  bad[3].steps = 1001;
  bad[4].guidance = 30.5;
  bad[5].guidance = NAN;
  bad[6].guidance = -1;
  bad[7].sampler = "brush";
  bad[8].n_pictures = 65;
  bad[9].clip_skip = 3;
  bad[10].guidance_stop = 1.01;
  bad[11].guidance_stop = NAN;
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_auto(EshiPipelineResult) result = { 0 };

      g_assert_false (eshi_pipeline_generate (self->pipeline, &bad[i], NULL, NULL, &result, &error));
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_str_has_suffix (error->message, "."));
      g_assert_cmpuint (result.n_pictures, ==, 0);
    }
}

typedef struct
{
  const char *file;     /* replaced below the model's folder; NULL contents: removed */
  const char *contents;
  int         code;
  const char *says;
} Broken;

static const Broken broken[] = {
  { "model_index.json", NULL, ESHI_ERROR_MODEL_MISSING, "model_index.json" },
  { "tokenizer/spiece.model", NULL, ESHI_ERROR_MODEL_MISSING, "tokenizer" },
  { "unet/diffusion_pytorch_model.safetensors", NULL, ESHI_ERROR_MODEL_MISSING, "unet" },
  { "unet/diffusion_pytorch_model.safetensors", "short", ESHI_ERROR_MODEL_INVALID, "unet" },
  { "unet/config.json", "{\"block_out_channels\": [32, 64], \"cross_attention_dim\": 32}",
    ESHI_ERROR_MODEL_INVALID, "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight: [32, 64] ≠ [32, 32]" },
  { "unet/config.json", "{\"block_out_channels\": [32, 64], \"cross_attention_dim\": 64, \"in_channels\": 8}",
    ESHI_ERROR_UNSUPPORTED, "in_channels" },
  { "scheduler/scheduler_config.json", "{\"prediction_type\": \"v_prediction\", \"rescale_betas_zero_snr\": true}",
    ESHI_ERROR_UNSUPPORTED, "rescale_betas_zero_snr" },
  { "unet/config.json", "{\"block_out_channels\": [33, 64, 128, 128]}", ESHI_ERROR_MODEL_INVALID, "block_out_channels" },
  { "unet/config.json", "{\"block_out_channels\": 5}", ESHI_ERROR_MODEL_INVALID, "block_out_channels" },
  { "unet/config.json", "{\"attention_head_dim\": 7, \"block_out_channels\": [32, 64, 128, 128]}",
    ESHI_ERROR_MODEL_INVALID, "attention_head_dim" },
  { "unet/config.json", "{\"down_block_types\": [\"Spiral\", \"DownBlock2D\", \"DownBlock2D\", \"DownBlock2D\"]}",
    ESHI_ERROR_UNSUPPORTED, "down_block_types" },
  { "unet/config.json", "{", ESHI_ERROR_MODEL_INVALID, "JSON" },
  { "vae/config.json", "{\"latent_channels\": 16}", ESHI_ERROR_UNSUPPORTED, "latent_channels" },
  { "vae/config.json", "{\"scaling_factor\": -1}", ESHI_ERROR_MODEL_INVALID, "scaling_factor" },
  { "vae/config.json", "{\"latent_rgb_factors\": [[1, 2], 3]}", ESHI_ERROR_MODEL_INVALID, "latent_rgb_factors" },
  { "text_encoder/config.json", "{\"hidden_size\": 1e99}", ESHI_ERROR_MODEL_INVALID, "hidden_size" },
  { "text_encoder/config.json",
    "{\"vocab_size\": 400, \"hidden_size\": 64, \"intermediate_size\": 256, \"num_hidden_layers\": 3,"
    " \"num_attention_heads\": 4}",
    ESHI_ERROR_MODEL_INVALID, "16 tensors" },
  { "scheduler/scheduler_config.json", "{\"prediction_type\": \"sample\"}", ESHI_ERROR_UNSUPPORTED, "prediction_type" },
  { "scheduler/scheduler_config.json", "{\"beta_start\": 0.5, \"beta_end\": 0.1}", ESHI_ERROR_MODEL_INVALID,
    "beta_start" },
  { "scheduler/scheduler_config.json", "{\"timestep_spacing\": \"sideways\"}", ESHI_ERROR_UNSUPPORTED, "timestep_spacing" },
};

static void
test_broken (void)
{
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_F32);

  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      char *folder = model_folder_new ();
      g_autofree char *path = g_build_filename (folder, broken[i].file, NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiPipeline) pipeline = NULL;

      if (broken[i].contents == NULL)
        g_assert_cmpint (g_remove (path), ==, 0);
      else
        model_folder_write (folder, broken[i].file, broken[i].contents);
      pipeline = eshi_pipeline_new (folder, backend, NULL, NULL, &error);
      g_assert_null (pipeline);
      g_assert_nonnull (error);
      g_test_message ("%s", error->message);
      g_assert_error (error, ESHI_ERROR, broken[i].code);
      g_assert_nonnull (strstr (error->message, broken[i].says));
      g_assert_true (g_str_has_suffix (error->message, "."));
      model_folder_remove (folder);
    }

  close_backend (backend);
}

static void
test_scheduler_file (void)
{
  static const struct
  {
    const char *contents;
    const char *sampler;
    EshiTimestepSpacing spacing;
    gboolean ends_noisy;
  } cases[] = {
    { "{\"_class_name\": \"PNDMScheduler\"}", "pndm", ESHI_SPACING_OWN, FALSE },
    { "{\"_class_name\": \"DDIMScheduler\", \"timestep_spacing\": \"leading\"}", "ddim", ESHI_SPACING_LEADING, FALSE },
    { "{\"_class_name\": \"EulerDiscreteScheduler\", \"timestep_spacing\": \"trailing\"}", "euler", ESHI_SPACING_TRAILING,
      FALSE },
    { "{\"_class_name\": \"DPMSolverMultistepScheduler\", \"timestep_spacing\": \"linspace\","
      " \"final_sigmas_type\": \"sigma_min\"}",
      "dpmpp-2m", ESHI_SPACING_LINSPACE, TRUE },
    { "{\"_class_name\": \"UniPCMultistepScheduler\", \"timestep_spacing\": \"trailing\","
      " \"final_sigmas_type\": \"zero\"}",
      "unipc", ESHI_SPACING_TRAILING, FALSE },
  };
  char *folder = model_folder_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      EshiSchedulerConfig config;
      const char *sampler = NULL;
      g_autoptr(GError) error = NULL;

      model_folder_write (folder, "scheduler/scheduler_config.json", cases[i].contents);
      eshi_scheduler_file_load (&config, &sampler, folder, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (sampler, ==, cases[i].sampler);
      g_assert_cmpint (config.spacing, ==, cases[i].spacing);
      g_assert_cmpint (config.ends_noisy, ==, cases[i].ends_noisy);
    }
  model_folder_remove (folder);
}

/* The model's file decides for the sampler that it names, and for no other. */
static void
test_scheduler_file_paints (void)
{
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_F32);
  GBytes *latents[2][2];

  for (guint trailing = 0; trailing < 2; trailing++)
    {
      static const char * const samplers[] = { "euler", "ddim" };
      char *folder = model_folder_new ();
      g_autoptr(GError) error = NULL;
      EshiPipeline *pipeline = NULL;

      model_folder_write (folder, "scheduler/scheduler_config.json",
                          trailing ? "{\"_class_name\": \"EulerDiscreteScheduler\", \"timestep_spacing\": \"trailing\"}"
                                   : "{\"_class_name\": \"EulerDiscreteScheduler\"}");
      pipeline = eshi_pipeline_new (folder, backend, NULL, NULL, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < 2; i++)
        {
          EshiPipelineParams params = { .prompt = "猫", .width = 64, .height = 64, .steps = 2, .sampler = samplers[i] };
          g_auto(EshiPipelineResult) result = { 0 };

          eshi_pipeline_generate (pipeline, &params, NULL, NULL, &result, &error);
          g_assert_no_error (error);
          latents[trailing][i] = g_bytes_ref (result.pictures[0].latents);
        }
      eshi_pipeline_free (pipeline);
      model_folder_remove (folder);
    }
  g_assert_false (g_bytes_equal (latents[0][0], latents[1][0]));
  g_assert_true (g_bytes_equal (latents[0][1], latents[1][1]));
  for (guint i = 0; i < 4; i++)
    g_bytes_unref (latents[i / 2][i % 2]);
  close_backend (backend);
}

/* A single file, or nothing at all, where a folder should be. */
static void
test_not_a_folder (void)
{
  EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_F32);
  char *folder = model_folder_new ();
  g_autofree char *file = g_build_filename (folder, "model_index.json", NULL);
  g_autofree char *nothing = g_build_filename (folder, "nothing", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_null (eshi_pipeline_new (file, backend, NULL, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID);
  g_clear_error (&error);
  g_assert_null (eshi_pipeline_new (nothing, backend, NULL, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING);
  model_folder_remove (folder);
  close_backend (backend);
}

/* Sets the bytes of tensor @name in @folder's file @file to 0xff, which is NaN. */
static void
poison (const char *folder,
        const char *file,
        const char *name)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *key = g_strdup_printf ("\"%s\":{", name);
  g_autofree char *contents = NULL;
  g_autoptr(GError) error = NULL;
  const char *offsets = NULL;
  guint64 header_size = 0;
  guint64 begin = 0;
  gsize size = 0;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  memcpy (&header_size, contents, 8);
  header_size = GUINT64_FROM_LE (header_size);
  offsets = g_strstr_len (contents + 8, (gssize) header_size, key);
  g_assert_nonnull (offsets);
  offsets = strstr (offsets, "\"data_offsets\":[") + strlen ("\"data_offsets\":[");
  begin = g_ascii_strtoull (offsets, NULL, 10);
  memset (contents + 8 + header_size + begin, 0xff, 4);
  g_file_set_contents (path, contents, (gssize) size, &error);
  g_assert_no_error (error);
}

static void
test_not_finite (void)
{
  static const char * const poisoned[][2] = {
    { "unet/diffusion_pytorch_model.safetensors", "conv_out.bias" },
    { "vae/diffusion_pytorch_model.safetensors", "decoder.conv_out.bias" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (poisoned); i++)
    {
      EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_F32);
      char *folder = model_folder_new ();
      EshiPipelineParams params = small_params ();
      EshiPipeline *pipeline = NULL;
      g_auto(EshiPipelineResult) result = { 0 };
      g_autoptr(GError) error = NULL;

      poison (folder, poisoned[i][0], poisoned[i][1]);
      pipeline = eshi_pipeline_new (folder, backend, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_false (eshi_pipeline_generate (pipeline, &params, NULL, NULL, &result, &error));
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_FAILED);
      g_assert_cmpuint (result.n_pictures, ==, 0);
      eshi_pipeline_free (pipeline);
      model_folder_remove (folder);
      close_backend (backend);
    }
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
    { "repeats", test_repeats },
    { "depends-on-each-parameter", test_depends },
    { "unguided-ignores-negative", test_unguided },
    { "batch-is-single-pictures", test_batch },
    { "previews-change-nothing", test_previews_change_nothing },
    { "preview-every", test_preview_every },
    { "cancel-during-steps", test_cancel },
    { "cancelled-before", test_cancelled_before },
    { "prepare-takes-the-loading", test_prepare },
    { "defaults", test_defaults },
    { "refuses-parameters", test_refuses },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/eshi/pipeline/", cases[i].name, NULL);

      g_test_add_vtable (path, sizeof (Fixture), NULL, (GTestFixtureFunc) setup, (GTestFixtureFunc) cases[i].func,
                         (GTestFixtureFunc) teardown);
    }
  g_test_add_func ("/eshi/pipeline/broken-models", test_broken);
  g_test_add_func ("/eshi/pipeline/scheduler-file", test_scheduler_file);
  g_test_add_func ("/eshi/pipeline/scheduler-file-paints", test_scheduler_file_paints);
  g_test_add_func ("/eshi/pipeline/not-a-folder", test_not_a_folder);
  g_test_add_func ("/eshi/pipeline/not-finite", test_not_finite);
  return g_test_run ();
}
