/* eshi-export-dialog.c: asks where copies of pictures shall go, and writes them there.
 *
 * Says nothing of how it went: whoever asked does.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-export-dialog.h"

#include "eshi-test-log.h"

static void show_chooser (GTask *task);

static void
export_in_thread (GTask        *task,
                  gpointer      source,
                  gpointer      task_data,
                  GCancellable *cancellable)
{
  GError *error = NULL;

  if (eshi_export_run (task_data, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_response_cb (GtkFileChooserNative *chooser,
                int                   response,
                gpointer              user_data)
{
  g_autoptr(GTask) task = G_TASK (user_data);
  EshiExport *self = g_task_get_task_data (task);

  g_signal_handlers_disconnect_by_func (chooser, on_response_cb, task);
  if (response != GTK_RESPONSE_ACCEPT || !eshi_export_take_choices (self, GTK_FILE_CHOOSER (chooser)))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "no place was chosen");
  else if (eshi_export_is_misnamed (self))
    show_chooser (task);
  else
    g_task_run_in_thread (task, export_in_thread);
  g_object_unref (chooser);
}

/* The chooser, and with it a reference to @task, lives until it is answered. */
static void
show_chooser (GTask *task)
{
  GtkFileChooserNative *chooser = eshi_export_create_chooser (g_task_get_task_data (task), g_task_get_source_object (task));

  g_signal_connect (chooser, "response", G_CALLBACK (on_response_cb), g_object_ref (task));
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
  eshi_test_log ("EXPORT_DIALOG");
}

void
eshi_export_dialog_show (EshiExport          *self,
                         GtkWindow           *parent,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (parent, cancellable, callback, user_data);

  g_task_set_source_tag (task, eshi_export_dialog_show);
  g_task_set_task_data (task, self, (GDestroyNotify) eshi_export_free);
  show_chooser (task);
}

gboolean
eshi_export_dialog_finish (GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, eshi_export_dialog_show), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
