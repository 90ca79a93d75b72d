/* eshi-compare.h: pictures compared: side by side, by a slider, or in turn.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define ESHI_TYPE_COMPARE (eshi_compare_get_type ())

/**
 * EshiCompare:
 *
 * Keys: S, L and B choose the mode, Escape asks to close.
 *
 * Signals: `close`: asked for.
 */
G_DECLARE_FINAL_TYPE (EshiCompare, eshi_compare, ESHI, COMPARE, AdwBin)

GtkWidget *eshi_compare_new (void);

/* @items: (element-type EshiHistoryItem): two or more, as for eshi_compare_area_set_items() */
void eshi_compare_set_items (EshiCompare *self,
                             GPtrArray   *items);

G_END_DECLS
