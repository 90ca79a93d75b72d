/* eshi-picture-name.h: what the files of pictures are called.
 *
 * A pattern is text with words in braces: {number} (one above the highest in the folder, four digits or more), {seed},
 * {date}, {time}, {prompt}, {model}, {sampler}, {steps} and {size}. The ending ".png" is no part of it.
 *
 * Thread: any.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

#define ESHI_PICTURE_NAME_DEFAULT "{number}-{seed}"

/* Whether @pattern can be a file's name. Error: %ESHI_ERROR_INVALID_ARGUMENT, a sentence that says what to change. */
gboolean eshi_picture_name_check   (const char          *pattern,
                                    GError             **error);

/**
 * eshi_picture_name_expand:
 * @pattern: (nullable): a pattern; the default one where it is %NULL or cannot be used
 * @settings: (nullable): what the picture was made with; the seed counts as 0 without them
 * @model_name: (nullable): name of the model
 * @when: the time to write
 * @before: (out): what stands before the number, or all of the name where it has none
 * @after: (out) (nullable): what stands behind it; %NULL where the name has no number
 *
 * What a file's name may not hold on some file system becomes a blank, and long texts are cut, so that both parts and
 * a number fit into 255 bytes.
 */
void     eshi_picture_name_expand  (const char          *pattern,
                                    const EshiSettings  *settings,
                                    const char          *model_name,
                                    GDateTime           *when,
                                    char               **before,
                                    char               **after);

/* The same with @number in its place and the ending behind it, as an example. (transfer full) */
char    *eshi_picture_name_example (const char          *pattern,
                                    const EshiSettings  *settings,
                                    const char          *model_name,
                                    GDateTime           *when,
                                    guint                number);

G_END_DECLS
