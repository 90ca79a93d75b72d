/* eshi-switch.c: the names of the three positions. What "auto" comes to is decided where the model is known.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-switch.h"

static const char *const names[] = { "auto", "off", "on" };

const char *
eshi_switch_get_name (EshiSwitch self)
{
  return (guint) self < G_N_ELEMENTS (names) ? names[self] : NULL;
}

gboolean
eshi_switch_from_name (const char *name,
                       EshiSwitch *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (name, names[i]) == 0)
      {
        *self = (EshiSwitch) i;
        return TRUE;
      }

  return FALSE;
}
