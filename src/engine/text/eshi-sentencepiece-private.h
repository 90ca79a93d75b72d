/* eshi-sentencepiece-private.h: a unigram model in memory, shared by the file that reads it and the one that uses it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-normalizer.h"
#include "eshi-sentencepiece.h"

G_BEGIN_DECLS

typedef enum
{
  ESHI_PIECE_NORMAL = 1,
  ESHI_PIECE_UNKNOWN = 2,
  ESHI_PIECE_CONTROL = 3,
  ESHI_PIECE_USER_DEFINED = 4,
  ESHI_PIECE_UNUSED = 5,
  ESHI_PIECE_BYTE = 6,
} EshiPieceType;

typedef struct
{
  const guint8  *text;   /* [length]; points into the model's bytes */
  guint32        length; /* 1 or more */
  gint32         id;     /* position in the file */
  float          score;  /* logarithm of its probability */
  EshiPieceType  type;
} EshiPiece;

struct _EshiSentencepiece
{
  GBytes         *model;
  EshiNormalizer *normalizer;
  GArray         *pieces;           /* EshiPiece, all of them, sorted by text */
  guint           first[257];       /* pieces whose text begins with byte b: first[b] to first[b + 1] − 1 */
  gint32          unknown_id;
  float           unknown_score;
};

/* Fills all of @self but @model from it. */
gboolean _eshi_sentencepiece_read (EshiSentencepiece  *self,
                                   GError            **error);

G_END_DECLS
