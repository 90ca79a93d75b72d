/* eshi-vae-folder.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-vae-folder.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-error.h"

char *
eshi_vae_folder_find (const char  *name,
                      GError     **error)
{
  static const char *const endings[] = { "", ".safetensors", ".ckpt", ".pt", ".vae.safetensors", ".vae.pt" };
  g_autofree char *folder = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *valid = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  if (strchr (name, G_DIR_SEPARATOR) != NULL)
    return g_strdup (name);

  folder = g_build_filename (g_get_user_data_dir (), "eshi", "vae", NULL);
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
