/* test-ui-input.c: the input picture: how it is read, kept and handed on; the mask's brush, veil and tools.
 *
 * Files are made here, with GdkPixbuf and by the byte. That pixels outside a mask stay is tested with a model, from
 * outside (test-mask.py).
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>
#include <glib/gstdio.h>
#include <math.h>
#include <unistd.h>

#include "eshi-input-image.h"
#include "eshi-input-store.h"
#include "eshi-mask-bar.h"
#include "eshi-mask-layer.h"
#include "eshi-mask-veil.h"
#include "eshi-picture.h"
#include "eshi-prompt-panel.h"

static char *folder;

static void
count_cb (int *n)
{
  (*n)++;
}

static char *
dup_path (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static GFile *
create_file (const char *name,
             const void *bytes,
             gsize       n_bytes)
{
  g_autofree char *path = dup_path (name);

  g_assert_true (g_file_set_contents (path, bytes, (gssize) n_bytes, NULL));
  return g_file_new_for_path (path);
}

/* A file of the left half red and the right half blue. */
static GFile *
create_picture (const char *name,
                const char *type,
                int         width,
                int         height)
{
  g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, height);
  g_autoptr(GdkPixbuf) right = gdk_pixbuf_new_subpixbuf (pixbuf, width / 2, 0, width - width / 2, height);
  g_autofree char *bytes = NULL;
  gsize n_bytes;

  gdk_pixbuf_fill (pixbuf, 0xff0000ff);
  gdk_pixbuf_fill (right, 0x0000ffff);
  g_assert_true (gdk_pixbuf_save_to_buffer (pixbuf, &bytes, &n_bytes, type, NULL, NULL));
  return create_file (name, bytes, n_bytes);
}

static const guint8 *
pixel_of (EshiImage *image,
          int        x,
          int        y)
{
  const guint8 *rgb = g_bytes_get_data (eshi_image_get_pixels (image), NULL);

  return rgb + ((gsize) y * eshi_image_get_width (image) + x) * 3;
}

static EshiImage *
create_image (int width,
              int height)
{
  g_autoptr(GBytes) pixels = g_bytes_new_take (g_malloc0 ((gsize) width * height * 3), (gsize) width * height * 3);

  return eshi_image_new (width, height, pixels);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void
test_load_png (void)
{
  g_autoptr(GFile) file = create_picture ("a.png", "png", 40, 24);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiImage) image = eshi_input_image_load (file, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (eshi_image_get_width (image), ==, 40);
  g_assert_cmpint (eshi_image_get_height (image), ==, 24);
  g_assert_cmpmem (pixel_of (image, 19, 5), 3, "\xff\0\0", 3);
  g_assert_cmpmem (pixel_of (image, 20, 5), 3, "\0\0\xff", 3);
}

/* What is transparent lies on white: α·c + (1 − α)·255. */
static void
test_load_alpha (void)
{
  g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, 3, 2);
  g_autofree char *bytes = NULL;
  g_autoptr(GFile) file = NULL;
  g_autoptr(EshiImage) image = NULL;
  const int color[3] = { 200, 100, 0 };
  gsize n_bytes;

  gdk_pixbuf_fill (pixbuf, 0xc8640080);
  gdk_pixbuf_save_to_buffer (pixbuf, &bytes, &n_bytes, "png", NULL, NULL);
  file = create_file ("alpha.png", bytes, n_bytes);
  image = eshi_input_image_load (file, NULL, NULL);
  for (int c = 0; c < 3; c++)
    {
      double expected = round (color[c] * 128 / 255.0 + 255 * 127 / 255.0);

      g_assert_cmpint (pixel_of (image, 1, 1)[c], ==, (int) expected);
    }
}

/* Orientation 6: the left side of what is stored is the top of what is meant. */
static void
test_load_orientation (void)
{
  static const guint8 exif[] = {
    0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0,
    0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,
  };
  g_autoptr(GFile) plain = create_picture ("plain.jpg", "jpeg", 64, 32);
  g_autoptr(GBytes) bytes = g_file_load_bytes (plain, NULL, NULL, NULL);
  g_autoptr(GByteArray) turned = g_byte_array_new ();
  g_autoptr(GFile) file = NULL;
  g_autoptr(EshiImage) image = NULL;
  gsize n_bytes;
  const guint8 *data = g_bytes_get_data (bytes, &n_bytes);

  g_byte_array_append (turned, data, 2);
  g_byte_array_append (turned, exif, sizeof exif);
  g_byte_array_append (turned, data + 2, (guint) n_bytes - 2);
  file = create_file ("turned.jpg", turned->data, turned->len);
  image = eshi_input_image_load (file, NULL, NULL);
  g_assert_cmpint (eshi_image_get_width (image), ==, 32);
  g_assert_cmpint (eshi_image_get_height (image), ==, 64);
  /* A JPEG is not exact. */
  g_assert_cmpint (pixel_of (image, 16, 8)[0], >, 240);
  g_assert_cmpint (pixel_of (image, 16, 56)[2], >, 240);
}

/* Nothing larger than what can be painted comes in. */
static void
test_load_shrinks (void)
{
  g_autoptr(GFile) file = create_picture ("wide.png", "png", 4096, 1000);
  g_autoptr(EshiImage) image = eshi_input_image_load (file, NULL, NULL);

  g_assert_cmpint (eshi_image_get_width (image), ==, 2048);
  g_assert_cmpint (eshi_image_get_height (image), ==, 500);
}

static void
assert_refused (GFile      *file,
                const char *word)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiImage) image = eshi_input_image_load (file, NULL, &error);

  g_assert_null (image);
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_load_refuses (void)
{
  g_autoptr(GFile) text = create_file ("文.png", "no picture", 10);
  g_autoptr(GFile) empty = create_file ("empty.png", "", 0);
  g_autoptr(GFile) wide = create_picture ("band.png", "png", 16385, 1);
  g_autoptr(GFile) whole = create_picture ("whole.png", "png", 300, 300);
  g_autoptr(GBytes) bytes = g_file_load_bytes (whole, NULL, NULL, NULL);
  g_autoptr(GFile) half = create_file ("half.png", g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes) / 2);
  g_autofree char *path = dup_path ("huge.png");
  g_autoptr(GFile) huge = g_file_new_for_path (path);
  g_autoptr(GFile) none = g_file_new_for_path ("/no/such/file.png");
  g_autoptr(GError) error = NULL;

  assert_refused (text, "文.png");
  assert_refused (empty, "empty.png");
  assert_refused (wide, "16385 × 1");
  assert_refused (half, "half.png");
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_cmpint (truncate (path, 256 * 1024 * 1024 + 1), ==, 0);
  assert_refused (huge, "256 MiB");
  g_assert_null (eshi_input_image_load (none, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
on_loaded_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GError *error = NULL;
  EshiImage *image = eshi_input_image_finish (result, &error);

  *(gpointer *) user_data = image != NULL ? (gpointer) image : (gpointer) error;
}

static gpointer
wait_for (gpointer *result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static void
test_load_cancelled (void)
{
  g_autoptr(GFile) file = create_picture ("c.png", "png", 40, 24);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  gpointer result = NULL;

  eshi_input_image_load_async (file, cancellable, on_loaded_cb, &result);
  g_cancellable_cancel (cancellable);
  g_assert_error ((GError *) wait_for (&result), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_error_free (result);
}

static void
test_convert (void)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static ("\x01\x02\x03\xff\xfe\xfd", 6);
  g_autoptr(GdkTexture) texture = gdk_memory_texture_new (2, 1, GDK_MEMORY_R8G8B8, bytes, 6);
  g_autoptr(EshiImage) image = NULL;
  gpointer result = NULL;

  eshi_input_image_convert_async (texture, NULL, on_loaded_cb, &result);
  image = wait_for (&result);
  g_assert_cmpmem (pixel_of (image, 0, 0), 6, "\x01\x02\x03\xff\xfe\xfd", 6);
}

/* --- the input and its store ------------------------------------------------------------------------------------- */

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

static void
test_input (void)
{
  g_autoptr(EshiInput) input = eshi_input_new ();
  g_autoptr(EshiInput) other = eshi_input_new ();
  g_autoptr(EshiImage) image = create_image (64, 32);
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  guint serial;
  int n_changed = 0;

  eshi_input_fill_settings (input, settings);
  g_assert_null (settings->image);
  g_assert_null (eshi_input_get_mask (input));
  g_signal_connect_swapped (input, "changed", G_CALLBACK (count_cb), &n_changed);
  eshi_input_set_image (input, image, "湖.png", NULL);
  eshi_input_set_strength (input, 0.4);
  eshi_input_set_strength (input, 0.4);
  eshi_input_set_paste (input, FALSE);
  g_assert_cmpint (n_changed, ==, 3);
  eshi_input_fill_settings (input, settings);
  g_assert_true (settings->image == image);
  g_assert_null (settings->mask);
  g_assert_cmpfloat (settings->strength, ==, 0.4);
  g_assert_false (settings->paste);

  serial = eshi_input_get_serial (input);
  dot (eshi_input_get_mask (input), 20, 20, 5);
  g_assert_cmpuint (eshi_input_get_serial (input), !=, serial);
  g_assert_cmpint (n_changed, ==, 4);
  eshi_input_fill_settings (input, settings);
  g_assert_true (eshi_settings_validate (settings, NULL));
  g_assert_cmpmem (pixel_of (settings->mask, 20, 20), 3, "\xff\xff\xff", 3);

  /* Into another one and out again it is the same. */
  eshi_input_load_settings (other, settings);
  g_assert_true (eshi_input_get_image (other) == image);
  g_assert_cmpfloat (eshi_input_get_strength (other), ==, 0.4);
  g_assert_false (eshi_input_get_paste (other));
  g_assert_cmpfloat (eshi_mask_get_coverage (eshi_input_get_mask (other)), ==,
                     eshi_mask_get_coverage (eshi_input_get_mask (input)));
  g_clear_pointer (&settings->image, eshi_image_unref);
  g_clear_pointer (&settings->mask, eshi_image_unref);
  eshi_input_load_settings (other, settings);
  g_assert_null (eshi_input_get_image (other));
  g_assert_null (eshi_input_get_mask (other));
}

static void
wait_for_image (EshiInput *input)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (eshi_input_get_image (input) == NULL && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  g_assert_nonnull (eshi_input_get_image (input));
}

/* What a picture is in the history goes with the picture, not with the mask over it. */
static void
test_parent (void)
{
  g_autoptr(EshiInput) input = eshi_input_new ();
  g_autoptr(EshiImage) first = create_image (64, 64);
  g_autoptr(EshiImage) second = create_image (64, 64);
  g_autoptr(EshiMask) mask = eshi_mask_new (64, 64);

  eshi_input_set_image (input, first, "一", NULL);
  g_assert_cmpint (eshi_input_get_parent (input), ==, 0);
  eshi_input_set_parent (input, 7);
  eshi_input_set_image (input, first, "一", mask);
  g_assert_cmpint (eshi_input_get_parent (input), ==, 7);
  eshi_input_set_image (input, second, "二", NULL);
  g_assert_cmpint (eshi_input_get_parent (input), ==, 0);
  eshi_input_set_parent (input, 8);
  eshi_input_set_image (input, NULL, NULL, NULL);
  g_assert_cmpint (eshi_input_get_parent (input), ==, 0);
}

static void
test_store (void)
{
  g_autofree char *path = dup_path ("draft");
  g_autoptr(EshiInput) input = eshi_input_new ();
  g_autoptr(EshiInput) again = eshi_input_new ();
  g_autoptr(EshiImage) image = create_image (64, 32);
  g_autofree char *mask_path = g_build_filename (path, "mask.png", NULL);
  g_autofree char *image_path = g_build_filename (path, "input.png", NULL);
  g_autofree char *origin_path = g_build_filename (path, "input.ini", NULL);
  EshiInputStore *store = eshi_input_store_new (input, path);

  eshi_input_store_flush (store);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  eshi_input_set_image (input, image, "湖.png", NULL);
  dot (eshi_input_get_mask (input), 20, 20, 5);
  eshi_input_store_flush (store);
  /* The history answers later. */
  eshi_input_set_parent (input, 9007199254740993);
  eshi_input_store_flush (store);
  g_assert_true (g_file_test (mask_path, G_FILE_TEST_EXISTS));

  {
    g_autoptr(EshiInputStore) second = eshi_input_store_new (again, path);

    wait_for_image (again);
    g_assert_cmpfloat (eshi_mask_get_coverage (eshi_input_get_mask (again)), ==,
                       eshi_mask_get_coverage (eshi_input_get_mask (input)));
    g_assert_cmpstr (eshi_input_get_name (again), ==, "湖.png");
    g_assert_cmpint (eshi_input_get_parent (again), ==, 9007199254740993);
    /* What was only read is not written again, but what follows is. */
    eshi_mask_clear (eshi_input_get_mask (again));
    eshi_input_store_flush (second);
    g_assert_false (g_file_test (mask_path, G_FILE_TEST_EXISTS));
    g_assert_true (g_file_test (image_path, G_FILE_TEST_EXISTS));
    eshi_input_set_image (again, NULL, NULL, NULL);
    eshi_input_store_flush (second);
    g_assert_false (g_file_test (image_path, G_FILE_TEST_EXISTS));
    g_assert_false (g_file_test (origin_path, G_FILE_TEST_EXISTS));
  }
  g_clear_object (&store);
}

/* A damaged file, and a mask of another size, are as good as none. */
static void
test_store_damaged (void)
{
  g_autofree char *path = dup_path ("damaged");
  g_autofree char *mask_path = g_build_filename (path, "mask.png", NULL);
  g_autofree char *image_path = g_build_filename (path, "input.png", NULL);
  g_autoptr(EshiInput) input = eshi_input_new ();
  g_autoptr(EshiInputStore) store = NULL;

  g_mkdir_with_parents (path, 0700);
  {
    g_autoptr(GFile) image = create_picture ("damaged/input.png", "png", 30, 20);
    g_autoptr(GFile) mask = create_picture ("damaged/mask.png", "png", 20, 30);

    store = eshi_input_store_new (input, path);
    wait_for_image (input);
  }
  g_assert_true (eshi_mask_get_empty (eshi_input_get_mask (input)));
  g_assert_true (g_file_set_contents (image_path, "x", 1, NULL));
}

/* --- in the panel ------------------------------------------------------------------------------------------------ */

static void
settle (guint ms)
{
  gint64 end = g_get_monotonic_time () + ms * 1000;

  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

/* A size in the picture's proportions: its own up to 1.5 times the model's side, else the model's number of pixels. */
static void
test_panel_size (void)
{
  static const struct
  {
    int image[2];
    int size[2];
  } cases[] = {
    { { 128, 128 }, { 128, 128 } },
    { { 192, 128 }, { 192, 128 } },
    /* √(128² / (640·420)) = 0.2469: 158.0 × 103.7, to steps of eight */
    { { 640, 420 }, { 160, 104 } },
    { { 100, 100 }, { 128, 128 } },
    { { 2048, 20 }, { 1296, 64 } },
  };
  EshiPromptPanel *panel = g_object_ref_sink (ESHI_PROMPT_PANEL (eshi_prompt_panel_new ()));
  const EshiModelInfo model = { (char *) "/m", (char *) "m", FALSE, 128, 128, 20, 4.0, (char *) "euler" };

  eshi_prompt_panel_set_model (panel, &model, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(EshiImage) image = create_image (cases[i].image[0], cases[i].image[1]);
      g_autoptr(EshiSettings) settings = NULL;

      eshi_prompt_panel_take_image (panel, image, "a");
      settings = eshi_prompt_panel_dup_settings (panel);
      g_assert_cmpint (settings->width, ==, cases[i].size[0]);
      g_assert_cmpint (settings->height, ==, cases[i].size[1]);
      g_assert_true (eshi_settings_validate (settings, NULL));
    }
  settle (500);
  g_assert_finalize_object (panel);
}

static void
test_panel_settings (void)
{
  EshiPromptPanel *panel = g_object_ref_sink (ESHI_PROMPT_PANEL (eshi_prompt_panel_new ()));
  EshiInput *input = eshi_input_row_get_input (eshi_prompt_panel_get_input_row (panel));
  g_autoptr(EshiImage) image = create_image (128, 128);
  g_autoptr(EshiSettings) taken = NULL;
  g_autoptr(EshiSettings) plain = eshi_settings_new ();
  int n_changed = 0;

  eshi_prompt_panel_take_image (panel, image, "a");
  g_signal_connect_swapped (panel, "changed", G_CALLBACK (count_cb), &n_changed);
  dot (eshi_input_get_mask (input), 64, 64, 20);
  eshi_input_set_strength (input, 0.3);
  g_assert_cmpint (n_changed, ==, 2);
  taken = eshi_prompt_panel_take_settings (panel);
  g_assert_true (taken->image == image);
  g_assert_nonnull (taken->mask);
  g_assert_cmpfloat (taken->strength, ==, 0.3);
  /* Only the words: the picture stays. All: it goes, since there was none. */
  eshi_prompt_panel_load_settings (panel, plain, ESHI_SETTINGS_PROMPT);
  g_assert_true (eshi_input_get_image (input) == image);
  eshi_prompt_panel_load_settings (panel, plain, ESHI_SETTINGS_ALL);
  g_assert_null (eshi_input_get_image (input));
  eshi_prompt_panel_load_settings (panel, taken, ESHI_SETTINGS_ALL);
  g_assert_true (eshi_input_get_image (input) == image);
  g_assert_false (eshi_mask_get_empty (eshi_input_get_mask (input)));
  g_assert_finalize_object (panel);
}

static void
on_dropped_cb (gpointer *dropped,
               GObject  *what)
{
  *dropped = what;
}

static GtkDropTarget *
find_drop_target (GtkWidget *widget)
{
  g_autoptr(GListModel) controllers = gtk_widget_observe_controllers (widget);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr(GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_DROP_TARGET (controller))
        return GTK_DROP_TARGET (controller);
    }
  return NULL;
}

static void
test_row_drop (void)
{
  EshiInputRow *row = g_object_ref_sink (ESHI_INPUT_ROW (eshi_input_row_new ()));
  GtkDropTarget *target = find_drop_target (GTK_WIDGET (row));
  g_autoptr(GFile) file = g_file_new_for_path ("/a.png");
  g_auto(GValue) value = G_VALUE_INIT;
  gpointer dropped = NULL;
  gboolean taken = FALSE;

  g_signal_connect_swapped (row, "dropped", G_CALLBACK (on_dropped_cb), &dropped);
  g_value_init (&value, G_TYPE_FILE);
  g_value_set_object (&value, file);
  g_assert_true (gdk_content_formats_contain_gtype (gtk_drop_target_get_formats (target), GDK_TYPE_TEXTURE));
  g_assert_true (gdk_content_formats_contain_gtype (gtk_drop_target_get_formats (target), ESHI_TYPE_PICTURE));
  g_signal_emit_by_name (target, "drop", &value, 1.0, 1.0, &taken);
  g_assert_true (taken);
  g_assert_true (dropped == (gpointer) file);
  g_assert_finalize_object (row);
}

/* --- brush, veil and tools --------------------------------------------------------------------------------------- */

static EshiMaskLayer *
create_layer (GtkWidget  **window,
              EshiCanvas **canvas,
              EshiMask    *mask)
{
  g_autoptr(EshiImage) image = create_image (eshi_mask_get_width (mask), eshi_mask_get_height (mask));
  g_autoptr(GdkTexture) texture = eshi_picture_make_texture (image);
  EshiMaskLayer *layer;

  *window = gtk_window_new ();
  *canvas = ESHI_CANVAS (eshi_canvas_new ());
  layer = ESHI_MASK_LAYER (eshi_mask_layer_new (*canvas));
  eshi_canvas_set_layer (*canvas, GTK_WIDGET (layer));
  eshi_canvas_show (*canvas, texture, eshi_mask_get_width (mask), eshi_mask_get_height (mask), "a");
  eshi_mask_layer_set_mask (layer, mask);
  gtk_window_set_decorated (GTK_WINDOW (*window), FALSE);
  gtk_window_set_default_size (GTK_WINDOW (*window), 400, 300);
  gtk_window_set_child (GTK_WINDOW (*window), GTK_WIDGET (*canvas));
  gtk_window_present (GTK_WINDOW (*window));
  settle (200);
  return layer;
}

/* The middle of the canvas is the middle of the picture, and a pixel of the picture is @zoom of the canvas. */
static void
test_layer_places (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (64, 32);
  static const double zooms[] = { 0, 0.5, 1, 3, 8, 32 };
  EshiCanvas *canvas;
  GtkWidget *window;
  EshiMaskLayer *layer = create_layer (&window, &canvas, mask);

  for (guint i = 0; i < G_N_ELEMENTS (zooms); i++)
    {
      double scale;
      double x = 200;
      double y = 150;
      double right;

      eshi_canvas_set_zoom (canvas, zooms[i]);
      scale = zooms[i] > 0 ? zooms[i] : (400 - 24) / 64.0;
      eshi_mask_layer_to_mask (layer, &x, &y);
      /* The picture's corner is on a whole pixel. */
      g_assert_cmpfloat (fabs (x - 32), <=, 1 / scale);
      g_assert_cmpfloat (fabs (y - 16), <=, 1 / scale);
      right = 200 + scale;
      y = 0;
      eshi_mask_layer_to_mask (layer, &right, &y);
      g_assert_cmpfloat_with_epsilon (right - x, 1, 0.001);
    }
  gtk_window_destroy (GTK_WINDOW (window));
}

static GdkTexture *
draw (GtkWidget *window)
{
  g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new (window);
  g_autoptr(GtkSnapshot) snapshot = gtk_snapshot_new ();
  g_autoptr(GskRenderNode) node = NULL;

  gdk_paintable_snapshot (paintable, snapshot, 400, 300);
  node = gtk_snapshot_to_node (snapshot);
  return gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (window)), node,
                                      &GRAPHENE_RECT_INIT (0, 0, 400, 300));
}

/* Number of pixels of the middle 200 × 100 that are not black. */
static int
count_drawn (GtkWidget *window)
{
  g_autoptr(GdkTexture) texture = draw (window);
  g_autofree guint32 *texels = g_new (guint32, 400 * 300);
  int n = 0;

  gdk_texture_download (texture, (guchar *) texels, 400 * 4);
  for (int y = 100; y < 200; y++)
    {
      for (int x = 100; x < 300; x++)
        n += (texels[y * 400 + x] & 0xffffff) > 0x101010;
    }
  return n;
}

/* What was painted is seen, and what was taken back is not, also at another zoom. */
static void
test_layer_draws (void)
{
  g_autoptr(EshiMask) mask = eshi_mask_new (64, 32);
  EshiCanvas *canvas;
  GtkWidget *window;
  int n_drawn;

  create_layer (&window, &canvas, mask);
  n_drawn = count_drawn (window);
  g_assert_cmpint (n_drawn, ==, 0);
  dot (mask, 32, 16, 4);
  settle (100);
  /* At 5.875 to one: between the circle of radius 4 without a quarter for its outline, half of which is black, and the
   * circle of radius 5, which holds its soft edge. */
  n_drawn = count_drawn (window);
  g_assert_cmpfloat (n_drawn, >, 0.75 * G_PI * 23.5 * 23.5);
  g_assert_cmpfloat (n_drawn, <, G_PI * 29.375 * 29.375);
  eshi_canvas_set_zoom (canvas, 10);
  settle (100);
  g_assert_cmpint (count_drawn (window), >, 2 * n_drawn);
  eshi_mask_undo (mask);
  settle (100);
  g_assert_cmpint (count_drawn (window), ==, 0);
  gtk_window_destroy (GTK_WINDOW (window));
}

static double
over (float alpha,
      float color,
      float below)
{
  return alpha * color + (1 - alpha) * below;
}

/* On any colour, one of the two stripes differs from it by an eighth in some channel. */
static void
test_veil_is_seen (void)
{
  GtkWidget *widget = g_object_ref_sink (gtk_label_new (""));
  EshiMaskVeil veil = eshi_mask_veil_get (widget);

  for (int i = 0; i < 11 * 11 * 11; i++)
    {
      const float below[3] = { (float) (i % 11) / 10, (float) (i / 11 % 11) / 10, (float) (i / 121) / 10 };
      const float strong[3] = { veil.strong.red, veil.strong.green, veil.strong.blue };
      const float faint[3] = { veil.faint.red, veil.faint.green, veil.faint.blue };
      double most = 0;

      for (int c = 0; c < 3; c++)
        {
          most = fmax (most, fabs (over (veil.strong.alpha, strong[c], below[c]) - below[c]));
          most = fmax (most, fabs (over (veil.faint.alpha, faint[c], below[c]) - below[c]));
        }
      g_assert_cmpfloat (most, >, 0.125);
    }
  g_object_unref (widget);
}

/* The hatching goes through from one tile to the next, and where nothing is painted there is no tile. */
static void
test_veil_tiles (void)
{
  GtkWidget *widget = g_object_ref_sink (gtk_label_new (""));
  EshiMaskVeil veil = eshi_mask_veil_get (widget);
  g_autoptr(EshiMask) mask = eshi_mask_new (64, 64);
  const GdkRectangle whole = { 0, 0, 96, 96 };
  const GdkRectangle part = { 40, 24, 50, 60 };
  const GdkRectangle corner = { 0, 0, 10, 10 };
  g_autofree guint32 *all = g_new (guint32, 96 * 96);
  g_autofree guint32 *some = g_new (guint32, 50 * 60);
  g_autoptr(GdkTexture) first = NULL;
  g_autoptr(GdkTexture) second = NULL;

  dot (mask, 40, 40, 15);
  first = eshi_mask_veil_render (&veil, mask, 1.5, 1.5, &whole);
  second = eshi_mask_veil_render (&veil, mask, 1.5, 1.5, &part);
  g_assert_null (eshi_mask_veil_render (&veil, mask, 1.5, 1.5, &corner));
  gdk_texture_download (first, (guchar *) all, 96 * 4);
  gdk_texture_download (second, (guchar *) some, 50 * 4);
  for (int y = 0; y < 60; y++)
    g_assert_cmpmem (some + y * 50, 200, all + (y + 24) * 96 + 40, 200);
  g_object_unref (widget);
}

static void
test_bar (void)
{
  EshiMaskBar *bar = g_object_ref_sink (ESHI_MASK_BAR (eshi_mask_bar_new ()));
  GtkWidget *widget = GTK_WIDGET (bar);
  g_autoptr(EshiMask) mask = eshi_mask_new (640, 480);
  int n_done = 0;
  double before;
  double after;
  gboolean erase;

  g_assert_false (gtk_widget_get_visible (widget));
  eshi_mask_bar_set_mask (bar, mask);
  g_assert_true (gtk_widget_get_visible (widget));
  g_signal_connect_swapped (bar, "done", G_CALLBACK (count_cb), &n_done);
  gtk_widget_activate_action (widget, "mask.invert", NULL);
  g_assert_cmpfloat (eshi_mask_get_coverage (mask), ==, 1);
  gtk_widget_activate_action (widget, "mask.undo", NULL);
  g_assert_true (eshi_mask_get_empty (mask));
  gtk_widget_activate_action (widget, "mask.redo", NULL);
  gtk_widget_activate_action (widget, "mask.clear", NULL);
  g_assert_true (eshi_mask_get_empty (mask));
  gtk_widget_activate_action (widget, "mask.eraser", NULL);
  g_object_get (bar, "erase", &erase, "brush-size", &before, NULL);
  g_assert_true (erase);
  gtk_widget_activate_action (widget, "mask.larger", NULL);
  gtk_widget_activate_action (widget, "mask.larger", NULL);
  gtk_widget_activate_action (widget, "mask.smaller", NULL);
  g_object_get (bar, "brush-size", &after, NULL);
  g_assert_cmpfloat (after, >, before);
  gtk_widget_activate_action (widget, "mask.done", NULL);
  g_assert_cmpint (n_done, ==, 1);
  eshi_mask_bar_set_mask (bar, NULL);
  g_assert_false (gtk_widget_get_visible (widget));
  g_assert_finalize_object (bar);
}

/* All of the veil over 1024 × 1024, as after a zoom. */
static void
test_veil_cost (void)
{
  GtkWidget *widget = g_object_ref_sink (gtk_label_new (""));
  EshiMaskVeil veil = eshi_mask_veil_get (widget);
  g_autoptr(EshiMask) mask = eshi_mask_new (1024, 1024);
  gint64 best = G_MAXINT64;

  eshi_mask_invert (mask);
  for (int i = 0; i < 5; i++)
    {
      gint64 start = g_get_monotonic_time ();

      for (int j = 0; j < 64; j++)
        {
          const GdkRectangle area = { j % 8 * 128, j / 8 * 128, 128, 128 };
          g_autoptr(GdkTexture) texture = eshi_mask_veil_render (&veil, mask, 1, 1, &area);
        }
      best = MIN (best, g_get_monotonic_time () - start);
    }
  g_test_message ("the whole veil over 1024 × 1024: %.1f ms", (double) best / 1000);
  if (g_test_perf ())
    g_assert_cmpint (best, <, 16000);
  g_object_unref (widget);
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("LANGUAGE", "C", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  folder = g_dir_make_tmp ("eshi-input-XXXXXX", NULL);
  g_test_add_func ("/eshi/input-image/png", test_load_png);
  g_test_add_func ("/eshi/input-image/alpha-lies-on-white", test_load_alpha);
  g_test_add_func ("/eshi/input-image/orientation", test_load_orientation);
  g_test_add_func ("/eshi/input-image/shrinks", test_load_shrinks);
  g_test_add_func ("/eshi/input-image/refuses", test_load_refuses);
  g_test_add_func ("/eshi/input-image/cancelled", test_load_cancelled);
  g_test_add_func ("/eshi/input-image/texture", test_convert);
  g_test_add_func ("/eshi/input/settings", test_input);
  g_test_add_func ("/eshi/input/parent", test_parent);
  g_test_add_func ("/eshi/input/store", test_store);
  g_test_add_func ("/eshi/input/store-damaged", test_store_damaged);
  g_test_add_func ("/eshi/prompt-panel/input-size", test_panel_size);
  g_test_add_func ("/eshi/prompt-panel/input-settings", test_panel_settings);
  g_test_add_func ("/eshi/input-row/drop", test_row_drop);
  g_test_add_func ("/eshi/mask-layer/places-at-every-zoom", test_layer_places);
  g_test_add_func ("/eshi/mask-layer/draws", test_layer_draws);
  g_test_add_func ("/eshi/mask-veil/is-seen-on-any-colour", test_veil_is_seen);
  g_test_add_func ("/eshi/mask-veil/tiles-fit", test_veil_tiles);
  g_test_add_func ("/eshi/mask-veil/cost", test_veil_cost);
  g_test_add_func ("/eshi/mask-bar/tools", test_bar);
  return g_test_run ();
}
