/* eshi-history-model.c: the pictures of the history that fit a query, as a list of any length.
 *
 * Keeps the items that were asked for last, and no more: a view asks again for what comes back into sight. Writes
 * nothing to the history.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-history-model.h"

#define MAX_KEPT 1200   /* items; more than any view shows at once */
#define LOAD_BATCH 120  /* pictures read at a time, so that a jump elsewhere is not kept waiting */
#define MAX_RUNS 128    /* places that may change one by one; beyond that the span is told as one change */

struct _EshiHistoryModel
{
  GObject parent_instance;

  /* Owned References */
  EshiHistory *history;
  GArray *ids;                   /* of gint64 */
  GHashTable *links;             /* id to its link in kept */
  GQueue kept;                   /* of EshiHistoryItem, the last asked for first */
  GHashTable *unread;            /* set of ids that are to be read, or read again */
  GHashTable *checked;           /* set of ids whose files were looked for */
  GCancellable *find_cancellable;
  GCancellable *cancellable;
  char *text;
  char *model;
  char *sampler;
  char *tag;

  EshiHistoryQuery query;        /* its strings are those above */
  guint load_source;
  guint loading : 1;
  guint asked : 1;
  guint asleep : 1;
  guint missed : 1;              /* changes while asleep */
};

enum
{
  FOUND,
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void eshi_history_model_list_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (EshiHistoryModel, eshi_history_model, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, eshi_history_model_list_iface_init))

static void schedule_load (EshiHistoryModel *self);

static void
tell_error (EshiHistoryModel *self,
            const GError     *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_signal_emit (self, signals[FAILED], 0, error);
}

/* --- reading pictures -------------------------------------------------------------------------------------------- */

/* The file of each is looked for once; should that change anything, the history tells, and they are read again. */
static void
check_files (EshiHistoryModel *self,
             const GPtrArray  *pictures)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < pictures->len; i++)
    {
      const EshiHistoryPicture *picture = g_ptr_array_index (pictures, i);

      if (g_hash_table_add (self->checked, g_memdup2 (&picture->id, sizeof picture->id)))
        g_array_append_val (ids, picture->id);
    }
  if (ids->len > 0)
    eshi_history_check_files_async (self->history, (const gint64 *) (gpointer) ids->data, ids->len, NULL, NULL);
}

static void
on_loaded_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(EshiHistoryModel) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) pictures = eshi_history_load_finish (ESHI_HISTORY (source), result, &error);

  self->loading = FALSE;
  if (pictures == NULL)
    {
      tell_error (self, error);
      return;
    }
  for (guint i = 0; i < pictures->len; i++)
    {
      const EshiHistoryPicture *picture = g_ptr_array_index (pictures, i);
      GList *link = g_hash_table_lookup (self->links, &picture->id);

      if (link != NULL)
        eshi_history_item_set_picture (link->data, picture);
    }
  if (self->history != NULL)
    check_files (self, pictures);
  schedule_load (self);
}

/* The unread ids among the items asked for last. (transfer full) */
static GArray *
take_batch (EshiHistoryModel *self)
{
  GArray *batch = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (GList *l = self->kept.head; l != NULL && batch->len < LOAD_BATCH; l = l->next)
    {
      gint64 id = eshi_history_item_get_id (l->data);

      if (g_hash_table_remove (self->unread, &id))
        g_array_append_val (batch, id);
    }
  return batch;
}

static gboolean
on_load_cb (gpointer user_data)
{
  EshiHistoryModel *self = ESHI_HISTORY_MODEL (user_data);
  g_autoptr(GArray) batch = take_batch (self);

  self->load_source = 0;
  if (batch->len == 0)
    return G_SOURCE_REMOVE;
  self->loading = TRUE;
  eshi_history_load_async (self->history, (const gint64 *) (gpointer) batch->data, batch->len, self->cancellable,
                           on_loaded_cb, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

static void
schedule_load (EshiHistoryModel *self)
{
  if (self->history == NULL || self->loading || self->load_source != 0 || g_hash_table_size (self->unread) == 0)
    return;
  self->load_source = g_idle_add_full (G_PRIORITY_DEFAULT, on_load_cb, self, NULL);
}

static void
mark_unread (EshiHistoryModel *self,
             gint64            id)
{
  g_hash_table_add (self->unread, g_memdup2 (&id, sizeof id));
  schedule_load (self);
}

/* --- items ------------------------------------------------------------------------------------------------------- */

static void
forget_oldest (EshiHistoryModel *self)
{
  g_autoptr(EshiHistoryItem) item = g_queue_pop_tail (&self->kept);
  gint64 id = eshi_history_item_get_id (item);

  g_hash_table_remove (self->links, &id);
  g_hash_table_remove (self->unread, &id);
}

/* (transfer none) */
static EshiHistoryItem *
keep_item (EshiHistoryModel *self,
           gint64            id)
{
  GList *link = g_hash_table_lookup (self->links, &id);

  if (link != NULL)
    {
      g_queue_unlink (&self->kept, link);
      g_queue_push_head_link (&self->kept, link);
      return link->data;
    }
  g_queue_push_head (&self->kept, eshi_history_item_new (id));
  g_hash_table_insert (self->links, g_memdup2 (&id, sizeof id), self->kept.head);
  if (self->kept.length > MAX_KEPT)
    forget_oldest (self);
  mark_unread (self, id);
  return self->kept.head->data;
}

static GType
eshi_history_model_get_item_type (GListModel *list)
{
  return ESHI_TYPE_HISTORY_ITEM;
}

static guint
eshi_history_model_get_n_items (GListModel *list)
{
  return ESHI_HISTORY_MODEL (list)->ids->len;
}

static gpointer
eshi_history_model_get_item (GListModel *list,
                             guint       position)
{
  EshiHistoryModel *self = ESHI_HISTORY_MODEL (list);

  if (position >= self->ids->len)
    return NULL;
  return g_object_ref (keep_item (self, eshi_history_model_get_id (self, position)));
}

static void
eshi_history_model_list_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = eshi_history_model_get_item_type;
  iface->get_n_items = eshi_history_model_get_n_items;
  iface->get_item = eshi_history_model_get_item;
}

gint64
eshi_history_model_get_id (EshiHistoryModel *self,
                           guint             position)
{
  g_return_val_if_fail (ESHI_IS_HISTORY_MODEL (self), 0);

  return position < self->ids->len ? g_array_index (self->ids, gint64, position) : 0;
}

gboolean
eshi_history_model_find (EshiHistoryModel *self,
                         gint64            id,
                         guint            *position)
{
  g_return_val_if_fail (ESHI_IS_HISTORY_MODEL (self), FALSE);

  for (guint i = 0; i < self->ids->len; i++)
    {
      if (g_array_index (self->ids, gint64, i) != id)
        continue;
      if (position != NULL)
        *position = i;
      return TRUE;
    }
  return FALSE;
}

/* --- what changed ------------------------------------------------------------------------------------------------ */

/* From "from" in the old list on, this many are gone, and these of the new list are there. */
typedef struct
{
  guint from;
  guint n_removed;
  guint added_from;
  guint n_added;
} Run;

static void
apply_run (EshiHistoryModel *self,
           guint             position,
           const Run        *run,
           const gint64     *ids)
{
  if (run->n_removed > 0)
    g_array_remove_range (self->ids, position, run->n_removed);
  if (run->n_added > 0)
    g_array_insert_vals (self->ids, position, ids + run->added_from, run->n_added);
  g_list_model_items_changed (G_LIST_MODEL (self), position, run->n_removed, run->n_added);
}

static GHashTable *
set_of (const gint64 *ids,
        guint         from,
        guint         to)
{
  GHashTable *set = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = from; i < to; i++)
    g_hash_table_add (set, (gpointer) &ids[i]);
  return set;
}

/* The places between [*from, old_to) and [*from, new_to) that differ, in order; one for all of them if there are too
 * many, or if what both hold stands in another order. (transfer full) */
static GArray *
find_runs (const gint64 *before,
           const gint64 *after,
           guint         from,
           guint         old_to,
           guint         new_to)
{
  g_autoptr(GHashTable) olds = set_of (before, from, old_to);
  g_autoptr(GHashTable) news = set_of (after, from, new_to);
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (Run));
  guint i = from;
  guint j = from;

  while (i < old_to || j < new_to)
    {
      Run run = { .from = i, .added_from = j };

      for (; i < old_to && !g_hash_table_contains (news, &before[i]); i++)
        run.n_removed++;
      for (; j < new_to && !g_hash_table_contains (olds, &after[j]); j++)
        run.n_added++;
      if (run.n_removed > 0 || run.n_added > 0)
        g_array_append_val (runs, run);
      if (runs->len > MAX_RUNS || (i < old_to) != (j < new_to) || (i < old_to && before[i] != after[j]))
        {
          g_array_set_size (runs, 0);
          run = (Run) { from, old_to - from, from, new_to - from };
          g_array_append_val (runs, run);
          break;
        }
      i++;
      j++;
    }
  return runs;
}

void
eshi_history_model_set_ids (EshiHistoryModel *self,
                            const GArray     *ids)
{
  g_autoptr(GArray) runs = NULL;
  const gint64 *before;
  const gint64 *after;
  guint from = 0;
  guint old_to;
  guint new_to;
  gint64 shift = 0;

  g_return_if_fail (ESHI_IS_HISTORY_MODEL (self));
  g_return_if_fail (ids != NULL);

  before = (const gint64 *) (gpointer) self->ids->data;
  after = (const gint64 *) (gpointer) ids->data;
  old_to = self->ids->len;
  new_to = ids->len;
  while (from < old_to && from < new_to && before[from] == after[from])
    from++;
  for (; old_to > from && new_to > from && before[old_to - 1] == after[new_to - 1]; new_to--)
    old_to--;
  runs = find_runs (before, after, from, old_to, new_to);
  for (guint i = 0; i < runs->len; i++)
    {
      const Run *run = &g_array_index (runs, Run, i);

      apply_run (self, (guint) (run->from + shift), run, after);
      shift += (gint64) run->n_added - run->n_removed;
    }
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

static void
on_found_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(EshiHistoryModel) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) ids = eshi_history_find_ids_finish (ESHI_HISTORY (source), result, &error);

  if (ids == NULL)
    {
      tell_error (self, error);
      return;
    }
  eshi_history_model_set_ids (self, ids);
  g_signal_emit (self, signals[FOUND], 0);
}

static void
ask (EshiHistoryModel *self)
{
  g_cancellable_cancel (self->find_cancellable);
  g_set_object (&self->find_cancellable, NULL);
  self->find_cancellable = g_cancellable_new ();
  eshi_history_find_ids_async (self->history, &self->query, self->find_cancellable, on_found_cb, g_object_ref (self));
}

static void
on_changed_cb (EshiHistoryModel *self)
{
  g_assert (ESHI_IS_HISTORY_MODEL (self));

  self->missed = self->asleep;
  if (self->asleep)
    return;
  for (GList *l = self->kept.head; l != NULL; l = l->next)
    mark_unread (self, eshi_history_item_get_id (l->data));
  if (self->asked)
    ask (self);
}

void
eshi_history_model_set_awake (EshiHistoryModel *self,
                              gboolean          awake)
{
  g_return_if_fail (ESHI_IS_HISTORY_MODEL (self));

  self->asleep = !awake;
  if (awake && self->missed)
    on_changed_cb (self);
}

void
eshi_history_model_check_files (EshiHistoryModel *self)
{
  g_return_if_fail (ESHI_IS_HISTORY_MODEL (self));

  g_hash_table_remove_all (self->checked);
  for (GList *l = self->kept.head; l != NULL; l = l->next)
    mark_unread (self, eshi_history_item_get_id (l->data));
}

static void
set_string (char       **target,
            const char **in_query,
            const char  *value)
{
  g_free (*target);
  *in_query = *target = g_strdup (value);
}

void
eshi_history_model_set_query (EshiHistoryModel       *self,
                              const EshiHistoryQuery *query)
{
  EshiHistoryQuery given;

  g_return_if_fail (ESHI_IS_HISTORY_MODEL (self));
  g_return_if_fail (query != NULL);

  given = *query;
  self->query = given;
  set_string (&self->text, &self->query.text, given.text);
  set_string (&self->model, &self->query.model, given.model);
  set_string (&self->sampler, &self->query.sampler, given.sampler);
  set_string (&self->tag, &self->query.tag, given.tag);
  self->asked = TRUE;
  if (self->history != NULL)
    ask (self);
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_history_model_dispose (GObject *object)
{
  EshiHistoryModel *self = ESHI_HISTORY_MODEL (object);

  g_cancellable_cancel (self->find_cancellable);
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->load_source, g_source_remove);
  g_clear_object (&self->history);
  G_OBJECT_CLASS (eshi_history_model_parent_class)->dispose (object);
}

static void
eshi_history_model_finalize (GObject *object)
{
  EshiHistoryModel *self = ESHI_HISTORY_MODEL (object);

  g_queue_clear_full (&self->kept, g_object_unref);
  g_hash_table_unref (self->links);
  g_hash_table_unref (self->unread);
  g_hash_table_unref (self->checked);
  g_array_unref (self->ids);
  g_clear_object (&self->find_cancellable);
  g_clear_object (&self->cancellable);
  g_free (self->text);
  g_free (self->model);
  g_free (self->sampler);
  g_free (self->tag);
  G_OBJECT_CLASS (eshi_history_model_parent_class)->finalize (object);
}

static void
eshi_history_model_class_init (EshiHistoryModelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = eshi_history_model_dispose;
  object_class->finalize = eshi_history_model_finalize;
  signals[FOUND] = g_signal_new ("found", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
eshi_history_model_init (EshiHistoryModel *self)
{
  self->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->links = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->unread = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->checked = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->kept);
}

EshiHistoryModel *
eshi_history_model_new (EshiHistory *history)
{
  EshiHistoryModel *self;

  g_return_val_if_fail (history == NULL || ESHI_IS_HISTORY (history), NULL);

  self = g_object_new (ESHI_TYPE_HISTORY_MODEL, NULL);
  if (history == NULL)
    return self;
  self->history = g_object_ref (history);
  g_signal_connect_object (history, "changed", G_CALLBACK (on_changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}
