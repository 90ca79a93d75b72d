/* eshi-cpu-winograd.c: 3 × 3 convolutions in f32 by simd/eshi-cpu-simd-winograd.c, which multiplies a quarter as often as
 * oneDNN does.
 *
 * The weight is kept in the file's type and packed in every run, which takes time of its own: what has few pixels for its
 * channels stays with oneDNN.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-backend.h"

#include <string.h>

#define TAPS 9
#define OUT 4 /* pixels of a tile's side */

/* Channels of x that a vector of any width divides. */
#define CHANNEL_STEP 16

/* With fewer channels the way to the points and back weighs as much as the products, and with few tiles besides all of it
 * is done before the threads are awake. oneDNN's own loops are better with AVX-512. Tiles are those of one image, so that
 * an image does not depend on how many others there are. */
#define MIN_CHANNELS 64
#define MIN_CHANNELS_AVX512 128
#define MIN_SIZE 1024 /* tiles times channels of x */
#define MIN_SIZE_AVX512 4096

/* Per cent of the tiles' pixels that have to be pixels of dst. */
#define MIN_FILLED 75

/* Taps that are converted at a time. */
#define CHUNK 64

typedef struct
{
  EshiCpuWinograd  conv;
  EshiCpuPacked   *weight;
  EshiCpuPacked   *bias; /* nullable */
  float           *sum;  /* with an embedding: bias + embedding [co] */
} Plan;

static gboolean
is_plain (const EshiOp *op)
{
  const gint64 *weight = op->src[ESHI_SRC_WEIGHT]->shape.dim;
  const EshiConvParams *p = &op->conv;

  return weight[2] == 3 && weight[3] == 3 && p->stride == 1 && p->top == 1 && p->left == 1 && p->bottom == 1 &&
         p->right == 1;
}

/* Whether there is enough to do. */
static gboolean
is_large (const EshiCpuBackend *self,
          const gint64         *weight,
          gint64                n_tiles)
{
  gboolean wide = self->isa.level >= ESHI_CPU_AVX512;
  gint64 least = wide ? MIN_CHANNELS_AVX512 : MIN_CHANNELS;

  return weight[0] >= least && weight[1] >= least && n_tiles * weight[1] >= (wide ? MIN_SIZE_AVX512 : MIN_SIZE);
}

gboolean
_eshi_cpu_winograd_suits (EshiCpuBackend *self,
                          const EshiOp   *op)
{
  const gint64 *weight = NULL;
  const gint64 *dst = op->dst->shape.dim;
  gint64 n_tiles = 0;

  if (op->kind != ESHI_OP_CONV2D || op->dst->dtype != ESHI_DTYPE_F32 || !is_plain (op))
    return FALSE;
  weight = op->src[ESHI_SRC_WEIGHT]->shape.dim;
  n_tiles = ((dst[1] + OUT - 1) / OUT) * ((dst[2] + OUT - 1) / OUT);
  return weight[1] % CHANNEL_STEP == 0 && is_large (self, weight, n_tiles) &&
         100 * dst[1] * dst[2] >= MIN_FILLED * n_tiles * OUT * OUT;
}

static void
winograd_unprepare (EshiCpuBackend *self,
                    EshiOp         *op)
{
  Plan *plan = op->plan;

  eshi_cpu_weights_release (self->weights, plan->weight);
  eshi_cpu_weights_release (self->weights, plan->bias);
  g_free (plan->sum);
  g_free (plan);
}

/* What the packing of a weight needs to know. */
typedef struct
{
  gsize     panel;
  EshiDType dtype;
} Packing;

/* Copies @n values of @size bytes to every @step-th place. */
static void
spread (char       *dst,
        const char *src,
        gsize       n,
        gsize       step,
        gsize       size)
{
  for (gsize i = 0; i < n; i++)
    memcpy (dst + i * step * size, src + i * size, size);
}

/* The taps @begin … of the outputs of a panel, as EshiCpuWinograd has them. */
static void
pack_chunk (const EshiTensor *weight,
            char             *dst,
            const Packing    *packing,
            gsize             column,
            gsize             begin)
{
  gsize row = weight->shape.dim[1] * TAPS;
  gsize n = MIN (CHUNK, row - begin);
  gsize size = eshi_dtype_size (packing->dtype);
  float some[CHUNK];

  for (gsize i = 0; i < packing->panel; i++)
    {
      gboolean exists = column + i < (gsize) weight->shape.dim[0];
      const char *src = (const char *) weight->data + ((column + i) * row + begin) * eshi_dtype_size (weight->dtype);

      if (!exists)
        memset (some, 0, sizeof some);
      else if (weight->dtype != packing->dtype)
        eshi_convert_to_f32 (some, src, weight->dtype, n);
      spread (dst + i * size, exists && weight->dtype == packing->dtype ? src : (const char *) some, n, packing->panel,
              size);
    }
}

static gboolean
pack_taps (const EshiTensor  *weight,
           void              *dst,
           gpointer           user_data,
           GError           **error)
{
  const Packing *packing = user_data;
  gsize row = weight->shape.dim[1] * TAPS;
  gsize n_chunks = (row + CHUNK - 1) / CHUNK;
  gsize n_panels = (weight->shape.dim[0] + packing->panel - 1) / packing->panel;

#pragma omp parallel for schedule(static)
  for (gsize i = 0; i < n_panels * n_chunks; i++)
    {
      gsize column = i / n_chunks * packing->panel;
      gsize begin = i % n_chunks * CHUNK;

      pack_chunk (weight, (char *) dst + (column * row + begin * packing->panel) * eshi_dtype_size (packing->dtype),
                  packing, column, begin);
    }
  return TRUE;
}

/* In the file's type, where the loop reads that. */
static EshiCpuPacked *
get_weight (EshiCpuBackend    *self,
            EshiCpuWinograd   *conv,
            const EshiTensor  *weight,
            GError           **error)
{
  gboolean as_is = weight->dtype == ESHI_DTYPE_BF16 || (weight->dtype == ESHI_DTYPE_F16 && self->kernels->f16);
  Packing packing = { self->kernels->panel, as_is ? weight->dtype : ESHI_DTYPE_F32 };
  g_autoptr(GBytes) form = g_bytes_new_static ("taps", 4);
  gsize columns = (conv->co + packing.panel - 1) / packing.panel * packing.panel;

  conv->weight_dtype = packing.dtype;
  return eshi_cpu_weights_get (self->weights, weight, form,
                               columns * conv->ci * TAPS * eshi_dtype_size (packing.dtype), pack_taps, &packing, error);
}

static gboolean
winograd_prepare (EshiCpuBackend  *self,
                  EshiOp          *op,
                  GError         **error)
{
  const gint64 *dst = op->dst->shape.dim;
  EshiCpuWinograd conv = { .n = dst[0], .h = dst[1], .w = dst[2], .ci = op->src[ESHI_SRC_X]->shape.dim[3], .co = dst[3],
                           .doubled = op->conv.doubled };
  Plan *plan = g_new0 (Plan, 1);

  op->plan = plan;
  plan->conv = conv;
  plan->weight = get_weight (self, &plan->conv, op->src[ESHI_SRC_WEIGHT], error);
  if (plan->weight == NULL)
    return FALSE;
  g_debug ("cpu: %s: Winograd", op->label);
  return _eshi_cpu_reserve (self, self->kernels->winograd_bytes (&plan->conv), error) &&
         _eshi_cpu_get_bias (self, op, &plan->bias, &plan->sum, error);
}

static gboolean
winograd_run (EshiCpuBackend  *self,
              const EshiOp    *op,
              GError         **error)
{
  const Plan *plan = op->plan;
  EshiCpuWinograd conv = plan->conv;

  conv.x = _eshi_cpu_data (op->src[ESHI_SRC_X]);
  conv.weight = eshi_cpu_packed_data (plan->weight);
  conv.bias = _eshi_cpu_sum_bias (op, eshi_cpu_packed_data (plan->bias), plan->sum);
  conv.residual = _eshi_cpu_data (op->src[ESHI_SRC_RESIDUAL]);
  conv.dst = _eshi_cpu_data (op->dst);
  conv.scratch = self->workspace;
  self->kernels->winograd (&conv);
  return TRUE;
}

const EshiCpuRow _eshi_cpu_winograd = { winograd_prepare, winograd_unprepare, winograd_run };
