/* eshi-hub-fetch.h: a model from a hub to a folder, in the calling thread.
 *
 * What arrives lies in DATA/eshi/models/.downloads/OWNER--NAME until all of it is there and has the sums that the hub
 * lists; then that folder is renamed to DATA/eshi/models/NAME. A download that ends early, even by kill -9, goes on where
 * it was. The listing of models passes over names that begin with a dot.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-hub-plan.h"

G_BEGIN_DECLS

#define ESHI_HUB_DEFAULT_URL "https://huggingface.co"
#define ESHI_HUB_RINNA "rinna/japanese-stable-diffusion"

/* What a finished model's folder says of where it came from. */
#define ESHI_HUB_MANIFEST "eshi-download.json"

/**
 * EshiHubProgress:
 * @n_done: bytes that are here
 * @n_bytes: bytes in all; 0 until the hub said
 * @path: (nullable): of the file that is fetched
 * @wait_s: seconds until the next try; 0 when not waiting
 * @reason: (nullable): why it waits, a sentence
 */
typedef struct
{
  goffset     n_done;
  goffset     n_bytes;
  const char *path;
  double      wait_s;
  const char *reason;
} EshiHubProgress;

/* Called in the thread that fetches, some times a second. */
typedef void (*EshiHubProgressFunc) (const EshiHubProgress *progress,
                                     gpointer               user_data);

/* (transfer full): @url, or where it is NULL or empty $ESHI_HUB_URL, or Hugging Face; without a slash at its end. */
char        *eshi_hub_dup_url     (const char           *url);

/* (transfer full): the folder that the model @repo gets, and the one that it lies in until it is whole. */
char        *eshi_hub_dup_target  (const char           *repo);
char        *eshi_hub_dup_staging (const char           *repo);

/**
 * eshi_hub_ask:
 * @url: (nullable): the hub's address; %NULL for $ESHI_HUB_URL, or else Hugging Face
 * @token: (nullable): access token
 * @repo: "owner/name"
 *
 * What a download would fetch. Tries again, a few times, where that may help. Thread: any but main.
 *
 * Errors: ESHI_HUB_ERROR, G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full)
 */
EshiHubPlan *eshi_hub_ask         (const char           *url,
                                   const char           *token,
                                   const char           *repo,
                                   GCancellable         *cancellable,
                                   GError              **error);

/**
 * eshi_hub_ask_licence:
 *
 * The text of the licence that the repository of @plan holds, of one megabyte at most. Thread: any but main.
 *
 * Errors: as eshi_hub_ask(); NOT_FOUND when it holds none.
 *
 * Returns: (transfer full): UTF-8
 */
char        *eshi_hub_ask_licence (const char           *url,
                                   const char           *token,
                                   const EshiHubPlan    *plan,
                                   GCancellable         *cancellable,
                                   GError              **error);

/**
 * eshi_hub_fetch:
 * @progress: (nullable) (scope call)
 *
 * Asks, checks the room on the disk, fetches all files, checks them, and lets the model appear. Tries again with growing
 * pauses as long as something arrives, five times in a row when nothing does. When it fails or is cancelled, what
 * arrived stays for the next call. Thread: any but main.
 *
 * Errors: ESHI_HUB_ERROR, G_FILE_ERROR, G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (type filename): the model's folder
 */
char        *eshi_hub_fetch       (const char           *url,
                                   const char           *token,
                                   const char           *repo,
                                   EshiHubProgressFunc   progress,
                                   gpointer              user_data,
                                   GCancellable         *cancellable,
                                   GError              **error);

/* Throws away what arrived of @repo so far. Returns: whether there was something. Thread: any; not while it is fetched. */
gboolean     eshi_hub_discard     (const char           *repo);

/* Bytes of @repo that arrived so far; 0 if none. Thread: any. */
goffset      eshi_hub_get_arrived (const char           *repo);

G_END_DECLS
