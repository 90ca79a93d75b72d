/* eshi-pipeline-embeddings.h: the textual inversions of a folder, as words of prompts and the rows that they stand for.
 *
 * The folder is read again only if a file in it has changed. A file that cannot be used spoils nothing until a prompt names
 * it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-prompt-chunks.h"

G_BEGIN_DECLS

typedef struct _EshiEmbeddings EshiEmbeddings;

/**
 * eshi_embeddings_load:
 * @self: (inout) (nullable): made where it is %NULL, read again where the folder has changed
 * @folder: (nullable): a folder; nothing where it does not exist
 * @width: numbers that a row must have; 0 for any, and then the rows are not kept
 * @n_words: (out): words
 *
 * Thread: one at a time. Cost: a look at every file; reading those that may be embeddings after a change.
 *
 * Returns: (transfer none) (array length=n_words): file names without their endings, and the words that the files name,
 *   also for those that cannot be used. Valid until the next call
 */
const EshiPromptWord *eshi_embeddings_load    (EshiEmbeddings **self,
                                               const char      *folder,
                                               guint            width,
                                               guint           *n_words);

void                  eshi_embeddings_free    (EshiEmbeddings  *self);

/**
 * eshi_embeddings_check:
 * @used: [n_words]: the words that stand in a prompt
 * @names: (element-type utf8): gets the names of the files that they come from, each once
 *
 * Errors: what is wrong with such a file: MODEL_MISSING, MODEL_INVALID, UNSUPPORTED.
 */
gboolean              eshi_embeddings_check   (EshiEmbeddings  *self,
                                               const gboolean  *used,
                                               GPtrArray       *names,
                                               GError         **error);

/* Row @row of all words' rows, f32 [@width]; the width is that of the last load. */
const float          *eshi_embeddings_get_row (EshiEmbeddings  *self,
                                               guint            row,
                                               guint            width);

G_END_DECLS
