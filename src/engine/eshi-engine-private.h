/* eshi-engine-private.h: an engine whose work is done by somebody else, for tests.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-engine.h"
#include "eshi-painter.h"

G_BEGIN_DECLS

/* (transfer full): an engine that lets @painter (transfer full) do the work. */
EshiEngine *_eshi_engine_new_with_painter (EshiPainter *painter);

G_END_DECLS
