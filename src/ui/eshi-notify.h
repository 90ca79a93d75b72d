/* eshi-notify.h: the desktop's notifications, for who does not look.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/**
 * eshi_notify:
 * @window: whose application speaks
 * @id: a later one of the same takes its place
 * @option: the setting that forbids it, see eshi-options.h
 * @icon: (nullable): beside the words
 *
 * Does nothing where one of the application's windows has the keyboard: there it can be seen. A click on the notification
 * brings the window forward. Thread: main.
 */
void eshi_notify          (GtkWindow  *window,
                           const char *id,
                           const char *option,
                           const char *title,
                           const char *body,
                           GIcon      *icon);

/* Takes the notification @id away, if it is there. */
void eshi_notify_withdraw (GtkWindow  *window,
                           const char *id);

G_END_DECLS
