/* eshi-speed.h: how fast each kind of op of a model runs here, beside what the processor could do.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * EshiOpSpeed:
 * @stage: (transfer none): "step" for a prediction of the UNet, "decode" for the decoder
 * @op: (transfer none): kind of the ops: "conv2d"
 * @n_ops: how many of them
 * @seconds: of all of them together, each at its fastest
 * @flops: floating point operations of all of them
 */
typedef struct
{
  const char *stage;
  const char *op;
  guint       n_ops;
  double      seconds;
  double      flops;
} EshiOpSpeed;

/**
 * EshiWholeSpeed:
 * @stage: (transfer none): as EshiOpSpeed's
 * @n_runs: how often it was run
 * @median: seconds
 * @best: seconds
 * @worst: seconds
 * @flops: floating point operations of a run
 */
typedef struct
{
  const char *stage;
  guint       n_runs;
  double      median;
  double      best;
  double      worst;
  double      flops;
} EshiWholeSpeed;

/**
 * EshiSpeed:
 * @backend: (transfer none): the one that was used
 * @width: pixels
 * @height: pixels
 * @batch: images that the UNet saw at once
 * @n_threads: that computed; 0 where another device did
 * @precision: (transfer none): type of the activations: "f32", "bf16", "f16"
 * @peak: the greater of the next two; 0 where there is no such measure: another device, a processor without AVX2
 * @peak_before: FLOP/s of multiply-adds in registers on so many threads, measured before the ops: in bf16 by AMX's tiles
 *   or AVX512-BF16, whichever is faster, in f32 by AVX2 or AVX-512
 * @peak_after: the same, measured after them
 * @ops: of EshiOpSpeed, the step's before the decoder's
 * @wholes: of EshiWholeSpeed, likewise
 */
typedef struct
{
  const char *backend;
  guint       width;
  guint       height;
  guint       batch;
  guint       n_threads;
  const char *precision;
  double      peak;
  double      peak_before;
  double      peak_after;
  GArray     *ops;
  GArray     *wholes;
} EshiSpeed;

/**
 * eshi_speed_measure:
 * @model: (nullable): a model's folder or file; %NULL for the embedded one
 * @width: pixels, a multiple of 8; 0 for the model's own
 * @height: likewise
 * @batch: images at once; a picture with guidance is two
 * @backend: (nullable): as for eshi_engine_new()
 * @n_threads: likewise
 * @precision: (nullable): as for eshi_engine_new_with_precision()
 * @cpu_time: count the threads' processor time over their number, for a busy computer, and not the clock's
 * @n_runs: runs of the step and of the decoder, at most 1000; 0 for as many as some seconds allow, but at least two
 *
 * Loads the model and runs it in the calling thread: minutes for a large one.
 *
 * Errors: those of loading a model; INVALID_ARGUMENT; OUT_OF_MEMORY.
 *
 * Returns: (transfer full): free with eshi_speed_free()
 */
ESHI_AVAILABLE
EshiSpeed *eshi_speed_measure (const char    *model,
                               guint          width,
                               guint          height,
                               guint          batch,
                               const char    *backend,
                               guint          n_threads,
                               const char    *precision,
                               gboolean       cpu_time,
                               guint          n_runs,
                               GCancellable  *cancellable,
                               GError       **error);

/* @self: (nullable) */
ESHI_AVAILABLE
void       eshi_speed_free    (EshiSpeed     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiSpeed, eshi_speed_free)

G_END_DECLS
