/* eshi-upscale.c: small pictures made large for the screen.
 *
 * The toolkit stretches textures with bilinear filtering only, which smears a 128-pixel picture at six times its size.
 * Whole factors are done here, once per picture; what remains to the wanted size is left to the toolkit. For the screen
 * only: files always hold the picture's own pixels.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-upscale.h"

#define N_CHANNELS 3
#define N_TAPS 4
#define MAX_FACTOR 16
#define N_AT_ONCE 16   /* a count known to the compiler, which makes vectors of it */

/* weights: [factor, 4]: Catmull-Rom at the centre of each of the sub-pixels; taps begin at source − 1 or source − 2,
 * see first_tap(). */
static void
fill_weights (float (*weights)[N_TAPS],
              int     factor)
{
  for (int i = 0; i < factor; i++)
    {
      float t = ((float) i + 0.5f) / (float) factor - 0.5f;

      if (t < 0)
        t += 1.0f;
      weights[i][0] = 0.5f * (-t + 2 * t * t - t * t * t);
      weights[i][1] = 0.5f * (2 - 5 * t * t + 3 * t * t * t);
      weights[i][2] = 0.5f * (t + 4 * t * t - 3 * t * t * t);
      weights[i][3] = 0.5f * (-t * t + t * t * t);
    }
}

static int
first_tap (int position,
           int factor)
{
  int source = position / factor;

  return 2 * (position % factor) + 1 < factor ? source - 2 : source - 1;
}

/* src: [width, 3] u8; dst: [width · factor, 3] f32 */
static void
stretch_row (const guint8  *src,
             float         *dst,
             int            width,
             int            factor,
             float        (*weights)[N_TAPS])
{
  for (int x = 0; x < width * factor; x++)
    {
      int first = first_tap (x, factor);
      const float *w = weights[x % factor];
      const guint8 *taps[N_TAPS];

      for (int k = 0; k < N_TAPS; k++)
        taps[k] = src + CLAMP (first + k, 0, width - 1) * N_CHANNELS;
      for (int c = 0; c < N_CHANNELS; c++)
        dst[x * N_CHANNELS + c] = w[0] * taps[0][c] + w[1] * taps[1][c] + w[2] * taps[2][c] + w[3] * taps[3][c];
    }
}

/* row: 4 of [n] f32, dst: [n] u8 */
static inline void
blend (const float *const *row,
       guint8 *restrict    dst,
       gsize               n,
       const float        *w)
{
  for (gsize i = 0; i < n; i++)
    {
      float sum = w[0] * row[0][i] + w[1] * row[1][i] + w[2] * row[2][i] + w[3] * row[3][i];

      dst[i] = (guint8) (int) (CLAMP (sum, 0.0f, 255.0f) + 0.5f);
    }
}

/* rows: [height, n] f32, n = row floats; dst: [n] u8 */
static void
blend_rows (const float *rows,
            guint8      *dst,
            int          y,
            int          height,
            gsize        n,
            int          factor,
            const float *w)
{
  int first = first_tap (y, factor);
  const float *row[N_TAPS];
  gsize done;

  for (int k = 0; k < N_TAPS; k++)
    row[k] = rows + (gsize) CLAMP (first + k, 0, height - 1) * n;
  for (done = 0; done + N_AT_ONCE <= n; done += N_AT_ONCE)
    {
      const float *here[N_TAPS] = { row[0] + done, row[1] + done, row[2] + done, row[3] + done };

      blend (here, dst + done, N_AT_ONCE, w);
    }
  for (int k = 0; k < N_TAPS; k++)
    row[k] += done;
  blend (row, dst + done, n - done, w);
}

static void
stretch_smooth (const guint8 *src,
                guint8       *dst,
                int           width,
                int           height,
                int           factor)
{
  gsize n = (gsize) width * factor * N_CHANNELS;
  g_autofree float *rows = g_new (float, n * height);
  float weights[MAX_FACTOR][N_TAPS];

  fill_weights (weights, factor);
  for (int y = 0; y < height; y++)
    stretch_row (src + (gsize) y * width * N_CHANNELS, rows + y * n, width, factor, weights);
  for (int y = 0; y < height * factor; y++)
    blend_rows (rows, dst + y * n, y, height, n, factor, weights[y % factor]);
}

static void
stretch_pixels (const guint8 *src,
                guint8       *dst,
                int           width,
                int           height,
                int           factor)
{
  gsize n = (gsize) width * factor * N_CHANNELS;

  for (int y = 0; y < height * factor; y++)
    {
      const guint8 *row = src + (gsize) (y / factor) * width * N_CHANNELS;

      for (int x = 0; x < width * factor; x++)
        memcpy (dst + y * n + (gsize) x * N_CHANNELS, row + (gsize) (x / factor) * N_CHANNELS, N_CHANNELS);
    }
}

/* (transfer full): [height, width, 3] u8 */
static guint8 *
read_rgb (GdkTexture *texture)
{
  gsize n_pixels = (gsize) gdk_texture_get_width (texture) * gdk_texture_get_height (texture);
  g_autofree guint32 *texels = g_new (guint32, n_pixels);
  guint8 *rgb = g_malloc (n_pixels * N_CHANNELS);

  /* Native words, whose bytes' order depends on the computer. */
  gdk_texture_download (texture, (guchar *) texels, gdk_texture_get_width (texture) * sizeof *texels);
  for (gsize i = 0; i < n_pixels; i++)
    {
      rgb[i * N_CHANNELS] = (guint8) (texels[i] >> 16);
      rgb[i * N_CHANNELS + 1] = (guint8) (texels[i] >> 8);
      rgb[i * N_CHANNELS + 2] = (guint8) texels[i];
    }
  return rgb;
}

GdkTexture *
eshi_upscale (GdkTexture  *texture,
              int          factor,
              EshiUpscale  kind)
{
  g_autofree guint8 *src = NULL;
  guint8 *dst;
  g_autoptr(GBytes) bytes = NULL;
  gsize n_bytes;
  int width;
  int height;

  g_return_val_if_fail (GDK_IS_TEXTURE (texture), NULL);
  g_return_val_if_fail (factor >= 1 && factor <= MAX_FACTOR, NULL);

  if (factor == 1)
    return g_object_ref (texture);
  width = gdk_texture_get_width (texture);
  height = gdk_texture_get_height (texture);
  src = read_rgb (texture);
  n_bytes = (gsize) width * height * N_CHANNELS * factor * factor;
  dst = g_malloc (n_bytes);
  if (kind == ESHI_UPSCALE_SMOOTH)
    stretch_smooth (src, dst, width, height, factor);
  else
    stretch_pixels (src, dst, width, height, factor);
  bytes = g_bytes_new_take (dst, n_bytes);
  /* GTK 4.8 converts every other form, its own GDK_MEMORY_DEFAULT included, by way of floats, for every frame that
   * cairo draws. */
  return gdk_memory_texture_new (width * factor, height * factor, GDK_MEMORY_R8G8B8, bytes,
                                 (gsize) width * factor * N_CHANNELS);
}
