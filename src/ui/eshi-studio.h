/* eshi-studio.h: the picture with the strip of this session's pictures, which stands beside it or below it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ESHI_TYPE_STUDIO (eshi_studio_get_type ())

/**
 * EshiStudio:
 *
 * Has two children, from its template: what is large, and then the strip. It is never wider at least than the wider of
 * them: a window whose strip stands at the side can be made narrow at once, before the strip has moved below.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiStudio, eshi_studio, ESHI, STUDIO, GtkWidget)

/* @wide: whether the strip stands beside what is large, where both have room; it does in the beginning */
void eshi_studio_set_wide (EshiStudio *self,
                           gboolean    wide);

G_END_DECLS
