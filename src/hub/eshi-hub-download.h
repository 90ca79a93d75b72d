/* eshi-hub-download.h: a download in the background, to be watched from the main thread.
 *
 * Wraps eshi_hub_fetch() in a thread of its own; goes on for as long as somebody holds the object, window or no window.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-hub-fetch.h"

G_BEGIN_DECLS

typedef enum
{
  ESHI_HUB_STATE_IDLE,
  ESHI_HUB_STATE_RUNNING,
  ESHI_HUB_STATE_PAUSED,
  ESHI_HUB_STATE_DONE,
  ESHI_HUB_STATE_FAILED,
  ESHI_HUB_STATE_CANCELLED,
} EshiHubState;

#define ESHI_TYPE_HUB_DOWNLOAD (eshi_hub_download_get_type ())

/**
 * EshiHubDownload:
 *
 * Signals: `changed`: anything of what the getters return; some times a second while it runs. Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiHubDownload, eshi_hub_download, ESHI, HUB_DOWNLOAD, GObject)

/* @url: (nullable): as in eshi_hub_fetch(). It starts idle. */
EshiHubDownload *eshi_hub_download_new         (const char      *url,
                                                const char      *repo);

/* (nullable): the access token that the next start uses. */
void             eshi_hub_download_set_token   (EshiHubDownload *self,
                                                const char      *token);

/* (nullable): the one that was set last. */
const char      *eshi_hub_download_get_token   (EshiHubDownload *self);

/* Starts, or goes on after a pause or a failure. Does nothing while it runs or is done. */
void             eshi_hub_download_start       (EshiHubDownload *self);

/* Breaks off; what arrived stays. */
void             eshi_hub_download_pause       (EshiHubDownload *self);

/* Breaks off and throws away what arrived. */
void             eshi_hub_download_cancel      (EshiHubDownload *self);

const char      *eshi_hub_download_get_repo    (EshiHubDownload *self);
EshiHubState     eshi_hub_download_get_state   (EshiHubDownload *self);

/* (nullable): why it failed. */
const GError    *eshi_hub_download_get_error   (EshiHubDownload *self);

/* (nullable) (type filename): the model's folder when it is done. */
const char      *eshi_hub_download_get_path    (EshiHubDownload *self);

/* From 0 to 1; below zero until it is known. */
double           eshi_hub_download_get_fraction (EshiHubDownload *self);

/* (transfer full): how far it is, for people: "1.2 GB of 4.1 GB · 8.3 MB/s · 6 minutes left". */
char            *eshi_hub_download_dup_text    (EshiHubDownload *self);

G_END_DECLS
