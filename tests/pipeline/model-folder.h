/* model-folder.h: a whole model small enough to paint with in a test, as a folder on disk.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes a model with filled weights and the small tokenizer of the goldens below a new folder: 64 wide context, UNet
 * of 32 and 64 channels. Needs G_TEST_SRCDIR. (transfer full) */
char *model_folder_new    (void);

/* The same with other contents for some files: name, contents, name, contents, …, NULL. Weights are those of the configs
 * that are written. */
char *model_folder_new_with (const char *const *changes);

/* Removes it and frees the name. */
void  model_folder_remove (char       *folder);

/* Replaces @name below @folder. */
void  model_folder_write  (const char *folder,
                           const char *name,
                           const char *contents);

G_END_DECLS
