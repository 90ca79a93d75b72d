/* eshi-contact-sheet.c: many pictures on one page, in rows and columns.
 *
 * Reads no file and writes none, and draws no letters: captions come as pixels.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-contact-sheet.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-resize.h"

#define TILE ESHI_CONTACT_SHEET_TILE
#define GAP ESHI_CONTACT_SHEET_GAP
#define PAPER 255
#define GREY 208

/* Of either side; each format that a page is saved in allows that much. */
#define MAX_PIXELS 16000

struct _EshiContactSheet
{
  guint   n;
  guint   n_added;
  guint   columns;
  int     caption_height;
  int     width;
  int     height;
  guint8 *pixels; /* [height, width, 3]; NULL at the end */
};

/* The fewest with which there are no more rows than columns. */
static guint
choose_columns (guint n)
{
  guint columns = 1;

  while (columns * columns < n)
    columns++;

  return columns;
}

EshiContactSheet *
eshi_contact_sheet_new (guint    n,
                        guint    columns,
                        int      caption_height,
                        GError **error)
{
  EshiContactSheet *self = NULL;
  gint64 height;
  guint rows;

  g_return_val_if_fail (caption_height >= 0 && caption_height <= TILE, NULL);

  if (n < 1 || n > ESHI_CONTACT_SHEET_MAX)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("A contact sheet holds 1 to %d pictures; choose as many."), ESHI_CONTACT_SHEET_MAX);
      return NULL;
    }
  columns = columns > 0 ? MIN (columns, n) : choose_columns (n);
  rows = (n + columns - 1) / columns;
  height = GAP + (gint64) rows * (TILE + caption_height + GAP);
  if (height > MAX_PIXELS || GAP + (gint64) columns * (TILE + GAP) > MAX_PIXELS)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("A contact sheet of %u columns and %u rows would be too long; choose another number of columns."),
                   columns, rows);
      return NULL;
    }

  self = g_new0 (EshiContactSheet, 1);
  self->n = n;
  self->columns = columns;
  self->caption_height = caption_height;
  self->width = GAP + (int) columns * (TILE + GAP);
  self->height = (int) height;
  self->pixels = g_malloc ((gsize) 3 * self->width * self->height);
  memset (self->pixels, PAPER, (gsize) 3 * self->width * self->height);

  return self;
}

void
eshi_contact_sheet_free (EshiContactSheet *self)
{
  g_free (self->pixels);
  g_free (self);
}

/* (transfer full) (nullable): @picture as large as a tile; NULL where there is too little memory for that. */
static EshiImage *
fit (EshiImage *picture)
{
  int width = eshi_image_get_width (picture);
  int height = eshi_image_get_height (picture);
  int longest = MAX (width, height);
  guint to_width = (guint) MAX (1, width * TILE / longest);
  guint to_height = (guint) MAX (1, height * TILE / longest);
  guint8 *pixels = eshi_resize (g_bytes_get_data (eshi_image_get_pixels (picture), NULL), (guint) width, (guint) height,
                                3, to_width, to_height, ESHI_RESIZE_BICUBIC, NULL);
  g_autoptr(GBytes) bytes = NULL;

  if (pixels == NULL)
    return NULL;
  bytes = g_bytes_new_take (pixels, (gsize) 3 * to_width * to_height);

  return eshi_image_new ((int) to_width, (int) to_height, bytes);
}

static void
put (EshiContactSheet *self,
     EshiImage        *image,
     int               left,
     int               top)
{
  const guint8 *src = g_bytes_get_data (eshi_image_get_pixels (image), NULL);
  gsize row_bytes = (gsize) 3 * eshi_image_get_width (image);

  for (int y = 0; y < eshi_image_get_height (image); y++)
    memcpy (&self->pixels[3 * ((gsize) (top + y) * self->width + left)], &src[y * row_bytes], row_bytes);
}

static void
put_grey (EshiContactSheet *self,
          int               left,
          int               top)
{
  for (int y = 0; y < TILE; y++)
    memset (&self->pixels[3 * ((gsize) (top + y) * self->width + left)], GREY, 3 * TILE);
}

void
eshi_contact_sheet_add (EshiContactSheet *self,
                        EshiImage        *picture,
                        EshiImage        *caption)
{
  g_autoptr(EshiImage) tile = picture != NULL ? fit (picture) : NULL;
  int left = GAP + (int) (self->n_added % self->columns) * (TILE + GAP);
  int top = GAP + (int) (self->n_added / self->columns) * (TILE + self->caption_height + GAP);

  g_return_if_fail (caption == NULL || (eshi_image_get_width (caption) == TILE &&
                                        eshi_image_get_height (caption) == self->caption_height));

  if (self->pixels == NULL || self->n_added == self->n)
    return;
  if (tile != NULL)
    put (self, tile, left + (TILE - eshi_image_get_width (tile)) / 2, top + (TILE - eshi_image_get_height (tile)) / 2);
  else
    put_grey (self, left, top);
  if (caption != NULL)
    put (self, caption, left, top + TILE);
  self->n_added++;
}

EshiImage *
eshi_contact_sheet_finish (EshiContactSheet *self)
{
  g_autoptr(GBytes) bytes = NULL;

  g_return_val_if_fail (self->pixels != NULL, NULL);

  bytes = g_bytes_new_take (g_steal_pointer (&self->pixels), (gsize) 3 * self->width * self->height);

  return eshi_image_new (self->width, self->height, bytes);
}
