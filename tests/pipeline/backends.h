/* backends.h: the backends that a test runs on: the reference, and the CPU's plugin where there is one.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-backend.h"

G_BEGIN_DECLS

/* Opens @name ("ref", "cpu") with @precision. NULL, after marking the test as skipped with the reason, where this
 * computer has none; close with close_backend(). */
EshiBackend *open_backend  (const char    *name,
                            EshiPrecision  precision);
void         close_backend (EshiBackend   *backend);

G_END_DECLS
