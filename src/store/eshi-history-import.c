/* eshi-history-import.c: pictures of other folders and programs, taken into the history.
 *
 * One folder after the other is listed on a thread of the pool, and its files are handed to the history's thread some
 * at a time. Nothing is kept but the names of one folder and of those that are still to be listed.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "eshi-history-import.h"
#include "eshi-history-private.h"

/* Files between two answers of the history's thread: about a tenth of a second of its time. */
#define N_AT_ONCE 32

typedef struct
{
  char           *root;    /* where it began */
  GQueue          folders; /* paths, owned */
  GQueue          files;   /* the same */
  EshiImportCount count;
  EshiImportFunc  func;
  gpointer        func_data;
} Walk;

static void step (GTask *task);

static void
walk_free (gpointer data)
{
  Walk *self = data;

  g_free (self->root);
  g_queue_clear_full (&self->folders, g_free);
  g_queue_clear_full (&self->files, g_free);
  g_free (self);
}

static void
tell (Walk       *self,
      const char *complaint)
{
  if (self->func != NULL)
    self->func (&self->count, complaint, self->func_data);
}

/* --- files, on the history's thread ------------------------------------------------------------------------------- */

typedef struct
{
  EshiImportCount count;
  GPtrArray      *complaints; /* of sentences */
} Batch;

static void
batch_free (gpointer data)
{
  Batch *self = data;

  g_ptr_array_unref (self->complaints);
  g_free (self);
}

/* Each file is recorded by itself, so that what comes after it cannot undo it. */
static void
import_file (Batch      *self,
             EshiStore  *store,
             const char *path)
{
  g_autofree char *shown = g_filename_display_name (path);
  g_autoptr(GError) error = NULL;
  gboolean added = FALSE;

  if (_eshi_db_begin (store->db, &error) &&
      _eshi_db_end (store->db, _eshi_store_adopt (store, path, TRUE, &added, &error), &error))
    {
      self->count.n_added += added ? 1 : 0;
      self->count.n_known += added ? 0 : 1;
      return;
    }

  self->count.n_failed++;
  g_ptr_array_add (self->complaints, g_strdup_printf (_("“%s” was left out: %s"), shown, error->message));
}

static void
work_import (EshiStore       *store,
             EshiHistoryArgs *args,
             GTask           *task)
{
  Batch *batch = g_new0 (Batch, 1);

  batch->complaints = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; args->paths[i] != NULL; i++)
    import_file (batch, store, args->paths[i]);
  if (batch->count.n_added > 0)
    _eshi_store_remember_import (store, args->text);
  _eshi_history_answer_pointer (task, batch, batch_free, NULL);
}

static void
take_batch (Walk        *self,
            const Batch *batch)
{
  self->count.n_added += batch->count.n_added;
  self->count.n_known += batch->count.n_known;
  self->count.n_failed += batch->count.n_failed;
  for (guint i = 0; i < batch->complaints->len; i++)
    tell (self, batch->complaints->pdata[i]);
  tell (self, NULL);
}

static void
on_imported_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  GTask *task = G_TASK (user_data);
  GError *error = NULL;
  Batch *batch = _eshi_history_finish_pointer (ESHI_HISTORY (source), result, &error);

  if (batch == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  take_batch (g_task_get_task_data (task), batch);
  batch_free (batch);
  step (task);
}

static void
import_some (GTask *task)
{
  Walk *walk = g_task_get_task_data (task);
  EshiHistoryArgs *args = g_new0 (EshiHistoryArgs, 1);
  g_autoptr(GStrvBuilder) paths = g_strv_builder_new ();

  for (guint i = 0; i < N_AT_ONCE && !g_queue_is_empty (&walk->files); i++)
    {
      g_autofree char *path = g_queue_pop_head (&walk->files);

      g_strv_builder_add (paths, path);
    }
  args->paths = g_strv_builder_end (paths);
  args->text = g_strdup (walk->root);
  _eshi_history_submit (ESHI_HISTORY (g_task_get_source_object (task)), work_import, TRUE, args, NULL, on_imported_cb,
                        task);
}

/* --- folders, on a thread of the pool ----------------------------------------------------------------------------- */

typedef struct
{
  GPtrArray *files;
  GPtrArray *folders;
} Listing;

static void
listing_free (gpointer data)
{
  Listing *self = data;

  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->folders);
  g_free (self);
}

static void
list_in_thread (GTask        *task,
                gpointer      source_object,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Listing *listing = g_new0 (Listing, 1);
  GError *error = NULL;

  listing->files = g_ptr_array_new_with_free_func (g_free);
  listing->folders = g_ptr_array_new_with_free_func (g_free);
  if (_eshi_store_list_entries (task_data, listing->files, listing->folders, &error))
    {
      g_task_return_pointer (task, listing, listing_free);
      return;
    }
  listing_free (listing);
  g_task_return_error (task, error);
}

/* What is deeper comes before what lies beside it. */
static void
take_listing (Walk    *self,
              Listing *listing)
{
  for (guint i = 0; i < listing->files->len; i++)
    g_queue_push_tail (&self->files, g_strdup (listing->files->pdata[i]));
  for (guint i = listing->folders->len; i > 0; i--)
    g_queue_push_head (&self->folders, g_strdup (listing->folders->pdata[i - 1]));
}

static void
on_listed_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GTask *task = G_TASK (user_data);
  Walk *walk = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  Listing *listing = g_task_propagate_pointer (G_TASK (result), &error);

  if (listing != NULL)
    {
      take_listing (walk, listing);
      listing_free (listing);
    }
  else
    {
      walk->count.n_failed++;
      tell (walk, error->message);
    }
  step (task);
}

static void
list_next (GTask *task)
{
  Walk *walk = g_task_get_task_data (task);
  g_autoptr(GTask) listing = g_task_new (NULL, NULL, on_listed_cb, task);

  g_task_set_task_data (listing, g_queue_pop_head (&walk->folders), g_free);
  g_task_run_in_thread (listing, list_in_thread);
}

/* --- the call ----------------------------------------------------------------------------------------------------- */

/* Takes @task until it comes back here or has returned. */
static void
step (GTask *task)
{
  Walk *walk = g_task_get_task_data (task);

  if (!g_task_return_error_if_cancelled (task))
    {
      if (!g_queue_is_empty (&walk->files))
        {
          import_some (task);
          return;
        }
      if (!g_queue_is_empty (&walk->folders))
        {
          list_next (task);
          return;
        }
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

void
eshi_history_import_async (EshiHistory         *self,
                           const char          *folder,
                           EshiImportFunc       func,
                           gpointer             func_data,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  GTask *task = NULL;
  Walk *walk = NULL;

  g_return_if_fail (ESHI_IS_HISTORY (self));
  g_return_if_fail (folder != NULL && g_path_is_absolute (folder));

  walk = g_new0 (Walk, 1);
  walk->func = func;
  walk->func_data = func_data;
  walk->root = g_strdup (folder);
  g_queue_push_tail (&walk->folders, g_strdup (folder));
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, eshi_history_import_async);
  g_task_set_task_data (task, walk, walk_free);
  step (task);
}

gboolean
eshi_history_import_finish (EshiHistory      *self,
                            GAsyncResult     *result,
                            EshiImportCount  *count,
                            GError          **error)
{
  const Walk *walk = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  walk = g_task_get_task_data (G_TASK (result));
  *count = walk->count;

  return g_task_propagate_boolean (G_TASK (result), error);
}
