/* eshi-store-folders.c: the folders that pictures were saved in or taken in from, for a history that has lost its database.
 *
 * Two text files beside the database, with the URI of a folder in each line: a damaged database cannot tell, and the
 * settings know the newest folder only. Nothing but a rebuilt history reads them; a folder that is gone stays in them,
 * since its disk may come back.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-picture-export.h"
#include "eshi-store-private.h"

#define SAVED_NAME "picture-folders"
#define IMPORTED_NAME "imported-folders"
#define MAX_FOLDERS 1000

static gboolean
add_once (GPtrArray  *folders,
          const char *folder)
{
  if (g_ptr_array_find_with_equal_func (folders, folder, g_str_equal, NULL))
    return FALSE;
  g_ptr_array_add (folders, g_strdup (folder));

  return TRUE;
}

/* (transfer full) (element-type filename): the folders in the list called @name. */
static GPtrArray *
read_list (EshiStore  *self,
           const char *name)
{
  g_autofree char *path = g_build_filename (self->data, name, NULL);
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return folders;
  lines = g_strsplit (text, "\n", MAX_FOLDERS);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *folder = g_filename_from_uri (lines[i], NULL, NULL);

      if (folder != NULL)
        add_once (folders, folder);
    }

  return folders;
}

static void
write_list (EshiStore  *self,
            const char *name,
            GPtrArray  *folders)
{
  g_autofree char *path = g_build_filename (self->data, name, NULL);
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < folders->len; i++)
    {
      g_autofree char *uri = g_filename_to_uri (folders->pdata[i], NULL, NULL);

      g_string_append_printf (text, "%s\n", uri);
    }
  if (!g_file_set_contents (path, text->str, (gssize) text->len, &error))
    g_message ("The folder of pictures was not noted: %s", error->message);
}

/* @last, inout: the folder that was noted last, so that the list is not read for every picture. */
static void
remember (EshiStore   *self,
          const char  *name,
          const char  *folder,
          char       **last)
{
  g_autofree char *canonical = g_canonicalize_filename (folder, NULL);
  g_autoptr(GPtrArray) folders = NULL;

  if (g_strcmp0 (canonical, *last) == 0)
    return;
  folders = read_list (self, name);
  if (!g_str_equal (canonical, self->pictures) && add_once (folders, canonical))
    write_list (self, name, folders);
  g_free (*last);
  *last = g_steal_pointer (&canonical);
}

GPtrArray *
_eshi_store_list_folders (EshiStore *self)
{
  GPtrArray *folders = read_list (self, SAVED_NAME);

  g_ptr_array_insert (folders, 0, g_strdup (self->pictures));

  return folders;
}

void
_eshi_store_remember_folder (EshiStore  *self,
                             const char *folder)
{
  remember (self, SAVED_NAME, folder, &self->remembered);
}

GPtrArray *
_eshi_store_list_imports (EshiStore *self)
{
  return read_list (self, IMPORTED_NAME);
}

void
_eshi_store_remember_import (EshiStore  *self,
                             const char *folder)
{
  remember (self, IMPORTED_NAME, folder, &self->remembered_import);
}

static gboolean
is_picture (const char *name)
{
  const char *dot = strrchr (name, '.');
  EshiPictureFormat format;

  return dot != NULL && eshi_picture_format_from_name (dot + 1, &format);
}

/* Moves the paths of @from to @to, in their order. */
static void
append_sorted (GPtrArray *to,
               GPtrArray *from)
{
  g_ptr_array_sort (from, _eshi_store_compare_paths);
  g_ptr_array_extend_and_steal (to, g_ptr_array_ref (from));
}

gboolean
_eshi_store_list_entries (const char  *folder,
                          GPtrArray   *files,
                          GPtrArray   *folders,
                          GError     **error)
{
  g_autofree char *shown = g_filename_display_name (folder);
  g_autoptr(GPtrArray) here = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GPtrArray) below = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) local_error = NULL;
  g_autoptr(GDir) dir = g_dir_open (folder, 0, &local_error);
  const char *name = NULL;

  if (dir == NULL)
    {
      g_set_error (error, local_error->domain, local_error->code,
                   _("The folder “%s” cannot be read; see whether it exists and you may open it."), shown);
      return FALSE;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (*name == '.')
        continue;
      if (g_file_test (path, G_FILE_TEST_IS_REGULAR) && is_picture (name))
        g_ptr_array_add (here, g_steal_pointer (&path));
      else if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        g_ptr_array_add (below, g_steal_pointer (&path));
    }
  append_sorted (files, here);
  append_sorted (folders, below);

  return TRUE;
}
