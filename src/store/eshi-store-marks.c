/* eshi-store-marks.c: what the artist adds to pictures: favourites, ratings, tags; and what was typed.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-store-private.h"

#define MAX_PROMPTS 1000
#define MAX_RATING 5

gboolean
_eshi_store_found (EshiStore  *self,
                   GError    **error)
{
  if (_eshi_db_n_changed (self->db) > 0)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       _("The history has no such entry any more; look at the list again."));

  return FALSE;
}

/* Runs @sql, whose arguments are a number and an id, for all ids or for none. */
static gboolean
set_all (EshiStore     *self,
         const char    *sql,
         gint64         value,
         const gint64  *ids,
         guint          n_ids,
         GError       **error)
{
  gboolean done = _eshi_db_begin (self->db, error);

  if (!done)
    return FALSE;
  for (guint i = 0; i < n_ids && done; i++)
    done = _eshi_db_exec (self->db, error, sql, "ii", value, ids[i]) && _eshi_store_found (self, error);

  return _eshi_db_end (self->db, done, error);
}

gboolean
_eshi_store_set_favourite (EshiStore     *self,
                           const gint64  *ids,
                           guint          n_ids,
                           gboolean       favourite,
                           GError       **error)
{
  return set_all (self, "UPDATE pictures SET favourite = ? WHERE id = ?", favourite != FALSE, ids, n_ids, error);
}

gboolean
_eshi_store_set_rating (EshiStore     *self,
                        const gint64  *ids,
                        guint          n_ids,
                        int            rating,
                        GError       **error)
{
  return set_all (self, "UPDATE pictures SET rating = ? WHERE id = ?", CLAMP (rating, 0, MAX_RATING), ids, n_ids, error);
}

static gboolean
set_tag (EshiStore   *self,
         gint64       id,
         const char  *tag,
         gboolean     present,
         GError     **error)
{
  g_autoptr(EshiHistoryPicture) picture = _eshi_store_get (self, id, error);
  gboolean indexed = picture != NULL && picture->trashed == ESHI_STORE_LIVE;

  return picture != NULL &&
         (!indexed || _eshi_words_remove (self, id, error)) &&
         _eshi_db_exec (self->db, error,
                        present ? "INSERT OR IGNORE INTO tags (tag, picture) VALUES (?, ?)"
                                : "DELETE FROM tags WHERE tag = ? AND picture = ?",
                        "si", tag, id) &&
         _eshi_words_refresh (self, id, error) &&
         (!indexed || _eshi_words_add (self, id, error));
}

gboolean
_eshi_store_set_tag (EshiStore     *self,
                     const gint64  *ids,
                     guint          n_ids,
                     const char    *tag,
                     gboolean       present,
                     GError       **error)
{
  g_autofree char *clean = g_strdelimit (g_strdup (tag), "\n\r", ' ');
  gboolean done = FALSE;

  if (*g_strstrip (clean) == '\0')
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("A tag needs at least one character."));
      return FALSE;
    }
  if (!_eshi_db_begin (self->db, error))
    return FALSE;
  done = TRUE;
  for (guint i = 0; i < n_ids && done; i++)
    done = set_tag (self, ids[i], clean, present, error);

  return _eshi_db_end (self->db, done, error);
}

/* --- prompts ------------------------------------------------------------------------------------------------------ */

gboolean
_eshi_store_add_prompt (EshiStore   *self,
                        const char  *prompt,
                        GError     **error)
{
  g_autofree char *folded = _eshi_words_fold (prompt);
  gboolean done = FALSE;

  if (*prompt == '\0')
    return TRUE;
  if (!_eshi_db_begin (self->db, error))
    return FALSE;
  done = _eshi_db_exec (self->db, error, "INSERT OR REPLACE INTO prompts (prompt, folded, used) VALUES (?, ?, ?)", "ssi",
                        prompt, folded, g_get_real_time ()) &&
         _eshi_db_exec (self->db, error,
                        "DELETE FROM prompts WHERE used < (SELECT used FROM prompts ORDER BY used DESC LIMIT 1 OFFSET ?)",
                        "i", (gint64) MAX_PROMPTS - 1);

  return _eshi_db_end (self->db, done, error);
}

static gboolean
has_all (const char *folded,
         GStrv       words)
{
  for (guint i = 0; words[i] != NULL; i++)
    if (strstr (folded, words[i]) == NULL)
      return FALSE;

  return TRUE;
}

GStrv
_eshi_store_list_prompts (EshiStore   *self,
                          const char  *text,
                          GError     **error)
{
  g_autoptr(GStrvBuilder) prompts = g_strv_builder_new ();
  g_auto(GStrv) words = _eshi_words_split (text);
  sqlite3_stmt *row = _eshi_db_query (self->db, error, "SELECT prompt, folded FROM prompts ORDER BY used DESC", "");
  int result = row != NULL ? 1 : -1;

  while (result > 0 && (result = _eshi_db_step (self->db, row, error)) > 0)
    if (has_all ((const char *) sqlite3_column_text (row, 1), words))
      g_strv_builder_add (prompts, (const char *) sqlite3_column_text (row, 0));

  return result == 0 ? g_strv_builder_end (prompts) : NULL;
}
