/* eshi-speed.c: opens a backend and a model of its own to time their ops, beside the engine's worker.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-backend-registry.h"
#include "eshi-model-list.h"
#include "eshi-peak.h"
#include "eshi-pipeline-speed.h"
#include "eshi-precision.h"
#include "eshi-speed.h"

#define GIGA 1e9

/* FLOP/s of the threads of @backend; 0 where another device computes, which has no threads. */
static double
measure_peak (const EshiBackend *backend)
{
  if (backend->compute == ESHI_DTYPE_F32)
    return GIGA * eshi_peak_f32 (backend->n_threads);
  return GIGA * eshi_peak_bf16 (backend->n_threads);
}

static void
add_ops (EshiSpeed    *self,
         const GArray *sums)
{
  for (guint i = 0; i < sums->len; i++)
    {
      const EshiPipelineSpeed *sum = &g_array_index (sums, EshiPipelineSpeed, i);
      EshiOpSpeed op = { sum->stage, eshi_op_kind_name (sum->kind), sum->n_ops, sum->seconds, sum->flops };

      g_array_append_val (self->ops, op);
    }
}

static void
add_wholes (EshiSpeed    *self,
            const GArray *wholes)
{
  for (guint i = 0; i < wholes->len; i++)
    {
      const EshiPipelineWhole *whole = &g_array_index (wholes, EshiPipelineWhole, i);
      EshiWholeSpeed row = { whole->stage, whole->n_runs, whole->median, whole->best, whole->worst, whole->flops };

      g_array_append_val (self->wholes, row);
    }
}

static gboolean
measure (EshiSpeed     *self,
         const char    *path,
         EshiBackend   *backend,
         gboolean       cpu_time,
         guint          n_runs,
         GCancellable  *cancellable,
         GError       **error)
{
  g_autoptr(EshiPipeline) pipeline = eshi_pipeline_new (path, backend, NULL, cancellable, error);
  g_autoptr(GArray) sums = NULL;
  g_autoptr(GArray) wholes = NULL;

  if (pipeline == NULL)
    return FALSE;
  self->backend = backend->klass->name;
  self->n_threads = backend->n_threads;
  self->precision = eshi_dtype_name (backend->compute);
  self->peak_before = measure_peak (backend);
  sums = eshi_pipeline_measure_ops (pipeline, &self->width, &self->height, self->batch, cpu_time, n_runs, &wholes,
                                    cancellable, error);
  if (sums == NULL)
    return FALSE;
  self->peak_after = measure_peak (backend);
  self->peak = MAX (self->peak_before, self->peak_after);
  add_ops (self, sums);
  add_wholes (self, wholes);
  return TRUE;
}

EshiSpeed *
eshi_speed_measure (const char    *model,
                    guint          width,
                    guint          height,
                    guint          batch,
                    const char    *backend,
                    guint          n_threads,
                    const char    *precision,
                    gboolean       cpu_time,
                    guint          n_runs,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_autoptr(EshiSpeed) self = g_new0 (EshiSpeed, 1);
  g_autoptr(EshiModelInfo) info = NULL;
  EshiBackendOptions options = { .n_threads = n_threads };
  EshiBackend *opened = NULL;
  gboolean done = FALSE;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  *self = (EshiSpeed) { .width = width, .height = height, .batch = batch };
  self->ops = g_array_new (FALSE, FALSE, sizeof (EshiOpSpeed));
  self->wholes = g_array_new (FALSE, FALSE, sizeof (EshiWholeSpeed));
  info = eshi_model_info_load (model, error);
  if (info == NULL || !_eshi_precision_from_name (precision, &options.precision, error))
    return NULL;
  _eshi_backend_registry_init ();
  opened = _eshi_backend_registry_open (backend, &options, error);
  if (opened == NULL)
    return NULL;
  done = measure (self, info->path, opened, cpu_time, n_runs, cancellable, error);
  _eshi_backend_close (opened);
  return done ? g_steal_pointer (&self) : NULL;
}

void
eshi_speed_free (EshiSpeed *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->ops, g_array_unref);
  g_clear_pointer (&self->wholes, g_array_unref);
  g_free (self);
}
