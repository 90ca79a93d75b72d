/* eshi-utf8.c: see eshi-utf8.h. The rules are Python's, since the reference tokenizer is written in it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-utf8.h"

static gboolean
is_trail (char byte)
{
  return ((guint8) byte & 0xc0) == 0x80;
}

guint
eshi_utf8_decode (const char *text,
                  gsize       length,
                  gunichar   *c)
{
  static const gunichar smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
  guint8 lead;
  guint n;

  if (length == 0)
    return 0;
  lead = (guint8) text[0];
  if (lead < 0x80)
    {
      *c = lead;
      return 1;
    }
  n = lead >= 0xf8 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
  if (n == 0 || length < n)
    return 0;
  *c = lead & (0x7fu >> n);
  for (guint i = 1; i < n; i++)
    {
      if (!is_trail (text[i]))
        return 0;
      *c = *c << 6 | ((guint8) text[i] & 0x3f);
    }
  if (*c < smallest[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
    return 0;
  return n;
}

guint
eshi_utf8_lower (gunichar c,
                 gunichar lower[ESHI_MAX_LOWER])
{
  if (c == 0x130) /* İ: i and a combining dot, the only one that becomes two */
    {
      lower[0] = 'i';
      lower[1] = 0x307;
      return 2;
    }
  /* GLib lowers letters only; Roman numerals and circled letters are none */
  if (c >= 0x2160 && c <= 0x216f)
    lower[0] = c + 16;
  else if (c >= 0x24b6 && c <= 0x24cf)
    lower[0] = c + 26;
  else
    lower[0] = g_unichar_tolower (c);
  return 1;
}

gboolean
eshi_utf8_is_space (gunichar c)
{
  return (c >= 0x9 && c <= 0xd) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

gsize
eshi_utf8_leading_space (const char *text,
                         gsize       length)
{
  gsize n = 0;
  gunichar c;
  guint step;

  while ((step = eshi_utf8_decode (text + n, length - n, &c)) > 0 && eshi_utf8_is_space (c))
    n += step;
  return n;
}

gsize
eshi_utf8_strip_end (const char *text,
                     gsize       length)
{
  while (length > 0)
    {
      gsize start = length - 1;
      gunichar c;

      while (start > 0 && length - start < 4 && ((guint8) text[start] & 0xc0) == 0x80)
        start--;
      if (eshi_utf8_decode (text + start, length - start, &c) != length - start || !eshi_utf8_is_space (c))
        break;
      length = start;
    }
  return length;
}
