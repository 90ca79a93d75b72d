/* eshi-mask-layer.h: the brush: a mask that lies over a canvas and is painted with pointer, pen, finger or keys.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-canvas.h"
#include "eshi-mask.h"

G_BEGIN_DECLS

#define ESHI_TYPE_MASK_LAYER (eshi_mask_layer_get_type ())

#define ESHI_BRUSH_MIN 1.0
#define ESHI_BRUSH_MAX 512.0

/**
 * EshiMaskLayer:
 *
 * Stands on a canvas (see eshi_canvas_set_layer()) and is visible while it has a mask. A pen's pressure thins the
 * stroke, its other end erases. Space with the primary button moves the picture, Ctrl with the wheel sets the size.
 * The arrow keys move the brush, with Shift it paints.
 *
 * Properties, all of which can be written and notify: `brush-size` (double, %ESHI_BRUSH_MIN to %ESHI_BRUSH_MAX): width
 *   in pixels of the picture; `erase` (boolean).
 */
G_DECLARE_FINAL_TYPE (EshiMaskLayer, eshi_mask_layer, ESHI, MASK_LAYER, GtkWidget)

/* @canvas: where the layer will stand; outlives it */
GtkWidget *eshi_mask_layer_new (EshiCanvas *canvas);

/* @mask: (nullable): what is painted; of the size of the picture on the canvas */
void eshi_mask_layer_set_mask (EshiMaskLayer *self,
                               EshiMask      *mask);

/* Where @x, @y of the widget lie in the mask, in its pixels. */
void eshi_mask_layer_to_mask (EshiMaskLayer *self,
                              double        *x,
                              double        *y);

G_END_DECLS
