/* eshi-gallery.h: all pictures that were ever painted, to look through, search, mark and use again.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>
#include <eshi-history.h>

G_BEGIN_DECLS

#define ESHI_TYPE_GALLERY (eshi_gallery_get_type ())

/**
 * EshiGallery:
 *
 * Its actions are in the group `gallery` and act on the selected pictures, or on the one that is shown large. It uses
 * `win.view`, `win.open-folder`, `win.show-panel` and `win.input-from-file` of the window it stands in.
 *
 * Signals:
 *   `generate (EshiSettings *settings, gint64 parent)`: paint this picture of the history again
 *   `resume (EshiSettings *settings, gint64 id)`: go on with this picture of the history, which was cancelled
 *   `vary (EshiSettings *settings, gint64 parent)`: paint these settings, which are those of that picture but for a little
 *   `show-steps (EshiSettings *settings, EshiHistoryPicture *picture)`: show how this picture came about; its file is
 *     there, and @settings have the pixels of image and mask
 *   `load-settings (EshiSettings *settings, char *parts)`: show these settings; @parts is "all", "prompt" or "seed"
 *   `failed (char *heading, GError *error)`: something that was asked for did not happen
 */
G_DECLARE_FINAL_TYPE (EshiGallery, eshi_gallery, ESHI, GALLERY, AdwBin)

GtkWidget *eshi_gallery_new (void);

/* @history: what it shows; a reference is kept. To be called once */
void eshi_gallery_set_history (EshiGallery *self,
                               EshiHistory *history);

/* Puts the keyboard into the search entry. */
void eshi_gallery_focus_search (EshiGallery *self);

/* Searches for @text alone: filters that were set are taken off. */
void eshi_gallery_search (EshiGallery *self,
                          const char  *text);

/* Shows picture @id large; where filters hide it, they are taken off. Says so when there is no such picture. */
void eshi_gallery_open_picture (EshiGallery *self,
                                gint64       id);

/* Puts the keyboard onto the pictures. */
void eshi_gallery_focus_pictures (EshiGallery *self);

/* Looks again whether the files of the pictures in view are there. Does nothing while the gallery is not in view. */
void eshi_gallery_check_files (EshiGallery *self);

G_END_DECLS
