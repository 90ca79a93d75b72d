/* eshi-wallpaper.c: a picture as the desktop's wallpaper, by the portal org.freedesktop.portal.Wallpaper.
 *
 * The portal gets the open file, so that it works from a sandbox too. Without a portal only GNOME's setting is known;
 * other desktops are told about, not guessed at.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-wallpaper.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#define PORTAL_NAME "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define SCHEMA "org.gnome.desktop.background"

/* Answers of a portal's request. */
enum
{
  RESPONSE_DONE,
  RESPONSE_CANCELLED,
};

/* What a task is about. */
typedef struct
{
  GFile *file;
  GDBusConnection *connection;
  guint subscription;
} Asking;

static void
asking_free (Asking *asking)
{
  if (asking->subscription != 0)
    g_dbus_connection_signal_unsubscribe (asking->connection, asking->subscription);
  g_clear_object (&asking->connection);
  g_object_unref (asking->file);
  g_free (asking);
}

/* --- GNOME's setting --------------------------------------------------------------------------------------------- */

static void
set_setting (GSettings       *settings,
             GSettingsSchema *schema,
             const char      *key,
             const char      *value)
{
  if (g_settings_schema_has_key (schema, key))
    g_settings_set_string (settings, key, value);
}

static void
set_by_setting (GTask *task)
{
  Asking *asking = g_task_get_task_data (task);
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr(GSettingsSchema) schema = NULL;
  g_autoptr(GSettings) settings = NULL;
  g_autofree char *uri = g_file_get_uri (asking->file);

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, SCHEMA, TRUE);
  if (schema == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                               _("This desktop has no way for programs to change the wallpaper. Export the picture, and "
                                 "choose it in the desktop's settings."));
      return;
    }
  settings = g_settings_new_full (schema, NULL, NULL);
  set_setting (settings, schema, "picture-uri", uri);
  set_setting (settings, schema, "picture-uri-dark", uri);
  g_task_return_boolean (task, TRUE);
}

/* --- the portal -------------------------------------------------------------------------------------------------- */

static void
on_response_cb (GDBusConnection *connection,
                const char      *sender,
                const char      *path,
                const char      *interface_name,
                const char      *signal_name,
                GVariant        *parameters,
                gpointer         user_data)
{
  g_autoptr(GTask) task = user_data;
  Asking *asking = g_task_get_task_data (task);
  guint32 response = RESPONSE_CANCELLED;

  g_variant_get_child (parameters, 0, "u", &response);
  g_dbus_connection_signal_unsubscribe (connection, asking->subscription);
  asking->subscription = 0;
  if (response == RESPONSE_DONE)
    g_task_return_boolean (task, TRUE);
  else if (response == RESPONSE_CANCELLED)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The wallpaper stayed");
  else
    set_by_setting (task);
}

static void
on_called_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Asking *asking = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) handle = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), NULL, result,
                                                                                 &error);

  /* The answer to the call is only that there will be a response. */
  if (handle != NULL)
    return;
  g_dbus_connection_signal_unsubscribe (asking->connection, asking->subscription);
  asking->subscription = 0;
  g_message ("No wallpaper by the portal: %s", error->message);
  set_by_setting (task);
  /* The subscription's reference: it will not be called any more. */
  g_object_unref (task);
}

/* Path of the request that the call will make, so that its response cannot come too soon. (transfer full) */
static char *
dup_request_path (GDBusConnection *connection,
                  const char      *token)
{
  g_autofree char *sender = g_strdelimit (g_strdup (g_dbus_connection_get_unique_name (connection) + 1), ".", '_');

  return g_strdup_printf (PORTAL_PATH "/request/%s/%s", sender, token);
}

static void
call_portal (GTask *task,
             int    fd)
{
  Asking *asking = g_task_get_task_data (task);
  g_autofree char *token = g_strdup_printf ("eshi%u", g_random_int ());
  g_autofree char *path = dup_request_path (asking->connection, token);
  g_autoptr(GUnixFDList) files = g_unix_fd_list_new_from_array (&fd, 1);
  GVariantBuilder options;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "handle_token", g_variant_new_string (token));
  g_variant_builder_add (&options, "{sv}", "show-preview", g_variant_new_boolean (TRUE));
  g_variant_builder_add (&options, "{sv}", "set-on", g_variant_new_string ("background"));
  asking->subscription = g_dbus_connection_signal_subscribe (asking->connection, PORTAL_NAME,
                                                             "org.freedesktop.portal.Request", "Response", path, NULL,
                                                             G_DBUS_SIGNAL_FLAGS_NONE, on_response_cb,
                                                             g_object_ref (task), NULL);
  g_dbus_connection_call_with_unix_fd_list (asking->connection, PORTAL_NAME, PORTAL_PATH,
                                            "org.freedesktop.portal.Wallpaper", "SetWallpaperFile",
                                            g_variant_new ("(sha{sv})", "", 0, &options), G_VARIANT_TYPE ("(o)"),
                                            G_DBUS_CALL_FLAGS_NONE, -1, files, g_task_get_cancellable (task),
                                            on_called_cb, g_object_ref (task));
}

static void
on_bus_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Asking *asking = g_task_get_task_data (task);
  int fd;

  asking->connection = g_bus_get_finish (result, NULL);
  if (asking->connection == NULL)
    {
      set_by_setting (task);
      return;
    }
  fd = g_open (g_file_peek_path (asking->file), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0)
    g_task_return_new_error (task, G_IO_ERROR, (int) g_io_error_from_errno (errno),
                             _("The picture's file cannot be read; look whether it is still there."));
  else
    call_portal (task, fd);
}

void
eshi_wallpaper_set_async (GFile               *file,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  Asking *asking;

  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (g_file_peek_path (file) != NULL);

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, eshi_wallpaper_set_async);
  asking = g_new0 (Asking, 1);
  asking->file = g_object_ref (file);
  g_task_set_task_data (task, asking, (GDestroyNotify) asking_free);
  g_bus_get (G_BUS_TYPE_SESSION, cancellable, on_bus_cb, g_object_ref (task));
}

gboolean
eshi_wallpaper_set_finish (GAsyncResult  *result,
                           GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
