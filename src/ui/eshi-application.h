/* eshi-application.h: the program.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define ESHI_TYPE_APPLICATION (eshi_application_get_type ())

G_DECLARE_FINAL_TYPE (EshiApplication, eshi_application, ESHI, APPLICATION, AdwApplication)

EshiApplication *eshi_application_new (void);

G_END_DECLS
