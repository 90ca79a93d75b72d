/* eshi-hub-plan.h: what there is to download: the files of a repository that a model needs, with sizes and sums.
 *
 * Reads what a hub answers as if it came from an enemy: names that leave the folder, impossible sizes and sums that are
 * none are refused. Asks nobody anything itself.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * EshiHubFile:
 * @path: relative, with slashes; no part of it begins with a dot
 * @size: bytes
 * @sum: hexadecimal digits: 64 of the file's SHA-256, or 40 of the SHA-1 that git knows a small file by
 */
typedef struct
{
  char   *path;
  goffset size;
  char   *sum;
} EshiHubFile;

/**
 * EshiHubPlan:
 * @repo: "owner/name"
 * @revision: 40 hexadecimal digits; what @files are of
 * @gated: whether the hub asks for a licence to be accepted on its page
 * @licence: (nullable): what the hub calls the licence: "creativeml-openrail-m"
 * @licence_file: (nullable): path of the licence's text, if it is among @files
 * @files: (element-type EshiHubFile): model_index.json last, so that nothing unfinished looks like a model
 * @n_bytes: of all files
 */
typedef struct
{
  char      *repo;
  char      *revision;
  gboolean   gated;
  char      *licence;
  char      *licence_file;
  GPtrArray *files;
  goffset    n_bytes;
} EshiHubPlan;

void         eshi_hub_plan_free       (EshiHubPlan *self);

/* Whether @repo is "owner/name" in the characters that a hub allows. Error: ESHI_HUB_ERROR_ARGUMENT. */
gboolean     eshi_hub_plan_check_repo (const char  *repo,
                                       GError     **error);

/**
 * eshi_hub_plan_new:
 * @repo: "owner/name"
 * @info: what /api/models/REPO answered
 * @tree: what /api/models/REPO/tree/REVISION?recursive=true answered
 *
 * Of each part of the model the weights are chosen once: safetensors before PyTorch's own format.
 *
 * Errors: ESHI_HUB_ERROR_ANSWER; ESHI_HUB_ERROR_NOT_FOUND when it holds no model in the layout of diffusers.
 *
 * Returns: (transfer full)
 */
EshiHubPlan *eshi_hub_plan_new        (const char  *repo,
                                       JsonNode    *info,
                                       JsonNode    *tree,
                                       GError     **error);

/* The revision that @info is about; (transfer full). Error: ESHI_HUB_ERROR_ANSWER. */
char        *eshi_hub_plan_revision   (const char  *repo,
                                       JsonNode    *info,
                                       GError     **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiHubPlan, eshi_hub_plan_free)

G_END_DECLS
