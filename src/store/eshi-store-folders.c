/* eshi-store-folders.c: the folders that pictures were saved in, for a history that has lost its database.
 *
 * A text file beside the database, with the URI of a folder in each line: a damaged database cannot tell, and the settings
 * know the newest folder only. Nothing but a rebuilt history reads it; a folder that is gone stays in it, since its disk
 * may come back.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-store-private.h"

#define FILE_NAME "picture-folders"
#define MAX_FOLDERS 1000

static char *
dup_path (EshiStore *self)
{
  return g_build_filename (self->data, FILE_NAME, NULL);
}

static gboolean
add_once (GPtrArray  *folders,
          const char *folder)
{
  if (g_ptr_array_find_with_equal_func (folders, folder, g_str_equal, NULL))
    return FALSE;
  g_ptr_array_add (folders, g_strdup (folder));

  return TRUE;
}

GPtrArray *
_eshi_store_list_folders (EshiStore *self)
{
  g_autofree char *path = dup_path (self);
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (folders, g_strdup (self->pictures));
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

void
_eshi_store_remember_folder (EshiStore  *self,
                             const char *folder)
{
  g_autofree char *canonical = g_canonicalize_filename (folder, NULL);
  g_autofree char *path = dup_path (self);
  g_autoptr(GPtrArray) folders = NULL;
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  if (g_strcmp0 (canonical, self->remembered) == 0)
    return;
  folders = _eshi_store_list_folders (self);
  if (add_once (folders, canonical))
    {
      /* The first is the history's own. */
      for (guint i = 1; i < folders->len; i++)
        {
          g_autofree char *uri = g_filename_to_uri (folders->pdata[i], NULL, NULL);

          g_string_append_printf (text, "%s\n", uri);
        }
      if (!g_file_set_contents (path, text->str, (gssize) text->len, &error))
        g_message ("The folder of pictures was not noted: %s", error->message);
    }
  g_free (self->remembered);
  self->remembered = g_steal_pointer (&canonical);
}
