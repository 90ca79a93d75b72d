/* eshi-keyring.h: the hub's access token in the desktop's keyring.
 *
 * It is kept there or nowhere: never in a file of ours.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reads the token for the hub at @url. @callback: in the main thread. */
void     eshi_keyring_read        (const char           *url,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data);

/* @token: (out) (transfer full) (nullable): NULL where none is kept. Returns: whether there is a keyring. */
gboolean eshi_keyring_read_finish (GAsyncResult         *result,
                                   char                **token);

/* Keeps @token, or where it is NULL forgets what was kept. What fails is in the log: the token is asked for again. */
void     eshi_keyring_write       (const char           *url,
                                   const char           *token);

G_END_DECLS
