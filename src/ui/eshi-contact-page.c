/* eshi-contact-page.c: a contact sheet of pictures of the history, with what each is called.
 *
 * The page is put together by eshi-contact-sheet.c; here are the letters. Black on white, whatever the window's colours
 * are: a page is looked at elsewhere.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-contact-page.h"

#include <eshi-contact-sheet.h>
#include <eshi-picture-file.h>
#include <glib/gi18n-lib.h>
#include <gtk/gtk.h>
#include <inttypes.h>

/* Pixels: of the letters, of a line and what of it is above the letters' foot, and of the two lines with the white above
 * them. */
#define LETTERS 15
#define LINE 22
#define ASCENT 17
#define CAPTION (2 * LINE + 4)

/* Shares of white; the lighter one is still as dark as people with weak eyes need on white. */
#define DARK 0.13
#define DIM 0.40

/* --- letters ----------------------------------------------------------------------------------------------------- */

/* One line, cut off with an ellipsis where it does not fit. */
static void
draw_line (cairo_t    *cairo,
           const char *text,
           double      top,
           double      grey)
{
  g_autoptr(PangoLayout) layout = pango_cairo_create_layout (cairo);
  PangoFontDescription *font = pango_font_description_from_string ("sans-serif");

  pango_font_description_set_absolute_size (font, LETTERS * PANGO_SCALE);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (layout, text, -1);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_width (layout, ESHI_CONTACT_SHEET_TILE * PANGO_SCALE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_alignment (layout, PANGO_ALIGN_CENTER);
  cairo_set_source_rgb (cairo, grey, grey, grey);
  /* Fonts differ in height; their letters stand on one line all the same. */
  cairo_move_to (cairo, 0.0, top + ASCENT - pango_layout_get_baseline (layout) / PANGO_SCALE);
  pango_cairo_show_layout (cairo, layout);
}

/* (transfer full): the pixels of @surface, which has no transparency. */
static EshiImage *
image_from_surface (cairo_surface_t *surface)
{
  const guint8 *src = cairo_image_surface_get_data (surface);
  gsize stride = (gsize) cairo_image_surface_get_stride (surface);
  int width = cairo_image_surface_get_width (surface);
  int height = cairo_image_surface_get_height (surface);
  guint8 *dst = g_malloc ((gsize) 3 * width * height);
  g_autoptr(GBytes) bytes = g_bytes_new_take (dst, (gsize) 3 * width * height);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++, dst += 3)
      {
        guint32 pixel = ((const guint32 *) (gconstpointer) (src + y * stride))[x];

        dst[0] = pixel >> 16 & 0xff;
        dst[1] = pixel >> 8 & 0xff;
        dst[2] = pixel & 0xff;
      }

  return eshi_image_new (width, height, bytes);
}

/* (transfer full): [CAPTION, tile, 3] */
static EshiImage *
draw_caption (const EshiSettings *settings)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, ESHI_CONTACT_SHEET_TILE, CAPTION);
  cairo_t *cairo = cairo_create (surface);
  g_autofree char *seed = g_strdup_printf ("%s %" PRIu64, _("Seed"), settings->seed);
  EshiImage *caption = NULL;

  cairo_set_source_rgb (cairo, 1.0, 1.0, 1.0);
  cairo_paint (cairo);
  draw_line (cairo, settings->prompt, CAPTION - 2 * LINE, DARK);
  draw_line (cairo, seed, CAPTION - LINE, DIM);
  cairo_destroy (cairo);
  cairo_surface_flush (surface);
  caption = image_from_surface (surface);
  cairo_surface_destroy (surface);

  return caption;
}

/* --- the page ---------------------------------------------------------------------------------------------------- */

EshiImage *
eshi_contact_page_new (GPtrArray     *pictures,
                       GCancellable  *cancellable,
                       GError       **error)
{
  g_autoptr(EshiContactSheet) sheet = eshi_contact_sheet_new (pictures->len, 0, CAPTION, error);

  if (sheet == NULL)
    return NULL;
  for (guint i = 0; i < pictures->len; i++)
    {
      const EshiHistoryPicture *picture = g_ptr_array_index (pictures, i);
      g_autoptr(EshiImage) image = eshi_picture_file_load_image (picture->path, NULL);
      g_autoptr(EshiImage) caption = draw_caption (picture->settings);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      eshi_contact_sheet_add (sheet, image, caption);
    }

  return eshi_contact_sheet_finish (sheet);
}
