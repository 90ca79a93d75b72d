/* eshi-json-text.c: counts brackets outside of strings.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-json-text.h"

#include <string.h>

#define MAX_DEPTH 64u

static gsize
skip_space (const char *text,
            gsize       size,
            gsize       at)
{
  while (at < size && g_ascii_isspace (text[at]))
    at++;
  return at;
}

/* json-glib also knows comments and strings in single quotes, in which a quote or a bracket would be counted wrongly. */
static gboolean
is_no_json (char c)
{
  return c == '/' || c == '#' || c == '\'';
}

/* Where the value that opens at @at is closed, or the text ends; 0 if it is nested too deeply, or cannot be counted. */
static gsize
find_end (const char *text,
          gsize       size,
          gsize       at)
{
  guint depth = 0;
  gboolean in_string = FALSE;

  for (; at < size; at++)
    {
      if (in_string && text[at] == '\\')
        at++;
      else if (text[at] == '"')
        in_string = !in_string;
      else if (!in_string && is_no_json (text[at]))
        return 0;
      else if (!in_string && (text[at] == '[' || text[at] == '{') && ++depth > MAX_DEPTH)
        return 0;
      else if (!in_string && (text[at] == ']' || text[at] == '}') && --depth == 0)
        return at + 1;
    }

  return size;
}

gboolean
eshi_json_text_is_safe (const char *text,
                        gsize       size)
{
  gsize mark = size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  gsize first = skip_space (text, size, mark);
  gsize end = 0;

  if (first == size || (text[first] != '{' && text[first] != '['))
    return FALSE;

  end = find_end (text, size, first);
  return end > 0 && skip_space (text, size, MIN (end, size)) == size;
}
