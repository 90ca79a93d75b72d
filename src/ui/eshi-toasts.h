/* eshi-toasts.h: short messages at the foot of a view, changed one at a time.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Both are for the UI thread, and take the place of adw_toast_overlay_add_toast() and adw_toast_dismiss(): libadwaita
 * 1.2 frees a toast that is dismissed or pushed aside while it still fades in, and goes on fading it in. So a change
 * waits until the one before has been drawn to its end; changes keep their order. */

/* @toast: (transfer full) */
void eshi_toasts_add     (AdwToastOverlay *overlay,
                          AdwToast        *toast);
/* @toast: that was added to @overlay. One whose turn has not come is dismissed without having been shown. */
void eshi_toasts_dismiss (AdwToastOverlay *overlay,
                          AdwToast        *toast);

G_END_DECLS
