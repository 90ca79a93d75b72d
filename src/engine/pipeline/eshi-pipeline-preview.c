/* eshi-pipeline-preview.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-pipeline-preview.h"

#include <math.h>
#include <string.h>

/* Share of the time since the first step that previews may have taken, a decoding that is to come included. Below the
 * promised tenth, since the guess of a first decoding may be short. */
#define BUDGET (1.0 / 12.0)

/* Size of the fit's latents, and of the patches of one colour in them: a lone pixel of noise is nothing a decoder has
 * seen. */
#define FIT_SIZE 16
#define FIT_PATCH 4

void
_eshi_preview_init (EshiPreview                 *self,
                    EshiPipeline                *pipeline,
                    const EshiPipelineParams    *params,
                    const EshiPipelineCallbacks *callbacks,
                    guint                        height,
                    guint                        width,
                    EshiDecodeGraph             *decoder,
                    GCancellable                *cancellable)
{
  gsize n = (gsize) height * width;

  *self = (EshiPreview) { .pipeline = pipeline, .callbacks = callbacks, .height = height, .width = width };
  self->every = MAX (params->preview_every, 1);
  self->started_us = g_get_monotonic_time ();
  if (callbacks == NULL || callbacks->preview == NULL)
    return;

  self->by_taesd = _eshi_pipeline_wants_taesd (pipeline, params);
  if (self->by_taesd)
    self->decoder = _eshi_pipeline_get_taesd (pipeline, params, callbacks, height, width, cancellable);
  else if (params->preview_kind != ESHI_PREVIEW_RGB)
    self->decoder = decoder;
  self->factor = self->by_taesd ? ESHI_TAESD_FACTOR : _eshi_pipeline_factor (pipeline);

  self->colours = g_new (guint8, 3 * n);
  self->pixels = g_new (guint8, 3 * n * self->factor * self->factor);
  self->z = g_new (float, 4 * n);
  if (self->by_taesd)
    self->image = g_new (float, 3 * n * self->factor * self->factor);
}

void
_eshi_preview_clear (EshiPreview *self)
{
  g_clear_pointer (&self->colours, g_free);
  g_clear_pointer (&self->pixels, g_free);
  g_clear_pointer (&self->z, g_free);
  g_clear_pointer (&self->image, g_free);
}

static double
seconds_since (gint64 start_us)
{
  return (double) (g_get_monotonic_time () - start_us) / G_USEC_PER_SEC;
}

static gboolean
can_afford_decoding (EshiPreview *self,
                     double       guess)
{
  double cost = self->decoder != NULL && self->decoder->seconds > 0 ? self->decoder->seconds : guess;

  return self->decoder != NULL && self->spent + cost <= BUDGET * (seconds_since (self->started_us) + cost);
}

/* Begins to decode @x0. */
static gboolean
begin (EshiPreview   *self,
       const float   *x0,
       guint          index,
       guint          step,
       GCancellable  *cancellable,
       GError       **error)
{
  double scale = 1.0 / eshi_vae_get_config (self->pipeline->vae)->scaling_factor;
  gsize n = (gsize) self->height * self->width;

  if (self->by_taesd)
    eshi_taesd_clamp (x0, n, self->z);
  else
    _eshi_planes_to_pixels (self->z, x0, n, 4, (float) scale);
  self->begun_index = index;
  self->begun_step = step;
  self->begun = _eshi_decode_graph_start (self->decoder, self->z, cancellable, error);

  return self->begun;
}

/* TAESD's image as self->pixels; written so that NaN becomes 0. */
static void
round_image (EshiPreview *self)
{
  gsize n = (gsize) self->height * self->width * ESHI_TAESD_FACTOR * ESHI_TAESD_FACTOR;

  for (gsize i = 0; i < 3 * n; i++)
    self->pixels[i] = self->image[i] > 0.0f ? (guint8) lrintf (255.0f * MIN (self->image[i], 1.0f)) : 0;
}

gboolean
_eshi_preview_collect (EshiPreview  *self,
                       GError      **error)
{
  if (!self->begun)
    return TRUE;

  self->begun = FALSE;
  if (!_eshi_decode_graph_collect (self->decoder, self->by_taesd ? NULL : self->pixels, self->image, error))
    return FALSE;
  if (self->by_taesd)
    round_image (self);
  self->callbacks->preview (self->begun_index, self->begun_step, self->width * self->factor, self->height * self->factor,
                            self->pixels, self->callbacks->user_data);

  return TRUE;
}

/* Decodes @x0 and waits for it; says how long that takes here. */
static gboolean
show_decoded (EshiPreview   *self,
              const float   *x0,
              guint          index,
              guint          step,
              GCancellable  *cancellable,
              GError       **error)
{
  gint64 start = g_get_monotonic_time ();

  if (!_eshi_preview_collect (self, error) || !begin (self, x0, index, step, cancellable, error) ||
      !_eshi_preview_collect (self, error))
    return FALSE;
  self->decoder->seconds = seconds_since (start);

  return TRUE;
}

/* The same beside the next step, once it is known what it takes. */
static gboolean
show_later (EshiPreview   *self,
            const float   *x0,
            guint          index,
            guint          step,
            GCancellable  *cancellable,
            GError       **error)
{
  if (!_eshi_preview_collect (self, error) || !begin (self, x0, index, step, cancellable, error))
    return FALSE;
  self->spent += self->decoder->seconds;

  return TRUE;
}

static void
show_colours (EshiPreview *self,
              const float *x0,
              guint        index,
              guint        step)
{
  eshi_latent_rgb_apply (&self->pipeline->rgb, x0, (gsize) self->height * self->width, self->colours);
  self->callbacks->preview (index, step, self->width, self->height, self->colours, self->callbacks->user_data);
}

gboolean
_eshi_preview_show (EshiPreview   *self,
                    const float   *x0,
                    guint          index,
                    guint          step,
                    double         guess,
                    GCancellable  *cancellable,
                    GError       **error)
{
  gint64 start = g_get_monotonic_time ();
  gboolean ok = TRUE;

  if (self->colours == NULL || step % self->every != 0)
    return TRUE;

  if (!can_afford_decoding (self, guess))
    show_colours (self, x0, index, step);
  else if (self->decoder->seconds > 0 && self->pipeline->backend->klass->set_lane != NULL)
    return show_later (self, x0, index, step, cancellable, error);
  else
    ok = show_decoded (self, x0, index, step, cancellable, error);

  self->spent += seconds_since (start);
  return ok;
}

gboolean
_eshi_preview_show_whole (EshiPreview   *self,
                          const float   *x0,
                          guint          index,
                          guint          step,
                          GCancellable  *cancellable,
                          GError       **error)
{
  gint64 start = g_get_monotonic_time ();
  gboolean ok = TRUE;

  if (self->colours == NULL)
    return TRUE;
  if (self->decoder != NULL)
    ok = show_decoded (self, x0, index, step, cancellable, error);
  else
    show_colours (self, x0, index, step);
  self->spent += seconds_since (start);
  return ok;
}

/* Latents [FIT_SIZE, FIT_SIZE, 4] as the UNet sees them: patches of normal noise. */
static void
make_fit_latents (float *latents)
{
  enum
  {
    N_SIDE = FIT_SIZE / FIT_PATCH
  };
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 0);
  float noise[N_SIDE * N_SIDE * 4];

  eshi_rng_fill_normal (rng, noise, G_N_ELEMENTS (noise));
  for (guint y = 0; y < FIT_SIZE; y++)
    for (guint x = 0; x < FIT_SIZE; x++)
      memcpy (&latents[4 * (y * FIT_SIZE + x)], &noise[4 * (y / FIT_PATCH * N_SIDE + x / FIT_PATCH)], 4 * sizeof (float));
}

/* Means of @factor² pixels of @image [FIT_SIZE · factor, FIT_SIZE · factor, 3]. */
static void
shrink (const float *image,
        guint        factor,
        float       *means)
{
  guint width = FIT_SIZE * factor;

  memset (means, 0, 3 * FIT_SIZE * FIT_SIZE * sizeof (float));
  for (guint y = 0; y < width; y++)
    for (guint x = 0; x < width; x++)
      for (guint c = 0; c < 3; c++)
        means[3 * (y / factor * FIT_SIZE + x / factor) + c] +=
          image[3 * ((gsize) y * width + x) + c] / (float) (factor * factor);
}

gboolean
_eshi_preview_fit (EshiPipeline  *pipeline,
                   GCancellable  *cancellable,
                   GError       **error)
{
  const EshiVaeConfig *config = eshi_vae_get_config (pipeline->vae);
  guint factor = _eshi_pipeline_factor (pipeline);
  gsize area = (gsize) FIT_SIZE * FIT_SIZE * factor * factor;
  g_autofree float *latents = NULL;
  g_autofree float *z = NULL;
  g_autofree float *means = NULL;
  g_autofree float *image = NULL;
  g_autofree guint8 *rgb = NULL;
  EshiDecodeGraph *decoder = NULL;

  if (pipeline->has_rgb)
    return TRUE;

  decoder = _eshi_pipeline_get_decoder (pipeline, FIT_SIZE, FIT_SIZE, FALSE, cancellable, error);
  if (decoder == NULL)
    return FALSE;

  latents = g_new (float, 4 * FIT_SIZE * FIT_SIZE);
  z = g_new (float, 4 * FIT_SIZE * FIT_SIZE);
  means = g_new (float, 3 * FIT_SIZE * FIT_SIZE);
  image = g_new (float, 3 * area);
  rgb = g_new (guint8, 3 * area);
  make_fit_latents (latents);
  for (guint i = 0; i < 4 * FIT_SIZE * FIT_SIZE; i++)
    z[i] = (float) (latents[i] / config->scaling_factor);
  if (!_eshi_decode_graph_run (decoder, z, rgb, image, cancellable, error))
    return FALSE;

  shrink (image, factor, means);
  eshi_latent_rgb_fit (latents, means, FIT_SIZE * FIT_SIZE, &pipeline->rgb);
  pipeline->has_rgb = TRUE;
  return TRUE;
}
