/* eshi-options.h: what the settings window keeps, and what it means for pictures and for the engine.
 *
 * One set for the whole program. What belongs to one picture is in EshiSettings and in the draft instead. The command
 * line does not look here: what it does stands in its arguments.
 *
 * Thread: main.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

/* The keys. */
#define ESHI_OPTION_COLOR_SCHEME "color-scheme"
#define ESHI_OPTION_PREVIEWS "previews"
#define ESHI_OPTION_PREVIEW_KIND "preview-kind"
#define ESHI_OPTION_PREVIEW_EVERY "preview-every"
#define ESHI_OPTION_NOTIFY_PICTURES "notify-pictures"
#define ESHI_OPTION_NOTIFY_MODELS "notify-models"
#define ESHI_OPTION_STYLE_PICTURES "style-pictures"
#define ESHI_OPTION_DEVICE "device"
#define ESHI_OPTION_PRECISION "precision"
#define ESHI_OPTION_THREADS "threads"
#define ESHI_OPTION_FOLDER "pictures-folder"
#define ESHI_OPTION_FILE_NAME "file-name"
#define ESHI_OPTION_KEEP_SETTINGS "keep-settings"
#define ESHI_OPTION_SAFETY "safety"
#define ESHI_OPTION_WATERMARK "watermark"
/* Not in the settings window: kept from run to run alone. */
#define ESHI_OPTION_EXPERT_OPEN "expert-open"
#define ESHI_OPTION_FIRST_RUN "first-run"

/**
 * eshi_options_get:
 *
 * The schema is the one that the program was built with, wherever it is installed, or if it is not installed at all.
 *
 * Returns: (transfer none): the same object at every call
 */
GSettings  *eshi_options_get           (void);

/* Returns: (transfer full): an engine on the device, with the precision and the threads that were chosen */
EshiEngine *eshi_options_new_engine    (void);

/* Whether a change of @key asks for another engine. */
gboolean    eshi_options_is_for_engine (const char   *key);

/* Replaces what @settings leaves to the model (safety checker, watermark) by what was chosen for all pictures. */
void        eshi_options_fill_settings (EshiSettings *settings);

/* Says in @settings whether, how and how often the picture is shown while it is painted. */
void        eshi_options_fill_previews (EshiSettings *settings);

/* Returns: (transfer full) (nullable): absolute path of the folder for new pictures; %NULL for the usual one */
char       *eshi_options_dup_folder    (void);

G_END_DECLS
