/* eshi-precision.c: precisions by name.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "eshi-precision.h"

gboolean
_eshi_precision_from_name (const char     *name,
                           EshiPrecision  *precision,
                           GError        **error)
{
  static const char *names[] = {
    [ESHI_PRECISION_AUTO] = "auto",
    [ESHI_PRECISION_F32] = "f32",
    [ESHI_PRECISION_HALF] = "half",
  };
  g_autofree char *valid = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (name != NULL ? name : "auto", names[i]) == 0)
      {
        *precision = i;
        return TRUE;
      }

  valid = g_utf8_make_valid (name, -1);
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("There is no precision called “%s”; choose “auto”, “f32” or “half”."), valid);

  return FALSE;
}
