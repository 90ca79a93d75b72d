/* eshi-cpu-tile-conv.c: 3 × 3 convolutions in bf16 by our own loop for AMX, with their packed weights.
 *
 * The loop adds bias, time embedding and residual itself, so nothing is copied for it. A convolution of a doubled image
 * is four of the small one (eshi-cpu-doubled.c), of which this loop does all at once. What it refuses goes to oneDNN.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "amx/eshi-cpu-amx-pack.h"
#include "amx/eshi-cpu-amx.h"
#include "eshi-cpu-backend.h"

#if defined (__x86_64__)

#define TAPS 9
#define FOLDED_TAPS 4
#define N_PHASES 4
#define LANES 32 /* channels of x and of dst in a block of the weight */

/* With fewer channels the copy of x and the rounding of dst weigh as much as the products, and oneDNN is as fast. */
#define MIN_CHANNELS 64

/* Per cent of the tiles' rows, of 16 pixels, that have to be pixels of dst. */
#define MIN_FILLED 75

typedef struct
{
  EshiCpuAmxConv  conv;
  EshiCpuPacked  *weight;
  EshiCpuPacked  *bias; /* nullable */
  float          *sum;  /* with an embedding: bias + embedding [co] */
} Plan;

static gboolean
has_channels (const gint64 *weight)
{
  return weight[0] >= MIN_CHANNELS && weight[1] >= MIN_CHANNELS && weight[0] % LANES == 0 && weight[1] % LANES == 0;
}

/* Two images share tiles; what a row has beyond whole tiles fills one in part. */
static gboolean
fills_tiles (const EshiOp *op)
{
  const gint64 *dst = op->dst->shape.dim;
  gint64 width = dst[2] / (op->conv.doubled ? 2 : 1) * (dst[0] % 2 == 0 ? 2 : 1);

  return 100 * width >= MIN_FILLED * ((width + 15) / 16 * 16);
}

gboolean
_eshi_cpu_tiled_suits (EshiCpuBackend *self,
                       const EshiOp   *op)
{
  const EshiConvParams *p = &op->conv;
  const gint64 *weight = NULL;

  if (!self->isa.amx_bf16 || op->kind != ESHI_OP_CONV2D || op->dst->dtype != ESHI_DTYPE_BF16)
    return FALSE;
  weight = op->src[ESHI_SRC_WEIGHT]->shape.dim;
  if (weight[2] != 3 || weight[3] != 3 || !has_channels (weight) || !fills_tiles (op))
    return FALSE;
  if (p->doubled)
    return p->stride == 1 && p->top == 1 && p->left == 1 && p->bottom == 1 && p->right == 1;
  return p->stride <= 2;
}

static void
tiled_unprepare (EshiCpuBackend *self,
                 EshiOp         *op)
{
  Plan *plan = op->plan;

  eshi_cpu_weights_release (self->weights, plan->weight);
  eshi_cpu_weights_release (self->weights, plan->bias);
  g_free (plan->sum);
  g_free (plan);
}

/* One phase of a doubled block's taps, folded, to @dst [taps, 2, 16, 16, 2]; @src [32, 32, 9]: channels of dst, of x. */
static void
pack_folded (guint16     *dst,
             const float *src,
             guint        phase)
{
  float folded[LANES * LANES * FOLDED_TAPS];
  const void *const halves[2] = { folded, folded + LANES / 2 * LANES * FOLDED_TAPS };

  for (gsize i = 0; i < LANES * LANES; i++)
    _eshi_cpu_fold_taps (folded + i * FOLDED_TAPS, src + i * TAPS, phase);
  eshi_cpu_amx_pack_block (dst, halves, LANES * FOLDED_TAPS, ESHI_DTYPE_F32, FOLDED_TAPS);
}

/* Block @i of @n, of @row elements between two channels of dst, to each of its phases. */
static void
pack_doubled (const EshiTensor *weight,
              guint16          *dst,
              gsize             i,
              gsize             n,
              const char       *src,
              gsize             row)
{
  gsize size = eshi_dtype_size (weight->dtype);
  float wide[LANES * LANES * TAPS];

  for (gsize o = 0; o < LANES; o++)
    eshi_convert_to_f32 (wide + o * LANES * TAPS, src + o * row * size, weight->dtype, LANES * TAPS);
  for (guint phase = 0; phase < N_PHASES; phase++)
    pack_folded (dst + (phase * n + i) * LANES * LANES * FOLDED_TAPS, wide, phase);
}

/* The weight as EshiCpuAmxConv has it. */
static gboolean
pack_tiles (const EshiTensor  *weight,
            void              *dst,
            gpointer           user_data,
            GError           **error)
{
  gboolean doubled = GPOINTER_TO_INT (user_data);
  gsize row = weight->shape.dim[1] * TAPS;
  gsize n_in = weight->shape.dim[1] / LANES;
  gsize n = weight->shape.dim[0] / LANES * n_in;
  gsize size = eshi_dtype_size (weight->dtype);

#pragma omp parallel for schedule(static)
  for (gsize i = 0; i < n; i++)
    {
      const char *src = (const char *) weight->data + (i / n_in * LANES * row + i % n_in * LANES * TAPS) * size;
      const void *const halves[2] = { src, src + LANES / 2 * row * size };

      if (doubled)
        pack_doubled (weight, dst, i, n, src, row);
      else
        eshi_cpu_amx_pack_block ((guint16 *) dst + i * LANES * LANES * TAPS, halves, row, weight->dtype, TAPS);
    }
  return TRUE;
}

static gboolean
tiled_prepare (EshiCpuBackend  *self,
               EshiOp          *op,
               GError         **error)
{
  const gint64 *x = op->src[ESHI_SRC_X]->shape.dim;
  const gint64 *dst = op->dst->shape.dim;
  const EshiConvParams *p = &op->conv;
  gsize scale = p->doubled ? 2 : 1;
  gsize n_taps = p->doubled ? N_PHASES * FOLDED_TAPS : TAPS;
  EshiCpuAmxConv conv = { .n = x[0], .h = x[1], .w = x[2], .ci = x[3], .h_out = dst[1] / scale,
                          .w_out = dst[2] / scale, .co = dst[3], .stride = p->stride, .top = p->top, .left = p->left,
                          .doubled = p->doubled, .n_threads = self->n_threads };
  g_autoptr(GBytes) form = g_bytes_new_static (p->doubled ? "folded tiles" : "tiles", p->doubled ? 12 : 5);
  Plan *plan = g_new0 (Plan, 1);

  op->plan = plan;
  plan->conv = conv;
  plan->weight = eshi_cpu_weights_get (self->weights, op->src[ESHI_SRC_WEIGHT], form,
                                       n_taps * x[3] * dst[3] * sizeof (guint16), pack_tiles,
                                       GINT_TO_POINTER (p->doubled), error);
  if (plan->weight == NULL)
    return FALSE;
  g_debug ("cpu: %s: tiles", op->label);
  return _eshi_cpu_reserve (self, eshi_cpu_amx_conv_bytes (&plan->conv), error) &&
         _eshi_cpu_get_bias (self, op, &plan->bias, &plan->sum, error);
}

static gboolean
tiled_run (EshiCpuBackend  *self,
           const EshiOp    *op,
           GError         **error)
{
  const Plan *plan = op->plan;
  EshiCpuAmxConv conv = plan->conv;

  conv.x = _eshi_cpu_data (op->src[ESHI_SRC_X]);
  conv.weight = eshi_cpu_packed_data (plan->weight);
  conv.bias = _eshi_cpu_sum_bias (op, eshi_cpu_packed_data (plan->bias), plan->sum);
  conv.residual = _eshi_cpu_data (op->src[ESHI_SRC_RESIDUAL]);
  conv.dst = _eshi_cpu_data (op->dst);
  conv.workspace = self->workspace;
  eshi_cpu_amx_conv (&conv);
  return TRUE;
}

const EshiCpuRow _eshi_cpu_tiled = { tiled_prepare, tiled_unprepare, tiled_run };

#else

gboolean
_eshi_cpu_tiled_suits (EshiCpuBackend *self,
                       const EshiOp   *op)
{
  return FALSE;
}

const EshiCpuRow _eshi_cpu_tiled = { NULL, NULL, NULL };

#endif
