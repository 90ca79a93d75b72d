/* eshi-about.h: what the program is, whose work is in it, and what to copy into a report.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/**
 * eshi_about_new:
 * @parent: (nullable): the window that it belongs to
 *
 * Probes the devices, so it may take some tenths of a second the first time. Thread: main.
 *
 * Returns: (transfer none): a modal window, owned by the toolkit until it is closed
 */
GtkWidget *eshi_about_new           (GtkWindow *parent);

/* Returns: (transfer full): lines about the program, its libraries and the devices, in English: they go into reports */
char      *eshi_about_dup_debug_info (void);

G_END_DECLS
