/* eshi-history-import.h: pictures of other folders and programs, taken into the history.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-history.h"

G_BEGIN_DECLS

typedef struct
{
  guint n_added;
  guint n_known;  /* or without a word about how they were made */
  guint n_failed; /* files and folders that cannot be read */
} EshiImportCount;

/* How far it is, on the thread of the call. @complaint: (nullable): a sentence that names what cannot be read */
typedef void (*EshiImportFunc) (const EshiImportCount *count,
                                const char            *complaint,
                                gpointer               user_data);

/**
 * eshi_history_import_async:
 * @folder: absolute path
 * @func: (scope async): called whenever some more files were read
 *
 * Takes in the PNG, JPEG and WebP files of @folder and the folders in it with what they say about how they were made,
 * in pieces, between which the history answers other calls. The files stay where they are and are only read. Left out
 * are files that the history knows or that say nothing, hidden ones, and links to folders, so that the walk ends. What
 * cannot be read is told and passed over. Finish with eshi_history_import_finish().
 */
void eshi_history_import_async (EshiHistory         *self,
                                const char          *folder,
                                EshiImportFunc       func,
                                gpointer             func_data,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);

/* @count: (out): what was done, also where it was cancelled. Errors: %G_IO_ERROR_CANCELLED */
gboolean eshi_history_import_finish (EshiHistory      *self,
                                     GAsyncResult     *result,
                                     EshiImportCount  *count,
                                     GError          **error);

G_END_DECLS
