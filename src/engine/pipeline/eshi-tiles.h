/* eshi-tiles.h: a large array as overlapping tiles, each worked on alone, and their results blended into one again.
 *
 * The tiles' places and the blending are those of diffusers' AutoencoderKL with enable_tiling(). Knows no network.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-model-config.h"

G_BEGIN_DECLS

/**
 * EshiTiles:
 * @size: pixels of a tile's side in the source; the last tile of a row or column may be smaller
 * @step: pixels of the source between the beginnings of two tiles
 * @up: pixels of the result per pixel of the source, and
 * @down: the other way; one of the two is 1
 * @blend: pixels of the result over which a tile is mixed with those above and to the left
 * @limit: pixels of the result that are kept of each tile
 */
typedef struct
{
  guint size;
  guint step;
  guint up;
  guint down;
  guint blend;
  guint limit;
} EshiTiles;

/* From latents to pixels, or from pixels to latents; a tile is as large as the pictures that the autoencoder was made
 * for. */
EshiTiles _eshi_tiles_for_decoder (const EshiVaeConfig *config);
EshiTiles _eshi_tiles_for_encoder (const EshiVaeConfig *config);

/* Whether a source of @height × @width is more than one tile. */
gboolean  _eshi_tiles_are_many    (const EshiTiles     *self,
                                   guint                height,
                                   guint                width);

/* How many tiles it has. */
guint     _eshi_tiles_count       (const EshiTiles     *self,
                                   guint                height,
                                   guint                width);

/**
 * EshiTileFunc:
 * @src: f32 [height, width, source channels]
 * @dst: (out): f32 [height · up / down, width · up / down, result channels]
 * @height: of this tile in the source
 * @width: likewise
 */
typedef gboolean (*EshiTileFunc) (const float  *src,
                                  float        *dst,
                                  guint         height,
                                  guint         width,
                                  gpointer      user_data,
                                  GError      **error);

/**
 * _eshi_tiles_run:
 * @src: f32 [height, width, n_src]
 * @dst: (out): f32 [height · up / down, width · up / down, n_dst]
 * @func: called for each tile, row by row
 *
 * Holds two rows of results besides. Error: that of @func, which ends it.
 */
gboolean  _eshi_tiles_run         (const EshiTiles     *self,
                                   const float         *src,
                                   guint                height,
                                   guint                width,
                                   guint                n_src,
                                   float               *dst,
                                   guint                n_dst,
                                   EshiTileFunc         func,
                                   gpointer             user_data,
                                   GError             **error);

G_END_DECLS
