/* eshi-hub-file-private.h: one file of a download.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-hub-fetch.h"
#include "eshi-hub-http-private.h"

G_BEGIN_DECLS

/* @staging: folder that the files go to; @progress is told. Borrowed for the call, but for the last one. */
typedef struct
{
  EshiHub            *hub;
  const EshiHubPlan  *plan;
  const char         *staging;
  EshiHubProgressFunc func;
  gpointer            user_data;
  GCancellable       *cancellable;
  goffset             n_before;      /* bytes of the files that came before */
  gint64              told_at;       /* monotonic microseconds */
} EshiHubJob;

/* Tells of @n_done bytes of @file; not more often than ten times a second, unless it waits. */
void     _eshi_hub_job_tell   (EshiHubJob        *self,
                               const EshiHubFile *file,
                               goffset            n_done,
                               double             wait_s,
                               const GError      *reason);

/* Fetches @file to its place below the staging folder, unless it is there. Errors: as eshi_hub_fetch(). */
gboolean _eshi_hub_file_fetch (EshiHubJob        *job,
                               const EshiHubFile *file,
                               GError           **error);

/* Bytes of @file that lie in the staging folder. */
goffset  _eshi_hub_file_have  (const char        *staging,
                               const EshiHubFile *file);

/* Sets @error for the failed call of the system @saved_errno on @path. Returns FALSE. */
gboolean _eshi_hub_file_fail  (const char        *path,
                               int                saved_errno,
                               GError           **error);

G_END_DECLS
