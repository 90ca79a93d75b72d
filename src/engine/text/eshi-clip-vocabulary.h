/* eshi-clip-vocabulary.h: CLIP's byte pair encoding: the two files that hold it, and one word into its ids.
 *
 * It knows nothing of sentences: what a word is, eshi-clip-tokenizer.c decides.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The largest files that are read, in bytes; CLIP's own have 862,328 and 524,619. */
#define ESHI_CLIP_MAX_VOCAB_BYTES ((gsize) 8 << 20)
#define ESHI_CLIP_MAX_MERGES_BYTES ((gsize) 4 << 20)

typedef struct _EshiClipVocabulary EshiClipVocabulary;

/**
 * eshi_clip_vocabulary_new:
 * @vocab: contents of vocab.json: one object, from piece to id
 * @merges: contents of merges.txt: a line that is skipped, then two pieces a line, the first to be joined first
 *
 * Lines after the 48,894th merge are not used, as in the reference. Thread: any; a vocabulary never changes.
 *
 * Errors: MODEL_INVALID for damaged or hostile contents. Cost: about 100 ms for CLIP's own.
 *
 * Returns: (transfer full): the vocabulary; %NULL with @error set
 */
EshiClipVocabulary *eshi_clip_vocabulary_new         (GBytes                    *vocab,
                                                      GBytes                    *merges,
                                                      GError                   **error);

void                eshi_clip_vocabulary_free        (EshiClipVocabulary        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiClipVocabulary, eshi_clip_vocabulary_free)

/* The id of @piece, spelled as in vocab.json; −1 when there is none. */
gint32              eshi_clip_vocabulary_find        (const EshiClipVocabulary  *self,
                                                      const char                *piece);

/* One more than the largest id. */
guint               eshi_clip_vocabulary_get_size    (const EshiClipVocabulary  *self);

/**
 * eshi_clip_vocabulary_encode_word:
 * @word: any bytes, [length]; fewer than 2³²
 * @unknown: the id of pieces that vocab.json lacks
 * @ids: (element-type gint32): the ids are appended to it
 *
 * Cost: n log n in the length of the word, in time; some 100 bytes of memory for each of its own.
 */
void                eshi_clip_vocabulary_encode_word (const EshiClipVocabulary  *self,
                                                      const char                *word,
                                                      gsize                      length,
                                                      gint32                     unknown,
                                                      GArray                    *ids);

G_END_DECLS
