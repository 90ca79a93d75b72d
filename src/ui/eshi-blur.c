/* eshi-blur.c: a plane of bytes made soft, by an exact Gaussian in two passes.
 *
 * Knows nothing of masks or colours, and takes as long as it takes: callers run it on a thread.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-blur.h"

#include <math.h>
#include <string.h>

/* (transfer full): [2 · radius + 1]: the Gaussian's integral over each pixel; their sum is 1 */
static float *
make_kernel (double sigma,
             int    radius)
{
  float *kernel = g_new (float, 2 * (gsize) radius + 1);
  double unit = 1 / (sigma * G_SQRT2);
  double sum = erf ((radius + 0.5) * unit) * 2;

  for (int i = -radius; i <= radius; i++)
    kernel[i + radius] = (float) ((erf ((i + 0.5) * unit) - erf ((i - 0.5) * unit)) / sum);
  return kernel;
}

static void
add_scaled (float       *dst,
            const float *src,
            float        factor,
            int          n)
{
  for (int i = 0; i < n; i++)
    dst[i] += factor * src[i];
}

/* src: [width] u8; dst: [width] f32; padded: scratch, [width + 2 · radius] f32 */
static void
blur_row (const guint8 *src,
          float        *dst,
          float        *padded,
          const float  *kernel,
          int           width,
          int           radius)
{
  for (int i = 0; i < width + 2 * radius; i++)
    padded[i] = src[CLAMP (i - radius, 0, width - 1)];
  memset (dst, 0, (gsize) width * sizeof *dst);
  for (int k = 0; k <= 2 * radius; k++)
    add_scaled (dst, padded + k, kernel[k], width);
}

guint8 *
eshi_blur (const guint8 *src,
           int           width,
           int           height,
           double        sigma)
{
  int radius = (int) ceil (3 * sigma);
  g_autofree float *kernel = make_kernel (sigma, radius);
  g_autofree float *rows = g_new (float, (gsize) width * height);
  g_autofree float *scratch = g_new (float, (gsize) width + 2 * radius);
  guint8 *dst = g_malloc ((gsize) width * height);

  for (int y = 0; y < height; y++)
    blur_row (src + (gsize) y * width, rows + (gsize) y * width, scratch, kernel, width, radius);
  for (int y = 0; y < height; y++)
    {
      memset (scratch, 0, (gsize) width * sizeof *scratch);
      for (int k = -radius; k <= radius; k++)
        add_scaled (scratch, rows + (gsize) CLAMP (y + k, 0, height - 1) * width, kernel[k + radius], width);
      for (int x = 0; x < width; x++)
        dst[(gsize) y * width + x] = (guint8) (scratch[x] + 0.5f);
    }
  return dst;
}
