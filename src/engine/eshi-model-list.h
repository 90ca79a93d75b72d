/* eshi-model-list.h: which models there are.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib-object.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * EshiModelInfo:
 * @path: folder of the model; what EshiSettings.model takes
 * @name: for people: "豆", or the folder's name
 * @embedded: whether it came with the program
 * @width: default picture size in pixels
 * @height: likewise
 * @steps: recommended steps
 * @guidance: recommended guidance scale
 * @sampler: id of the recommended sampler
 */
typedef struct
{
  char    *path;
  char    *name;
  gboolean embedded;
  int      width;
  int      height;
  int      steps;
  double   guidance;
  char    *sampler;
} EshiModelInfo;

ESHI_AVAILABLE
void eshi_model_info_free (EshiModelInfo *self);

/**
 * eshi_model_info_load:
 * @path: (nullable): a model folder; %NULL for the embedded one ($ESHI_MODEL_DIR/mame, else the installed one)
 *
 * Reads the small JSON files only. Errors: MODEL_MISSING, MODEL_INVALID, as sentences.
 */
ESHI_AVAILABLE
EshiModelInfo *eshi_model_info_load (const char  *path,
                                     GError     **error);

/**
 * eshi_model_list:
 *
 * The embedded model first, then those of eshi_model_folders_list(), folder by folder and by name: a folder that is a
 * model itself, or else the model folders and the single files in it, but for "loras" and hidden
 * names. Those that cannot be read are left
 * out with a message in the log. Reads the lists of tensors of single files. Thread: any.
 *
 * Returns: (transfer full) (element-type EshiModelInfo)
 */
ESHI_AVAILABLE
GPtrArray *eshi_model_list (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiModelInfo, eshi_model_info_free)

G_END_DECLS
