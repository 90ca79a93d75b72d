/* eshi-sentencepiece.h: SentencePiece's unigram model: the most likely way to cut a text into known pieces.
 *
 * Gives the ids that libsentencepiece gives. It refuses byte-pair, word and character models, byte fallback,
 * user-defined pieces, and any but the usual treatment of spaces; it never samples, and never turns ids into text.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-utf8.h"

G_BEGIN_DECLS

typedef struct _EshiSentencepiece EshiSentencepiece;

/**
 * eshi_sentencepiece_new:
 * @model: the bytes of a spiece.model file; kept
 *
 * Errors: %ESHI_ERROR_MODEL_INVALID (damaged or hostile), %ESHI_ERROR_UNSUPPORTED (see above).
 *
 * Returns: (transfer full): the model; %NULL with @error set
 */
EshiSentencepiece *eshi_sentencepiece_new          (GBytes                   *model,
                                                    GError                  **error);

void               eshi_sentencepiece_free         (EshiSentencepiece        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiSentencepiece, eshi_sentencepiece_free)

/* Pieces of all types. */
guint              eshi_sentencepiece_get_n_pieces (const EshiSentencepiece  *self);

/* The id of the piece spelled @piece, of any type; −1 when there is none. */
gint32             eshi_sentencepiece_find         (const EshiSentencepiece  *self,
                                                    const char               *piece,
                                                    gsize                     length);

/**
 * eshi_sentencepiece_encode:
 * @self: a model
 * @text: (array length=length): text as it was typed
 * @length: bytes of @text; at most 64 KiB
 * @ids: (element-type gint32): what the ids are appended to
 * @spans: (nullable) (element-type EshiTextSpan): for each of them, the bytes of @text that it stands for, without the
 *   space before them where there is anything else
 *
 * Neighbouring characters that no piece covers count as one unknown piece.
 *
 * Thread: any. Cost: linear in @length.
 */
void               eshi_sentencepiece_encode       (const EshiSentencepiece  *self,
                                                    const char               *text,
                                                    gsize                     length,
                                                    GArray                   *ids,
                                                    GArray                   *spans);

G_END_DECLS
