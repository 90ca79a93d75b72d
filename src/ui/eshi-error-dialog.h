/* eshi-error-dialog.h: what went wrong, in a sentence; details one click away.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/**
 * eshi_error_dialog_new:
 * @error: its message is a whole sentence for people
 * @about: (nullable): what it happened to, for the details
 *
 * Returns: (transfer none): a modal dialog, owned by the toolkit until it is closed
 */
GtkWidget *eshi_error_dialog_new (GtkWindow    *parent,
                                  const char   *heading,
                                  const GError *error,
                                  const char   *about);

/**
 * eshi_error_dialog_dup_details:
 *
 * Returns: (transfer full): the lines to copy into a report
 */
char *eshi_error_dialog_dup_details (const GError *error,
                                     const char   *about);

G_END_DECLS
