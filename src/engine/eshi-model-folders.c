/* eshi-model-folders.c: the list of folders with models, and the file that keeps those that were added.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-folders.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "eshi-error.h"
#include "eshi-pipeline.h"

#define MAX_BYTES (1 << 20)

static char *
get_list_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "eshi", "model-folders", NULL);
}

/* The folders that were added; (transfer full). */
static GPtrArray *
read_list (void)
{
  g_autofree char *path = get_list_path ();
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  gsize n_bytes = 0;

  if (!g_file_get_contents (path, &text, &n_bytes, NULL) || n_bytes > MAX_BYTES)
    return folders;

  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_path_is_absolute (lines[i]))
      g_ptr_array_add (folders, g_strdup (lines[i]));
  return folders;
}

static gboolean
write_list (GPtrArray  *folders,
            GError    **error)
{
  g_autofree char *path = get_list_path ();
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr(GString) text = g_string_new (NULL);

  for (guint i = 0; i < folders->len; i++)
    g_string_append_printf (text, "%s\n", (const char *) folders->pdata[i]);
  if (g_mkdir_with_parents (parent, 0700) != 0)
    {
      g_autofree char *shown = g_filename_display_name (parent);

      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
                   _("The folder “%s” for settings cannot be made: %s."), shown, g_strerror (errno));
      return FALSE;
    }

  return g_file_set_contents (path, text->str, (gssize) text->len, error);
}

/* Adds @path, made absolute, unless it is there. */
static void
add_once (GPtrArray  *folders,
          const char *path)
{
  g_autofree char *whole = g_canonicalize_filename (path, NULL);

  if (!g_ptr_array_find_with_equal_func (folders, whole, g_str_equal, NULL))
    g_ptr_array_add (folders, g_steal_pointer (&whole));
}

GPtrArray *
eshi_model_folders_list (void)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *own = g_build_filename (g_get_user_data_dir (), "eshi", "models", NULL);
  const char *variable = g_getenv ("ESHI_MODELS_PATH");
  g_auto(GStrv) listed = g_strsplit (variable != NULL ? variable : "", G_SEARCHPATH_SEPARATOR_S, -1);
  g_autoptr(GPtrArray) added = read_list ();

  add_once (folders, own);
  for (guint i = 0; listed[i] != NULL; i++)
    if (*listed[i] != '\0')
      add_once (folders, listed[i]);
  for (guint i = 0; i < added->len; i++)
    add_once (folders, added->pdata[i]);

  return folders;
}

GPtrArray *
eshi_model_folders_list_added (void)
{
  return read_list ();
}

static gboolean
check_place (const char  *path,
             GError     **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  gboolean is_file = g_file_test (path, G_FILE_TEST_IS_REGULAR);

  if (strchr (path, '\n') == NULL &&
      (is_file ? eshi_pipeline_is_checkpoint (path) : g_file_test (path, G_FILE_TEST_IS_DIR)))
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               is_file ? _("“%s” is no file of a model; nothing was added.")
                       : _("“%s” is no folder that models could be looked for in; nothing was added."),
               shown);
  return FALSE;
}

gboolean
eshi_model_folders_add (const char  *path,
                        GError     **error)
{
  g_autoptr(GPtrArray) folders = NULL;

  g_return_val_if_fail (path != NULL, FALSE);

  if (!check_place (path, error))
    return FALSE;

  folders = read_list ();
  add_once (folders, path);
  return write_list (folders, error);
}

gboolean
eshi_model_folders_remove (const char  *path,
                           GError     **error)
{
  g_autoptr(GPtrArray) folders = NULL;
  g_autofree char *whole = NULL;
  guint index = 0;

  g_return_val_if_fail (path != NULL, FALSE);

  folders = read_list ();
  whole = g_canonicalize_filename (path, NULL);
  if (!g_ptr_array_find_with_equal_func (folders, whole, g_str_equal, &index))
    {
      g_autofree char *shown = g_filename_display_name (path);

      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The folder “%s” is none of those that were added; nothing was changed."), shown);
      return FALSE;
    }

  g_ptr_array_remove_index (folders, index);
  return write_list (folders, error);
}
