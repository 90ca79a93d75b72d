/* eshi-other-program.c: finds another program's models where its users keep them.
 *
 * Reads names alone, and writes nothing into the other program's folder.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-other-program.h"

#include <glib/gstdio.h>
#include <libeshi-engine.h>
#include <unistd.h>

/* Relative to the program's folder: AUTOMATIC1111 and Forge, ComfyUI, InvokeAI. */
static const char *const model_folders[] = { "models/Stable-diffusion", "models/checkpoints", "models/sd-1/main" };

/* Where something lies there, and where it belongs below our own folder of data. */
static const struct { const char *there, *here; } extras[] = {
  { "models/Lora", "models/loras" },
  { "models/loras", "models/loras" },
  { "models/sd-1/lora", "models/loras" },
  { "embeddings", "embeddings" },
  { "models/embeddings", "embeddings" },
  { "models/sd-1/embedding", "embeddings" },
  { "models/VAE", "vae" },
  { "models/vae", "vae" },
  { "models/sd-1/vae", "vae" },
};

static gboolean
is_weights (const char *name)
{
  return *name != '.' && (g_str_has_suffix (name, ".safetensors") || g_str_has_suffix (name, ".pt") ||
                          g_str_has_suffix (name, ".ckpt") || g_str_has_suffix (name, ".bin"));
}

/* Returns: how many files of the folder @there are new in @here */
static guint
link_all (const char *there,
          const char *here)
{
  g_autoptr(GDir) dir = g_dir_open (there, 0, NULL);
  const char *name;
  guint n_linked = 0;

  if (dir == NULL || g_mkdir_with_parents (here, 0700) != 0)
    return 0;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *source = g_build_filename (there, name, NULL);
      g_autofree char *target = g_build_filename (here, name, NULL);

      if (is_weights (name) && g_file_test (source, G_FILE_TEST_IS_REGULAR) && symlink (source, target) == 0)
        n_linked++;
    }
  return n_linked;
}

static guint
add_extras (const char *folder)
{
  guint n_linked = 0;

  for (guint i = 0; i < G_N_ELEMENTS (extras); i++)
    {
      g_autofree char *there = g_build_filename (folder, extras[i].there, NULL);
      g_autofree char *here = g_build_filename (g_get_user_data_dir (), "eshi", extras[i].here, NULL);

      n_linked += link_all (there, here);
    }
  return n_linked;
}

gboolean
eshi_other_program_add (const char  *folder,
                        guint       *n_extras,
                        GError     **error)
{
  g_autofree char *whole = NULL;
  gboolean known = FALSE;

  g_return_val_if_fail (folder != NULL, FALSE);
  g_return_val_if_fail (n_extras != NULL, FALSE);

  whole = g_canonicalize_filename (folder, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (model_folders); i++)
    {
      g_autofree char *path = g_build_filename (whole, model_folders[i], NULL);

      if (!g_file_test (path, G_FILE_TEST_IS_DIR))
        continue;
      known = TRUE;
      if (!eshi_model_folders_add (path, error))
        return FALSE;
    }
  *n_extras = add_extras (whole);
  return known || eshi_model_folders_add (whole, error);
}
