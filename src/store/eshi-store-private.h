/* eshi-store-private.h: the history below its thread: one connection, the folders beside it, and what is done to them.
 *
 * All functions block and belong to the thread that opened the store. Errors are those of eshi-history.h.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-db-private.h"
#include "eshi-history-types.h"
#include "eshi-reading-private.h"

G_BEGIN_DECLS

/* What "trashed" holds beside a time. */
#define ESHI_STORE_LIVE 0
#define ESHI_STORE_PENDING (-1) /* the file is being written */

typedef struct _EshiHash EshiHash;

typedef struct
{
  char       *data;         /* folder of the database */
  char       *pictures;     /* folder below which the pictures lie */
  EshiDb     *db;           /* NULL while it is not open */
  GError     *why_closed;   /* the error of opening; NULL if open */
  char       *notice;       /* (nullable): what was mended */
  int         lock_fd;      /* shared by all programs that have it open; -1 for none */
  int         owner_fd;     /* locked for as long as this program lives; -1 for none */
  char       *owner;        /* name of that lock, in jobs and pending pictures */
  EshiReader *reader;       /* (nullable): MeCab */
  char       *remembered;   /* (nullable): the folder that was noted last */
  char       *remembered_import; /* (nullable): the same of those that pictures were taken in from */
  GPtrArray  *to_adopt;     /* paths of pictures that a rebuilt history still has to take in */
  guint       n_own;        /* of these, the first: our own; the others only where they tell how they were made */
  GPtrArray  *to_list;      /* folders in which there may be more of these */
  guint       n_adopted;
  EshiDbCopy *backup;       /* (nullable): that is being made */
  EshiHash   *hash;         /* (nullable): of a large model that is being reckoned */
  gint64      data_version; /* differs after another program has written; 0 until somebody looked */
} EshiStore;

EshiStore          *_eshi_store_new            (const char              *data_folder,
                                                const char              *pictures_folder);
void                _eshi_store_free           (EshiStore               *self);

/* Opens, mends, migrates; see eshi_history_open_async(). */
gboolean            _eshi_store_open           (EshiStore               *self,
                                                GError                 **error);

/* Does a slice of what can wait, some tens of milliseconds. Returns: whether there is more */
gboolean            _eshi_store_do_chore       (EshiStore               *self);

/* --- mending: eshi-store-mend.c ----------------------------------------------------------------------------------- */

/* Opens the file and checks it; where it is damaged, puts the newest whole backup or an empty one in its place. The
 * damaged file is kept. A file that is as this program left it, whole, is not read through again for a day. */
gboolean            _eshi_store_open_db        (EshiStore               *self,
                                                GError                 **error);

/* Closes the file, and remembers how it was left if nothing in it was damaged. */
void                _eshi_store_close_db       (EshiStore               *self);

/* Copies a database that is about to be brought to @version, if it is older and not empty, as another backup. Should that
 * fail for want of room, the change, which needs some as well, is not begun. */
gboolean            _eshi_store_back_up_older  (EshiStore               *self,
                                                guint                    version,
                                                GError                 **error);

/* Copies some of the database into the folder of backups, if the last one is a day old; keeps the newest few. Returns:
 * whether there is more to copy */
gboolean            _eshi_store_back_up_some   (EshiStore               *self);

/* Lists the pictures that a new or rebuilt history still has to take in. */
gboolean            _eshi_store_plan_adoption  (EshiStore               *self,
                                                GError                 **error);

/* Notes that all of them have been taken in. */
gboolean            _eshi_store_end_adoption   (EshiStore               *self,
                                                GError                 **error);

/* For arrays of paths. */
int                 _eshi_store_compare_paths  (gconstpointer            a,
                                                gconstpointer            b);

/* Takes in the file @path unless it is known. @only_told: leave out a file that does not say how it was made. @added:
 * whether there is a row more. */
gboolean            _eshi_store_adopt          (EshiStore               *self,
                                                const char              *path,
                                                gboolean                 only_told,
                                                gboolean                *added,
                                                GError                 **error);

/* Settles what programs that are dead now had begun: pending pictures, jobs, moves into and out of the trash. */
gboolean            _eshi_store_settle_dead    (EshiStore               *self,
                                                GError                 **error);

/* Whether the program that holds the lock @owner still runs. */
gboolean            _eshi_store_is_alive       (EshiStore               *self,
                                                const char              *owner);

/* --- pictures: eshi-store-pictures.c ------------------------------------------------------------------------------ */

char               *_eshi_store_relative       (EshiStore               *self,
                                                const char              *path);
char               *_eshi_store_absolute       (EshiStore               *self,
                                                const char              *path);

/* (transfer full): as eshi_history_save_finish(). Works also while there is no database. */
EshiHistoryPicture *_eshi_store_save           (EshiStore               *self,
                                                const EshiHistoryNew    *spec,
                                                GError                 **unrecorded,
                                                GError                 **error);

/* What @spec is to its parent: of one that was painted again, whether it is the same to the pixel, where that can be told. */
EshiRelation        _eshi_store_judge          (EshiStore               *self,
                                                const EshiHistoryNew    *spec);

/* Adds the row of @picture with "trashed" as it is, and its texts; it becomes visible by _eshi_store_show(). Sets the
 * id. */
gboolean            _eshi_store_add_row        (EshiStore               *self,
                                                EshiHistoryPicture      *picture,
                                                GError                 **error);

/* Makes a pending picture, whose file is @path now, one like the others. */
gboolean            _eshi_store_show           (EshiStore               *self,
                                                gint64                   id,
                                                const char              *path,
                                                GError                 **error);

EshiHistoryPicture *_eshi_store_get            (EshiStore               *self,
                                                gint64                   id,
                                                GError                 **error);
/* @id: (out): of the picture whose file is at @path, an absolute one, and not in the trash; 0 for none. */
gboolean            _eshi_store_know_file      (EshiStore               *self,
                                                const char              *path,
                                                gint64                  *id,
                                                GError                 **error);
/* The id of the picture whose file is at @path, an absolute one, and not in the trash; 0 on error. */
gint64              _eshi_store_find_file      (EshiStore               *self,
                                                const char              *path,
                                                GError                 **error);
GPtrArray          *_eshi_store_load           (EshiStore               *self,
                                                const gint64            *ids,
                                                guint                    n_ids,
                                                GError                 **error);
gboolean            _eshi_store_check_files    (EshiStore               *self,
                                                const gint64            *ids,
                                                guint                    n_ids,
                                                GError                 **error);

/* --- folders of pictures: eshi-store-folders.c --------------------------------------------------------------------- */

/* Notes that pictures are saved below @folder, so that a rebuilt history looks there, too. */
void                _eshi_store_remember_folder (EshiStore              *self,
                                                const char              *folder);

/* (transfer full) (element-type filename): absolute paths: the history's own folder first, then those that were noted. */
GPtrArray          *_eshi_store_list_folders   (EshiStore               *self);

/* The same for folders whose pictures, and those of the folders in them, were taken in where they are. */
void                _eshi_store_remember_import (EshiStore              *self,
                                                const char              *folder);
GPtrArray          *_eshi_store_list_imports   (EshiStore               *self);

/* The entries of a folder that may be pictures of any program, and its folders but hidden ones and links; both sorted, the
 * paths appended to @files and @folders. FALSE if @folder cannot be read. */
gboolean            _eshi_store_list_entries   (const char              *folder,
                                                GPtrArray               *files,
                                                GPtrArray               *folders,
                                                GError                 **error);

/* --- files that belong to rows: eshi-store-files.c ---------------------------------------------------------------- */

/* (transfer full) (nullable): name of the file that keeps @image, made if need be; NULL for no image, or on error. */
char               *_eshi_store_keep_image     (EshiStore               *self,
                                                EshiImage               *image,
                                                GError                 **error);

/* (transfer full) (nullable): path of the file called @name; NULL for NULL. */
char               *_eshi_store_image_path     (EshiStore               *self,
                                                const char              *name);

/* Writes @bytes to @path whole or not at all, its folder made if need be. */
gboolean            _eshi_store_write          (const char              *path,
                                                GBytes                  *bytes,
                                                GError                 **error);

/* (transfer full): SHA-256 of @bytes, in hexadecimal digits. */
char               *_eshi_store_sum            (GBytes                  *bytes);

/* Deletes kept images that neither a picture nor a job needs. */
gboolean            _eshi_store_sweep_images   (EshiStore               *self,
                                                GError                 **error);

/* (transfer full) (nullable): hash of the model at @path (NULL: the embedded one), reckoned once and kept; NULL when it
 * cannot be read, or is large: then it is reckoned while nothing waits, and the pictures get it afterwards. */
char               *_eshi_store_hash_model     (EshiStore               *self,
                                                const char              *path);

/* Reckons some of the hash of a large model. Returns: whether there is more */
gboolean            _eshi_store_hash_some      (EshiStore               *self);
void                _eshi_store_hash_free      (EshiHash                *self);

/* --- the trash: eshi-store-trash.c -------------------------------------------------------------------------------- */

/* (transfer full): where the file of @picture lies while it is in the trash. */
char               *_eshi_store_trash_path     (EshiStore                *self,
                                                const EshiHistoryPicture *picture);
gboolean            _eshi_store_trash          (EshiStore               *self,
                                                const gint64            *ids,
                                                guint                    n_ids,
                                                GError                 **error);
gboolean            _eshi_store_restore        (EshiStore               *self,
                                                const gint64            *ids,
                                                guint                    n_ids,
                                                GError                 **error);
gboolean            _eshi_store_purge          (EshiStore               *self,
                                                gint64                   before,
                                                GError                 **error);

/* Brings files that were on their way to or from the trash to where their rows say. */
gboolean            _eshi_store_settle_trash   (EshiStore               *self,
                                                GError                 **error);

/* --- words: eshi-store-words.c ------------------------------------------------------------------------------------ */

/* (transfer full): @text with case, width and kind of kana made alike. */
char               *_eshi_words_fold           (const char              *text);

/* (transfer full): folded @text as overlapping pairs of characters, apart by blanks: the index' tokens. */
char               *_eshi_words_pair           (const char              *folded);

/* (transfer full) (nullable): what FTS5 is to match for the words in @text; NULL if there are none. */
char               *_eshi_words_match          (const char              *text);

/* (transfer full): the folded words in @text. */
GStrv               _eshi_words_split          (const char              *text);

/* Puts the words of a picture into the index or takes them out. */
gboolean            _eshi_words_add            (EshiStore               *self,
                                                gint64                   id,
                                                GError                 **error);
gboolean            _eshi_words_remove         (EshiStore               *self,
                                                gint64                   id,
                                                GError                 **error);

/* Makes the folded words of a picture anew, after a tag has come or gone; call with the words out of the index. */
gboolean            _eshi_words_refresh        (EshiStore               *self,
                                                gint64                   id,
                                                GError                 **error);

/* Asks MeCab for the readings of a few pictures that have none yet. Returns: whether there are more */
gboolean            _eshi_words_read_some      (EshiStore               *self);

/* --- queries: eshi-store-find.c ----------------------------------------------------------------------------------- */

EshiHistoryPage    *_eshi_store_find           (EshiStore               *self,
                                                const EshiHistoryQuery  *query,
                                                GError                 **error);
GArray             *_eshi_store_find_ids       (EshiStore               *self,
                                                const EshiHistoryQuery  *query,
                                                GError                 **error);
GPtrArray          *_eshi_store_count_by       (EshiStore               *self,
                                                EshiHistoryField         field,
                                                GError                 **error);

/* --- marks, jobs and prompts: eshi-store-marks.c, eshi-store-jobs.c ----------------------------------------------- */

gboolean            _eshi_store_set_favourite  (EshiStore               *self,
                                                const gint64            *ids,
                                                guint                    n_ids,
                                                gboolean                 favourite,
                                                GError                 **error);
gboolean            _eshi_store_set_rating     (EshiStore               *self,
                                                const gint64            *ids,
                                                guint                    n_ids,
                                                int                      rating,
                                                GError                 **error);
gboolean            _eshi_store_set_tag        (EshiStore               *self,
                                                const gint64            *ids,
                                                guint                    n_ids,
                                                const char              *tag,
                                                gboolean                 present,
                                                GError                 **error);
gboolean            _eshi_store_add_prompt     (EshiStore               *self,
                                                const char              *prompt,
                                                GError                 **error);
GStrv               _eshi_store_list_prompts   (EshiStore               *self,
                                                const char              *text,
                                                GError                 **error);

gint64              _eshi_store_add_job        (EshiStore               *self,
                                                const EshiSettings      *settings,
                                                gint64                   parent,
                                                EshiRelation             relation,
                                                gboolean                 first,
                                                GError                 **error);
GPtrArray          *_eshi_store_list_jobs      (EshiStore               *self,
                                                GError                 **error);
gboolean            _eshi_store_move_job       (EshiStore               *self,
                                                gint64                   id,
                                                gint64                   before,
                                                GError                 **error);
/* @wanted: 0 for the first that waits. NULL without @error being set when it, or any, does not wait. */
EshiHistoryJob     *_eshi_store_take_job       (EshiStore               *self,
                                                gint64                   wanted,
                                                GError                 **error);
gboolean            _eshi_store_checkpoint     (EshiStore               *self,
                                                gint64                   id,
                                                int                      n_done,
                                                int                      step,
                                                GBytes                  *state,
                                                GError                 **error);
GBytes             *_eshi_store_get_checkpoint (EshiStore               *self,
                                                gint64                   id,
                                                GError                 **error);
gboolean            _eshi_store_resume_job     (EshiStore               *self,
                                                gint64                   id,
                                                GError                 **error);
gboolean            _eshi_store_remove_job     (EshiStore               *self,
                                                gint64                   id,
                                                GError                 **error);
gboolean            _eshi_store_settle_jobs    (EshiStore               *self,
                                                GError                 **error);

/* Sets @error to NOT_FOUND if the last statement changed no row. */
gboolean            _eshi_store_found          (EshiStore               *self,
                                                GError                 **error);

/* (transfer full): settings from the columns of a row; @paste and the path of the model are not in the JSON. */
EshiSettings       *_eshi_store_read_settings  (const char              *json,
                                                const char              *model_path,
                                                gboolean                 paste,
                                                char                   **model_name);

G_END_DECLS
