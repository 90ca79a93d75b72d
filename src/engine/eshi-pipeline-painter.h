/* eshi-pipeline-painter.h: the painter of the program: a backend, and the model that was used last.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-painter.h"

G_BEGIN_DECLS

/* As eshi_engine_new_with_precision(). Opens nothing until its first request; everything it opens belongs to that thread. */
EshiPainter *_eshi_pipeline_painter_new (const char *backend,
                                         guint       n_threads,
                                         const char *precision);

G_END_DECLS
