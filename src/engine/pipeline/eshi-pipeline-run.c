/* eshi-pipeline-run.c: noise, steps, decoding, for each picture of a call. The steps allocate nothing.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "eshi-pipeline-preview.h"
#include "eshi-pipeline-private.h"
#include "eshi-pipeline-state.h"

typedef struct
{
  /* borrowed */
  EshiPipeline                *pipeline;
  const EshiPipelineParams    *params;
  EshiReading                 *reading;
  EshiStart                   *start;
  const EshiPipelineCallbacks *callbacks; /* (nullable) */
  GCancellable                *cancellable;
  EshiPipelineResult          *result;
  EshiStepGraph               *step;
  EshiStepGraph               *alone;     /* of the steps after guidance; NULL where there are none, or @step is it */
  EshiDecodeGraph             *decoder;   /* of the whole picture; NULL where it is decoded in tiles */

  /* owned */
  EshiScheduler               *scheduler;
  EshiPreview                  preview;
  float                       *x;         /* [4, h, w]: the latents */
  float                       *x0;        /* [4, h, w]: what the network thinks they will be */
  float                       *noise;     /* [4, h, w]: the network's prediction */
  float                       *pixels;    /* [2, h, w, n_channels]: the same on their way to and from the backend */
  float                       *image;     /* [H, W, 3] */
  EshiState                    state;     /* where the first picture goes on; zeros: nowhere */

  gsize                        n_pixels;  /* of the latents */
  guint                        n_channels; /* that the network takes */
  gboolean                     split;     /* whether the halves of guidance run one after the other */
  double                       step_flops; /* of both halves */
  guint                        first;     /* call */
  guint                        n_calls;   /* from the first on; 0 where the image is only encoded and decoded */
  guint                        index;     /* of the picture */
  gboolean                     withheld;  /* this picture, by the safety checker */
  guint                        n_done;    /* calls of this picture */
  double                       timed;     /* work of all pictures */
  guint                        alone_shown; /* the step, from 1, whose prompt @alone has; 0: none */
  double                       decode_flops;   /* of all tiles */
  double                       decode_seconds; /* that the last tiles took; 0 while unknown */
  guint8                       key[ESHI_STATE_KEY_BYTES]; /* of states; filled in where there are any */
  gint64                       saved_at;  /* monotonic: the last state */
} Run;

static double
seconds_since (gint64 start_us)
{
  return (double) (g_get_monotonic_time () - start_us) / G_USEC_PER_SEC;
}

/* The step, from 0, that call @call belongs to, as people count them; the first of a picture that starts from another is
 * the first, too, as in the web UI. */
static guint
step_of_call (Run   *self,
              guint  call)
{
  return call * self->params->steps / (self->first + self->n_calls);
}

/* Whether call @call of the network comes after guidance has stopped. Cut down, as in diffusers. */
static gboolean
is_alone (Run   *self,
          guint  call)
{
  double n_steps = self->params->steps * self->n_calls / (self->first + self->n_calls);

  return self->params->guidance > 1.0 && self->params->guidance_stop < 1.0 &&
         step_of_call (self, call) >= (guint) (self->params->guidance_stop * n_steps);
}

/* What the first @n_calls calls of a picture take, counted in calls with guidance. */
static double
work_of_calls (Run   *self,
               guint  n_calls)
{
  double work = 0;

  for (guint i = 0; i < n_calls; i++)
    work += is_alone (self, i) ? 0.5 : 1.0;
  return work;
}

/* Seconds per call of the network with guidance; 0 while unknown. */
static double
step_seconds (Run *self)
{
  const EshiPipelineTimings *timings = &self->result->timings;

  return self->timed <= 0 ? 0 : (timings->steps - timings->preview) / self->timed;
}

/* Seconds that a decoding takes: as measured, or in the proportion of its work to a step's. */
static double
decode_seconds (Run *self)
{
  if (self->decoder != NULL && self->decoder->seconds > 0)
    return self->decoder->seconds;
  if (self->decode_seconds > 0)
    return self->decode_seconds;
  return self->step_flops > 0 ? step_seconds (self) * self->decode_flops / self->step_flops : 0;
}

/* The same for a preview. */
static double
preview_seconds (Run *self)
{
  const EshiDecodeGraph *decoder = self->preview.decoder;

  if (decoder == NULL || self->step_flops <= 0)
    return 0;
  return decoder->seconds > 0 ? decoder->seconds : step_seconds (self) * decoder->flops / self->step_flops;
}

/* Steps of this picture, as people count them. */
static guint
steps_done (Run *self)
{
  return self->n_calls == 0 ? self->params->steps : self->n_done * self->params->steps / self->n_calls;
}

/* @part: 0-1 of the decoding. */
static void
report (Run               *self,
        EshiPipelineStage  stage,
        double             part)
{
  double all_work = work_of_calls (self, self->n_calls);
  double work = work_of_calls (self, self->n_done);
  double picture = all_work * self->step_flops + self->decode_flops;
  double done = self->index * picture + work * self->step_flops + part * self->decode_flops;
  double n_left = self->params->n_pictures - self->index;
  double left = (n_left * all_work - work) * step_seconds (self) + (n_left - part) * decode_seconds (self);
  EshiPipelineProgress progress = {
    .stage = stage,
    .fraction = done / (picture * self->params->n_pictures),
    .index = self->index,
    .step = steps_done (self),
    .n_steps = self->params->steps,
    .seconds_left = self->timed <= 0 ? -1 : left,
    .part = part,
  };

  if (self->callbacks != NULL && self->callbacks->progress != NULL)
    self->callbacks->progress (&progress, self->callbacks->user_data);
}

static gboolean
all_finite (const float *x,
            gsize        n)
{
  for (gsize i = 0; i < n; i++)
    if (!isfinite (x[i]))
      return FALSE;
  return TRUE;
}

static gboolean
fail_unet (Run     *self,
           GError **error)
{
  if (self->pipeline->backend->compute == ESHI_DTYPE_F32)
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                 _("The UNet of “%s” returned numbers that are not finite, so there is no picture. Its weights may be "
                   "damaged; if another model works, download this one again."),
                 self->pipeline->folder);
  else
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                 _("The UNet of “%s” returned numbers that are not finite in half precision, so there is no picture. "
                   "Choose full precision, f32."),
                 self->pipeline->folder);
  return FALSE;
}

static void
fail_vae (Run     *self,
          GError **error)
{
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED,
               _("The VAE “%s” returned numbers that are not finite even in full precision, so there is no picture. Its "
                 "weights may be damaged; if another model works, download this one again."),
               eshi_weights_get_folder (eshi_vae_get_weights (self->pipeline->vae)));
}

/* One run of @step on what was uploaded, its output, [h, w, 4], into @dst. */
static gboolean
run_network (Run            *self,
             EshiStepGraph  *step,
             float          *dst,
             GError        **error)
{
  return eshi_graph_run (step->graph, self->cancellable, error) &&
         eshi_graph_download (step->graph, step->output, dst, error);
}

/* Guidance where there is not memory enough for both halves at once: first without the prompt, then with it. */
static gboolean
run_halves (Run     *self,
            guint    call,
            GError **error)
{
  guint step = step_of_call (self, call);
  float guidance = (float) self->params->guidance;
  float *without = self->pixels;
  float *with = self->pixels + self->n_channels * self->n_pixels;

  if (!_eshi_reading_show_half (self->reading, self->step->context, step, 0, self->cancellable, error) ||
      !run_network (self, self->step, without, error) ||
      !_eshi_reading_show_half (self->reading, self->step->context, step, 1, self->cancellable, error) ||
      !run_network (self, self->step, with, error))
    return FALSE;

  for (gsize i = 0; i < 4 * self->n_pixels; i++)
    without[i] += guidance * (with[i] - without[i]);
  return TRUE;
}

/* The graph that predicts call @call, with the prompts that it reads. NULL with @error set. */
static EshiStepGraph *
choose_step (Run     *self,
             guint    call,
             GError **error)
{
  guint step = step_of_call (self, call);

  if (self->alone == NULL || !is_alone (self, call))
    return self->split || _eshi_reading_show (self->reading, self->step->context, step, self->cancellable, error)
             ? self->step
             : NULL;
  if (self->alone_shown > 0 && _eshi_reading_has_same_half (self->reading, step, self->alone_shown - 1, 1))
    return self->alone;
  if (!_eshi_reading_show_half (self->reading, self->alone->context, step, 1, self->cancellable, error))
    return NULL;

  self->alone_shown = step + 1;
  return self->alone;
}

/* One call of @step with the prompts that it holds, or where it holds one at a time, with those of call @call. */
static gboolean
run_call (Run            *self,
          EshiStepGraph  *step,
          guint           call,
          GError        **error)
{
  if (!self->split)
    return run_network (self, step, self->pixels, error);
  if (!is_alone (self, call))
    return run_halves (self, call, error);
  return _eshi_reading_show_half (self->reading, step->context, step_of_call (self, call), 1, self->cancellable, error) &&
         run_network (self, step, self->pixels, error);
}

/* The network's prediction for self->x, into self->noise. @call: of this picture. */
static gboolean
predict (Run     *self,
         guint    call,
         GError **error)
{
  EshiStepGraph *step = choose_step (self, call, error);
  float timestep = (float) eshi_scheduler_get_timestep (self->scheduler, self->first + call);
  float scale = (float) eshi_scheduler_get_input_scale (self->scheduler, self->first + call);

  if (step == NULL)
    return FALSE;
  if (self->start->inpaint.extra != NULL)
    _eshi_inpaint_join (&self->start->inpaint, self->x, scale, self->pixels);
  else
    _eshi_planes_to_pixels (self->pixels, self->x, self->n_pixels, 4, scale);
  if (!eshi_graph_upload (step->graph, step->latents, self->pixels, error) ||
      !eshi_graph_upload (step->graph, step->timestep, &timestep, error) ||
      !run_call (self, step, call, error))
    return FALSE;

  if (!all_finite (self->pixels, 4 * self->n_pixels))
    return fail_unet (self, error);
  _eshi_pixels_to_planes (self->noise, self->pixels, self->n_pixels, 4);
  return TRUE;
}

/* Whether this picture is left unfinished here. */
static gboolean
stops_here (Run *self)
{
  return self->params->stop_after > 0 && steps_done (self) >= self->params->stop_after;
}

static gboolean
saves_states (Run *self)
{
  return self->callbacks != NULL && self->callbacks->checkpoint != NULL;
}

/* Hands out where this picture stands; to be called between two calls of the network. */
static void
save_state (Run           *self,
            const EshiRng *rng)
{
  g_autoptr(GBytes) state = _eshi_state_save (self->key, self->index, self->n_done, self->x, 4 * self->n_pixels, rng,
                                               self->scheduler);

  self->saved_at = g_get_monotonic_time ();
  self->callbacks->checkpoint (self->index, steps_done (self), state, self->callbacks->user_data);
}

static void
save_state_if_due (Run           *self,
                   const EshiRng *rng)
{
  if (saves_states (self) && seconds_since (self->saved_at) >= self->callbacks->checkpoint_seconds)
    save_state (self, rng);
}

static gboolean
run_steps (Run      *self,
           EshiRng  *rng,
           GError  **error)
{
  EshiPipelineTimings *timings = &self->result->timings;

  for (guint i = self->n_done; i < self->n_calls && !stops_here (self); i++)
    {
      gint64 start = g_get_monotonic_time ();

      if (!predict (self, i, error))
        return FALSE;
      eshi_scheduler_step (self->scheduler, self->first + i, self->noise, self->x, rng, self->x0);
      _eshi_start_keep (self->start, self->scheduler, self->first + i, self->x);
      self->n_done = i + 1;
      self->timed += is_alone (self, i) ? 0.5 : 1.0;
      timings->steps += seconds_since (start);
      report (self, ESHI_PIPELINE_PAINTING, 0.0);
      save_state_if_due (self, rng);
      if (!_eshi_preview_collect (&self->preview, error))
        return FALSE;

      /* The last one would only delay the picture itself, or the look at it where it stops. */
      start = g_get_monotonic_time ();
      if (i + 1 < self->n_calls && !stops_here (self) &&
          !_eshi_preview_show (&self->preview, self->x0, self->index, steps_done (self), preview_seconds (self),
                               self->cancellable, error))
        return FALSE;
      timings->preview = self->preview.spent;
      timings->steps += seconds_since (start);
    }

  return TRUE;
}

/* @rgb, of @n bytes, as the picture: (transfer full) both ways. */
static GBytes *
take_pixels (Run     *self,
             guint8  *rgb,
             gsize    n,
             GError **error)
{
  g_autofree guint8 *pixels = rgb;

  _eshi_start_paste (self->start, pixels);
  if (!_eshi_guard_apply (self->pipeline, self->params, pixels, &self->withheld, self->cancellable, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&pixels), n);
}

static void
decode_cb (double   part,
           gpointer user_data)
{
  report (user_data, ESHI_PIPELINE_FINISHING, part);
}

/* Decodes self->pixels into @rgb and self->image; whether they are finite numbers in @finite. */
static gboolean
decode_pixels (Run       *self,
               gboolean   exact,
               guint8    *rgb,
               gboolean  *finite,
               GError   **error)
{
  EshiPipeline *pipeline = self->pipeline;
  guint factor = _eshi_pipeline_factor (pipeline);

  if (!_eshi_pipeline_decode (pipeline, self->params->height / factor, self->params->width / factor, exact, self->pixels,
                              rgb, self->image, decode_cb, self, self->cancellable, error))
    return FALSE;

  *finite = all_finite (self->image, 3 * self->n_pixels * factor * factor);
  return TRUE;
}

/* Decodes self->x; a decoder of a half precision type whose numbers overflow is done again in f32, and @redone set. */
static GBytes *
decode (Run       *self,
        gboolean  *redone,
        GError   **error)
{
  EshiPipeline *pipeline = self->pipeline;
  guint factor = _eshi_pipeline_factor (pipeline);
  gsize n = 3 * self->n_pixels * factor * factor;
  float scale = (float) (1.0 / eshi_vae_get_config (pipeline->vae)->scaling_factor);
  gboolean exact = self->params->vae_f32;
  g_autofree guint8 *rgb = g_malloc (n);
  gboolean finite = FALSE;

  _eshi_planes_to_pixels (self->pixels, self->x, self->n_pixels, 4, scale);
  if (!decode_pixels (self, exact, rgb, &finite, error))
    return NULL;
  *redone = !finite && !exact && pipeline->backend->compute != ESHI_DTYPE_F32;
  if (*redone && !decode_pixels (self, TRUE, rgb, &finite, error))
    return NULL;
  if (finite)
    return take_pixels (self, g_steal_pointer (&rgb), n, error);

  fail_vae (self, error);
  return NULL;
}

/* Sets self->x to where the first call begins. */
static void
draw_start (Run     *self,
            EshiRng *rng)
{
  float sigma = (float) eshi_scheduler_get_init_noise_sigma (self->scheduler);
  double scaling_factor = eshi_vae_get_config (self->pipeline->vae)->scaling_factor;

  if (self->start->mean != NULL)
    {
      _eshi_start_draw (self->start, self->scheduler, self->first, scaling_factor, self->params, self->index, rng, self->x);
    }
  else
    {
      _eshi_variation_draw (self->params, self->index, self->start->height, self->start->width, rng, self->x);
      for (gsize i = 0; i < 4 * self->n_pixels; i++)
        self->x[i] *= sigma;
    }
  if (self->start->inpaint.extra != NULL)
    _eshi_inpaint_draw (&self->start->inpaint, scaling_factor, rng);
}

/* Where the first picture begins: at its noise, or where params->resume stands. */
static gboolean
find_start (Run     *self,
            GError **error)
{
  const guint8 *key = self->params->branch ? NULL : self->key;

  if (!_eshi_state_read (&self->state, self->params->resume, key, 4 * self->n_pixels, error) ||
      !eshi_scheduler_restore (self->scheduler, self->state.scheduler, error))
    return FALSE;
  if (self->state.index < self->params->n_pictures && self->state.n_done <= self->n_calls)
    return TRUE;

  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("What was kept of the unfinished picture is damaged, so it was painted from the beginning."));
  return FALSE;
}

static void
prepare_states (Run *self)
{
  g_autoptr(GError) error = NULL;

  self->saved_at = g_get_monotonic_time ();
  if (saves_states (self) || self->params->resume != NULL)
    _eshi_state_make_key (self->pipeline, self->params, self->key);
  if (self->params->resume == NULL)
    return;
  if (find_start (self, &error))
    {
      self->index = self->state.index;
      return;
    }
  _eshi_state_clear (&self->state);
  if (self->callbacks != NULL && self->callbacks->refused != NULL)
    self->callbacks->refused (error, self->callbacks->user_data);
}

/* Sets self->x, the scheduler and @rng to where the picture goes on, after draw_start(), whose image stays. */
static gboolean
go_on (Run      *self,
       EshiRng **rng,
       GError  **error)
{
  if (self->state.x == NULL)
    return TRUE;
  if (!eshi_scheduler_restore (self->scheduler, self->state.scheduler, error))
    return FALSE;

  memcpy (self->x, self->state.x, 4 * self->n_pixels * sizeof (float));
  if (!self->params->branch || !self->params->reseed)
    {
      eshi_rng_free (*rng);
      *rng = g_steal_pointer (&self->state.rng);
    }
  self->n_done = self->state.n_done;
  _eshi_state_clear (&self->state);
  return TRUE;
}

/* The decoder, after all calls of the network. */
static GBytes *
finish (Run       *self,
        gboolean  *redone,
        GError   **error)
{
  gint64 start = 0;
  GBytes *rgb = NULL;

  report (self, ESHI_PIPELINE_FINISHING, 0.0);
  start = g_get_monotonic_time ();
  rgb = decode (self, redone, error);
  self->decode_seconds = seconds_since (start);
  self->result->timings.decode += self->decode_seconds;
  return rgb;
}

/* Decodes the picture, whose seed is @seed, and hands it out. */
static gboolean
hand_out (Run      *self,
          guint64   seed,
          GError  **error)
{
  gsize n = 4 * self->n_pixels;
  EshiPipelinePicture *picture = &self->result->pictures[self->result->n_pictures];
  gboolean redone = FALSE;
  GBytes *rgb = finish (self, &redone, error);

  if (rgb == NULL)
    return FALSE;

  _eshi_planes_to_pixels (self->pixels, self->x, self->n_pixels, 4, 1.0f);
  *picture = (EshiPipelinePicture) { self->params->width, self->params->height, rgb, seed,
                                    g_bytes_new (self->pixels, n * sizeof (float)), self->withheld, redone };
  self->result->n_pictures++;
  if (self->callbacks != NULL && self->callbacks->picture != NULL)
    self->callbacks->picture (self->index, picture, self->callbacks->user_data);
  return TRUE;
}

/* A look at the picture where it stops, and where it stands; @stepped: whether it has been worked on since it went on. One
 * whose steps are all done is not looked at: that is the picture itself, which the safety checker may withhold. */
static gboolean
leave (Run            *self,
       gboolean        stepped,
       const EshiRng  *rng,
       GError        **error)
{
  if (stepped && self->n_done < self->n_calls &&
      !_eshi_preview_show_whole (&self->preview, self->x0, self->index, steps_done (self), self->cancellable, error))
    return FALSE;
  if (saves_states (self))
    save_state (self, rng);
  return TRUE;
}

/* All calls of the network, and what becomes of the picture then. */
static gboolean
paint_steps (Run      *self,
             guint64   seed,
             EshiRng  *rng,
             GError  **error)
{
  guint n_before = self->n_done;

  report (self, ESHI_PIPELINE_PAINTING, 0.0);
  if (!run_steps (self, rng, error))
    return FALSE;
  if (stops_here (self))
    return leave (self, self->n_done > n_before, rng, error);
  return hand_out (self, seed, error);
}

static gboolean
paint_picture (Run     *self,
               GError **error)
{
  guint64 seed = _eshi_variation_get_seed (self->params, self->index);
  g_autoptr(EshiRng) rng = eshi_rng_new (self->params->rng, seed);

  eshi_scheduler_reset (self->scheduler);
  draw_start (self, rng);
  self->n_done = 0;
  if (!go_on (self, &rng, error))
    return FALSE;
  if (saves_states (self) && self->index > 0)
    save_state (self, rng);
  if (paint_steps (self, seed, rng, error))
    return TRUE;

  /* The last look is what is left of it. */
  if (g_cancellable_is_cancelled (self->cancellable))
    _eshi_preview_collect (&self->preview, NULL);
  if (saves_states (self) && (g_cancellable_is_cancelled (self->cancellable) || self->pipeline->backend->lost))
    save_state (self, rng);
  return FALSE;
}

/* (transfer full); how the model's file spreads timesteps goes with the sampler that it names. */
static EshiScheduler *
make_scheduler (Run     *self,
                GError **error)
{
  EshiPipeline *pipeline = self->pipeline;
  const EshiPipelineParams *params = self->params;
  EshiSchedulerConfig config = pipeline->scheduler_config;

  if (!g_str_equal (params->sampler, pipeline->sampler))
    {
      config.spacing = ESHI_SPACING_OWN;
      config.ends_noisy = FALSE;
    }
  return eshi_scheduler_new_with_schedule (params->sampler, params->schedule, &config, params->steps,
                                           4 * self->n_pixels, error);
}

static gboolean
run_init (Run     *self,
          GError **error)
{
  EshiPipeline *pipeline = self->pipeline;
  const EshiPipelineParams *params = self->params;
  guint factor = _eshi_pipeline_factor (pipeline);
  guint height = params->height / factor;
  guint width = params->width / factor;
  float guidance = (float) params->guidance;
  EshiDecodeGraph *decoder = NULL;
  guint n_tiles = 0;

  self->n_pixels = (gsize) height * width;
  self->n_channels = eshi_unet_get_config (pipeline->unet)->in_channels;
  self->step = _eshi_pipeline_get_step (pipeline, height, width, _eshi_pipeline_is_paired (pipeline, params),
                                        self->reading->n_chunks, self->cancellable, error);
  if (self->step == NULL)
    return FALSE;
  if (_eshi_pipeline_stops_guiding (pipeline, params) &&
      (self->alone = _eshi_pipeline_get_step (pipeline, height, width, FALSE, self->reading->n_chunks, self->cancellable,
                                              error)) == NULL)
    return FALSE;
  self->split = params->guidance > 1.0 && !self->step->guided;
  self->step_flops = self->step->flops * (self->split ? 2 : 1);
  decoder = _eshi_pipeline_get_first_decoder (pipeline, height, width, params->vae_f32, &n_tiles, self->cancellable,
                                              error);
  if (decoder == NULL)
    return FALSE;
  /* A tile's graph is not kept while those of other shapes are made. */
  self->decoder = n_tiles == 1 ? decoder : NULL;
  self->decode_flops = n_tiles * decoder->flops;
  self->decode_seconds = n_tiles * decoder->seconds;
  if (self->step->guided && !eshi_graph_upload (self->step->graph, self->step->guidance, &guidance, error))
    return FALSE;

  self->scheduler = make_scheduler (self, error);
  if (self->scheduler == NULL)
    return FALSE;

  if (self->start->mean != NULL)
    self->first = eshi_scheduler_get_first_call (self->scheduler, params->strength);
  self->n_calls = eshi_scheduler_get_n_calls (self->scheduler) - self->first;
  self->x = g_new (float, 4 * self->n_pixels);
  self->x0 = g_new (float, 4 * self->n_pixels);
  self->noise = g_new (float, 4 * self->n_pixels);
  self->pixels = g_new (float, 2 * self->n_channels * self->n_pixels);
  self->image = g_new (float, 3 * self->n_pixels * factor * factor);
  self->result->pictures = g_new0 (EshiPipelinePicture, params->n_pictures);
  _eshi_preview_init (&self->preview, pipeline, params, self->callbacks, height, width, self->decoder, self->cancellable);
  return TRUE;
}

static void
run_clear (Run *self)
{
  _eshi_preview_clear (&self->preview);
  _eshi_guard_release (self->pipeline);
  g_clear_pointer (&self->scheduler, eshi_scheduler_free);
  _eshi_state_clear (&self->state);
  g_free (self->x);
  g_free (self->x0);
  g_free (self->noise);
  g_free (self->pixels);
  g_free (self->image);
}

gboolean
_eshi_pipeline_run (EshiPipeline                 *self,
                    const EshiPipelineParams     *params,
                    EshiReading                  *reading,
                    EshiStart                    *start,
                    const EshiPipelineCallbacks  *callbacks,
                    GCancellable                 *cancellable,
                    EshiPipelineResult           *result,
                    GError                      **error)
{
  Run run = {
    .pipeline = self,
    .params = params,
    .reading = reading,
    .start = start,
    .callbacks = callbacks,
    .cancellable = cancellable,
    .result = result,
  };
  gboolean ok = run_init (&run, error);

  if (ok)
    prepare_states (&run);
  for (; ok && run.index < params->n_pictures; run.index++)
    ok = paint_picture (&run, error);

  run_clear (&run);
  return ok;
}

gboolean
eshi_pipeline_fits (EshiPipeline             *self,
                    const EshiPipelineParams *params,
                    GBytes                   *state)
{
  guint8 key[ESHI_STATE_KEY_BYTES];

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (params != NULL, FALSE);

  if (state == NULL)
    return FALSE;
  _eshi_state_make_key (self, params, key);
  return _eshi_state_has_key (state, key);
}
