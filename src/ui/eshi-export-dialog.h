/* eshi-export-dialog.h: asks where copies of pictures shall go, and writes them there.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-export.h"

G_BEGIN_DECLS

/**
 * eshi_export_dialog_show:
 * @self: (transfer full)
 * @parent: the window that it stands before, also the source object of the result
 * @callback: called when the copies are written, or when they are not wanted
 *
 * Asks again, with a name that fits, where the name that was chosen is another format's and the place lets no other name
 * be written. Thread: main; the copies are written in another one.
 */
void     eshi_export_dialog_show   (EshiExport          *self,
                                    GtkWindow           *parent,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);

/* Errors: %G_IO_ERROR_CANCELLED where nothing was chosen, else as eshi_export_run() */
gboolean eshi_export_dialog_finish (GAsyncResult        *result,
                                    GError             **error);

G_END_DECLS
