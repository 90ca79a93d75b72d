/* eshi-run.c: one request on the worker thread, from started to its terminal event.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "eshi-error.h"
#include "eshi-event-private.h"
#include "eshi-run.h"

/* Share of a picture's fraction that its steps make up; the rest is finishing it. */
#define STEPS_SHARE 0.95

struct _EshiRun
{
  guint64         id;
  EshiRequest    *request;
  GCancellable   *cancellable;
  GThread        *thread;

  /* Borrowed */
  EshiOutbox     *outbox;
  EshiFinishTime *finish_time;

  EshiSettings   *settings;    /* what is really used; NULL until resolved */
  char           *model_name;
  char           *backend;

  EshiStage       stage;
  double          stage_since; /* seconds */
  double          started_at;
  EshiTimings     timings;
  EshiPace        pace;
  double          seconds_left;
  int             index;
  int             step;
  EshiImage      *last_image;
  EshiImage      *last_preview;
  gboolean        vae_redone;
  char           *note;        /* of all pictures; (nullable) */
  gboolean        ended;
};

static double
now_s (void)
{
  return g_get_monotonic_time () / 1e6;
}

EshiRun *
_eshi_run_new (guint64         id,
               EshiRequest    *request,
               GCancellable   *cancellable,
               EshiOutbox     *outbox,
               EshiFinishTime *finish_time)
{
  EshiRun *self = g_new0 (EshiRun, 1);

  self->id = id;
  self->request = eshi_request_ref (request);
  self->cancellable = g_object_ref (cancellable);
  self->thread = g_thread_self ();
  self->outbox = outbox;
  self->finish_time = finish_time;
  self->stage = ESHI_STAGE_LOADING;
  self->started_at = now_s ();
  self->stage_since = self->started_at;
  self->seconds_left = -1.0;
  _eshi_outbox_post (outbox, _eshi_event_new (ESHI_EVENT_STARTED, id));

  return self;
}

void
_eshi_run_free (EshiRun *self)
{
  g_assert (self->ended);

  eshi_request_unref (self->request);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->settings, eshi_settings_free);
  g_clear_pointer (&self->last_image, eshi_image_unref);
  g_clear_pointer (&self->last_preview, eshi_image_unref);
  g_free (self->model_name);
  g_free (self->backend);
  g_free (self->note);
  g_free (self);
}

EshiRequest *
_eshi_run_get_request (EshiRun *self)
{
  return self->request;
}

GCancellable *
_eshi_run_get_cancellable (EshiRun *self)
{
  return self->cancellable;
}

void
_eshi_run_resolve (EshiRun            *self,
                   const EshiSettings *settings,
                   const char         *model_name,
                   const char         *backend)
{
  gint64 n_pixels = (gint64) settings->width * settings->height;

  g_assert (self->thread == g_thread_self ());

  g_clear_pointer (&self->settings, eshi_settings_free);
  g_free (self->model_name);
  g_free (self->backend);
  self->settings = eshi_settings_copy (settings);
  self->model_name = g_strdup (model_name);
  self->backend = g_strdup (backend);
  _eshi_pace_init (&self->pace, settings->n_images, settings->steps,
                   self->finish_time->n_pixels == n_pixels ? self->finish_time->seconds : 0.0);
}

void
_eshi_run_set_tiling (EshiRun    *self,
                      EshiSwitch  tiling)
{
  g_assert (self->thread == g_thread_self ());
  g_return_if_fail (self->settings != NULL);

  self->settings->vae_tiling = tiling;
}

void
_eshi_run_set_model_hash (EshiRun    *self,
                          const char *hash)
{
  g_assert (self->thread == g_thread_self ());
  g_return_if_fail (self->settings != NULL);

  g_free (self->settings->model_hash);
  self->settings->model_hash = g_strdup (hash);
}

static double *
stage_seconds (EshiRun *self)
{
  switch (self->stage)
    {
    case ESHI_STAGE_READING:
      return &self->timings.text;
    case ESHI_STAGE_PAINTING:
      return &self->timings.steps;
    case ESHI_STAGE_FINISHING:
      return &self->timings.decode;
    case ESHI_STAGE_LOADING:
    default:
      return &self->timings.load;
    }
}

/* Books the time since the last call on the stage it was spent in. */
static void
enter_stage (EshiRun   *self,
             EshiStage  stage)
{
  double now = now_s ();

  g_assert (self->thread == g_thread_self ());
  g_assert (!self->ended);

  *stage_seconds (self) += now - self->stage_since;
  self->timings.total = now - self->started_at;
  self->stage_since = now;
  self->stage = stage;
}

/* An event about the picture being painted. */
static EshiEvent *
new_event (EshiRun       *self,
           EshiEventKind  kind)
{
  EshiEvent *event = _eshi_event_new (kind, self->id);

  event->index = self->index;
  event->step = self->step;
  event->n_steps = self->settings != NULL ? self->settings->steps : 0;

  return event;
}

static void
post_progress (EshiRun *self,
               double   fraction)
{
  EshiEvent *event = new_event (self, ESHI_EVENT_PROGRESS);

  event->stage = self->stage;
  event->fraction = CLAMP (fraction, 0.0, 1.0);
  event->seconds_left = self->seconds_left;
  _eshi_outbox_post (self->outbox, event);
}

void
_eshi_run_stage (EshiRun   *self,
                 EshiStage  stage,
                 double     part)
{
  double fraction = part;

  enter_stage (self, stage);
  if (stage == ESHI_STAGE_READING)
    fraction = 0.0;
  else if (stage == ESHI_STAGE_FINISHING && self->settings != NULL)
    fraction = (self->index + STEPS_SHARE + (1.0 - STEPS_SHARE) * part) / self->settings->n_images;
  post_progress (self, fraction);
}

void
_eshi_run_step (EshiRun *self,
                int      index,
                int      step)
{
  g_return_if_fail (self->settings != NULL);

  enter_stage (self, ESHI_STAGE_PAINTING);
  self->index = index;
  self->step = step;
  self->seconds_left = _eshi_pace_step (&self->pace, index, step, self->stage_since);
  post_progress (self, (index + STEPS_SHARE * step / self->settings->steps) / self->settings->n_images);
}

void
_eshi_run_preview (EshiRun   *self,
                   int        index,
                   int        step,
                   EshiImage *image)
{
  EshiEvent *event = NULL;

  g_assert (self->thread == g_thread_self ());
  g_assert (!self->ended);

  g_clear_pointer (&self->last_preview, eshi_image_unref);
  self->last_preview = eshi_image_ref (image);
  event = new_event (self, ESHI_EVENT_PREVIEW);
  event->index = index;
  event->step = step;
  event->image = eshi_image_ref (image);
  _eshi_outbox_post (self->outbox, event);
}

void
_eshi_run_checkpoint (EshiRun *self,
                      int      index,
                      int      step,
                      GBytes  *state)
{
  EshiEvent *event = NULL;

  g_assert (self->thread == g_thread_self ());
  g_assert (!self->ended);

  event = new_event (self, ESHI_EVENT_CHECKPOINT);
  event->index = index;
  event->step = step;
  event->state = g_bytes_ref (state);
  _eshi_outbox_post (self->outbox, event);
}

void
_eshi_run_add_note (EshiRun    *self,
                    const char *note)
{
  char *notes = self->note != NULL ? g_strconcat (self->note, "\n", note, NULL) : g_strdup (note);

  g_assert (self->thread == g_thread_self ());

  g_free (self->note);
  self->note = notes;
}

/* Fills in how the picture was made, or was going to be made. */
static void
describe (EshiRun   *self,
          EshiEvent *event)
{
  const EshiSettings *settings = self->settings != NULL ? self->settings : eshi_request_get_settings (self->request);

  event->settings = settings != NULL ? eshi_settings_copy (settings) : NULL;
  event->model_name = g_strdup (self->model_name);
  event->backend = g_strdup (self->backend);
  event->note = g_strdup (self->note);
  if (self->vae_redone)
    {
      const char *redone = _("The VAE's numbers became too large for half precision, so it worked again in full "
                             "precision.");

      event->settings->vae_f32 = TRUE;
      g_free (event->note);
      event->note = self->note != NULL ? g_strconcat (self->note, "\n", redone, NULL) : g_strdup (redone);
    }
  event->timings = self->timings;
}

void
_eshi_run_set_vae_redone (EshiRun  *self,
                          gboolean  redone)
{
  g_return_if_fail (self->settings != NULL);

  self->vae_redone = redone;
}

void
_eshi_run_image (EshiRun   *self,
                 int        index,
                 EshiImage *image,
                 gboolean   withheld)
{
  EshiEvent *event = NULL;

  g_return_if_fail (self->settings != NULL);

  enter_stage (self, ESHI_STAGE_FINISHING);
  self->index = index;
  self->seconds_left = _eshi_pace_image (&self->pace, index, self->stage_since);
  self->finish_time->n_pixels = (gint64) self->settings->width * self->settings->height;
  self->finish_time->seconds = self->pace.finish_s;
  g_clear_pointer (&self->last_preview, eshi_image_unref);
  g_clear_pointer (&self->last_image, eshi_image_unref);
  self->last_image = eshi_image_ref (image);

  event = new_event (self, ESHI_EVENT_IMAGE);
  describe (self, event);
  if (self->settings->variation_strength > 0.0)
    event->settings->variation_seed = self->settings->variation_seed + index;
  else
    event->settings->seed = self->settings->seed + index;
  event->settings->n_images = 1;
  event->settings->withheld = withheld;
  if (withheld)
    event->settings->watermark = ESHI_SWITCH_OFF;
  event->image = eshi_image_ref (image);
  _eshi_outbox_post (self->outbox, event);
  post_progress (self, (index + 1.0) / self->settings->n_images);
}

void
_eshi_run_end (EshiRun *self,
               GError  *error)
{
  EshiEvent *event = NULL;

  enter_stage (self, self->stage);
  self->ended = TRUE;

  if (error == NULL)
    event = new_event (self, ESHI_EVENT_DONE);
  else if (g_cancellable_is_cancelled (self->cancellable) ||
           g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    event = new_event (self, ESHI_EVENT_CANCELLED);
  else
    event = new_event (self, ESHI_EVENT_FAILED);

  if (event->kind == ESHI_EVENT_FAILED)
    {
      event->error = error;
    }
  else
    {
      g_clear_error (&error);
      describe (self, event);
      event->image = event->kind == ESHI_EVENT_DONE
                       ? g_steal_pointer (&self->last_image)
                       : g_steal_pointer (&self->last_preview);
    }
  _eshi_outbox_post (self->outbox, event);
}
