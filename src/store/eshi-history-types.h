/* eshi-history-types.h: what the history hands out and takes, by value.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

/**
 * EshiRelation:
 * @ESHI_RELATION_NONE: it has no parent
 * @ESHI_RELATION_RERUN: painted again with the same settings
 * @ESHI_RELATION_VARIATION: the same but for a little
 * @ESHI_RELATION_IMAGE: painted over its parent
 * @ESHI_RELATION_REPRODUCED: painted again with the same settings, and the same to the pixel
 * @ESHI_RELATION_CHANGED: painted again with the same settings, and not the same
 * @ESHI_RELATION_BRANCH: the same for its first steps, then another
 *
 * What a picture is to its parent. The numbers are in files and are never changed.
 */
typedef enum
{
  ESHI_RELATION_NONE = 0,
  ESHI_RELATION_RERUN = 1,
  ESHI_RELATION_VARIATION = 2,
  ESHI_RELATION_IMAGE = 3,
  ESHI_RELATION_REPRODUCED = 4,
  ESHI_RELATION_CHANGED = 5,
  ESHI_RELATION_BRANCH = 6,
} EshiRelation;

/**
 * EshiHistoryPicture:
 * @id: greater than 0 and never used again; 0 in a picture that is not in the history
 * @path: absolute path of its file; where it was before, for one in the trash
 * @n_bytes: size of the file
 * @sha256: (nullable): of the file, 64 hexadecimal digits; %NULL when it was taken in from the folder
 * @created: microseconds since 1970, UTC
 * @settings: how it was made, with the path of the model on this computer; without the pixels of image and mask
 * @image_path: (nullable): PNG file of the image that it was started from
 * @mask_path: (nullable): PNG file of the mask
 * @model_name: (nullable): name of the model
 * @model_hash: (nullable): of the model's file, as other programs write it
 * @backend: (nullable): name of the backend that painted it
 * @seconds: that painting took; 0 if unknown
 * @favourite: whether it is one
 * @rating: 1 to 5; 0 for none
 * @tags: (array zero-terminated=1): in order; never %NULL
 * @parent: id of the picture it came from; 0 for none
 * @relation: what it is to that one
 * @interrupted: whether it was cancelled half-way
 * @missing: whether the file was not there when it was last looked for
 * @trashed: microseconds since 1970 when it was put into the trash; 0 if it is not there
 *
 * A picture as the history knows it. A plain value.
 */
typedef struct
{
  gint64        id;
  char         *path;
  gint64        n_bytes;
  char         *sha256;
  gint64        created;
  EshiSettings *settings;
  char         *image_path;
  char         *mask_path;
  char         *model_name;
  char         *model_hash;
  char         *backend;
  double        seconds;
  gboolean      favourite;
  int           rating;
  char        **tags;
  gint64        parent;
  EshiRelation  relation;
  gboolean      interrupted;
  gboolean      missing;
  gint64        trashed;
} EshiHistoryPicture;

#define ESHI_TYPE_HISTORY_PICTURE (eshi_history_picture_get_type ())
GType               eshi_history_picture_get_type      (void);
EshiHistoryPicture *eshi_history_picture_copy          (const EshiHistoryPicture  *self);
void                eshi_history_picture_free          (EshiHistoryPicture        *self);

/**
 * eshi_history_picture_load_settings:
 *
 * Reads the files of image and mask, if there are any. Thread: any; blocks. Errors: as from
 * eshi_picture_file_load_image().
 *
 * Returns: (transfer full): all that painting it again takes
 */
EshiSettings       *eshi_history_picture_load_settings (const EshiHistoryPicture  *self,
                                                        GError                   **error);

/**
 * EshiHistoryNew:
 * @image: the picture
 * @settings: how it was made, as the engine gave it back
 * @path: (nullable): file to write; %NULL for the next name in today's folder
 * @model_name: (nullable): name of the model
 * @backend: (nullable): name of the backend
 * @seconds: that painting took; 0 if unknown
 * @parent: id of the picture it came from; 0 for none
 * @relation: what it is to that one
 * @interrupted: whether it was cancelled half-way
 * @folder: (nullable): absolute path of the folder below which the days' folders lie; %NULL for the history's own. A
 *   rebuilt history takes in only what lies in its own
 * @name: (nullable): pattern of the file's name, see eshi-picture-name.h; means nothing with @path
 * @plain: whether the file says nothing of how it was made; the history knows it all the same
 *
 * A picture that is to be saved and recorded. A plain value that owns nothing: what it points to is copied.
 */
typedef struct
{
  EshiImage          *image;
  const EshiSettings *settings;
  const char         *path;
  const char         *model_name;
  const char         *backend;
  double              seconds;
  gint64              parent;
  EshiRelation        relation;
  gboolean            interrupted;
  const char         *folder;
  const char         *name;
  gboolean            plain;
} EshiHistoryNew;

/**
 * EshiHistoryOrder:
 *
 * Orders of a query. Within the same rating the newest come first.
 */
typedef enum
{
  ESHI_HISTORY_NEWEST_FIRST,
  ESHI_HISTORY_OLDEST_FIRST,
  ESHI_HISTORY_BEST_FIRST,
} EshiHistoryOrder;

/**
 * EshiHistoryQuery:
 * @text: (nullable): words that all must occur in the prompt, the negative prompt, the tags or the model's name; see
 *   eshi_history_find_async()
 * @model: (nullable): name of the model
 * @sampler: (nullable): id of the sampler
 * @width: pixels; 0 for any
 * @height: pixels; 0 for any
 * @since: the oldest, in microseconds since 1970; 0 for any
 * @until: one after the newest, likewise
 * @tag: (nullable): a tag
 * @favourite: only favourites
 * @min_rating: the lowest rating; 0 for any
 * @parent: only what came from this picture; 0 for any
 * @trashed: those in the trash instead of those that are not
 * @order: of the answer
 * @after: id of the last picture of the page before, in the same order; 0 for the first page. That picture must not
 *   have been purged, but may have been trashed
 * @limit: pictures in a page, 1 to 1000; 0 for 60
 *
 * What is looked for. All that is 0 or %NULL holds nothing back. A plain value that owns nothing: what it points to is
 * copied.
 */
typedef struct
{
  const char       *text;
  const char       *model;
  const char       *sampler;
  int               width;
  int               height;
  gint64            since;
  gint64            until;
  const char       *tag;
  gboolean          favourite;
  int               min_rating;
  gint64            parent;
  gboolean          trashed;
  EshiHistoryOrder  order;
  gint64            after;
  guint             limit;
} EshiHistoryQuery;

/**
 * EshiHistoryPage:
 * @pictures: (element-type EshiHistoryPicture): in the query's order
 * @n_found: how many there are on all pages together
 *
 * The answer to a query. A plain value.
 */
typedef struct
{
  GPtrArray *pictures;
  gint64     n_found;
} EshiHistoryPage;

#define ESHI_TYPE_HISTORY_PAGE (eshi_history_page_get_type ())
GType            eshi_history_page_get_type (void);
EshiHistoryPage *eshi_history_page_copy     (const EshiHistoryPage *self);
void             eshi_history_page_free     (EshiHistoryPage       *self);

/**
 * EshiHistoryField:
 *
 * What the pictures can be counted by: model's name, sampler's id, size as "512×768", tag.
 */
typedef enum
{
  ESHI_HISTORY_BY_MODEL,
  ESHI_HISTORY_BY_SAMPLER,
  ESHI_HISTORY_BY_SIZE,
  ESHI_HISTORY_BY_TAG,
} EshiHistoryField;

/**
 * EshiHistoryCount:
 * @value: a value that occurs
 * @n_pictures: pictures with it, without those in the trash
 */
typedef struct
{
  char  *value;
  gint64 n_pictures;
} EshiHistoryCount;

/**
 * EshiJobState:
 * @ESHI_JOB_WAITING: to be painted
 * @ESHI_JOB_RUNNING: being painted, here or by another program
 * @ESHI_JOB_INTERRUPTED: was being painted when the program ended
 *
 * The numbers are in files and are never changed.
 */
typedef enum
{
  ESHI_JOB_WAITING = 0,
  ESHI_JOB_RUNNING = 1,
  ESHI_JOB_INTERRUPTED = 2,
} EshiJobState;

/**
 * EshiHistoryJob:
 * @id: greater than 0 and never used again
 * @settings: what is to be painted, with the pixels of image and mask where they could be read
 * @state: waiting, running or interrupted
 * @added: microseconds since 1970
 * @parent: id of the picture it comes from; 0 for none
 * @relation: what the pictures will be to that one
 * @n_done: pictures of the batch that are finished
 * @step: steps done of the next one
 * @has_checkpoint: whether that step can be gone on from
 *
 * A request in the queue. A plain value.
 */
typedef struct
{
  gint64        id;
  EshiSettings *settings;
  EshiJobState  state;
  gint64        added;
  gint64        parent;
  EshiRelation  relation;
  int           n_done;
  int           step;
  gboolean      has_checkpoint;
} EshiHistoryJob;

#define ESHI_TYPE_HISTORY_JOB (eshi_history_job_get_type ())
GType           eshi_history_job_get_type (void);
EshiHistoryJob *eshi_history_job_copy     (const EshiHistoryJob *self);
void            eshi_history_job_free     (EshiHistoryJob       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiHistoryPicture, eshi_history_picture_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiHistoryPage, eshi_history_page_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiHistoryJob, eshi_history_job_free)

G_END_DECLS
