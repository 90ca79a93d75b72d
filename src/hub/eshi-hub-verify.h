/* eshi-hub-verify.h: whether a downloaded model still is what the hub listed.
 *
 * The folder of a downloaded model keeps the list in eshi-download.json: "hub", "repo", "revision", "licence", "date" and
 * "files" with "path", "size" and "sum" of each. Models that came otherwise have no list, so there is nothing to hold
 * them against.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-hub-plan.h"

G_BEGIN_DECLS

/**
 * eshi_hub_verify:
 * @path: a model's folder
 * @n_files: (out) (optional): how many files were looked at
 *
 * Reads all files that were downloaded, some gigabytes. Thread: any but main.
 *
 * Errors: ESHI_HUB_ERROR_DAMAGED names the first file that is missing or different; NOT_FOUND when there is no list,
 * G_IO_ERROR_CANCELLED.
 *
 * Returns: whether all is as it was
 */
gboolean eshi_hub_verify          (const char         *path,
                                   guint              *n_files,
                                   GCancellable       *cancellable,
                                   GError            **error);

/* (transfer full) (nullable): "owner/name" that the model in @path was downloaded from. Thread: any. */
char    *eshi_hub_dup_origin      (const char         *path);

/* Writes the list of @plan into the folder @path. Errors: G_FILE_ERROR, NO_SPACE. */
gboolean _eshi_hub_manifest_write (const char         *path,
                                   const char         *url,
                                   const EshiHubPlan  *plan,
                                   GError            **error);

G_END_DECLS
