/* eshi-prompt-chunks.h: a prompt as the text encoder reads it: windows full of ids, and a weight for each.
 *
 * A prompt that is longer than the window fills several chunks, cut as Stable Diffusion web UI cuts: after a comma where
 * one is among the last 20 ids, and where BREAK stands. CLIP's byte pairs are made from each stretch of one weight by
 * itself, as there; SentencePiece reads the whole text, and its pieces take the weight of the characters that they stand
 * for, so that brackets never change where words are cut.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-emphasis.h"
#include "eshi-tokenizer.h"

G_BEGIN_DECLS

/* The reference cuts up to that many ids earlier for the sake of a comma. */
#define ESHI_PROMPT_BACKTRACK 20

/**
 * EshiPromptWord:
 * @text: what stands in a prompt; UTF-8
 * @first_row: the first of the rows that take its place, in a table of the caller's
 * @n_rows: how many; 1 or more. A word with more than fit one chunk is cut
 */
typedef struct
{
  const char *text;
  guint       first_row;
  guint       n_rows;
} EshiPromptWord;

/**
 * EshiPromptChunks:
 * @window: ids of a chunk, marks and padding included
 * @n_chunks: 1 or more
 * @ids: [n_chunks, window]: below the tokenizer's vocab_size an id, from there on vocab_size + a row of a word
 * @weights: [n_chunks, window]: marks and padding weigh 1
 * @weighs: [n_chunks]: whether any weight of the chunk is not 1
 * @n_ids: ids up to the end of the text, marks included; where the text is cut, those that it needs
 * @used: [n_words]: whether each word stands in the prompt
 */
typedef struct
{
  guint     window;
  guint     n_chunks;
  gint32   *ids;
  float    *weights;
  gboolean *weighs;
  gsize     n_ids;
  gboolean *used;
} EshiPromptChunks;

/**
 * eshi_prompt_chunks_new:
 * @prompt: UTF-8, though malformed bytes do no harm; at most %ESHI_TOKENIZER_MAX_TEXT bytes of it are read
 * @emphasis: how brackets are read; with OFF there is one chunk
 * @window: ids that the text encoder reads at once; 4 or more
 * @words: [n_words] (nullable): strings that stand for something else. Where several fit, the longest counts
 *
 * A prompt without syntax that fits the window gives what eshi_tokenizer_encode() gives. Thread: any.
 *
 * Returns: (transfer full): free with eshi_prompt_chunks_free()
 */
EshiPromptChunks *eshi_prompt_chunks_new  (const EshiTokenizer  *tokenizer,
                                           const char           *prompt,
                                           EshiEmphasis          emphasis,
                                           guint                 window,
                                           const EshiPromptWord *words,
                                           guint                 n_words);

void              eshi_prompt_chunks_free (EshiPromptChunks     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiPromptChunks, eshi_prompt_chunks_free)

/* Appends empty chunks until there are @n_chunks; the reference pads the shorter of two prompts so. */
void              eshi_prompt_chunks_pad  (EshiPromptChunks     *self,
                                           const EshiTokenizer  *tokenizer,
                                           guint                 n_chunks);

G_END_DECLS
