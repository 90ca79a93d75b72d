/* eshi-style-chips.h: toggles that add a style word to a prompt.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define ESHI_TYPE_STYLE_CHIPS (eshi_style_chips_get_type ())

/**
 * EshiStyleChips:
 *
 * Each chip is active while its word stands in the text buffer as a word of its own, whoever wrote it there.
 */
G_DECLARE_FINAL_TYPE (EshiStyleChips, eshi_style_chips, ESHI, STYLE_CHIPS, AdwBin)

GtkWidget *eshi_style_chips_new (void);

/**
 * eshi_style_chips_set_buffer:
 * @buffer: (nullable): the prompt; a reference is kept
 */
void eshi_style_chips_set_buffer (EshiStyleChips *self,
                                  GtkTextBuffer  *buffer);

guint eshi_style_chips_get_n_styles (void);

/* Returns: (transfer none): the word of style @i */
const char *eshi_style_chips_get_word (guint i);

/* @texture: (nullable): how style @i looks; a square of 96 pixels or more */
void eshi_style_chips_set_texture (EshiStyleChips *self,
                                   guint           i,
                                   GdkTexture     *texture);

/**
 * eshi_style_chips_find_word:
 * @text: UTF-8
 * @word: a word without separators
 * @start: (out): in characters
 * @end: (out): in characters
 *
 * Finds @word in @text between separators: white space, full-width space, commas of both kinds, full stop, line ends.
 */
gboolean eshi_style_chips_find_word (const char *text,
                                     const char *word,
                                     int        *start,
                                     int        *end);

G_END_DECLS
