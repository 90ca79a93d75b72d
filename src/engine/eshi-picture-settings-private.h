/* eshi-picture-settings-private.h: the readers of other programs' settings, for each other.
 *
 * Each reader fills in what its text says and returns whether the text was of its kind; after FALSE nothing was changed.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <json-glib/json-glib.h>

#include "eshi-picture-settings.h"

G_BEGIN_DECLS

/* (transfer full) (nullable): the values of the last line of @text by key, if it is a line of parameters. */
GHashTable *_eshi_parameters_parse_pairs       (const char          *text);

/* The number in @value, a whole JSON number or a string of digits, over the whole range; FALSE if there is none. */
gboolean    _eshi_settings_parse_seed          (JsonNode            *value,
                                                guint64             *seed);

/* Sets sampler and schedule to what the web UI's labels say: @label (nullable) may hold both; to NULL what we lack. */
void        _eshi_settings_set_sampler         (EshiSettings        *self,
                                                const char          *label,
                                                const char          *schedule_label);

/* Sets another program's names of the sampler and of the schedule (nullable), and our ids for them. */
void        _eshi_picture_settings_set_sampler (EshiPictureSettings *self,
                                                const char          *name,
                                                const char          *schedule);

/* ComfyUI's graph of nodes, as its API takes it. */
gboolean    _eshi_picture_settings_read_comfy  (EshiPictureSettings *self,
                                                const char          *json);

/* One JSON object with a member for each setting, as InvokeAI, NovelAI and Fooocus write it, each in its own words. */
gboolean    _eshi_picture_settings_read_json   (EshiPictureSettings *self,
                                                const char          *json);

/* InvokeAI's command line of 2022: "a cat" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms */
gboolean    _eshi_picture_settings_read_dream  (EshiPictureSettings *self,
                                                const char          *line);

G_END_DECLS
