/* eshi-word-diff.h: what changed between two prompts, word by word.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  ESHI_DIFF_SAME,
  ESHI_DIFF_REMOVED,
  ESHI_DIFF_ADDED,
} EshiDiffKind;

typedef struct
{
  EshiDiffKind  kind;
  char         *text;
} EshiDiffPart;

/**
 * eshi_word_diff:
 * @before: UTF-8
 * @after: UTF-8
 *
 * Words are apart by blanks and marks and, since Japanese has no blanks, where the script changes (油絵のように is 油絵
 * and のように). The fewest words are removed and added. Joined, all parts that are not added give @before, and all that
 * are not removed give @after. Thread: any. Cost: words × words; texts of more than 600 words are told as a whole.
 *
 * Returns: (transfer full) (element-type EshiDiffPart): no two neighbours of one kind; removed before added
 */
GPtrArray *eshi_word_diff (const char *before,
                           const char *after);

/* Returns: (transfer full): Pango markup; what was removed is struck through, what was added is bold and underlined */
char *eshi_word_diff_dup_markup (const char *before,
                                 const char *after);

G_END_DECLS
