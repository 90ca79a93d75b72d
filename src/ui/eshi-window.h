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

/* Reads the settings of a picture file and shows them; says so when there are none. */
void eshi_window_load_settings_of_file (EshiWindow *self,
                                        GFile      *file);

G_END_DECLS
