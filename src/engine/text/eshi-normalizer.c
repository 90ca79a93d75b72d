/* eshi-normalizer.c: longest match in a Darts double-array trie whose every index is checked.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-normalizer.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "eshi-error.h"
#include "eshi-utf8.h"

#define MAX_CHARSMAP ((gsize) 4 << 20)

/* Longest replacement. Unicode's own longest is 33 bytes; the limit bounds how far a hostile table can blow text up. */
#define MAX_REPLACEMENT 256

#define SPACE "\xe2\x96\x81"
#define MALFORMED "\xef\xbf\xbd"

struct _EshiNormalizer
{
  guint32 *units; /* [n_units] double-array trie */
  gsize    n_units;
  char    *pool;  /* [pool_size] replacements, each ended by NUL */
  gsize    pool_size;
};

/* One step of the input: @length bytes of text stand for @replacement. */
typedef struct
{
  const char *replacement;
  gsize       replacement_length;
  gsize       length;
} Match;

static gboolean
check_pool (const char *pool,
            gsize       size)
{
  gsize start = 0;

  if (size == 0 || pool[size - 1] != '\0')
    return FALSE;
  while (start < size)
    {
      gsize length = strlen (pool + start);

      if (length > MAX_REPLACEMENT)
        return FALSE;
      start += length + 1;
    }
  return TRUE;
}

static gboolean
read_charsmap (EshiNormalizer *self,
               const guint8   *charsmap,
               gsize           size)
{
  guint32 trie_bytes;

  if (size < sizeof trie_bytes || size > MAX_CHARSMAP)
    return FALSE;
  memcpy (&trie_bytes, charsmap, sizeof trie_bytes);
  trie_bytes = GUINT32_FROM_LE (trie_bytes);
  if (trie_bytes == 0 || trie_bytes % sizeof (guint32) != 0 || trie_bytes > size - sizeof trie_bytes)
    return FALSE;

  self->n_units = trie_bytes / sizeof (guint32);
  self->units = g_memdup2 (charsmap + sizeof trie_bytes, trie_bytes);
  for (gsize i = 0; i < self->n_units; i++)
    self->units[i] = GUINT32_FROM_LE (self->units[i]);
  self->pool_size = size - sizeof trie_bytes - trie_bytes;
  self->pool = g_memdup2 (charsmap + sizeof trie_bytes + trie_bytes, self->pool_size);
  return check_pool (self->pool, self->pool_size);
}

EshiNormalizer *
eshi_normalizer_new (const guint8  *charsmap,
                     gsize          size,
                     GError       **error)
{
  g_autoptr(EshiNormalizer) self = g_new0 (EshiNormalizer, 1);

  if (size > 0 && !read_charsmap (self, charsmap, size))
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                           _("The tokenizer's table of characters is damaged. Download the model again."));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
eshi_normalizer_free (EshiNormalizer *self)
{
  if (self == NULL)
    return;
  g_free (self->units);
  g_free (self->pool);
  g_free (self);
}

static guint32
unit_offset (guint32 unit)
{
  return (unit >> 10) << ((unit & 0x200) >> 6);
}

/* The longest entry of the trie that @text starts with. A path that leaves the table ends there. */
static gboolean
find_longest (const EshiNormalizer *self,
              const char           *text,
              gsize                 length,
              Match                *match)
{
  gboolean is_found = FALSE;
  guint32 pos;

  if (self->n_units == 0)
    return FALSE;
  pos = unit_offset (self->units[0]);
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = (guint8) text[i];
      guint32 unit;

      pos ^= byte;
      if (pos >= self->n_units)
        break;
      unit = self->units[pos];
      if ((unit & 0x800000ffu) != byte)
        break;
      pos ^= unit_offset (unit);
      if (pos >= self->n_units)
        break;
      if ((unit & 0x100) != 0)
        {
          guint32 value = self->units[pos] & 0x7fffffffu;

          if (value >= self->pool_size)
            break;
          match->replacement = self->pool + value;
          match->replacement_length = strlen (match->replacement);
          match->length = i + 1;
          is_found = TRUE;
        }
    }
  return is_found;
}

/* @length > 0. */
static Match
match_prefix (const EshiNormalizer *self,
              const char           *text,
              gsize                 length)
{
  Match match;
  gunichar c;

  if (find_longest (self, text, length, &match))
    return match;
  match.length = eshi_utf8_decode (text, length, &c);
  match.replacement = text;
  match.replacement_length = match.length;
  if (match.length == 0)
    match = (Match) { MALFORMED, strlen (MALFORMED), 1 };
  return match;
}

static void
append_escaped (GString    *out,
                const char *text,
                gsize       length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (text[i] == ' ')
        g_string_append_len (out, SPACE, strlen (SPACE));
      else
        g_string_append_c (out, text[i]);
    }
}

static void
remove_trailing_spaces (GString *out,
                        gsize    start)
{
  gsize n = strlen (SPACE);

  while (out->len >= start + n && memcmp (out->str + out->len - n, SPACE, n) == 0)
    g_string_truncate (out, out->len - n);
}

/* All bytes of @out that @origins lacks come from byte @at. */
static void
append_origins (GArray        *origins,
                const GString *out,
                gsize          start,
                gsize          at)
{
  guint32 origin = (guint32) at;

  while (origins != NULL && origins->len < out->len - start)
    g_array_append_val (origins, origin);
}

void
eshi_normalizer_apply (const EshiNormalizer *self,
                       const char           *text,
                       gsize                 length,
                       GString              *out,
                       GArray               *origins)
{
  gsize start = out->len;
  const char *first = text;
  gboolean follows_space = TRUE;
  gboolean is_empty = TRUE;

  while (length > 0)
    {
      Match match = match_prefix (self, text, length);
      gsize at = (gsize) (text - first);

      text += match.length;
      length -= match.length;
      /* only a match that is one space and nothing else counts as leading */
      if (is_empty && match.replacement_length == 1 && match.replacement[0] == ' ')
        continue;
      if (is_empty)
        append_escaped (out, " ", 1);
      is_empty = FALSE;
      while (follows_space && match.replacement_length > 0 && match.replacement[0] == ' ')
        {
          match.replacement++;
          match.replacement_length--;
        }
      if (match.replacement_length == 0)
        continue;
      append_escaped (out, match.replacement, match.replacement_length);
      append_origins (origins, out, start, at);
      follows_space = match.replacement[match.replacement_length - 1] == ' ';
    }
  remove_trailing_spaces (out, start);
  if (origins != NULL)
    g_array_set_size (origins, (guint) MIN (origins->len, out->len - start));
}
