/* eshi-files-page.h: the page of the settings about files: where pictures go, and where models lie.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define ESHI_TYPE_FILES_PAGE (eshi_files_page_get_type ())

/**
 * EshiFilesPage:
 *
 * Stands in an AdwPreferencesWindow, whose toasts it uses.
 *
 * Signals: `folders-changed`: models are looked for in other folders now.
 */
G_DECLARE_FINAL_TYPE (EshiFilesPage, eshi_files_page, ESHI, FILES_PAGE, AdwPreferencesPage)

G_END_DECLS
