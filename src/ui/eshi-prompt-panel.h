/* eshi-prompt-panel.h: the words and the settings of the next picture, and the button that paints it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>
#include <libeshi-engine.h>

#include "eshi-input-row.h"
#include "eshi-style-chips.h"

G_BEGIN_DECLS

#define ESHI_TYPE_PROMPT_PANEL (eshi_prompt_panel_get_type ())

/**
 * EshiPromptPanel:
 *
 * Uses the action `win.generate` of the window it stands in.
 *
 * Properties: `composing` (boolean, read only, notifies): an input method is composing in one of the text views.
 * Signals: `changed`: something that eshi_prompt_panel_dup_settings() tells has changed.
 */
G_DECLARE_FINAL_TYPE (EshiPromptPanel, eshi_prompt_panel, ESHI, PROMPT_PANEL, AdwBin)

/**
 * EshiSettingsParts:
 *
 * Which settings of a picture are taken over.
 */
typedef enum
{
  ESHI_SETTINGS_PROMPT = 1 << 0,
  ESHI_SETTINGS_SEED = 1 << 1,
  ESHI_SETTINGS_REST = 1 << 2,
  ESHI_SETTINGS_ALL = ESHI_SETTINGS_PROMPT | ESHI_SETTINGS_SEED | ESHI_SETTINGS_REST,
} EshiSettingsParts;

GtkWidget *eshi_prompt_panel_new (void);

/* Makes what is folded away and need not be there in the first frame; what was loaded for it comes in then. Returns: FALSE
 * if it was there already */
gboolean eshi_prompt_panel_fill (EshiPromptPanel *self);

gboolean eshi_prompt_panel_get_composing (EshiPromptPanel *self);

gboolean eshi_prompt_panel_get_seed_locked (EshiPromptPanel *self);

void eshi_prompt_panel_set_seed_locked (EshiPromptPanel *self,
                                        gboolean         locked);

/* Returns: (transfer full): the settings as they are shown, all but the input picture and its mask */
EshiSettings *eshi_prompt_panel_dup_settings (EshiPromptPanel *self);

/* Returns: (transfer full): the settings for a request, with the input picture; draws a new seed unless that is locked */
EshiSettings *eshi_prompt_panel_take_settings (EshiPromptPanel *self);

/* Shows @settings; a seed that is taken over is locked. The rest includes the input picture, or that there is none. */
void eshi_prompt_panel_load_settings (EshiPromptPanel    *self,
                                      const EshiSettings *settings,
                                      EshiSettingsParts   parts);

/* Returns: (transfer none) */
EshiInputRow *eshi_prompt_panel_get_input_row (EshiPromptPanel *self);

/* Returns: (transfer none) */
EshiStyleChips *eshi_prompt_panel_get_chips (EshiPromptPanel *self);

/* Unfolds the input picture's row and scrolls it into sight. */
void eshi_prompt_panel_reveal_input (EshiPromptPanel *self);

/* Starts from @image, called @name (nullable), with an empty mask, and chooses a size in its proportions. */
void eshi_prompt_panel_take_image (EshiPromptPanel *self,
                                   EshiImage       *image,
                                   const char      *name);

/**
 * eshi_prompt_panel_set_model:
 * @model: (nullable): sizes on offer follow it; %NULL for none
 * @adopt: whether size, steps, guidance and sampler become the model's own
 */
void eshi_prompt_panel_set_model (EshiPromptPanel     *self,
                                  const EshiModelInfo *model,
                                  gboolean             adopt);

/* @tokens: (transfer full) (nullable): what counts the pieces of the prompt */
void eshi_prompt_panel_set_tokens (EshiPromptPanel *self,
                                   EshiTokens      *tokens);

/* @prompts: prompts to step through, newest first */
void eshi_prompt_panel_set_history (EshiPromptPanel    *self,
                                    const char * const *prompts);

/* Shows an older (@older) or newer prompt of the history; the text that was there comes back at its end. */
void eshi_prompt_panel_step_history (EshiPromptPanel *self,
                                     gboolean         older);

void eshi_prompt_panel_roll_seed (EshiPromptPanel *self);

void eshi_prompt_panel_focus_prompt (EshiPromptPanel *self);

/* Selects all of the prompt, unless an input method is composing in it. */
void eshi_prompt_panel_select_prompt (EshiPromptPanel *self);

/* Why nothing can be painted, as a sentence; %NULL when it can. */
void eshi_prompt_panel_set_obstacle (EshiPromptPanel *self,
                                     const char      *sentence);

G_END_DECLS
