/* eshi-canvas.h: one picture, as large as it may be, with zoom and pan.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ESHI_TYPE_CANVAS (eshi_canvas_get_type ())

/**
 * EshiCanvas:
 *
 * Actions: `canvas.zoom-in`, `canvas.zoom-out`, `canvas.zoom-fit`, `canvas.zoom-actual`.
 * Properties: `zoom` (double, notifies): 0 while the picture fits the canvas, else widget pixels per picture pixel.
 * Signals:
 *   `menu-requested (double x, double y)`: right click, long press or menu key
 *   `view-changed`: eshi_canvas_get_picture_rect() may tell something else now
 */
G_DECLARE_FINAL_TYPE (EshiCanvas, eshi_canvas, ESHI, CANVAS, GtkWidget)

GtkWidget *eshi_canvas_new (void);

/**
 * eshi_canvas_show:
 * @texture: (nullable): what to draw; may have fewer pixels than the picture will have
 * @width: of the finished picture, in pixels
 * @height: likewise
 * @title: (nullable): what a screen reader says
 *
 * Cross-fades when the size stays, unless animations are switched off. Zoom and position are kept while the size stays.
 */
void eshi_canvas_show (EshiCanvas *self,
                       GdkTexture *texture,
                       int         width,
                       int         height,
                       const char *title);

/* Returns: (transfer none) (nullable) */
GdkTexture *eshi_canvas_get_texture (EshiCanvas *self);

double eshi_canvas_get_zoom (EshiCanvas *self);

/* @zoom: 0 to fit; else it is brought into 1/8 to 32 */
void eshi_canvas_set_zoom (EshiCanvas *self,
                           double      zoom);

/**
 * eshi_canvas_get_view:
 * @scale: (out): of the size at which the picture fits; 0 while it fits
 * @x: (out): of the picture's centre from the canvas's, in widths of the picture
 * @y: (out): likewise, in heights
 *
 * What is in sight, apart from the sizes of canvas and picture.
 */
void eshi_canvas_get_view (EshiCanvas *self,
                           double     *scale,
                           double     *x,
                           double     *y);

/* Shows what another canvas shows. */
void eshi_canvas_set_view (EshiCanvas *self,
                           double      scale,
                           double      x,
                           double      y);

/* Where the picture is drawn, in widget pixels. */
void eshi_canvas_get_picture_rect (EshiCanvas      *self,
                                   graphene_rect_t *rect);

/**
 * eshi_canvas_set_layer:
 * @layer: (transfer floating) (nullable): a widget that lies over all of the canvas, in the canvas's own coordinates
 *
 * While @layer is visible the primary button and the menu are its business; the wheel, two fingers and the middle
 * button still zoom and move the picture.
 */
void eshi_canvas_set_layer (EshiCanvas *self,
                            GtkWidget  *layer);

/* @hand: whether a drag with the primary button moves the picture although there is a layer */
void eshi_canvas_set_hand (EshiCanvas *self,
                           gboolean    hand);

G_END_DECLS
