/* eshi-prompt-syntax.c: one pass over the prompt, with a stack for each kind of bracket.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-prompt-syntax.h"

#include <math.h>
#include <string.h>

#include "eshi-utf8.h"

#define ROUND 1.1
#define SQUARE (1.0 / 1.1)
#define SPECIAL "\\()[]:"
#define BREAK "BREAK"

typedef struct
{
  EshiPromptSyntax *out;
  GArray           *round;  /* guint: for each open bracket, the part that comes next */
  GArray           *square;
  gboolean          has_syntax;
} Parser;

static EshiPromptPart *
get_part (EshiPromptSyntax *self,
          guint             index)
{
  return &g_array_index (self->parts, EshiPromptPart, index);
}

static void
add_text (Parser     *self,
          const char *text,
          gsize       length)
{
  EshiPromptPart part = { .start = self->out->text->len, .length = length, .weight = 1.0 };

  g_string_append_len (self->out->text, text, (gssize) length);
  g_array_append_val (self->out->parts, part);
}

static void
add_break (Parser *self)
{
  EshiPromptPart part = { .start = self->out->text->len, .weight = 1.0, .breaks = TRUE };

  g_array_append_val (self->out->parts, part);
  self->has_syntax = TRUE;
}

static void
multiply_from (Parser *self,
               guint   first,
               double  factor)
{
  for (guint i = first; i < self->out->parts->len; i++)
    get_part (self->out, i)->weight *= factor;
}

static void
open_bracket (Parser *self,
              GArray *brackets)
{
  g_array_append_val (brackets, self->out->parts->len);
  self->has_syntax = TRUE;
}

/* FALSE where none is open. */
static gboolean
close_bracket (Parser *self,
               GArray *brackets,
               double  factor)
{
  if (brackets->len == 0)
    return FALSE;
  multiply_from (self, g_array_index (brackets, guint, brackets->len - 1), factor);
  g_array_set_size (brackets, brackets->len - 1);
  return TRUE;
}

/* Appends the next character of a number to @number, in ASCII. Returns its bytes; 0 where it is none. */
static gsize
read_digit (const char *text,
            gsize       length,
            GString    *number)
{
  gunichar c = 0;
  guint n = eshi_utf8_decode (text, length, &c);

  if (n > 0 && g_unichar_isdigit (c))
    g_string_append_c (number, (char) ('0' + g_unichar_digit_value (c)));
  else if (n > 0 && (c == '.' || (number->len == 0 && (c == '+' || c == '-'))))
    g_string_append_c (number, (char) c);
  else
    return 0;
  return n;
}

/* ":1.3)" at the start of @text. Returns its bytes; 0 where it is something else. */
static gsize
read_weight (const char *text,
             gsize       length,
             double     *weight)
{
  g_autoptr(GString) number = g_string_new (NULL);
  char *end = NULL;
  gsize at = 1 + eshi_utf8_leading_space (text + 1, length - 1);
  gsize n;

  while ((n = read_digit (text + at, length - at, number)) > 0)
    at += n;
  at += eshi_utf8_leading_space (text + at, length - at);
  if (at >= length || text[at] != ')' || number->len == 0)
    return 0;
  *weight = g_ascii_strtod (number->str, &end);
  return *end == '\0' && end != number->str && isfinite (*weight) ? at + 1 : 0;
}

static gboolean
is_word (gunichar c)
{
  return c == '_' || g_unichar_isalnum (c);
}

/* Whether the character before byte @at belongs to a word. */
static gboolean
follows_word (const char *text,
              gsize       at)
{
  gunichar c = 0;

  for (gsize n = 1; n <= 4 && n <= at; n++)
    if (eshi_utf8_decode (text + at - n, n, &c) == n)
      return is_word (c);
  return FALSE;
}

static gboolean
is_break (const char *text,
          gsize       length,
          gsize       at)
{
  gsize end = at + strlen (BREAK);
  gunichar c = 0;

  if (end > length || memcmp (text + at, BREAK, strlen (BREAK)) != 0 || follows_word (text, at))
    return FALSE;
  return eshi_utf8_decode (text + end, length - end, &c) == 0 || !is_word (c);
}

/* @text has no brackets. */
static void
add_plain (Parser     *self,
           const char *text,
           gsize       length)
{
  gsize start = 0;
  gsize at = 0;

  while (at < length)
    {
      if (!is_break (text, length, at))
        {
          at++;
          continue;
        }
      add_text (self, text + start, eshi_utf8_strip_end (text + start, at - start));
      add_break (self);
      at += strlen (BREAK);
      at += eshi_utf8_leading_space (text + at, length - at);
      start = at;
    }
  add_text (self, text + start, length - start);
}

/* Returns: the bytes it read */
static gsize
read_special (Parser     *self,
              const char *text,
              gsize       length)
{
  double weight = 1.0;
  gsize n = 0;

  switch (text[0])
    {
    case '\\':
      n = length > 1 && memchr ("()[]\\", text[1], 5) != NULL ? 2 : 1;
      self->has_syntax |= n == 2 && text[1] != '\\';
      add_text (self, text + 1, n - 1);
      return n;

    case '(':
      open_bracket (self, self->round);
      return 1;

    case '[':
      open_bracket (self, self->square);
      return 1;

    case ')':
      n = close_bracket (self, self->round, ROUND) ? 1 : 0;
      break;

    case ']':
      n = close_bracket (self, self->square, SQUARE) ? 1 : 0;
      break;

    case ':':
      n = read_weight (text, length, &weight);
      n = n > 0 && close_bracket (self, self->round, weight) ? n : 0;
      break;

    default:
      break;
    }

  if (n > 0)
    return n;
  self->has_syntax |= text[0] == ')' || text[0] == ']';
  add_text (self, text, 1);
  return 1;
}

static gsize
read_plain (Parser     *self,
            const char *text,
            gsize       length)
{
  gsize n = 0;

  while (n < length && strchr (SPECIAL, text[n]) == NULL)
    n++;
  add_plain (self, text, n);
  return n;
}

static void
close_all (Parser *self,
           GArray *brackets,
           double  factor)
{
  for (guint i = 0; i < brackets->len; i++)
    multiply_from (self, g_array_index (brackets, guint, i), factor);
}

/* Joins neighbours that weigh the same, and keeps weights within their range. */
static void
merge_parts (EshiPromptSyntax *self)
{
  guint n = 0;

  for (guint i = 0; i < self->parts->len; i++)
    {
      EshiPromptPart part = *get_part (self, i);
      EshiPromptPart *last = n > 0 ? get_part (self, n - 1) : NULL;

      part.weight = CLAMP (part.weight, -ESHI_PROMPT_MAX_WEIGHT, ESHI_PROMPT_MAX_WEIGHT);
      if (last != NULL && !last->breaks && !part.breaks && last->weight == part.weight)
        last->length += part.length;
      else
        *get_part (self, n++) = part;
    }
  g_array_set_size (self->parts, n);
}

static void
parse (Parser     *self,
       const char *prompt,
       gsize       length)
{
  gsize at = 0;

  while (at < length)
    at += strchr (SPECIAL, prompt[at]) != NULL ? read_special (self, prompt + at, length - at)
                                               : read_plain (self, prompt + at, length - at);
  close_all (self, self->round, ROUND);
  close_all (self, self->square, SQUARE);
}

static void
set_plain (Parser     *self,
           const char *prompt,
           gsize       length)
{
  g_string_truncate (self->out->text, 0);
  g_array_set_size (self->out->parts, 0);
  add_text (self, prompt, length);
}

void
eshi_prompt_syntax_init (EshiPromptSyntax *self,
                         const char       *prompt,
                         gsize             length,
                         gboolean          parses)
{
  g_autoptr(GArray) round = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr(GArray) square = g_array_new (FALSE, FALSE, sizeof (guint));
  Parser parser = { .out = self, .round = round, .square = square };

  self->text = g_string_sized_new (length + 1);
  self->parts = g_array_new (FALSE, FALSE, sizeof (EshiPromptPart));
  length = strnlen (prompt, length);
  if (parses)
    parse (&parser, prompt, length);
  if (!parser.has_syntax)
    set_plain (&parser, prompt, length);
  if (self->parts->len == 0)
    add_text (&parser, "", 0);
  merge_parts (self);
}

void
eshi_prompt_syntax_clear (EshiPromptSyntax *self)
{
  if (self->text != NULL)
    g_string_free (g_steal_pointer (&self->text), TRUE);
  g_clear_pointer (&self->parts, g_array_unref);
}
