/* eshi-gallery-trash.c: takes pictures away and brings them back.
 *
 * Everything but emptying the trash is undone instead of confirmed, for any number of pictures at once, and as often
 * as it was done.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-gallery-private.h"

#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

#define UNDO_SECONDS 10
#define MAX_UNDO 100

typedef enum
{
  DEED_TRASHED,
  DEED_RESTORED,
  DEED_MARKED,
} DeedKind;

/* Something that was done, and to which pictures. */
typedef struct
{
  DeedKind kind;
  GArray *ids;         /* of pictures in or out of the trash; NULL for marks */
  GPtrArray *marks;    /* of EshiMark: what sets them back; NULL for the trash */
} Deed;

static void
deed_free (Deed *deed)
{
  g_clear_pointer (&deed->ids, g_array_unref);
  g_clear_pointer (&deed->marks, g_ptr_array_unref);
  g_free (deed);
}

static void
note (EshiGallery *self,
      DeedKind     kind,
      GArray      *ids,
      GPtrArray   *marks)
{
  Deed *deed = g_new0 (Deed, 1);

  deed->kind = kind;
  deed->ids = ids != NULL ? g_array_copy (ids) : NULL;
  deed->marks = marks;
  if (self->undo == NULL)
    self->undo = g_ptr_array_new_with_free_func ((GDestroyNotify) deed_free);
  g_ptr_array_add (self->undo, deed);
  if (self->undo->len > MAX_UNDO)
    g_ptr_array_remove_index (self->undo, 0);
}

void
_eshi_gallery_note_marks (EshiGallery *self,
                          GPtrArray   *marks)
{
  note (self, DEED_MARKED, NULL, marks);
  _eshi_gallery_update_actions (self);
}

void
_eshi_gallery_offer_undo (EshiGallery *self,
                          const char  *text)
{
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_button_label (toast, _("Undo"));
  adw_toast_set_action_name (toast, "gallery.undo");
  adw_toast_set_timeout (toast, UNDO_SECONDS);
  _eshi_gallery_show_toast (self, toast);
  eshi_test_log ("TOAST %s", text);
}

/* Which call of the history is awaited, and for what. */
typedef struct
{
  EshiGallery *gallery;
  GArray *ids;
  DeedKind kind;
  gboolean undoing;   /* it is not noted again */
} Call;

static Call *
call_new (EshiGallery  *self,
          const GArray *ids,
          DeedKind      kind,
          gboolean      undoing)
{
  Call *call = g_new0 (Call, 1);

  call->gallery = g_object_ref (self);
  call->ids = g_array_copy ((GArray *) ids);
  call->kind = kind;
  call->undoing = undoing;
  return call;
}

static void
call_free (Call *call)
{
  g_object_unref (call->gallery);
  g_array_unref (call->ids);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
say_done (const Call *call)
{
  gulong n = call->ids->len;
  g_autofree char *text = NULL;

  if (call->kind == DEED_TRASHED)
    text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%lu picture moved to the trash",
                                         "%lu pictures moved to the trash", n),
                            n);
  else if (call->kind == DEED_RESTORED)
    text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%lu picture restored", "%lu pictures restored", n), n);
  else
    return;
  if (call->undoing)
    _eshi_gallery_toast (call->gallery, text);
  else
    _eshi_gallery_offer_undo (call->gallery, text);
}

static void
on_done_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(Call) call = user_data;
  g_autoptr(GError) error = NULL;

  if (!eshi_history_finish (ESHI_HISTORY (source), result, &error))
    {
      _eshi_gallery_fail (call->gallery, _("The Pictures Stayed as They Were"), error);
      return;
    }
  if (!call->undoing)
    note (call->gallery, call->kind, call->ids, NULL);
  say_done (call);
  _eshi_gallery_update_actions (call->gallery);
  eshi_test_log ("%s %u", call->kind == DEED_TRASHED ? "TRASHED" : "RESTORED", call->ids->len);
}

static const gint64 *
numbers (const GArray *ids)
{
  return (const gint64 *) (gpointer) ids->data;
}

static void
move_to_trash (EshiGallery  *self,
               const GArray *ids,
               gboolean      undoing)
{
  eshi_history_trash_async (self->history, numbers (ids), ids->len, on_done_cb,
                            call_new (self, ids, DEED_TRASHED, undoing));
}

static void
bring_back (EshiGallery  *self,
            const GArray *ids,
            gboolean      undoing)
{
  eshi_history_restore_async (self->history, numbers (ids), ids->len, on_done_cb,
                              call_new (self, ids, DEED_RESTORED, undoing));
}

/* The list is about to lose its targets: remember where the first of them was. */
static void
remember_place (EshiGallery  *self,
                const GArray *ids)
{
  guint position;

  if (ids->len > 0 && eshi_history_model_find (self->model, numbers (ids)[0], &position))
    self->select_after = position;
}

void
_eshi_gallery_trash (EshiGallery *self)
{
  g_autoptr(GArray) ids = _eshi_gallery_dup_targets (self);

  if (ids->len == 0 || _eshi_gallery_get_flag (self, "show-trash"))
    return;
  remember_place (self, ids);
  move_to_trash (self, ids, FALSE);
}

void
_eshi_gallery_restore (EshiGallery *self)
{
  g_autoptr(GArray) ids = _eshi_gallery_dup_targets (self);

  if (ids->len == 0 || !_eshi_gallery_get_flag (self, "show-trash"))
    return;
  remember_place (self, ids);
  bring_back (self, ids, FALSE);
}

void
_eshi_gallery_undo (EshiGallery *self)
{
  Deed *deed;

  if (self->undo == NULL || self->undo->len == 0)
    return;
  _eshi_gallery_show_toast (self, NULL);
  deed = g_ptr_array_steal_index (self->undo, self->undo->len - 1);
  if (deed->kind == DEED_TRASHED)
    {
      self->returned = numbers (deed->ids)[0];
      bring_back (self, deed->ids, TRUE);
    }
  else if (deed->kind == DEED_RESTORED)
    move_to_trash (self, deed->ids, TRUE);
  else
    _eshi_gallery_set_back (self, deed->marks);
  deed_free (deed);
  _eshi_gallery_update_actions (self);
}

/* --- emptying ---------------------------------------------------------------------------------------------------- */

static void
on_emptied_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(EshiGallery) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!eshi_history_finish (ESHI_HISTORY (source), result, &error))
    {
      _eshi_gallery_fail (self, _("The Trash Was Not Emptied"), error);
      return;
    }
  g_clear_pointer (&self->undo, g_ptr_array_unref);
  _eshi_gallery_update_actions (self);
  _eshi_gallery_toast (self, _("Trash emptied"));
}

static void
on_empty_response_cb (EshiGallery *self,
                      const char  *response)
{
  g_assert (ESHI_IS_GALLERY (self));

  if (g_strcmp0 (response, "empty") == 0)
    eshi_history_purge_async (self->history, G_MAXINT64, on_emptied_cb, g_object_ref (self));
}

void
_eshi_gallery_empty_trash (EshiGallery *self)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                                              _("Empty the Trash?"), NULL);
  AdwMessageDialog *message = ADW_MESSAGE_DIALOG (dialog);

  adw_message_dialog_set_body (message, _("The pictures in it and their files will be deleted. This cannot be undone."));
  adw_message_dialog_add_responses (message, "cancel", _("_Cancel"), "empty", _("_Empty Trash"), NULL);
  adw_message_dialog_set_response_appearance (message, "empty", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (message, "cancel");
  adw_message_dialog_set_close_response (message, "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_empty_response_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}
