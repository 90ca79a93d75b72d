/* eshi-utf8.h: single characters of text that may be malformed.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes [start, end) of a text. */
typedef struct
{
  guint32 start;
  guint32 end;
} EshiTextSpan;

/* Longest result of eshi_utf8_lower(). */
#define ESHI_MAX_LOWER 2

/* Decodes the well-formed character at the start of @text, [length] bytes. Returns its bytes, 1 to 4, or 0 when there
 * is none: surrogates, overlong forms and what lies beyond U+10FFFF are malformed. */
guint    eshi_utf8_decode     (const char *text,
                               gsize       length,
                               gunichar   *c);

/* What Python's str.lower() makes of the one character @c. Returns how many characters are in @lower, 1 or 2. */
guint    eshi_utf8_lower      (gunichar    c,
                               gunichar    lower[ESHI_MAX_LOWER]);

/* Whether Python's str.strip() removes @c. */
gboolean eshi_utf8_is_space   (gunichar    c);

/* Bytes of white space that @text, [length] bytes, begins with. */
gsize    eshi_utf8_leading_space (const char *text,
                                  gsize       length);

/* Length of @text without the white space it ends in. */
gsize    eshi_utf8_strip_end  (const char *text,
                               gsize       length);

G_END_DECLS
