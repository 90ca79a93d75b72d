/* eshi-clip-text.h: text as CLIP's tokenizer looks at it: cleaned, composed, in small letters, and cut into words.
 *
 * The rules are those of transformers' CLIPTokenizer where ftfy is not installed. Nothing here knows a vocabulary.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eshi_clip_text_clean:
 * @text: UTF-8, [length] bytes; malformed bytes are left out
 * @n_chars: (out): how many characters are returned
 *
 * Leaves out control and format characters and what Unicode has not assigned, puts spaces around Chinese characters,
 * composes (NFC), and makes letters small as Python's str.lower() does.
 *
 * Returns: (transfer full) (array length=n_chars): the characters; white space among them is U+0020
 */
gunichar *eshi_clip_text_clean     (const char      *text,
                                    gsize            length,
                                    gsize           *n_chars);

/**
 * eshi_clip_text_next_word:
 * @chars: from eshi_clip_text_clean(), [n_chars]
 * @start: (inout): where to look; then where the word starts
 *
 * A word is a special string, an English ending such as 's, a run of letters, one digit, or a run of anything else but
 * white space.
 *
 * Returns: the characters of the word; 0 when there are no more
 */
gsize     eshi_clip_text_next_word (const gunichar  *chars,
                                    gsize            n_chars,
                                    gsize           *start);

G_END_DECLS
