/* eshi-store-find.c: queries: from what is looked for to SQL, and the pages that answer it.
 *
 * Values go through bindings, never into the text of a statement, which is one of a few dozen and stays prepared.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "eshi-store-private.h"

#define DEFAULT_LIMIT 60
#define MAX_LIMIT 1000

/* A statement and what is bound to it. */
typedef struct
{
  GString   *sql;
  GPtrArray *values; /* of GVariant */
} Statement;

static void
statement_clear (Statement *self)
{
  g_string_free (self->sql, TRUE);
  g_ptr_array_unref (self->values);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Statement, statement_clear)

static void
bind_int (Statement *self,
          gint64     value)
{
  g_ptr_array_add (self->values, g_variant_ref_sink (g_variant_new_int64 (value)));
}

static void
bind_text (Statement  *self,
           const char *value)
{
  g_ptr_array_add (self->values, g_variant_ref_sink (g_variant_new_string (value)));
}

static void
where_int (Statement  *self,
           const char *condition,
           gint64      value,
           gboolean    wanted)
{
  if (!wanted)
    return;

  g_string_append_printf (self->sql, " AND %s", condition);
  bind_int (self, value);
}

static void
where_text (Statement  *self,
            const char *condition,
            const char *value)
{
  if (value == NULL)
    return;

  g_string_append_printf (self->sql, " AND %s", condition);
  bind_text (self, value);
}

/* Pictures in the trash are not in the index; there are few. */
static void
where_trashed (Statement              *self,
               const EshiHistoryQuery *query)
{
  g_auto(GStrv) words = _eshi_words_split (query->text);

  g_string_append (self->sql, "pictures p WHERE trashed <> 0 AND trashed > 0");
  for (guint i = 0; words[i] != NULL; i++)
    where_text (self, "instr ((SELECT folded || char (10) || ifnull (reading, '') FROM texts t WHERE t.id = p.id), ?)",
                words[i]);
}

/* Where there are words, the index of words leads, so that a page ends when it is full; it has just those pictures that
 * are not in the trash. */
static void
where_live (Statement              *self,
            const EshiHistoryQuery *query)
{
  g_autofree char *match = _eshi_words_match (query->text != NULL ? query->text : "");

  if (match == NULL)
    {
      g_string_append (self->sql, "pictures p WHERE trashed = 0");
      return;
    }
  g_string_append (self->sql, "words CROSS JOIN pictures p ON p.id = words.rowid WHERE words MATCH ?");
  bind_text (self, match);
}

/* Ids follow time but for pictures that were taken in. So whoever wants ids in their order gets them by a walk along
 * the ids that looks at the time, where the range of the index of times would have to be sorted; and to count that range
 * is enough. */
static void
where_created (Statement              *self,
               const EshiHistoryQuery *query,
               gboolean                in_order)
{
  where_int (self, in_order ? "+created >= ?" : "created >= ?", query->since, query->since != 0);
  where_int (self, in_order ? "+created < ?" : "created < ?", query->until, query->until != 0);
}

/* @in_order: whether append_order() is to follow */
static Statement
begin_statement (const char             *columns,
                 const EshiHistoryQuery *query,
                 gboolean                in_order)
{
  Statement self = { g_string_new ("SELECT "), g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref) };

  g_string_append_printf (self.sql, "%s FROM ", columns);
  if (query->trashed)
    where_trashed (&self, query);
  else
    where_live (&self, query);
  where_text (&self, "model = ?", query->model);
  where_text (&self, "sampler = ?", query->sampler);
  where_int (&self, "width = ?", query->width, query->width > 0);
  where_int (&self, "height = ?", query->height, query->height > 0);
  where_created (&self, query, in_order);
  where_text (&self, "id IN (SELECT picture FROM tags WHERE tag = ?)", query->tag);
  where_int (&self, "rating >= ?", query->min_rating, query->min_rating > 0);
  where_int (&self, "parent = ?", query->parent, query->parent != 0);
  where_int (&self, "favourite = ?", 1, query->favourite);

  return self;
}

/* Ids follow time: a newer picture has the higher one. FTS5 goes along its own ids in either direction. */
static void
append_order (Statement              *self,
              const EshiHistoryQuery *query)
{
  const char *id = strstr (self->sql->str, "FROM words CROSS") != NULL ? "words.rowid" : "id";

  g_string_append_printf (self->sql, " ORDER BY %s%s%s", query->order == ESHI_HISTORY_BEST_FIRST ? "rating DESC, " : "",
                          id, query->order == ESHI_HISTORY_OLDEST_FIRST ? "" : " DESC");
}

static void
append_after (Statement              *self,
              const EshiHistoryQuery *query)
{
  static const char *const conditions[] = {
    [ESHI_HISTORY_NEWEST_FIRST] = "id < ?",
    [ESHI_HISTORY_OLDEST_FIRST] = "id > ?",
    [ESHI_HISTORY_BEST_FIRST] = "(rating, id) < (SELECT rating, id FROM pictures WHERE id = ?)",
  };

  where_int (self, conditions[query->order], query->after, query->after != 0);
}

/* (transfer none): @self prepared and bound; NULL on error. */
static sqlite3_stmt *
prepare (EshiStore        *store,
         const Statement  *self,
         GError          **error)
{
  sqlite3_stmt *statement = _eshi_db_query (store->db, error, self->sql->str, "");

  for (guint i = 0; statement != NULL && i < self->values->len; i++)
    {
      GVariant *value = self->values->pdata[i];

      if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
        sqlite3_bind_int64 (statement, (int) i + 1, g_variant_get_int64 (value));
      else
        sqlite3_bind_text (statement, (int) i + 1, g_variant_get_string (value, NULL), -1, SQLITE_TRANSIENT);
    }

  return statement;
}

/* (transfer full) (element-type gint64): the first column of all rows; NULL on error. */
static GArray *
collect_ids (EshiStore        *store,
             const Statement  *self,
             GError          **error)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  sqlite3_stmt *row = prepare (store, self, error);
  int result = row != NULL ? 1 : -1;

  while (result > 0 && (result = _eshi_db_step (store->db, row, error)) > 0)
    {
      gint64 id = sqlite3_column_int64 (row, 0);

      g_array_append_val (ids, id);
    }

  return result == 0 ? g_steal_pointer (&ids) : NULL;
}

/* Whether the text is all that is asked for. */
static gboolean
has_no_filter (const EshiHistoryQuery *query)
{
  return !query->trashed && query->model == NULL && query->sampler == NULL && query->width <= 0 && query->height <= 0 &&
         query->since == 0 && query->until == 0 && query->tag == NULL && !query->favourite && query->min_rating <= 0 &&
         query->parent == 0;
}

static gboolean
count (EshiStore               *store,
       const EshiHistoryQuery  *query,
       gint64                  *n_found,
       GError                 **error)
{
  g_autofree char *match = _eshi_words_match (query->text != NULL ? query->text : "");
  g_auto(Statement) statement = begin_statement ("count (*)", query, FALSE);
  g_autoptr(GArray) counts = NULL;

  /* The index of words has just the pictures that are not in the trash; and SQLite counts whole tables without looking
   * at their rows. */
  if (match != NULL && has_no_filter (query))
    return _eshi_db_get_int (store->db, n_found, 0, error, "SELECT count (*) FROM words WHERE words MATCH ?", "s", match);
  if (has_no_filter (query))
    return _eshi_db_get_int (store->db, n_found, 0, error,
                             "SELECT (SELECT count (*) FROM pictures) -"
                             " (SELECT count (*) FROM pictures WHERE trashed <> 0)",
                             "");

  counts = collect_ids (store, &statement, error);
  *n_found = counts != NULL && counts->len > 0 ? g_array_index (counts, gint64, 0) : 0;

  return counts != NULL;
}

EshiHistoryPage *
_eshi_store_find (EshiStore               *self,
                  const EshiHistoryQuery  *query,
                  GError                 **error)
{
  g_auto(Statement) statement = begin_statement ("id", query, TRUE);
  g_autoptr(EshiHistoryPage) page = g_new0 (EshiHistoryPage, 1);
  g_autoptr(GArray) ids = NULL;

  append_after (&statement, query);
  append_order (&statement, query);
  g_string_append (statement.sql, " LIMIT ?");
  bind_int (&statement, query->limit > 0 ? MIN (query->limit, MAX_LIMIT) : DEFAULT_LIMIT);
  ids = collect_ids (self, &statement, error);
  if (ids == NULL || !count (self, query, &page->n_found, error))
    return NULL;
  page->pictures = _eshi_store_load (self, (const gint64 *) ids->data, ids->len, error);

  return page->pictures != NULL ? g_steal_pointer (&page) : NULL;
}

GArray *
_eshi_store_find_ids (EshiStore               *self,
                      const EshiHistoryQuery  *query,
                      GError                 **error)
{
  g_auto(Statement) statement = begin_statement ("id", query, TRUE);

  append_order (&statement, query);

  return collect_ids (self, &statement, error);
}

static void
count_free (gpointer data)
{
  EshiHistoryCount *self = data;

  g_free (self->value);
  g_free (self);
}

GPtrArray *
_eshi_store_count_by (EshiStore         *self,
                      EshiHistoryField   field,
                      GError           **error)
{
  static const char *const queries[] = {
    [ESHI_HISTORY_BY_MODEL] = "SELECT model, count (*) AS n FROM pictures WHERE trashed = 0 AND model IS NOT NULL"
                              " GROUP BY model ORDER BY n DESC, model",
    [ESHI_HISTORY_BY_SAMPLER] = "SELECT sampler, count (*) AS n FROM pictures WHERE trashed = 0 AND sampler IS NOT NULL"
                                " GROUP BY sampler ORDER BY n DESC, sampler",
    [ESHI_HISTORY_BY_SIZE] = "SELECT width || '×' || height, count (*) AS n FROM pictures WHERE trashed = 0"
                             " GROUP BY width, height ORDER BY n DESC, width, height",
    [ESHI_HISTORY_BY_TAG] = "SELECT tag, count (*) AS n FROM tags JOIN pictures p ON p.id = picture WHERE trashed = 0"
                            " GROUP BY tag ORDER BY n DESC, tag",
  };
  g_autoptr(GPtrArray) counts = g_ptr_array_new_with_free_func (count_free);
  sqlite3_stmt *row = _eshi_db_query (self->db, error, queries[field], "");
  int result = row != NULL ? 1 : -1;

  while (result > 0 && (result = _eshi_db_step (self->db, row, error)) > 0)
    {
      EshiHistoryCount *one = g_new0 (EshiHistoryCount, 1);

      one->value = _eshi_db_dup_text (row, 0);
      one->n_pictures = sqlite3_column_int64 (row, 1);
      g_ptr_array_add (counts, one);
    }

  return result == 0 ? g_steal_pointer (&counts) : NULL;
}
