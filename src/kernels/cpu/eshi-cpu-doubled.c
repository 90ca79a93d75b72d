/* eshi-cpu-doubled.c: a 3 × 3 convolution of an image that is first doubled by nearest neighbour, without doubling it.
 *
 * Neighbours in the doubled image are equal two by two, so a pixel of dst sees 2 × 2 different pixels of x, and which
 * taps fall on one of them depends only on whether the pixel's row and column are even. That makes four convolutions of
 * the small image, the phases, each with the sums of the taps as its kernel: 4/9 of the arithmetic, and the same result
 * up to rounding. Each phase writes every second pixel of every second row.
 *
 *   even rows see x[y − 1], x[y] with kernel rows 0, 1 + 2; odd rows see x[y], x[y + 1] with 0 + 1, 2; columns alike
 *
 * It refuses other kernels, strides and borders, which no network here has, and whatever UPSAMPLE and CONV2D would do
 * as fast; docs/speed.md has the figures.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-backend.h"

#include <stdlib.h>
#include <string.h>

#define N_PHASES 4 /* number 2 · (row is odd) + (column is odd) */
#define TAPS 3
#define FOLDED_TAPS 2

typedef struct
{
  EshiCpuPrimitive *primitive[N_PHASES];
  EshiCpuPacked    *weight[N_PHASES];
  EshiCpuPacked    *bias;  /* nullable */
  float            *sum;   /* with an embedding: bias + embedding [co] */
} Plan;

/* What a phase's weight is packed with. */
typedef struct
{
  EshiCpuPrimitive *primitive;
  guint             phase;
} Folding;

const char *
_eshi_cpu_doubled_why_not (EshiCpuBackend *self,
                           const EshiOp   *op)
{
  const EshiTensor *weight = op->src[ESHI_SRC_WEIGHT];
  const EshiConvParams *p = &op->conv;

  if (weight->shape.dim[2] != TAPS || weight->shape.dim[3] != TAPS || p->stride != 1 || p->top != 1 || p->left != 1 ||
      p->bottom != 1 || p->right != 1)
    return "a doubled image is convolved by 3 by 3 taps with a border of one pixel only";
  if (_eshi_cpu_tiled_suits (self, op) || _eshi_cpu_winograd_suits (self, op))
    return NULL;
  if (self->isa.level >= ESHI_CPU_AVX512)
    return "doubling inside a convolution is not known to be faster with AVX-512";
  if (eshi_cpu_weights_save_memory (self->weights) && eshi_dtype_size (weight->dtype) == sizeof (guint16))
    return "folded weights would take four times the memory, which is scarce";
  return NULL;
}

static void
doubled_unprepare (EshiCpuBackend *self,
                   EshiOp         *op)
{
  Plan *plan = op->plan;

  for (guint i = 0; i < N_PHASES; i++)
    {
      eshi_cpu_weights_release (self->weights, plan->weight[i]);
      eshi_cpu_primitive_free (plan->primitive[i]);
    }
  eshi_cpu_weights_release (self->weights, plan->bias);
  g_free (plan->sum);
  g_free (plan);
}

void
_eshi_cpu_fold_taps (float       *dst,
                     const float *taps,
                     guint        phase)
{
  guint odd_row = phase / 2;
  guint odd_column = phase % 2;

  memset (dst, 0, FOLDED_TAPS * FOLDED_TAPS * sizeof *dst);
  for (guint y = 0; y < TAPS; y++)
    for (guint x = 0; x < TAPS; x++)
      dst[(y + 1 - odd_row) / 2 * FOLDED_TAPS + (x + 1 - odd_column) / 2] += taps[y * TAPS + x];
}

static gboolean
pack_phase (const EshiTensor  *weight,
            void              *dst,
            gpointer           user_data,
            GError           **error)
{
  const Folding *folding = user_data;
  gsize size = eshi_dtype_size (weight->dtype) * TAPS * TAPS;
  gsize n = eshi_tensor_count (weight) / (TAPS * TAPS);
  float *folded = eshi_cpu_memory_alloc (n * FOLDED_TAPS * FOLDED_TAPS * sizeof *folded, error);
  gboolean packed = FALSE;

  if (folded == NULL)
    return FALSE;
#pragma omp parallel for schedule(static)
  for (gsize i = 0; i < n; i++)
    {
      float taps[TAPS * TAPS];

      eshi_convert_to_f32 (taps, (const char *) weight->data + i * size, weight->dtype, TAPS * TAPS);
      _eshi_cpu_fold_taps (folded + i * FOLDED_TAPS * FOLDED_TAPS, taps, folding->phase);
    }
  packed = eshi_cpu_primitive_pack (folding->primitive, dst, folded, ESHI_DTYPE_F32, error);
  free (folded);
  return packed;
}

/* The form of a phase's weight: oneDNN's, and which taps were added. */
static GBytes *
phase_form (const Folding *folding)
{
  gsize size = 0;
  const char *plain = g_bytes_get_data (eshi_cpu_primitive_weights_form (folding->primitive), &size);
  g_autofree char *form = g_malloc (size + sizeof folding->phase);

  memcpy (form, plain, size);
  memcpy (form + size, &folding->phase, sizeof folding->phase);
  return g_bytes_new_take (g_steal_pointer (&form), size + sizeof folding->phase);
}

static gboolean
prepare_phase (EshiCpuBackend  *self,
               const EshiOp    *op,
               guint            phase,
               GError         **error)
{
  const gint64 *x = op->src[ESHI_SRC_X]->shape.dim;
  guint odd_row = phase / 2;
  guint odd_column = phase % 2;
  EshiCpuConvDesc desc = { .dtype = op->dst->dtype, .n = x[0], .h = x[1], .w = x[2], .ci = x[3], .h_out = x[1],
                           .w_out = x[2], .co = op->dst->shape.dim[3], .kh = FOLDED_TAPS, .kw = FOLDED_TAPS,
                           .params = { .stride = 1, .top = !odd_row, .left = !odd_column, .bottom = odd_row,
                                       .right = odd_column },
                           .bias = op->src[ESHI_SRC_BIAS] != NULL || op->src[ESHI_SRC_EMBEDDING] != NULL,
                           .accumulate = op->src[ESHI_SRC_RESIDUAL] != NULL, .staged = TRUE, .spread = TRUE };
  Plan *plan = op->plan;
  Folding folding = { eshi_cpu_dnnl_new_conv (self->dnnl, &desc, error), phase };
  g_autoptr(GBytes) form = NULL;

  plan->primitive[phase] = folding.primitive;
  if (folding.primitive == NULL)
    return FALSE;
  form = phase_form (&folding);
  plan->weight[phase] = eshi_cpu_weights_get (self->weights, op->src[ESHI_SRC_WEIGHT], form,
                                              eshi_cpu_primitive_weights_bytes (folding.primitive), pack_phase,
                                              &folding, error);
  return plan->weight[phase] != NULL &&
         _eshi_cpu_reserve (self, eshi_cpu_primitive_scratch_bytes (folding.primitive), error);
}

static gboolean
doubled_prepare (EshiCpuBackend  *self,
                 EshiOp          *op,
                 GError         **error)
{
  Plan *plan = g_new0 (Plan, 1);

  op->plan = plan;
  for (guint phase = 0; phase < N_PHASES; phase++)
    if (!prepare_phase (self, op, phase, error))
      return FALSE;
  g_debug ("cpu: %s: doubled, %s", op->label, eshi_cpu_primitive_implementation (plan->primitive[0]));
  return _eshi_cpu_get_bias (self, op, &plan->bias, &plan->sum, error);
}

static gboolean
doubled_run (EshiCpuBackend  *self,
             const EshiOp    *op,
             GError         **error)
{
  const Plan *plan = op->plan;
  const gint64 *dim = op->dst->shape.dim;
  gsize pixel = dim[3] * eshi_dtype_size (op->dst->dtype);
  EshiCpuPrimitiveArgs args = { .src = _eshi_cpu_data (op->src[ESHI_SRC_X]),
                                .bias = _eshi_cpu_sum_bias (op, eshi_cpu_packed_data (plan->bias), plan->sum),
                                .scratch = self->workspace };

  _eshi_cpu_copy_residual (op->src[ESHI_SRC_RESIDUAL], op->dst);
  for (guint phase = 0; phase < N_PHASES; phase++)
    {
      args.weights = eshi_cpu_packed_data (plan->weight[phase]);
      args.dst = (char *) _eshi_cpu_data (op->dst) + (phase / 2 * dim[2] + phase % 2) * pixel;
      if (!eshi_cpu_primitive_run (plan->primitive[phase], &args, error))
        return FALSE;
    }
  return TRUE;
}

const EshiCpuRow _eshi_cpu_doubled = { doubled_prepare, doubled_unprepare, doubled_run };
