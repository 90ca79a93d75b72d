/* eshi-watermark.c: one bit in every eight by eight pixels of the colour difference U.
 *
 * Called "dwtDct" where it comes from, though no cosine transform is taken: a Haar wavelet halves the plane, and in each
 * four by four of its averages the largest but the first is moved to the lower or the upper half of a step of 36. Two
 * habits of the original are kept, since its readers and everybody's bytes rely on them: the wavelet is undone with two
 * of its parts exchanged, which swaps two pixels of each two by two, and the result is cut off and not rounded. With
 * that a last bit of a double shows in a byte, so the sums are made in the original's order.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-watermark.h"

#include <math.h>
#include <string.h>

#define STEP 36.0
#define SIDE 4                /* averages of a block, across and down */
#define HAAR 0.7071067811865476
#define MAX_TEXT_BYTES 32

/* The wavelet's parts of a block of two by two pixels: LL is the average times two. */
typedef struct
{
  double ll[SIDE * SIDE];
  double h[SIDE * SIDE];
  double v[SIDE * SIDE];
  double d[SIDE * SIDE];
} Block;

/* Where a block lies in the plane, and how much of it: the last of a row or column may be two averages long. */
typedef struct
{
  guint8 *plane;
  gsize   stride;
  guint   n_across;
  guint   n_down;
} Place;

/* OpenCV's 8-bit YUV: coefficients times 2¹⁴, rounded half up. */
static int
scale_down (int value)
{
  return (value + (1 << 13)) >> 14;
}

static int
luma (const guint8 *rgb)
{
  return scale_down (4899 * rgb[0] + 9617 * rgb[1] + 1868 * rgb[2]);
}

static guint8
clip (int value)
{
  return (guint8) CLAMP (value, 0, 255);
}

/* U of every pixel; (transfer full): [n_pixels] u8. */
static guint8 *
take_u (const guint8 *rgb,
        gsize         n_pixels)
{
  guint8 *plane = g_malloc (n_pixels);

  for (gsize i = 0; i < n_pixels; i++, rgb += 3)
    plane[i] = clip (scale_down (8061 * (rgb[2] - luma (rgb)) + (128 << 14)));
  return plane;
}

/* Each pixel from its own Y and V, and the U of @plane. */
static void
put_u (guint8       *rgb,
       const guint8 *plane,
       gsize         n_pixels)
{
  for (gsize i = 0; i < n_pixels; i++, rgb += 3)
    {
      int y = luma (rgb);
      int u = plane[i] - 128;
      int v = clip (scale_down (14369 * (rgb[0] - y) + (128 << 14))) - 128;

      rgb[0] = clip (y + scale_down (18678 * v));
      rgb[1] = clip (y + scale_down (-6472 * u - 9519 * v));
      rgb[2] = clip (y + scale_down (33292 * u));
    }
}

static void
transform (const Place *place,
           Block       *block)
{
  for (guint y = 0; y < place->n_down; y++)
    for (guint x = 0; x < place->n_across; x++)
      {
        const guint8 *p = place->plane + 2 * y * place->stride + (gsize) 2 * x;
        const guint8 *q = p + place->stride;
        double low_left = HAAR * q[0] + HAAR * p[0];
        double low_right = HAAR * q[1] + HAAR * p[1];
        double high_left = -HAAR * q[0] + HAAR * p[0];
        double high_right = -HAAR * q[1] + HAAR * p[1];
        guint i = y * SIDE + x;

        block->ll[i] = HAAR * low_right + HAAR * low_left;
        block->v[i] = -HAAR * low_right + HAAR * low_left;
        block->h[i] = HAAR * high_right + HAAR * high_left;
        block->d[i] = -HAAR * high_right + HAAR * high_left;
      }
}

/* With H and V exchanged. U lies from 16 to 240 and moves by less than 14, so that every value fits a byte. */
static void
transform_back (const Place *place,
                const Block *block)
{
  for (guint y = 0; y < place->n_down; y++)
    for (guint x = 0; x < place->n_across; x++)
      {
        guint8 *p = place->plane + 2 * y * place->stride + (gsize) 2 * x;
        guint8 *q = p + place->stride;
        guint i = y * SIDE + x;
        double low_left = HAAR * block->ll[i] + HAAR * block->h[i];
        double low_right = HAAR * block->ll[i] - HAAR * block->h[i];
        double high_left = HAAR * block->v[i] + HAAR * block->d[i];
        double high_right = HAAR * block->v[i] - HAAR * block->d[i];

        p[0] = (guint8) (HAAR * low_left + HAAR * high_left);
        q[0] = (guint8) (HAAR * low_left - HAAR * high_left);
        p[1] = (guint8) (HAAR * low_right + HAAR * high_right);
        q[1] = (guint8) (HAAR * low_right - HAAR * high_right);
      }
}

/* The average that carries the bit: the first of the largest, never the one in the corner. All are above 0. */
static guint
find_carrier (const Block *block)
{
  guint best = 1;

  for (guint i = 2; i < SIDE * SIDE; i++)
    if (block->ll[i] > block->ll[best])
      best = i;
  return best;
}

static void
write_bit (Block *block,
           guint  bit)
{
  double *value = &block->ll[find_carrier (block)];
  double n_steps = rint ((*value - fmod (*value, STEP)) / STEP);

  *value = (n_steps + 0.25 + 0.5 * bit) * STEP;
}

static guint
read_bit (const Block *block)
{
  return fmod (block->ll[find_carrier (block)], STEP) > 0.5 * STEP;
}

/* Called with each block in turn; @number is that of a whole one among the whole ones, or −1. */
typedef void (*BlockFunc) (const Place *place,
                           Block       *block,
                           gint64       number,
                           gpointer     user_data);

/* All blocks, row by row, of the part of the plane whose sides are multiples of four. */
static void
walk (guint8    *plane,
      guint      width,
      guint      height,
      BlockFunc  func,
      gpointer   user_data)
{
  guint n_across = width / 4 * 2;
  guint n_down = height / 4 * 2;

  for (guint y = 0; y < n_down; y += SIDE)
    for (guint x = 0; x < n_across; x += SIDE)
      {
        Place place = { plane + (gsize) 2 * y * width + (gsize) 2 * x, width,
                        MIN (SIDE, n_across - x), MIN (SIDE, n_down - y) };
        gboolean whole = place.n_across == SIDE && place.n_down == SIDE;
        Block block;

        transform (&place, &block);
        func (&place, &block, whole ? (gint64) (y / SIDE) * (n_across / SIDE) + x / SIDE : -1, user_data);
      }
}

static void
embed_block (const Place *place,
             Block       *block,
             gint64       number,
             gpointer     user_data)
{
  const char *text = user_data;
  guint at = number < 0 ? 0 : (guint) (number % (8 * (gint64) strlen (text)));

  if (number >= 0)
    write_bit (block, text[at / 8] >> (7 - at % 8) & 1);
  transform_back (place, block);
}

static void
read_block (const Place *place,
            Block       *block,
            gint64       number,
            gpointer     user_data)
{
  guint8 bit = 0;

  if (number < 0)
    return;
  bit = (guint8) read_bit (block);
  g_byte_array_append (user_data, &bit, 1);
}

gboolean
eshi_watermark_fits (guint width,
                     guint height)
{
  return (guint64) width * height >= ESHI_WATERMARK_MIN_SIDE * ESHI_WATERMARK_MIN_SIDE;
}

void
eshi_watermark_embed (guint8 *rgb,
                      guint   width,
                      guint   height)
{
  gsize n_pixels = (gsize) width * height;
  g_autofree guint8 *plane = NULL;

  g_return_if_fail (rgb != NULL);
  g_return_if_fail (eshi_watermark_fits (width, height));

  plane = take_u (rgb, n_pixels);
  walk (plane, width, height, embed_block, (gpointer) ESHI_WATERMARK_TEXT);
  put_u (rgb, plane, n_pixels);
}

/* The bit in each whole block; (transfer full). */
static GByteArray *
read_blocks (const guint8 *rgb,
             guint         width,
             guint         height)
{
  GByteArray *bits = g_byte_array_new ();
  g_autofree guint8 *plane = take_u (rgb, (gsize) width * height);

  walk (plane, width, height, read_block, bits);
  return bits;
}

/* What the blocks say together about each of 8·n_bytes bits. */
static void
vote (const GByteArray *bits,
      guint8           *bytes,
      guint             n_bytes)
{
  memset (bytes, 0, n_bytes);
  for (guint at = 0; at < 8 * n_bytes; at++)
    {
      guint n_ones = 0;
      guint n = 0;

      for (guint i = at; i < bits->len; i += 8 * n_bytes, n++)
        n_ones += bits->data[i];
      if (255 * n_ones > 127 * n)
        bytes[at / 8] |= 1 << (7 - at % 8);
    }
}

void
eshi_watermark_decode (const guint8 *rgb,
                       guint         width,
                       guint         height,
                       guint8       *bytes,
                       guint         n_bytes)
{
  g_autoptr(GByteArray) bits = NULL;

  g_return_if_fail (rgb != NULL);
  g_return_if_fail (bytes != NULL && n_bytes > 0);

  bits = read_blocks (rgb, width, height);
  vote (bits, bytes, n_bytes);
}

static guint
count_wrong_bits (const guint8 *bytes,
                  const char   *text,
                  guint         n_bytes)
{
  guint n = 0;

  for (guint at = 0; at < 8 * n_bytes; at++)
    n += (bytes[at / 8] ^ (guint8) text[at / 8]) >> (7 - at % 8) & 1;
  return n;
}

const char *
eshi_watermark_find (const guint8 *rgb,
                     guint         width,
                     guint         height)
{
  /* By chance, so few bits are wrong once in 10¹² and in 10⁷ pictures. */
  static const struct { const char *text; guint max_wrong; } known[] = { { ESHI_WATERMARK_TEXT, 27 }, { "SDV2", 2 } };
  g_autoptr(GByteArray) bits = NULL;
  guint8 bytes[MAX_TEXT_BYTES];

  g_return_val_if_fail (rgb != NULL, NULL);

  if (!eshi_watermark_fits (width, height))
    return NULL;
  bits = read_blocks (rgb, width, height);
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      guint n_bytes = (guint) strlen (known[i].text);

      vote (bits, bytes, n_bytes);
      if (count_wrong_bits (bytes, known[i].text, n_bytes) <= known[i].max_wrong)
        return known[i].text;
    }

  return NULL;
}
