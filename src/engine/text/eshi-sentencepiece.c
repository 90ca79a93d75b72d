/* eshi-sentencepiece.c: the Viterbi search of a unigram model, with the reference's rounding, which decides ties.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-sentencepiece-private.h"

#include <string.h>

#define SPACE "\xe2\x96\x81"

/* The best way to reach a byte of the normal form. */
typedef struct
{
  float  score;
  gint32 start; /* where its last piece begins; −1 while there is no way */
  gint32 id;    /* its last piece */
} Node;

EshiSentencepiece *
eshi_sentencepiece_new (GBytes  *model,
                        GError **error)
{
  g_autoptr(EshiSentencepiece) self = g_new0 (EshiSentencepiece, 1);

  g_return_val_if_fail (model != NULL, NULL);

  self->model = g_bytes_ref (model);
  if (!_eshi_sentencepiece_read (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
eshi_sentencepiece_free (EshiSentencepiece *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->pieces, g_array_unref);
  eshi_normalizer_free (self->normalizer);
  g_bytes_unref (self->model);
  g_free (self);
}

guint
eshi_sentencepiece_get_n_pieces (const EshiSentencepiece *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->pieces->len;
}

/* The first of the pieces @low to @high − 1, alike in their first @depth bytes and all longer, whose next byte is at
 * least @byte. */
static guint
find_byte (const EshiPiece *pieces,
           guint            low,
           guint            high,
           guint            depth,
           guint            byte)
{
  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (pieces[middle].text[depth] < byte)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* Pieces that begin with a stretch of text: [low, high) of the sorted list. */
typedef struct
{
  guint low;
  guint high;
  guint depth; /* bytes of the stretch */
} Range;

/* Adds a byte to the stretch. Returns the piece that is the whole stretch, or NULL. */
static const EshiPiece *
extend_range (const EshiSentencepiece *self,
              Range                   *range,
              guint8                   byte)
{
  const EshiPiece *pieces = (const EshiPiece *) (const void *) self->pieces->data;

  if (range->depth == 0)
    {
      range->low = self->first[byte];
      range->high = self->first[byte + 1];
    }
  else
    {
      if (range->low < range->high && pieces[range->low].length == range->depth)
        range->low++; /* the shortest sorts first and has no next byte */
      range->low = find_byte (pieces, range->low, range->high, range->depth, byte);
      range->high = find_byte (pieces, range->low, range->high, range->depth, byte + 1u);
    }
  range->depth++;
  if (range->low < range->high && pieces[range->low].length == range->depth)
    return &pieces[range->low];
  return NULL;
}

gint32
eshi_sentencepiece_find (const EshiSentencepiece *self,
                         const char              *piece,
                         gsize                    length)
{
  Range range = { 0 };
  const EshiPiece *found = NULL;

  g_return_val_if_fail (self != NULL, -1);

  for (gsize i = 0; i < length && (i == 0 || range.low < range.high); i++)
    {
      found = extend_range (self, &range, (guint8) piece[i]);
      if (i + 1 < length)
        found = NULL;
    }
  return found != NULL ? found->id : -1;
}

/* Bytes of a character by its first one, as the reference counts them even in malformed text. */
static gsize
get_char_length (char first)
{
  static const guint8 lengths[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4 };

  return lengths[(guint8) first >> 4];
}

/* Compares the double with the float kept so far: that, and storing as float, is the reference's tie rule. */
static void
offer (Node   *node,
       double  score,
       gsize   start,
       gint32  id)
{
  if (node->start != -1 && !(score > node->score))
    return;
  node->score = (float) score;
  node->start = (gint32) start;
  node->id = id;
}

/* Offers every piece that begins at @start to the node where it ends. */
static void
search_from (const EshiSentencepiece *self,
             const GString           *text,
             Node                    *nodes,
             gsize                    start)
{
  gsize char_length = MIN (get_char_length (text->str[start]), text->len - start);
  gboolean has_char = FALSE;
  Range range = { 0 };

  for (gsize end = start; end < text->len; end++)
    {
      const EshiPiece *piece = extend_range (self, &range, (guint8) text->str[end]);

      if (range.low == range.high)
        break;
      if (piece == NULL || piece->type != ESHI_PIECE_NORMAL)
        continue;
      offer (&nodes[end + 1], (double) piece->score + nodes[start].score, start, piece->id);
      has_char |= piece->length == char_length;
    }
  if (!has_char)
    offer (&nodes[start + char_length], self->unknown_score + nodes[start].score, start, self->unknown_id);
}

static void
reverse (GArray *array,
         guint   first)
{
  guint size = g_array_get_element_size (array);
  guint8 swap[sizeof (EshiTextSpan)];

  g_assert (size <= sizeof swap);
  for (guint i = first, j = array->len; i + 1 < j; i++, j--)
    {
      guint8 *left = (guint8 *) array->data + (gsize) i * size;
      guint8 *right = (guint8 *) array->data + (gsize) (j - 1) * size;

      memcpy (swap, left, size);
      memcpy (left, right, size);
      memcpy (right, swap, size);
    }
}

/* Follows the best way back from the end. @spans: (nullable): of the normal form. */
static void
collect_ids (const EshiSentencepiece *self,
             const Node              *nodes,
             gsize                    length,
             GArray                  *ids,
             GArray                  *spans)
{
  guint first = ids->len;
  guint first_span = spans != NULL ? spans->len : 0;

  for (gsize end = length; end > 0; end = (gsize) nodes[end].start)
    {
      gint32 id = nodes[end].id;
      EshiTextSpan span = { (guint32) nodes[end].start, (guint32) end };
      gboolean continues = ids->len > first && id == self->unknown_id &&
                           g_array_index (ids, gint32, ids->len - 1) == self->unknown_id;

      if (continues)
        {
          if (spans != NULL)
            g_array_index (spans, EshiTextSpan, spans->len - 1).start = span.start;
          continue;
        }
      g_array_append_val (ids, id);
      if (spans != NULL)
        g_array_append_val (spans, span);
    }
  reverse (ids, first);
  if (spans != NULL)
    reverse (spans, first_span);
}

/* Turns a span of the normal form into one of the text, of @length bytes, that it was made from. */
static void
trace_span (EshiTextSpan  *span,
            const GString *normal,
            const GArray  *origins,
            gsize          length)
{
  guint32 start = span->start;

  while (start + strlen (SPACE) < span->end && memcmp (normal->str + start, SPACE, strlen (SPACE)) == 0)
    start += (guint32) strlen (SPACE);
  span->start = g_array_index (origins, guint32, start);
  span->end = span->end < origins->len ? g_array_index (origins, guint32, span->end) : (guint32) length;
  span->end = MAX (span->end, span->start);
}

void
eshi_sentencepiece_encode (const EshiSentencepiece *self,
                           const char              *text,
                           gsize                    length,
                           GArray                  *ids,
                           GArray                  *spans)
{
  g_autoptr(GString) normal = g_string_sized_new (2 * length);
  g_autoptr(GArray) origins = spans != NULL ? g_array_new (FALSE, FALSE, sizeof (guint32)) : NULL;
  g_autofree Node *nodes = NULL;
  guint first = spans != NULL ? spans->len : 0;

  g_return_if_fail (self != NULL);

  eshi_normalizer_apply (self->normalizer, text, length, normal, origins);
  nodes = g_new (Node, normal->len + 1);
  for (gsize i = 0; i <= normal->len; i++)
    nodes[i] = (Node) { .start = -1 };

  for (gsize start = 0; start < normal->len; start += get_char_length (normal->str[start]))
    search_from (self, normal, nodes, start);
  collect_ids (self, nodes, normal->len, ids, spans);
  for (guint i = first; spans != NULL && i < spans->len; i++)
    trace_span (&g_array_index (spans, EshiTextSpan, i), normal, origins, length);
}
