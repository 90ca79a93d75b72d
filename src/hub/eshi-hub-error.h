/* eshi-hub-error.h: what can go wrong between here and a hub.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Domain of the errors of downloads. A cancelled call reports %G_IO_ERROR_CANCELLED, files keep their %G_FILE_ERROR
 * codes. Messages are whole, translated sentences. */
#define ESHI_HUB_ERROR (eshi_hub_error_quark ())

/**
 * EshiHubError:
 * @ESHI_HUB_ERROR_ARGUMENT: no name of a repository, or no address
 * @ESHI_HUB_ERROR_OFFLINE: no connection; passes
 * @ESHI_HUB_ERROR_CUT: the connection broke in the middle; passes
 * @ESHI_HUB_ERROR_BUSY: too many requests (429); passes
 * @ESHI_HUB_ERROR_SERVER: a fault of the hub's (500 to 599); passes
 * @ESHI_HUB_ERROR_TOKEN: the access token is missing or refused (401)
 * @ESHI_HUB_ERROR_LICENCE: the licence was not accepted on the hub's page (403)
 * @ESHI_HUB_ERROR_NOT_FOUND: no such repository or file (404), or one without a model
 * @ESHI_HUB_ERROR_REDIRECT: redirected without end, or to where nothing is fetched from
 * @ESHI_HUB_ERROR_DAMAGED: length or sum are not what the hub lists
 * @ESHI_HUB_ERROR_ANSWER: an answer that cannot be understood
 * @ESHI_HUB_ERROR_NO_SPACE: the disk is too full
 * @ESHI_HUB_ERROR_EXISTS: the model is there already, or being downloaded by another program
 */
typedef enum
{
  ESHI_HUB_ERROR_ARGUMENT,
  ESHI_HUB_ERROR_OFFLINE,
  ESHI_HUB_ERROR_CUT,
  ESHI_HUB_ERROR_BUSY,
  ESHI_HUB_ERROR_SERVER,
  ESHI_HUB_ERROR_TOKEN,
  ESHI_HUB_ERROR_LICENCE,
  ESHI_HUB_ERROR_NOT_FOUND,
  ESHI_HUB_ERROR_REDIRECT,
  ESHI_HUB_ERROR_DAMAGED,
  ESHI_HUB_ERROR_ANSWER,
  ESHI_HUB_ERROR_NO_SPACE,
  ESHI_HUB_ERROR_EXISTS,
} EshiHubError;

GQuark   eshi_hub_error_quark  (void);

/* Whether trying again a little later may help. Thread: any. */
gboolean eshi_hub_error_passes (const GError *error);

G_END_DECLS
