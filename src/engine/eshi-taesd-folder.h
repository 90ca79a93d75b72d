/* eshi-taesd-folder.h: where TAESD's decoder is looked for.
 *
 * Knows paths, and opens no file.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * _eshi_taesd_folder_find:
 * @model: path of the model, a folder or a file
 *
 * Beside the model, and in a model's folder, whatever begins with "taesd" and does not say that it is an encoder or for
 * other models ("taesdxl", "taesd3"); in $XDG_DATA_HOME/eshi/taesd, that folder itself where it is as diffusers writes it,
 * else what has any other name but these. Names that are alike but for the ending are tried as safetensors first. What is
 * in it is not looked into.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): a path for EshiPipelineParams.taesd; %NULL where there is none
 */
char *_eshi_taesd_folder_find (const char *model);

G_END_DECLS
