/* eshi-request.c: what the artist asks for: settings by value, judged before anything is loaded.
 *
 * Text forms of the settings are in eshi-settings-text.c. Defaults that belong to a model are not known here.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "eshi-emphasis.h"
#include "eshi-error.h"
#include "eshi-request.h"
#include "eshi-sampler.h"

#define MIN_SIDE 64
#define MAX_SIDE 2048
#define MAX_STEPS 1000
#define MIN_GUIDANCE 1.0
#define MAX_GUIDANCE 30.0
#define MAX_IMAGES 64
#define MAX_CLIP_SKIP 12
#define MAX_PROMPT_BYTES (1 << 20)

struct _EshiRequest
{
  EshiRequestKind  kind;
  EshiSettings    *settings; /* (nullable) */
  double           checkpoint_seconds;
  GBytes          *state;    /* (nullable) */
  int              stop_after;
};

G_DEFINE_BOXED_TYPE (EshiSettings, eshi_settings, eshi_settings_copy, eshi_settings_free)
G_DEFINE_BOXED_TYPE (EshiRequest, eshi_request, eshi_request_ref, eshi_request_unref)

EshiSettings *
eshi_settings_new (void)
{
  EshiSettings *self = g_new0 (EshiSettings, 1);

  self->prompt = g_strdup ("");
  self->negative_prompt = g_strdup ("");
  self->rng = ESHI_RNG_CPU;
  self->n_images = 1;
  self->previews = TRUE;
  self->strength = ESHI_STRENGTH_DEFAULT;
  self->paste = TRUE;

  return self;
}

EshiSettings *
eshi_settings_copy (const EshiSettings *self)
{
  EshiSettings *copy = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_memdup2 (self, sizeof *self);
  copy->model = g_strdup (self->model);
  copy->prompt = g_strdup (self->prompt != NULL ? self->prompt : "");
  copy->negative_prompt = g_strdup (self->negative_prompt != NULL ? self->negative_prompt : "");
  copy->sampler = g_strdup (self->sampler);
  copy->schedule = g_strdup (self->schedule);
  copy->image = self->image != NULL ? eshi_image_ref (self->image) : NULL;
  copy->mask = self->mask != NULL ? eshi_image_ref (self->mask) : NULL;
  copy->loras = g_strdupv (self->loras);
  copy->model_hash = g_strdup (self->model_hash);
  copy->vae = g_strdup (self->vae);
  copy->emphasis = g_strdup (self->emphasis);
  copy->embeddings = g_strdupv (self->embeddings);
  copy->branch = eshi_branch_copy (self->branch);

  return copy;
}

void
eshi_settings_free (EshiSettings *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->model);
  g_free (self->prompt);
  g_free (self->negative_prompt);
  g_free (self->sampler);
  g_free (self->schedule);
  g_clear_pointer (&self->image, eshi_image_unref);
  g_clear_pointer (&self->mask, eshi_image_unref);
  g_strfreev (self->loras);
  g_free (self->model_hash);
  g_free (self->vae);
  g_free (self->emphasis);
  g_strfreev (self->embeddings);
  g_clear_pointer (&self->branch, eshi_branch_free);
  g_free (self);
}

static gboolean
check_text (const char  *text,
            GError     **error)
{
  if (text == NULL)
    return TRUE;

  if (strlen (text) > MAX_PROMPT_BYTES)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("The prompt is too long; shorten it to a few sentences."));
      return FALSE;
    }
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("The prompt is not valid UTF-8 text; type it again."));
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_size (const EshiSettings  *self,
            GError             **error)
{
  if (self->width != 0 && (self->width < MIN_SIDE || self->width > MAX_SIDE || self->width % 8 != 0))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The width %d is not possible; choose a multiple of 8 from %d to %d pixels."),
                   self->width, MIN_SIDE, MAX_SIDE);
      return FALSE;
    }
  if (self->height != 0 && (self->height < MIN_SIDE || self->height > MAX_SIDE || self->height % 8 != 0))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The height %d is not possible; choose a multiple of 8 from %d to %d pixels."),
                   self->height, MIN_SIDE, MAX_SIDE);
      return FALSE;
    }

  return TRUE;
}

/* Sets @error to a sentence that names every sampler; returns FALSE for the caller to pass on. */
static gboolean
refuse_sampler (const char  *name,
                GError     **error)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autoptr(GString) ids = g_string_new (NULL);
  guint n_samplers = 0;
  const EshiSampler *all = eshi_samplers (&n_samplers);

  for (guint i = 0; i < n_samplers; i++)
    g_string_append_printf (ids, "%s%s", i > 0 ? ", " : "", all[i].id);
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("There is no sampler called “%s”; choose one of these: %s."), valid, ids->str);

  return FALSE;
}

/* Whether the schedule exists and goes with the sampler, as far as that one is known here. */
static gboolean
check_schedule (const EshiSettings  *self,
                GError             **error)
{
  const EshiSampler *sampler = self->sampler != NULL ? eshi_sampler_find (self->sampler) : NULL;
  g_autofree char *valid = NULL;

  if (self->schedule == NULL || g_ascii_strcasecmp (self->schedule, ESHI_SCHEDULE_AUTOMATIC) == 0)
    return TRUE;
  if (eshi_schedule_find (self->schedule) == NULL)
    {
      valid = g_utf8_make_valid (self->schedule, -1);
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("There is no schedule called “%s”; choose one of these: %s."), valid,
                   "automatic, uniform, karras, exponential, sgm-uniform, align-your-steps");
      return FALSE;
    }
  if (sampler != NULL && !sampler->takes_schedule)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The sampler %s has a schedule of its own; leave the schedule out, or choose another sampler."),
                   sampler->label);
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_sampling (const EshiSettings  *self,
                GError             **error)
{
  if (self->steps < 0 || self->steps > MAX_STEPS)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("%d steps are not possible; choose a number from 1 to %d."),
                   self->steps, MAX_STEPS);
      return FALSE;
    }
  /* Written so that NaN fails. */
  if (self->guidance != 0.0 && !(self->guidance >= MIN_GUIDANCE && self->guidance <= MAX_GUIDANCE))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The guidance scale %g is not possible; choose a number from %g to %g."),
                   self->guidance, MIN_GUIDANCE, MAX_GUIDANCE);
      return FALSE;
    }
  if (self->sampler != NULL && eshi_sampler_find (self->sampler) == NULL)
    return refuse_sampler (self->sampler, error);

  return check_schedule (self, error);
}

static gboolean
check_seed (const EshiSettings  *self,
            GError             **error)
{
  if (self->n_images < 1 || self->n_images > MAX_IMAGES)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("%d pictures at once are not possible; choose a number from 1 to %d."),
                   self->n_images, MAX_IMAGES);
      return FALSE;
    }
  if (self->seed > ESHI_SEED_MAX - (guint) (self->n_images - 1))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The seed %" PRIu64 " is not possible; choose a number from 0 to %u."),
                   self->seed, ESHI_SEED_MAX - (guint) (self->n_images - 1));
      return FALSE;
    }
  if (eshi_rng_kind_get_name (self->rng) == NULL)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("There is no such kind of noise; choose “cpu” or “philox”."));
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_mask (const EshiSettings  *self,
            GError             **error)
{
  if (self->mask == NULL)
    return TRUE;

  if (self->image == NULL)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("A mask says which part of an image is painted over; choose an image as well."));
      return FALSE;
    }
  if (eshi_image_get_width (self->mask) != eshi_image_get_width (self->image) ||
      eshi_image_get_height (self->mask) != eshi_image_get_height (self->image))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The mask is %d × %d pixels, but the image is %d × %d; choose a mask of the image's size."),
                   eshi_image_get_width (self->mask), eshi_image_get_height (self->mask),
                   eshi_image_get_width (self->image), eshi_image_get_height (self->image));
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_strength (const EshiSettings  *self,
                GError             **error)
{
  /* Written so that NaN fails. */
  if (self->image == NULL || (self->strength >= 0.0 && self->strength <= 1.0))
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("The strength %g is not possible; choose a number from 0 to 1."), self->strength);

  return FALSE;
}

static gboolean
check_guard (const EshiSettings  *self,
             GError             **error)
{
  if (eshi_switch_get_name (self->safety) != NULL && eshi_switch_get_name (self->watermark) != NULL)
    return TRUE;

  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("The safety checker and the watermark can be “auto”, “on” or “off”, and nothing else."));

  return FALSE;
}

static gboolean
check_vae (const EshiSettings  *self,
           GError             **error)
{
  if (eshi_switch_get_name (self->vae_tiling) != NULL)
    return TRUE;

  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("There is no such way to use tiles; choose “auto”, “off” or “on”."));

  return FALSE;
}

static gboolean
check_previews (const EshiSettings  *self,
                GError             **error)
{
  if (self->preview_every < 0 || self->preview_every > MAX_STEPS)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("Previews must come after every 1 to 1000 steps."));
      return FALSE;
    }
  if (eshi_preview_kind_get_name (self->preview_kind) != NULL)
    return TRUE;

  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("There is no such kind of previews; choose “auto”, “taesd”, “vae” or “rgb”."));

  return FALSE;
}

static gboolean
check_variation (const EshiSettings  *self,
                 GError             **error)
{
  /* Written so that NaN fails. */
  if (!(self->variation_strength >= 0.0 && self->variation_strength <= 1.0))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The variation strength %g is not possible; choose a number from 0 to 1."), self->variation_strength);
      return FALSE;
    }
  if (self->variation_seed > ESHI_SEED_MAX - (guint) (self->n_images - 1))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The variation seed %" PRIu64 " is not possible; choose a number from 0 to %u."),
                   self->variation_seed, ESHI_SEED_MAX - (guint) (self->n_images - 1));
      return FALSE;
    }

  return TRUE;
}

/* How the prompts are read, and followed. */
static gboolean
check_reading (const EshiSettings  *self,
               GError             **error)
{
  EshiEmphasis emphasis = ESHI_EMPHASIS_ORIGINAL;
  g_autofree char *valid = NULL;

  if (!(self->guidance_stop >= 0.0 && self->guidance_stop <= 1.0))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("Guidance cannot stop after %g of the steps; choose a number from 0 to 1."), self->guidance_stop);
      return FALSE;
    }
  if (self->clip_skip < 0 || self->clip_skip > MAX_CLIP_SKIP)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("A clip skip of %d is not possible; choose a number from 1 to %d."), self->clip_skip, MAX_CLIP_SKIP);
      return FALSE;
    }
  if (self->emphasis == NULL || eshi_emphasis_from_name (self->emphasis, &emphasis))
    return TRUE;

  valid = g_utf8_make_valid (self->emphasis, -1);
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("There is no emphasis called “%s”; choose one of these: %s."), valid, "original, no-norm, ignore, off");
  return FALSE;
}

/* Each branch at an earlier step than the one that follows it, and of values that settings of their own might have. */
static gboolean
check_branch (const EshiSettings  *self,
              GError             **error)
{
  int limit = self->steps > 0 ? self->steps : MAX_STEPS;
  guint depth = 0;

  if (self->branch != NULL && self->n_images != 1)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("A picture that parts from another is painted alone; choose one picture at a time."));
      return FALSE;
    }
  for (const EshiBranch *branch = self->branch; branch != NULL; branch = branch->earlier)
    {
      if (branch->step < 1 || branch->step >= limit || ++depth > ESHI_BRANCH_MAX_DEPTH)
        {
          g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("The picture cannot part from another after step %d; choose a step from 1 to %d."), branch->step,
                       limit - 1);
          return FALSE;
        }
      if (!check_text (branch->prompt, error) || !check_text (branch->negative_prompt, error))
        return FALSE;
      if (!(branch->guidance >= MIN_GUIDANCE && branch->guidance <= MAX_GUIDANCE) || branch->seed > ESHI_SEED_MAX)
        {
          g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                               _("What the picture parts from has a guidance or a seed that are not possible; choose another "
                                 "picture."));
          return FALSE;
        }
      limit = branch->step;
    }

  return TRUE;
}

gboolean
eshi_settings_is_draft (const EshiSettings *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->guidance_stop > 0.0 && self->guidance_stop < 1.0;
}

gboolean
eshi_settings_validate (const EshiSettings  *self,
                        GError             **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return check_text (self->prompt, error) &&
         check_text (self->negative_prompt, error) &&
         check_size (self, error) &&
         check_sampling (self, error) &&
         check_seed (self, error) &&
         check_mask (self, error) &&
         check_guard (self, error) &&
         check_strength (self, error) &&
         check_variation (self, error) &&
         check_vae (self, error) &&
         check_previews (self, error) &&
         check_reading (self, error) &&
         check_branch (self, error);
}

EshiRequest *
eshi_request_new (EshiRequestKind     kind,
                  const EshiSettings *settings)
{
  EshiRequest *self = NULL;

  g_return_val_if_fail (settings != NULL || kind == ESHI_REQUEST_UNLOAD, NULL);

  self = g_atomic_rc_box_new0 (EshiRequest);
  self->kind = kind;
  self->settings = settings != NULL ? eshi_settings_copy (settings) : NULL;
  self->checkpoint_seconds = -1.0;

  return self;
}

EshiRequest *
eshi_request_new_resumable (const EshiSettings *settings,
                            double              checkpoint_seconds,
                            GBytes             *state)
{
  EshiRequest *self = eshi_request_new (ESHI_REQUEST_GENERATE, settings);

  g_return_val_if_fail (self != NULL, NULL);

  self->checkpoint_seconds = checkpoint_seconds;
  self->state = state != NULL ? g_bytes_ref (state) : NULL;

  return self;
}

EshiRequest *
eshi_request_new_stopping (const EshiSettings *settings,
                           int                 stop_after,
                           GBytes             *state)
{
  EshiRequest *self = NULL;

  g_return_val_if_fail (settings != NULL && settings->n_images == 1, NULL);
  g_return_val_if_fail (stop_after > 0, NULL);

  /* No checkpoint but the one where it stops. */
  self = eshi_request_new_resumable (settings, G_MAXDOUBLE, state);
  self->stop_after = stop_after;

  return self;
}

EshiRequest *
eshi_request_ref (EshiRequest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
eshi_request_clear (gpointer data)
{
  EshiRequest *self = data;

  g_clear_pointer (&self->settings, eshi_settings_free);
  g_clear_pointer (&self->state, g_bytes_unref);
}

void
eshi_request_unref (EshiRequest *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, eshi_request_clear);
}

EshiRequestKind
eshi_request_get_kind (const EshiRequest *self)
{
  g_return_val_if_fail (self != NULL, ESHI_REQUEST_UNLOAD);

  return self->kind;
}

const EshiSettings *
eshi_request_get_settings (const EshiRequest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->settings;
}

double
eshi_request_get_checkpoint_seconds (const EshiRequest *self)
{
  g_return_val_if_fail (self != NULL, -1.0);

  return self->checkpoint_seconds;
}

GBytes *
eshi_request_get_state (const EshiRequest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->state;
}

int
eshi_request_get_stop_after (const EshiRequest *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->stop_after;
}
