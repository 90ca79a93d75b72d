/* eshi-input-row.h: the input picture, how much of it changes, and its mask, in the prompt's panel.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-input.h"

G_BEGIN_DECLS

#define ESHI_TYPE_INPUT_ROW (eshi_input_row_get_type ())

/**
 * EshiInputRow:
 *
 * Uses the actions `win.choose-input`, `win.remove-input` and `win.paint-mask` of the window it stands in.
 *
 * Signals: `dropped (GObject *what)`: an EshiPicture, a GFile or a GdkTexture was dropped here.
 */
G_DECLARE_FINAL_TYPE (EshiInputRow, eshi_input_row, ESHI, INPUT_ROW, AdwBin)

GtkWidget *eshi_input_row_new (void);

/* Returns: (transfer none): what the row shows, the same object at every call */
EshiInput *eshi_input_row_get_input (EshiInputRow *self);

/* The size that will be painted, to say so if the picture must be stretched for it. 0: not known */
void eshi_input_row_set_size (EshiInputRow *self,
                              int           width,
                              int           height);

/* Unfolds or folds the row. */
void eshi_input_row_set_expanded (EshiInputRow *self,
                                  gboolean      expanded);

G_END_DECLS
