/* eshi-emphasis.c: see eshi-emphasis.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-emphasis.h"

static const struct
{
  const char *name;
  const char *label;
} kinds[] = {
  [ESHI_EMPHASIS_ORIGINAL] = { "original", "Original" },
  [ESHI_EMPHASIS_NO_NORM] = { "no-norm", "No norm" },
  [ESHI_EMPHASIS_IGNORE] = { "ignore", "Ignore" },
  [ESHI_EMPHASIS_OFF] = { "off", "None" },
};

const char *
eshi_emphasis_get_name (EshiEmphasis emphasis)
{
  return (guint) emphasis < G_N_ELEMENTS (kinds) ? kinds[emphasis].name : NULL;
}

const char *
eshi_emphasis_get_label (EshiEmphasis emphasis)
{
  return (guint) emphasis < G_N_ELEMENTS (kinds) ? kinds[emphasis].label : NULL;
}

gboolean
eshi_emphasis_from_name (const char   *name,
                         EshiEmphasis *emphasis)
{
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (kinds); i++)
    if (g_ascii_strcasecmp (name, kinds[i].name) == 0 || g_ascii_strcasecmp (name, kinds[i].label) == 0)
      {
        *emphasis = (EshiEmphasis) i;
        return TRUE;
      }
  return FALSE;
}
