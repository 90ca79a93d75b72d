/* eshi-pipeline-start.c: pictures that start from another picture, and those of which a part stays.
 *
 * The image is encoded once per call; what is drawn from it differs by seed. Reads no files of pictures.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "eshi-pipeline-private.h"
#include "eshi-resize.h"

/* Pixels on either side of a mask's edge over which old and new are mixed: within the latent pixel of 8 that the edge
 * falls into. */
#define FEATHER 4

void
_eshi_start_clear (EshiStart *self)
{
  g_clear_pointer (&self->rgb, g_free);
  g_clear_pointer (&self->mean, g_free);
  g_clear_pointer (&self->logvar, g_free);
  g_clear_pointer (&self->clean, g_free);
  g_clear_pointer (&self->noise, g_free);
  g_clear_pointer (&self->noisy, g_free);
  g_clear_pointer (&self->repaint, g_free);
  g_clear_pointer (&self->feather, g_free);
  _eshi_inpaint_clear (&self->inpaint);
}

static gsize
count (const EshiStart *self)
{
  return (gsize) self->width * self->height;
}

/* Means of the 2 · FEATHER + 1 values around each of @n values that lie @stride apart; the ends count on. */
static void
blur_line (guint8 *values,
           guint   n,
           gsize   stride,
           guint8 *scratch)
{
  guint sum = 0;

  for (guint i = 0; i < n; i++)
    scratch[i] = values[i * stride];
  for (guint k = 0; k <= 2 * FEATHER; k++)
    sum += scratch[MIN (k > FEATHER ? k - FEATHER : 0, n - 1)];
  for (guint i = 0; i < n; i++)
    {
      values[i * stride] = (guint8) ((sum + FEATHER) / (2 * FEATHER + 1));
      sum += scratch[MIN (i + FEATHER + 1, n - 1)];
      sum -= scratch[i > FEATHER ? i - FEATHER : 0];
    }
}

static void
blur (guint8 *values,
      guint   width,
      guint   height)
{
  g_autofree guint8 *scratch = g_malloc (MAX (width, height));

  for (guint y = 0; y < height; y++)
    blur_line (values + (gsize) y * width, width, 1, scratch);
  for (guint x = 0; x < width; x++)
    blur_line (values + x, height, width, scratch);
}

/* @keeps: whether what the mask leaves alone is set back after every step. */
static gboolean
init_mask (EshiStart                 *self,
           gboolean                   keeps,
           const EshiPipelineParams  *params,
           GError                   **error)
{
  g_autofree guint8 *small = NULL;

  if (params->mask == NULL)
    return TRUE;

  if (keeps)
    {
      /* From the mask itself, not from the mask in the picture's size. */
      small = eshi_resize (params->mask, params->image_width, params->image_height, 1, self->width, self->height,
                           ESHI_RESIZE_NEAREST, error);
      if (small == NULL)
        return FALSE;
      self->repaint = g_new (float, count (self));
      for (gsize i = 0; i < count (self); i++)
        self->repaint[i] = small[i] / 255.0f;
    }

  if (!params->paste)
    return TRUE;
  self->feather = eshi_resize (params->mask, params->image_width, params->image_height, 1, params->width, params->height,
                               ESHI_RESIZE_NEAREST, error);
  if (self->feather == NULL)
    return FALSE;
  blur (self->feather, params->width, params->height);
  return TRUE;
}

/* Runs the encoder over self->rgb. */
static gboolean
encode (EshiStart        *self,
        EshiPipeline     *pipeline,
        EshiVaePartFunc   func,
        gpointer          user_data,
        GCancellable     *cancellable,
        GError          **error)
{
  gsize n = 3 * count (self) * self->factor * self->factor;
  g_autofree float *pixels = g_new (float, n);

  self->mean = g_new (float, 4 * count (self));
  self->logvar = g_new (float, 4 * count (self));
  for (gsize i = 0; i < n; i++)
    pixels[i] = 2.0f * (self->rgb[i] / 255.0f) - 1.0f;
  return _eshi_pipeline_encode (pipeline, self->height, self->width, pixels, self->mean, self->logvar, func, user_data,
                                cancellable, error);
}

gboolean
_eshi_start_init (EshiStart                 *self,
                  EshiPipeline              *pipeline,
                  const EshiPipelineParams  *params,
                  EshiVaePartFunc            func,
                  gpointer                   user_data,
                  GCancellable              *cancellable,
                  GError                   **error)
{
  guint factor = _eshi_pipeline_factor (pipeline);
  gboolean inpaints = eshi_unet_get_config (pipeline->unet)->in_channels == ESHI_INPAINT_CHANNELS;

  *self = (EshiStart) { .width = params->width / factor, .height = params->height / factor, .factor = factor };
  if (params->image != NULL)
    {
      self->rgb = eshi_resize (params->image, params->image_width, params->image_height, 3, params->width, params->height,
                               ESHI_RESIZE_LANCZOS, error);
      if (self->rgb == NULL || !init_mask (self, !inpaints, params, error))
        return FALSE;
    }
  if (inpaints && !_eshi_inpaint_init (&self->inpaint, pipeline, params, self->rgb, func, user_data, cancellable, error))
    return FALSE;
  /* A UNet for inpainting sees the image beside the latents, so at full strength it starts from noise alone. */
  if (params->image == NULL || (inpaints && params->strength == 1.0))
    return TRUE;

  self->clean = g_new (float, 4 * count (self));
  self->noise = g_new (float, 4 * count (self));
  self->noisy = g_new (float, 4 * count (self));
  return encode (self, pipeline, func, user_data, cancellable, error);
}

void
_eshi_start_draw (EshiStart                *self,
                  const EshiScheduler      *scheduler,
                  guint                     first,
                  double                    scaling_factor,
                  const EshiPipelineParams *params,
                  guint                     index,
                  EshiRng                  *rng,
                  float                    *x)
{
  gsize n = 4 * count (self);

  eshi_rng_fill_normal (rng, self->clean, n);
  for (gsize i = 0; i < n; i++)
    self->clean[i] = (float) scaling_factor * (self->mean[i] + expf (0.5f * self->logvar[i]) * self->clean[i]);
  _eshi_variation_draw (params, index, self->height, self->width, rng, self->noise);

  if (first < eshi_scheduler_get_n_calls (scheduler))
    eshi_scheduler_add_noise (scheduler, first, self->clean, self->noise, x);
  else
    memcpy (x, self->clean, n * sizeof (float));
}

void
_eshi_start_keep (EshiStart           *self,
                  const EshiScheduler *scheduler,
                  guint                call,
                  float               *x)
{
  if (self->repaint == NULL)
    return;

  eshi_scheduler_add_noise (scheduler, call, self->clean, self->noise, self->noisy);
  for (guint c = 0; c < 4; c++)
    for (gsize p = 0; p < count (self); p++)
      {
        gsize i = c * count (self) + p;
        float kept = 1.0f - self->repaint[p];

        x[i] = self->noisy[i] * kept + x[i] * (1.0f - kept);
      }
}

void
_eshi_start_paste (const EshiStart *self,
                   guint8          *rgb)
{
  gsize n = count (self) * self->factor * self->factor;

  for (gsize i = 0; self->feather != NULL && i < n; i++)
    for (guint c = 0; c < 3; c++)
      rgb[3 * i + c] = (guint8) ((rgb[3 * i + c] * self->feather[i] +
                                  self->rgb[3 * i + c] * (255u - self->feather[i]) + 127) /
                                 255);
}
