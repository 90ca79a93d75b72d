/* eshi-pipeline-variation.c: noise that lies between that of two seeds, for pictures much like another one.
 *
 * The formula is that of Stable Diffusion web UI (modules/rng.py), oddities included, so that its settings give its
 * noise: the arc is followed for each column of each channel by itself, and where the two noises are the same on the
 * whole, the straight line is walked the other way round.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>

#include "eshi-pipeline-private.h"

#define CHANNELS 4

/* Mean cosine from which on two noises count as the same. */
#define SAME_COSINE 0.9995

/* Sine below which there is no arc between two columns, but one direction or two opposite ones. */
#define MIN_SINE 1e-6

/* Shares of the two noises in one column. */
typedef struct
{
  double low;
  double high;
} Shares;

/* The cosine of the angle between the columns at @a and @b, of @n values that lie @stride apart. */
static double
get_cosine (const float *a,
            const float *b,
            guint        n,
            gsize        stride)
{
  double aa = 0;
  double bb = 0;
  double ab = 0;

  for (gsize i = 0; i < n * stride; i += stride)
    {
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
      ab += (double) a[i] * b[i];
    }

  return aa > 0 && bb > 0 ? CLAMP (ab / sqrt (aa * bb), -1.0, 1.0) : 1.0;
}

/* Along the arc; along the line where there is none. */
static Shares
get_arc (double cosine,
         double strength)
{
  double angle = acos (cosine);

  if (sin (angle) < MIN_SINE)
    return (Shares) { 1 - strength, strength };
  return (Shares) { sin ((1 - strength) * angle) / sin (angle), sin (strength * angle) / sin (angle) };
}

void
_eshi_variation_turn (double       strength,
                      guint        height,
                      guint        width,
                      const float *other,
                      float       *noise)
{
  gsize n_pixels = (gsize) height * width;
  gsize n_columns = (gsize) CHANNELS * width;
  g_autofree double *cosines = g_new (double, n_columns);
  double sum = 0;

  for (gsize i = 0; i < n_columns; i++)
    {
      gsize first = i / width * n_pixels + i % width;

      cosines[i] = get_cosine (noise + first, other + first, height, width);
      sum += cosines[i];
    }

  for (gsize i = 0; i < CHANNELS * n_pixels; i++)
    {
      gsize column = i / n_pixels * width + i % width;
      Shares shares = sum > SAME_COSINE * (double) n_columns ? (Shares) { strength, 1 - strength }
                                                             : get_arc (cosines[column], strength);

      noise[i] = (float) (shares.low * noise[i] + shares.high * other[i]);
    }
}

void
_eshi_variation_draw (const EshiPipelineParams *params,
                      guint                     index,
                      guint                     height,
                      guint                     width,
                      EshiRng                  *rng,
                      float                    *noise)
{
  gsize n = CHANNELS * (gsize) height * width;
  g_autoptr(EshiRng) other_rng = NULL;
  g_autofree float *other = NULL;

  eshi_rng_fill_normal (rng, noise, n);
  if (params->variation_strength <= 0)
    return;

  other_rng = eshi_rng_new (params->rng, params->variation_seed + index);
  other = g_new (float, n);
  eshi_rng_fill_normal (other_rng, other, n);
  _eshi_variation_turn (params->variation_strength, height, width, other, noise);
}

guint64
_eshi_variation_get_seed (const EshiPipelineParams *params,
                          guint                     index)
{
  return params->variation_strength > 0 ? params->seed : params->seed + index;
}
