/* eshi-tokenizer.h: text into the numbers that a model's text encoder was trained on.
 *
 * Reads the SentencePiece unigram tokenizers of japanese-stable-diffusion, and the byte pair encoding of CLIP that other
 * Stable Diffusion models have. It refuses anything that would need rules it does not have when it is made; encoding
 * text never fails.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of a text that are looked at; the rest is ignored. A thousand times what a model reads. */
#define ESHI_TOKENIZER_MAX_TEXT ((gsize) 64 << 10)

typedef struct _EshiTokenizer EshiTokenizer;

/**
 * eshi_tokenizer_new_for_path:
 * @path: a tokenizer folder (spiece.model, or vocab.json and merges.txt; perhaps tokenizer_config.json and
 *   special_tokens_map.json), or a bare spiece.model of any name, for which the settings of japanese-stable-diffusion
 *   are assumed
 *
 * Thread: any. A tokenizer never changes, and any number of threads may use it at once.
 *
 * Errors: %ESHI_ERROR_MODEL_MISSING (no tokenizer there), %ESHI_ERROR_MODEL_INVALID (damaged or hostile),
 * %ESHI_ERROR_UNSUPPORTED (a kind of tokenizer that is not implemented). Cost: some 10 ms for the 32,000 pieces
 * of SentencePiece, 100 ms for CLIP's 49,408.
 *
 * Returns: (transfer full): the tokenizer; %NULL with @error set
 */
EshiTokenizer *eshi_tokenizer_new_for_path    (const char           *path,
                                               GError              **error);

void           eshi_tokenizer_free            (EshiTokenizer        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiTokenizer, eshi_tokenizer_free)

/**
 * eshi_tokenizer_encode:
 * @self: a tokenizer
 * @text: UTF-8, though malformed bytes do no harm; at most %ESHI_TOKENIZER_MAX_TEXT bytes of it are read
 * @pad_to: ids to return: longer texts are cut, keeping the end mark, and shorter ones padded; usually
 *   eshi_tokenizer_get_max_length(). 0 returns all ids and the marks around them, however many they are.
 * @n_text_pieces: (out) (nullable): ids that @text itself needs, before cutting and without the marks around it: one
 *   at the end, and with CLIP one at the start
 *
 * Cost: about linear in the text; a prompt takes well under a millisecond.
 *
 * Returns: (transfer full) (element-type gint32): ids, each 0 to vocab_size − 1; free with g_array_unref()
 */
GArray        *eshi_tokenizer_encode          (const EshiTokenizer  *self,
                                               const char           *text,
                                               gsize                 pad_to,
                                               gsize                *n_text_pieces);

/* Ids run from 0 to one less than this: the rows that the text encoder's embedding must have. */
guint          eshi_tokenizer_get_vocab_size  (const EshiTokenizer  *self);

/* Ids that the model reads at once, the marks included: 77 unless tokenizer_config.json names fewer. */
guint          eshi_tokenizer_get_max_length  (const EshiTokenizer  *self);

/* The id that closes a text, and the one that fills up the rest. */
gint32         eshi_tokenizer_get_end_id      (const EshiTokenizer  *self);
gint32         eshi_tokenizer_get_pad_id      (const EshiTokenizer  *self);

G_END_DECLS
