/* eshi-cli-job.h: requests from submission to files, for generate and bench.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-cli-progress.h"
#include "eshi-history.h"

G_BEGIN_DECLS

/* A picture that was finished. */
typedef struct
{
  char         *path;     /* NULL if it was not to be saved */
  gint64        id;       /* in the history; 0 if it is not there */
  EshiImage    *image;    /* of a job that keeps them, else NULL */
  EshiSettings *settings; /* its own */
  char         *note;     /* a sentence about how it was made; NULL for none */
  EshiTimings   timings;  /* of its request so far */
} EshiCliPicture;

typedef struct
{
  /* What to do; borrowed */
  const char      *backend;      /* (nullable) */
  int              n_threads;
  const char      *precision;    /* (nullable) */
  GPtrArray       *settings;     /* of EshiSettings, one per request */
  const char      *output;       /* (nullable): file to write; NULL for today's folder */
  gboolean         numbered;     /* whether -1, -2, … or -0001, … goes before output's ".png" */
  int              n_digits;
  const char      *previews;     /* (nullable): folder for the previews */
  gboolean         discard;      /* save nothing */
  gboolean         no_history;   /* record nothing */
  gint64           parent;       /* id of the picture that they come from; 0 for none */
  EshiRelation     relation;     /* what they are to it */
  gboolean         keep_images;
  gboolean         quiet;
  gboolean         print_paths;  /* each path on standard output */

  /* What came of it; owned */
  GPtrArray       *pictures;     /* of EshiCliPicture */
  EshiTimings      timings;      /* of all requests together */
  char            *model_name;
  char            *used_backend;
  int              status;       /* exit status */

  /*< private >*/
  EshiEngine      *engine;
  EshiHistory     *history;      /* NULL until the first picture is saved */
  double           seconds;      /* that the finished pictures of this request took */
  gboolean         complained;   /* that pictures cannot be recorded */
  guint            n_saving;
  GMainLoop       *loop;
  EshiCliProgress  progress;
  guint64          first_id;
  guint            n_left;
} EshiCliJob;

void  eshi_cli_job_init  (EshiCliJob *self);
void  eshi_cli_job_clear (EshiCliJob *self);

/* Does all requests, or those until the first that fails. SIGINT and SIGTERM cancel. Complains itself. Returns the exit
 * status. */
int   eshi_cli_job_run   (EshiCliJob *self);

/* (transfer full): where picture @n, from 0, goes; NULL for today's folder. */
char *eshi_cli_job_path  (const EshiCliJob *self,
                          guint             n);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiCliJob, eshi_cli_job_clear)

G_END_DECLS
