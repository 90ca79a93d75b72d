/* eshi-vae-tiling.h: whether the autoencoder works on a picture in overlapping tiles. Public; the tiles themselves are
 * the pipeline's.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * EshiVaeTiling:
 * @ESHI_VAE_TILING_AUTO: "auto", only where the picture is larger than a tile and the memory would not do otherwise
 * @ESHI_VAE_TILING_OFF: "off", never
 * @ESHI_VAE_TILING_ON: "on", wherever the picture is larger than a tile
 *
 * Tiles need less memory and give a slightly different picture, so what was done is stored with it. The names are
 * written to disk and never change.
 */
typedef enum
{
  ESHI_VAE_TILING_AUTO,
  ESHI_VAE_TILING_OFF,
  ESHI_VAE_TILING_ON,
} EshiVaeTiling;

/**
 * eshi_vae_tiling_get_name:
 * @tiling: a way
 *
 * Thread: any.
 *
 * Returns: "auto", "off" or "on"; %NULL if @tiling is none of them
 */
ESHI_AVAILABLE
const char *eshi_vae_tiling_get_name  (EshiVaeTiling  tiling);

/**
 * eshi_vae_tiling_from_name:
 * @name: (nullable): "auto", "off" or "on"
 * @tiling: (out): the way of that name; untouched when there is none
 *
 * Thread: any.
 *
 * Returns: whether @name names a way
 */
ESHI_AVAILABLE
gboolean    eshi_vae_tiling_from_name (const char    *name,
                                       EshiVaeTiling *tiling);

G_END_DECLS
