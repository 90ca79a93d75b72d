/* eshi-reset-button.h: brings one option back to its default; there only when it is not at it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define ESHI_TYPE_RESET_BUTTON (eshi_reset_button_get_type ())

/**
 * EshiResetButton:
 *
 * Activates the action `preferences.reset` with the key. Stands in the row of its option.
 *
 * Properties: `key` (string, construct only): a key of eshi_options_get().
 */
G_DECLARE_FINAL_TYPE (EshiResetButton, eshi_reset_button, ESHI, RESET_BUTTON, GtkButton)

G_END_DECLS
