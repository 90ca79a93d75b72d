/* history-rig.h: a history in a folder of its own, and calls that wait for their answer.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-history.h"

typedef struct
{
  char        *folder;
  char        *data;
  char        *pictures;
  EshiHistory *history;
} Rig;

void                rig_set_up          (Rig                    *self,
                                         gconstpointer           data);
void                rig_tear_down       (Rig                    *self,
                                         gconstpointer           data);

/* Closes the history and opens it again. Returns what was mended, if anything; the test fails if it does not open. */
char               *rig_reopen          (Rig                    *self);
void                rig_close           (Rig                    *self);

/* (transfer full): a small picture that differs for each @n, and settings with @prompt. */
EshiImage          *rig_make_image      (guint                   n);
EshiSettings       *rig_make_settings   (const char             *prompt);

/* Waits for the answer to a call that was made with rig_cb and @result. */
void                rig_cb              (GObject                *source,
                                         GAsyncResult           *result,
                                         gpointer                user_data);
void                rig_wait            (GAsyncResult          **result);

/* Saves one picture and fails the test if that fails. Returns its id. */
gint64              rig_save            (Rig                    *self,
                                         const char             *prompt,
                                         guint                   n);

/* The picture @id, which must exist. */
EshiHistoryPicture *rig_load            (Rig                    *self,
                                         gint64                  id);

EshiHistoryPage    *rig_find            (Rig                    *self,
                                         const EshiHistoryQuery *query);

/* How many pictures a search for @text finds, checked against the pages and the ids. */
gint64              rig_count           (Rig                    *self,
                                         const char             *text);

void                rig_settle          (Rig                    *self);
void                rig_trash           (Rig                    *self,
                                         gint64                  id);
void                rig_remove_folder   (const char             *folder);
