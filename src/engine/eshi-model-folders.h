/* eshi-model-folders.h: where models are looked for.
 *
 * In $XDG_DATA_HOME/eshi/models, in the folders of $ESHI_MODELS_PATH (with colons between them), and in those that were
 * added: one on each line of $XDG_CONFIG_HOME/eshi/model-folders. Copies and moves no model.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/* Absolute paths, in the order above, each once; not all of them need exist. Thread: any.
 * Returns: (transfer full) (element-type filename) */
ESHI_AVAILABLE
GPtrArray *eshi_model_folders_list (void);

/* Those of them that were added and can be removed. Thread: any.
 * Returns: (transfer full) (element-type filename) */
ESHI_AVAILABLE
GPtrArray *eshi_model_folders_list_added (void);

/**
 * eshi_model_folders_add:
 * @path: a folder that holds models, or is one, or a model's single file; it may be relative
 *
 * Looks for models there from now on. What was added before stays where it is. Thread: any.
 *
 * Errors: %ESHI_ERROR_INVALID_ARGUMENT when it is neither; %G_FILE_ERROR codes when the list cannot be written.
 */
ESHI_AVAILABLE
gboolean eshi_model_folders_add (const char  *path,
                                 GError     **error);

/* Looks there no longer. Errors: %ESHI_ERROR_INVALID_ARGUMENT when it was not added; %G_FILE_ERROR. Thread: any. */
ESHI_AVAILABLE
gboolean eshi_model_folders_remove (const char  *path,
                                    GError     **error);

G_END_DECLS
