/* eshi-clip-vocabulary.c: see eshi-clip-vocabulary.h.
 *
 * A symbol is the number of a distinct piece: 0 to 255 stand for the bytes inside a word, 256 to 511 for a word's last
 * byte, and the rest for what merges join. Merges are found by their two symbols, and the pairs of a word wait in a heap,
 * so that a long word costs little more than as many short ones.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-clip-vocabulary.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <json-glib/json-glib.h>

#include "eshi-error.h"
#include "eshi-tokenizer-private.h"

#define MAX_IDS (1 << 20)
#define MAX_MERGES 48894

#define WORD_END "</w>"
#define N_BASES 512

/* Where a symbol was swallowed by the one before it. */
#define GONE G_MAXUINT32

/* Two symbols become one. */
typedef struct
{
  guint32 left;
  guint32 right;
  guint32 rank;
  guint32 result;
} Merge;

/* A merge that may be made at a place of a word. */
typedef struct
{
  const Merge *merge;
  guint        at;
} Candidate;

/* A word as a list of symbols; indices lead to the neighbours, [n] is the end. */
typedef struct
{
  guint    n;
  guint32 *symbols;
  guint   *next;
  guint   *previous;
  GArray  *heap; /* Candidate, the one to make first at the root */
} Word;

struct _EshiClipVocabulary
{
  GHashTable   *ids;     /* piece to id + 1 */
  GHashTable   *symbols; /* piece to symbol + 1 */
  GStringChunk *names;
  GArray       *symbol_ids; /* gint32 of each symbol, −1 where vocab.json has none */
  Merge        *merges;
  GHashTable   *pairs; /* set of Merge */
  guint         size;
};

static guint
hash_pair (gconstpointer data)
{
  const Merge *merge = data;
  guint64 key = ((guint64) merge->left << 32 | merge->right) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  return (guint) (key >> 32);
}

static gboolean
is_same_pair (gconstpointer a,
              gconstpointer b)
{
  const Merge *first = a;
  const Merge *second = b;

  return first->left == second->left && first->right == second->right;
}

static const Merge *
find_merge (const EshiClipVocabulary *self,
            guint32                   left,
            guint32                   right)
{
  Merge key = { left, right, 0, 0 };

  return g_hash_table_lookup (self->pairs, &key);
}

gint32
eshi_clip_vocabulary_find (const EshiClipVocabulary *self,
                           const char               *piece)
{
  g_return_val_if_fail (self != NULL, -1);
  g_return_val_if_fail (piece != NULL, -1);

  return GPOINTER_TO_INT (g_hash_table_lookup (self->ids, piece)) - 1;
}

guint
eshi_clip_vocabulary_get_size (const EshiClipVocabulary *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->size;
}

void
eshi_clip_vocabulary_free (EshiClipVocabulary *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->pairs, g_hash_table_unref);
  g_clear_pointer (&self->ids, g_hash_table_unref);
  g_clear_pointer (&self->symbols, g_hash_table_unref);
  g_clear_pointer (&self->names, g_string_chunk_free);
  g_clear_pointer (&self->symbol_ids, g_array_unref);
  g_free (self->merges);
  g_free (self);
}

/* The symbol of @piece, a new one if there was none. */
static guint32
intern (EshiClipVocabulary *self,
        const char         *piece)
{
  guint known = GPOINTER_TO_UINT (g_hash_table_lookup (self->symbols, piece));
  gint32 id;

  if (known > 0)
    return known - 1;
  id = eshi_clip_vocabulary_find (self, piece);
  g_array_append_val (self->symbol_ids, id);
  g_hash_table_insert (self->symbols, g_string_chunk_insert (self->names, piece),
                       GUINT_TO_POINTER (self->symbol_ids->len));
  return self->symbol_ids->len - 1;
}

static gboolean
is_plain_byte (guint byte)
{
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

/* The files spell bytes as printable characters. With an empty table of symbols these become 0 to 511. */
static void
intern_bytes (EshiClipVocabulary *self)
{
  for (guint i = 0; i < N_BASES; i++)
    {
      g_autoptr(GString) piece = g_string_new (NULL);
      guint n_odd = 0;

      for (guint byte = 0; byte < i % 256; byte++)
        n_odd += is_plain_byte (byte) ? 0 : 1;
      g_string_append_unichar (piece, is_plain_byte (i % 256) ? i % 256 : 256 + n_odd);
      if (i >= 256)
        g_string_append (piece, WORD_END);
      intern (self, piece->str);
    }
}

static gboolean
refuse_vocab (GError **error)
{
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                       _("The tokenizer file vocab.json is damaged. Download the model again."));
  return FALSE;
}

static gboolean
add_ids (EshiClipVocabulary  *self,
         JsonObject          *object,
         GError             **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (NULL, NULL);
  JsonObjectIter iter;
  const char *piece;
  JsonNode *node;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &piece, &node))
    {
      gint64 id = -1;

      if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64)
        id = json_node_get_int (node);
      if (id < 0 || id >= MAX_IDS || !g_hash_table_add (seen, GINT_TO_POINTER ((int) id)))
        {
          g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                               _("The tokenizer file vocab.json is damaged: the number of a piece is missing, too large "
                                 "or used twice. Download the model again."));
          return FALSE;
        }
      g_hash_table_insert (self->ids, g_string_chunk_insert (self->names, piece), GINT_TO_POINTER ((int) id + 1));
      self->size = MAX (self->size, (guint) id + 1);
    }
  return self->size > 0 || refuse_vocab (error);
}

static gboolean
read_vocab (EshiClipVocabulary  *self,
            GBytes              *bytes,
            GError             **error)
{
  g_autoptr(JsonParser) parser = NULL;

  if (g_bytes_get_size (bytes) <= ESHI_CLIP_MAX_VOCAB_BYTES)
    parser = _eshi_tokenizer_parse_json (bytes);
  if (parser == NULL)
    return refuse_vocab (error);
  return add_ids (self, json_node_get_object (json_parser_get_root (parser)), error);
}

/* Cuts a line in two at its only space. Changes @line. */
static gboolean
split_line (char  *line,
            char **right)
{
  char *space = strchr (line, ' ');

  if (space == NULL || space == line || space[1] == '\0' || strpbrk (space + 1, " \t\v\f") != NULL)
    return FALSE;
  *space = '\0';
  *right = space + 1;
  return strpbrk (line, "\t\v\f") == NULL;
}

static void
add_merge (EshiClipVocabulary *self,
           guint               rank,
           const char         *left,
           const char         *right)
{
  g_autofree char *both = g_strconcat (left, right, NULL);
  Merge *merge = &self->merges[rank];

  *merge = (Merge) { intern (self, left), intern (self, right), rank, intern (self, both) };
  g_hash_table_add (self->pairs, merge);
}

static gboolean
read_merges (EshiClipVocabulary  *self,
             GBytes              *bytes,
             GError             **error)
{
  gsize length;
  const char *contents = g_bytes_get_data (bytes, &length);
  gboolean is_sound = length > 0 && length <= ESHI_CLIP_MAX_MERGES_BYTES && g_utf8_validate_len (contents, length, NULL);
  g_autofree char *text = is_sound ? g_strndup (contents, length) : g_strdup ("");
  g_auto(GStrv) lines = g_strsplit (g_strchomp (text), "\n", MAX_MERGES + 2);
  guint n = MIN (g_strv_length (lines), MAX_MERGES + 1);

  self->merges = g_new0 (Merge, MAX (n, 1));
  for (guint i = 1; i < n && is_sound; i++)
    {
      char *right;

      g_strchomp (lines[i]);
      is_sound = split_line (lines[i], &right);
      if (is_sound)
        add_merge (self, i - 1, lines[i], right);
    }
  if (!is_sound)
    g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                         _("The tokenizer file merges.txt is damaged: its lines should each name two pieces of words. "
                           "Download the model again."));
  return is_sound;
}

EshiClipVocabulary *
eshi_clip_vocabulary_new (GBytes  *vocab,
                          GBytes  *merges,
                          GError **error)
{
  g_autoptr(EshiClipVocabulary) self = NULL;

  g_return_val_if_fail (vocab != NULL, NULL);
  g_return_val_if_fail (merges != NULL, NULL);

  self = g_new0 (EshiClipVocabulary, 1);
  self->ids = g_hash_table_new (g_str_hash, g_str_equal);
  self->symbols = g_hash_table_new (g_str_hash, g_str_equal);
  self->names = g_string_chunk_new (4096);
  self->symbol_ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  self->pairs = g_hash_table_new (hash_pair, is_same_pair);
  if (!read_vocab (self, vocab, error))
    return NULL;
  intern_bytes (self);
  if (!read_merges (self, merges, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* Best merge first, and of the same merges the leftmost. */
static gboolean
comes_before (const Candidate *a,
              const Candidate *b)
{
  return a->merge->rank != b->merge->rank ? a->merge->rank < b->merge->rank : a->at < b->at;
}

static void
push_candidate (GArray    *heap,
                Candidate  candidate)
{
  Candidate *items;
  guint i = heap->len;

  g_array_append_val (heap, candidate);
  items = (Candidate *) (void *) heap->data;
  for (; i > 0 && comes_before (&candidate, &items[(i - 1) / 2]); i = (i - 1) / 2)
    items[i] = items[(i - 1) / 2];
  items[i] = candidate;
}

static Candidate
pop_candidate (GArray *heap)
{
  Candidate *items = (Candidate *) (void *) heap->data;
  Candidate first = items[0];
  Candidate last = items[heap->len - 1];
  guint n = heap->len - 1;
  guint i = 0;

  for (guint child = 1; child < n; child = 2 * i + 1)
    {
      if (child + 1 < n && comes_before (&items[child + 1], &items[child]))
        child++;
      if (!comes_before (&items[child], &last))
        break;
      items[i] = items[child];
      i = child;
    }
  items[i] = last;
  g_array_set_size (heap, n);
  return first;
}

/* Notes the merge of the symbol at @at with its right neighbour, if there is one. */
static void
note_pair (const EshiClipVocabulary *self,
           const Word               *word,
           guint                     at,
           GArray                   *noted)
{
  Candidate candidate = { NULL, at };

  if (at >= word->n || word->next[at] >= word->n)
    return;
  candidate.merge = find_merge (self, word->symbols[at], word->symbols[word->next[at]]);
  if (candidate.merge != NULL)
    g_array_append_val (noted, candidate);
}

/* Makes a merge, unless the word has changed there since it was noted. */
static void
make_merge (const EshiClipVocabulary *self,
            Word                     *word,
            Candidate                 candidate,
            GArray                   *noted)
{
  guint at = candidate.at;
  guint right = word->next[at];

  if (word->symbols[at] != candidate.merge->left || right >= word->n || word->symbols[right] != candidate.merge->right)
    return;
  word->symbols[at] = candidate.merge->result;
  word->symbols[right] = GONE;
  word->next[at] = word->next[right];
  if (word->next[at] < word->n)
    word->previous[word->next[at]] = at;
  note_pair (self, word, word->previous[at], noted);
  note_pair (self, word, at, noted);
}

/* All places of the best merge come before any merge that they make possible, as in the reference. */
static void
merge_word (const EshiClipVocabulary *self,
            Word                     *word)
{
  g_autoptr(GArray) noted = g_array_new (FALSE, FALSE, sizeof (Candidate));

  for (guint i = 0; i < word->n; i++)
    note_pair (self, word, i, noted);
  while (noted->len > 0 || word->heap->len > 0)
    {
      guint rank;

      for (guint i = 0; i < noted->len; i++)
        push_candidate (word->heap, g_array_index (noted, Candidate, i));
      g_array_set_size (noted, 0);
      rank = g_array_index (word->heap, Candidate, 0).merge->rank;
      while (word->heap->len > 0 && g_array_index (word->heap, Candidate, 0).merge->rank == rank)
        make_merge (self, word, pop_candidate (word->heap), noted);
    }
}

void
eshi_clip_vocabulary_encode_word (const EshiClipVocabulary *self,
                                  const char               *text,
                                  gsize                     length,
                                  gint32                    unknown,
                                  GArray                   *ids)
{
  g_autofree guint32 *symbols = g_new (guint32, length + 1);
  g_autofree guint *next = g_new (guint, length + 1);
  g_autofree guint *previous = g_new (guint, length + 1);
  g_autoptr(GArray) heap = g_array_new (FALSE, FALSE, sizeof (Candidate));
  Word word = { (guint) length, symbols, next, previous, heap };

  g_return_if_fail (self != NULL);
  g_return_if_fail (length < G_MAXUINT32);

  for (guint i = 0; i < word.n; i++)
    {
      symbols[i] = (guint8) text[i] + (i + 1 == word.n ? 256 : 0);
      next[i] = i + 1;
      previous[i] = i > 0 ? i - 1 : word.n;
    }
  merge_word (self, &word);
  for (guint i = 0; i < word.n; i = next[i])
    {
      gint32 id = g_array_index (self->symbol_ids, gint32, symbols[i]);

      id = id >= 0 ? id : unknown;
      g_array_append_val (ids, id);
    }
}
