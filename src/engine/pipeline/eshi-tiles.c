/* eshi-tiles.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-tiles.h"

#include <string.h>

/* A quarter of each tile lies over the next one. */
#define OVERLAP 4

/* One tile's result. */
typedef struct
{
  guint  height;
  guint  width;
  float *values; /* [height, width, n_dst] */
} Tile;

typedef struct
{
  /* borrowed */
  const EshiTiles *tiles;
  const float     *src;
  float           *dst;
  EshiTileFunc     func;
  gpointer         user_data;

  /* owned */
  GPtrArray       *above;   /* of Tile: the row before, blended */
  GPtrArray       *row;     /* of Tile: this row so far, blended */
  float           *scratch; /* [size, size, n_src] */

  guint            height;  /* of the source */
  guint            width;
  guint            n_src;
  guint            n_dst;
} Run;

/* The side of a tile in pixels, such that a quarter of it is whole latent pixels. */
static guint
tile_pixels (const EshiVaeConfig *config)
{
  guint unit = OVERLAP * eshi_vae_config_get_factor (config);

  return MAX (config->sample_size / unit, 1) * unit;
}

EshiTiles
_eshi_tiles_for_decoder (const EshiVaeConfig *config)
{
  guint pixels = tile_pixels (config);
  guint factor = eshi_vae_config_get_factor (config);
  guint latents = pixels / factor;

  return (EshiTiles) {
    .size = latents,
    .step = latents - latents / OVERLAP,
    .up = factor,
    .down = 1,
    .blend = pixels / OVERLAP,
    .limit = pixels - pixels / OVERLAP,
  };
}

EshiTiles
_eshi_tiles_for_encoder (const EshiVaeConfig *config)
{
  guint pixels = tile_pixels (config);
  guint factor = eshi_vae_config_get_factor (config);
  guint latents = pixels / factor;

  return (EshiTiles) {
    .size = pixels,
    .step = pixels - pixels / OVERLAP,
    .up = 1,
    .down = factor,
    .blend = latents / OVERLAP,
    .limit = latents - latents / OVERLAP,
  };
}

gboolean
_eshi_tiles_are_many (const EshiTiles *self,
                      guint            height,
                      guint            width)
{
  return height > self->size || width > self->size;
}

guint
_eshi_tiles_count (const EshiTiles *self,
                   guint            height,
                   guint            width)
{
  return ((height + self->step - 1) / self->step) * ((width + self->step - 1) / self->step);
}

static guint
scaled (const EshiTiles *tiles,
        guint            size)
{
  return size * tiles->up / tiles->down;
}

static void
tile_free (gpointer data)
{
  Tile *tile = data;

  g_free (tile->values);
  g_free (tile);
}

/* The result for the tile whose first pixel in the source is @x, @y; NULL after an error. */
static Tile *
make_tile (Run     *self,
           guint    x,
           guint    y,
           GError **error)
{
  guint height = MIN (self->tiles->size, self->height - y);
  guint width = MIN (self->tiles->size, self->width - x);
  gsize line = (gsize) width * self->n_src;
  Tile *tile = g_new0 (Tile, 1);

  tile->height = scaled (self->tiles, height);
  tile->width = scaled (self->tiles, width);
  tile->values = g_new (float, (gsize) tile->height * tile->width * self->n_dst);
  for (guint i = 0; i < height; i++)
    memcpy (self->scratch + i * line, self->src + ((gsize) (y + i) * self->width + x) * self->n_src,
            line * sizeof (float));
  if (self->func (self->scratch, tile->values, height, width, self->user_data, error))
    return tile;

  tile_free (tile);
  return NULL;
}

/* @dst from what @src was there to itself, over @n values: @share of it is its own. */
static void
mix (float       *dst,
     const float *src,
     gsize        n,
     float        share)
{
  for (gsize i = 0; i < n; i++)
    dst[i] = src[i] * (1.0f - share) + dst[i] * share;
}

/* The first rows of @tile pass over from the last rows of @above. */
static void
blend_rows (Run        *self,
            const Tile *above,
            Tile       *tile)
{
  guint n = MIN (self->tiles->blend, MIN (above->height, tile->height));
  gsize line = (gsize) tile->width * self->n_dst;

  for (guint y = 0; y < n; y++)
    mix (tile->values + y * line, above->values + (above->height - n + y) * line, line, (float) y / (float) n);
}

/* The first columns of @tile pass over from the last columns of @left. */
static void
blend_columns (Run        *self,
               const Tile *left,
               Tile       *tile)
{
  guint n = MIN (self->tiles->blend, MIN (left->width, tile->width));

  for (guint y = 0; y < tile->height; y++)
    for (guint x = 0; x < n; x++)
      mix (tile->values + ((gsize) y * tile->width + x) * self->n_dst,
           left->values + ((gsize) y * left->width + left->width - n + x) * self->n_dst, self->n_dst,
           (float) x / (float) n);
}

/* What is kept of @tile, the @column-th of row @row, into the result. */
static void
place (Run        *self,
       const Tile *tile,
       guint       column,
       guint       row)
{
  guint limit = self->tiles->limit;
  gsize width = scaled (self->tiles, self->width);
  guint n_rows = MIN (limit, tile->height);
  gsize n_bytes = (gsize) MIN (limit, tile->width) * self->n_dst * sizeof (float);

  for (guint y = 0; y < n_rows; y++)
    memcpy (self->dst + (((gsize) row * limit + y) * width + (gsize) column * limit) * self->n_dst,
            tile->values + (gsize) y * tile->width * self->n_dst, n_bytes);
}

static gboolean
run_row (Run     *self,
         guint    row,
         GError **error)
{
  guint y = row * self->tiles->step;

  for (guint x = 0; x < self->width; x += self->tiles->step)
    {
      guint column = self->row->len;
      Tile *tile = make_tile (self, x, y, error);

      if (tile == NULL)
        return FALSE;
      if (row > 0)
        blend_rows (self, g_ptr_array_index (self->above, column), tile);
      if (column > 0)
        blend_columns (self, g_ptr_array_index (self->row, column - 1), tile);
      place (self, tile, column, row);
      g_ptr_array_add (self->row, tile);
    }

  return TRUE;
}

gboolean
_eshi_tiles_run (const EshiTiles  *self,
                 const float      *src,
                 guint             height,
                 guint             width,
                 guint             n_src,
                 float            *dst,
                 guint             n_dst,
                 EshiTileFunc      func,
                 gpointer          user_data,
                 GError          **error)
{
  Run run = { self, src, dst, func, user_data, .height = height, .width = width, .n_src = n_src, .n_dst = n_dst };
  gboolean ok = TRUE;

  run.above = g_ptr_array_new_with_free_func (tile_free);
  run.row = g_ptr_array_new_with_free_func (tile_free);
  run.scratch = g_new (float, (gsize) self->size * self->size * n_src);
  for (guint row = 0; ok && row * self->step < height; row++)
    {
      GPtrArray *above = run.above;

      ok = run_row (&run, row, error);
      run.above = run.row;
      run.row = above;
      g_ptr_array_set_size (run.row, 0);
    }

  g_ptr_array_unref (run.above);
  g_ptr_array_unref (run.row);
  g_free (run.scratch);
  return ok;
}
