/* eshi-pipeline.c: loads a model folder, judges parameters, and keeps the order of things in each call.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "eshi-pipeline-preview.h"
#include "eshi-pipeline-private.h"
#include "eshi-scheduler-file.h"
#include "eshi-tiles.h"

#define DEFAULT_STEPS 50
#define DEFAULT_GUIDANCE 7.5
#define MAX_GUIDANCE 30.0

static double
seconds_since (gint64 start_us)
{
  return (double) (g_get_monotonic_time () - start_us) / G_USEC_PER_SEC;
}

static void
report (const EshiPipelineCallbacks *callbacks,
        EshiPipelineStage            stage,
        double                       fraction,
        guint                        n_steps)
{
  EshiPipelineProgress progress = { .stage = stage, .fraction = fraction, .n_steps = n_steps, .seconds_left = -1 };

  if (callbacks != NULL && callbacks->progress != NULL)
    callbacks->progress (&progress, callbacks->user_data);
}

guint
_eshi_pipeline_n_tokens (EshiPipeline *self)
{
  return MIN (eshi_text_encoder_get_config (self->text)->max_positions, eshi_tokenizer_get_max_length (self->tokenizer));
}

guint
_eshi_pipeline_factor (EshiPipeline *self)
{
  return eshi_vae_config_get_factor (eshi_vae_get_config (self->vae));
}

/* Whether the parts, each sound, belong together. */
static gboolean
check_parts (EshiPipeline  *self,
             GError       **error)
{
  guint hidden = eshi_text_encoder_get_config (self->text)->hidden_size;
  guint cross = eshi_unet_get_config (self->unet)->cross_attention_dim;

  if (eshi_tokenizer_get_vocab_size (self->tokenizer) > eshi_text_encoder_get_config (self->text)->vocab_size)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                   _("The parts of the model “%s” do not belong together: its tokenizer knows more pieces of words than its "
                     "text encoder."),
                   self->folder);
      return FALSE;
    }
  if (hidden == cross)
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
               _("The parts of the model “%s” do not belong together: its text encoder gives %u numbers per word, but its "
                 "UNet takes %u."),
               self->folder, hidden, cross);
  return FALSE;
}

/* Opens part @index of the model in a folder. */
static gboolean
load_folder_part (EshiPipeline  *self,
                  const char    *folder,
                  guint          index,
                  GError       **error)
{
  static const char *const names[] = { "tokenizer", "text_encoder", "unet", "vae" };
  g_autofree char *path = g_build_filename (folder, names[index], NULL);

  switch (index)
    {
    case 0:
      self->tokenizer = eshi_tokenizer_new_for_path (path, error);
      return self->tokenizer != NULL;
    case 1:
      self->text = eshi_text_encoder_load (path, error);
      return self->text != NULL;
    case 2:
      self->unet = eshi_unet_load (path, error);
      return self->unet != NULL;
    default:
      self->vae = eshi_vae_load (path, ESHI_VAE_DECODER, error);
      return self->vae != NULL;
    }
}

static gboolean
load_part (EshiPipeline  *self,
           const char    *folder,
           guint          index,
           GError       **error)
{
  if (g_file_test (folder, G_FILE_TEST_IS_REGULAR))
    return _eshi_pipeline_load_checkpoint_part (self, index, error);
  return load_folder_part (self, folder, index, error);
}

static gboolean
check_folder (const char  *folder,
              GError     **error)
{
  g_autofree char *index = g_build_filename (folder, "model_index.json", NULL);
  g_autofree char *shown = g_filename_display_name (folder);

  if (g_file_test (index, G_FILE_TEST_EXISTS) || g_file_test (folder, G_FILE_TEST_IS_REGULAR))
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
               _("“%s” is not a model folder: there is no file model_index.json in it."), shown);
  return FALSE;
}

EshiPipeline *
eshi_pipeline_new (const char                   *folder,
                   EshiBackend                  *backend,
                   const EshiPipelineCallbacks  *callbacks,
                   GCancellable                 *cancellable,
                   GError                      **error)
{
  g_autoptr(EshiPipeline) self = NULL;

  g_return_val_if_fail (folder != NULL, NULL);
  g_return_val_if_fail (backend != NULL, NULL);

  self = g_new0 (EshiPipeline, 1);
  self->backend = backend;
  self->path = g_strdup (folder);
  self->folder = g_filename_display_name (folder);
  self->hidden = g_queue_new ();
  if (!check_folder (folder, error) ||
      !eshi_scheduler_file_load (&self->scheduler_config, &self->sampler, folder, error))
    return NULL;

  for (guint i = 0; i < 4; i++)
    {
      report (callbacks, ESHI_PIPELINE_LOADING, i / 4.0, 0);
      if (g_cancellable_set_error_if_cancelled (cancellable, error) || !load_part (self, folder, i, error))
        return NULL;
    }

  if (!check_parts (self, error))
    return NULL;
  self->has_checker = _eshi_guard_find_checker (folder);
  self->has_rgb = eshi_latent_rgb_for_config (eshi_vae_get_config (self->vae), &self->rgb);
  report (callbacks, ESHI_PIPELINE_LOADING, 1.0, 0);
  return g_steal_pointer (&self);
}

void
eshi_pipeline_free (EshiPipeline *self)
{
  if (self == NULL)
    return;

  _eshi_pipeline_graphs_clear (self);
  _eshi_pipeline_taesd_clear (self);
  _eshi_pipeline_text_clear (self);
  g_clear_pointer (&self->embeddings, eshi_embeddings_free);
  g_clear_pointer (&self->tokenizer, eshi_tokenizer_free);
  g_clear_pointer (&self->text, eshi_text_encoder_free);
  g_clear_pointer (&self->unet, eshi_unet_free);
  g_clear_pointer (&self->vae, eshi_vae_free);
  g_clear_pointer (&self->checkpoint, eshi_checkpoint_free);
  g_clear_pointer (&self->encoder, eshi_vae_free);
  g_clear_pointer (&self->checker, eshi_safety_checker_free);
  g_clear_pointer (&self->own_vae, eshi_vae_free);
  g_clear_pointer (&self->own_encoder, eshi_vae_free);
  g_free (self->vae_key);
  g_free (self->taesd_told);
  g_free (self->path);
  g_free (self->lora_key);
  g_free (self->lora_note);
  g_free (self->folder);
  g_free (self);
}

gsize
eshi_pipeline_get_model_bytes (EshiPipeline *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return eshi_weights_get_bytes (eshi_text_encoder_get_weights (self->text)) +
         eshi_weights_get_bytes (eshi_unet_get_weights (self->unet)) +
         eshi_weights_get_bytes (eshi_vae_get_weights (self->vae));
}

/* The image's sides as multiples of the factor, one of them in proportion if the other was chosen. */
static void
fill_size_from_image (EshiPipelineParams *params,
                      guint               factor)
{
  guint64 image_width = params->image_width;
  guint64 image_height = params->image_height;
  guint64 width = params->width;
  guint64 height = params->height;

  if (width == 0)
    width = height == 0 ? image_width : image_width * height / image_height;
  if (height == 0)
    height = params->width == 0 ? image_height : image_height * width / image_width;
  if (params->width == 0)
    params->width = (guint) MAX (width / factor, 1) * factor;
  if (params->height == 0)
    params->height = (guint) MAX (height / factor, 1) * factor;
}

static void
fill_defaults (EshiPipeline       *self,
               EshiPipelineParams *params)
{
  guint size = eshi_unet_get_config (self->unet)->sample_size * _eshi_pipeline_factor (self);

  size = CLAMP (size, ESHI_PIPELINE_MIN_SIZE, ESHI_PIPELINE_MAX_SIZE);
  if (params->image != NULL)
    fill_size_from_image (params, _eshi_pipeline_factor (self));
  if (params->prompt == NULL)
    params->prompt = "";
  if (params->negative_prompt == NULL)
    params->negative_prompt = "";
  if (params->width == 0)
    params->width = size;
  if (params->height == 0)
    params->height = size;
  if (params->steps == 0)
    params->steps = DEFAULT_STEPS;
  if (params->guidance == 0)
    params->guidance = DEFAULT_GUIDANCE;
  if (params->sampler == NULL)
    params->sampler = self->sampler;
  if (params->n_pictures == 0)
    params->n_pictures = 1;
  if (params->clip_skip == 0)
    params->clip_skip = 1;
  if (params->guidance_stop == 0)
    params->guidance_stop = 1;
}

/* Before the size is taken from the image. */
static gboolean
check_image (const EshiPipelineParams  *params,
             GError                   **error)
{
  if (params->image == NULL && params->mask == NULL)
    return TRUE;

  if (params->image == NULL)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("A mask says which part of an image is painted over; choose an image as well."));
      return FALSE;
    }
  if (params->image_width < 1 || params->image_width > ESHI_PIPELINE_MAX_IMAGE_SIZE || params->image_height < 1 ||
      params->image_height > ESHI_PIPELINE_MAX_IMAGE_SIZE)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("An image of %u × %u pixels cannot be started from; choose one of at most %d pixels a side."),
                   params->image_width, params->image_height, ESHI_PIPELINE_MAX_IMAGE_SIZE);
      return FALSE;
    }
  /* Written so that NaN fails. */
  if (!(params->strength >= 0.0 && params->strength <= 1.0))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The strength %g is not possible; choose a number from 0 to 1."), params->strength);
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_size (guint    size,
            guint    factor,
            GError **error)
{
  if (size >= ESHI_PIPELINE_MIN_SIZE && size <= ESHI_PIPELINE_MAX_SIZE && size % factor == 0)
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("A picture's width and height must be multiples of %u from %d to %d pixels; %u is not."),
               factor, ESHI_PIPELINE_MIN_SIZE, ESHI_PIPELINE_MAX_SIZE, size);
  return FALSE;
}

static gboolean
check_count (const char  *format,
             guint        value,
             guint        max,
             GError     **error)
{
  if (value >= 1 && value <= max)
    return TRUE;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, format, max, value);
#pragma GCC diagnostic pop
  return FALSE;
}

/* Replaces AUTO, and ON for a picture that is a single tile. */
static void
resolve_tiling (EshiPipeline       *self,
                EshiPipelineParams *params)
{
  EshiTiles tiles = _eshi_tiles_for_decoder (eshi_vae_get_config (self->vae));
  guint factor = _eshi_pipeline_factor (self);
  guint height = params->height / factor;
  guint width = params->width / factor;

  if (params->vae_tiling == ESHI_SWITCH_AUTO && self->tiled_from > 0 &&
      (guint64) params->width * params->height >= self->tiled_from)
    params->vae_tiling = ESHI_SWITCH_ON;
  else if (params->vae_tiling == ESHI_SWITCH_AUTO)
    params->vae_tiling = _eshi_pipeline_choose_tiling (self, height, width, params->guidance > 1.0,
                                                       _eshi_pipeline_get_free_memory (self));
  if (!_eshi_tiles_are_many (&tiles, height, width))
    params->vae_tiling = ESHI_SWITCH_OFF;
}

gboolean
eshi_pipeline_resolve (EshiPipeline        *self,
                       EshiPipelineParams  *params,
                       GError             **error)
{
  guint n_layers = 0;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (params != NULL, FALSE);

  if (!check_image (params, error) || !_eshi_pipeline_use_vae (self, params->vae, error))
    return FALSE;
  fill_defaults (self, params);
  n_layers = eshi_text_encoder_get_config (self->text)->n_layers;
  if (!check_size (params->width, _eshi_pipeline_factor (self), error) ||
      !check_size (params->height, _eshi_pipeline_factor (self), error) ||
      !check_count (_("The number of steps must be 1 to %u; %u is not."), params->steps,
                    MIN (ESHI_PIPELINE_MAX_STEPS, self->scheduler_config.n_train), error) ||
      !check_count (_("The number of pictures must be 1 to %u; %u is not."), params->n_pictures,
                    ESHI_PIPELINE_MAX_PICTURES, error) ||
      !check_count (_("This model's text encoder has layers 1 to %u to stop at; %u is not one of them."), params->clip_skip,
                    n_layers, error))
    return FALSE;

  if (!(params->guidance >= 0 && params->guidance <= MAX_GUIDANCE))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("The guidance must be 0 to %g; %g is not."),
                   MAX_GUIDANCE, params->guidance);
      return FALSE;
    }
  if (eshi_scheduler_get_label (params->sampler) == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("There is no sampler called “%s”."), params->sampler);
      return FALSE;
    }
  if (params->schedule != NULL && eshi_scheduler_get_schedule_label (params->schedule) == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("There is no schedule called “%s”."),
                   params->schedule);
      return FALSE;
    }
  /* Written so that NaN fails. */
  if (!(params->variation_strength >= 0.0 && params->variation_strength <= 1.0))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The variation strength %g is not possible; choose a number from 0 to 1."),
                   params->variation_strength);
      return FALSE;
    }
  if (!(params->guidance_stop > 0.0 && params->guidance_stop <= 1.0))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("Guidance cannot stop after %g of the steps; choose a number from 0 to 1."), params->guidance_stop);
      return FALSE;
    }
  if (params->schedule != NULL && !eshi_scheduler_takes_schedule (params->sampler))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The sampler %s has a schedule of its own; leave the schedule out, or choose another sampler."),
                   eshi_scheduler_get_label (params->sampler));
      return FALSE;
    }

  resolve_tiling (self, params);
  params->vae_f32 = params->vae_f32 && self->backend->compute != ESHI_DTYPE_F32;

  return _eshi_guard_resolve (self, params, error);
}

/* The graphs that @params needs. */
static gboolean
prepare_graphs (EshiPipeline                 *self,
                const EshiPipelineParams     *params,
                const EshiReading            *reading,
                const EshiPipelineCallbacks  *callbacks,
                gboolean                      previews,
                GCancellable                 *cancellable,
                GError                      **error)
{
  guint factor = _eshi_pipeline_factor (self);
  guint height = params->height / factor;
  guint width = params->width / factor;
  guint n_tiles = 0;

  if (_eshi_pipeline_get_text (self, params->clip_skip, FALSE, cancellable, error) == NULL)
    return FALSE;
  report (callbacks, ESHI_PIPELINE_LOADING, 0.1, params->steps);
  if (_eshi_pipeline_get_step (self, height, width, _eshi_pipeline_is_paired (self, params), reading->n_chunks,
                               cancellable, error) == NULL)
    return FALSE;
  if (_eshi_pipeline_stops_guiding (self, params) &&
      _eshi_pipeline_get_step (self, height, width, FALSE, reading->n_chunks, cancellable, error) == NULL)
    return FALSE;
  report (callbacks, ESHI_PIPELINE_LOADING, 0.9, params->steps);
  if (previews && !_eshi_preview_fit (self, cancellable, error))
    return FALSE;
  if (previews && _eshi_pipeline_wants_taesd (self, params))
    _eshi_pipeline_get_taesd (self, params, callbacks, height, width, cancellable);
  return _eshi_pipeline_get_first_decoder (self, height, width, params->vae_f32, &n_tiles, cancellable, error) != NULL;
}

/* The same, in smaller pieces where memory is too short; @params say which in the end. */
static gboolean
fit_graphs (EshiPipeline                 *self,
            EshiPipelineParams           *params,
            const EshiReading            *reading,
            const EshiPipelineCallbacks  *callbacks,
            gboolean                      previews,
            GCancellable                 *cancellable,
            GError                      **error)
{
  GError *refusal = NULL;
  guint n_tries = 0;

  while (!prepare_graphs (self, params, reading, callbacks, previews, cancellable, &refusal))
    {
      n_tries++;
      if (!g_error_matches (refusal, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY) ||
          !_eshi_pipeline_shrink (self, params, n_tries))
        {
          g_propagate_error (error, refusal);
          return FALSE;
        }
      g_info ("Memory is too short, tried again in smaller pieces: %s", refusal->message);
      g_clear_error (&refusal);
    }
  if (n_tries > 1 && callbacks != NULL && callbacks->reduced != NULL)
    callbacks->reduced (params, callbacks->user_data);

  return TRUE;
}

/* Everything that @params needs and that is not there yet. */
static gboolean
prepare (EshiPipeline                 *self,
         EshiPipelineParams           *params,
         const EshiReading            *reading,
         const EshiPipelineCallbacks  *callbacks,
         gboolean                      previews,
         GCancellable                 *cancellable,
         GError                      **error)
{
  self->tiled = params->vae_tiling == ESHI_SWITCH_ON;
  report (callbacks, ESHI_PIPELINE_LOADING, 0.0, params->steps);
  if (!_eshi_guard_open (self, params, error) || !_eshi_pipeline_apply_loras (self, params, error) ||
      !fit_graphs (self, params, reading, callbacks, previews, cancellable, error))
    return FALSE;
  report (callbacks, ESHI_PIPELINE_LOADING, 1.0, params->steps);
  return TRUE;
}

gboolean
eshi_pipeline_prepare (EshiPipeline                 *self,
                       const EshiPipelineParams     *params,
                       const EshiPipelineCallbacks  *callbacks,
                       GCancellable                 *cancellable,
                       GError                      **error)
{
  EshiPipelineParams resolved;
  g_auto(EshiReading) reading = { 0 };

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (params != NULL, FALSE);

  resolved = *params;
  return eshi_pipeline_resolve (self, &resolved, error) &&
         _eshi_reading_init (&reading, self, &resolved, error) &&
         prepare (self, &resolved, &reading, callbacks, TRUE, cancellable, error);
}

/* Into the context that the steps of @params read; one that holds a single half is filled by each step. */
static gboolean
read_prompts (EshiPipeline              *self,
              const EshiPipelineParams  *params,
              EshiReading               *reading,
              GCancellable              *cancellable,
              GError                   **error)
{
  guint factor = _eshi_pipeline_factor (self);
  EshiStepGraph *step = _eshi_pipeline_get_step (self, params->height / factor, params->width / factor,
                                                 _eshi_pipeline_is_paired (self, params), reading->n_chunks,
                                                 cancellable, error);

  return step != NULL && _eshi_reading_encode (reading, self, params, cancellable, error) &&
         (step->context->guided != (reading->n_prompts > 1) ||
          _eshi_reading_begin (reading, step->context, cancellable, error));
}

/* Whom encode_cb() tells. */
typedef struct
{
  const EshiPipelineCallbacks *callbacks;
  guint                        n_steps;
} Encoding;

static void
encode_cb (double   part,
           gpointer user_data)
{
  const Encoding *self = user_data;
  EshiPipelineProgress progress = {
    .stage = ESHI_PIPELINE_READING,
    .n_steps = self->n_steps,
    .seconds_left = -1,
    .part = part,
  };

  if (self->callbacks != NULL && self->callbacks->progress != NULL)
    self->callbacks->progress (&progress, self->callbacks->user_data);
}

gboolean
eshi_pipeline_generate (EshiPipeline                 *self,
                        const EshiPipelineParams     *params,
                        const EshiPipelineCallbacks  *callbacks,
                        GCancellable                 *cancellable,
                        EshiPipelineResult           *result,
                        GError                      **error)
{
  gboolean previews = callbacks != NULL && callbacks->preview != NULL;
  gint64 start = g_get_monotonic_time ();
  gint64 text_start = 0;
  g_auto(EshiStart) image = { 0 };
  Encoding encoding = { callbacks };
  g_auto(EshiReading) reading = { 0 };
  gboolean ok = FALSE;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (params != NULL, FALSE);
  g_return_val_if_fail (result != NULL, FALSE);

  *result = (EshiPipelineResult) { .params = *params };
  if (!eshi_pipeline_resolve (self, &result->params, error) ||
      !_eshi_reading_init (&reading, self, &result->params, error))
    return FALSE;

  ok = prepare (self, &result->params, &reading, callbacks, previews, cancellable, error);
  result->timings.load = seconds_since (start);

  if (ok)
    {
      report (callbacks, ESHI_PIPELINE_READING, 0.0, result->params.steps);
      text_start = g_get_monotonic_time ();
      encoding.n_steps = result->params.steps;
      ok = read_prompts (self, &result->params, &reading, cancellable, error) &&
           _eshi_start_init (&image, self, &result->params, encode_cb, &encoding, cancellable, error);
      result->timings.text = seconds_since (text_start);
    }

  ok = ok && _eshi_pipeline_run (self, &result->params, &reading, &image, callbacks, cancellable, result, error);
  result->timings.total = seconds_since (start);
  return ok;
}

void
eshi_pipeline_result_clear (EshiPipelineResult *self)
{
  for (guint i = 0; i < self->n_pictures; i++)
    {
      g_bytes_unref (self->pictures[i].rgb);
      g_bytes_unref (self->pictures[i].latents);
    }

  g_clear_pointer (&self->pictures, g_free);
  self->n_pictures = 0;
}
