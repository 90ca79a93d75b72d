/* eshi-cpu-simd-gemv.c: weights in the file's own type: widened to f32, or a matrix of them times a few vectors.
 *
 * Every weight is read once and used m times, so memory is the limit and the weight keeps the file's type: f16 weights
 * take half the time of the same weights in f32. Four rows of the weight run together to have enough loads in flight.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>

#include "eshi-cpu-simd-table.h"
#include "eshi-cpu-simd.h"

#define ROWS 4
#define BLOCK 4096 /* elements that a thread widens at a time; a multiple of every width */

static float
finish (float          x,
        EshiActivation act)
{
  switch (act)
    {
    case ESHI_ACT_SILU:
      return x / (1.0f + expf (-x));
    case ESHI_ACT_QUICK_GELU:
      return x / (1.0f + expf (-1.702f * x));
    case ESHI_ACT_GELU:
      return 0.5f * x * (1.0f + erff (x * 0.70710678f));
    case ESHI_ACT_RELU:
      return x > 0.0f ? x : 0.0f;
    case ESHI_ACT_NONE:
    case ESHI_N_ACTIVATIONS:
    default:
      return x;
    }
}

/* Up to ROWS outputs of one x. */
ESHI_INLINE void
dot_rows (const EshiCpuGemv *p,
          gsize              row,
          gsize              first,
          gsize              n_rows,
          EshiDType          dtype)
{
  const float *x = p->x + row * p->ci;
  EshiVec sum[ROWS] = { { 0 } };
  gsize i = 0;

  for (; i + ESHI_LANES <= p->ci; i += ESHI_LANES)
    for (gsize r = 0; r < n_rows; r++)
      sum[r] += eshi_vec_load (x, i, FALSE) * eshi_vec_load_weight (p->weight, (first + r) * p->ci + i, dtype);
  if (i < p->ci)
    for (gsize r = 0; r < n_rows; r++)
      sum[r] += eshi_vec_load_n (x, i, p->ci - i, FALSE) *
                eshi_vec_load_weight_n (p->weight, (first + r) * p->ci + i, p->ci - i, dtype);
  for (gsize r = 0; r < n_rows; r++)
    {
      gsize at = row * p->co + first + r;
      float y = eshi_vec_sum (sum[r]) + (p->bias != NULL ? p->bias[first + r] : 0.0f);

      p->dst[at] = finish (y, p->act) + (p->residual != NULL ? p->residual[at] : 0.0f);
    }
}

ESHI_INLINE void
gemv (const EshiCpuGemv *p,
      EshiDType          dtype)
{
#pragma omp parallel for schedule(static) if (p->ci * p->co > ESHI_CPU_PARALLEL_MIN)
  for (gsize first = 0; first < p->co; first += ROWS)
    for (gsize row = 0; row < p->m; row++)
      {
        if (first + ROWS <= p->co)
          dot_rows (p, row, first, ROWS, dtype);
        else
          dot_rows (p, row, first, p->co - first, dtype);
      }
}

void
ESHI_CPU_NAME (eshi_cpu_gemv) (const EshiCpuGemv *p)
{
  if (p->weight_dtype == ESHI_DTYPE_BF16)
    gemv (p, ESHI_DTYPE_BF16);
#if defined (__F16C__)
  else if (p->weight_dtype == ESHI_DTYPE_F16)
    gemv (p, ESHI_DTYPE_F16);
#endif
  else
    gemv (p, ESHI_DTYPE_F32);
}

ESHI_INLINE void
widen_block (float      *dst,
             const void *src,
             gsize       begin,
             gsize       end,
             EshiDType   dtype)
{
  gsize i = begin;

  for (; i + ESHI_LANES <= end; i += ESHI_LANES)
    eshi_vec_store (dst, i, eshi_vec_load_weight (src, i, dtype), FALSE);
  if (i < end)
    eshi_vec_store_n (dst, i, end - i, eshi_vec_load_weight_n (src, i, end - i, dtype), FALSE);
}

ESHI_INLINE void
widen (float      *dst,
       const void *src,
       gsize       n,
       EshiDType   dtype)
{
#pragma omp parallel for schedule(static) if (n > ESHI_CPU_PARALLEL_MIN)
  for (gsize i = 0; i < n; i += BLOCK)
    widen_block (dst, src, i, MIN (n, i + BLOCK), dtype);
}

void
ESHI_CPU_NAME (eshi_cpu_widen) (float      *dst,
                                const void *src,
                                gsize       n,
                                EshiDType   dtype)
{
#if defined (__F16C__)
  if (dtype == ESHI_DTYPE_F16)
    {
      widen (dst, src, n, ESHI_DTYPE_F16);
      return;
    }
#endif
  widen (dst, src, n, ESHI_DTYPE_BF16);
}
