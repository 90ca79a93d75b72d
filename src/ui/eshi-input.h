/* eshi-input.h: what the next picture starts from: an input picture, a mask over it, and how much is changed.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>
#include <libeshi-engine.h>

#include "eshi-mask.h"

G_BEGIN_DECLS

#define ESHI_TYPE_INPUT (eshi_input_get_type ())

/**
 * EshiInput:
 *
 * Holds no widgets. While there is a picture there is a mask of its size, which may be empty.
 *
 * Properties, all of which notify: `image` (EshiImage, nullable, read only), `strength` (double, 0 to 1), `paste`
 *   (boolean): whether what the mask leaves alone is put back pixel by pixel.
 * Signals: `changed`: anything of it has changed, also what is painted on the mask.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiInput, eshi_input, ESHI, INPUT, GObject)

EshiInput *eshi_input_new (void);

/* Returns: (transfer none) (nullable) */
EshiImage *eshi_input_get_image (EshiInput *self);

/* Returns: (transfer none) (nullable): the image, to be drawn */
GdkTexture *eshi_input_get_texture (EshiInput *self);

/* Returns: (transfer none) (nullable): what the picture is called, for people */
const char *eshi_input_get_name (EshiInput *self);

/* Returns: (transfer none) (nullable): %NULL without a picture */
EshiMask *eshi_input_get_mask (EshiInput *self);

/* Returns: a number that is another one whenever the picture, what is painted on the mask, or the parent is another one */
guint eshi_input_get_serial (EshiInput *self);

/**
 * eshi_input_set_image:
 * @image: (nullable): %NULL for none
 * @name: (nullable): what it is called
 * @mask: (nullable): of the image's size, held from now on; %NULL for an empty one
 */
void eshi_input_set_image (EshiInput  *self,
                           EshiImage  *image,
                           const char *name,
                           EshiMask   *mask);

/* Returns: id of the picture in the history; 0 where it is none of it, or it is not known yet */
gint64 eshi_input_get_parent (EshiInput *self);

/* @parent: what the picture is in the history; 0 for nothing. Another picture is none of it until that is said again. */
void eshi_input_set_parent (EshiInput *self,
                            gint64     parent);

double eshi_input_get_strength (EshiInput *self);

void eshi_input_set_strength (EshiInput *self,
                              double     strength);

gboolean eshi_input_get_paste (EshiInput *self);

void eshi_input_set_paste (EshiInput *self,
                           gboolean   paste);

/* Puts all of it into @settings, in the place of what is there. */
void eshi_input_fill_settings (EshiInput    *self,
                               EshiSettings *settings);

/* Takes the picture, the mask, the strength and the paste of @settings; without a picture there, there is none. */
void eshi_input_load_settings (EshiInput          *self,
                               const EshiSettings *settings);

G_END_DECLS
