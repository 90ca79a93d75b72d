/* eshi-menu-focus.h: a menu that was opened by a key gives the keyboard back.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* When @popover closes, the widget that has the keyboard now gets it back, if it can still take it. Call it before the
 * popover is shown, with a parent that is in a window. An action of the menu runs afterwards and may move the keyboard
 * on. Main thread. */
void eshi_menu_focus_keep (GtkPopover *popover);

G_END_DECLS
