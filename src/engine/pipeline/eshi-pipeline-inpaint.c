/* eshi-pipeline-inpaint.c: what a UNet for inpainting is given beside the latents: where to paint, and the rest of the
 * image.
 *
 * Such a UNet has nine input channels: the latents, the mask, and the latents of the image without what the mask covers.
 * As the reference does it, the mask is black or white, and the covered pixels are grey. Without an image everything is
 * covered. Changes no latents itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>

#include "eshi-pipeline-private.h"
#include "eshi-resize.h"

#define N_EXTRA (ESHI_INPAINT_CHANNELS - 4)

void
_eshi_inpaint_clear (EshiInpaint *self)
{
  g_clear_pointer (&self->mean, g_free);
  g_clear_pointer (&self->logvar, g_free);
  g_clear_pointer (&self->latents, g_free);
  g_clear_pointer (&self->extra, g_free);
}

/* Whether pixel @i is painted over; @mask: (nullable). */
static gboolean
is_covered (const guint8 *mask,
            gsize         i)
{
  return mask == NULL || mask[i] >= 128;
}

/* The image in −1 to 1 with grey where @mask covers it; (transfer full). */
static float *
make_masked_image (const guint8 *rgb,
                   const guint8 *mask,
                   gsize         n_pixels)
{
  float *pixels = g_new0 (float, 3 * n_pixels);

  for (gsize i = 0; rgb != NULL && i < n_pixels; i++)
    for (guint c = 0; c < 3 && !is_covered (mask, i); c++)
      pixels[3 * i + c] = 2.0f * (rgb[3 * i + c] / 255.0f) - 1.0f;
  return pixels;
}

gboolean
_eshi_inpaint_init (EshiInpaint               *self,
                    EshiPipeline              *pipeline,
                    const EshiPipelineParams  *params,
                    const guint8              *rgb,
                    EshiVaePartFunc            func,
                    gpointer                   user_data,
                    GCancellable              *cancellable,
                    GError                   **error)
{
  guint factor = _eshi_pipeline_factor (pipeline);
  guint width = params->width / factor;
  guint height = params->height / factor;
  g_autofree guint8 *mask = NULL;
  g_autofree float *pixels = NULL;

  if (params->mask != NULL)
    {
      mask = eshi_resize (params->mask, params->image_width, params->image_height, 1, params->width, params->height,
                          ESHI_RESIZE_LANCZOS, error);
      if (mask == NULL)
        return FALSE;
    }

  self->n_pixels = (gsize) width * height;
  self->mean = g_new (float, 4 * self->n_pixels);
  self->logvar = g_new (float, 4 * self->n_pixels);
  self->latents = g_new (float, 4 * self->n_pixels);
  self->extra = g_new (float, N_EXTRA * self->n_pixels);
  /* The top left pixel of each latent's square, as the reference shrinks the mask. */
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      self->extra[N_EXTRA * ((gsize) y * width + x)] =
        is_covered (mask, (gsize) y * factor * params->width + (gsize) x * factor) ? 1.0f : 0.0f;

  pixels = make_masked_image (rgb, mask, (gsize) params->width * params->height);
  return _eshi_pipeline_encode (pipeline, height, width, pixels, self->mean, self->logvar, func, user_data, cancellable,
                                error);
}

void
_eshi_inpaint_draw (EshiInpaint *self,
                    double       scaling_factor,
                    EshiRng     *rng)
{
  gsize n = 4 * self->n_pixels;

  eshi_rng_fill_normal (rng, self->latents, n);
  for (gsize i = 0; i < n; i++)
    self->latents[i] = (float) scaling_factor * (self->mean[i] + expf (0.5f * self->logvar[i]) * self->latents[i]);
  for (gsize p = 0; p < self->n_pixels; p++)
    for (guint c = 0; c < 4; c++)
      self->extra[N_EXTRA * p + 1 + c] = self->latents[c * self->n_pixels + p];
}

void
_eshi_inpaint_join (const EshiInpaint *self,
                    const float       *x,
                    float              scale,
                    float             *pixels)
{
  for (gsize p = 0; p < self->n_pixels; p++)
    {
      float *pixel = pixels + ESHI_INPAINT_CHANNELS * p;

      for (guint c = 0; c < 4; c++)
        pixel[c] = x[c * self->n_pixels + p] * scale;
      for (guint c = 0; c < N_EXTRA; c++)
        pixel[4 + c] = self->extra[N_EXTRA * p + c];
    }
}
