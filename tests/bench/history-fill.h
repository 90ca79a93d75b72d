/* history-fill.h: a history of many pictures, for benchmarks.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * history_fill:
 * @data: folder of the database, which is made
 * @pictures: folder below which the pictures lie
 * @with_files: whether each picture has a file: one of some hundred of 128 × 128, under a name of its own
 *
 * Writes @n_rows pictures with prompts as people write them, all that depends on chance the same every time, and does
 * the chores. Nobody else may have the history open. Errors end the program. Cost: half a minute for 100,000.
 */
void history_fill (const char *data,
                   const char *pictures,
                   guint       n_rows,
                   gboolean    with_files);

/* Deletes @folder with all that is in it. */
void history_remove (const char *folder);

G_END_DECLS
