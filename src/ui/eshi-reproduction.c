/* eshi-reproduction.c: words about a picture that was painted again: the same, or why it may not be.
 *
 * Names only what both pictures are known to have been made with; what is not recorded it names as that.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-reproduction.h"

#include <glib/gi18n-lib.h>

const char *
eshi_reproduction_get_mark (const EshiHistoryPicture *picture)
{
  g_return_val_if_fail (picture != NULL, NULL);

  if (picture->relation == ESHI_RELATION_REPRODUCED)
    return "✓";
  if (picture->relation == ESHI_RELATION_CHANGED)
    return _("No, it came out differently");
  return NULL;
}

/* Notes that @name differs, where both values are known. */
static void
add_difference (GPtrArray  *differences,
                const char *name,
                const char *before,
                const char *after)
{
  if (before != NULL && after != NULL && g_strcmp0 (before, after) != 0)
    g_ptr_array_add (differences, g_strdup_printf ("%s %s → %s", name, before, after));
}

/* (transfer full) (nullable): what differs in how they were made, with commas between; %NULL for nothing. */
static char *
list_differences (const EshiHistoryPicture *before,
                  const EshiHistoryPicture *after)
{
  g_autoptr(GPtrArray) differences = g_ptr_array_new_with_free_func (g_free);
  gboolean changed = after->settings->vae_f32 != before->settings->vae_f32;

  add_difference (differences, _("Model"), before->model_name, after->model_name);
  add_difference (differences, _("Model hash"), before->model_hash, after->model_hash);
  add_difference (differences, _("Device"), before->backend, after->backend);
  add_difference (differences, _("Kind of noise"), eshi_rng_kind_get_name (before->settings->rng),
                  eshi_rng_kind_get_name (after->settings->rng));
  add_difference (differences, _("VAE"), before->settings->vae, after->settings->vae);
  if (changed)
    add_difference (differences, _("Precision of the VAE"), before->settings->vae_f32 ? "f32" : "auto",
                    after->settings->vae_f32 ? "f32" : "auto");
  if (differences->len == 0)
    return NULL;
  g_ptr_array_add (differences, NULL);
  return g_strjoinv (", ", (char **) differences->pdata);
}

char *
eshi_reproduction_dup_words (const EshiHistoryPicture *before,
                             const EshiHistoryPicture *after)
{
  g_autofree char *list = NULL;

  g_return_val_if_fail (after != NULL, NULL);

  if (after->relation == ESHI_RELATION_REPRODUCED)
    return g_strdup (_("Reproduced ✓ It is the same picture"));
  if (after->relation != ESHI_RELATION_CHANGED)
    return NULL;
  list = before != NULL ? list_differences (before, after) : NULL;
  if (list != NULL)
    /* Translators: %s is a list such as "Device cpu → cuda" */
    return g_strdup_printf (_("It is not the same picture. It was made otherwise: %s"), list);
  return g_strdup (_("It is not the same picture. Nothing that is recorded differs; another version of the program, "
                     "number type or processor may be why"));
}
