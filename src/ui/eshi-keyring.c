/* eshi-keyring.c: the access token by libsecret.
 *
 * A desktop without a keyring is no fault: the token is then forgotten when the program ends.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-keyring.h"

#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>
#include <libsecret/secret.h>

static const SecretSchema schema = {
  ESHI_APP_ID, SECRET_SCHEMA_NONE, { { "hub", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } }, 0, 0, 0, 0, 0, 0, 0, 0,
};

void
eshi_keyring_read (const char          *url,
                   GCancellable        *cancellable,
                   GAsyncReadyCallback  callback,
                   gpointer             user_data)
{
  g_return_if_fail (url != NULL);

  secret_password_lookup (&schema, cancellable, callback, user_data, "hub", url, NULL);
}

gboolean
eshi_keyring_read_finish (GAsyncResult  *result,
                          char         **token)
{
  g_autoptr(GError) error = NULL;
  char *kept = secret_password_lookup_finish (result, &error);

  *token = g_strdup (kept);
  secret_password_free (kept);
  if (error != NULL)
    g_message ("No keyring: %s", error->message);
  return error == NULL;
}

static void
on_written_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (!secret_password_store_finish (result, &error))
    g_message ("The access token is not kept: %s", error->message);
  eshi_test_log ("KEYRING %s", error == NULL ? "kept" : error->message);
}

static void
on_cleared_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  secret_password_clear_finish (result, &error);
  if (error != NULL)
    g_message ("The access token is not forgotten: %s", error->message);
  eshi_test_log ("KEYRING %s", error == NULL ? "forgotten" : error->message);
}

void
eshi_keyring_write (const char *url,
                    const char *token)
{
  g_autofree char *label = NULL;

  g_return_if_fail (url != NULL);

  if (token == NULL)
    {
      secret_password_clear (&schema, NULL, on_cleared_cb, NULL, "hub", url, NULL);
      return;
    }
  /* Translators: what the keyring's own program lists; %s is the hub's address */
  label = g_strdup_printf (_("Access token of Eshi for %s"), url);
  secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, label, token, NULL, on_written_cb, NULL, "hub", url, NULL);
}
