/* eshi-store-words.c: words as they are compared, and the index that finds them.
 *
 * SQLite's own tokenizers do not serve Japanese: one takes a sentence for a word, the other finds nothing shorter than
 * three characters. So texts are folded (NFKC, case, katakana to hiragana) and cut into overlapping pairs of characters
 * before they reach FTS5; a word of three is then a phrase of two pairs, which is exactly "occurs in". The last
 * character of a run stands alone as well, so that the prefix index finds single characters everywhere.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-store-private.h"

#define FIRST_KATAKANA 0x30a1
#define LAST_KATAKANA 0x30f6
#define KANA_DISTANCE 0x60

/* NFKC has turned full-width signs into ASCII, so that their places are free: FTS5's "ascii" tokenizer takes them for
 * letters there. */
#define WIDE_DISTANCE 0xfee0

#define N_READ_AT_ONCE 50

static gunichar
fold_kana (gunichar c)
{
  if (c >= FIRST_KATAKANA && c <= LAST_KATAKANA)
    return c - KANA_DISTANCE;

  return c == 0x30fd || c == 0x30fe ? c - KANA_DISTANCE : c;
}

char *
_eshi_words_fold (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *wide = g_utf8_normalize (valid, -1, G_NORMALIZE_ALL_COMPOSE);
  g_autofree char *lower = g_utf8_casefold (wide, -1);
  g_autofree char *folded = g_utf8_normalize (lower, -1, G_NORMALIZE_ALL_COMPOSE);
  GString *out = g_string_sized_new (strlen (folded));

  for (const char *p = folded; *p != '\0'; p = g_utf8_next_char (p))
    g_string_append_unichar (out, fold_kana (g_utf8_get_char (p)));

  return g_string_free (out, FALSE);
}

static gboolean
is_break (gunichar c)
{
  return g_unichar_isspace (c) || g_unichar_iscntrl (c);
}

static void
append_character (GString  *out,
                  gunichar  c)
{
  g_string_append_unichar (out, c > 0x20 && c < 0x7f && !g_ascii_isalnum (c) ? c + WIDE_DISTANCE : c);
}

/* The pairs of @text up to its first break; the last character alone if @whole, or if it is the only one. Returns where
 * it stopped. */
static const char *
pair_run (GString    *out,
          const char *text,
          gboolean    whole)
{
  guint n_pairs = 0;

  while (*text != '\0' && !is_break (g_utf8_get_char (text)))
    {
      const char *next = g_utf8_next_char (text);
      gboolean last = *next == '\0' || is_break (g_utf8_get_char (next));

      if (!last || whole || n_pairs == 0)
        {
          if (out->len > 0)
            g_string_append_c (out, ' ');
          append_character (out, g_utf8_get_char (text));
          if (!last)
            append_character (out, g_utf8_get_char (next));
        }
      n_pairs++;
      text = next;
    }

  return text;
}

char *
_eshi_words_pair (const char *folded)
{
  GString *out = g_string_sized_new (3 * strlen (folded));

  while (*folded != '\0')
    {
      folded = pair_run (out, folded, TRUE);
      if (*folded != '\0')
        folded = g_utf8_next_char (folded);
    }

  return g_string_free (out, FALSE);
}

GStrv
_eshi_words_split (const char *text)
{
  g_autoptr(GStrvBuilder) words = g_strv_builder_new ();
  g_autofree char *folded = _eshi_words_fold (text != NULL ? text : "");
  const char *start = folded;

  for (const char *p = folded;; p = g_utf8_next_char (p))
    {
      if (*p != '\0' && !is_break (g_utf8_get_char (p)))
        continue;
      if (p > start)
        {
          g_autofree char *word = g_strndup (start, p - start);

          g_strv_builder_add (words, word);
        }
      if (*p == '\0')
        break;
      start = g_utf8_next_char (p);
    }

  return g_strv_builder_end (words);
}

char *
_eshi_words_match (const char *text)
{
  g_auto(GStrv) words = _eshi_words_split (text);
  g_autoptr(GString) out = g_string_new (NULL);

  for (guint i = 0; words[i] != NULL; i++)
    {
      g_autoptr(GString) pairs = g_string_new (NULL);

      pair_run (pairs, words[i], FALSE);
      /* Quotation marks are wide here, so that none can end the string. */
      g_string_append_printf (out, "%s\"%s\"%s", i > 0 ? " AND " : "", pairs->str,
                              *g_utf8_next_char (words[i]) == '\0' ? "*" : "");
    }

  return out->len > 0 ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}

/* (transfer full): the tokens of the picture @id; NULL on error. */
static char *
tokens_of (EshiStore  *self,
           gint64      id,
           GError    **error)
{
  sqlite3_stmt *row = _eshi_db_query (self->db, error,
                                      "SELECT folded || char (10) || ifnull (reading, '') FROM texts WHERE id = ?", "i",
                                      id);
  g_autofree char *folded = NULL;

  if (row == NULL || _eshi_db_step (self->db, row, error) < 0)
    return NULL;
  folded = _eshi_db_dup_text (row, 0);
  sqlite3_reset (row);

  return _eshi_words_pair (folded != NULL ? folded : "");
}

gboolean
_eshi_words_add (EshiStore  *self,
                 gint64      id,
                 GError    **error)
{
  g_autofree char *tokens = tokens_of (self, id, error);

  return tokens != NULL &&
         _eshi_db_exec (self->db, error, "INSERT INTO words (rowid, text) VALUES (?, ?)", "is", id, tokens);
}

gboolean
_eshi_words_remove (EshiStore  *self,
                    gint64      id,
                    GError    **error)
{
  g_autofree char *tokens = tokens_of (self, id, error);

  return tokens != NULL &&
         _eshi_db_exec (self->db, error, "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", "is", id,
                        tokens);
}

/* (transfer full): all that is searched in the picture @id, not folded. */
static char *
gather (EshiStore  *self,
        gint64      id,
        GError    **error)
{
  sqlite3_stmt *row = _eshi_db_query (self->db, error,
                                      "SELECT ifnull (json_extract (settings, '$.prompt'), '') || char (10) ||"
                                      " ifnull (json_extract (settings, '$.negative_prompt'), '') || char (10) ||"
                                      " ifnull (json_extract (settings, '$.model'), '') || char (10) ||"
                                      " ifnull ((SELECT group_concat (tag, char (10)) FROM tags WHERE picture = ?1), '')"
                                      " FROM texts WHERE id = ?1",
                                      "i", id);
  char *text = NULL;

  if (row == NULL || _eshi_db_step (self->db, row, error) < 0)
    return NULL;
  text = _eshi_db_dup_text (row, 0);
  sqlite3_reset (row);

  return text != NULL ? text : g_strdup ("");
}

/* Katakana of the reading needs folding too. */
static char *
read_aloud (EshiStore  *self,
            const char *text)
{
  g_autofree char *reading = self->reader != NULL ? _eshi_reader_read (self->reader, text) : NULL;

  return reading != NULL ? _eshi_words_fold (reading) : NULL;
}

gboolean
_eshi_words_refresh (EshiStore  *self,
                     gint64      id,
                     GError    **error)
{
  g_autofree char *text = gather (self, id, error);
  g_autofree char *folded = text != NULL ? _eshi_words_fold (text) : NULL;
  g_autofree char *reading = text != NULL ? read_aloud (self, text) : NULL;

  return text != NULL &&
         _eshi_db_exec (self->db, error, "UPDATE texts SET folded = ?, reading = ? WHERE id = ?", "ssi", folded, reading,
                        id);
}

static gboolean
read_one (EshiStore *self,
          gint64     id)
{
  gint64 trashed = ESHI_STORE_LIVE;

  if (!_eshi_db_get_int (self->db, &trashed, ESHI_STORE_LIVE, NULL, "SELECT trashed FROM pictures WHERE id = ?", "i", id))
    return FALSE;
  if (trashed != ESHI_STORE_LIVE)
    return _eshi_words_refresh (self, id, NULL);

  return _eshi_words_remove (self, id, NULL) && _eshi_words_refresh (self, id, NULL) &&
         _eshi_words_add (self, id, NULL);
}

gboolean
_eshi_words_read_some (EshiStore *self)
{
  gint64 ids[N_READ_AT_ONCE];
  guint n_ids = 0;
  gboolean done = TRUE;
  sqlite3_stmt *row = NULL;

  if (self->reader == NULL || !_eshi_db_begin (self->db, NULL))
    return FALSE;

  row = _eshi_db_query (self->db, NULL, "SELECT id FROM texts WHERE reading IS NULL LIMIT ?", "i",
                        (gint64) N_READ_AT_ONCE);
  while (row != NULL && _eshi_db_step (self->db, row, NULL) > 0)
    ids[n_ids++] = sqlite3_column_int64 (row, 0);
  for (guint i = 0; i < n_ids && done; i++)
    done = read_one (self, ids[i]);

  return _eshi_db_end (self->db, done, NULL) && n_ids == N_READ_AT_ONCE;
}
