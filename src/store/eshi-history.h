/* eshi-history.h: every picture that was painted, every request that waits, and what was typed.
 *
 * An SQLite file and the picture files beside it. Nothing here blocks the caller: a call puts a message into a queue,
 * a thread that owns the connection does the work in the order of the calls, and the callback runs on the main context
 * that was the thread's default at the call. Finish each call with the function named at it, which hands out the error.
 * Programs that run at the same time share one history.
 *
 * Errors of all calls: those of the disk and the database as sentences, %G_IO_ERROR_NO_SPACE,
 * %G_IO_ERROR_PERMISSION_DENIED, %G_IO_ERROR_BUSY, %G_IO_ERROR_INVALID_DATA, %G_IO_ERROR_FAILED; %ESHI_ERROR_UNSUPPORTED
 * when the history was written by a newer program; %G_IO_ERROR_NOT_FOUND when there is no such picture or job. After an
 * error the history is as it was before the call.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-history-types.h"

G_BEGIN_DECLS

#define ESHI_TYPE_HISTORY (eshi_history_get_type ())

/**
 * EshiHistory:
 *
 * Signals: `changed`: pictures or jobs were added, changed or removed by this object, and after eshi_history_watch() by
 * another program; once for a burst of them.
 *
 * A call keeps the object until it is answered. A program that ends sooner leaves undone what had not had its turn, so
 * it waits for the answers of what must not be lost. Thread: the one that made it.
 */
G_DECLARE_FINAL_TYPE (EshiHistory, eshi_history, ESHI, HISTORY, GObject)

/**
 * eshi_history_new:
 * @data_folder: (nullable): folder of the database, its backups and the images that pictures were started from; %NULL
 *   for eshi in the user's data folder
 * @pictures_folder: (nullable): folder below which the pictures lie; %NULL for Eshi in the user's pictures folder
 *
 * Starts the thread, which opens the history before anything else. Should that fail, every call but
 * eshi_history_save_async() fails with the same error.
 */
EshiHistory *eshi_history_new (const char *data_folder,
                               const char *pictures_folder);

/* --- opening and closing ------------------------------------------------------------------------------------------ */

/**
 * eshi_history_open_async:
 *
 * Answers when the history is open: checked, brought to this version, mended if it was damaged (restored from the
 * newest backup that is whole, else rebuilt from the pictures' files), jobs of a program that died marked interrupted.
 * Finish with eshi_history_open_finish().
 */
void eshi_history_open_async (EshiHistory         *self,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data);

/**
 * eshi_history_open_finish:
 * @notice: (out) (optional) (nullable) (transfer full): what was mended, whole sentences for people; %NULL if nothing
 *
 * Returns: whether it is open
 */
gboolean eshi_history_open_finish (EshiHistory   *self,
                                   GAsyncResult  *result,
                                   char         **notice,
                                   GError       **error);

/**
 * eshi_history_settle_async:
 *
 * Does now what is otherwise done while nothing else waits: taking in the pictures of a rebuilt history, readings, the
 * daily backup. Finish with eshi_history_finish().
 */
void eshi_history_settle_async (EshiHistory         *self,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);

/* Finishes each call that answers with nothing. Returns: whether it was done */
gboolean eshi_history_finish (EshiHistory   *self,
                              GAsyncResult  *result,
                              GError       **error);

/* Finishes each call that answers with an id. Returns: the id; 0 on error */
gint64 eshi_history_finish_id (EshiHistory   *self,
                               GAsyncResult  *result,
                               GError       **error);

/* From now on `changed` also tells what other programs wrote, at most a second later. Costs a look at one number
 * whenever the database is written to, by this object as well; nothing where files cannot be watched. */
void eshi_history_watch (EshiHistory *self);

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/**
 * eshi_history_save_async:
 * @picture: what to save; copied
 *
 * Writes the file and then records it; a program that is killed in between finds it when it opens the history again.
 * Works also while the history cannot be opened, then without recording. One that was painted again is compared with its
 * parent's file, if that is there: it becomes %ESHI_RELATION_REPRODUCED or %ESHI_RELATION_CHANGED. Finish with
 * eshi_history_save_finish().
 */
void eshi_history_save_async (EshiHistory          *self,
                              const EshiHistoryNew *picture,
                              GAsyncReadyCallback   callback,
                              gpointer              user_data);

/**
 * eshi_history_save_finish:
 * @unrecorded: (out) (optional) (nullable) (transfer full): why the history could not take the picture, whose file was
 *   written all the same; %NULL if it did
 *
 * Returns: (transfer full): the picture, with the id 0 if it is not in the history; %NULL when there is no file
 */
EshiHistoryPicture *eshi_history_save_finish (EshiHistory   *self,
                                              GAsyncResult  *result,
                                              GError       **unrecorded,
                                              GError       **error);

/**
 * eshi_history_find_async:
 * @query: what to look for; copied
 * @cancellable: (nullable): a call that is cancelled before its turn costs nothing
 *
 * A page of the pictures that fit. Words of the text are parts of what stands there, of one character or more, apart by
 * blanks of either width; case, width and the kind of kana make no difference, and where MeCab is installed with a
 * dictionary, ねこ finds 猫. Cost: below 5 ms for a page, 50 ms with a text, at 100,000 pictures (docs/speed.md).
 * Finish with eshi_history_find_finish().
 */
void eshi_history_find_async (EshiHistory            *self,
                              const EshiHistoryQuery *query,
                              GCancellable           *cancellable,
                              GAsyncReadyCallback     callback,
                              gpointer                user_data);

/* Returns: (transfer full): the page */
EshiHistoryPage *eshi_history_find_finish (EshiHistory   *self,
                                           GAsyncResult  *result,
                                           GError       **error);

/**
 * eshi_history_find_ids_async:
 *
 * The ids of all pictures that fit, for a list that can be jumped about in: eight bytes each, "after" and "limit" of
 * @query mean nothing. Load those that come into view with eshi_history_load_async(). Finish with
 * eshi_history_find_ids_finish().
 */
void eshi_history_find_ids_async (EshiHistory            *self,
                                  const EshiHistoryQuery *query,
                                  GCancellable           *cancellable,
                                  GAsyncReadyCallback     callback,
                                  gpointer                user_data);

/* Returns: (transfer full) (element-type gint64): in the query's order */
GArray *eshi_history_find_ids_finish (EshiHistory   *self,
                                      GAsyncResult  *result,
                                      GError       **error);

/**
 * eshi_history_load_async:
 * @ids: (array length=n_ids): ids of pictures
 *
 * Those pictures, in that order, without the ones that do not exist. Finish with eshi_history_load_finish().
 */
void eshi_history_load_async (EshiHistory         *self,
                              const gint64        *ids,
                              guint                n_ids,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data);

/* Returns: (transfer full) (element-type EshiHistoryPicture) */
GPtrArray *eshi_history_load_finish (EshiHistory   *self,
                                     GAsyncResult  *result,
                                     GError       **error);

/**
 * eshi_history_find_file_async:
 * @path: of a picture file
 *
 * The picture that was saved there and is not in the trash. Whether the file is still that one is not looked at. Finish
 * with eshi_history_finish_id(); %G_IO_ERROR_NOT_FOUND where there is none.
 */
void eshi_history_find_file_async (EshiHistory         *self,
                                   const char          *path,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);

/**
 * eshi_history_count_by_async:
 *
 * Which values there are to filter by. Finish with eshi_history_count_by_finish().
 */
void eshi_history_count_by_async (EshiHistory         *self,
                                  EshiHistoryField     field,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);

/* Returns: (transfer full) (element-type EshiHistoryCount): the most frequent first */
GPtrArray *eshi_history_count_by_finish (EshiHistory   *self,
                                         GAsyncResult  *result,
                                         GError       **error);

/* Marks pictures as favourites or not. Finish with eshi_history_finish(). */
void eshi_history_set_favourite_async (EshiHistory         *self,
                                       const gint64        *ids,
                                       guint                n_ids,
                                       gboolean             favourite,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);

/* @rating: 1 to 5; 0 for none. Finish with eshi_history_finish(). */
void eshi_history_set_rating_async (EshiHistory         *self,
                                    const gint64        *ids,
                                    guint                n_ids,
                                    int                  rating,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);

/* Adds or removes one tag; blanks around it do not count. Finish with eshi_history_finish(). */
void eshi_history_set_tag_async (EshiHistory         *self,
                                 const gint64        *ids,
                                 guint                n_ids,
                                 const char          *tag,
                                 gboolean             present,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);

/**
 * eshi_history_trash_async:
 * @ids: (array length=n_ids): pictures
 *
 * Moves the files into a hidden folder beside them, from which eshi_history_restore_async() brings each back to where
 * it was, with all its marks. A file that is missing is no error. Finish with eshi_history_finish().
 */
void eshi_history_trash_async (EshiHistory         *self,
                               const gint64        *ids,
                               guint                n_ids,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data);

/* Takes pictures out of the trash. Where another file has taken the name, the picture gets the next free one. Finish
 * with eshi_history_finish(). */
void eshi_history_restore_async (EshiHistory         *self,
                                 const gint64        *ids,
                                 guint                n_ids,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);

/**
 * eshi_history_purge_async:
 * @before: microseconds since 1970; %G_MAXINT64 for everything
 *
 * Deletes what was put into the trash before that, files and all. This cannot be undone. Finish with
 * eshi_history_finish().
 */
void eshi_history_purge_async (EshiHistory         *self,
                               gint64               before,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data);

/* Looks whether the files of these pictures are there, and keeps the answer in "missing"; for those that come into
 * view. `changed` tells if the answer is a new one for any. Finish with eshi_history_finish(). */
void eshi_history_check_files_async (EshiHistory         *self,
                                     const gint64        *ids,
                                     guint                n_ids,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);

/* --- the queue ---------------------------------------------------------------------------------------------------- */

/**
 * eshi_history_add_job_async:
 * @settings: what to paint; its image and mask are kept as files
 * @parent: id of the picture it comes from; 0 for none
 * @first: before those that wait instead of behind them
 *
 * The job is on the disk when this answers, so that it survives whatever happens. Finish with
 * eshi_history_finish_id().
 */
void eshi_history_add_job_async (EshiHistory         *self,
                                 const EshiSettings  *settings,
                                 gint64               parent,
                                 EshiRelation         relation,
                                 gboolean             first,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);

/* All jobs: in the order in which they will be painted. Finish with eshi_history_list_jobs_finish(). */
void eshi_history_list_jobs_async (EshiHistory         *self,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);

/* Returns: (transfer full) (element-type EshiHistoryJob) */
GPtrArray *eshi_history_list_jobs_finish (EshiHistory   *self,
                                          GAsyncResult  *result,
                                          GError       **error);

/* Moves a job before the job @before, or to the end for 0. Finish with eshi_history_finish(). */
void eshi_history_move_job_async (EshiHistory         *self,
                                  gint64               id,
                                  gint64               before,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);

/* Marks the job @id, or for 0 the first one, as running, for nobody else to take, if it waits. Finish with
 * eshi_history_take_job_finish(). */
void eshi_history_take_job_async (EshiHistory         *self,
                                  gint64               id,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);

/* Returns: (transfer full) (nullable): the job; %NULL without an error when it, or any, does not wait */
EshiHistoryJob *eshi_history_take_job_finish (EshiHistory   *self,
                                              GAsyncResult  *result,
                                              GError       **error);

/**
 * eshi_history_checkpoint_job_async:
 * @n_done: pictures of the batch that are finished
 * @step: steps done of the next one
 * @state: (nullable): all that going on from there takes, whatever that is; %NULL to note the step alone
 *
 * The file of the new state is whole before the one before it goes. Finish with eshi_history_finish().
 */
void eshi_history_checkpoint_job_async (EshiHistory         *self,
                                        gint64               id,
                                        int                  n_done,
                                        int                  step,
                                        GBytes              *state,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data);

/* What the last checkpoint kept. Finish with eshi_history_load_checkpoint_finish(). */
void eshi_history_load_checkpoint_async (EshiHistory         *self,
                                         gint64               id,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data);

/* Returns: (transfer full): the state */
GBytes *eshi_history_load_checkpoint_finish (EshiHistory   *self,
                                             GAsyncResult  *result,
                                             GError       **error);

/* Puts a job that is running here, or was interrupted, before those that wait, with its checkpoint. Finish with
 * eshi_history_finish(). */
void eshi_history_resume_job_async (EshiHistory         *self,
                                    gint64               id,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);

/* The job was painted, or is not wanted any more. Finish with eshi_history_finish(). */
void eshi_history_remove_job_async (EshiHistory         *self,
                                    gint64               id,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);

/* --- what was typed ----------------------------------------------------------------------------------------------- */

/* Keeps a prompt as the newest; each is kept once, the newest thousand in all. Finish with eshi_history_finish(). */
void eshi_history_add_prompt_async (EshiHistory         *self,
                                    const char          *prompt,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);

/* @text: (nullable): words as in a query. Finish with eshi_history_list_prompts_finish(). */
void eshi_history_list_prompts_async (EshiHistory         *self,
                                      const char          *text,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);

/* Returns: (transfer full): prompts, the newest first */
GStrv eshi_history_list_prompts_finish (EshiHistory   *self,
                                        GAsyncResult  *result,
                                        GError       **error);

G_END_DECLS
