/* eshi-json-text.h: whether text of strangers may be given to a JSON parser.
 *
 * json-glib calls itself for each level of nesting, until the stack is full, and forgets to free the first of several
 * values in a row. Says nothing of whether the text is JSON.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the @size bytes at @text begin like one object or array, nested no deeper than 64 levels, with nothing but space
 * behind it. Thread: any. */
gboolean eshi_json_text_is_safe (const char *text,
                                 gsize       size);

G_END_DECLS
