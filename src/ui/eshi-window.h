/* eshi-window.h: the window.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-draft.h"
#include "eshi-session.h"

G_BEGIN_DECLS

#define ESHI_TYPE_WINDOW (eshi_window_get_type ())

G_DECLARE_FINAL_TYPE (EshiWindow, eshi_window, ESHI, WINDOW, AdwApplicationWindow)

/**
 * eshi_window_new:
 * @session: what it shows; a reference is kept
 * @draft: where it keeps what was typed; a reference is kept
 */
EshiWindow *eshi_window_new (GtkApplication *application,
                             EshiSession    *session,
                             EshiDraft      *draft);

/* Reads the settings of a picture file and shows them and the picture; one without settings becomes the input picture. */
void eshi_window_load_settings_of_file (EshiWindow *self,
                                        GFile      *file);

/* Paints what another program asks for, with the settings shown where it is silent; says so when it cannot. What is
 * typed stays. @request: (transfer none): see eshi-paint-request.h; a floating reference is taken */
void eshi_window_paint (EshiWindow *self,
                        GVariant   *request);

/* Puts the keyboard into the prompt with the text selected, so that typing replaces it, and undo brings it back. */
void eshi_window_begin_picture (EshiWindow *self);

/* Starts from the picture on the clipboard, as soon as the window has the keyboard. */
void eshi_window_paste_picture (EshiWindow *self);

void eshi_window_show_gallery (EshiWindow *self);

/* Searches the gallery for @text alone: filters that were set are taken off. */
void eshi_window_search (EshiWindow *self,
                         const char *text);

/* Shows picture @id of the history large. */
void eshi_window_show_picture (EshiWindow *self,
                               gint64      id);

/* Takes the pictures of @folder, an absolute path, and the folders in it into the history; nothing while that goes on. */
void eshi_window_import_folder (EshiWindow *self,
                                const char *folder);

G_END_DECLS
