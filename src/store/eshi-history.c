/* eshi-history.c: the history's thread, and the calls that cross to it.
 *
 * A call becomes a message with a GTask; the thread takes messages in order, and does chores while there are none. What
 * the messages do is in the files eshi-store-*.c, which calls there are in eshi-history-*.c; here is no SQL.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-history-private.h"

typedef struct
{
  GTask    *task;   /* NULL ends the thread */
  EshiHistoryWork      work;
  gboolean  changes;
} Message;

/* What the thread needs and outlives the object with. */
typedef struct
{
  EshiStore    *store;
  GAsyncQueue  *messages;
  GMainContext *context;
  GWeakRef      history;
  gint          n_pending; /* announcements on their way */
} Line;

struct _EshiHistory
{
  GObject parent_instance;

  GThread *thread;
  GAsyncQueue *messages;
  GFileMonitor *monitor;    /* of the file that every writer writes to; NULL unless watched */
  char *log_path;
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiHistory, eshi_history, G_TYPE_OBJECT)

static void
args_free (gpointer data)
{
  EshiHistoryArgs *self = data;

  g_free (self->ids);
  g_free (self->text);
  g_strfreev (self->paths);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->settings, eshi_settings_free);
  g_free ((char *) self->query.text);
  g_free ((char *) self->query.model);
  g_free ((char *) self->query.sampler);
  g_free ((char *) self->query.tag);
  g_clear_pointer (&self->picture.image, eshi_image_unref);
  g_free ((char *) self->picture.path);
  g_free ((char *) self->picture.folder);
  g_free ((char *) self->picture.name);
  g_free ((char *) self->picture.model_name);
  g_free ((char *) self->picture.backend);
  g_free (self);
}

EshiHistoryArgs *
_eshi_history_args_new_for_ids (const gint64 *ids,
                                guint         n_ids)
{
  EshiHistoryArgs *self = g_new0 (EshiHistoryArgs, 1);

  self->ids = g_memdup2 (ids, n_ids * sizeof *ids);
  self->n_ids = n_ids;

  return self;
}

EshiHistoryArgs *
_eshi_history_args_new_for_id (gint64 id)
{
  EshiHistoryArgs *self = g_new0 (EshiHistoryArgs, 1);

  self->id = id;

  return self;
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

static void
line_clear (gpointer data)
{
  Line *line = data;

  g_async_queue_unref (line->messages);
  g_main_context_unref (line->context);
  g_weak_ref_clear (&line->history);
}

static void
line_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, line_clear);
}

static gboolean
announce_cb (gpointer data)
{
  Line *line = data;
  g_autoptr(EshiHistory) history = g_weak_ref_get (&line->history);

  g_atomic_int_set (&line->n_pending, 0);
  if (history != NULL)
    g_signal_emit (history, signals[CHANGED], 0);

  return G_SOURCE_REMOVE;
}

/* At most one announcement is on its way. */
static void
announce (Line *line)
{
  g_autoptr(GSource) source = NULL;

  if (!g_atomic_int_compare_and_exchange (&line->n_pending, 0, 1))
    return;

  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, announce_cb, g_atomic_rc_box_acquire (line), line_unref);
  g_source_attach (source, line->context);
}

/* Gives the task away: from here on it is the business of the thread that called. A call that might have changed
 * something and did not is nothing to announce. */
static void
do_message (Line    *line,
            Message *message)
{
  GTask *task = g_steal_pointer (&message->task);
  GError *error = NULL;
  int n_changes = line->store->db != NULL ? _eshi_db_n_changes (line->store->db) : 0;

  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error))
    {
      _eshi_history_answer (task, FALSE, error);
      return;
    }
  if (line->store->db == NULL && message->work != _eshi_history_work_save)
    {
      _eshi_history_answer (task, FALSE, g_error_copy (line->store->why_closed));
      return;
    }

  message->work (line->store, g_task_get_task_data (task), task);
  if (message->changes && line->store->db != NULL && _eshi_db_n_changes (line->store->db) != n_changes)
    announce (line);
}

static void
message_free (Message *self)
{
  g_clear_object (&self->task);
  g_free (self);
}

static gpointer
run_thread (gpointer data)
{
  Line *line = data;
  gboolean has_chores = TRUE;
  gboolean ends = FALSE;

  _eshi_store_open (line->store, &line->store->why_closed);
  while (!ends)
    {
      Message *message = has_chores ? g_async_queue_try_pop (line->messages) : g_async_queue_pop (line->messages);

      if (message == NULL)
        {
          guint n_adopted = line->store->n_adopted;

          has_chores = _eshi_store_do_chore (line->store);
          if (line->store->n_adopted > n_adopted)
            announce (line);
          continue;
        }
      ends = message->task == NULL;
      if (!ends)
        do_message (line, message);
      message_free (message);
    }
  _eshi_store_free (line->store);
  line_unref (line);

  return NULL;
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
eshi_history_dispose (GObject *object)
{
  EshiHistory *self = ESHI_HISTORY (object);

  g_clear_object (&self->monitor);
  g_clear_pointer (&self->log_path, g_free);
  if (self->thread != NULL)
    {
      g_async_queue_push (self->messages, g_new0 (Message, 1));
      g_thread_join (g_steal_pointer (&self->thread));
    }
  g_clear_pointer (&self->messages, g_async_queue_unref);

  G_OBJECT_CLASS (eshi_history_parent_class)->dispose (object);
}

static void
eshi_history_class_init (EshiHistoryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = eshi_history_dispose;

  signals[CHANGED] =
    g_signal_new ("changed", ESHI_TYPE_HISTORY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
eshi_history_init (EshiHistory *self)
{
  self->messages = g_async_queue_new ();
}

EshiHistory *
eshi_history_new (const char *data_folder,
                  const char *pictures_folder)
{
  EshiHistory *self = g_object_new (ESHI_TYPE_HISTORY, NULL);
  Line *line = g_atomic_rc_box_new0 (Line);

  line->store = _eshi_store_new (data_folder, pictures_folder);
  self->log_path = g_build_filename (line->store->data, "history.db-wal", NULL);
  line->messages = g_async_queue_ref (self->messages);
  line->context = g_main_context_ref_thread_default ();
  g_weak_ref_init (&line->history, self);
  self->thread = g_thread_new ("eshi-history", run_thread, line);

  return self;
}

/* Sends a call to the thread; takes @args. */
void
_eshi_history_submit (EshiHistory         *self,
                      EshiHistoryWork      work,
                      gboolean             changes,
                      EshiHistoryArgs     *args,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  Message *message = g_new0 (Message, 1);

  message->task = g_task_new (self, cancellable, callback, user_data);
  message->work = work;
  message->changes = changes;
  g_task_set_task_data (message->task, args, args_free);
  g_async_queue_push (self->messages, message);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  GTask          *task;
  gboolean        done;
  gpointer        result;
  GDestroyNotify  destroy;
  GError         *error;
} Answer;

static gboolean
answer_cb (gpointer data)
{
  Answer *self = data;

  if (self->error != NULL)
    g_task_return_error (self->task, self->error);
  else if (self->destroy != NULL)
    g_task_return_pointer (self->task, self->result, self->destroy);
  else
    g_task_return_boolean (self->task, self->done);
  g_object_unref (self->task);

  return G_SOURCE_REMOVE;
}

/* The task is returned where it was made and not here, so that its last reference, and perhaps with it that of the
 * object, never falls on the thread that the object waits for. */
static void
send_answer (GTask          *task,
             gboolean        done,
             gpointer        result,
             GDestroyNotify  destroy,
             GError         *error)
{
  g_autoptr(GSource) source = g_idle_source_new ();
  Answer *answer = g_new (Answer, 1);

  *answer = (Answer) { task, done, result, destroy, error };
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, answer_cb, answer, g_free);
  g_source_attach (source, g_task_get_context (task));
}

void
_eshi_history_answer (GTask    *task,
                      gboolean  done,
                      GError   *error)
{
  send_answer (task, done, NULL, NULL, error);
}

void
_eshi_history_answer_pointer (GTask          *task,
                              gpointer        result,
                              GDestroyNotify  destroy,
                              GError         *error)
{
  send_answer (task, TRUE, result, destroy, error);
}

gboolean
eshi_history_finish (EshiHistory   *self,
                     GAsyncResult  *result,
                     GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gpointer
_eshi_history_finish_pointer (EshiHistory   *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

gint64
eshi_history_finish_id (EshiHistory   *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_autofree gint64 *id = _eshi_history_finish_pointer (self, result, error);

  return id != NULL ? *id : 0;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static void
work_open (EshiStore       *store,
           EshiHistoryArgs *args,
           GTask           *task)
{
  _eshi_history_answer_pointer (task, g_strdup (store->notice != NULL ? store->notice : ""), g_free, NULL);
}

void
eshi_history_open_async (EshiHistory         *self,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_open, FALSE, _eshi_history_args_new_for_id (0), NULL, callback, user_data);
}

gboolean
eshi_history_open_finish (EshiHistory   *self,
                          GAsyncResult  *result,
                          char         **notice,
                          GError       **error)
{
  g_autofree char *text = _eshi_history_finish_pointer (self, result, error);

  if (notice != NULL)
    *notice = text != NULL && *text != '\0' ? g_strdup (text) : NULL;

  return text != NULL;
}

static void
work_settle (EshiStore       *store,
             EshiHistoryArgs *args,
             GTask           *task)
{
  gboolean more = TRUE;

  while (more)
    more = _eshi_store_do_chore (store);
  _eshi_history_answer (task, TRUE, NULL);
}

void
eshi_history_settle_async (EshiHistory         *self,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_return_if_fail (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_settle, TRUE, _eshi_history_args_new_for_id (0), NULL, callback, user_data);
}

/* --- what other programs write ------------------------------------------------------------------------------------ */

static void
work_look (EshiStore       *store,
           EshiHistoryArgs *args,
           GTask           *task)
{
  gint64 before = store->data_version;
  GError *error = NULL;
  gboolean done = _eshi_db_get_int (store->db, &store->data_version, 0, &error, "PRAGMA data_version", "");

  _eshi_history_answer (task, done && before != 0 && store->data_version != before, error);
}

static void
on_looked_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  /* One that could not look has said so by the calls that failed. */
  if (eshi_history_finish (ESHI_HISTORY (source), result, NULL))
    g_signal_emit (source, signals[CHANGED], 0);
}

static void
on_log_changed_cb (EshiHistory *self)
{
  g_assert (ESHI_IS_HISTORY (self));

  _eshi_history_submit (self, work_look, FALSE, _eshi_history_args_new_for_id (0), NULL, on_looked_cb, NULL);
}

void
eshi_history_watch (EshiHistory *self)
{
  g_autoptr(GFile) file = NULL;

  g_return_if_fail (ESHI_IS_HISTORY (self));

  if (self->monitor != NULL)
    return;
  file = g_file_new_for_path (self->log_path);
  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor == NULL)
    return;
  g_signal_connect_object (self->monitor, "changed", G_CALLBACK (on_log_changed_cb), self, G_CONNECT_SWAPPED);
  /* What is there now is what later looks are compared with. */
  on_log_changed_cb (self);
}
