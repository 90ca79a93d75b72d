/* eshi-filmstrip.h: small pictures in a row, newest first; one of them is chosen.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-picture.h"

G_BEGIN_DECLS

#define ESHI_TYPE_FILMSTRIP (eshi_filmstrip_get_type ())

/**
 * EshiFilmstrip:
 *
 * Properties: `selected` (EshiPicture, nullable, notifies), `orientation`.
 * Signals: `menu-requested (double x, double y)`: for the selected picture, at a place in this widget.
 */
G_DECLARE_FINAL_TYPE (EshiFilmstrip, eshi_filmstrip, ESHI, FILMSTRIP, AdwBin)

GtkWidget *eshi_filmstrip_new (void);

/* @pictures: (nullable) (element-type EshiPicture): a reference is kept */
void eshi_filmstrip_set_pictures (EshiFilmstrip *self,
                                  GListModel    *pictures);

/* Returns: (transfer none) (nullable) */
EshiPicture *eshi_filmstrip_get_selected (EshiFilmstrip *self);

/* @picture: (nullable): one of the list; %NULL chooses none */
void eshi_filmstrip_set_selected (EshiFilmstrip *self,
                                  EshiPicture   *picture);

void eshi_filmstrip_set_orientation (EshiFilmstrip  *self,
                                     GtkOrientation  orientation);

G_END_DECLS
