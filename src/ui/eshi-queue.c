/* eshi-queue.c: the requests that wait, the one that is painted, and those that were interrupted; all of them on the disk.
 *
 * A job is in the list at once and is taken only when the disk has it, so that a program that dies loses neither the job
 * nor its place. The disk's answers come later; what they change is looked up again then. Paints nothing itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-queue.h"

#include "eshi-test-log.h"

/* A job that was taken away, and where it stood. */
typedef struct
{
  EshiJob *job;
  guint position;
} Removed;

/* A checkpoint on its way to the disk. */
typedef struct
{
  EshiJob *job;
  GBytes *state;
  int n_done;
  int step;
} Checkpoint;

struct _EshiQueue
{
  GObject parent_instance;

  /* Owned References */
  EshiHistory *history;
  GListStore *jobs;
  GHashTable *writing;      /* set of EshiJob: the disk has not answered yet */
  GHashTable *wanted;       /* set of EshiJob: painted even while paused */
  GArray *removed;          /* of Removed */
  EshiJob *current;
  Checkpoint *next;         /* waits for the checkpoint before it to be written */

  guint loaded : 1;
  guint paused : 1;
  guint told : 1;
  guint writing_checkpoint : 1;
};

enum
{
  PROP_0,
  PROP_PAUSED,
  N_PROPS,
};

enum
{
  TAKEN,
  CHANGED,
  RESTORED,
  FAILED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static void pump (EshiQueue *self);

G_DEFINE_FINAL_TYPE (EshiQueue, eshi_queue, G_TYPE_OBJECT)

static void
removed_clear (gpointer data)
{
  g_object_unref (((Removed *) data)->job);
}

static void
checkpoint_free (Checkpoint *self)
{
  g_object_unref (self->job);
  g_bytes_unref (self->state);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Checkpoint, checkpoint_free)

/* --- calls to the disk ------------------------------------------------------------------------------------------- */

/* What the answer needs; the queue may be gone by then. */
typedef struct
{
  GWeakRef queue;
  EshiJob *job;
} Call;

static Call *
call_new (EshiQueue *self,
          EshiJob   *job)
{
  Call *call = g_new0 (Call, 1);

  g_weak_ref_init (&call->queue, self);
  call->job = job != NULL ? g_object_ref (job) : NULL;
  /* The program does not end before the disk has it. */
  if (g_application_get_default () != NULL)
    g_application_hold (g_application_get_default ());
  return call;
}

/* (transfer full) (nullable): the queue. */
static EshiQueue *
call_end (Call     *call,
          EshiJob **job)
{
  EshiQueue *self = g_weak_ref_get (&call->queue);

  *job = call->job;
  g_weak_ref_clear (&call->queue);
  g_free (call);
  if (g_application_get_default () != NULL)
    g_application_release (g_application_get_default ());
  return self;
}

static void
tell_once (EshiQueue    *self,
           const GError *error)
{
  eshi_test_log ("UNKEPT %s", error->message);
  if (!self->told)
    g_signal_emit (self, signals[FAILED], 0, error);
  self->told = TRUE;
}

/* For calls of which only the failure is news. */
static void
on_done_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(EshiJob) job = NULL;
  g_autoptr(EshiQueue) self = call_end (user_data, &job);
  g_autoptr(GError) error = NULL;

  if (!eshi_history_finish (ESHI_HISTORY (source), result, &error) && self != NULL &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    tell_once (self, error);
}

static void
remove_kept (EshiQueue *self,
             EshiJob   *job)
{
  if (eshi_job_get_id (job) != 0)
    eshi_history_remove_job_async (self->history, eshi_job_get_id (job), on_done_cb, call_new (self, job));
  eshi_job_set_id (job, 0);
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

static void
tell_changed (EshiQueue *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static guint
n_jobs (EshiQueue *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->jobs));
}

/* (transfer none): the list keeps it. */
static EshiJob *
job_at (EshiQueue *self,
        guint      position)
{
  g_autoptr(EshiJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), position);

  return job;
}

static gboolean
find (EshiQueue *self,
      EshiJob   *job,
      guint     *position)
{
  return g_list_store_find (self->jobs, job, position);
}

static guint
first_waiting (EshiQueue *self)
{
  guint position = 0;

  while (position < n_jobs (self) && eshi_job_get_state (job_at (self, position)) != ESHI_JOB_WAITING)
    position++;
  return position;
}

/* The list keeps the interrupted ones above the others whatever @position says. */
static void
insert (EshiQueue *self,
        EshiJob   *job,
        guint      position)
{
  guint n_interrupted = eshi_queue_count (self, ESHI_JOB_INTERRUPTED);

  if (eshi_job_get_state (job) == ESHI_JOB_INTERRUPTED)
    position = MIN (position, n_interrupted);
  else
    position = CLAMP (position, first_waiting (self), n_jobs (self));
  g_list_store_insert (self->jobs, position, job);
}

static void
take_out (EshiQueue *self,
          EshiJob   *job)
{
  guint position;

  if (find (self, job, &position))
    g_list_store_remove (self->jobs, position);
  g_hash_table_remove (self->wanted, job);
}

/* --- reading what is there --------------------------------------------------------------------------------------- */

static void
restore (EshiQueue *self,
         GPtrArray *kept)
{
  guint n_waiting = 0;
  guint n_interrupted = 0;

  for (guint i = 0; i < kept->len; i++)
    {
      const EshiHistoryJob *each = g_ptr_array_index (kept, i);
      g_autoptr(EshiJob) job = NULL;

      /* Of another program that runs now. */
      if (each->state == ESHI_JOB_RUNNING)
        continue;
      job = eshi_job_new_from_history (each);
      if (each->state == ESHI_JOB_INTERRUPTED)
        insert (self, job, n_interrupted++);
      else
        insert (self, job, first_waiting (self) + n_waiting++);
    }
  eshi_test_log ("RESTORED %u waiting %u interrupted", n_waiting, n_interrupted);
  if (n_waiting > 0)
    eshi_queue_set_paused (self, TRUE);
  g_signal_emit (self, signals[RESTORED], 0, n_waiting, n_interrupted);
}

static void
on_listed_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(EshiJob) none = NULL;
  g_autoptr(EshiQueue) self = call_end (user_data, &none);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) kept = eshi_history_list_jobs_finish (ESHI_HISTORY (source), result, &error);

  if (self == NULL)
    return;
  self->loaded = TRUE;
  if (kept != NULL)
    restore (self, kept);
  else
    g_message ("The queue was not read: %s", error->message);
  tell_changed (self);
  pump (self);
}

/* --- taking ------------------------------------------------------------------------------------------------------ */

static void
on_checkpoint_loaded_cb (GObject      *source,
                         GAsyncResult *result,
                         gpointer      user_data)
{
  g_autoptr(EshiJob) job = NULL;
  g_autoptr(EshiQueue) self = call_end (user_data, &job);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) state = eshi_history_load_checkpoint_finish (ESHI_HISTORY (source), result, &error);

  if (self == NULL)
    return;
  /* Without it the same picture is painted from its beginning. */
  if (state == NULL)
    g_message ("A checkpoint was not read: %s", error->message);
  eshi_job_set_checkpoint (job, state);
  g_signal_emit (self, signals[TAKEN], 0, job);
}

static void
on_taken_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(EshiJob) job = NULL;
  g_autoptr(EshiQueue) self = call_end (user_data, &job);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiHistoryJob) taken = eshi_history_take_job_finish (ESHI_HISTORY (source), result, &error);

  if (self == NULL)
    return;
  if (taken == NULL && error == NULL)
    {
      /* Another program was quicker. */
      take_out (self, job);
      g_clear_object (&self->current);
      tell_changed (self);
      pump (self);
      return;
    }
  if (error != NULL)
    tell_once (self, error);
  if (eshi_job_get_has_kept_checkpoint (job))
    eshi_history_load_checkpoint_async (self->history, eshi_job_get_id (job), on_checkpoint_loaded_cb,
                                        call_new (self, job));
  else
    g_signal_emit (self, signals[TAKEN], 0, job);
}

/* Takes the next job, if none is painted and one may be. */
static void
pump (EshiQueue *self)
{
  EshiJob *job;

  if (!self->loaded || self->current != NULL)
    return;
  job = eshi_queue_get_next (self);
  if (job == NULL || g_hash_table_contains (self->writing, job))
    return;
  self->current = g_object_ref (job);
  take_out (self, job);
  eshi_job_set_state (job, ESHI_JOB_RUNNING);
  g_list_store_insert (self->jobs, first_waiting (self), job);
  tell_changed (self);
  if (eshi_job_get_id (job) != 0)
    eshi_history_take_job_async (self->history, eshi_job_get_id (job), on_taken_cb, call_new (self, job));
  else
    g_signal_emit (self, signals[TAKEN], 0, job);
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_queue_dispose (GObject *object)
{
  EshiQueue *self = ESHI_QUEUE (object);

  g_clear_object (&self->history);
  g_clear_object (&self->current);
  g_clear_pointer (&self->next, checkpoint_free);
  g_list_store_remove_all (self->jobs);
  G_OBJECT_CLASS (eshi_queue_parent_class)->dispose (object);
}

static void
eshi_queue_finalize (GObject *object)
{
  EshiQueue *self = ESHI_QUEUE (object);

  g_clear_object (&self->jobs);
  g_clear_pointer (&self->writing, g_hash_table_unref);
  g_clear_pointer (&self->wanted, g_hash_table_unref);
  g_clear_pointer (&self->removed, g_array_unref);
  G_OBJECT_CLASS (eshi_queue_parent_class)->finalize (object);
}

static void
eshi_queue_get_property (GObject    *object,
                         guint       prop_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_PAUSED:
      g_value_set_boolean (value, eshi_queue_get_paused (ESHI_QUEUE (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_queue_set_property (GObject      *object,
                         guint         prop_id,
                         const GValue *value,
                         GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_PAUSED:
      eshi_queue_set_paused (ESHI_QUEUE (object), g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_queue_class_init (EshiQueueClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = eshi_queue_dispose;
  object_class->finalize = eshi_queue_finalize;
  object_class->get_property = eshi_queue_get_property;
  object_class->set_property = eshi_queue_set_property;

  properties[PROP_PAUSED] =
    g_param_spec_boolean ("paused", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[TAKEN] = g_signal_new ("taken", ESHI_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                 1, ESHI_TYPE_JOB);
  signals[CHANGED] = g_signal_new ("changed", ESHI_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[RESTORED] = g_signal_new ("restored", ESHI_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                    2, G_TYPE_UINT, G_TYPE_UINT);
  signals[FAILED] = g_signal_new ("failed", ESHI_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                  1, G_TYPE_ERROR);
}

static void
eshi_queue_init (EshiQueue *self)
{
  self->jobs = g_list_store_new (ESHI_TYPE_JOB);
  self->writing = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->wanted = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->removed = g_array_new (FALSE, FALSE, sizeof (Removed));
  g_array_set_clear_func (self->removed, removed_clear);
}

EshiQueue *
eshi_queue_new (EshiHistory *history)
{
  EshiQueue *self;

  g_return_val_if_fail (ESHI_IS_HISTORY (history), NULL);

  self = g_object_new (ESHI_TYPE_QUEUE, NULL);
  self->history = g_object_ref (history);
  eshi_history_list_jobs_async (history, on_listed_cb, call_new (self, NULL));
  return self;
}

GListModel *
eshi_queue_get_jobs (EshiQueue *self)
{
  g_return_val_if_fail (ESHI_IS_QUEUE (self), NULL);

  return G_LIST_MODEL (self->jobs);
}

gboolean
eshi_queue_get_loaded (EshiQueue *self)
{
  g_return_val_if_fail (ESHI_IS_QUEUE (self), FALSE);

  return self->loaded;
}

EshiJob *
eshi_queue_get_current (EshiQueue *self)
{
  g_return_val_if_fail (ESHI_IS_QUEUE (self), NULL);

  return self->current;
}

EshiJob *
eshi_queue_get_next (EshiQueue *self)
{
  g_return_val_if_fail (ESHI_IS_QUEUE (self), NULL);

  if (self->current != NULL)
    return self->current;
  for (guint i = first_waiting (self); i < n_jobs (self); i++)
    {
      if (!self->paused || g_hash_table_contains (self->wanted, job_at (self, i)))
        return job_at (self, i);
    }
  return NULL;
}

guint
eshi_queue_count (EshiQueue    *self,
                  EshiJobState  state)
{
  guint n = 0;

  g_return_val_if_fail (ESHI_IS_QUEUE (self), 0);

  for (guint i = 0; i < n_jobs (self); i++)
    n += eshi_job_get_state (job_at (self, i)) == state;
  return n;
}

gboolean
eshi_queue_get_busy (EshiQueue *self)
{
  g_return_val_if_fail (ESHI_IS_QUEUE (self), FALSE);

  return eshi_queue_get_next (self) != NULL;
}

gboolean
eshi_queue_get_paused (EshiQueue *self)
{
  g_return_val_if_fail (ESHI_IS_QUEUE (self), FALSE);

  return self->paused;
}

void
eshi_queue_set_paused (EshiQueue *self,
                       gboolean   paused)
{
  g_return_if_fail (ESHI_IS_QUEUE (self));

  if (self->paused == !!paused)
    return;
  self->paused = !!paused;
  eshi_test_log (paused ? "PAUSED" : "UNPAUSED");
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PAUSED]);
  tell_changed (self);
  pump (self);
}

/* Whether @job is in the list, or can come back into it. */
static gboolean
is_known (EshiQueue *self,
          EshiJob   *job)
{
  for (guint i = 0; i < self->removed->len; i++)
    {
      if (g_array_index (self->removed, Removed, i).job == job)
        return TRUE;
    }
  return find (self, job, NULL);
}

/* --- adding ------------------------------------------------------------------------------------------------------ */

static void
on_added_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(EshiJob) job = NULL;
  g_autoptr(EshiQueue) self = call_end (user_data, &job);
  g_autoptr(GError) error = NULL;
  gint64 id = eshi_history_finish_id (ESHI_HISTORY (source), result, &error);

  if (self == NULL)
    return;
  eshi_job_set_id (job, id);
  if (id == 0)
    tell_once (self, error);
  else
    eshi_test_log ("KEPT [%s]", eshi_job_get_settings (job)->prompt);
  if (!is_known (self, job))
    remove_kept (self, job);
  else if (id != 0 && eshi_job_get_checkpoint (job) != NULL)
    eshi_queue_checkpoint (self, job, 0, 0, eshi_job_get_checkpoint (job));
  g_hash_table_remove (self->writing, job);
  pump (self);
}

EshiJob *
eshi_queue_add (EshiQueue          *self,
                const EshiSettings *settings,
                gint64              parent,
                EshiRelation        relation,
                GBytes             *checkpoint,
                gboolean            first)
{
  g_autoptr(EshiJob) job = NULL;

  g_return_val_if_fail (ESHI_IS_QUEUE (self), NULL);
  g_return_val_if_fail (settings != NULL, NULL);

  job = eshi_job_new (settings, parent, relation);
  eshi_job_set_checkpoint (job, checkpoint);
  insert (self, job, first ? 0 : n_jobs (self));
  g_hash_table_add (self->writing, g_object_ref (job));
  eshi_history_add_job_async (self->history, settings, parent, relation, first, on_added_cb, call_new (self, job));
  tell_changed (self);
  return job;
}

guint
eshi_queue_get_place (EshiQueue *self,
                      EshiJob   *job)
{
  guint position;

  g_return_val_if_fail (ESHI_IS_QUEUE (self), 0);
  g_return_val_if_fail (ESHI_IS_JOB (job), 0);

  if (!find (self, job, &position) || eshi_job_get_state (job) == ESHI_JOB_INTERRUPTED)
    return 0;
  return position + 1 - eshi_queue_count (self, ESHI_JOB_INTERRUPTED);
}

/* --- moving ------------------------------------------------------------------------------------------------------ */

/* Gives @job the place on the disk that it has in the list. */
static void
keep_place (EshiQueue *self,
            EshiJob   *job)
{
  gint64 before = 0;
  guint position;

  if (eshi_job_get_id (job) == 0 || !find (self, job, &position))
    return;
  for (guint i = position + 1; i < n_jobs (self) && before == 0; i++)
    before = eshi_job_get_id (job_at (self, i));
  eshi_history_move_job_async (self->history, eshi_job_get_id (job), before, on_done_cb, call_new (self, job));
}

void
eshi_queue_move (EshiQueue *self,
                 EshiJob   *job,
                 EshiJob   *before)
{
  g_autoptr(EshiJob) moved = NULL;
  guint position;

  g_return_if_fail (ESHI_IS_QUEUE (self));
  g_return_if_fail (ESHI_IS_JOB (job));

  if (job == before || eshi_job_get_state (job) != ESHI_JOB_WAITING || !find (self, job, &position))
    return;
  moved = g_object_ref (job);
  g_list_store_remove (self->jobs, position);
  if (before == NULL || !find (self, before, &position))
    position = n_jobs (self);
  insert (self, moved, position);
  keep_place (self, moved);
  eshi_test_log ("MOVED [%s] place=%u", eshi_job_get_settings (moved)->prompt, eshi_queue_get_place (self, moved));
  tell_changed (self);
}

void
eshi_queue_move_first (EshiQueue *self,
                       EshiJob   *job)
{
  g_return_if_fail (ESHI_IS_QUEUE (self));

  eshi_queue_move (self, job, job_at (self, first_waiting (self)));
}

gboolean
eshi_queue_step (EshiQueue *self,
                 EshiJob   *job,
                 int        by)
{
  guint position;
  gint64 to;

  g_return_val_if_fail (ESHI_IS_QUEUE (self), FALSE);
  g_return_val_if_fail (ESHI_IS_JOB (job), FALSE);

  if (eshi_job_get_state (job) != ESHI_JOB_WAITING || !find (self, job, &position))
    return FALSE;
  to = (gint64) position + by;
  if (to < first_waiting (self) || to >= n_jobs (self))
    return FALSE;
  /* Moving down, it goes before the one behind its new neighbour. */
  to += by > 0 ? 1 : 0;
  eshi_queue_move (self, job, to < n_jobs (self) ? job_at (self, (guint) to) : NULL);
  return TRUE;
}

void
eshi_queue_resume (EshiQueue *self,
                   EshiJob   *job)
{
  g_autoptr(EshiJob) resumed = NULL;

  g_return_if_fail (ESHI_IS_QUEUE (self));
  g_return_if_fail (ESHI_IS_JOB (job));

  if (eshi_job_get_state (job) != ESHI_JOB_INTERRUPTED || !find (self, job, NULL))
    return;
  resumed = g_object_ref (job);
  take_out (self, resumed);
  eshi_job_set_state (resumed, ESHI_JOB_WAITING);
  insert (self, resumed, 0);
  g_hash_table_add (self->wanted, g_object_ref (resumed));
  if (eshi_job_get_id (resumed) != 0)
    eshi_history_resume_job_async (self->history, eshi_job_get_id (resumed), on_done_cb, call_new (self, resumed));
  eshi_test_log ("RESUMED [%s]", eshi_job_get_settings (resumed)->prompt);
  tell_changed (self);
  pump (self);
}

/* --- taking away ------------------------------------------------------------------------------------------------- */

static void
note_removed (EshiQueue *self,
              EshiJob   *job,
              guint      position)
{
  Removed removed = { g_object_ref (job), position };

  g_array_append_val (self->removed, removed);
}

void
eshi_queue_remove (EshiQueue *self,
                   EshiJob   *job)
{
  guint position;

  g_return_if_fail (ESHI_IS_QUEUE (self));
  g_return_if_fail (ESHI_IS_JOB (job));

  if (job == self->current || !find (self, job, &position))
    return;
  eshi_queue_forget_removed (self);
  note_removed (self, job, position);
  take_out (self, job);
  tell_changed (self);
}

guint
eshi_queue_clear (EshiQueue *self)
{
  g_return_val_if_fail (ESHI_IS_QUEUE (self), 0);

  eshi_queue_forget_removed (self);
  for (guint i = 0; i < n_jobs (self); i++)
    {
      if (job_at (self, i) != self->current)
        note_removed (self, job_at (self, i), i);
    }
  for (guint i = 0; i < self->removed->len; i++)
    take_out (self, g_array_index (self->removed, Removed, i).job);
  tell_changed (self);
  return self->removed->len;
}

guint
eshi_queue_undo_remove (EshiQueue *self)
{
  guint n_removed;

  g_return_val_if_fail (ESHI_IS_QUEUE (self), 0);

  n_removed = self->removed->len;
  for (guint i = 0; i < n_removed; i++)
    insert (self, g_array_index (self->removed, Removed, i).job, g_array_index (self->removed, Removed, i).position);
  /* From behind, so that the one after it has its place already. */
  for (guint i = n_removed; i > 0; i--)
    {
      EshiJob *job = g_array_index (self->removed, Removed, i - 1).job;

      if (eshi_job_get_state (job) == ESHI_JOB_WAITING)
        keep_place (self, job);
    }
  g_array_set_size (self->removed, 0);
  tell_changed (self);
  pump (self);
  return n_removed;
}

void
eshi_queue_forget_removed (EshiQueue *self)
{
  g_return_if_fail (ESHI_IS_QUEUE (self));

  for (guint i = 0; i < self->removed->len; i++)
    remove_kept (self, g_array_index (self->removed, Removed, i).job);
  g_array_set_size (self->removed, 0);
}

/* --- for who paints ---------------------------------------------------------------------------------------------- */

static void write_checkpoint (EshiQueue  *self,
                              Checkpoint *checkpoint);

static void
on_checkpoint_written_cb (GObject      *source,
                          GAsyncResult *result,
                          gpointer      user_data)
{
  g_autoptr(EshiJob) job = NULL;
  g_autoptr(EshiQueue) self = call_end (user_data, &job);
  g_autoptr(Checkpoint) next = NULL;
  g_autoptr(GError) error = NULL;

  if (!eshi_history_finish (ESHI_HISTORY (source), result, &error))
    g_message ("A checkpoint was not written: %s", error->message);
  if (self == NULL)
    return;
  self->writing_checkpoint = FALSE;
  next = g_steal_pointer (&self->next);
  if (next != NULL)
    write_checkpoint (self, next);
}

static void
write_checkpoint (EshiQueue  *self,
                  Checkpoint *checkpoint)
{
  if (eshi_job_get_id (checkpoint->job) == 0)
    return;
  self->writing_checkpoint = TRUE;
  eshi_history_checkpoint_job_async (self->history, eshi_job_get_id (checkpoint->job), checkpoint->n_done,
                                     checkpoint->step, checkpoint->state, on_checkpoint_written_cb,
                                     call_new (self, checkpoint->job));
}

/* A slow disk gets only the newest. */
void
eshi_queue_checkpoint (EshiQueue *self,
                       EshiJob   *job,
                       int        n_done,
                       int        step,
                       GBytes    *state)
{
  g_autoptr(Checkpoint) checkpoint = NULL;

  g_return_if_fail (ESHI_IS_QUEUE (self));
  g_return_if_fail (ESHI_IS_JOB (job));
  g_return_if_fail (state != NULL);

  checkpoint = g_new (Checkpoint, 1);
  *checkpoint = (Checkpoint) { g_object_ref (job), g_bytes_ref (state), n_done, step };
  eshi_job_set_checkpoint (job, state);
  if (self->writing_checkpoint && (self->next == NULL || self->next->job == job))
    {
      g_clear_pointer (&self->next, checkpoint_free);
      self->next = g_steal_pointer (&checkpoint);
      return;
    }
  write_checkpoint (self, checkpoint);
}

void
eshi_queue_interrupt (EshiQueue *self,
                      EshiJob   *job)
{
  g_return_if_fail (ESHI_IS_QUEUE (self));
  g_return_if_fail (job == self->current && job != NULL);

  /* On the disk it counts as running for as long as the program lives, and as interrupted afterwards. */
  eshi_job_set_state (job, ESHI_JOB_INTERRUPTED);
  g_clear_object (&self->current);
  tell_changed (self);
  pump (self);
}

void
eshi_queue_finish (EshiQueue *self,
                   EshiJob   *job)
{
  g_return_if_fail (ESHI_IS_QUEUE (self));
  g_return_if_fail (job == self->current && job != NULL);

  take_out (self, job);
  g_clear_object (&self->current);
  tell_changed (self);
  pump (self);
}

void
eshi_queue_forget (EshiQueue *self,
                   EshiJob   *job)
{
  g_return_if_fail (ESHI_IS_QUEUE (self));
  g_return_if_fail (ESHI_IS_JOB (job));

  remove_kept (self, job);
}
