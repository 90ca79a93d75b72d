/* eshi-cpu-norm.c: group norm, layer norm and attention: plans around the loops of simd/.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "amx/eshi-cpu-amx.h"
#include "eshi-cpu-backend.h"

typedef struct
{
  EshiCpuPacked *weight;
  EshiCpuPacked *bias;
} NormPlan;

static EshiCpuNorm
describe_norm (EshiCpuBackend *self,
               const EshiOp   *op)
{
  const NormPlan *plan = op->plan;
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;
  gsize c = x->dim[x->rank - 1];
  gboolean group = op->kind == ESHI_OP_GROUP_NORM;
  gsize n = group ? x->dim[0] : 1;

  return (EshiCpuNorm) {
    .src = _eshi_cpu_data (op->src[ESHI_SRC_X]),
    .dst = _eshi_cpu_data (op->dst),
    .weight = eshi_cpu_packed_data (plan->weight),
    .bias = eshi_cpu_packed_data (plan->bias),
    .scratch = self->workspace,
    .n = n,
    .pixels = eshi_shape_count (x) / (n * c),
    .c = c,
    .groups = group ? op->norm.groups : 1,
    .eps = op->norm.eps,
    .act = op->act,
    .bf16 = op->dst->dtype == ESHI_DTYPE_BF16,
  };
}

static gboolean
norm_prepare (EshiCpuBackend  *self,
              EshiOp          *op,
              GError         **error)
{
  NormPlan *plan = g_new0 (NormPlan, 1);
  EshiCpuNorm norm;

  op->plan = plan;
  plan->weight = eshi_cpu_weights_get_f32 (self->weights, op->src[ESHI_SRC_WEIGHT], error);
  if (plan->weight == NULL)
    return FALSE;
  plan->bias = eshi_cpu_weights_get_f32 (self->weights, op->src[ESHI_SRC_BIAS], error);
  if (plan->bias == NULL)
    return FALSE;
  if (op->kind != ESHI_OP_GROUP_NORM)
    return TRUE;
  norm = describe_norm (self, op);
  return _eshi_cpu_reserve (self, self->kernels->group_norm_bytes (&norm), error);
}

static void
norm_unprepare (EshiCpuBackend *self,
                EshiOp         *op)
{
  NormPlan *plan = op->plan;

  eshi_cpu_weights_release (self->weights, plan->weight);
  eshi_cpu_weights_release (self->weights, plan->bias);
  g_free (plan);
}

static gboolean
group_norm_run (EshiCpuBackend  *self,
                const EshiOp    *op,
                GError         **error)
{
  EshiCpuNorm norm = describe_norm (self, op);

  self->kernels->group_norm (&norm);
  if (op->act != ESHI_ACT_NONE && op->act != ESHI_ACT_SILU)
    self->kernels->activation (norm.dst, norm.dst, eshi_tensor_count (op->dst), op->act, norm.bf16);
  return TRUE;
}

static gboolean
layer_norm_run (EshiCpuBackend  *self,
                const EshiOp    *op,
                GError         **error)
{
  EshiCpuNorm norm = describe_norm (self, op);

  self->kernels->layer_norm (&norm);
  return TRUE;
}

/* The op as the loops want it; no memory yet. */
static EshiCpuAttention
describe_attention (EshiCpuBackend *self,
                    const EshiOp   *op)
{
  const gint64 *q = op->src[ESHI_SRC_Q]->shape.dim;

  return (EshiCpuAttention) {
    .n = q[0],
    .t = q[1],
    .s = op->src[ESHI_SRC_K]->shape.dim[1],
    .heads = op->attention.heads,
    .d = q[2] / op->attention.heads,
    .n_threads = self->n_threads,
    .scale = op->attention.scale,
    .causal = op->attention.causal,
    .bf16 = op->dst->dtype == ESHI_DTYPE_BF16,
  };
}

/* AMX multiplies bf16 only, and has no mask. */
static gboolean
runs_in_tiles (const EshiCpuBackend   *self,
               const EshiCpuAttention *p)
{
  return self->isa.amx_bf16 && p->bf16 && !p->causal;
}

static gsize
attention_bytes (const EshiCpuBackend   *self,
                 const EshiCpuAttention *p)
{
#if defined (__x86_64__)
  if (runs_in_tiles (self, p))
    return eshi_cpu_amx_attention_bytes (p);
#endif
  return self->kernels->attention_bytes (p);
}

/* A plan only so that the workspace is known to be in use. */
static gboolean
attention_prepare (EshiCpuBackend  *self,
                   EshiOp          *op,
                   GError         **error)
{
  EshiCpuAttention attention = describe_attention (self, op);

  op->plan = g_memdup2 (&attention, sizeof attention);
  return _eshi_cpu_reserve (self, attention_bytes (self, &attention), error);
}

static void
attention_unprepare (EshiCpuBackend *self,
                     EshiOp         *op)
{
  g_free (op->plan);
}

static gboolean
attention_run (EshiCpuBackend  *self,
               const EshiOp    *op,
               GError         **error)
{
  EshiCpuAttention attention = *(const EshiCpuAttention *) op->plan;

  attention.q = _eshi_cpu_data (op->src[ESHI_SRC_Q]);
  attention.k = _eshi_cpu_data (op->src[ESHI_SRC_K]);
  attention.v = _eshi_cpu_data (op->src[ESHI_SRC_V]);
  attention.dst = _eshi_cpu_data (op->dst);
  attention.scratch = self->workspace;
#if defined (__x86_64__)
  if (runs_in_tiles (self, &attention))
    {
      eshi_cpu_amx_attention (&attention);
      return TRUE;
    }
#endif
  self->kernels->attention (&attention);
  return TRUE;
}

const EshiCpuRow _eshi_cpu_group_norm = { norm_prepare, norm_unprepare, group_norm_run };
const EshiCpuRow _eshi_cpu_layer_norm = { norm_prepare, norm_unprepare, layer_norm_run };
const EshiCpuRow _eshi_cpu_attention = { attention_prepare, attention_unprepare, attention_run };
