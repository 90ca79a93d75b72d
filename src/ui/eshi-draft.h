/* eshi-draft.h: what was typed and set, kept from run to run and through a crash.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>
#include <libeshi-engine.h>

G_BEGIN_DECLS

#define ESHI_TYPE_DRAFT (eshi_draft_get_type ())

/**
 * EshiDraft:
 *
 * A small key file, read when it is made, written on a thread half a second after the first change, and once more when
 * the object goes. A file that cannot be read is taken as empty.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiDraft, eshi_draft, ESHI, DRAFT, GObject)

/* @path: (nullable): the key file; %NULL for eshi/draft.ini in the user's state folder */
EshiDraft *eshi_draft_new (const char *path);

/**
 * eshi_draft_load_settings:
 * @locked_seed: (out): whether the seed was locked
 *
 * Returns: (transfer full) (nullable): the settings kept; %NULL when there are none. Values are brought into their
 *   ranges, since a file may have been edited.
 */
EshiSettings *eshi_draft_load_settings (EshiDraft *self,
                                        gboolean  *locked_seed);

void eshi_draft_store_settings (EshiDraft          *self,
                                const EshiSettings *settings,
                                gboolean            locked_seed);

/**
 * eshi_draft_load_window:
 *
 * Leaves the values alone when none are kept.
 */
void eshi_draft_load_window (EshiDraft *self,
                             int       *width,
                             int       *height,
                             gboolean  *maximized);

void eshi_draft_store_window (EshiDraft *self,
                              int        width,
                              int        height,
                              gboolean   maximized);

/* (transfer full): the folder beside the key file for what is too large for it; need not exist */
char *eshi_draft_dup_folder (EshiDraft *self);

/* Prompts that were painted, newest first. (transfer full) */
GStrv eshi_draft_dup_history (EshiDraft *self);

/* Puts @prompt at the head of the history; keeps a hundred. */
void eshi_draft_add_to_history (EshiDraft  *self,
                                const char *prompt);

/* Writes now, in this thread, if there is anything to write. */
void eshi_draft_flush (EshiDraft *self);

G_END_DECLS
