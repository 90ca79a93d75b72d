/* eshi-word-diff.c: what changed between two prompts, word by word.
 *
 * A longest common subsequence over words. Knows no dictionary: a change of script is taken for the end of a word.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-word-diff.h"

#define MAX_WORDS 600

/* Characters of one class that stand together are a word; a mark is a word by itself. */
typedef enum
{
  CLASS_BLANK,
  CLASS_LETTER,
  CLASS_KANJI,
  CLASS_HIRAGANA,
  CLASS_KATAKANA,
  CLASS_MARK,
} WordClass;

static WordClass
class_of (gunichar c)
{
  if (g_unichar_isspace (c))
    return CLASS_BLANK;
  /* The long vowel mark and the iteration marks belong to no script of their own. */
  if (c == 0x30fc || g_unichar_get_script (c) == G_UNICODE_SCRIPT_KATAKANA)
    return CLASS_KATAKANA;
  if (g_unichar_get_script (c) == G_UNICODE_SCRIPT_HIRAGANA)
    return CLASS_HIRAGANA;
  if (c == 0x3005 || g_unichar_get_script (c) == G_UNICODE_SCRIPT_HAN)
    return CLASS_KANJI;
  return g_unichar_isalnum (c) || g_unichar_ismark (c) ? CLASS_LETTER : CLASS_MARK;
}

/* (transfer full) (element-type utf8) */
static GPtrArray *
split (const char *text)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  const char *start = text;

  while (*start != '\0')
    {
      WordClass first = class_of (g_utf8_get_char (start));
      const char *end = g_utf8_next_char (start);

      while (*end != '\0' && first != CLASS_MARK && class_of (g_utf8_get_char (end)) == first)
        end = g_utf8_next_char (end);
      g_ptr_array_add (words, g_strndup (start, end - start));
      start = end;
    }
  return words;
}

static void
part_free (EshiDiffPart *part)
{
  g_free (part->text);
  g_free (part);
}

static void
add_part (GPtrArray    *parts,
          EshiDiffKind  kind,
          GString      *text)
{
  EshiDiffPart *part;

  if (text->len == 0)
    return;
  part = g_new0 (EshiDiffPart, 1);
  part->kind = kind;
  part->text = g_strndup (text->str, text->len);
  g_string_truncate (text, 0);
  g_ptr_array_add (parts, part);
}

/* Length of the longest common subsequence of a[i..] and b[j..], at [i * (b->len + 1) + j]. (transfer full) */
static guint16 *
measure (GPtrArray *a,
         GPtrArray *b)
{
  gsize width = b->len + 1;
  guint16 *lengths = g_new0 (guint16, (a->len + 1) * width);

  for (guint i = a->len; i-- > 0;)
    {
      for (guint j = b->len; j-- > 0;)
        {
          guint16 down = lengths[(i + 1) * width + j];
          guint16 right = lengths[i * width + j + 1];

          if (g_str_equal (g_ptr_array_index (a, i), g_ptr_array_index (b, j)))
            lengths[i * width + j] = (guint16) (lengths[(i + 1) * width + j + 1] + 1);
          else
            lengths[i * width + j] = MAX (down, right);
        }
    }
  return lengths;
}

static void
walk (GPtrArray *a,
      GPtrArray *b,
      GPtrArray *parts)
{
  g_autofree guint16 *lengths = measure (a, b);
  g_autoptr(GString) same = g_string_new (NULL);
  g_autoptr(GString) removed = g_string_new (NULL);
  g_autoptr(GString) added = g_string_new (NULL);
  gsize width = b->len + 1;
  guint i = 0;
  guint j = 0;

  while (i < a->len || j < b->len)
    {
      if (i < a->len && j < b->len && g_str_equal (g_ptr_array_index (a, i), g_ptr_array_index (b, j)))
        {
          add_part (parts, ESHI_DIFF_REMOVED, removed);
          add_part (parts, ESHI_DIFF_ADDED, added);
          g_string_append (same, g_ptr_array_index (a, i));
          i++;
          j++;
          continue;
        }
      add_part (parts, ESHI_DIFF_SAME, same);
      if (j == b->len || (i < a->len && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]))
        g_string_append (removed, g_ptr_array_index (a, i++));
      else
        g_string_append (added, g_ptr_array_index (b, j++));
    }
  add_part (parts, ESHI_DIFF_SAME, same);
  add_part (parts, ESHI_DIFF_REMOVED, removed);
  add_part (parts, ESHI_DIFF_ADDED, added);
}

GPtrArray *
eshi_word_diff (const char *before,
                const char *after)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) part_free);
  g_autoptr(GPtrArray) a = NULL;
  g_autoptr(GPtrArray) b = NULL;

  g_return_val_if_fail (before != NULL, parts);
  g_return_val_if_fail (after != NULL, parts);

  a = split (before);
  b = split (after);
  if (a->len <= MAX_WORDS && b->len <= MAX_WORDS)
    {
      walk (a, b, parts);
    }
  else
    {
      g_autoptr(GString) whole = g_string_new (before);

      add_part (parts, ESHI_DIFF_REMOVED, whole);
      g_string_append (whole, after);
      add_part (parts, ESHI_DIFF_ADDED, whole);
    }
  return parts;
}

char *
eshi_word_diff_dup_markup (const char *before,
                           const char *after)
{
  static const struct
  {
    const char *opening;
    const char *closing;
  } spans[] = {
    [ESHI_DIFF_SAME] = { "", "" },
    [ESHI_DIFF_REMOVED] = { "<span alpha=\"70%\" strikethrough=\"true\">", "</span>" },
    [ESHI_DIFF_ADDED] = { "<span weight=\"bold\" underline=\"single\">", "</span>" },
  };
  g_autoptr(GPtrArray) parts = eshi_word_diff (before, after);
  GString *markup = g_string_new (NULL);

  for (guint i = 0; i < parts->len; i++)
    {
      const EshiDiffPart *part = g_ptr_array_index (parts, i);
      g_autofree char *escaped = g_markup_escape_text (part->text, -1);

      g_string_append (markup, spans[part->kind].opening);
      g_string_append (markup, escaped);
      g_string_append (markup, spans[part->kind].closing);
    }
  return g_string_free (markup, FALSE);
}
