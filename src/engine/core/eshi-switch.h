/* eshi-switch.h: a choice that may be left to the model.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * EshiSwitch:
 * @ESHI_SWITCH_AUTO: "auto", what suits the model
 * @ESHI_SWITCH_OFF: "off"
 * @ESHI_SWITCH_ON: "on"
 *
 * The names are written to disk and never change.
 */
typedef enum
{
  ESHI_SWITCH_AUTO,
  ESHI_SWITCH_OFF,
  ESHI_SWITCH_ON,
} EshiSwitch;

/* "auto", "off" or "on"; %NULL if @self is none of them. Thread: any. */
ESHI_AVAILABLE
const char *eshi_switch_get_name  (EshiSwitch  self);

/* Whether @name (nullable) is one of the names; @self is untouched when it is not. Thread: any. */
ESHI_AVAILABLE
gboolean    eshi_switch_from_name (const char *name,
                                   EshiSwitch *self);

G_END_DECLS
