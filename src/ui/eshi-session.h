/* eshi-session.h: what this run of the program paints: its requests, its pictures, and their files.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <eshi-history.h>
#include <gtk/gtk.h>
#include <libeshi-engine.h>

#include "eshi-picture.h"
#include "eshi-progress-row.h"
#include "eshi-queue.h"

G_BEGIN_DECLS

#define ESHI_TYPE_SESSION (eshi_session_get_type ())

/**
 * EshiSession:
 *
 * Stands between the engine and the window, and has no widgets.
 *
 * Properties: `busy` (boolean, read only, notifies): something is painted, or waits and will be.
 * Signals:
 *   `started`: the next request is being painted
 *   `progress`: eshi_session_get_progress() changed
 *   `preview`: eshi_session_get_preview() changed
 *   `painted (EshiPicture *picture)`: a picture is finished and heads the list
 *   `saved (EshiPicture *picture)`: it has a file now
 *   `unsaved (EshiPicture *picture, GError *error)`: it was not saved; or, if it has a path, the history does not know it
 *   `compared (EshiHistoryPicture *picture)`: it was painted again, and is now known to be the same or not
 *   `left (EshiPicture *picture)`: the last look at a picture that was cancelled heads the list, and has a file
 *   `stopped (gboolean cancelled)`: the request ended with or without its pictures; one that was cancelled stays in the
 *     queue as interrupted
 *   `failed (GError *error, char *about)`: a request failed; @about says which, in one line
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiSession, eshi_session, ESHI, SESSION, GObject)

/* Opens the history and reads the queue that an earlier run has left. */
EshiSession *eshi_session_new (void);

gboolean eshi_session_get_busy (EshiSession *self);

/* Returns: (transfer none): the engine as it is now, for small work that may be given up at any time; another one takes its
 * place when the settings ask for it */
EshiEngine *eshi_session_get_engine (EshiSession *self);

/* Returns: (transfer none) (element-type EshiPicture): newest first */
GListModel *eshi_session_get_pictures (EshiSession *self);

/**
 * eshi_session_generate:
 *
 * Puts a job into the queue; eshi_queue_add() is the same with a checkpoint, or before the others. What is wrong with
 * @settings comes back as `failed`.
 *
 * Returns: place in the queue: 1 if it is next
 */
guint eshi_session_generate (EshiSession        *self,
                             const EshiSettings *settings);

/* The same for pictures that come from one of the history. */
guint eshi_session_generate_from (EshiSession        *self,
                                  const EshiSettings *settings,
                                  gint64              parent,
                                  EshiRelation        relation);

/**
 * eshi_session_continue:
 * @state: from a checkpoint event of a request with the same @settings
 *
 * The same for a picture that was begun elsewhere: it goes on from @state.
 */
guint eshi_session_continue (EshiSession        *self,
                             const EshiSettings *settings,
                             GBytes             *state,
                             gint64              parent,
                             EshiRelation        relation);

/* Goes on with @picture of the history, which was cancelled: from where its job stands, or from the start where there is
 * none any more. @settings: the picture's. When it is finished the picture that was left of it goes into the trash. */
void eshi_session_resume_picture (EshiSession        *self,
                                  const EshiSettings *settings,
                                  gint64              picture);

/* Interrupts the job being painted; those that wait go on. Returns: whether there was one */
gboolean eshi_session_cancel (EshiSession *self);

/* Stops painting because the program is about to end, which waits for it: the picture can be resumed, and those that wait
 * stay in their order. */
void eshi_session_halt (EshiSession *self);

/* Returns: (transfer none): what is painted, waits or was interrupted */
EshiQueue *eshi_session_get_queue (EshiSession *self);

/* Returns: (transfer none): the history that the pictures are recorded in */
EshiHistory *eshi_session_get_history (EshiSession *self);

/* Tries again to save all pictures of the list that have no file, each with what is recorded beside it; `saved` or
 * `unsaved` tells of each. */
void eshi_session_save_unsaved (EshiSession *self);

/* Returns: how many pictures of the list have no file because saving failed */
guint eshi_session_get_n_unsaved (EshiSession *self);

/* Takes @picture out of the list; its file stays. */
void eshi_session_forget (EshiSession *self,
                          EshiPicture *picture);

/* Puts a forgotten picture back in its place. */
void eshi_session_restore (EshiSession *self,
                           EshiPicture *picture,
                           guint        position);

/* Of the request being painted. (transfer none) */
const EshiProgress *eshi_session_get_progress (EshiSession *self);

/* Settings of the request being painted. (transfer none) (nullable) */
const EshiSettings *eshi_session_get_settings (EshiSession *self);

/* (transfer none) (nullable) */
GdkTexture *eshi_session_get_preview (EshiSession *self);

G_END_DECLS
