/* eshi-vae-folder.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-vae-folder.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-error.h"

/* What a name may lack. */
static const char *const endings[] = { "", ".safetensors", ".ckpt", ".pt", ".vae.safetensors", ".vae.pt" };

static char *
get_folder (void)
{
  return g_build_filename (g_get_user_data_dir (), "eshi", "vae", NULL);
}

/* (transfer full) (nullable): the name of what is called @file in @folder; NULL where it is no VAE. */
static char *
name_from_file (const char *folder,
                const char *file)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  gsize n_bytes = 0;

  if (*file == '.' || !g_utf8_validate (file, -1, NULL))
    return NULL;
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return g_strdup (file);
  /* The longest ending there is, since ".vae.pt" ends with ".pt" as well. */
  for (guint i = 1; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (file, endings[i]))
      n_bytes = MAX (n_bytes, strlen (endings[i]));

  return n_bytes > 0 && n_bytes < strlen (file) ? g_strndup (file, strlen (file) - n_bytes) : NULL;
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
eshi_vae_folder_list (void)
{
  g_autofree char *folder = get_folder ();
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *file = NULL;

  while (dir != NULL && (file = g_dir_read_name (dir)) != NULL)
    {
      char *name = name_from_file (folder, file);

      if (name != NULL && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
        g_ptr_array_add (names, name);
      else
        g_free (name);
    }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (names, FALSE);
}

char *
eshi_vae_folder_find (const char  *name,
                      GError     **error)
{
  g_autofree char *folder = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *valid = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  if (strchr (name, G_DIR_SEPARATOR) != NULL)
    return g_strdup (name);

  folder = get_folder ();
  for (guint i = 0; *name != '\0' && *name != '.' && i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *file = g_strconcat (name, endings[i], NULL);
      g_autofree char *path = g_build_filename (folder, file, NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }

  shown = g_filename_display_name (folder);
  valid = g_utf8_make_valid (name, -1);
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
               /* Translators: the second %s is a folder. */
               _("There is no VAE called “%s” in the folder “%s”; put it there, or give its path."), valid, shown);
  return NULL;
}
