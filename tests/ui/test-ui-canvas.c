/* test-ui-canvas.c: the canvas and the enlarging behind it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>

#include "eshi-canvas.h"
#include "eshi-upscale.h"

/* A texture whose left half is black and whose right half is white. */
static GdkTexture *
create_halves (int width,
               int height)
{
  guint8 *pixels = g_malloc0 ((gsize) width * height * 3);
  g_autoptr(GBytes) bytes = g_bytes_new_take (pixels, (gsize) width * height * 3);

  for (int y = 0; y < height; y++)
    memset (pixels + (y * width + width / 2) * 3, 255, (gsize) (width - width / 2) * 3);
  return gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8, bytes, (gsize) width * 3);
}

/* Returns: [height, width, 4] u8 */
static guint8 *
read_pixels (GdkTexture *texture)
{
  gsize stride = (gsize) gdk_texture_get_width (texture) * 4;
  guint8 *pixels = g_malloc (stride * gdk_texture_get_height (texture));

  gdk_texture_download (texture, pixels, stride);
  return pixels;
}

static void
test_upscale_once (void)
{
  g_autoptr(GdkTexture) texture = create_halves (4, 2);
  g_autoptr(GdkTexture) same = eshi_upscale (texture, 1, ESHI_UPSCALE_SMOOTH);

  g_assert_true (same == texture);
}

/* Plain squares: the border stays between the same pixels, and no new value appears. */
static void
test_upscale_pixels (void)
{
  g_autoptr(GdkTexture) texture = create_halves (4, 3);
  g_autoptr(GdkTexture) large = eshi_upscale (texture, 5, ESHI_UPSCALE_PIXELS);
  g_autofree guint8 *pixels = read_pixels (large);

  g_assert_cmpint (gdk_texture_get_width (large), ==, 20);
  g_assert_cmpint (gdk_texture_get_height (large), ==, 15);
  for (int i = 0; i < 20 * 15; i++)
    g_assert_cmpint (pixels[i * 4], ==, i % 20 < 10 ? 0 : 255);
}

/* Catmull-Rom is symmetric about the border, passes through flat parts unchanged, and overshoots into what is clamped. */
static void
test_upscale_smooth (void)
{
  g_autoptr(GdkTexture) texture = create_halves (8, 8);
  g_autoptr(GdkTexture) large = eshi_upscale (texture, 4, ESHI_UPSCALE_SMOOTH);
  g_autofree guint8 *pixels = read_pixels (large);
  const guint8 *row = pixels + 16 * 32 * 4;

  g_assert_cmpint (row[0], ==, 0);
  g_assert_cmpint (row[31 * 4], ==, 255);
  for (int x = 0; x < 16; x++)
    {
      g_assert_cmpint (ABS (row[x * 4] + row[(31 - x) * 4] - 255), <=, 1);
      g_assert_cmpint (pixels[x * 4], ==, row[x * 4]);
    }
  /* 3/8 and 1/8 of the way between the two pixels at the border: 0.3457 and 0.0840 of 255 on the spline. */
  g_assert_cmpint (ABS (row[15 * 4] - 88), <=, 1);
  g_assert_cmpint (ABS (row[14 * 4] - 21), <=, 1);
}

static GtkWidget *
create_window (EshiCanvas **canvas,
               int          width,
               int          height)
{
  GtkWidget *window = gtk_window_new ();

  *canvas = ESHI_CANVAS (eshi_canvas_new ());
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_window_set_default_size (GTK_WINDOW (window), width, height);
  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (*canvas));
  gtk_window_present (GTK_WINDOW (window));
  while (gtk_widget_get_width (GTK_WIDGET (*canvas)) == 0)
    g_main_context_iteration (NULL, TRUE);
  return window;
}

/* A coarse preview and the finished picture fill the same place, with the picture's own proportions. */
static void
test_canvas_letterbox (void)
{
  g_autoptr(GdkTexture) preview = create_halves (16, 8);
  g_autoptr(GdkTexture) picture = create_halves (256, 128);
  graphene_rect_t first;
  graphene_rect_t second;
  EshiCanvas *canvas;
  GtkWidget *window = create_window (&canvas, 624, 400);

  eshi_canvas_show (canvas, preview, 256, 128, "a");
  eshi_canvas_get_picture_rect (canvas, &first);
  eshi_canvas_show (canvas, picture, 256, 128, "a");
  eshi_canvas_get_picture_rect (canvas, &second);
  g_assert_true (graphene_rect_equal (&first, &second));
  g_assert_cmpfloat (second.size.width, ==, 600);
  g_assert_cmpfloat (second.size.height, ==, 300);
  g_assert_cmpfloat (second.origin.x, ==, 12);
  g_assert_cmpfloat (second.origin.y, ==, 50);
  gtk_window_destroy (GTK_WINDOW (window));
}

static void
on_notify_cb (int *n_notified)
{
  (*n_notified)++;
}

static void
test_canvas_zoom (void)
{
  g_autoptr(GdkTexture) texture = create_halves (64, 64);
  graphene_rect_t rect;
  EshiCanvas *canvas;
  GtkWidget *window = create_window (&canvas, 400, 400);
  int n_notified = 0;

  eshi_canvas_show (canvas, texture, 64, 64, "a");
  g_signal_connect_swapped (canvas, "notify::zoom", G_CALLBACK (on_notify_cb), &n_notified);
  g_assert_cmpfloat (eshi_canvas_get_zoom (canvas), ==, 0);
  eshi_canvas_set_zoom (canvas, 2);
  eshi_canvas_set_zoom (canvas, 2);
  g_assert_cmpint (n_notified, ==, 1);
  eshi_canvas_get_picture_rect (canvas, &rect);
  g_assert_cmpfloat (rect.size.width, ==, 128);
  g_assert_cmpfloat (rect.origin.x, ==, 136);

  gtk_widget_activate_action (GTK_WIDGET (canvas), "canvas.zoom-in", NULL);
  g_assert_cmpfloat (eshi_canvas_get_zoom (canvas), ==, 2.5);
  eshi_canvas_set_zoom (canvas, 1000);
  g_assert_cmpfloat (eshi_canvas_get_zoom (canvas), ==, 32);
  gtk_widget_activate_action (GTK_WIDGET (canvas), "canvas.zoom-fit", NULL);
  g_assert_cmpfloat (eshi_canvas_get_zoom (canvas), ==, 0);

  /* Another size of picture fits again; the same size keeps the zoom. */
  eshi_canvas_set_zoom (canvas, 3);
  {
    g_autoptr(GdkTexture) same = create_halves (64, 64);
    g_autoptr(GdkTexture) other = create_halves (64, 32);

    eshi_canvas_show (canvas, same, 64, 64, "a");
    g_assert_cmpfloat (eshi_canvas_get_zoom (canvas), ==, 3);
    eshi_canvas_show (canvas, other, 64, 32, "a");
    g_assert_cmpfloat (eshi_canvas_get_zoom (canvas), ==, 0);
  }
  gtk_window_destroy (GTK_WINDOW (window));
}

static void
test_canvas_finalizes (void)
{
  g_autoptr(GdkTexture) texture = create_halves (8, 8);
  EshiCanvas *canvas = g_object_ref_sink (ESHI_CANVAS (eshi_canvas_new ()));

  eshi_canvas_show (canvas, texture, 8, 8, "a");
  g_assert_true (eshi_canvas_get_texture (canvas) == texture);
  g_assert_finalize_object (canvas);
  g_assert_finalize_object (g_steal_pointer (&texture));
}

int
main (int   argc,
      char *argv[])
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/eshi/upscale/factor-one-is-the-texture-itself", test_upscale_once);
  g_test_add_func ("/eshi/upscale/pixels-stay-square", test_upscale_pixels);
  g_test_add_func ("/eshi/upscale/smooth-is-a-catmull-rom-spline", test_upscale_smooth);
  g_test_add_func ("/eshi/canvas/preview-and-picture-fill-the-same-place", test_canvas_letterbox);
  g_test_add_func ("/eshi/canvas/zoom", test_canvas_zoom);
  g_test_add_func ("/eshi/canvas/finalizes", test_canvas_finalizes);
  return g_test_run ();
}
