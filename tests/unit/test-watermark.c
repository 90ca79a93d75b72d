/* test-watermark.c: pictures by rule, against the bytes that the package invisible-watermark made of the same pictures.
 *
 * tests/golden/make-watermark.py made the list. Bytes are compared by their digest, so nothing may differ at all.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "eshi-watermark.h"

#define N_BYTES 17

static guint8
pixel (const char *kind,
       guint       width,
       guint       height,
       guint       x,
       guint       y,
       guint       c)
{
  guint32 state = (x + width * y) * 3 + c;

  if (g_str_equal (kind, "weave"))
    return (37 * x + 91 * y + 53 * c + x * y / 7) & 255;
  if (g_str_equal (kind, "slope"))
    return (guint8) ((x * (c + 1) + y * (3 - c)) * 255 / (3 * (width + height)));
  if (g_str_equal (kind, "tiles"))
    return (x / 32 + 3 * (y / 32)) >> c & 1 ? 255 : 0;

  state = state * 1664525u + 1013904223u;
  state = (state ^ state >> 15) * 0x2c1b3c6du;
  return state >> 24;
}

static guint8 *
make_picture (const char *kind,
              guint       width,
              guint       height)
{
  guint8 *rgb = g_new (guint8, 3 * (gsize) width * height);
  guint8 *p = rgb;

  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      for (guint c = 0; c < 3; c++)
        *p++ = pixel (kind, width, height, x, y, c);
  return rgb;
}

static void
assert_digest (const guint8 *rgb,
               gsize         n,
               JsonObject   *expected,
               const char   *member)
{
  g_autofree char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, rgb, n);

  g_assert_cmpstr (digest, ==, json_object_get_string_member (expected, member));
}

static void
assert_says (const guint8 *rgb,
             guint         width,
             guint         height,
             JsonObject   *expected,
             const char   *member)
{
  guint8 bytes[N_BYTES];
  GString *hex = g_string_new (NULL);

  eshi_watermark_decode (rgb, width, height, bytes, N_BYTES);
  for (guint i = 0; i < N_BYTES; i++)
    g_string_append_printf (hex, "%02x", bytes[i]);
  g_assert_cmpstr (hex->str, ==, json_object_get_string_member (expected, member));
  g_string_free (hex, TRUE);
}

static void
check_case (JsonObject *expected)
{
  const char *kind = json_object_get_string_member (expected, "kind");
  guint width = (guint) json_object_get_int_member (expected, "width");
  guint height = (guint) json_object_get_int_member (expected, "height");
  gsize n = 3 * (gsize) width * height;
  g_autofree guint8 *rgb = make_picture (kind, width, height);

  assert_digest (rgb, n, expected, "plain");
  assert_says (rgb, width, height, expected, "plain_says");
  g_assert_null (eshi_watermark_find (rgb, width, height));

  eshi_watermark_embed (rgb, width, height);
  assert_digest (rgb, n, expected, "marked");
  assert_says (rgb, width, height, expected, "marked_says");
}

static JsonObject *
load_golden (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "watermark.json", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonParser) parser = json_parser_new ();

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

static void
test_reference (void)
{
  g_autoptr(JsonObject) golden = load_golden ();
  const char *oracle = json_object_get_string_member (golden, "oracle");
  JsonArray *cases = json_object_get_array_member (golden, "cases");
  guint n_cases = json_array_get_length (cases);

  for (guint i = 0; i < n_cases; i++)
    check_case (json_array_get_object_element (cases, i));

  g_test_message ("parity|watermark|bytes of %u marked pictures|%s|0 pictures differ|0", n_cases, oracle);
  g_test_message ("parity|watermark|17 bytes read from %u pictures, half of them unmarked|%s|0 texts differ|0",
                  2 * n_cases, oracle);
}

/* A marked picture is known again, with noise of two of 255 on top too. */
static void
test_find (void)
{
  const guint width = 512;
  const guint height = 384;
  g_autofree guint8 *rgb = make_picture ("weave", width, height);

  eshi_watermark_embed (rgb, width, height);
  g_assert_cmpstr (eshi_watermark_find (rgb, width, height), ==, ESHI_WATERMARK_TEXT);

  for (gsize i = 0; i < 3 * (gsize) width * height; i++)
    rgb[i] = (guint8) CLAMP (rgb[i] + (int) (i * 2654435761u >> 16) % 5 - 2, 0, 255);
  g_assert_cmpstr (eshi_watermark_find (rgb, width, height), ==, ESHI_WATERMARK_TEXT);

  memset (rgb, 0, 3 * (gsize) width * height);
  g_assert_null (eshi_watermark_find (rgb, width, height));
}

static void
test_sizes (void)
{
  guint8 pixel_of_one[3] = { 1, 2, 3 };

  g_assert_true (eshi_watermark_fits (256, 256));
  g_assert_true (eshi_watermark_fits (128, 512));
  g_assert_false (eshi_watermark_fits (256, 255));
  g_assert_false (eshi_watermark_fits (128, 128));
  g_assert_true (eshi_watermark_fits (G_MAXUINT, G_MAXUINT));
  g_assert_null (eshi_watermark_find (pixel_of_one, 1, 1));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/watermark/as-the-reference", test_reference);
  g_test_add_func ("/eshi/watermark/find", test_find);
  g_test_add_func ("/eshi/watermark/sizes", test_sizes);

  return g_test_run ();
}
