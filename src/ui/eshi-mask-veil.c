/* eshi-mask-veil.c: what a mask looks like: hatching over the part of a picture that will be painted over.
 *
 * Stripes of two colours, so that one of them differs from whatever lies below, and an outline where the mask is half
 * as strong. Has no colours of its own.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-mask-veil.h"

#include <math.h>

#define STRIPE 5
#define HALF 128

/* Where the samples of one texel lie in a row or a column of the mask. */
typedef struct
{
  int first;
  int second;
  int weight;   /* of the second, 0 to 256 */
} Tap;

EshiMaskVeil
eshi_mask_veil_get (GtkWidget *widget)
{
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  EshiMaskVeil veil = { .stripe = STRIPE * gtk_widget_get_scale_factor (widget) };

  if (!gtk_style_context_lookup_color (style, "accent_bg_color", &veil.strong))
    gtk_style_context_get_color (style, &veil.strong);
  if (!gtk_style_context_lookup_color (style, "accent_fg_color", &veil.faint))
    veil.faint = (GdkRGBA) { 1, 1, 1, 1 };
  veil.strong.alpha = 0.7f;
  veil.faint.alpha = 0.4f;
  return veil;
}

/* (transfer full): [n + 2]: the taps from one texel before @start on */
static Tap *
make_taps (int    start,
           int    n,
           double scale,
           int    size)
{
  Tap *taps = g_new (Tap, (gsize) n + 2);

  for (int i = 0; i < n + 2; i++)
    {
      double at = (start - 1 + i + 0.5) / scale - 0.5;
      int first = (int) floor (at);

      taps[i].weight = (int) ((at - first) * 256);
      taps[i].first = CLAMP (first, 0, size - 1);
      taps[i].second = CLAMP (first + 1, 0, size - 1);
    }
  return taps;
}

/* dst: [n + 2] u8. Returns: whether anything in it is painted */
static gboolean
sample_row (EshiMask  *mask,
            const Tap *across,
            Tap        down,
            guint8    *dst,
            int        n)
{
  const guint8 *above = eshi_mask_get_shown (mask) + (gsize) down.first * eshi_mask_get_width (mask);
  const guint8 *below = eshi_mask_get_shown (mask) + (gsize) down.second * eshi_mask_get_width (mask);
  guint8 seen = 0;

  for (int i = 0; i < n + 2; i++)
    {
      const Tap *tap = across + i;
      int top = above[tap->first] * (256 - tap->weight) + above[tap->second] * tap->weight;
      int bottom = below[tap->first] * (256 - tap->weight) + below[tap->second] * tap->weight;

      dst[i] = (guint8) ((top * (256 - down.weight) + bottom * down.weight + 32768) >> 16);
      seen |= dst[i];
    }
  return seen != 0;
}

/* (transfer full) (nullable): [height + 2, width + 2] u8: @area and one texel around it; NULL if nothing is painted */
static guint8 *
sample (EshiMask           *mask,
        double              scale_x,
        double              scale_y,
        const GdkRectangle *area)
{
  g_autofree Tap *across = make_taps (area->x, area->width, scale_x, eshi_mask_get_width (mask));
  g_autofree Tap *down = make_taps (area->y, area->height, scale_y, eshi_mask_get_height (mask));
  g_autofree guint8 *samples = g_malloc ((gsize) (area->width + 2) * (area->height + 2));
  gboolean painted = FALSE;

  for (int y = 0; y < area->height + 2; y++)
    painted |= sample_row (mask, across, down[y], samples + (gsize) y * (area->width + 2), area->width);
  return painted ? g_steal_pointer (&samples) : NULL;
}

/* A texel of GDK_MEMORY_DEFAULT, which is a native word with premultiplied colours. */
static guint32
texel (const GdkRGBA *color,
       float          alpha)
{
  guint32 a = (guint32) (alpha * 255 + 0.5f);
  guint32 r = (guint32) (color->red * alpha * 255 + 0.5f);
  guint32 g = (guint32) (color->green * alpha * 255 + 0.5f);
  guint32 b = (guint32) (color->blue * alpha * 255 + 0.5f);

  return a << 24 | r << 16 | g << 8 | b;
}

/* [256]: the colour of a stripe by the mask's strength */
static void
fill_shades (guint32       *shades,
             const GdkRGBA *color)
{
  for (int i = 0; i < 256; i++)
    shades[i] = texel (color, color->alpha * (float) i / 255.0f);
}

static void
render_row (const EshiMaskVeil *veil,
            guint32           (*shades)[256],
            const guint8       *samples,
            guint32            *dst,
            const GdkRectangle *area,
            int                 y)
{
  const GdkRGBA dark = { 0, 0, 0, 1 };
  const guint32 outline[2] = { texel (&dark, 1), texel (&veil->faint, 1) };
  int row = area->width + 2;

  for (int x = 0; x < area->width; x++)
    {
      const guint8 *here = samples + x + 1;
      gboolean faint = ((area->x + x + area->y + y) / veil->stripe) % 2;
      gboolean edge = here[0] >= HALF && (here[-1] < HALF || here[1] < HALF || here[-row] < HALF || here[row] < HALF);

      dst[x] = edge ? outline[faint] : shades[faint][here[0]];
    }
}

GdkTexture *
eshi_mask_veil_render (const EshiMaskVeil *veil,
                       EshiMask           *mask,
                       double              scale_x,
                       double              scale_y,
                       const GdkRectangle *area)
{
  g_autofree guint8 *samples = sample (mask, scale_x, scale_y, area);
  g_autoptr(GBytes) bytes = NULL;
  guint32 shades[2][256];
  guint32 *texels;
  gsize n_texels = (gsize) area->width * area->height;

  if (samples == NULL)
    return NULL;
  fill_shades (shades[FALSE], &veil->strong);
  fill_shades (shades[TRUE], &veil->faint);
  texels = g_new (guint32, n_texels);
  for (int y = 0; y < area->height; y++)
    {
      render_row (veil, shades, samples + (gsize) (y + 1) * (area->width + 2), texels + (gsize) y * area->width,
                  area, y);
    }
  bytes = g_bytes_new_take (texels, n_texels * sizeof *texels);
  return gdk_memory_texture_new (area->width, area->height, GDK_MEMORY_DEFAULT, bytes,
                                 (gsize) area->width * sizeof *texels);
}
