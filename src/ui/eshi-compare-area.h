/* eshi-compare-area.h: several pictures in one place, under one zoom.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

#include "eshi-history-item.h"

G_BEGIN_DECLS

/* Pictures that can be compared at once. */
#define ESHI_COMPARE_MAX 6

/**
 * EshiCompareMode:
 * @ESHI_COMPARE_SIDE: side by side
 * @ESHI_COMPARE_SLIDER: the first left of a line, the second right of it
 * @ESHI_COMPARE_BLINK: the first two in turn
 */
typedef enum
{
  ESHI_COMPARE_SIDE,
  ESHI_COMPARE_SLIDER,
  ESHI_COMPARE_BLINK,
} EshiCompareMode;

#define ESHI_TYPE_COMPARE_AREA (eshi_compare_area_get_type ())

/**
 * EshiCompareArea:
 *
 * Zooming or moving one picture zooms and moves all; pictures of different sizes show the same part.
 *
 * Properties: `fraction` (double, notifies): where the line of the slider is, 0 to 1.
 */
G_DECLARE_FINAL_TYPE (EshiCompareArea, eshi_compare_area, ESHI, COMPARE_AREA, GtkWidget)

GtkWidget *eshi_compare_area_new (void);

/* @items: (element-type EshiHistoryItem): at most %ESHI_COMPARE_MAX, read already; what is more is left out */
void eshi_compare_area_set_items (EshiCompareArea *self,
                                  GPtrArray       *items);

void eshi_compare_area_set_mode (EshiCompareArea *self,
                                 EshiCompareMode  mode);

double eshi_compare_area_get_fraction (EshiCompareArea *self);

void eshi_compare_area_set_fraction (EshiCompareArea *self,
                                     double           fraction);

G_END_DECLS
