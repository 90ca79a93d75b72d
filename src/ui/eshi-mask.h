/* eshi-mask.h: where a picture is painted over: a plane of bytes that is painted, and that can take it back.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

#define ESHI_TYPE_MASK (eshi_mask_get_type ())

#define ESHI_MASK_FEATHER_MAX 40.0

/**
 * EshiMask:
 *
 * [height, width] u8, 255 where the picture is painted over wholly, 0 where not at all. What is painted is crisp; the
 * feather is laid over it afterwards and can be changed at any time. Needs no display.
 *
 * Properties, all of which notify: `can-undo`, `can-redo` (boolean, read only), `feather` (double, 0 to
 *   %ESHI_MASK_FEATHER_MAX): standard deviation in pixels of the Gaussian that makes the edge soft.
 * Signals:
 *   `changed (int x, int y, int width, int height)`: eshi_mask_get_shown() changed within this rectangle
 *   `edited`: a stroke has ended, or another change is complete
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiMask, eshi_mask, ESHI, MASK, GObject)

/* An empty mask. @width, @height: in pixels, 1 to 16384 */
EshiMask *eshi_mask_new (int width,
                         int height);

/* @image: its brightness becomes the mask; nothing of it can be undone */
EshiMask *eshi_mask_new_from_image (const EshiImage *image);

int eshi_mask_get_width (EshiMask *self);

int eshi_mask_get_height (EshiMask *self);

/**
 * eshi_mask_get_shown:
 *
 * What the eye shall see: with the feather, which follows a moment after each stroke.
 *
 * Returns: (transfer none): [height, width] u8; valid until the mask changes next
 */
const guint8 *eshi_mask_get_shown (EshiMask *self);

/* Returns: whether nothing is painted. Cost: one look at every pixel, under 1 ms at 2048 × 2048 */
gboolean eshi_mask_get_empty (EshiMask *self);

/* Returns: how much of the picture is painted over, 0 to 1. Cost: likewise */
double eshi_mask_get_coverage (EshiMask *self);

/* Begins a stroke, which takes away instead of adding if @erase. */
void eshi_mask_begin_stroke (EshiMask *self,
                             gboolean  erase);

/**
 * eshi_mask_stroke_to:
 * @x: in pixels from the left edge of the picture; may lie outside
 * @y: likewise from the top
 * @radius: of the brush in pixels, at least 0.5
 *
 * The first call after eshi_mask_begin_stroke() sets a dot, every other one draws a straight line whose width goes
 * evenly from the last radius to this one. Edges are antialiased. Cost: by the area of the line's bounding box.
 */
void eshi_mask_stroke_to (EshiMask *self,
                          double    x,
                          double    y,
                          double    radius);

/* Ends the stroke; one step for undo. */
void eshi_mask_end_stroke (EshiMask *self);

/* Takes the stroke back that has been begun. */
void eshi_mask_cancel_stroke (EshiMask *self);

/* Takes everything away; one step for undo. */
void eshi_mask_clear (EshiMask *self);

/* Paints over everything; one step for undo. */
void eshi_mask_fill (EshiMask *self);

/* Painted becomes unpainted and the other way round; one step for undo. */
void eshi_mask_invert (EshiMask *self);

/* The steps kept take 32 MiB at most; the oldest go first. Returns: whether there was something to undo */
gboolean eshi_mask_undo (EshiMask *self);

/* Returns: whether there was something to redo */
gboolean eshi_mask_redo (EshiMask *self);

double eshi_mask_get_feather (EshiMask *self);

void eshi_mask_set_feather (EshiMask *self,
                            double    feather);

/**
 * eshi_mask_to_image:
 *
 * Returns: (transfer full): the mask with its feather as greys
 */
EshiImage *eshi_mask_to_image (EshiMask *self);

G_END_DECLS
