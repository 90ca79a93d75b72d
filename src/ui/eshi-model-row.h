/* eshi-model-row.h: one model in the list of models.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-model-facts.h"

G_BEGIN_DECLS

#define ESHI_TYPE_MODEL_ROW (eshi_model_row_get_type ())

/**
 * EshiModelRow:
 *
 * Its buttons activate manager.use, manager.verify, manager.reveal and manager.remove with the model's path as a
 * bytestring. Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiModelRow, eshi_model_row, ESHI, MODEL_ROW, AdwActionRow)

/* @facts is copied as far as it is shown; @used: whether it is the model that paints now */
GtkWidget  *eshi_model_row_new      (const EshiModelFacts *facts,
                                     gboolean              used);

/* The file system's name of the model; (transfer none). */
const char *eshi_model_row_get_path (EshiModelRow         *self);

/* Whether it is being read: a spinner, and its menu waits. */
void        eshi_model_row_set_busy (EshiModelRow         *self,
                                     gboolean              busy);

/* Replaces the facts by @text, which may have several lines. */
void        eshi_model_row_set_text (EshiModelRow         *self,
                                     const char           *text);

G_END_DECLS
