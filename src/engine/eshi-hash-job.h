/* eshi-hash-job.h: a model's hash, computed on a thread of its own while the model is loaded and paints.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _EshiHashJob EshiHashJob;

/* Begins to hash the model @path, unless its hash is known already. Returns: (transfer full) */
EshiHashJob *_eshi_hash_job_start (const char   *path);

/* Waits for the hash, or until @cancellable is cancelled. Returns: (transfer none) (nullable): 64 hexadecimal digits;
 * NULL if the files could not be read to their end or nobody waited so long */
const char  *_eshi_hash_job_wait  (EshiHashJob  *self,
                                   GCancellable *cancellable);

/* Cancels what is not finished; takes as long as reading a megabyte. */
void         _eshi_hash_job_free  (EshiHashJob  *self);

G_END_DECLS
