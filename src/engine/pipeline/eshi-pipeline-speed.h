/* eshi-pipeline-speed.h: what each kind of op of a loaded model takes.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-op.h"
#include "eshi-pipeline.h"

G_BEGIN_DECLS

#define ESHI_PIPELINE_MAX_BATCH 16
#define ESHI_PIPELINE_MAX_RUNS 1000

/* All ops of one kind in one stage. */
typedef struct
{
  const char *stage;   /* static: "step" or "decode" */
  EshiOpKind  kind;
  guint       n_ops;
  double      seconds; /* of all of them together, each at its fastest */
  double      flops;
} EshiPipelineSpeed;

/* All ops of one stage, run one after the other. */
typedef struct
{
  const char *stage;  /* static, as EshiPipelineSpeed's */
  guint       n_runs;
  double      median; /* seconds */
  double      best;
  double      worst;
  double      flops;
} EshiPipelineWhole;

/**
 * eshi_pipeline_measure_ops:
 * @width: (inout): pixels, a multiple of 8 from 64 to 2048; 0 for the model's own
 * @height: (inout): likewise
 * @batch: images that the UNet sees at once, 1 to ESHI_PIPELINE_MAX_BATCH; with guidance a picture is two of them,
 *   so an even number are pictures with guidance, which compute once what no prompt changes
 * @cpu_time: count what the backend's threads really ran, as if they had shared it evenly, and not what the clock says;
 *   for a computer that does other things. Without effect where another device computes
 * @n_runs: how often, at most ESHI_PIPELINE_MAX_RUNS; 0 for twice, and again until some seconds have passed
 * @wholes: (out callee-allocates) (transfer full): an array of EshiPipelineWhole, the step's before the decoder's
 *
 * Runs the UNet on noise for @batch images, and the decoder for one, op by op, once for nothing and then @n_runs times.
 * Builds graphs of its own, which are gone afterwards.
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
                                   guint          n_runs,
                                   GArray       **wholes,
                                   GCancellable  *cancellable,
                                   GError       **error);

G_END_DECLS
