/* eshi-preview-kind.c: the names of the kinds. Who makes previews of a kind is not known here.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-preview-kind.h"

static const char *const names[] = { "auto", "taesd", "vae", "rgb" };

const char *
eshi_preview_kind_get_name (EshiPreviewKind self)
{
  return (guint) self < G_N_ELEMENTS (names) ? names[self] : NULL;
}

gboolean
eshi_preview_kind_from_name (const char      *name,
                             EshiPreviewKind *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (name, names[i]) == 0)
      {
        *self = (EshiPreviewKind) i;
        return TRUE;
      }

  return FALSE;
}
