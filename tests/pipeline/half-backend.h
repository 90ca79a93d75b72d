/* half-backend.h: the reference backend as if it computed in f16: every activation is rounded to it, so that numbers
 * above 65,504 overflow as they do on a graphics card.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-backend.h"

G_BEGIN_DECLS

/* Opens it; close with close_backend(). */
EshiBackend *open_half_backend (void);

G_END_DECLS
