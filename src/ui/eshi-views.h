/* eshi-views.h: the frame of the window: its header, and the views that it switches between.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define ESHI_TYPE_VIEWS (eshi_views_get_type ())

/**
 * EshiViews:
 *
 * The switcher stands in the header where there is room, else below. The header's buttons are those of the view that
 * is shown; they use the actions `win.show-panel`, `win.show-picture` and `win.toggle-panel`.
 *
 * Properties: `visible-name` (string, notifies): name of the view that is shown.
 */
G_DECLARE_FINAL_TYPE (EshiViews, eshi_views, ESHI, VIEWS, AdwBin)

GtkWidget *eshi_views_new (void);

/* Adds a view behind the others; the first one is shown. @title is translated. */
void eshi_views_add (EshiViews  *self,
                     GtkWidget  *view,
                     const char *name,
                     const char *title,
                     const char *icon_name);

/* @number: shown at the switch of view @name; 0 for none. @attention: whether something there wants to be seen */
void eshi_views_set_badge (EshiViews  *self,
                           const char *name,
                           guint       number,
                           gboolean    attention);

const char *eshi_views_get_visible_name (EshiViews *self);

void eshi_views_set_visible_name (EshiViews  *self,
                                  const char *name);

/* @leaflet: the view with the prompt and the picture, folded where it is narrow; the header follows it */
void eshi_views_follow_leaflet (EshiViews  *self,
                                AdwLeaflet *leaflet,
                                GtkWidget  *panel_page);

/* Puts @bar between the header and the views, below those that are there. */
void eshi_views_add_top_bar (EshiViews *self,
                             GtkWidget *bar);

void eshi_views_set_menu (EshiViews  *self,
                          GMenuModel *menu);

/* Returns: (transfer none): the button that shows which model paints; hidden until somebody shows it */
GtkMenuButton *eshi_views_get_model_button (EshiViews *self);

G_END_DECLS
