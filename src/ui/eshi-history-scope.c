/* eshi-history-scope.c: those of a list of pictures that were chosen, in the list's order.
 *
 * Holds ids alone: items are the model's, so that what it learns of a picture is known here too. Never grows beyond what
 * was chosen.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-history-scope.h"

struct _EshiHistoryScope
{
  GObject parent_instance;

  /* Owned References */
  EshiHistoryModel *model;
  GHashTable *chosen;   /* of gint64 */
  GArray *there;        /* of gint64: those of them that the model has, in its order */
};

static void eshi_history_scope_list_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (EshiHistoryScope, eshi_history_scope, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, eshi_history_scope_list_iface_init))

/* (transfer full) (element-type gint64): the chosen ones that the model has. Cost: a pass over the model's ids */
static GArray *
find_there (EshiHistoryScope *self)
{
  GArray *there = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->model)); i++)
    {
      gint64 id = eshi_history_model_get_id (self->model, i);

      if (g_hash_table_contains (self->chosen, &id))
        g_array_append_val (there, id);
    }
  return there;
}

/* What lies between the first and the last difference is told as changed. */
static void
on_items_changed_cb (EshiHistoryScope *self)
{
  g_autoptr(GArray) before = self->there;
  guint from = 0;
  guint old_to = before->len;
  guint new_to;

  g_assert (ESHI_IS_HISTORY_SCOPE (self));

  self->there = find_there (self);
  new_to = self->there->len;
  while (from < MIN (old_to, new_to) && g_array_index (before, gint64, from) == g_array_index (self->there, gint64, from))
    from++;
  for (; old_to > from && new_to > from &&
         g_array_index (before, gint64, old_to - 1) == g_array_index (self->there, gint64, new_to - 1);
       new_to--)
    old_to--;
  if (old_to > from || new_to > from)
    g_list_model_items_changed (G_LIST_MODEL (self), from, old_to - from, new_to - from);
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

static GType
eshi_history_scope_get_item_type (GListModel *list)
{
  return ESHI_TYPE_HISTORY_ITEM;
}

static guint
eshi_history_scope_get_n_items (GListModel *list)
{
  return ESHI_HISTORY_SCOPE (list)->there->len;
}

static gpointer
eshi_history_scope_get_item (GListModel *list,
                             guint       position)
{
  EshiHistoryScope *self = ESHI_HISTORY_SCOPE (list);
  guint place;

  if (position >= self->there->len ||
      !eshi_history_model_find (self->model, g_array_index (self->there, gint64, position), &place))
    return NULL;
  return g_list_model_get_item (G_LIST_MODEL (self->model), place);
}

static void
eshi_history_scope_list_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = eshi_history_scope_get_item_type;
  iface->get_n_items = eshi_history_scope_get_n_items;
  iface->get_item = eshi_history_scope_get_item;
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_history_scope_finalize (GObject *object)
{
  EshiHistoryScope *self = ESHI_HISTORY_SCOPE (object);

  g_clear_object (&self->model);
  g_clear_pointer (&self->chosen, g_hash_table_unref);
  g_clear_pointer (&self->there, g_array_unref);
  G_OBJECT_CLASS (eshi_history_scope_parent_class)->finalize (object);
}

static void
eshi_history_scope_class_init (EshiHistoryScopeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eshi_history_scope_finalize;
}

static void
eshi_history_scope_init (EshiHistoryScope *self)
{
  self->chosen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

EshiHistoryScope *
eshi_history_scope_new (EshiHistoryModel *model,
                        const GArray     *ids)
{
  EshiHistoryScope *self;

  g_return_val_if_fail (ESHI_IS_HISTORY_MODEL (model), NULL);
  g_return_val_if_fail (ids != NULL, NULL);

  self = g_object_new (ESHI_TYPE_HISTORY_SCOPE, NULL);
  self->model = g_object_ref (model);
  for (guint i = 0; i < ids->len; i++)
    g_hash_table_add (self->chosen, g_memdup2 (&g_array_index (ids, gint64, i), sizeof (gint64)));
  self->there = find_there (self);
  g_signal_connect_object (model, "items-changed", G_CALLBACK (on_items_changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}

gboolean
eshi_history_scope_find (EshiHistoryScope *self,
                         gint64            id,
                         guint            *position)
{
  g_return_val_if_fail (ESHI_IS_HISTORY_SCOPE (self), FALSE);

  for (guint i = 0; i < self->there->len; i++)
    {
      if (g_array_index (self->there, gint64, i) != id)
        continue;
      if (position != NULL)
        *position = i;
      return TRUE;
    }
  return FALSE;
}
