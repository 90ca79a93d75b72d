/* test-contact-sheet.c: many pictures on one page.
 *
 * Where each pixel belongs follows from the sizes in the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-contact-sheet.h"

#define TILE ESHI_CONTACT_SHEET_TILE
#define GAP ESHI_CONTACT_SHEET_GAP
#define CAPTION 20

static EshiImage *
make_flat (int    width,
           int    height,
           guint8 value)
{
  gsize n_bytes = (gsize) 3 * width * height;
  guint8 *data = g_malloc (n_bytes);
  g_autoptr(GBytes) pixels = NULL;

  for (gsize i = 0; i < n_bytes; i++)
    data[i] = value;
  pixels = g_bytes_new_take (data, n_bytes);

  return eshi_image_new (width, height, pixels);
}

/* The value of all three channels at a place. */
static int
value_at (EshiImage *page,
          int        x,
          int        y)
{
  const guint8 *pixels = g_bytes_get_data (eshi_image_get_pixels (page), NULL);
  const guint8 *pixel = &pixels[3 * ((gsize) y * eshi_image_get_width (page) + x)];

  g_assert_cmpint (pixel[0], ==, pixel[1]);
  g_assert_cmpint (pixel[0], ==, pixel[2]);

  return pixel[0];
}

static void
assert_size (guint n,
             guint columns,
             int   width,
             int   height)
{
  g_autoptr(EshiContactSheet) sheet = eshi_contact_sheet_new (n, columns, 0, NULL);
  g_autoptr(EshiImage) page = eshi_contact_sheet_finish (sheet);

  g_assert_cmpint (eshi_image_get_width (page), ==, GAP + width * (TILE + GAP));
  g_assert_cmpint (eshi_image_get_height (page), ==, GAP + height * (TILE + GAP));
}

static void
test_sizes (void)
{
  assert_size (1, 0, 1, 1);
  assert_size (2, 0, 2, 1);
  assert_size (4, 0, 2, 2);
  assert_size (5, 0, 3, 2);
  assert_size (12, 0, 4, 3);
  assert_size (5, 2, 2, 3);
  assert_size (3, 40, 3, 1);
  assert_size (ESHI_CONTACT_SHEET_MAX, 0, 23, 22);
}

/* A wide picture that is shrunk, a missing one, and a high one that is enlarged, with a caption. */
static void
test_places (void)
{
  g_autoptr(EshiContactSheet) sheet = eshi_contact_sheet_new (3, 2, CAPTION, NULL);
  g_autoptr(EshiImage) wide = make_flat (2 * TILE, TILE, 10);
  g_autoptr(EshiImage) high = make_flat (32, 64, 20);
  g_autoptr(EshiImage) caption = make_flat (TILE, CAPTION, 30);
  g_autoptr(EshiImage) page = NULL;
  int second = GAP + TILE + GAP;
  int below = GAP + TILE + CAPTION + GAP;

  eshi_contact_sheet_add (sheet, wide, NULL);
  eshi_contact_sheet_add (sheet, NULL, NULL);
  eshi_contact_sheet_add (sheet, high, caption);
  eshi_contact_sheet_add (sheet, wide, caption);
  page = eshi_contact_sheet_finish (sheet);
  g_assert_cmpint (eshi_image_get_width (page), ==, 2 * (TILE + GAP) + GAP);
  g_assert_cmpint (eshi_image_get_height (page), ==, 2 * (TILE + CAPTION + GAP) + GAP);

  /* 320 × 160 in the middle of 320 × 320. */
  g_assert_cmpint (value_at (page, GAP, GAP + 79), ==, 255);
  g_assert_cmpint (value_at (page, GAP, GAP + 80), ==, 10);
  g_assert_cmpint (value_at (page, GAP + TILE - 1, GAP + 239), ==, 10);
  g_assert_cmpint (value_at (page, GAP + TILE - 1, GAP + 240), ==, 255);
  g_assert_cmpint (value_at (page, GAP + TILE, GAP + 160), ==, 255);

  g_assert_cmpint (value_at (page, second - 1, GAP), ==, 255);
  g_assert_cmpint (value_at (page, second, GAP), ==, 208);
  g_assert_cmpint (value_at (page, second + TILE - 1, GAP + TILE - 1), ==, 208);
  g_assert_cmpint (value_at (page, second, GAP + TILE), ==, 255);

  /* 160 × 320 in the middle of 320 × 320. */
  g_assert_cmpint (value_at (page, GAP + 79, below), ==, 255);
  g_assert_cmpint (value_at (page, GAP + 80, below), ==, 20);
  g_assert_cmpint (value_at (page, GAP + 239, below + TILE - 1), ==, 20);
  g_assert_cmpint (value_at (page, GAP + 240, below + TILE - 1), ==, 255);
  g_assert_cmpint (value_at (page, GAP, below + TILE - 1), ==, 255);
  g_assert_cmpint (value_at (page, GAP, below + TILE), ==, 30);
  g_assert_cmpint (value_at (page, GAP + TILE - 1, below + TILE + CAPTION - 1), ==, 30);

  /* There was no place for the fourth. */
  g_assert_cmpint (value_at (page, second + TILE / 2, below + TILE / 2), ==, 255);
}

static void
test_refused (void)
{
  static const struct
  {
    guint n;
    guint columns;
  } cases[] = { { 0, 0 }, { ESHI_CONTACT_SHEET_MAX + 1, 0 }, { 500, 1 }, { 500, 500 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (eshi_contact_sheet_new (cases[i].n, cases[i].columns, 0, &error));
      g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/contact-sheet/sizes", test_sizes);
  g_test_add_func ("/eshi/contact-sheet/places", test_places);
  g_test_add_func ("/eshi/contact-sheet/refused", test_refused);

  return g_test_run ();
}
