/* eshi-model-manager.h: the window with the list of models.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define ESHI_TYPE_MODEL_MANAGER (eshi_model_manager_get_type ())

/**
 * EshiModelManager:
 *
 * Shows the models, adds and verifies them, and moves them to the trash, ten seconds after it was asked for or when the
 * window closes, so that it can be undone. Copies nothing. Thread: main.
 *
 * Signals:
 *   `models-changed`: there are other models now than before, or the same ones in other places
 *   `chosen` (path: string): this one shall paint
 *   `get-wanted`: the offer of a model shall open
 */
G_DECLARE_FINAL_TYPE (EshiModelManager, eshi_model_manager, ESHI, MODEL_MANAGER, AdwWindow)

/* @parent: (nullable): the window it stands above; @used: (nullable): path of the model that paints now */
GtkWidget *eshi_model_manager_new  (GtkWindow        *parent,
                                    const char       *used);

/* Looks for models in the folder or file @path from now on; says why if that cannot be. */
void       eshi_model_manager_add  (EshiModelManager *self,
                                    const char       *path);

/* Looks for models again: something outside has changed. */
void       eshi_model_manager_find (EshiModelManager *self);

G_END_DECLS
