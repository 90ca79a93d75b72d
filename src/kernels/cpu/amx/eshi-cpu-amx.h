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

/* dst [n, h_out, w_out, co] = conv3×3 (x [n, h, w, ci]) + bias + residual, channels last, all of it bf16 but the bias.
 * Where @doubled, dst is [n, 2 · h, 2 · w, co], h_out and w_out are h and w, and the stride and the border 1.
 *
 * weight [phases, co / 32, ci / 32, taps, 2, 16, 16, 2] has at [p, o, i, t, b, r, c, j] tap t of channel
 * 32 · i + 2 · r + j of x for channel 32 · o + 16 · b + c of dst: one phase of nine taps or, where @doubled, four of
 * the 2 × 2 folded ones (eshi-cpu-doubled.c). */
typedef struct
{
  const guint16 *x;
  const guint16 *weight;    /* aligned to 64 */
  const float   *bias;      /* [co], nullable */
  const guint16 *residual;  /* as dst, nullable; may be dst */
  guint16       *dst;
  char          *workspace; /* eshi_cpu_amx_conv_bytes(), aligned to 64 */
  gsize          n, h, w, ci;
  gsize          h_out, w_out, co; /* channels: multiples of 32 */
  gsize          stride;    /* 1 or 2 */
  gsize          top, left; /* zeros before the image; those after it follow from the sizes */
  gboolean       doubled;
  gsize          n_threads;
} EshiCpuAmxConv;

/* Depends on sizes, stride, @doubled and @n_threads alone. */
gsize eshi_cpu_amx_conv_bytes      (const EshiCpuAmxConv   *p);
void  eshi_cpu_amx_conv            (const EshiCpuAmxConv   *p);

/* n columns, a multiple of 32. */
void  eshi_cpu_amx_product         (const EshiCpuAmxProduct *p);

/* dst = value · gelu_erf (gate), where 16 columns of values and their 16 gates follow each other in the weight; not so in
 * the bias, where all gates follow all values. n, of dst, is a multiple of 16. No activation, no residual. */
void  eshi_cpu_amx_geglu           (const EshiCpuAmxProduct *p);

#endif

G_END_DECLS
