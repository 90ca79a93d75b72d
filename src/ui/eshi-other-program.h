/* eshi-other-program.h: the models that another program for Stable Diffusion keeps.
 *
 * Knows the folders of AUTOMATIC1111's web UI, Forge, ComfyUI and InvokeAI.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eshi_other_program_add:
 * @folder: the other program's folder, or any folder with models
 * @n_extras: (out): LoRAs, embeddings and VAEs that can be used from now on
 *
 * Looks for models in the program's folders from now on, or in @folder itself where it has none of them. LoRAs,
 * embeddings and VAEs are linked to from our own folders; a name that is taken stays as it is. Nothing is copied.
 *
 * Errors: as eshi_model_folders_add(). Thread: any but main.
 */
gboolean eshi_other_program_add (const char  *folder,
                                 guint       *n_extras,
                                 GError     **error);

G_END_DECLS
