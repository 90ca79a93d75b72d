/* eshi-history-pictures.c: the calls about pictures.
 *
 * Each call packs its arguments, and a function of the thread unpacks them; what that does is in eshi-store-*.c.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-history-private.h"

static EshiHistoryArgs *
args_new_for_query (const EshiHistoryQuery *query)
{
  EshiHistoryArgs *self = g_new0 (EshiHistoryArgs, 1);

  self->query = *query;
  self->query.text = g_strdup (query->text);
  self->query.model = g_strdup (query->model);
  self->query.sampler = g_strdup (query->sampler);
  self->query.tag = g_strdup (query->tag);

  return self;
}

typedef struct
{
  EshiHistoryPicture *picture;
  GError             *unrecorded;
} Saved;

static void
saved_free (gpointer data)
{
  Saved *self = data;

  g_clear_pointer (&self->picture, eshi_history_picture_free);
  g_clear_error (&self->unrecorded);
  g_free (self);
}

void
_eshi_history_work_save (EshiStore       *store,
                         EshiHistoryArgs *args,
                         GTask           *task)
{
  Saved *saved = g_new0 (Saved, 1);
  GError *error = NULL;

  saved->picture = _eshi_store_save (store, &args->picture, &saved->unrecorded, &error);
  if (saved->picture == NULL)
    g_clear_pointer (&saved, saved_free);
  _eshi_history_answer_pointer (task, saved, saved_free, error);
}

void
eshi_history_save_async (EshiHistory          *self,
                         const EshiHistoryNew *picture,
                         GAsyncReadyCallback   callback,
                         gpointer              user_data)
{
  EshiHistoryArgs *args = g_new0 (EshiHistoryArgs, 1);

  g_return_if_fail (ESHI_IS_HISTORY (self));
  g_return_if_fail (picture != NULL && picture->image != NULL && picture->settings != NULL);

  args->picture = *picture;
  args->settings = eshi_settings_copy (picture->settings);
  args->picture.settings = args->settings;
  args->picture.image = eshi_image_ref (picture->image);
  args->picture.path = g_strdup (picture->path);
  args->picture.folder = g_strdup (picture->folder);
  args->picture.name = g_strdup (picture->name);
  args->picture.model_name = g_strdup (picture->model_name);
  args->picture.backend = g_strdup (picture->backend);
  _eshi_history_submit (self, _eshi_history_work_save, TRUE, args, NULL, callback, user_data);
}

EshiHistoryPicture *
eshi_history_save_finish (EshiHistory   *self,
                          GAsyncResult  *result,
                          GError       **unrecorded,
                          GError       **error)
{
  Saved *saved = _eshi_history_finish_pointer (self, result, error);
  EshiHistoryPicture *picture = NULL;

  if (unrecorded != NULL)
    *unrecorded = NULL;
  if (saved == NULL)
    return NULL;

  picture = g_steal_pointer (&saved->picture);
  if (unrecorded != NULL)
    *unrecorded = g_steal_pointer (&saved->unrecorded);
  saved_free (saved);

  return picture;
}

static void
work_find (EshiStore       *store,
           EshiHistoryArgs *args,
           GTask           *task)
{
  GError *error = NULL;
  EshiHistoryPage *page = _eshi_store_find (store, &args->query, &error);

  _eshi_history_answer_pointer (task, page, (GDestroyNotify) eshi_history_page_free, error);
}

void
eshi_history_find_async (EshiHistory            *self,
                         const EshiHistoryQuery *query,
                         GCancellable           *cancellable,
                         GAsyncReadyCallback     callback,
                         gpointer                user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));
  g_return_if_fail (query != NULL);

  _eshi_history_submit (self, work_find, FALSE, args_new_for_query (query), cancellable, callback, user_data);
}

EshiHistoryPage *
eshi_history_find_finish (EshiHistory   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  return _eshi_history_finish_pointer (self, result, error);
}

static void
work_find_ids (EshiStore       *store,
               EshiHistoryArgs *args,
               GTask           *task)
{
  GError *error = NULL;
  GArray *ids = _eshi_store_find_ids (store, &args->query, &error);

  _eshi_history_answer_pointer (task, ids, (GDestroyNotify) g_array_unref, error);
}

void
eshi_history_find_ids_async (EshiHistory            *self,
                             const EshiHistoryQuery *query,
                             GCancellable           *cancellable,
                             GAsyncReadyCallback     callback,
                             gpointer                user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));
  g_return_if_fail (query != NULL);

  _eshi_history_submit (self, work_find_ids, FALSE, args_new_for_query (query), cancellable, callback, user_data);
}

GArray *
eshi_history_find_ids_finish (EshiHistory   *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  return _eshi_history_finish_pointer (self, result, error);
}

static void
work_load (EshiStore       *store,
           EshiHistoryArgs *args,
           GTask           *task)
{
  GError *error = NULL;
  GPtrArray *pictures = _eshi_store_load (store, args->ids, args->n_ids, &error);

  _eshi_history_answer_pointer (task, pictures, (GDestroyNotify) g_ptr_array_unref, error);
}

void
eshi_history_load_async (EshiHistory         *self,
                         const gint64        *ids,
                         guint                n_ids,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_load, FALSE, _eshi_history_args_new_for_ids (ids, n_ids), cancellable, callback, user_data);
}

GPtrArray *
eshi_history_load_finish (EshiHistory   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  return _eshi_history_finish_pointer (self, result, error);
}

static void
work_find_file (EshiStore       *store,
                EshiHistoryArgs *args,
                GTask           *task)
{
  GError *error = NULL;
  gint64 id = _eshi_store_find_file (store, args->text, &error);

  _eshi_history_answer_pointer (task, error == NULL ? g_memdup2 (&id, sizeof id) : NULL, g_free, error);
}

void
eshi_history_find_file_async (EshiHistory         *self,
                              const char          *path,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  EshiHistoryArgs *args = NULL;

  g_return_if_fail (ESHI_IS_HISTORY (self));
  g_return_if_fail (path != NULL);

  args = g_new0 (EshiHistoryArgs, 1);
  args->text = g_canonicalize_filename (path, NULL);
  _eshi_history_submit (self, work_find_file, FALSE, args, cancellable, callback, user_data);
}

static void
work_count_by (EshiStore       *store,
               EshiHistoryArgs *args,
               GTask           *task)
{
  GError *error = NULL;
  GPtrArray *counts = _eshi_store_count_by (store, args->number, &error);

  _eshi_history_answer_pointer (task, counts, (GDestroyNotify) g_ptr_array_unref, error);
}

void
eshi_history_count_by_async (EshiHistory         *self,
                             EshiHistoryField     field,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  EshiHistoryArgs *args = _eshi_history_args_new_for_id (0);

  g_return_if_fail (ESHI_IS_HISTORY (self));

  args->number = field;
  _eshi_history_submit (self, work_count_by, FALSE, args, NULL, callback, user_data);
}

GPtrArray *
eshi_history_count_by_finish (EshiHistory   *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  return _eshi_history_finish_pointer (self, result, error);
}

/* --- marks -------------------------------------------------------------------------------------------------------- */

static void
work_set_favourite (EshiStore       *store,
                    EshiHistoryArgs *args,
                    GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_set_favourite (store, args->ids, args->n_ids, args->number != 0, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_set_favourite_async (EshiHistory         *self,
                                  const gint64        *ids,
                                  guint                n_ids,
                                  gboolean             favourite,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  EshiHistoryArgs *args = _eshi_history_args_new_for_ids (ids, n_ids);

  g_return_if_fail (ESHI_IS_HISTORY (self));

  args->number = favourite;
  _eshi_history_submit (self, work_set_favourite, TRUE, args, NULL, callback, user_data);
}

static void
work_set_rating (EshiStore       *store,
                 EshiHistoryArgs *args,
                 GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_set_rating (store, args->ids, args->n_ids, args->number, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_set_rating_async (EshiHistory         *self,
                               const gint64        *ids,
                               guint                n_ids,
                               int                  rating,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  EshiHistoryArgs *args = _eshi_history_args_new_for_ids (ids, n_ids);

  g_return_if_fail (ESHI_IS_HISTORY (self));

  args->number = rating;
  _eshi_history_submit (self, work_set_rating, TRUE, args, NULL, callback, user_data);
}

static void
work_set_tag (EshiStore       *store,
              EshiHistoryArgs *args,
              GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_set_tag (store, args->ids, args->n_ids, args->text, args->number != 0, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_set_tag_async (EshiHistory         *self,
                            const gint64        *ids,
                            guint                n_ids,
                            const char          *tag,
                            gboolean             present,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  EshiHistoryArgs *args = _eshi_history_args_new_for_ids (ids, n_ids);

  g_return_if_fail (ESHI_IS_HISTORY (self));

  args->text = g_strdup (tag);
  args->number = present;
  _eshi_history_submit (self, work_set_tag, TRUE, args, NULL, callback, user_data);
}

static void
work_trash (EshiStore       *store,
            EshiHistoryArgs *args,
            GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_trash (store, args->ids, args->n_ids, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_trash_async (EshiHistory         *self,
                          const gint64        *ids,
                          guint                n_ids,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_trash, TRUE, _eshi_history_args_new_for_ids (ids, n_ids), NULL, callback, user_data);
}

static void
work_restore (EshiStore       *store,
              EshiHistoryArgs *args,
              GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_restore (store, args->ids, args->n_ids, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_restore_async (EshiHistory         *self,
                            const gint64        *ids,
                            guint                n_ids,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_restore, TRUE, _eshi_history_args_new_for_ids (ids, n_ids), NULL, callback, user_data);
}

static void
work_check_files (EshiStore       *store,
                  EshiHistoryArgs *args,
                  GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_check_files (store, args->ids, args->n_ids, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_check_files_async (EshiHistory         *self,
                                const gint64        *ids,
                                guint                n_ids,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_check_files, TRUE, _eshi_history_args_new_for_ids (ids, n_ids), NULL, callback, user_data);
}

static void
work_purge (EshiStore       *store,
            EshiHistoryArgs *args,
            GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_purge (store, args->id, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_purge_async (EshiHistory         *self,
                          gint64               before,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_purge, TRUE, _eshi_history_args_new_for_id (before), NULL, callback, user_data);
}
