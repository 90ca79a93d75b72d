/* eshi-reproduction.h: words about a picture that was painted again: the same, or why it may not be.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <eshi-history.h>

G_BEGIN_DECLS

/* In one word, whether @picture is the same as the one that it was painted after. (nullable): %NULL when it was not painted
 * again, or was not compared. */
const char *eshi_reproduction_get_mark  (const EshiHistoryPicture *picture);

/**
 * eshi_reproduction_dup_words:
 * @before: (nullable): the picture that @after was painted after, if it is known
 *
 * Returns: (transfer full) (nullable): that they are the same, or what is known to differ in how they were made; %NULL when
 *   they were not compared
 */
char       *eshi_reproduction_dup_words (const EshiHistoryPicture *before,
                                         const EshiHistoryPicture *after);

G_END_DECLS
