/* eshi-viewer.h: one picture of a list, large; to leaf through, and to sort out.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-history-item.h"

G_BEGIN_DECLS

#define ESHI_TYPE_VIEWER (eshi_viewer_get_type ())

/**
 * EshiViewer:
 *
 * Left and right leaf. While it culls, left asks to reject the picture, right keeps it and goes on, up asks to mark it
 * and goes on, and backspace asks for the step before; otherwise up asks to mark it. Escape asks to close.
 *
 * Properties: `position` (uint, notifies), `culling` (boolean, notifies).
 * Signals:
 *   `reject`, `mark`, `undo`, `close`: asked for; the viewer itself changes nothing
 *   `menu-requested (double x, double y)`: for the picture, at a place in this widget
 */
G_DECLARE_FINAL_TYPE (EshiViewer, eshi_viewer, ESHI, VIEWER, AdwBin)

GtkWidget *eshi_viewer_new (void);

/* @items: (nullable) (element-type EshiHistoryItem): a reference is kept; the picture that is shown stays when others
 *   come and go, and its successor is shown when it goes */
void eshi_viewer_set_items (EshiViewer *self,
                            GListModel *items);

/* Returns: GTK_INVALID_LIST_POSITION when nothing is shown */
guint eshi_viewer_get_position (EshiViewer *self);

/* @position: of an item; GTK_INVALID_LIST_POSITION for none */
void eshi_viewer_set_position (EshiViewer *self,
                               guint       position);

/* Returns: (transfer none) (nullable) */
EshiHistoryItem *eshi_viewer_get_item (EshiViewer *self);

gboolean eshi_viewer_get_culling (EshiViewer *self);

void eshi_viewer_set_culling (EshiViewer *self,
                              gboolean    culling);

G_END_DECLS
