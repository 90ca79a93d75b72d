/* eshi-hub-licence.h: which licences were accepted, and when.
 *
 * Kept in CONFIG/eshi/licences, a key file with a group for each model: "accepted" is the date, "licence" its name. What
 * is accepted here is not accepted on the hub: that is between people and the hub.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* (transfer full) (nullable): when the licence of @repo was accepted, ISO 8601. Thread: any. */
char       *eshi_hub_licence_dup_date (const char  *repo);

/* Keeps that the licence of @repo, called @name (nullable), was accepted now. Errors: G_FILE_ERROR. Thread: any. */
gboolean    eshi_hub_licence_accept   (const char  *repo,
                                       const char  *name,
                                       GError     **error);

/* A translated summary of what the licence called @name (nullable) asks for, some sentences, one on a line. */
const char *eshi_hub_licence_summary  (const char  *name);

/* Where the text of the licence called @name (nullable) can be read; %NULL if only the hub's page tells. */
const char *eshi_hub_licence_url      (const char  *name);

G_END_DECLS
