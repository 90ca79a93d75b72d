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

G_END_DECLS
