/* eshi-precision.h: precisions by name.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-backend.h"

G_BEGIN_DECLS

/* @name: (nullable): "auto", "f32" or "half"; NULL for auto. Error: INVALID_ARGUMENT, as a sentence. */
gboolean _eshi_precision_from_name (const char     *name,
                                    EshiPrecision  *precision,
                                    GError        **error);

G_END_DECLS
