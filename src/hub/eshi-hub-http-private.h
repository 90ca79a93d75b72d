/* eshi-hub-http-private.h: one hub, asked by one thread.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * EshiHub:
 * @context: the thread's own while this lives: libsoup would else leave sources to the main loop, in another thread
 * @url: of the hub, without a slash at its end
 * @token: (nullable): the access token; goes to @url's own host, scheme and port and nowhere else
 * @retry_ms: milliseconds before the first retry; twice as long before each further one
 * @retry_after_s: seconds that the last failed answer asked to wait; 0 if it did not
 */
typedef struct
{
  GMainContext *context;
  SoupSession  *session;
  char         *url;
  GUri         *uri;
  char         *token;
  guint         retry_ms;
  gint64        retry_after_s;
} EshiHub;

/* @url: (nullable): %NULL for $ESHI_HUB_URL or else Hugging Face. Thread: the one that will ask. Error: ARGUMENT. */
EshiHub      *_eshi_hub_new      (const char    *url,
                                  const char    *token,
                                  GError       **error);
void          _eshi_hub_free     (EshiHub       *self);

/**
 * _eshi_hub_get:
 * @path: what is asked for, below @url; encoded
 * @about: what people call it
 * @offset: bytes that are here already: a Range header if greater than zero
 * @etag: (nullable): for If-Range
 * @message: (out) (transfer full): the last answer: 200, 206 or 416
 *
 * Follows redirects, ten at most, and never from https to http.
 *
 * Errors: ESHI_HUB_ERROR by status, G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the body
 */
GInputStream *_eshi_hub_get      (EshiHub       *self,
                                  const char    *path,
                                  const char    *about,
                                  goffset        offset,
                                  const char    *etag,
                                  SoupMessage  **message,
                                  GCancellable  *cancellable,
                                  GError       **error);

/* Turns a failure of the network into ESHI_HUB_ERROR_OFFLINE, or _CUT when @begun. Takes @error over. */
void          _eshi_hub_propagate (EshiHub      *self,
                                   GError      **destination,
                                   GError       *error,
                                   gboolean      begun);

/* (transfer full): the JSON at @path, of 16 MB at most. @about is the repository. Errors: as _eshi_hub_get(); ANSWER. */
JsonNode     *_eshi_hub_get_json (EshiHub       *self,
                                  const char    *path,
                                  const char    *about,
                                  GCancellable  *cancellable,
                                  GError       **error);

/* Seconds to wait before try @n_tries (from 1) is repeated. */
double        _eshi_hub_delay    (const EshiHub *self,
                                  guint          n_tries);

/* Sleeps. Error: G_IO_ERROR_CANCELLED. */
gboolean      _eshi_hub_sleep    (double         seconds,
                                  GCancellable  *cancellable,
                                  GError       **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiHub, _eshi_hub_free)

G_END_DECLS
