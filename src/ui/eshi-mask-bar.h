/* eshi-mask-bar.h: the tools for painting a mask, in a row below the canvas.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-mask.h"

G_BEGIN_DECLS

#define ESHI_TYPE_MASK_BAR (eshi_mask_bar_get_type ())

/**
 * EshiMaskBar:
 *
 * Visible while it has a mask.
 *
 * Actions: `mask.brush`, `mask.eraser`, `mask.smaller`, `mask.larger`, `mask.undo`, `mask.redo`, `mask.invert`,
 *   `mask.clear`, `mask.done`.
 * Properties, all of which can be written and notify: `brush-size` (double): in pixels of the picture; `erase`
 *   (boolean).
 * Signals: `done`: the mask is finished.
 */
G_DECLARE_FINAL_TYPE (EshiMaskBar, eshi_mask_bar, ESHI, MASK_BAR, AdwBin)

GtkWidget *eshi_mask_bar_new (void);

/* @mask: (nullable): what the tools work on */
void eshi_mask_bar_set_mask (EshiMaskBar *self,
                             EshiMask    *mask);

/* Returns: (transfer none) (nullable) */
EshiMask *eshi_mask_bar_get_mask (EshiMaskBar *self);

/* Lets the keys of the tools work wherever the focus is within @widget, while there is a mask. */
void eshi_mask_bar_add_keys (EshiMaskBar *self,
                             GtkWidget   *widget);

G_END_DECLS
