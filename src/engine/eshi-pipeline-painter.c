/* eshi-pipeline-painter.c: paints with the pipeline, and keeps the backend and the model between requests.
 *
 * The model is loaded again only if another one is asked for or its files have changed. Settings that the request left
 * open come from the model. Everything here lives on the worker's thread.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "eshi-backend-registry.h"
#include "eshi-branch-private.h"
#include "eshi-hash-job.h"
#include "eshi-lora-use.h"
#include "eshi-model-list.h"
#include "eshi-pipeline-painter.h"
#include "eshi-pipeline.h"
#include "eshi-precision.h"
#include "eshi-resize.h"
#include "eshi-sampler.h"
#include "eshi-taesd-folder.h"
#include "eshi-vae-folder.h"

/* For one request a device is opened again once, and another takes its place once. */
#define MAX_LOST 2

typedef struct
{
  EshiPainter    parent;

  char          *backend_name; /* (nullable) */
  guint          n_threads;
  char          *precision;    /* (nullable) */

  /* Of the worker's thread; NULL until needed */
  GThread       *thread;
  EshiBackend   *backend;
  EshiPipeline  *pipeline;
  EshiModelInfo *info;         /* of the pipeline's model */
  char          *stamp;        /* of its files, when they were opened */
  EshiHashJob   *hash_job;     /* of its files */
} PipelinePainter;

/* What the pipeline's callbacks are given; borrowed. */
typedef struct
{
  PipelinePainter *painter;
  EshiRun         *run;
  GBytes          *parting;    /* owned: where the picture parts from what it was painted as before */

  /* What is gone on from where the device is lost */
  GBytes          *state;      /* owned (nullable): where the newest picture stands */
  const char      *state_from; /* the backend that it is of; static */
  guint            n_finished; /* pictures */
  guint            n_lost;     /* devices that another took the place of */
} Painting;

static void
painting_clear (Painting *self)
{
  g_clear_pointer (&self->parting, g_bytes_unref);
  g_clear_pointer (&self->state, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Painting, painting_clear)

/* What one call of the pipeline is given, and what owns it. */
typedef struct
{
  EshiPipelineParams  params;
  EshiLoraUse         use;
  guint8             *mask;    /* (nullable) */
  char               *vae;     /* (nullable) */
  char               *embeddings;
  char               *taesd;      /* (nullable) */
  char               *context;
  GBytes             *parting; /* (nullable) */
} Call;

static void
call_clear (Call *self)
{
  _eshi_lora_use_clear (&self->use);
  g_free (self->mask);
  g_free (self->vae);
  g_free (self->embeddings);
  g_free (self->taesd);
  g_free (self->context);
  g_clear_pointer (&self->parting, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Call, call_clear)

static void
unload (PipelinePainter *self)
{
  g_clear_pointer (&self->pipeline, eshi_pipeline_free);
  g_clear_pointer (&self->info, eshi_model_info_free);
  g_clear_pointer (&self->stamp, g_free);
  g_clear_pointer (&self->hash_job, _eshi_hash_job_free);
}

static void
close_backend (PipelinePainter *self)
{
  unload (self);
  g_clear_pointer (&self->backend, _eshi_backend_close);
}

/* Sizes and times of the files below @path, down to @depth folders. */
static void
add_stamp (GString    *stamp,
           const char *path,
           guint       depth)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      GStatBuf status;

      if (g_stat (file, &status) != 0)
        continue;
      if (S_ISDIR (status.st_mode) && depth > 0)
        add_stamp (stamp, file, depth - 1);
      else if (S_ISREG (status.st_mode))
        g_string_append_printf (stamp, "%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld\n", file,
                                (gint64) status.st_size, (gint64) status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    }
}

static char *
make_stamp (const char *path)
{
  GString *stamp = g_string_new (path);

  g_string_append_c (stamp, '\n');
  add_stamp (stamp, path, 1);

  return g_string_free (stamp, FALSE);
}

static EshiStage
stage_from_pipeline (EshiPipelineStage stage)
{
  switch (stage)
    {
    case ESHI_PIPELINE_READING:
      return ESHI_STAGE_READING;
    case ESHI_PIPELINE_PAINTING:
      return ESHI_STAGE_PAINTING;
    case ESHI_PIPELINE_FINISHING:
      return ESHI_STAGE_FINISHING;
    case ESHI_PIPELINE_LOADING:
    default:
      return ESHI_STAGE_LOADING;
    }
}

static void
progress_cb (const EshiPipelineProgress *progress,
             gpointer                    user_data)
{
  EshiRun *run = ((const Painting *) user_data)->run;
  EshiStage stage = stage_from_pipeline (progress->stage);

  if (stage == ESHI_STAGE_PAINTING)
    _eshi_run_step (run, progress->index, progress->step);
  else
    _eshi_run_stage (run, stage, stage == ESHI_STAGE_LOADING ? progress->fraction : progress->part);
}

static void
preview_cb (guint         index,
            guint         step,
            guint         width,
            guint         height,
            const guint8 *rgb,
            gpointer      user_data)
{
  g_autoptr(GBytes) pixels = g_bytes_new (rgb, (gsize) 3 * width * height);
  g_autoptr(EshiImage) image = eshi_image_new (width, height, pixels);

  _eshi_run_preview (((const Painting *) user_data)->run, index, step, image);
}

static void
picture_cb (guint                      index,
            const EshiPipelinePicture *picture,
            gpointer                   user_data)
{
  Painting *self = user_data;
  g_autoptr(EshiImage) image = eshi_image_new (picture->width, picture->height, picture->rgb);

  /* It was handed out before the device was lost. */
  if (index < self->n_finished)
    return;
  self->n_finished = index + 1;
  _eshi_run_set_model_hash (self->run, _eshi_hash_job_wait (self->painter->hash_job, _eshi_run_get_cancellable (self->run)));
  _eshi_run_set_vae_redone (self->run, picture->vae_redone);
  _eshi_run_image (self->run, index, image, picture->withheld);
}

static void
checkpoint_cb (guint     index,
               guint     step,
               GBytes   *state,
               gpointer  user_data)
{
  Painting *self = user_data;

  g_clear_pointer (&self->state, g_bytes_unref);
  self->state = g_bytes_ref (state);
  self->state_from = self->painter->backend->klass->name;
  if (eshi_request_get_checkpoint_seconds (_eshi_run_get_request (self->run)) >= 0.0)
    _eshi_run_checkpoint (self->run, (int) index, (int) step, state);
}

static void
parting_cb (guint     index,
            guint     step,
            GBytes   *state,
            gpointer  user_data)
{
  Painting *self = user_data;

  g_clear_pointer (&self->parting, g_bytes_unref);
  self->parting = g_bytes_ref (state);
}

static void
refused_cb (const GError *why,
            gpointer      user_data)
{
  _eshi_run_add_note (((const Painting *) user_data)->run, why->message);
}

static void
no_taesd_cb (const GError *why,
             gpointer      user_data)
{
  g_autofree char *note = g_strdup_printf (_("Previews show colours alone, because TAESD cannot be used: %s"), why->message);

  _eshi_run_add_note (((const Painting *) user_data)->run, note);
}

static void
reduced_cb (const EshiPipelineParams *params,
            gpointer                  user_data)
{
  EshiRun *run = ((const Painting *) user_data)->run;

  _eshi_run_set_tiling (run, params->vae_tiling);
  _eshi_run_add_note (run, _("Memory is short, so the picture is painted in smaller pieces, which takes longer. Close other "
                             "programs, or choose a smaller size."));
}

static gboolean
open_backend (PipelinePainter  *self,
              const char       *name,
              GError          **error)
{
  EshiBackendOptions options = { .n_threads = self->n_threads };

  if (!_eshi_precision_from_name (self->precision, &options.precision, error))
    return FALSE;
  self->backend = _eshi_backend_registry_open (name, &options, error);

  return self->backend != NULL;
}

/* Whether nothing may take the backend's place. */
static gboolean
is_named (PipelinePainter *self)
{
  return self->backend_name != NULL || g_getenv ("ESHI_BACKEND") != NULL;
}

/* Opens the backend that is wanted; where the best one there is cannot be opened now, the processor's, and says so. */
static gboolean
ensure_backend (PipelinePainter  *self,
                EshiRun          *run,
                GError          **error)
{
  g_autoptr(GError) problem = NULL;
  g_autofree char *note = NULL;

  if (self->backend != NULL || open_backend (self, self->backend_name, &problem))
    return TRUE;
  if (is_named (self) || !open_backend (self, "cpu", NULL))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  /* Translators: %s is a sentence that says why */
  note = g_strdup_printf (_("The graphics card cannot be used now, so the processor paints until Eshi is started anew: %s"),
                          problem->message);
  _eshi_run_add_note (run, note);

  return TRUE;
}

static gboolean
ensure_model (PipelinePainter              *self,
              const char                   *path,
              const EshiPipelineCallbacks  *callbacks,
              GCancellable                 *cancellable,
              GError                      **error)
{
  g_autoptr(EshiModelInfo) info = eshi_model_info_load (path, error);
  g_autofree char *stamp = NULL;

  if (info == NULL)
    return FALSE;

  if (self->backend != NULL && self->backend->lost)
    close_backend (self);
  stamp = make_stamp (info->path);
  if (self->info != NULL && g_strcmp0 (stamp, self->stamp) == 0)
    return TRUE;

  /* The old one goes first: two models at once may be more than there is memory for. */
  unload (self);
  if (!ensure_backend (self, ((const Painting *) callbacks->user_data)->run, error))
    return FALSE;
  self->hash_job = _eshi_hash_job_start (info->path);
  self->pipeline = eshi_pipeline_new (info->path, self->backend, callbacks, cancellable, error);
  if (self->pipeline == NULL)
    return FALSE;
  self->info = g_steal_pointer (&info);
  self->stamp = g_steal_pointer (&stamp);

  return TRUE;
}

/* The request's settings with the model's own values where it left them open, but for the size of a picture that starts
 * from an image. */
static EshiSettings *
fill_in (PipelinePainter    *self,
         const EshiSettings *asked)
{
  EshiSettings *settings = eshi_settings_copy (asked);
  const EshiSampler *sampler = NULL;
  const EshiSchedule *schedule = asked->schedule != NULL ? eshi_schedule_find (asked->schedule) : NULL;

  g_assert (self->info != NULL);

  sampler = eshi_sampler_find (asked->sampler != NULL ? asked->sampler : self->info->sampler);
  if (settings->width == 0 && settings->image == NULL)
    settings->width = self->info->width;
  if (settings->height == 0 && settings->image == NULL)
    settings->height = self->info->height;
  if (settings->steps == 0)
    settings->steps = self->info->steps;
  if (settings->guidance == 0.0)
    settings->guidance = self->info->guidance;
  g_free (settings->sampler);
  settings->sampler = g_strdup (sampler->id);
  g_free (settings->schedule);
  settings->schedule = g_strdup (schedule != NULL ? schedule->id : NULL);
  settings->withheld = FALSE;
  g_clear_pointer (&settings->model_hash, g_free);
  settings->clip_skip = MAX (settings->clip_skip, 1);
  if (settings->guidance_stop >= 1.0 || settings->guidance <= 1.0)
    settings->guidance_stop = 0.0;
  if (settings->emphasis == NULL)
    settings->emphasis = g_strdup (eshi_emphasis_get_name (ESHI_EMPHASIS_ORIGINAL));

  return settings;
}

/* @image as brightness: (transfer full): [height, width] u8. */
static guint8 *
grey_from_image (const EshiImage *image)
{
  gsize n_pixels = (gsize) eshi_image_get_width (image) * eshi_image_get_height (image);
  guint8 *grey = g_malloc (n_pixels);

  eshi_rgb_to_grey (g_bytes_get_data (eshi_image_get_pixels (image), NULL), n_pixels, grey);

  return grey;
}

/* @vae: (nullable): path of that of @settings; @mask: (nullable): that of @settings as brightness; all are borrowed. */
static EshiPipelineParams
params_from_settings (const EshiSettings *settings,
                      const EshiLoraUse  *use,
                      const char         *vae,
                      const guint8       *mask)
{
  const EshiImage *image = settings->image;
  EshiEmphasis emphasis = ESHI_EMPHASIS_ORIGINAL;

  eshi_emphasis_from_name (settings->emphasis, &emphasis);
  return (EshiPipelineParams) {
    .prompt = use->prompt,
    .negative_prompt = settings->negative_prompt,
    .width = settings->width,
    .height = settings->height,
    .steps = settings->steps,
    .guidance = settings->guidance,
    .guidance_stop = settings->guidance_stop,
    .seed = settings->seed,
    .rng = settings->rng,
    .sampler = settings->sampler,
    .schedule = settings->schedule,
    .n_pictures = settings->n_images,
    .image = image != NULL ? g_bytes_get_data (eshi_image_get_pixels (image), NULL) : NULL,
    .image_width = image != NULL ? (guint) eshi_image_get_width (image) : 0,
    .image_height = image != NULL ? (guint) eshi_image_get_height (image) : 0,
    .strength = settings->strength,
    .mask = mask,
    .paste = settings->paste,
    .variation_seed = settings->variation_seed,
    .variation_strength = settings->variation_strength,
    .clip_skip = (guint) settings->clip_skip,
    .emphasis = emphasis,
    .loras = (const EshiPipelineLora *) (gpointer) use->loras->data,
    .n_loras = use->loras->len,
    .safety = settings->safety,
    .watermark = settings->watermark,
    .vae = vae,
    .vae_tiling = settings->vae_tiling,
    .vae_f32 = settings->vae_f32,
    .preview_kind = settings->preview_kind,
    .preview_every = (guint) settings->preview_every,
  };
}

/* Readies @self, zeroed, for @settings, which are filled in. It is to be cleared in any case. */
static gboolean
call_init (Call                *self,
           PipelinePainter     *painter,
           const EshiSettings  *settings,
           GError             **error)
{
  g_autofree char *branch = settings->branch != NULL ? _eshi_branch_to_text (settings->branch) : NULL;

  if (!_eshi_lora_use_init (&self->use, settings, error))
    return FALSE;
  if (settings->vae != NULL)
    {
      self->vae = eshi_vae_folder_find (settings->vae, error);
      if (self->vae == NULL)
        return FALSE;
    }
  self->mask = settings->mask != NULL ? grey_from_image (settings->mask) : NULL;
  self->embeddings = g_build_filename (g_get_user_data_dir (), "eshi", "embeddings", NULL);
  self->taesd = _eshi_taesd_folder_find (painter->info->path);
  self->context = g_strconcat (painter->stamp, branch, NULL);
  self->params = params_from_settings (settings, &self->use, self->vae, self->mask);
  self->params.embeddings = self->embeddings;
  self->params.taesd = self->taesd;
  self->params.context = self->context;

  return eshi_pipeline_resolve (painter->pipeline, &self->params, error);
}

/* (transfer full): what @settings, which part from something, are painted as before that. */
static EshiSettings *
step_back (const EshiSettings *settings)
{
  EshiSettings *earlier = eshi_settings_copy (settings);
  const EshiBranch *branch = settings->branch;

  g_free (earlier->prompt);
  g_free (earlier->negative_prompt);
  g_clear_pointer (&earlier->branch, eshi_branch_free);
  earlier->prompt = g_strdup (branch->prompt);
  earlier->negative_prompt = g_strdup (branch->negative_prompt);
  earlier->guidance = branch->guidance;
  earlier->seed = branch->seed;
  earlier->branch = eshi_branch_copy (branch->earlier);

  return earlier;
}

static GBytes *paint_earlier (PipelinePainter             *self,
                              const EshiSettings          *settings,
                              GBytes                      *state,
                              const EshiPipelineCallbacks *callbacks,
                              GCancellable                *cancellable,
                              GError                     **error);

/* Sets where @call, for @settings, begins: at @state (nullable) if that is its own, or where it parts from what it was before,
 * to which it is painted then. */
static gboolean
find_beginning (PipelinePainter              *self,
                Call                         *call,
                const EshiSettings           *settings,
                GBytes                       *state,
                const EshiPipelineCallbacks  *callbacks,
                GCancellable                 *cancellable,
                GError                      **error)
{
  call->params.resume = state;
  if (settings->branch == NULL || eshi_pipeline_fits (self->pipeline, &call->params, state))
    return TRUE;

  call->parting = paint_earlier (self, settings, state, callbacks, cancellable, error);
  call->params.resume = call->parting;
  call->params.branch = TRUE;
  call->params.reseed = settings->branch->seed != settings->seed;

  return call->parting != NULL;
}

/* Paints what @settings part from, up to there: (transfer full): the state; NULL on error. */
static GBytes *
paint_earlier (PipelinePainter              *self,
               const EshiSettings           *settings,
               GBytes                       *state,
               const EshiPipelineCallbacks  *callbacks,
               GCancellable                 *cancellable,
               GError                      **error)
{
  g_autoptr(EshiSettings) earlier = step_back (settings);
  g_auto(EshiPipelineResult) result = { 0 };
  g_auto(Call) call = { 0 };
  EshiPipelineCallbacks own = *callbacks;
  Painting *painting = callbacks->user_data;

  own.checkpoint = parting_cb;
  own.checkpoint_seconds = G_MAXDOUBLE;
  if (!call_init (&call, self, earlier, error) ||
      !find_beginning (self, &call, earlier, state, callbacks, cancellable, error))
    return NULL;
  call.params.stop_after = (guint) settings->branch->step;
  if (!eshi_pipeline_generate (self->pipeline, &call.params, &own, cancellable, &result, error))
    return NULL;

  return g_steal_pointer (&painting->parting);
}

/* What was really used comes back with the picture. */
static gboolean
complete (PipelinePainter  *self,
          EshiSettings     *settings,
          const Call       *call,
          GError          **error)
{
  g_strfreev (settings->embeddings);
  settings->embeddings = eshi_pipeline_find_embeddings (self->pipeline, &call->params, error);
  if (settings->embeddings == NULL)
    return FALSE;

  settings->width = (int) call->params.width;
  settings->height = (int) call->params.height;
  settings->safety = call->params.safety;
  settings->watermark = call->params.watermark;
  settings->vae_tiling = call->params.vae_tiling;
  settings->vae_f32 = call->params.vae_f32;

  return TRUE;
}

/* (transfer full): the settings that @request is about, filled in; one that stops before they part from what they were before
 * is about that. */
static EshiSettings *
settings_from_request (PipelinePainter   *self,
                       const EshiRequest *request)
{
  EshiSettings *settings = fill_in (self, eshi_request_get_settings (request));
  int stop_after = eshi_request_get_stop_after (request);

  while (settings->branch != NULL && stop_after > 0 && stop_after <= settings->branch->step)
    {
      EshiSettings *later = settings;

      settings = step_back (later);
      eshi_settings_free (later);
    }

  return settings;
}

/* Where the device was lost, @call begins at the newest state of @painting. Another backend's is of another key, but the numbers
 * in it are as good. Returns: whether there is one */
static gboolean
go_on (PipelinePainter *self,
       Call            *call,
       const Painting  *painting)
{
  call->params.resume = painting->state;
  call->params.branch = painting->state != NULL && !g_str_equal (painting->state_from, self->backend->klass->name);

  return painting->state != NULL;
}

static gboolean
paint_with_model (PipelinePainter        *self,
                  EshiRun                *run,
                  EshiPipelineCallbacks  *callbacks,
                  GError                **error)
{
  EshiRequest *request = _eshi_run_get_request (run);
  GCancellable *cancellable = _eshi_run_get_cancellable (run);
  g_autoptr(EshiSettings) settings = settings_from_request (self, request);
  g_auto(Call) call = { 0 };
  g_auto(EshiPipelineResult) result = { 0 };

  if (!eshi_pipeline_set_ema (self->pipeline, settings->use_ema, error) || !call_init (&call, self, settings, error) ||
      !complete (self, settings, &call, error))
    return FALSE;
  _eshi_run_resolve (run, settings, self->info->name, self->backend->klass->name);
  if (eshi_request_get_kind (request) == ESHI_REQUEST_LOAD_MODEL)
    return eshi_pipeline_prepare (self->pipeline, &call.params, callbacks, cancellable, error);

  if (settings->previews)
    callbacks->preview = preview_cb;
  callbacks->picture = picture_cb;
  callbacks->refused = refused_cb;
  callbacks->no_taesd = no_taesd_cb;
  callbacks->reduced = reduced_cb;
  callbacks->checkpoint = checkpoint_cb;
  callbacks->checkpoint_seconds = eshi_request_get_checkpoint_seconds (request);
  if (callbacks->checkpoint_seconds < 0.0)
    callbacks->checkpoint_seconds = G_MAXDOUBLE;
  if (!go_on (self, &call, callbacks->user_data) &&
      !find_beginning (self, &call, settings, eshi_request_get_state (request), callbacks, cancellable, error))
    return FALSE;
  call.params.stop_after = (guint) eshi_request_get_stop_after (request);

  return eshi_pipeline_generate (self->pipeline, &call.params, callbacks, cancellable, &result, error);
}

/* Opens a backend in place of one whose device is lost: the same again, and where it was lost a second time the processor's,
 * unless another was asked for by name. */
static gboolean
open_anew (PipelinePainter *self,
           Painting        *painting)
{
  const char *lost = self->backend->klass->name;

  if (painting->n_lost == MAX_LOST || (is_named (self) && painting->n_lost > 0))
    return FALSE;
  close_backend (self);
  if (painting->n_lost == 0 ? !ensure_backend (self, painting->run, NULL) : !open_backend (self, "cpu", NULL))
    return FALSE;

  painting->n_lost++;
  if (g_str_equal (self->backend->klass->name, lost))
    _eshi_run_add_note (painting->run, _("The graphics card stopped working in the middle, and was opened again."));
  else if (painting->n_lost == MAX_LOST)
    _eshi_run_add_note (painting->run, _("The graphics card stopped working again, so the processor paints until Eshi is "
                                         "started anew. If it happens often, see whether the card gets too hot, and update "
                                         "its driver."));

  return TRUE;
}

/* Whether what failed is worth another attempt. */
static gboolean
recover (PipelinePainter *self,
         Painting        *painting)
{
  return self->backend != NULL && self->backend->lost &&
         !g_cancellable_is_cancelled (_eshi_run_get_cancellable (painting->run)) && open_anew (self, painting);
}

static gboolean
paint_once (PipelinePainter  *self,
            Painting         *painting,
            GError          **error)
{
  EshiRequest *request = _eshi_run_get_request (painting->run);
  EshiPipelineCallbacks callbacks = { .progress = progress_cb, .user_data = painting };

  return ensure_model (self, eshi_request_get_settings (request)->model, &callbacks,
                       _eshi_run_get_cancellable (painting->run), error) &&
         paint_with_model (self, painting->run, &callbacks, error);
}

static gboolean
pipeline_painter_paint (EshiPainter  *painter,
                        EshiRun      *run,
                        GError      **error)
{
  PipelinePainter *self = (PipelinePainter *) painter;
  g_auto(Painting) painting = { .painter = self, .run = run };
  g_autoptr(GError) problem = NULL;

  g_assert (self->thread == NULL || self->thread == g_thread_self ());

  self->thread = g_thread_self ();
  if (eshi_request_get_kind (_eshi_run_get_request (run)) == ESHI_REQUEST_UNLOAD)
    {
      unload (self);
      return TRUE;
    }

  while (!paint_once (self, &painting, &problem))
    {
      if (!recover (self, &painting))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      g_clear_error (&problem);
    }

  return TRUE;
}

static void
pipeline_painter_free (EshiPainter *painter)
{
  PipelinePainter *self = (PipelinePainter *) painter;

  close_backend (self);
  g_free (self->backend_name);
  g_free (self->precision);
  g_free (self);
}

EshiPainter *
_eshi_pipeline_painter_new (const char *backend,
                            guint       n_threads,
                            const char *precision)
{
  PipelinePainter *self = g_new0 (PipelinePainter, 1);

  self->parent.paint = pipeline_painter_paint;
  self->parent.free = pipeline_painter_free;
  self->backend_name = g_strdup (backend);
  self->n_threads = n_threads;
  self->precision = g_strdup (precision);

  return &self->parent;
}
