/* eshi-prompt-view.h: a text view for prompts that knows when an input method is composing.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ESHI_TYPE_PROMPT_VIEW (eshi_prompt_view_get_type ())

/**
 * EshiPromptView:
 *
 * Signals: `submit`: Ctrl+Enter was pressed and nothing is being composed; `text-changed`: the committed or the
 * composed text changed.
 * Properties: `composing` (boolean, read only, notifies), `placeholder-text` (string).
 */
G_DECLARE_FINAL_TYPE (EshiPromptView, eshi_prompt_view, ESHI, PROMPT_VIEW, GtkTextView)

GtkWidget *eshi_prompt_view_new (void);

gboolean eshi_prompt_view_get_composing (EshiPromptView *self);

/* Returns: (transfer full): the committed text */
char *eshi_prompt_view_dup_text (EshiPromptView *self);

/* Returns: (transfer full): the text as it is seen, what is being composed included */
char *eshi_prompt_view_dup_seen_text (EshiPromptView *self);

/* Replaces the text in one undoable step. Does nothing when @text is there already. */
void eshi_prompt_view_set_text (EshiPromptView *self,
                                const char     *text);

const char *eshi_prompt_view_get_placeholder_text (EshiPromptView *self);

void eshi_prompt_view_set_placeholder_text (EshiPromptView *self,
                                            const char     *text);

/* Dims the text from character @offset on; a negative @offset dims nothing. */
void eshi_prompt_view_dim_after (EshiPromptView *self,
                                 int             offset);

G_END_DECLS
