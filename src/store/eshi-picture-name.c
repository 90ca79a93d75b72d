/* eshi-picture-name.c: from a pattern to a file's name that every file system takes.
 *
 * Looks at no folder: which number is free is the business of who writes the file.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-picture-name.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_PATTERN_BYTES 100
#define MAX_TEXT_CHARACTERS 30
#define MAX_BEFORE_BYTES 140
#define MAX_AFTER_BYTES 80

typedef struct
{
  const EshiSettings *settings; /* (nullable) */
  const char         *model_name;
  GDateTime          *when;
} Facts;

/* Not for a name on one file system or another, and blanks. */
static gboolean
is_unfit (gunichar c)
{
  return g_unichar_iscntrl (c) || g_unichar_isspace (c) || (c < 0x80 && strchr ("/\\:*?\"<>|", (int) c) != NULL);
}

/* (transfer full): the beginning of @text, with one blank for whatever a name cannot hold. */
static char *
fit_text (const char *text)
{
  GString *fitting = g_string_new (NULL);
  gboolean blank = FALSE;
  guint n_characters = 0;

  for (const char *at = text != NULL ? text : ""; *at != '\0' && n_characters < MAX_TEXT_CHARACTERS;
       at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (is_unfit (c))
        {
          blank = fitting->len > 0;
          continue;
        }
      if (blank)
        g_string_append_c (fitting, ' ');
      blank = FALSE;
      g_string_append_unichar (fitting, c);
      n_characters++;
    }

  return g_string_free (fitting, FALSE);
}

static char *
make_date (const Facts *facts)
{
  return g_date_time_format (facts->when, "%F");
}

static char *
make_time (const Facts *facts)
{
  return g_date_time_format (facts->when, "%H-%M-%S");
}

static char *
make_seed (const Facts *facts)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, facts->settings != NULL ? facts->settings->seed : 0);
}

static char *
make_prompt (const Facts *facts)
{
  return fit_text (facts->settings != NULL ? facts->settings->prompt : NULL);
}

static char *
make_model (const Facts *facts)
{
  return fit_text (facts->model_name);
}

static char *
make_sampler (const Facts *facts)
{
  return fit_text (facts->settings != NULL ? facts->settings->sampler : NULL);
}

static char *
make_steps (const Facts *facts)
{
  return g_strdup_printf ("%d", facts->settings != NULL ? facts->settings->steps : 0);
}

static char *
make_size (const Facts *facts)
{
  const EshiSettings *settings = facts->settings;

  return g_strdup_printf ("%d×%d", settings != NULL ? settings->width : 0, settings != NULL ? settings->height : 0);
}

static const struct
{
  const char *word;
  char     *(*make) (const Facts *facts);
} words[] = {
  { "{number}", NULL },
  { "{seed}", make_seed },
  { "{date}", make_date },
  { "{time}", make_time },
  { "{prompt}", make_prompt },
  { "{model}", make_model },
  { "{sampler}", make_sampler },
  { "{steps}", make_steps },
  { "{size}", make_size },
};

/* Which of the words @at begins with; their number if none. */
static guint
find_word (const char *at)
{
  guint i = 0;

  while (i < G_N_ELEMENTS (words) && !g_str_has_prefix (at, words[i].word))
    i++;

  return i;
}

static gboolean
check_words (const char  *pattern,
             GError     **error)
{
  for (const char *at = strpbrk (pattern, "{}"); at != NULL; at = strpbrk (at, "{}"))
    {
      guint i = find_word (at);
      const char *end = strchr (at, '}');
      g_autofree char *unknown = NULL;

      if (i < G_N_ELEMENTS (words))
        {
          at += strlen (words[i].word);
          continue;
        }
      unknown = end != NULL ? g_strndup (at, end + 1 - at) : g_strdup (at);
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("“%s” means nothing in a file name; there are {number}, {seed}, {date}, {time}, {prompt}, {model}, "
                     "{sampler}, {steps} and {size}."),
                   unknown);
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_characters (const char  *pattern,
                  GError     **error)
{
  for (const char *at = pattern; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      char shown[7] = { 0 };

      if (c == ' ' || c == 0x3000 || !is_unfit (c))
        continue;
      g_unichar_to_utf8 (g_unichar_iscntrl (c) ? 0xfffd : c, shown);
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("A file name cannot hold “%s”; use another character."), shown);
      return FALSE;
    }

  return TRUE;
}

gboolean
eshi_picture_name_check (const char  *pattern,
                         GError     **error)
{
  g_return_val_if_fail (pattern != NULL, FALSE);

  if (!g_utf8_validate (pattern, -1, NULL) || strlen (pattern) > MAX_PATTERN_BYTES)
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("The file name is too long; make it shorter."));
  else if (pattern[strspn (pattern, " ")] == '\0')
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                 _("The file name is empty; write something such as {number}-{seed}."));
  else if (pattern[0] == '.' || pattern[0] == ' ')
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                 _("A file name that begins with a dot or a blank is hard to find again; begin with something else."));
  else
    return check_characters (pattern, error) && check_words (pattern, error);

  return FALSE;
}

/* Cuts @text to @n_bytes, between two characters. */
static void
cut (GString *text,
     gsize    n_bytes)
{
  if (text->len > n_bytes)
    g_string_truncate (text, (gsize) (g_utf8_find_prev_char (text->str, text->str + n_bytes + 1) - text->str));
}

/* Writes @pattern into @before, and into @after what follows the number. Returns: whether there is one. */
static gboolean
expand (const char  *pattern,
        const Facts *facts,
        GString     *before,
        GString     *after)
{
  GString *target = before;

  while (*pattern != '\0')
    {
      guint i = find_word (pattern);
      g_autofree char *text = NULL;

      if (i == G_N_ELEMENTS (words))
        {
          g_string_append_c (target, *pattern++);
          continue;
        }
      pattern += strlen (words[i].word);
      if (words[i].make == NULL)
        {
          target = after;
          continue;
        }
      text = words[i].make (facts);
      g_string_append (target, text);
    }

  return target == after;
}

void
eshi_picture_name_expand (const char          *pattern,
                          const EshiSettings  *settings,
                          const char          *model_name,
                          GDateTime           *when,
                          char               **before,
                          char               **after)
{
  g_autoptr(GString) head = g_string_new (NULL);
  g_autoptr(GString) tail = g_string_new (NULL);
  Facts facts = { settings, model_name, when };
  gboolean numbered = FALSE;

  g_return_if_fail (when != NULL);

  if (pattern == NULL || !eshi_picture_name_check (pattern, NULL))
    pattern = ESHI_PICTURE_NAME_DEFAULT;
  numbered = expand (pattern, &facts, head, tail);
  if (!numbered && head->len == 0)
    g_string_append (head, "0");
  /* A prompt may begin with what hides a file. */
  if (head->len > 0 && (head->str[0] == '.' || head->str[0] == '-'))
    head->str[0] = '_';
  cut (head, MAX_BEFORE_BYTES);
  cut (tail, MAX_AFTER_BYTES);
  *before = g_strdup (head->str);
  *after = numbered ? g_strdup (tail->str) : NULL;
}

char *
eshi_picture_name_example (const char         *pattern,
                           const EshiSettings *settings,
                           const char         *model_name,
                           GDateTime          *when,
                           guint               number)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  eshi_picture_name_expand (pattern, settings, model_name, when, &before, &after);

  return after != NULL ? g_strdup_printf ("%s%04u%s.png", before, number, after) : g_strconcat (before, ".png", NULL);
}
