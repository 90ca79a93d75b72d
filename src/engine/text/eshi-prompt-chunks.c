/* eshi-prompt-chunks.c: from the parts of a prompt to ids with weights, and from these to chunks.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-prompt-chunks.h"

#include <string.h>

#include "eshi-prompt-syntax.h"
#include "eshi-tokenizer-private.h"
#include "eshi-utf8.h"

/* A word as the ids of its text, for tokenizers that compare these. */
typedef struct
{
  GArray *ids;
  guint   index;
} IdWord;

typedef struct
{
  /* borrowed */
  const EshiTokenizer  *tokenizer;
  const EshiPromptWord *words;
  guint                 n_words;
  EshiPromptChunks     *out;
  gboolean              cuts;       /* whether there may be more than one chunk */

  /* owned */
  GArray               *specials;   /* of EshiSpecial: the words, where the tokenizer finds them in the text */
  GArray               *id_words;   /* of IdWord, longest first, where it does not */
  GArray               *ids;        /* gint32: of the chunk so far, without marks */
  GArray               *weights;    /* float */
  GArray               *all_ids;    /* gint32: of the finished chunks */
  GArray               *all_weights;
  guint                 capacity;   /* ids of a chunk without marks */
  gint64                last_comma; /* index in ids; −1 for none */
} Builder;

static void
clear_id_word (gpointer data)
{
  g_array_unref (((IdWord *) data)->ids);
}

static int
compare_id_words (gconstpointer a,
                  gconstpointer b)
{
  const IdWord *left = a;
  const IdWord *right = b;
  int order = (left->ids->len < right->ids->len) - (left->ids->len > right->ids->len);

  return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static guint
n_marks (const EshiTokenizer *tokenizer)
{
  return tokenizer->start_id >= 0 ? 2 : 1;
}

static gint32
word_id (const EshiTokenizer *tokenizer,
         guint                index)
{
  return (gint32) (tokenizer->vocab_size + index);
}

static void
add_id_word (Builder *self,
             guint    index)
{
  IdWord word = { g_array_new (FALSE, FALSE, sizeof (gint32)), index };
  const char *text = self->words[index].text;

  self->tokenizer->class->encode (self->tokenizer, text, strlen (text), NULL, word.ids, NULL);
  if (word.ids->len > 0)
    g_array_append_val (self->id_words, word);
  else
    g_array_unref (word.ids);
}

static void
add_word (Builder *self,
          guint    index)
{
  g_autofree char *folded = NULL;

  if (self->tokenizer->class->fold == NULL)
    {
      add_id_word (self, index);
      return;
    }

  folded = self->tokenizer->class->fold (self->tokenizer, self->words[index].text);
  if (*folded != '\0')
    _eshi_specials_add (self->specials, folded, word_id (self->tokenizer, index));
}

static void
builder_init (Builder *self)
{
  self->specials = _eshi_specials_new ();
  self->id_words = g_array_new (FALSE, FALSE, sizeof (IdWord));
  g_array_set_clear_func (self->id_words, clear_id_word);
  self->ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  self->weights = g_array_new (FALSE, FALSE, sizeof (float));
  self->all_ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  self->all_weights = g_array_new (FALSE, FALSE, sizeof (float));
  self->capacity = self->out->window - n_marks (self->tokenizer);
  self->last_comma = -1;
  for (guint i = 0; i < self->n_words; i++)
    add_word (self, i);
  g_array_sort (self->id_words, compare_id_words);
}

static void
builder_clear (Builder *self)
{
  g_array_unref (self->specials);
  g_array_unref (self->id_words);
  g_array_unref (self->ids);
  g_array_unref (self->weights);
  g_array_unref (self->all_ids);
  g_array_unref (self->all_weights);
}

/* Weights of a chunk with the marks around it; @n of @weights that fit. */
static void
frame_weights (Builder *self,
               guint    n)
{
  guint first = self->all_weights->len;
  float one = 1.0f;

  if (self->tokenizer->start_id >= 0)
    g_array_append_val (self->all_weights, one);
  g_array_append_vals (self->all_weights, self->weights->data, MIN (n, self->capacity));
  while (self->all_weights->len - first < self->out->window)
    g_array_append_val (self->all_weights, one);
}

/* Finishes the chunk with its first @n ids; the others begin the next one. */
static void
finish_chunk (Builder *self,
              guint    n)
{
  EshiPromptChunks *out = self->out;
  gboolean ends = self->tokenizer->ends_once && n > 0 &&
                  g_array_index (self->ids, gint32, n - 1) == self->tokenizer->end_id;

  _eshi_tokenizer_frame (self->tokenizer, (const gint32 *) (const void *) self->ids->data, n, out->window,
                         self->all_ids);
  frame_weights (self, n);
  out->n_ids = (gsize) out->n_chunks * out->window + n + n_marks (self->tokenizer) - (ends ? 1 : 0);
  out->n_chunks++;
  g_array_remove_range (self->ids, 0, n);
  g_array_remove_range (self->weights, 0, n);
  self->last_comma = -1;
}

/* Makes room for @n ids that stay together. @is_comma: whether they are one, which never begins the next line. */
static void
make_room (Builder  *self,
           guint     n,
           gboolean  is_comma)
{
  gboolean is_full = self->ids->len == self->capacity;

  if (!self->cuts)
    return;
  if (is_full && !is_comma && self->last_comma >= 0 && self->ids->len - self->last_comma <= ESHI_PROMPT_BACKTRACK)
    finish_chunk (self, (guint) self->last_comma + 1);
  if (self->ids->len == self->capacity || (self->ids->len > 0 && self->ids->len + n > self->capacity))
    finish_chunk (self, self->ids->len);
}

static gboolean
is_comma (const EshiTokenizer *tokenizer,
          gint32               id)
{
  for (guint i = 0; i < ESHI_MAX_COMMAS; i++)
    if (id >= 0 && tokenizer->commas[i] == id)
      return TRUE;
  return FALSE;
}

static void
append (Builder *self,
        gint32   id,
        float    weight)
{
  g_array_append_val (self->ids, id);
  g_array_append_val (self->weights, weight);
}

static void
add_id (Builder *self,
        gint32   id,
        double   weight)
{
  gboolean comma = is_comma (self->tokenizer, id);

  make_room (self, 1, comma);
  if (comma)
    self->last_comma = self->ids->len;
  append (self, id, (float) weight);
}

static void
add_rows (Builder *self,
          guint    index,
          double   weight)
{
  const EshiPromptWord *word = &self->words[index];
  guint n = MIN (word->n_rows, self->capacity);

  make_room (self, n, FALSE);
  for (guint i = 0; i < n; i++)
    append (self, word_id (self->tokenizer, word->first_row + i), (float) weight);
  self->out->used[index] = TRUE;
}

/* The word that ids @at of @ids begin with; NULL for none. */
static const IdWord *
match_ids (Builder      *self,
           const GArray *ids,
           guint         at)
{
  for (guint i = 0; i < self->id_words->len; i++)
    {
      const IdWord *word = &g_array_index (self->id_words, IdWord, i);

      if (word->ids->len <= ids->len - at &&
          memcmp (word->ids->data, &g_array_index (ids, gint32, at), word->ids->len * sizeof (gint32)) == 0)
        return word;
    }
  return NULL;
}

/* A stretch of one weight, encoded by itself. */
static void
add_part (Builder    *self,
          const char *text,
          gsize       length,
          double      weight)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  self->tokenizer->class->encode (self->tokenizer, text, length, NULL, ids, NULL);
  for (guint at = 0; at < ids->len;)
    {
      const IdWord *word = match_ids (self, ids, at);

      if (word != NULL)
        add_rows (self, word->index, weight);
      else
        add_id (self, g_array_index (ids, gint32, at), weight);
      at += word != NULL ? word->ids->len : 1;
    }
}

/* What bytes @start to @end weigh: the mean over characters, where they lie in several parts. */
static double
span_weight (const EshiPromptPart *parts,
             guint                 n_parts,
             const char           *text,
             gsize                 start,
             gsize                 end)
{
  double sum = 0.0;
  guint n = 0;
  guint last = 0;

  while (last + 1 < n_parts && parts[last].start + parts[last].length <= start)
    last++;
  if (parts[last].start + parts[last].length >= end)
    return parts[last].weight;

  for (gsize at = start; at < end; at++)
    {
      if (((guint8) text[at] & 0xc0) == 0x80)
        continue;
      while (last + 1 < n_parts && parts[last].start + parts[last].length <= at)
        last++;
      sum += parts[last].weight;
      n++;
    }
  return n > 0 ? sum / n : parts[last].weight;
}

/* Parts without a break between them, encoded in one go. */
static void
add_parts (Builder                *self,
           const EshiPromptSyntax *syntax,
           const EshiPromptPart   *parts,
           guint                   n_parts)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GArray) spans = g_array_new (FALSE, FALSE, sizeof (EshiTextSpan));
  gsize first = parts[0].start;
  gsize length = parts[n_parts - 1].start + parts[n_parts - 1].length - first;
  guint part = 0;

  self->tokenizer->class->encode (self->tokenizer, syntax->text->str + first, length, self->specials, ids, spans);
  for (guint i = 0; i < ids->len; i++)
    {
      const EshiTextSpan *span = &g_array_index (spans, EshiTextSpan, i);
      gint32 id = g_array_index (ids, gint32, i);
      double weight = 1.0;

      while (part + 1 < n_parts && parts[part].start + parts[part].length <= first + span->start)
        part++;
      weight = span_weight (parts + part, n_parts - part, syntax->text->str, first + span->start, first + span->end);
      if ((guint) id >= self->tokenizer->vocab_size)
        add_rows (self, (guint) id - self->tokenizer->vocab_size, weight);
      else
        add_id (self, id, weight);
    }
}

static void
add_syntax (Builder                *self,
            const EshiPromptSyntax *syntax)
{
  const EshiPromptPart *parts = (const EshiPromptPart *) (const void *) syntax->parts->data;
  guint n_parts = syntax->parts->len;
  gboolean traces = self->tokenizer->class->traces;

  for (guint i = 0; i < n_parts;)
    {
      guint end = i + 1;

      while (traces && !parts[i].breaks && end < n_parts && !parts[end].breaks)
        end++;
      if (parts[i].breaks)
        finish_chunk (self, self->ids->len);
      else if (traces)
        add_parts (self, syntax, parts + i, end - i);
      else
        add_part (self, syntax->text->str + parts[i].start, parts[i].length, parts[i].weight);
      i = end;
    }
  if (self->ids->len > 0 || self->out->n_chunks == 0)
    finish_chunk (self, self->ids->len);
}

static void
flatten (EshiPromptSyntax *syntax)
{
  for (guint i = 0; i < syntax->parts->len; i++)
    g_array_index (syntax->parts, EshiPromptPart, i).weight = 1.0;
}

static void
find_weights (EshiPromptChunks *self)
{
  self->weighs = g_new0 (gboolean, self->n_chunks);
  for (gsize i = 0; i < (gsize) self->n_chunks * self->window; i++)
    self->weighs[i / self->window] |= self->weights[i] != 1.0f;
}

EshiPromptChunks *
eshi_prompt_chunks_new (const EshiTokenizer  *tokenizer,
                        const char           *prompt,
                        EshiEmphasis          emphasis,
                        guint                 window,
                        const EshiPromptWord *words,
                        guint                 n_words)
{
  g_autoptr(EshiPromptChunks) self = NULL;
  g_auto(EshiPromptSyntax) syntax = { 0 };
  Builder builder = { 0 };

  g_return_val_if_fail (tokenizer != NULL && prompt != NULL, NULL);
  g_return_val_if_fail (window >= 4, NULL);

  self = g_new0 (EshiPromptChunks, 1);
  self->window = window;
  self->used = g_new0 (gboolean, MAX (n_words, 1));
  builder = (Builder) { .tokenizer = tokenizer, .words = words, .n_words = n_words, .out = self };
  builder.cuts = emphasis != ESHI_EMPHASIS_OFF;
  builder_init (&builder);
  eshi_prompt_syntax_init (&syntax, prompt, ESHI_TOKENIZER_MAX_TEXT, emphasis != ESHI_EMPHASIS_OFF);
  if (emphasis == ESHI_EMPHASIS_IGNORE)
    flatten (&syntax);
  add_syntax (&builder, &syntax);
  self->ids = (gint32 *) g_array_steal (builder.all_ids, NULL);
  self->weights = (float *) g_array_steal (builder.all_weights, NULL);
  find_weights (self);
  builder_clear (&builder);
  return g_steal_pointer (&self);
}

void
eshi_prompt_chunks_free (EshiPromptChunks *self)
{
  if (self == NULL)
    return;
  g_free (self->ids);
  g_free (self->weights);
  g_free (self->weighs);
  g_free (self->used);
  g_free (self);
}

void
eshi_prompt_chunks_pad (EshiPromptChunks    *self,
                        const EshiTokenizer *tokenizer,
                        guint                n_chunks)
{
  g_autoptr(GArray) empty = g_array_new (FALSE, FALSE, sizeof (gint32));
  gsize window = self->window;

  if (n_chunks <= self->n_chunks)
    return;

  _eshi_tokenizer_frame (tokenizer, NULL, 0, window, empty);
  self->ids = g_renew (gint32, self->ids, n_chunks * window);
  self->weights = g_renew (float, self->weights, n_chunks * window);
  self->weighs = g_renew (gboolean, self->weighs, n_chunks);
  for (; self->n_chunks < n_chunks; self->n_chunks++)
    {
      memcpy (self->ids + self->n_chunks * window, empty->data, window * sizeof (gint32));
      for (gsize i = 0; i < window; i++)
        self->weights[self->n_chunks * window + i] = 1.0f;
      self->weighs[self->n_chunks] = FALSE;
    }
}
