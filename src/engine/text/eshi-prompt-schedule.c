/* eshi-prompt-schedule.c: descends into brackets, and writes down of each what counts at the step.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-prompt-schedule.h"

#include <string.h>

#include "eshi-utf8.h"

#define MAX_DEPTH 32
#define SEPARATORS ":|"

typedef struct
{
  const char *text;
  gsize       length;
  guint       step;
  guint       n_steps;
  gboolean    changes;
} Reader;

/* What stands between two brackets: segments, and the separators between them. */
typedef struct
{
  GPtrArray *segments; /* GString: as they are at the step */
  GString   *separators;
  gsize      last;     /* byte of the text where the last segment begins */
  gsize      end;      /* where the closing bracket stands */
} Group;

static gboolean read_group (Reader  *self,
                            gsize   *at,
                            guint    depth,
                            GString *out);

static void
free_string (gpointer data)
{
  g_string_free (data, TRUE);
}

static void
group_clear (Group *self)
{
  g_ptr_array_unref (self->segments);
  g_string_free (self->separators, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Group, group_clear)

/* Copies a character, or a backslash and what it stands before. Returns: its bytes; 0 where there is nothing after it */
static gsize
copy_plain (const Reader *self,
            gsize         at,
            GString      *out)
{
  gsize n = self->text[at] == '\\' ? 2 : 1;

  if (at + n > self->length || (n == 2 && self->text[at + 1] == '\n'))
    return 0;
  g_string_append_len (out, self->text + at, (gssize) n);
  return n;
}

/* Up to a separator, a closing bracket or the end; FALSE where a bracket inside has no other. */
static gboolean
read_segment (Reader  *self,
              gsize   *at,
              guint    depth,
              GString *out)
{
  while (*at < self->length && strchr (SEPARATORS ")]", self->text[*at]) == NULL)
    {
      gsize n = 0;

      if (self->text[*at] == '(' || self->text[*at] == '[')
        {
          if (!read_group (self, at, depth, out))
            return FALSE;
          continue;
        }
      n = copy_plain (self, *at, out);
      if (n == 0)
        return FALSE;
      *at += n;
    }
  return TRUE;
}

/* What the bracket at @at holds; FALSE where it is not closed by its like. */
static gboolean
read_segments (Reader *self,
               gsize   at,
               guint   depth,
               Group  *group)
{
  char close = self->text[at] == '(' ? ')' : ']';

  for (at++; depth < MAX_DEPTH; at++)
    {
      GString *segment = g_string_new (NULL);

      g_ptr_array_add (group->segments, segment);
      group->last = at;
      if (!read_segment (self, &at, depth + 1, segment) || at >= self->length)
        return FALSE;
      group->end = at;
      if (self->text[at] == close)
        return TRUE;
      if (strchr (SEPARATORS, self->text[at]) == NULL)
        return FALSE;
      g_string_append_c (group->separators, self->text[at]);
    }
  return FALSE;
}

/* The last step of what stands first, from a number as the text has it; FALSE where it is none. */
static gboolean
read_when (const Reader *self,
           const char   *text,
           gsize         length,
           double       *when)
{
  gsize start = eshi_utf8_leading_space (text, length);
  gsize end = eshi_utf8_strip_end (text, length);
  g_autofree char *number = end > start ? g_strndup (text + start, end - start) : g_strdup ("");
  char *rest = NULL;

  *when = g_ascii_strtod (number, &rest);
  if (*number == '\0' || *rest != '\0' || strspn (number, "+-.0123456789eE") != strlen (number))
    return FALSE;
  if (strchr (number, '.') != NULL)
    *when *= self->n_steps;
  *when = (double) (gint64) CLAMP (*when, -1.0, self->n_steps);
  return TRUE;
}

static const char *
get_segment (const Group *group,
             guint        index)
{
  return ((GString *) g_ptr_array_index (group->segments, index))->str;
}

/* [to:when], [from:to:when] and [a|b]; FALSE for other brackets. */
static gboolean
choose (Reader      *self,
        const Group *group,
        GString     *out)
{
  guint n = group->segments->len;
  double when = 0.0;

  if (n > 1 && strspn (group->separators->str, "|") == n - 1)
    {
      g_string_append (out, get_segment (group, (self->step - 1) % n));
      return TRUE;
    }
  if ((n != 2 && n != 3) || strspn (group->separators->str, ":") != n - 1 ||
      !read_when (self, self->text + group->last, group->end - group->last, &when))
    return FALSE;

  if (self->step > when)
    g_string_append (out, get_segment (group, n - 2));
  else if (n == 3)
    g_string_append (out, get_segment (group, 0));
  return TRUE;
}

/* Reads the bracket at *@at; FALSE, and nothing read, where it is only a character. */
static gboolean
read_group (Reader  *self,
            gsize   *at,
            guint    depth,
            GString *out)
{
  g_auto(Group) group = { g_ptr_array_new_with_free_func (free_string), g_string_new (NULL), 0, 0 };
  char open = self->text[*at];

  if (!read_segments (self, *at, depth, &group))
    return FALSE;

  if (open == '[' && choose (self, &group, out))
    {
      self->changes = TRUE;
    }
  else
    {
      if (group.segments->len > 1 && (open == '[' || !g_str_equal (group.separators->str, ":")))
        return FALSE;
      g_string_append_c (out, open);
      g_string_append (out, get_segment (&group, 0));
      if (group.segments->len > 1)
        g_string_append_printf (out, ":%s", get_segment (&group, 1));
      g_string_append_c (out, self->text[group.end]);
    }

  *at = group.end + 1;
  return TRUE;
}

/* FALSE where the grammar has no name for the whole. */
static gboolean
read_all (Reader  *self,
          GString *out)
{
  gsize at = 0;

  while (at < self->length)
    {
      char c = self->text[at];
      gsize n = 0;

      if ((c == '(' || c == '[') && read_group (self, &at, 0, out))
        continue;
      n = copy_plain (self, at, out);
      if (n == 0 || c == '|')
        return FALSE;
      at += n;
    }
  return TRUE;
}

char *
eshi_prompt_schedule_read (const char *prompt,
                           guint       step,
                           guint       n_steps,
                           gboolean   *changes)
{
  Reader reader = { .text = prompt, .length = strlen (prompt), .step = step, .n_steps = n_steps };
  g_autoptr(GString) out = g_string_sized_new (reader.length);
  gboolean ok = read_all (&reader, out);

  if (changes != NULL)
    *changes = ok && reader.changes;
  return ok ? g_string_free (g_steal_pointer (&out), FALSE) : g_strdup (prompt);
}
