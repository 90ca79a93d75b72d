/* test-resize.c: pictures in other sizes against the bytes that Pillow 9.4 made of the same picture.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "../parity.h"
#include "eshi-resize.h"

#define WIDTH 100
#define HEIGHT 75

static guint8 *
make_picture (void)
{
  guint8 *rgb = g_new (guint8, 3 * WIDTH * HEIGHT);

  for (guint y = 0; y < HEIGHT; y++)
    for (guint x = 0; x < WIDTH; x++)
      for (guint c = 0; c < 3; c++)
        rgb[3 * (y * WIDTH + x) + c] = (37 * x + 91 * y + 53 * c + x * y / 7) & 255;
  return rgb;
}

typedef struct
{
  const char       *name;
  EshiResizeFilter  filter;
  guint             width;
  guint             height;
  guint8            head[6];
  guint8            tail[3];
  guint64           sum;
} Row;

static const Row rows[] = {
  { "lanczos-shrinks", ESHI_RESIZE_LANCZOS, 64, 64, { 12, 74, 146, 86, 150, 160 }, { 139, 206, 131 }, 1566404 },
  { "lanczos-grows", ESHI_RESIZE_LANCZOS, 128, 96, { 0, 47, 95, 18, 67, 116 }, { 190, 238, 2 }, 4698359 },
  { "bicubic-grows", ESHI_RESIZE_BICUBIC, 299, 224, { 0, 39, 92, 0, 43, 96 }, { 195, 248, 0 }, 25613002 },
  { "nearest", ESHI_RESIZE_NEAREST, 13, 10, { 129, 182, 235, 172, 225, 22 }, { 234, 31, 84 }, 51413 },
};

static guint64
sum_of (const guint8 *bytes,
        gsize         n)
{
  guint64 sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += bytes[i];
  return sum;
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  gsize n = 3 * (gsize) row->width * row->height;
  g_autofree guint8 *src = make_picture ();
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *dst = eshi_resize (src, WIDTH, HEIGHT, 3, row->width, row->height, row->filter, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (dst, 6, row->head, 6);
  g_assert_cmpmem (dst + n - 3, 3, row->tail, 3);
  g_assert_cmpuint (sum_of (dst, n), ==, row->sum);
  parity_count_row ("pictures in other sizes", row->name, "nine bytes and the sum, Pillow 9.4", 0, 10);
}

/* Each channel alone gives what all together give. */
static void
test_one_channel (void)
{
  g_autofree guint8 *src = make_picture ();
  g_autofree guint8 *plane = g_new (guint8, WIDTH * HEIGHT);
  g_autofree guint8 *all = eshi_resize (src, WIDTH, HEIGHT, 3, 64, 64, ESHI_RESIZE_LANCZOS, NULL);
  g_autofree guint8 *one = NULL;

  for (guint i = 0; i < WIDTH * HEIGHT; i++)
    plane[i] = src[3 * i + 1];
  one = eshi_resize (plane, WIDTH, HEIGHT, 1, 64, 64, ESHI_RESIZE_LANCZOS, NULL);
  for (guint i = 0; i < 64 * 64; i++)
    g_assert_cmpuint (one[i], ==, all[3 * i + 1]);
}

static void
test_same_size (void)
{
  g_autofree guint8 *src = make_picture ();

  for (int filter = ESHI_RESIZE_NEAREST; filter <= ESHI_RESIZE_LANCZOS; filter++)
    {
      g_autofree guint8 *dst = eshi_resize (src, WIDTH, HEIGHT, 3, WIDTH, HEIGHT, (EshiResizeFilter) filter, NULL);

      g_assert_cmpmem (dst, 3 * WIDTH * HEIGHT, src, 3 * WIDTH * HEIGHT);
    }
}

/* One colour stays one colour, down to a single pixel and up from it. */
static void
test_one_pixel (void)
{
  static const guint8 grey = 200;

  for (int filter = ESHI_RESIZE_NEAREST; filter <= ESHI_RESIZE_LANCZOS; filter++)
    {
      g_autofree guint8 *large = eshi_resize (&grey, 1, 1, 1, 333, 7, (EshiResizeFilter) filter, NULL);
      g_autofree guint8 *small = eshi_resize (large, 333, 7, 1, 1, 1, (EshiResizeFilter) filter, NULL);

      for (guint i = 0; i < 333 * 7; i++)
        g_assert_cmpuint (large[i], ==, grey);
      g_assert_cmpuint (*small, ==, grey);
    }
}

static void
test_grey (void)
{
  static const guint8 head[] = { 43, 80, 117, 154, 191, 199 };
  g_autofree guint8 *src = make_picture ();

  eshi_rgb_to_grey (src, WIDTH * HEIGHT, src);
  g_assert_cmpmem (src, 6, head, 6);
  g_assert_cmpuint (sum_of (src, WIDTH * HEIGHT), ==, 954932);
  parity_count_row ("pictures in other sizes", "grey", "six bytes and the sum, Pillow 9.4", 0, 7);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/eshi/resize/", rows[i].name, NULL);

      g_test_add_data_func (path, &rows[i], test_row);
    }
  g_test_add_func ("/eshi/resize/one-channel", test_one_channel);
  g_test_add_func ("/eshi/resize/same-size", test_same_size);
  g_test_add_func ("/eshi/resize/one-pixel", test_one_pixel);
  g_test_add_func ("/eshi/resize/grey", test_grey);
  return g_test_run ();
}
