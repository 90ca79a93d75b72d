/* eshi-cpu-simd-pointwise.c: loops that look at one element at a time: activation, conversion, guidance, GEGLU.
 *
 * They are bound by memory, so a thread takes blocks of a few kilobytes, and each block is one pass.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-simd-table.h"
#include "eshi-cpu-simd.h"

#define BLOCK 4096 /* elements that a thread takes at a time; a multiple of every width */

ESHI_INLINE void
activation_block (void           *dst,
                  const void     *src,
                  gsize           begin,
                  gsize           end,
                  EshiActivation  act,
                  gboolean        bf16)
{
  gsize i = begin;

  for (; i + ESHI_LANES <= end; i += ESHI_LANES)
    eshi_vec_store (dst, i, eshi_vec_activate (eshi_vec_load (src, i, bf16), act), bf16);
  if (i < end)
    eshi_vec_store_n (dst, i, end - i, eshi_vec_activate (eshi_vec_load_n (src, i, end - i, bf16), act), bf16);
}

ESHI_INLINE void
activation_typed (void           *dst,
                  const void     *src,
                  gsize           begin,
                  gsize           end,
                  EshiActivation  act,
                  gboolean        bf16)
{
  switch (act)
    {
    case ESHI_ACT_SILU:
      activation_block (dst, src, begin, end, ESHI_ACT_SILU, bf16);
      break;
    case ESHI_ACT_QUICK_GELU:
      activation_block (dst, src, begin, end, ESHI_ACT_QUICK_GELU, bf16);
      break;
    case ESHI_ACT_GELU:
      activation_block (dst, src, begin, end, ESHI_ACT_GELU, bf16);
      break;
    case ESHI_ACT_RELU:
      activation_block (dst, src, begin, end, ESHI_ACT_RELU, bf16);
      break;
    case ESHI_ACT_NONE:
    case ESHI_N_ACTIVATIONS:
    default:
      activation_block (dst, src, begin, end, ESHI_ACT_NONE, bf16);
    }
}

void
ESHI_CPU_NAME (eshi_cpu_activation) (void           *dst,
                                     const void     *src,
                                     gsize           n,
                                     EshiActivation  act,
                                     gboolean        bf16)
{
#pragma omp parallel for schedule(static) if (n > ESHI_CPU_PARALLEL_MIN)
  for (gsize i = 0; i < n; i += BLOCK)
    {
      if (bf16)
        activation_typed (dst, src, i, MIN (n, i + BLOCK), act, TRUE);
      else
        activation_typed (dst, src, i, MIN (n, i + BLOCK), act, FALSE);
    }
}

ESHI_INLINE void
convert_block (void       *dst,
               const void *src,
               gsize       begin,
               gsize       end,
               gboolean    to_bf16)
{
  gsize i = begin;

  for (; i + ESHI_LANES <= end; i += ESHI_LANES)
    eshi_vec_store (dst, i, eshi_vec_load (src, i, !to_bf16), to_bf16);
  if (i < end)
    eshi_vec_store_n (dst, i, end - i, eshi_vec_load_n (src, i, end - i, !to_bf16), to_bf16);
}

void
ESHI_CPU_NAME (eshi_cpu_convert) (void       *dst,
                                  const void *src,
                                  gsize       n,
                                  gboolean    to_bf16)
{
#pragma omp parallel for schedule(static) if (n > ESHI_CPU_PARALLEL_MIN)
  for (gsize i = 0; i < n; i += BLOCK)
    {
      if (to_bf16)
        convert_block (dst, src, i, MIN (n, i + BLOCK), TRUE);
      else
        convert_block (dst, src, i, MIN (n, i + BLOCK), FALSE);
    }
}

ESHI_INLINE void
guidance_block (void       *dst,
                const void *a,
                const void *b,
                float       scale,
                gsize       begin,
                gsize       end,
                gboolean    bf16)
{
  gsize i = begin;
  EshiVec x;
  EshiVec y;

  for (; i + ESHI_LANES <= end; i += ESHI_LANES)
    {
      x = eshi_vec_load (a, i, bf16);
      y = eshi_vec_load (b, i, bf16);
      eshi_vec_store (dst, i, x + scale * (y - x), bf16);
    }
  if (i < end)
    {
      x = eshi_vec_load_n (a, i, end - i, bf16);
      y = eshi_vec_load_n (b, i, end - i, bf16);
      eshi_vec_store_n (dst, i, end - i, x + scale * (y - x), bf16);
    }
}

void
ESHI_CPU_NAME (eshi_cpu_guidance) (void       *dst,
                                   const void *a,
                                   const void *b,
                                   float       scale,
                                   gsize       n,
                                   gboolean    bf16)
{
#pragma omp parallel for schedule(static) if (n > ESHI_CPU_PARALLEL_MIN)
  for (gsize i = 0; i < n; i += BLOCK)
    {
      if (bf16)
        guidance_block (dst, a, b, scale, i, MIN (n, i + BLOCK), TRUE);
      else
        guidance_block (dst, a, b, scale, i, MIN (n, i + BLOCK), FALSE);
    }
}

/* One row: src [2·co], dst [co]. */
ESHI_INLINE void
geglu_row (void       *dst,
           const void *src,
           gsize       row,
           gsize       co,
           gboolean    bf16)
{
  gsize a = row * 2 * co;
  gsize g = a + co;
  gsize i = 0;
  EshiVec x;

  for (; i + ESHI_LANES <= co; i += ESHI_LANES)
    {
      x = eshi_vec_load (src, a + i, bf16) * eshi_vec_gelu (eshi_vec_load (src, g + i, bf16));
      eshi_vec_store (dst, row * co + i, x, bf16);
    }
  if (i < co)
    {
      x = eshi_vec_load_n (src, a + i, co - i, bf16) * eshi_vec_gelu (eshi_vec_load_n (src, g + i, co - i, bf16));
      eshi_vec_store_n (dst, row * co + i, co - i, x, bf16);
    }
}

void
ESHI_CPU_NAME (eshi_cpu_geglu) (void       *dst,
                                const void *src,
                                gsize       rows,
                                gsize       co,
                                gboolean    bf16)
{
#pragma omp parallel for schedule(static) if (rows * co > ESHI_CPU_PARALLEL_MIN / 4)
  for (gsize row = 0; row < rows; row++)
    {
      if (bf16)
        geglu_row (dst, src, row, co, TRUE);
      else
        geglu_row (dst, src, row, co, FALSE);
    }
}
