/* eshi-style-thumbs.h: small pictures of the styles, drawn by the model itself when nobody needs it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-session.h"
#include "eshi-style-chips.h"

G_BEGIN_DECLS

#define ESHI_TYPE_STYLE_THUMBS (eshi_style_thumbs_get_type ())

/**
 * EshiStyleThumbs:
 *
 * Shows on the chips what lies in the cache for the model. What is missing is painted one by one, all with one seed, once
 * the artist has painted with that model (so that it is loaded) and has asked for nothing for a while. Whatever the
 * engine is asked for meanwhile goes first: the small picture is given up at once and begun again later.
 *
 * Thread: main; files are read and written on others.
 */
G_DECLARE_FINAL_TYPE (EshiStyleThumbs, eshi_style_thumbs, ESHI, STYLE_THUMBS, GObject)

EshiStyleThumbs *eshi_style_thumbs_new       (EshiSession         *session,
                                              EshiStyleChips      *chips);

/* @model: (nullable): the model that is chosen now */
void             eshi_style_thumbs_set_model (EshiStyleThumbs     *self,
                                              const EshiModelInfo *model);

/* (transfer full): file of the picture of @word in the cache; @hash: of the model, 64 digits */
char            *eshi_style_thumbs_dup_path  (const char          *hash,
                                              const char          *word);

G_END_DECLS
