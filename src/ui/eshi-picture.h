/* eshi-picture.h: a finished picture of this session, with how it was made and where it lies.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>
#include <libeshi-engine.h>

G_BEGIN_DECLS

#define ESHI_TYPE_PICTURE (eshi_picture_get_type ())

/**
 * EshiPicture:
 *
 * Properties: `path` (string, nullable; notifies when the picture was saved), `title` (string).
 */
G_DECLARE_FINAL_TYPE (EshiPicture, eshi_picture, ESHI, PICTURE, GObject)

EshiPicture *eshi_picture_new (EshiImage          *image,
                               const EshiSettings *settings,
                               const char         *model_name);

/* Returns: (transfer none) */
EshiImage *eshi_picture_get_image (EshiPicture *self);

/* Returns: (transfer none): the same object at every call */
GdkTexture *eshi_picture_get_texture (EshiPicture *self);

/* Returns: (transfer none) */
const EshiSettings *eshi_picture_get_settings (EshiPicture *self);

/* Returns: (transfer none) (nullable) */
const char *eshi_picture_get_model_name (EshiPicture *self);

/* Returns: (transfer none) (nullable): %NULL until it was saved */
const char *eshi_picture_get_path (EshiPicture *self);

void eshi_picture_set_path (EshiPicture *self,
                            const char  *path);

/* Returns: its id in the history; 0 while it is in none */
gint64 eshi_picture_get_id (EshiPicture *self);

void eshi_picture_set_id (EshiPicture *self,
                          gint64       id);

/* Returns: whether it is the last look at a picture that was cancelled */
gboolean eshi_picture_get_interrupted (EshiPicture *self);

void eshi_picture_set_interrupted (EshiPicture *self,
                                   gboolean     interrupted);

/* Returns: (transfer none): the prompt, or words for a picture without one */
const char *eshi_picture_get_title (EshiPicture *self);

/* Returns: (transfer full): size, sampler, steps, guidance scale and seed in one line; that it was withheld
 * or interrupted, if it was */
char *eshi_picture_dup_summary (EshiPicture *self);

/* Makes settings of a finished picture those of another one much like it: another variation seed, and a little of its
 * noise, or as much as there is already. */
void eshi_picture_vary_settings (EshiSettings *settings);

/* Whether @one and @other, each of which may be %NULL, are the same pixel by pixel. */
gboolean eshi_picture_same_image (EshiImage *one,
                                  EshiImage *other);

/**
 * eshi_picture_make_texture:
 * @image: [h, w, 3] u8
 *
 * Returns: (transfer full): a texture that shares @image's pixels
 */
GdkTexture *eshi_picture_make_texture (const EshiImage *image);

G_END_DECLS
