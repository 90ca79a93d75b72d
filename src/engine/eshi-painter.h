/* eshi-painter.h: who does a request's work on the worker thread; the pipeline in the program, a fake in tests.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-run.h"

G_BEGIN_DECLS

typedef struct _EshiPainter EshiPainter;

/* First member of each painter's own struct. Thread: both slots are called on the worker thread alone. */
struct _EshiPainter
{
  /* Does all of the run's request, telling @run how far it is. Polls the run's cancellable before each step.
   * Errors: any; G_IO_ERROR_CANCELLED when it stopped because of the cancellable. */
  gboolean (*paint) (EshiPainter  *self,
                     EshiRun      *run,
                     GError      **error);
  void     (*free)  (EshiPainter  *self);
};

G_END_DECLS
