/* eshi-pipeline-speed.h: what each kind of op of a loaded model takes.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-op.h"
#include "eshi-pipeline.h"

G_BEGIN_DECLS

#define ESHI_PIPELINE_MAX_BATCH 16

/* All ops of one kind in one stage. */
typedef struct
{
  const char *stage;   /* static: "step" or "decode" */
  EshiOpKind  kind;
  guint       n_ops;
  double      seconds; /* of all of them together, each at its fastest */
  double      flops;
} EshiPipelineSpeed;

/**
 * eshi_pipeline_measure_ops:
 * @width: (inout): pixels, a multiple of 8 from 64 to 2048; 0 for the model's own
 * @height: (inout): likewise
 * @batch: images that the UNet sees at once, 1 to ESHI_PIPELINE_MAX_BATCH; with guidance a picture is two of them
 * @cpu_time: count what the backend's threads really ran, as if they had shared it evenly, and not what the clock says;
 *   for a computer that does other things. Without effect where another device computes
 *
 * Runs the UNet on noise for @batch images, and the decoder for one, op by op: twice, and again until some seconds have
 * passed. Builds graphs of its own, which are gone afterwards.
 *
 * Errors: INVALID_ARGUMENT, OUT_OF_MEMORY; those of running a model.
 *
 * Returns: (transfer full): an array of EshiPipelineSpeed, the step's before the decoder's
 */
GArray *eshi_pipeline_measure_ops (EshiPipeline  *self,
                                   guint         *width,
                                   guint         *height,
                                   guint          batch,
                                   gboolean       cpu_time,
                                   GCancellable  *cancellable,
                                   GError       **error);

G_END_DECLS
