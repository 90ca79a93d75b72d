/* eshi-gallery-files.c: the gallery's files in other programs' hands: dragged out, copied, exported.
 *
 * A file is given away as it is, with the settings in it. Nothing is moved, and no file is overwritten without the
 * file chooser having asked.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-gallery-private.h"

#include "eshi-export-dialog.h"
#include "eshi-picture.h"
#include "eshi-test-log.h"

#include <eshi-picture-file.h>
#include <glib/gi18n-lib.h>

#define MAX_DRAGGED 500

static void
add_file (GPtrArray       *files,
          EshiHistoryItem *item)
{
  const EshiHistoryPicture *picture = eshi_history_item_get_picture (item);

  if (picture != NULL && !picture->missing)
    g_ptr_array_add (files, g_file_new_for_path (picture->path));
}

/* Files of the selected pictures as far as they are known: those that were ever in sight. (transfer full) */
static GPtrArray *
dup_selected_files (EshiGallery *self)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GtkBitset) places = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  GtkBitsetIter iter;
  guint position;

  for (gboolean there = gtk_bitset_iter_init_first (&iter, places, &position); there && files->len < MAX_DRAGGED;
       there = gtk_bitset_iter_next (&iter, &position))
    {
      g_autoptr(EshiHistoryItem) item = g_list_model_get_item (G_LIST_MODEL (self->model), position);

      add_file (files, item);
    }
  return files;
}

/* Files of what actions are for: the selected pictures, or the one that is shown large. (transfer full) */
static GPtrArray *
dup_target_files (EshiGallery *self)
{
  g_autoptr(EshiHistoryItem) item = NULL;
  GPtrArray *files;

  if (!_eshi_gallery_shows_large (self))
    return dup_selected_files (self);
  files = g_ptr_array_new_with_free_func (g_object_unref);
  item = _eshi_gallery_ref_target (self);
  if (item != NULL)
    add_file (files, item);
  return files;
}

static GdkContentProvider *
provide (GPtrArray *files)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, GDK_TYPE_FILE_LIST);
  g_value_take_boxed (&value, gdk_file_list_new_from_array ((GFile **) files->pdata, files->len));
  return gdk_content_provider_new_for_value (&value);
}

GdkContentProvider *
_eshi_gallery_provide_files (EshiGallery     *self,
                             EshiHistoryItem *item)
{
  g_autoptr(GPtrArray) files = NULL;
  guint position;

  if (item == NULL)
    return NULL;
  /* A picture that is dragged without being selected goes alone. */
  if (eshi_history_model_find (self->model, eshi_history_item_get_id (item), &position) &&
      gtk_selection_model_is_selected (GTK_SELECTION_MODEL (self->selection), position))
    {
      files = dup_selected_files (self);
    }
  else
    {
      files = g_ptr_array_new_with_free_func (g_object_unref);
      add_file (files, item);
    }
  return files->len > 0 ? provide (files) : NULL;
}

/* --- copying ----------------------------------------------------------------------------------------------------- */

static void
read_texture_in_thread (GTask        *task,
                        gpointer      source,
                        gpointer      task_data,
                        GCancellable *cancellable)
{
  GPtrArray *files = task_data;
  GError *error = NULL;
  g_autoptr(EshiImage) image = eshi_picture_file_load_image (g_file_peek_path (g_ptr_array_index (files, 0)), &error);

  if (image == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, eshi_picture_make_texture (image), g_object_unref);
}

static void
on_texture_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  EshiGallery *self = ESHI_GALLERY (source);
  g_autoptr(GError) error = NULL;
  g_autoptr(GdkTexture) texture = g_task_propagate_pointer (G_TASK (result), &error);
  GdkContentProvider *both[2];
  g_autoptr(GdkContentProvider) provider = NULL;

  if (texture == NULL)
    {
      _eshi_gallery_fail (self, _("The Picture Was Not Copied"), error);
      return;
    }
  both[0] = gdk_content_provider_new_typed (GDK_TYPE_TEXTURE, texture);
  both[1] = provide (g_task_get_task_data (G_TASK (result)));
  provider = gdk_content_provider_new_union (both, G_N_ELEMENTS (both));
  gdk_clipboard_set_content (gtk_widget_get_clipboard (GTK_WIDGET (self)), provider);
  _eshi_gallery_toast (self, _("Picture copied"));
}

void
_eshi_gallery_copy (EshiGallery *self)
{
  g_autoptr(GPtrArray) files = dup_target_files (self);
  g_autoptr(GTask) task = NULL;

  if (files->len == 0)
    {
      _eshi_gallery_toast (self, _("The file is missing; paint the picture again to get it back"));
      return;
    }
  /* Programs that take pictures get the first one, and those that take files all of them. */
  task = g_task_new (self, self->cancellable, on_texture_cb, NULL);
  g_task_set_source_tag (task, _eshi_gallery_copy);
  g_task_set_task_data (task, g_steal_pointer (&files), (GDestroyNotify) g_ptr_array_unref);
  g_task_run_in_thread (task, read_texture_in_thread);
}

/* --- exporting --------------------------------------------------------------------------------------------------- */

static void
on_exported_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(EshiGallery) self = ESHI_GALLERY (user_data);
  g_autoptr(GError) error = NULL;

  if (eshi_export_dialog_finish (result, &error))
    {
      eshi_test_log ("EXPORTED");
      _eshi_gallery_toast (self, _("Saved"));
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      _eshi_gallery_fail (self, _("The Picture Was Not Exported"), error);
    }
}

void
_eshi_gallery_choose_export (EshiGallery *self,
                             EshiExport  *export)
{
  eshi_export_dialog_show (export, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), self->cancellable, on_exported_cb,
                           g_object_ref (self));
}

void
_eshi_gallery_export (EshiGallery *self)
{
  g_autoptr(GPtrArray) files = dup_target_files (self);

  if (files->len == 0)
    {
      _eshi_gallery_toast (self, _("The file is missing; paint the picture again to get it back"));
      return;
    }
  _eshi_gallery_choose_export (self, eshi_export_new (g_steal_pointer (&files), NULL));
}
