/* eshi-notify.c: the desktop's notifications, for who does not look.
 *
 * What is worth one, the caller knows.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-notify.h"

#include "eshi-options.h"
#include "eshi-test-log.h"

/* Not only the application's own windows: a dialog that stands before them may belong to none. */
static gboolean
is_watched (void)
{
  GListModel *windows = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr(GtkWindow) window = g_list_model_get_item (windows, i);

      if (gtk_window_is_active (window))
        return TRUE;
    }
  return FALSE;
}

void
eshi_notify (GtkWindow  *window,
             const char *id,
             const char *option,
             const char *title,
             const char *body,
             GIcon      *icon)
{
  GtkApplication *application = gtk_window_get_application (window);
  g_autoptr(GNotification) notification = NULL;

  if (application == NULL || is_watched () || !g_settings_get_boolean (eshi_options_get (), option))
    return;
  notification = g_notification_new (title);
  g_notification_set_body (notification, body);
  /* Not all desktops let a notification be clicked on that has none. */
  g_notification_set_default_action (notification, "app.present");
  if (icon != NULL)
    g_notification_set_icon (notification, icon);
  g_application_send_notification (G_APPLICATION (application), id, notification);
  eshi_test_log ("NOTIFIED %s", title);
}

void
eshi_notify_withdraw (GtkWindow  *window,
                      const char *id)
{
  GtkApplication *application = gtk_window_get_application (window);

  if (application != NULL)
    g_application_withdraw_notification (G_APPLICATION (application), id);
}
