/* test-ui-mask.c: the mask without a widget: simple geometry, undo, feather, and what it costs.
 *
 * Expected values are the areas of circles and rectangles and the Gaussian integral, worked out here.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "eshi-blur.h"
#include "eshi-mask.h"

static int
value_at (EshiMask *mask,
          int       x,
          int       y)
{
  return eshi_mask_get_shown (mask)[(gsize) y * eshi_mask_get_width (mask) + x];
}

static double
area_of (EshiMask *mask)
{
  return eshi_mask_get_coverage (mask) * eshi_mask_get_width (mask) * eshi_mask_get_height (mask);
}

static void
dot (EshiMask *mask,
     double    x,
     double    y,
     double    radius)
{
  eshi_mask_begin_stroke (mask, FALSE);
  eshi_mask_stroke_to (mask, x, y, radius);
  eshi_mask_end_stroke (mask);
}

static guint8 *
dup_shown (EshiMask *mask)
{
  return g_memdup2 (eshi_mask_get_shown (mask), (gsize) eshi_mask_get_width (mask) * eshi_mask_get_height (mask));
}

static void
assert_shown (EshiMask     *mask,
              const guint8 *expected)
{
  gsize n = (gsize) eshi_mask_get_width (mask) * eshi_mask_get_height (mask);

  g_assert_cmpmem (eshi_mask_get_shown (mask), n, expected, n);
}

/* A dot is a circle: its area is π·r², up to what antialiasing by distance gives or takes along its edge. */
static void
test_dot (void)
{
  static const double radii[] = { 0.5, 1, 3, 10.5, 40 };

  for (guint i = 0; i < G_N_ELEMENTS (radii); i++)
    {
      g_autoptr(EshiMask) mask = eshi_mask_new (128, 100);
      double r = radii[i];

      g_assert_true (eshi_mask_get_empty (mask));
      dot (mask, 60.5, 50.5, r);
      g_assert_cmpint (value_at (mask, 60, 50), ==, 255);
      g_assert_cmpint (value_at (mask, (int) (60 + r + 2), 50), ==, 0);
      g_assert_cmpint (value_at (mask, 60, (int) (50 - r - 2)), ==, 0);
      /* A linear ramp one pixel wide over the edge adds π/12 to the area of a circle; sampling, little more. */
      g_assert_cmpfloat (fabs (area_of (mask) - G_PI * r * r), <=, G_PI / 12 + 0.03 * 2 * G_PI * r);
    }
}

/* A straight line is a rectangle with half circles at its ends, however few points it is made of. */
static void
test_line (void)
{
  g_autoptr(EshiMask) once = eshi_mask_new (200, 80);
  g_autoptr(EshiMask) often = eshi_mask_new (200, 80);
  double area = 120 * 16 + G_PI * 64;

  eshi_mask_begin_stroke (once, FALSE);
  eshi_mask_stroke_to (once, 40, 40, 8);
  eshi_mask_stroke_to (once, 160, 40, 8);
  eshi_mask_end_stroke (once);
  eshi_mask_begin_stroke (often, FALSE);
  for (int i = 0; i <= 120; i++)
    eshi_mask_stroke_to (often, 40 + i, 40, 8);
  eshi_mask_end_stroke (often);
  /* One part in a hundred: the ramp of the round ends. */
  g_assert_cmpfloat (fabs (area_of (once) - area), <=, area / 100);
  for (int y = 32; y < 48; y++)
    g_assert_cmpint (value_at (once, 100, y), ==, 255);
  g_assert_cmpint (value_at (once, 100, 31), ==, 0);
  g_assert_cmpint (value_at (once, 100, 48), ==, 0);
  assert_shown (often, eshi_mask_get_shown (once));
}

/* Pressure: the width goes evenly from one radius to the other. */
static void
test_taper (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (140, 60);

  eshi_mask_begin_stroke (mask, FALSE);
  eshi_mask_stroke_to (mask, 20, 30, 2);
  eshi_mask_stroke_to (mask, 120, 30, 12);
  eshi_mask_end_stroke (mask);
  for (int x = 30; x <= 110; x += 20)
    {
      double half = 2 + (x - 20) / 10.0;
      int n = 0;

      for (int y = 0; y < 60; y++)
        n += value_at (mask, x, y) >= 128;
      /* Whole pixels on both sides: off by one at most. */
      g_assert_cmpfloat (fabs (n - 2 * half), <=, 1);
    }
}

static void
test_erase (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (64, 64);

  eshi_mask_invert (mask);
  g_assert_cmpfloat (eshi_mask_get_coverage (mask), ==, 1);
  eshi_mask_begin_stroke (mask, TRUE);
  eshi_mask_stroke_to (mask, 32, 32, 10);
  eshi_mask_end_stroke (mask);
  g_assert_cmpint (value_at (mask, 32, 32), ==, 0);
  g_assert_cmpint (value_at (mask, 5, 5), ==, 255);
  eshi_mask_invert (mask);
  g_assert_cmpint (value_at (mask, 32, 32), ==, 255);
  g_assert_cmpint (value_at (mask, 5, 5), ==, 0);
  eshi_mask_clear (mask);
  g_assert_true (eshi_mask_get_empty (mask));
}

/* Everything is painted over, and one step of undo brings back what was there. */
static void
test_fill (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (100, 70);

  eshi_mask_begin_stroke (mask, FALSE);
  eshi_mask_stroke_to (mask, 20, 30, 5);
  eshi_mask_end_stroke (mask);
  eshi_mask_fill (mask);
  g_assert_cmpfloat (eshi_mask_get_coverage (mask), ==, 1);
  g_assert_true (eshi_mask_undo (mask));
  g_assert_cmpint (value_at (mask, 20, 30), ==, 255);
  g_assert_cmpint (value_at (mask, 80, 60), ==, 0);
  g_assert_true (eshi_mask_redo (mask));
  g_assert_cmpfloat (eshi_mask_get_coverage (mask), ==, 1);
}

/* Strokes that leave the picture, or never touch it, are clipped. */
static void
test_outside (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (30, 20);

  dot (mask, -100, -100, 20);
  dot (mask, 1e9, -1e9, 1);
  g_assert_true (eshi_mask_get_empty (mask));
  eshi_mask_begin_stroke (mask, FALSE);
  eshi_mask_stroke_to (mask, -50, 10, 30);
  eshi_mask_stroke_to (mask, 80, 10, 30);
  eshi_mask_end_stroke (mask);
  g_assert_cmpfloat (eshi_mask_get_coverage (mask), ==, 1);
}

static void
count_cb (int *n)
{
  (*n)++;
}

static gboolean
get_flag (EshiMask   *mask,
          const char *name)
{
  gboolean value;

  g_object_get (mask, name, &value, NULL);
  return value;
}

static void
test_undo (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (150, 70);
  g_autofree guint8 *first = NULL;
  g_autofree guint8 *second = NULL;
  int n_edited = 0;

  g_signal_connect_swapped (mask, "edited", G_CALLBACK (count_cb), &n_edited);
  g_assert_false (eshi_mask_undo (mask));
  dot (mask, 63, 63, 9);
  first = dup_shown (mask);
  eshi_mask_begin_stroke (mask, FALSE);
  eshi_mask_stroke_to (mask, 70, 5, 5);
  eshi_mask_stroke_to (mask, 149, 69, 7);
  eshi_mask_end_stroke (mask);
  second = dup_shown (mask);
  eshi_mask_clear (mask);
  g_assert_cmpint (n_edited, ==, 3);

  g_assert_true (eshi_mask_undo (mask));
  assert_shown (mask, second);
  g_assert_true (eshi_mask_undo (mask));
  assert_shown (mask, first);
  g_assert_true (eshi_mask_redo (mask));
  assert_shown (mask, second);
  g_assert_true (eshi_mask_undo (mask));
  g_assert_true (eshi_mask_undo (mask));
  g_assert_true (eshi_mask_get_empty (mask));
  g_assert_false (get_flag (mask, "can-undo"));
  g_assert_true (get_flag (mask, "can-redo"));
  /* A new stroke ends what could be redone; a cancelled one leaves nothing. */
  dot (mask, 10, 10, 4);
  g_assert_false (eshi_mask_redo (mask));
  eshi_mask_begin_stroke (mask, FALSE);
  eshi_mask_stroke_to (mask, 100, 40, 20);
  eshi_mask_cancel_stroke (mask);
  g_assert_cmpint (value_at (mask, 100, 40), ==, 0);
  g_assert_cmpint (value_at (mask, 10, 10), ==, 255);
}

/* 32 MiB hold eight steps that touch all of 2048 × 2048, and the ninth pushes the first out. */
static void
test_undo_is_bounded (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (2048, 2048);
  int n = 0;

  for (int i = 0; i < 12; i++)
    eshi_mask_invert (mask);
  while (eshi_mask_undo (mask))
    n++;
  g_assert_cmpint (n, ==, 8);
}

/* A half-plane blurred with a Gaussian is its integral, (1 + erf (d / (σ√2))) / 2, at the middle of each pixel. */
static void
test_blur (void)
{
  const int width = 120;
  const int height = 9;
  g_autofree guint8 *plane = g_malloc0 ((gsize) width * height);

  for (int y = 0; y < height; y++)
    memset (plane + y * width + width / 2, 255, (gsize) width / 2);
  for (double sigma = 1; sigma <= 12; sigma += 2.75)
    {
      g_autofree guint8 *soft = eshi_blur (plane, width, height, sigma);
      g_autofree guint8 *turned = g_malloc ((gsize) width * height);

      for (int x = 0; x < width; x++)
        {
          double expected = 127.5 * (1 + erf ((x + 0.5 - width / 2) / (sigma * G_SQRT2)));

          /* Half a step of rounding, and 0.35 for the tails beyond three sigma, 0.27 in a hundred of 127.5. */
          g_assert_cmpfloat (fabs (soft[4 * width + x] - expected), <=, 0.85);
          g_assert_cmpint (soft[x], ==, soft[8 * width + x]);
        }
      memset (turned, 255, (gsize) width * height);
      g_free (g_steal_pointer (&soft));
      soft = eshi_blur (turned, width, height, sigma);
      g_assert_cmpmem (soft, (gsize) width * height, turned, (gsize) width * height);
    }
}

static void
wait_for_feather (EshiMask *mask,
                  int       x,
                  int       y,
                  int       below)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (value_at (mask, x, y) >= below && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (value_at (mask, x, y), <, below);
}

/* What is shown catches up with the feather, what goes into a picture has it at once, and it can be taken off. */
static void
test_feather (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (100, 100);
  g_autoptr(EshiImage) image = NULL;
  g_autofree guint8 *crisp = NULL;
  const guint8 *rgb;

  dot (mask, 50, 50, 20);
  crisp = dup_shown (mask);
  eshi_mask_set_feather (mask, 5);
  image = eshi_mask_to_image (mask);
  rgb = g_bytes_get_data (eshi_image_get_pixels (image), NULL);
  g_assert_cmpint (rgb[3 * (50 * 100 + 72)], >, 40);
  wait_for_feather (mask, 68, 50, 200);
  for (int i = 0; i < 100 * 100; i++)
    g_assert_cmpint (eshi_mask_get_shown (mask)[i], ==, rgb[3 * i]);
  eshi_mask_set_feather (mask, 0);
  assert_shown (mask, crisp);
}

static void
test_image (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (70, 33);
  g_autoptr(EshiImage) image = NULL;
  g_autoptr(EshiMask) again = NULL;

  dot (mask, 20, 20, 9);
  image = eshi_mask_to_image (mask);
  g_assert_cmpint (eshi_image_get_width (image), ==, 70);
  g_assert_cmpint (eshi_image_get_height (image), ==, 33);
  again = eshi_mask_new_from_image (image);
  assert_shown (again, eshi_mask_get_shown (mask));
  g_assert_false (get_flag (again, "can-undo"));
}

static void
on_changed_cb (int *area,
               int  x,
               int  y,
               int  width,
               int  height)
{
  area[0] = x;
  area[1] = y;
  area[2] = width;
  area[3] = height;
}

/* Only what a stroke covers is drawn anew. */
static void
test_dirty (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (1024, 1024);
  int area[4];

  g_signal_connect_swapped (mask, "changed", G_CALLBACK (on_changed_cb), area);
  dot (mask, 500, 300, 10);
  g_assert_cmpint (area[0], >=, 488);
  g_assert_cmpint (area[1], >=, 288);
  g_assert_cmpint (area[2], <=, 24);
  g_assert_cmpint (area[3], <=, 24);
}

/* A wild stroke over 1024 × 1024 with the largest brush: each piece of it far below a frame. */
static void
test_cost (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (1024, 1024);
  gint64 longest = 0;

  eshi_mask_begin_stroke (mask, FALSE);
  for (int i = 0; i < 200; i++)
    {
      gint64 start = g_get_monotonic_time ();

      eshi_mask_stroke_to (mask, 512 + 400 * cos (i * 0.2), 512 + 400 * sin (i * 0.2), 128);
      longest = MAX (longest, g_get_monotonic_time () - start);
    }
  eshi_mask_end_stroke (mask);
  g_test_message ("longest piece of a stroke: %.2f ms", (double) longest / 1000);
  if (g_test_perf ())
    g_assert_cmpint (longest, <, 16000);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/mask/a-dot-is-a-circle", test_dot);
  g_test_add_func ("/eshi/mask/a-line-has-round-ends", test_line);
  g_test_add_func ("/eshi/mask/pressure-tapers", test_taper);
  g_test_add_func ("/eshi/mask/erase-invert-clear", test_erase);
  g_test_add_func ("/eshi/mask/fill", test_fill);
  g_test_add_func ("/eshi/mask/outside-is-clipped", test_outside);
  g_test_add_func ("/eshi/mask/undo-redo", test_undo);
  g_test_add_func ("/eshi/mask/undo-is-bounded", test_undo_is_bounded);
  g_test_add_func ("/eshi/mask/blur-is-gaussian", test_blur);
  g_test_add_func ("/eshi/mask/feather", test_feather);
  g_test_add_func ("/eshi/mask/image-and-back", test_image);
  g_test_add_func ("/eshi/mask/only-the-stroke-is-dirty", test_dirty);
  g_test_add_func ("/eshi/mask/cost", test_cost);
  return g_test_run ();
}
