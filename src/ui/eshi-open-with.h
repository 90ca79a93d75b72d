/* eshi-open-with.h: a picture file for another program.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Asks which program shall open @file, and starts it; in a sandbox the desktop asks. An error is shown over @parent. */
void eshi_open_with (GtkWindow *parent,
                     GFile     *file);

G_END_DECLS
