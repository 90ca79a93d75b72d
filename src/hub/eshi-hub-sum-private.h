/* eshi-hub-sum-private.h: the sum of a file while it passes by, of either kind that a hub lists.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-hub-plan.h"
#include "eshi-sha256.h"

G_BEGIN_DECLS

/* @git: of small files: SHA-1 with git's heading; NULL for SHA-256. To be set by _eshi_hub_sum_init(). */
typedef struct
{
  EshiSha256 sha256;
  GChecksum *git;
} EshiHubSum;

/* Begins the sum of a file of the kind and size of @file; may be called again to start anew. */
void     _eshi_hub_sum_init   (EshiHubSum        *self,
                               const EshiHubFile *file);
void     _eshi_hub_sum_update (EshiHubSum        *self,
                               const guint8      *data,
                               gsize              n);
/* Ends the sum. Returns: whether it is that of @file. */
gboolean _eshi_hub_sum_fits   (EshiHubSum        *self,
                               const EshiHubFile *file);
void     _eshi_hub_sum_clear  (EshiHubSum        *self);

/* Takes in the first @n bytes of @fd, from where it stands; polls @cancellable. Errors: G_FILE_ERROR. */
gboolean _eshi_hub_sum_read   (EshiHubSum        *self,
                               int                fd,
                               goffset            n,
                               GCancellable      *cancellable,
                               GError           **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiHubSum, _eshi_hub_sum_clear)

G_END_DECLS
