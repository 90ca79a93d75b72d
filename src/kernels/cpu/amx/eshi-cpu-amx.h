/* eshi-cpu-amx.h: the loops for processors with AMX, whose tiles multiply bf16 at many times the rate of vectors.
 *
 * Like the tables of simd/: plain memory, no tensors, no errors, no allocation, OpenMP's threads, and results that do not
 * depend on their number. Elements are bf16, sums are f32. Call only where eshi_cpu_isa_detect() found AMX.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "simd/eshi-cpu-kernels.h"

G_BEGIN_DECLS

#define ESHI_CPU_AMX_ROWS 32 /* the fewest that a product can have */

/* dst = act (x · weight + bias) + residual, all bf16 but for the sums and the bias. */
typedef struct
{
  const void     *x;        /* [m, k], m ≥ ESHI_CPU_AMX_ROWS, k a multiple of 32 */
  const void     *weight;   /* [columns / 32, k / 32, 2, 16, 16, 2]: of 32 columns 32 terms: two tiles of 16 columns each,
                             * in a tile the pairs of terms, in a pair the columns, of a column both terms */
  const float    *bias;     /* nullable [columns] */
  const void     *residual; /* nullable [m, n]; may be @dst */
  void           *dst;      /* [m, n] */
  gsize           m;
  gsize           k;
  gsize           n;
  EshiActivation  act;
} EshiCpuAmxProduct;

#if defined (__x86_64__)

/* As in EshiCpuKernels; @p->bf16 is TRUE. */
gsize eshi_cpu_amx_attention_bytes (const EshiCpuAttention *p);
void  eshi_cpu_amx_attention       (const EshiCpuAttention *p);

/* n columns, a multiple of 32. */
void  eshi_cpu_amx_product         (const EshiCpuAmxProduct *p);

/* dst = value · gelu_erf (gate), where 16 columns of values and their 16 gates follow each other in the weight; not so in
 * the bias, which has to be there: all gates follow all values. n, of dst, is a multiple of 16. No activation, no
 * residual. */
void  eshi_cpu_amx_geglu           (const EshiCpuAmxProduct *p);

#endif

G_END_DECLS
