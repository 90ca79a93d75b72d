/* eshi-sheet-layout.h: children of one shape in rows and columns, as large as the space allows.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ESHI_TYPE_SHEET_LAYOUT (eshi_sheet_layout_get_type ())

G_DECLARE_FINAL_TYPE (EshiSheetLayout, eshi_sheet_layout, ESHI, SHEET_LAYOUT, GtkLayoutManager)

GtkLayoutManager *eshi_sheet_layout_new         (void);

/* What each child shows is @width × @height, in any unit. Besides, a child is as high as it asks for at least, and
 * @padding pixels wide. */
void              eshi_sheet_layout_set_shape   (EshiSheetLayout *self,
                                                 double           width,
                                                 double           height,
                                                 int              padding);

/**
 * eshi_sheet_layout_choose_columns:
 * @n: children, 1 or more
 * @width: of all the space, in pixels
 * @height: likewise
 * @aspect: width of what a child shows, divided by its height
 * @padding: pixels of a child's width beside what it shows
 * @rest: likewise of its height
 *
 * Returns: the number of columns with which the children are largest; the smallest such number
 */
guint             eshi_sheet_layout_choose_columns (guint   n,
                                                    int     width,
                                                    int     height,
                                                    double  aspect,
                                                    int     padding,
                                                    int     rest);

G_END_DECLS
