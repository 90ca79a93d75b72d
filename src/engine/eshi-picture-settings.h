/* eshi-picture-settings.h: what the texts of a picture file say about how it was made, whoever made it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib-object.h>

#include "eshi-macros.h"
#include "eshi-request.h"

G_BEGIN_DECLS

/**
 * EshiPictureSettings:
 * @program: (nullable): who wrote the settings: "Eshi", "Stable Diffusion web UI", "ComfyUI", "InvokeAI", "NovelAI",
 *   "Fooocus"; %NULL when nothing was understood
 * @settings: (nullable): what is known, 0 or %NULL where nothing is; %NULL when nothing was understood
 * @has_seed: whether @settings has the seed of the picture
 * @sampler: (nullable): the sampler as that program calls it; @settings has our id, if there is one
 * @schedule: (nullable): the noise schedule as that program calls it
 * @model_name: (nullable): name of the model; not a path of this computer
 * @model_hash: (nullable): hash of the model's file, in whatever form that program uses
 * @strength: how much of another picture was painted over, 0 to 1; negative when unknown
 * @clip_skip: layers of the text encoder that were left out, plus one: 1 for none; 0 when unknown
 * @texts: (element-type utf8 utf8): all texts of the file by keyword
 *
 * A plain value. Nothing is checked against its range; see eshi_settings_validate().
 */
typedef struct
{
  char         *program;
  EshiSettings *settings;
  gboolean      has_seed;
  char         *sampler;
  char         *schedule;
  char         *model_name;
  char         *model_hash;
  double        strength;
  int           clip_skip;
  GHashTable   *texts;
} EshiPictureSettings;

#define ESHI_TYPE_PICTURE_SETTINGS (eshi_picture_settings_get_type ())
ESHI_AVAILABLE
GType eshi_picture_settings_get_type (void);

/**
 * eshi_picture_settings_new_from_texts:
 * @texts: (element-type utf8 utf8): UTF-8 by keyword, as a file has them; kept, so it must not change afterwards
 *
 * Takes any text as it comes: what makes no sense is passed over. Reads our own texts, "parameters", ComfyUI's graph,
 * InvokeAI's three forms, NovelAI's and Fooocus' JSON, and the EXIF comment under "UserComment". Thread: any.
 *
 * Returns: (transfer full): what they say; "settings" is %NULL when that is nothing
 */
ESHI_AVAILABLE
EshiPictureSettings *eshi_picture_settings_new_from_texts (GHashTable *texts);

ESHI_AVAILABLE
EshiPictureSettings *eshi_picture_settings_copy (const EshiPictureSettings *self);

ESHI_AVAILABLE
void eshi_picture_settings_free (EshiPictureSettings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiPictureSettings, eshi_picture_settings_free)

G_END_DECLS
