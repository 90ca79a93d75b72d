/* eshi-gallery-sheet.c: the selected pictures of the gallery on one page, for others to look at.
 *
 * All that are selected are on it, also those that were never in view. The pictures themselves are not touched.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-gallery-private.h"

#include <glib/gi18n-lib.h>

static void
on_loaded_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(EshiGallery) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) pictures = eshi_history_load_finish (ESHI_HISTORY (source), result, &error);

  if (pictures == NULL)
    _eshi_gallery_fail (self, _("The Contact Sheet Was Not Made"), error);
  else if (gtk_widget_get_root (GTK_WIDGET (self)) != NULL)
    _eshi_gallery_choose_export (self, eshi_export_new_sheet (g_steal_pointer (&pictures)));
}

static void
contact_sheet_action (GSimpleAction *action,
                      GVariant      *parameter,
                      gpointer       user_data)
{
  EshiGallery *self = ESHI_GALLERY (user_data);
  g_autoptr(GArray) ids = _eshi_gallery_dup_targets (self);

  if (ids->len > 0)
    eshi_history_load_async (self->history, (const gint64 *) (gpointer) ids->data, ids->len, self->cancellable,
                             on_loaded_cb, g_object_ref (self));
}

static const GActionEntry entries[] = {
  { "contact-sheet", contact_sheet_action },
};

void
_eshi_gallery_add_sheet (EshiGallery *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
}
