/* eshi-resize.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-resize.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "eshi-error.h"

#define MAX_SIDE 16384
#define MAX_CHANNELS 4
#define PRECISION_BITS 22

/* What each pixel of one axis is made of. */
typedef struct
{
  guint  n_out;
  guint  n_max;   /* weights that a pixel has at most */
  guint *first;   /* [n_out]: source pixel of the first weight */
  guint *n;       /* [n_out]: weights */
  int   *weights; /* [n_out, n_max]: their sum is nearly 2²² */
} Axis;

static void
axis_clear (Axis *self)
{
  g_clear_pointer (&self->first, g_free);
  g_clear_pointer (&self->n, g_free);
  g_clear_pointer (&self->weights, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Axis, axis_clear)

static double
bicubic (double x)
{
  const double a = -0.5;

  x = fabs (x);
  if (x < 1.0)
    return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
}

static double
sinc (double x)
{
  return x == 0.0 ? 1.0 : sin (x * G_PI) / (x * G_PI);
}

static double
lanczos (double x)
{
  return x >= -3.0 && x < 3.0 ? sinc (x) * sinc (x / 3.0) : 0.0;
}

/* Half away from zero, as the reference rounds. */
static int
to_fixed (double weight)
{
  return (int) (weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
}

static void
fill_weights (Axis   *self,
              guint   i,
              double  centre,
              double  filter_scale,
              double (*kernel) (double x),
              double *scratch)
{
  double sum = 0.0;

  for (guint k = 0; k < self->n[i]; k++)
    {
      scratch[k] = kernel ((k + (double) self->first[i] - centre + 0.5) * (1.0 / filter_scale));
      sum += scratch[k];
    }
  for (guint k = 0; k < self->n[i]; k++)
    self->weights[(gsize) i * self->n_max + k] = to_fixed (sum != 0.0 ? scratch[k] / sum : scratch[k]);
}

static gboolean
axis_init (Axis             *self,
           guint             n_in,
           guint             n_out,
           EshiResizeFilter  filter)
{
  double scale = (double) n_in / n_out;
  double filter_scale = MAX (scale, 1.0);
  double support = filter_scale * (filter == ESHI_RESIZE_BICUBIC ? 2.0 : 3.0);
  guint n_max = (guint) ceil (support) * 2 + 1;
  g_autofree double *scratch = g_new (double, n_max);

  *self = (Axis) { .n_out = n_out, .n_max = n_max };
  self->first = g_new (guint, n_out);
  self->n = g_new (guint, n_out);
  self->weights = g_try_new (int, (gsize) n_out * n_max);
  if (self->weights == NULL)
    return FALSE;

  for (guint i = 0; i < n_out; i++)
    {
      double centre = (i + 0.5) * scale;
      int first = MAX ((int) (centre - support + 0.5), 0);
      int end = MIN ((int) (centre + support + 0.5), (int) n_in);

      self->first[i] = (guint) first;
      self->n[i] = (guint) (end - first);
      fill_weights (self, i, centre, filter_scale, filter == ESHI_RESIZE_BICUBIC ? bicubic : lanczos, scratch);
    }

  return TRUE;
}

static guint8
weigh (const Axis   *self,
       guint         i,
       const guint8 *src,
       gsize         stride)
{
  const int *weights = self->weights + (gsize) i * self->n_max;
  int sum = 1 << (PRECISION_BITS - 1);

  src += self->first[i] * stride;
  for (guint k = 0; k < self->n[i]; k++)
    sum += weights[k] * src[k * stride];
  return (guint8) CLAMP (sum >> PRECISION_BITS, 0, 255);
}

/* @src [n_rows, n_in, channels] → @dst [n_rows, n_out, channels]. */
static void
resize_rows (const Axis   *axis,
             const guint8 *src,
             guint8       *dst,
             guint         n_rows,
             guint         n_in,
             guint         channels)
{
  for (guint y = 0; y < n_rows; y++, src += (gsize) n_in * channels)
    for (guint x = 0; x < axis->n_out; x++)
      for (guint c = 0; c < channels; c++)
        *dst++ = weigh (axis, x, src + c, channels);
}

/* @src [n_in, row_bytes] → @dst [n_out, row_bytes]. */
static void
resize_columns (const Axis   *axis,
                const guint8 *src,
                guint8       *dst,
                gsize         row_bytes)
{
  for (guint y = 0; y < axis->n_out; y++)
    for (gsize i = 0; i < row_bytes; i++)
      *dst++ = weigh (axis, y, src + i, row_bytes);
}

static void
take_nearest (const guint8 *src,
              guint         src_width,
              guint         src_height,
              guint         channels,
              guint         width,
              guint         height,
              guint8       *dst)
{
  for (guint y = 0; y < height; y++)
    {
      const guint8 *row = src + (gsize) ((y + 0.5) * src_height / height) * src_width * channels;

      for (guint x = 0; x < width; x++, dst += channels)
        memcpy (dst, row + (gsize) ((x + 0.5) * src_width / width) * channels, channels);
    }
}

/* Through [src_height, width]; an axis that keeps its length is left alone. FALSE where memory is short. */
static gboolean
resample (const guint8     *src,
          guint             src_width,
          guint             src_height,
          guint             channels,
          guint             width,
          guint             height,
          EshiResizeFilter  filter,
          guint8           *dst)
{
  gsize row_bytes = (gsize) width * channels;
  g_autofree guint8 *middle = NULL;
  g_auto(Axis) across = { 0 };
  g_auto(Axis) down = { 0 };

  if (width != src_width)
    {
      middle = g_try_malloc (row_bytes * src_height);
      if (middle == NULL || !axis_init (&across, src_width, width, filter))
        return FALSE;
      resize_rows (&across, src, middle, src_height, src_width, channels);
      src = middle;
    }
  if (height == src_height)
    {
      memcpy (dst, src, row_bytes * height);
      return TRUE;
    }
  if (!axis_init (&down, src_height, height, filter))
    return FALSE;

  resize_columns (&down, src, dst, row_bytes);
  return TRUE;
}

guint8 *
eshi_resize (const guint8      *src,
             guint              src_width,
             guint              src_height,
             guint              channels,
             guint              width,
             guint              height,
             EshiResizeFilter   filter,
             GError           **error)
{
  g_autofree guint8 *dst = NULL;

  g_return_val_if_fail (src != NULL, NULL);
  g_return_val_if_fail (channels >= 1 && channels <= MAX_CHANNELS, NULL);
  g_return_val_if_fail (src_width >= 1 && src_width <= MAX_SIDE && src_height >= 1 && src_height <= MAX_SIDE, NULL);
  g_return_val_if_fail (width >= 1 && width <= MAX_SIDE && height >= 1 && height <= MAX_SIDE, NULL);

  dst = g_try_malloc ((gsize) width * height * channels);
  if (dst != NULL && filter == ESHI_RESIZE_NEAREST)
    take_nearest (src, src_width, src_height, channels, width, height, dst);
  else if (dst == NULL || !resample (src, src_width, src_height, channels, width, height, filter, dst))
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                           _("There is not enough memory for a picture of this size. Choose a smaller one."));
      return NULL;
    }

  return g_steal_pointer (&dst);
}

void
eshi_rgb_to_grey (const guint8 *rgb,
                  gsize         n_pixels,
                  guint8       *grey)
{
  for (gsize i = 0; i < n_pixels; i++)
    grey[i] = (guint8) ((19595u * rgb[3 * i] + 38470u * rgb[3 * i + 1] + 7471u * rgb[3 * i + 2] + (1u << 15)) >> 16);
}
