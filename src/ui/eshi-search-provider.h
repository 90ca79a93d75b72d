/* eshi-search-provider.h: pictures for the search of the GNOME Shell.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <eshi-history.h>

G_BEGIN_DECLS

#define ESHI_TYPE_SEARCH_PROVIDER (eshi_search_provider_get_type ())

/**
 * EshiSearchProvider:
 *
 * Speaks org.gnome.Shell.SearchProvider2 on the object path of the application with "/SearchProvider" behind it. While
 * it answers, it holds the default application, so that a program that was started for the search does not end.
 *
 * Signals:
 *   `activate-picture (gint64 id)`: a result was chosen
 *   `launch-search (char *text)`: the search is to be gone on with in the program
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiSearchProvider, eshi_search_provider, ESHI, SEARCH_PROVIDER, GObject)

EshiSearchProvider *eshi_search_provider_new (void);

/* @history: what is searched; a reference is kept. Before there is one, nothing is found */
void eshi_search_provider_set_history (EshiSearchProvider *self,
                                       EshiHistory        *history);

/* Error: as from g_dbus_connection_register_object(). Returns: whether it can be called now */
gboolean eshi_search_provider_export (EshiSearchProvider  *self,
                                      GDBusConnection     *connection,
                                      const char          *application_path,
                                      GError             **error);

void eshi_search_provider_unexport (EshiSearchProvider *self);

G_END_DECLS
