/* eshi-clip-text.c: see eshi-clip-text.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-clip-text.h"

#include <string.h>

#include "eshi-utf8.h"

/* Sets of general categories. */
#define SET(type) (1u << G_UNICODE_##type)
#define LETTERS (SET (UPPERCASE_LETTER) | SET (LOWERCASE_LETTER) | SET (TITLECASE_LETTER) | SET (MODIFIER_LETTER) | \
                 SET (OTHER_LETTER))
#define CASED (SET (UPPERCASE_LETTER) | SET (LOWERCASE_LETTER) | SET (TITLECASE_LETTER))
#define NUMBERS (SET (DECIMAL_NUMBER) | SET (LETTER_NUMBER) | SET (OTHER_NUMBER))
#define DROPPED (SET (CONTROL) | SET (FORMAT) | SET (UNASSIGNED) | SET (PRIVATE_USE) | SET (SURROGATE))
#define IGNORABLE (SET (NON_SPACING_MARK) | SET (ENCLOSING_MARK) | SET (FORMAT) | SET (MODIFIER_LETTER) | \
                   SET (MODIFIER_SYMBOL))

typedef struct
{
  gunichar first;
  gunichar last;
} Range;

/* Characters that the reference takes for words of their own: not all of Unicode's ideographs. */
static const Range ideographs[] = {
  { 0x3400, 0x4dbf }, { 0x4e00, 0x9fff }, { 0xf900, 0xfaff }, { 0x20000, 0x2a6df }, { 0x2a700, 0x2b73f },
  { 0x2b740, 0x2b81f }, { 0x2b820, 0x2ceaf }, { 0x2f800, 0x2fa1f },
};

/* Cased by Unicode, though no upper-case, lower-case or title-case letters. */
static const Range cased_others[] = {
  { 0xaa, 0xaa }, { 0xba, 0xba }, { 0x2160, 0x217f }, { 0x24b6, 0x24e9 }, { 0x1f130, 0x1f149 }, { 0x1f150, 0x1f169 },
  { 0x1f170, 0x1f189 },
};

/* Case_Ignorable by Unicode because of where words break; the others are so by their category. */
static const gunichar ignorable_others[] = {
  0x27, 0x2e, 0x3a, 0xb7, 0x387, 0x55f, 0x5f4, 0x2018, 0x2019, 0x2024, 0x2027, 0xfe13, 0xfe52, 0xfe55, 0xff07, 0xff0e,
  0xff1a,
};

static gboolean
is_in (gunichar     c,
       const Range *ranges,
       gsize        n_ranges)
{
  for (gsize i = 0; i < n_ranges; i++)
    if (c >= ranges[i].first && c <= ranges[i].last)
      return TRUE;
  return FALSE;
}

static gboolean
has_type (gunichar c,
          guint    set)
{
  return (set >> g_unichar_type (c) & 1) != 0;
}

static gboolean
is_dropped (gunichar c)
{
  return c == 0xfffd || (has_type (c, DROPPED) && c != '\t' && c != '\n' && c != '\r');
}

static void
append_clean (GString  *out,
              gunichar  c)
{
  gboolean is_ideograph = is_in (c, ideographs, G_N_ELEMENTS (ideographs));

  if (is_dropped (c))
    return;
  if (is_ideograph || eshi_utf8_is_space (c))
    g_string_append_c (out, ' ');
  if (is_ideograph || !eshi_utf8_is_space (c))
    g_string_append_unichar (out, c);
  if (is_ideograph)
    g_string_append_c (out, ' ');
}

static gboolean
is_case_ignorable (gunichar c)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ignorable_others); i++)
    if (c == ignorable_others[i])
      return TRUE;
  return has_type (c, IGNORABLE);
}

static gboolean
is_cased (gunichar c)
{
  return has_type (c, CASED) || is_in (c, cased_others, G_N_ELEMENTS (cased_others));
}

/* Whether the capital sigma at @at ends a word, and so becomes ς. */
static gboolean
is_final_sigma (const gunichar *chars,
                gsize           n_chars,
                gsize           at)
{
  gsize before = at;
  gsize after = at + 1;

  while (before > 0 && is_case_ignorable (chars[before - 1]))
    before--;
  if (before == 0 || !is_cased (chars[before - 1]))
    return FALSE;
  while (after < n_chars && is_case_ignorable (chars[after]))
    after++;
  return after == n_chars || !is_cased (chars[after]);
}

/* @chars is taken. */
static gunichar *
lower_chars (gunichar *chars,
             gsize    *n_chars)
{
  g_autofree gunichar *src = chars;
  gunichar *out = g_new (gunichar, ESHI_MAX_LOWER * *n_chars + 1);
  gsize n = 0;

  for (gsize i = 0; i < *n_chars; i++)
    {
      if (src[i] == 0x3a3)
        out[n++] = is_final_sigma (src, *n_chars, i) ? 0x3c2 : 0x3c3;
      else
        n += eshi_utf8_lower (src[i], &out[n]);
    }
  *n_chars = n;
  return out;
}

gunichar *
eshi_clip_text_clean (const char *text,
                      gsize       length,
                      gsize      *n_chars)
{
  g_autoptr(GString) clean = g_string_sized_new (length + 1);
  g_autofree char *composed = NULL;
  glong n = 0;
  gunichar *chars;

  while (length > 0)
    {
      gunichar c;
      guint step = eshi_utf8_decode (text, length, &c);

      if (step > 0)
        append_clean (clean, c);
      step = MAX (step, 1);
      text += step;
      length -= step;
    }
  composed = g_utf8_normalize (clean->str, (gssize) clean->len, G_NORMALIZE_DEFAULT_COMPOSE);
  chars = g_utf8_to_ucs4_fast (composed, -1, &n);
  *n_chars = (gsize) n;
  return lower_chars (chars, n_chars);
}

typedef enum
{
  KIND_NONE,
  KIND_LETTER,
  KIND_DIGIT,
  KIND_OTHER
} Kind;

static Kind
get_kind (gunichar c)
{
  if (has_type (c, LETTERS))
    return KIND_LETTER;
  if (has_type (c, NUMBERS))
    return KIND_DIGIT;
  /* the iota below belongs nowhere: it is no letter, but folds to one where case does not matter */
  return c == ' ' || c == 0x345 ? KIND_NONE : KIND_OTHER;
}

/* Whether @word, in small letters, stands at the start of @chars; ſ counts as s where case does not matter. */
static gboolean
starts_with (const gunichar *chars,
             gsize           n_chars,
             const char     *word)
{
  gsize length = strlen (word);

  for (gsize i = 0; i < length; i++)
    if (i >= n_chars || (chars[i] == 0x17f ? 's' : chars[i]) != (guint8) word[i])
      return FALSE;
  return TRUE;
}

gsize
eshi_clip_text_next_word (const gunichar *chars,
                          gsize           n_chars,
                          gsize          *start)
{
  static const char * const whole[] = {
    "<|startoftext|>", "<|endoftext|>", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d",
  };
  gsize end;
  Kind kind;

  while (*start < n_chars && get_kind (chars[*start]) == KIND_NONE)
    ++*start;
  if (*start == n_chars)
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (whole); i++)
    if (starts_with (chars + *start, n_chars - *start, whole[i]))
      return strlen (whole[i]);

  kind = get_kind (chars[*start]);
  end = *start + 1;
  while (kind != KIND_DIGIT && end < n_chars && get_kind (chars[end]) == kind)
    end++;
  return end - *start;
}
