/* eshi-history-private.h: how a call crosses to the history's thread.
 *
 * Private to the files eshi-history-*.c.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-history.h"
#include "eshi-store-private.h"

G_BEGIN_DECLS

/* What a call brings with it; a call uses few of these. */
typedef struct
{
  gint64            *ids;
  guint              n_ids;
  gint64             id;
  gint64             other;
  int                number;
  int                step;
  char              *text;
  char             **paths;
  GBytes            *bytes;
  EshiSettings      *settings;
  EshiRelation       relation;
  EshiHistoryQuery   query;
  EshiHistoryNew     picture;
} EshiHistoryArgs;

/* What the thread does for a call. It answers @task once and does not touch it afterwards. */
typedef void (*EshiHistoryWork) (EshiStore       *store,
                                 EshiHistoryArgs *args,
                                 GTask           *task);

EshiHistoryArgs *_eshi_history_args_new_for_ids (const gint64         *ids,
                                                 guint                 n_ids);
EshiHistoryArgs *_eshi_history_args_new_for_id  (gint64                id);

/* Sends a call to the thread, which does @work with @args. @changes: whether that may change something. Takes @args. */
void             _eshi_history_submit           (EshiHistory          *self,
                                                 EshiHistoryWork       work,
                                                 gboolean              changes,
                                                 EshiHistoryArgs      *args,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

/* Answers a call with @done, or with @error, which it takes. */
void             _eshi_history_answer           (GTask                *task,
                                                 gboolean              done,
                                                 GError               *error);

/* Answers with @result, which may be NULL, or with @error. Takes both. */
void             _eshi_history_answer_pointer   (GTask                *task,
                                                 gpointer              result,
                                                 GDestroyNotify        destroy,
                                                 GError               *error);

/* The result of a call that was answered so. */
gpointer         _eshi_history_finish_pointer   (EshiHistory          *self,
                                                 GAsyncResult         *result,
                                                 GError              **error);

/* Saves; the one call that works also while the history is closed. */
void             _eshi_history_work_save        (EshiStore            *store,
                                                 EshiHistoryArgs      *args,
                                                 GTask                *task);

G_END_DECLS
