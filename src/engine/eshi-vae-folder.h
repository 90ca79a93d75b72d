/* eshi-vae-folder.h: VAEs by name: the folder where they lie beside the models.
 *
 * Knows names and paths, and opens none.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * eshi_vae_folder_find:
 * @name: a path, which has a separator in it, or the name of a folder or file in $XDG_DATA_HOME/eshi/vae; a file's name
 *   may lack its ending (.safetensors, .ckpt, .pt). A name never leads out of the folder
 *
 * Thread: any.
 *
 * Error: %ESHI_ERROR_MODEL_MISSING where there is none of that name, with the folder.
 *
 * Returns: (transfer full): its path; not looked into
 */
ESHI_AVAILABLE
char *eshi_vae_folder_find (const char  *name,
                            GError     **error);

/* Names of the files and folders in the folder of VAEs, without files' endings, in order, each once; what
 * EshiSettings.vae takes. Not looked into. Thread: any; reads a folder. Returns: (transfer full) (array zero-terminated=1) */
ESHI_AVAILABLE
char **eshi_vae_folder_list (void);

G_END_DECLS
