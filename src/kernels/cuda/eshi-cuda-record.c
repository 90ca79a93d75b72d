/* eshi-cuda-record.c: a network that runs again and again is recorded as one of CUDA's graphs, and replayed by one call.
 *
 * The first runs enqueue op by op: they load kernels, and make what cuDNN and cublasLt make at first use, which a
 * recording may not do. Addresses are part of it, so it is made anew when the scratch has moved. A driver or a library
 * that cannot be recorded costs speed alone: the ops are enqueued one by one as before, and the log says so.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cuda-backend.h"

/* Runs before the one that is recorded; a network that runs once or twice gains nothing by it. */
#define N_PLAIN_RUNS 2

struct _EshiRecording
{
  void      *exec;    /* what is replayed; NULL until then */
  EshiCuPtr  scratch; /* where the scratch lay */
  guint      n_runs;  /* op by op, so far */
  gboolean   never;   /* it cannot be recorded */
};

static gboolean
run_each (EshiCudaBackend      *self,
          const EshiOp *const  *ops,
          guint                 n_ops,
          GError              **error)
{
  for (guint i = 0; i < n_ops; i++)
    if (!_eshi_cuda_run (self, ops[i], error))
      return FALSE;

  return TRUE;
}

static EshiRecording *
recording_new (const EshiOp *const *ops,
               guint                n_ops)
{
  EshiRecording *recording = g_new0 (EshiRecording, 1);

  for (guint i = 0; i < n_ops; i++)
    recording->never |= _eshi_cuda_waits (ops[i]);

  return recording;
}

static void
clear_exec (EshiCudaBackend *self,
            EshiRecording   *recording)
{
  if (recording->exec != NULL)
    self->libs->cu.graph_exec_destroy (recording->exec);
  recording->exec = NULL;
}

/* The ops as a graph of CUDA's, which the caller destroys; NULL and @error if they cannot be recorded. Nothing has run. */
static void *
capture (EshiCudaBackend      *self,
         const EshiOp *const  *ops,
         guint                 n_ops,
         GError              **error)
{
  const EshiCudaDriver *cu = &self->libs->cu;
  void *graph = NULL;
  gboolean enqueued = FALSE;
  int result = cu->begin_capture (self->lane->stream, ESHI_CU_CAPTURE_THREAD_LOCAL);

  if (!_eshi_cuda_check (self, result, error))
    return NULL;
  enqueued = run_each (self, ops, n_ops, error);
  /* Ended in any case: a stream that goes on recording would run nothing any more. */
  result = cu->end_capture (self->lane->stream, &graph);
  if (enqueued && _eshi_cuda_check (self, result, error))
    return graph;
  if (graph != NULL)
    cu->graph_destroy (graph);

  return NULL;
}

static gboolean
record (EshiCudaBackend      *self,
        EshiRecording        *recording,
        const EshiOp *const  *ops,
        guint                 n_ops,
        GError              **error)
{
  const EshiCudaDriver *cu = &self->libs->cu;
  void *graph = capture (self, ops, n_ops, error);
  gboolean done = FALSE;

  if (graph == NULL)
    return FALSE;
  done = _eshi_cuda_check (self, cu->graph_instantiate (&recording->exec, graph, 0), error);
  cu->graph_destroy (graph);
  if (!done)
    recording->exec = NULL;
  recording->scratch = self->lane->scratch;

  return done;
}

gboolean
_eshi_cuda_run_all (EshiBackend          *backend,
                    const EshiOp *const  *ops,
                    guint                 n_ops,
                    EshiRecording       **recording,
                    GError              **error)
{
  EshiCudaBackend *self = (EshiCudaBackend *) backend;
  EshiRecording *ours = *recording;
  g_autoptr(GError) refusal = NULL;

  if (ours == NULL)
    ours = *recording = recording_new (ops, n_ops);
  if (ours->never || ours->n_runs++ < N_PLAIN_RUNS)
    return run_each (self, ops, n_ops, error);
  if (ours->scratch != self->lane->scratch)
    clear_exec (self, ours);
  if (ours->exec == NULL && !record (self, ours, ops, n_ops, &refusal))
    {
      if (self->parent.lost)
        {
          g_propagate_error (error, g_steal_pointer (&refusal));
          return FALSE;
        }
      g_info ("cuda: a network is not recorded, which is slower: %s", refusal->message);
      ours->never = TRUE;
      return run_each (self, ops, n_ops, error);
    }

  return _eshi_cuda_check (self, self->libs->cu.graph_launch (ours->exec, self->lane->stream), error);
}

void
_eshi_cuda_forget (EshiBackend   *backend,
                   EshiRecording *recording)
{
  clear_exec ((EshiCudaBackend *) backend, recording);
  g_free (recording);
}
