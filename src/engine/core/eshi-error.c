/* eshi-error.c: the error domain.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-error.h"

G_DEFINE_QUARK (eshi-error-quark, eshi_error)
