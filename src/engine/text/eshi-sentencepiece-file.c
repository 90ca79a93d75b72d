/* eshi-sentencepiece-file.c: reads spiece.model, a protocol buffer that may come from anywhere.
 *
 * Unknown fields are skipped. What would change the ids and is not known here is refused by name.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-sentencepiece-private.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "eshi-error.h"
#include "eshi-protobuf.h"

#define MAX_PIECES 1000000
#define MAX_PIECE_BYTES 512

/* How much less likely an unknown character is than the rarest piece. */
#define UNKNOWN_PENALTY 10.0f

enum
{
  MODEL_PIECES = 1,
  MODEL_TRAINER = 2,
  MODEL_NORMALIZER = 3,

  PIECE_TEXT = 1,
  PIECE_SCORE = 2,
  PIECE_TYPE = 3,

  TRAINER_MODEL_TYPE = 3,
  TRAINER_SPACE_AS_SUFFIX = 24,
  TRAINER_BYTE_FALLBACK = 35,

  NORMALIZER_CHARSMAP = 2,
  NORMALIZER_ADD_DUMMY_PREFIX = 3,
  NORMALIZER_REMOVE_EXTRA_SPACES = 4,
  NORMALIZER_ESCAPE_SPACES = 5,
};

#define MODEL_TYPE_UNIGRAM 1

static gboolean
fail_damaged (GError **error)
{
  g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                       _("The tokenizer file spiece.model is damaged. Download the model again."));
  return FALSE;
}

static gboolean
fail_unsupported (GError     **error,
                  const char  *what)
{
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
               /* Translators: %s is a setting of the tokenizer, in English */
               _("This model's tokenizer cannot be used, because it needs something that is not implemented: %s."),
               what);
  return FALSE;
}

static gboolean
read_piece (EshiSentencepiece  *self,
            EshiProtobuf        message,
            GError            **error)
{
  EshiPiece piece = { .id = (gint32) self->pieces->len, .type = ESHI_PIECE_NORMAL };
  EshiProtobufField field;
  EshiProtobufResult result;

  while ((result = eshi_protobuf_next (&message, &field)) == ESHI_PROTOBUF_FIELD)
    {
      if (field.number == PIECE_TEXT && field.type == ESHI_PROTOBUF_BYTES)
        {
          gsize length = (gsize) (field.bytes.end - field.bytes.next);

          if (length > MAX_PIECE_BYTES)
            return fail_damaged (error);
          piece.text = field.bytes.next;
          piece.length = (guint32) length;
        }
      else if (field.number == PIECE_SCORE && field.type == ESHI_PROTOBUF_32_BIT)
        piece.score = eshi_protobuf_as_float (&field);
      else if (field.number == PIECE_TYPE && field.type == ESHI_PROTOBUF_VARINT)
        piece.type = (EshiPieceType) MIN (field.value, G_MAXINT);
    }
  if (result == ESHI_PROTOBUF_DAMAGED || piece.length == 0 || !isfinite (piece.score) ||
      piece.type < ESHI_PIECE_NORMAL || piece.type > ESHI_PIECE_BYTE || piece.id >= MAX_PIECES)
    return fail_damaged (error);
  if (piece.type == ESHI_PIECE_USER_DEFINED || piece.type == ESHI_PIECE_UNUSED || piece.type == ESHI_PIECE_BYTE)
    return fail_unsupported (error, "user-defined, unused or byte pieces");
  g_array_append_val (self->pieces, piece);
  return TRUE;
}

static gboolean
read_trainer (EshiProtobuf   message,
              GError       **error)
{
  EshiProtobufField field;
  EshiProtobufResult result;

  while ((result = eshi_protobuf_next (&message, &field)) == ESHI_PROTOBUF_FIELD)
    {
      if (field.number == TRAINER_MODEL_TYPE && field.value != MODEL_TYPE_UNIGRAM)
        return fail_unsupported (error, "a model type other than unigram");
      if (field.number == TRAINER_SPACE_AS_SUFFIX && field.value != 0)
        return fail_unsupported (error, "treat_whitespace_as_suffix");
      if (field.number == TRAINER_BYTE_FALLBACK && field.value != 0)
        return fail_unsupported (error, "byte_fallback");
    }
  return result == ESHI_PROTOBUF_END || fail_damaged (error);
}

static gboolean
read_normalizer (EshiSentencepiece  *self,
                 EshiProtobuf        message,
                 GError            **error)
{
  EshiProtobuf charsmap = { NULL, NULL };
  EshiProtobufField field;
  EshiProtobufResult result;

  while ((result = eshi_protobuf_next (&message, &field)) == ESHI_PROTOBUF_FIELD)
    {
      gboolean is_switch = field.number >= NORMALIZER_ADD_DUMMY_PREFIX && field.number <= NORMALIZER_ESCAPE_SPACES;

      if (field.number == NORMALIZER_CHARSMAP && field.type == ESHI_PROTOBUF_BYTES)
        charsmap = field.bytes;
      else if (is_switch && field.value == 0)
        return fail_unsupported (error, "add_dummy_prefix, remove_extra_whitespaces or escape_whitespaces false");
    }
  if (result == ESHI_PROTOBUF_DAMAGED)
    return fail_damaged (error);
  g_clear_pointer (&self->normalizer, eshi_normalizer_free);
  self->normalizer = eshi_normalizer_new (charsmap.next, (gsize) (charsmap.end - charsmap.next), error);
  return self->normalizer != NULL;
}

static gboolean
read_model (EshiSentencepiece  *self,
            GError            **error)
{
  EshiProtobuf message;
  EshiProtobufField field;
  EshiProtobufResult result;
  gsize size;

  message.next = g_bytes_get_data (self->model, &size);
  message.end = message.next + size;
  while ((result = eshi_protobuf_next (&message, &field)) == ESHI_PROTOBUF_FIELD)
    {
      gboolean is_read = TRUE;

      if (field.type != ESHI_PROTOBUF_BYTES)
        continue;
      if (field.number == MODEL_PIECES)
        is_read = read_piece (self, field.bytes, error);
      else if (field.number == MODEL_TRAINER)
        is_read = read_trainer (field.bytes, error);
      else if (field.number == MODEL_NORMALIZER)
        is_read = read_normalizer (self, field.bytes, error);
      if (!is_read)
        return FALSE;
    }
  if (result == ESHI_PROTOBUF_DAMAGED || self->normalizer == NULL)
    return fail_damaged (error);
  return TRUE;
}

static int
compare_pieces (gconstpointer a,
                gconstpointer b)
{
  const EshiPiece *left = a;
  const EshiPiece *right = b;
  int order = memcmp (left->text, right->text, MIN (left->length, right->length));

  if (order != 0)
    return order;
  return (left->length > right->length) - (left->length < right->length);
}

/* Sorts the pieces and notes where each first byte begins. FALSE when two pieces are the same. */
static gboolean
index_pieces (EshiSentencepiece *self)
{
  guint byte = 0;

  g_array_sort (self->pieces, compare_pieces);
  for (guint i = 0; i < self->pieces->len; i++)
    {
      const EshiPiece *piece = &g_array_index (self->pieces, EshiPiece, i);

      if (i > 0 && compare_pieces (piece - 1, piece) == 0)
        return FALSE;
      while (byte <= piece->text[0])
        self->first[byte++] = i;
    }
  while (byte < G_N_ELEMENTS (self->first))
    self->first[byte++] = self->pieces->len;
  return TRUE;
}

/* There must be one unknown piece, and a normal one whose score the unknown's follows from. */
static gboolean
find_unknown (EshiSentencepiece *self)
{
  float lowest = FLT_MAX;
  guint n_unknown = 0;

  for (guint i = 0; i < self->pieces->len; i++)
    {
      const EshiPiece *piece = &g_array_index (self->pieces, EshiPiece, i);

      if (piece->type == ESHI_PIECE_UNKNOWN)
        {
          self->unknown_id = piece->id;
          n_unknown++;
        }
      else if (piece->type == ESHI_PIECE_NORMAL)
        lowest = MIN (lowest, piece->score);
    }
  self->unknown_score = lowest - UNKNOWN_PENALTY;
  return n_unknown == 1 && lowest != FLT_MAX;
}

gboolean
_eshi_sentencepiece_read (EshiSentencepiece  *self,
                          GError            **error)
{
  self->pieces = g_array_new (FALSE, FALSE, sizeof (EshiPiece));
  if (!read_model (self, error))
    return FALSE;
  if (!index_pieces (self) || !find_unknown (self))
    return fail_damaged (error);
  return TRUE;
}
