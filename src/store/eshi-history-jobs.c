/* eshi-history-jobs.c: the calls about the queue and about what was typed.
 *
 * Each call packs its arguments, and a function of the thread unpacks them; what that does is in eshi-store-*.c.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-history-private.h"

static void
work_add_job (EshiStore       *store,
              EshiHistoryArgs *args,
              GTask           *task)
{
  GError *error = NULL;
  gint64 id = _eshi_store_add_job (store, args->settings, args->id, args->relation, args->number != 0, &error);

  _eshi_history_answer_pointer (task, g_memdup2 (&id, sizeof id), g_free, error);
}

void
eshi_history_add_job_async (EshiHistory         *self,
                            const EshiSettings  *settings,
                            gint64               parent,
                            EshiRelation         relation,
                            gboolean             first,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  EshiHistoryArgs *args = _eshi_history_args_new_for_id (parent);

  g_return_if_fail (ESHI_IS_HISTORY (self));
  g_return_if_fail (settings != NULL);

  args->settings = eshi_settings_copy (settings);
  args->relation = relation;
  args->number = first;
  _eshi_history_submit (self, work_add_job, TRUE, args, NULL, callback, user_data);
}

static void
work_list_jobs (EshiStore       *store,
                EshiHistoryArgs *args,
                GTask           *task)
{
  GError *error = NULL;
  GPtrArray *result = _eshi_store_list_jobs (store, &error);

  _eshi_history_answer_pointer (task, result, (GDestroyNotify) g_ptr_array_unref, error);
}

void
eshi_history_list_jobs_async (EshiHistory         *self,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_list_jobs, FALSE, _eshi_history_args_new_for_id (0), NULL, callback, user_data);
}

GPtrArray *
eshi_history_list_jobs_finish (EshiHistory   *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return _eshi_history_finish_pointer (self, result, error);
}

static void
work_move_job (EshiStore       *store,
               EshiHistoryArgs *args,
               GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_move_job (store, args->id, args->other, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_move_job_async (EshiHistory         *self,
                             gint64               id,
                             gint64               before,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  EshiHistoryArgs *args = _eshi_history_args_new_for_id (id);

  g_return_if_fail (ESHI_IS_HISTORY (self));

  args->other = before;
  _eshi_history_submit (self, work_move_job, TRUE, args, NULL, callback, user_data);
}

static void
work_take_job (EshiStore       *store,
               EshiHistoryArgs *args,
               GTask           *task)
{
  GError *error = NULL;
  EshiHistoryJob *result = _eshi_store_take_job (store, args->id, &error);

  _eshi_history_answer_pointer (task, result, (GDestroyNotify) eshi_history_job_free, error);
}

void
eshi_history_take_job_async (EshiHistory         *self,
                             gint64               id,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_take_job, TRUE, _eshi_history_args_new_for_id (id), NULL, callback, user_data);
}

EshiHistoryJob *
eshi_history_take_job_finish (EshiHistory   *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  return _eshi_history_finish_pointer (self, result, error);
}

static void
work_checkpoint_job (EshiStore       *store,
                     EshiHistoryArgs *args,
                     GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_checkpoint (store, args->id, args->number, args->step, args->bytes, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_checkpoint_job_async (EshiHistory         *self,
                                   gint64               id,
                                   int                  n_done,
                                   int                  step,
                                   GBytes              *state,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  EshiHistoryArgs *args = _eshi_history_args_new_for_id (id);

  g_return_if_fail (ESHI_IS_HISTORY (self));

  args->number = n_done;
  args->step = step;
  args->bytes = state != NULL ? g_bytes_ref (state) : NULL;
  _eshi_history_submit (self, work_checkpoint_job, TRUE, args, NULL, callback, user_data);
}

static void
work_load_checkpoint (EshiStore       *store,
                      EshiHistoryArgs *args,
                      GTask           *task)
{
  GError *error = NULL;
  GBytes *result = _eshi_store_get_checkpoint (store, args->id, &error);

  _eshi_history_answer_pointer (task, result, (GDestroyNotify) g_bytes_unref, error);
}

void
eshi_history_load_checkpoint_async (EshiHistory         *self,
                                    gint64               id,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_load_checkpoint, FALSE, _eshi_history_args_new_for_id (id), NULL, callback, user_data);
}

GBytes *
eshi_history_load_checkpoint_finish (EshiHistory   *self,
                                     GAsyncResult  *result,
                                     GError       **error)
{
  return _eshi_history_finish_pointer (self, result, error);
}

static void
work_resume_job (EshiStore       *store,
                 EshiHistoryArgs *args,
                 GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_resume_job (store, args->id, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_resume_job_async (EshiHistory         *self,
                               gint64               id,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_resume_job, TRUE, _eshi_history_args_new_for_id (id), NULL, callback, user_data);
}

static void
work_remove_job (EshiStore       *store,
                 EshiHistoryArgs *args,
                 GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_remove_job (store, args->id, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_remove_job_async (EshiHistory         *self,
                               gint64               id,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_remove_job, TRUE, _eshi_history_args_new_for_id (id), NULL, callback, user_data);
}

/* --- what was typed ----------------------------------------------------------------------------------------------- */

static void
work_add_prompt (EshiStore       *store,
                 EshiHistoryArgs *args,
                 GTask           *task)
{
  GError *error = NULL;
  gboolean done = _eshi_store_add_prompt (store, args->text, &error);

  _eshi_history_answer (task, done, error);
}

void
eshi_history_add_prompt_async (EshiHistory         *self,
                               const char          *prompt,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  EshiHistoryArgs *args = _eshi_history_args_new_for_id (0);

  g_return_if_fail (ESHI_IS_HISTORY (self));
  g_return_if_fail (prompt != NULL);

  args->text = g_strdup (prompt);
  _eshi_history_submit (self, work_add_prompt, FALSE, args, NULL, callback, user_data);
}

static void
work_list_prompts (EshiStore       *store,
                   EshiHistoryArgs *args,
                   GTask           *task)
{
  GError *error = NULL;
  GStrv result = _eshi_store_list_prompts (store, args->text, &error);

  _eshi_history_answer_pointer (task, result, (GDestroyNotify) g_strfreev, error);
}

void
eshi_history_list_prompts_async (EshiHistory         *self,
                                 const char          *text,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  EshiHistoryArgs *args = _eshi_history_args_new_for_id (0);

  g_return_if_fail (ESHI_IS_HISTORY (self));

  args->text = g_strdup (text);
  _eshi_history_submit (self, work_list_prompts, FALSE, args, NULL, callback, user_data);
}

GStrv
eshi_history_list_prompts_finish (EshiHistory   *self,
                                  GAsyncResult  *result,
                                  GError       **error)
{
  return _eshi_history_finish_pointer (self, result, error);
}
