/* eshi-lora-use.c: from names to files, and from a prompt to what is left of it.
 *
 * A name comes from a picture that anybody may have made, so it is looked for in one folder and never leads out of it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-lora-use.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "eshi-error.h"
#include "eshi-lora-folder.h"

#define SUFFIX ".safetensors"

/* As other programs read it: <lora:name>, <lora:name:weight>. */
#define PATTERN "<lora:([^<>:]+)(?::([^<>]*))?>"

static GRegex *
new_pattern (void)
{
  return g_regex_new (PATTERN, G_REGEX_OPTIMIZE, 0, NULL);
}

char *
_eshi_lora_strip (const char *prompt)
{
  g_autoptr(GRegex) regex = new_pattern ();
  char *stripped = g_regex_replace_literal (regex, prompt, -1, 0, "", 0, NULL);

  return stripped != NULL ? stripped : g_strdup (prompt);
}

static char *
get_folder (void)
{
  return g_build_filename (g_get_user_data_dir (), "eshi", "models", "loras", NULL);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
eshi_lora_folder_list (void)
{
  g_autofree char *folder = get_folder ();
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new ();
  const char *file = NULL;

  while (dir != NULL && (file = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (file, SUFFIX) && *file != '.' && g_utf8_validate (file, -1, NULL))
      g_ptr_array_add (names, g_strndup (file, strlen (file) - strlen (SUFFIX)));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (names, FALSE);
}

/* Whether all of @text is a number. */
static gboolean
parse_weight (const char *text,
              double     *weight)
{
  char *end = NULL;

  *weight = g_ascii_strtod (text, &end);
  return end != text && *end == '\0';
}

/* Splits "FILE:WEIGHT"; without a weight it is 1. */
static void
split_item (const char  *item,
            char       **file,
            double      *weight)
{
  const char *colon = strrchr (item, ':');

  if (colon != NULL && parse_weight (colon + 1, weight))
    {
      *file = g_strndup (item, colon - item);
      return;
    }

  *weight = 1.0;
  *file = g_strdup (item);
}

char *
_eshi_lora_shorten (const char *item)
{
  g_autofree char *file = NULL;
  g_autofree char *base = NULL;
  g_autofree char *shown = NULL;
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  double weight = 1.0;

  split_item (item, &file, &weight);
  base = g_path_get_basename (file);
  if (g_str_has_suffix (base, SUFFIX))
    base[strlen (base) - strlen (SUFFIX)] = '\0';
  shown = g_filename_display_name (base);
  return g_strdup_printf ("%s:%s", shown, g_ascii_formatd (buffer, sizeof buffer, "%g", weight));
}

/* The file of the LoRA called @name; names never lead out of the folder. */
static char *
find_name (const char  *name,
           GError     **error)
{
  g_autofree char *folder = get_folder ();
  g_autofree char *file = g_strconcat (name, SUFFIX, NULL);
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *shown = g_filename_display_name (folder);
  g_autofree char *valid = g_utf8_make_valid (name, -1);

  if (strchr (name, G_DIR_SEPARATOR) == NULL && g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&path);

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
               /* Translators: the second %s is a folder, the third a name again. */
               _("There is no LoRA called “%s” in the folder “%s”; put the file “%s.safetensors” there."), valid, shown, valid);
  return NULL;
}

/* Takes @path over. */
static gboolean
add (EshiLoraUse  *self,
     char         *path,
     double        weight,
     GError      **error)
{
  EshiPipelineLora lora = { .path = path, .weight = weight };

  if (path == NULL)
    return FALSE;

  g_array_append_val (self->loras, lora);
  /* Written so that NaN fails. */
  if (fabs (weight) <= ESHI_PIPELINE_MAX_LORA_WEIGHT)
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("The weight of a LoRA must be %d to %d; %g is not."),
               -ESHI_PIPELINE_MAX_LORA_WEIGHT, ESHI_PIPELINE_MAX_LORA_WEIGHT, weight);
  return FALSE;
}

/* Something with a separator or the suffix is a file, anything else a name. */
static gboolean
add_item (EshiLoraUse  *self,
          const char   *item,
          GError      **error)
{
  g_autofree char *file = NULL;
  double weight = 1.0;

  split_item (item, &file, &weight);
  if (strchr (file, G_DIR_SEPARATOR) != NULL || g_str_has_suffix (file, SUFFIX))
    return add (self, g_steal_pointer (&file), weight, error);
  return add (self, find_name (file, error), weight, error);
}

static gboolean
add_match (EshiLoraUse  *self,
           GMatchInfo   *match,
           GError      **error)
{
  g_autofree char *whole = g_match_info_fetch (match, 0);
  g_autofree char *name = g_match_info_fetch (match, 1);
  g_autofree char *number = g_match_info_fetch (match, 2);
  double weight = 1.0;

  if (number != NULL && *number != '\0' && !parse_weight (number, &weight))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("“%s” in the prompt cannot be read; write <lora:name:weight> with one number."), whole);
      return FALSE;
    }

  return add (self, find_name (name, error), weight, error);
}

gboolean
_eshi_lora_use_init (EshiLoraUse         *self,
                     const EshiSettings  *settings,
                     GError             **error)
{
  g_autoptr(GRegex) regex = new_pattern ();
  g_autoptr(GMatchInfo) match = NULL;

  self->prompt = _eshi_lora_strip (settings->prompt);
  self->loras = g_array_new (FALSE, FALSE, sizeof (EshiPipelineLora));
  for (guint i = 0; settings->loras != NULL && settings->loras[i] != NULL; i++)
    if (!add_item (self, settings->loras[i], error))
      return FALSE;

  g_regex_match (regex, settings->prompt, 0, &match);
  for (; g_match_info_matches (match); g_match_info_next (match, NULL))
    if (!add_match (self, match, error))
      return FALSE;
  return TRUE;
}

void
_eshi_lora_use_clear (EshiLoraUse *self)
{
  for (guint i = 0; self->loras != NULL && i < self->loras->len; i++)
    g_free ((char *) g_array_index (self->loras, EshiPipelineLora, i).path);
  g_clear_pointer (&self->loras, g_array_unref);
  g_clear_pointer (&self->prompt, g_free);
}
