/* eshi-help.h: the guide, opened in the desktop's browser.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/**
 * eshi_help_dup_uri:
 *
 * Finds the guide in the first of the user's languages that it is written in, or else in English. It is looked for in
 * $ESHI_HELP_DIR if that is set, and else where the program was installed. Cost: a look at a few file names.
 *
 * Thread: any.
 *
 * Returns: (transfer full): a file:// URI, or %NULL with @error set to %G_IO_ERROR_NOT_FOUND
 */
char *eshi_help_dup_uri (GError **error);

/**
 * eshi_help_show:
 * @parent: (nullable): the window over which an error is shown
 *
 * Opens the guide in the program that the desktop has for web pages; in a sandbox the portal does it. Returns at once.
 *
 * Thread: main.
 */
void  eshi_help_show    (GtkWindow *parent);

G_END_DECLS
