/* eshi-taesd-folder.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-taesd-folder.h"

#include <string.h>

#define PREFIX "taesd"

static const char *const endings[] = { ".safetensors", ".pth", ".pt", ".bin" };

/* Whether @name, in small letters, is not that of an encoder or of a decoder for other models. */
static gboolean
is_for_us (const char *name)
{
  static const char *const others[] = { "taesdxl", "taesd3", "taef1" };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (g_str_has_prefix (name, others[i]))
      return FALSE;
  return strstr (name, "encoder") == NULL;
}

/* How soon the file @path is tried, from 1; 0 where its ending says that it is none. */
static guint
rank_of_ending (const char *path)
{
  g_autofree char *small = g_ascii_strdown (path, -1);

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (small, endings[i]))
      return i + 1;
  return 0;
}

static gboolean
is_diffusers_folder (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *file = g_strconcat (path, G_DIR_SEPARATOR_S, "diffusion_pytorch_model", endings[i], NULL);

      if (g_file_test (file, G_FILE_TEST_IS_REGULAR))
        return TRUE;
    }
  return FALSE;
}

/* How soon @name in @folder is tried; 0 for never. */
static guint
rank_of (const char *folder,
         const char *name,
         gboolean    any_name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *small = g_ascii_strdown (name, -1);

  if (!is_for_us (small) || (!any_name && !g_str_has_prefix (small, PREFIX)))
    return 0;
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return is_diffusers_folder (path) ? G_N_ELEMENTS (endings) + 1 : 0;
  return rank_of_ending (small);
}

/* (transfer full) (nullable): what is tried first in @folder; of two that are tried as soon, the one whose name sorts first. */
static char *
find_in (const char *folder,
         gboolean    any_name)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  g_autofree char *best = NULL;
  guint best_rank = G_MAXUINT;
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      guint rank = rank_of (folder, name, any_name);

      if (rank == 0 || rank > best_rank || (rank == best_rank && strcmp (name, best) > 0))
        continue;
      g_free (best);
      best = g_strdup (name);
      best_rank = rank;
    }

  return best != NULL ? g_build_filename (folder, best, NULL) : NULL;
}

char *
_eshi_taesd_folder_find (const char *model)
{
  g_autofree char *beside = NULL;
  g_autofree char *data = g_build_filename (g_get_user_data_dir (), "eshi", "taesd", NULL);
  char *path = NULL;

  g_return_val_if_fail (model != NULL, NULL);

  beside = g_path_get_dirname (model);
  if (g_file_test (model, G_FILE_TEST_IS_DIR))
    path = find_in (model, FALSE);
  if (path == NULL)
    path = find_in (beside, FALSE);
  if (path == NULL && is_diffusers_folder (data))
    return g_steal_pointer (&data);
  return path != NULL ? path : find_in (data, TRUE);
}
