/* eshi-vae-tiling.c: names of the ways.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-vae-tiling.h"

static const char *const names[] = {
  [ESHI_VAE_TILING_AUTO] = "auto",
  [ESHI_VAE_TILING_OFF] = "off",
  [ESHI_VAE_TILING_ON] = "on",
};

const char *
eshi_vae_tiling_get_name (EshiVaeTiling tiling)
{
  return (guint) tiling < G_N_ELEMENTS (names) ? names[tiling] : NULL;
}

gboolean
eshi_vae_tiling_from_name (const char    *name,
                           EshiVaeTiling *tiling)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (name, names[i]) == 0)
      {
        *tiling = (EshiVaeTiling) i;
        return TRUE;
      }

  return FALSE;
}
