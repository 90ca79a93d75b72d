/* eshi-preferences.h: the settings window.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

#include "eshi-session.h"

G_BEGIN_DECLS

#define ESHI_TYPE_PREFERENCES (eshi_preferences_get_type ())

/**
 * EshiPreferences:
 *
 * Every change applies at once; resetting is undone from a toast.
 *
 * Signals: `models-changed`: models are looked for in other folders now.
 */
G_DECLARE_FINAL_TYPE (EshiPreferences, eshi_preferences, ESHI, PREFERENCES, AdwPreferencesWindow)

/* @parent: (nullable): the window it stands above; @session: whose history tells how fast painting is */
GtkWidget *eshi_preferences_new (GtkWindow   *parent,
                                 EshiSession *session);

/* Lets @row choose the value @names[i] of the option @key with its entry i. @names: static. */
void       _eshi_preferences_bind_choice (AdwComboRow       *row,
                                          const char        *key,
                                          const char *const *names);

G_END_DECLS
