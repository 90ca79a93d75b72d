/* eshi-cpu-kernels.h: the loops that oneDNN does not do, or does not do well, one table of them per instruction set.
 *
 * Everything here is plain memory: no tensors, no errors, no allocation. Elements are f32, or bf16 where @bf16 is set;
 * arithmetic is f32 and long sums are double. Loops over enough elements run on OpenMP's threads. Results do not depend
 * on the number of threads.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-op.h"

G_BEGIN_DECLS

/* dst = act ((src − mean) / √(var + eps) · weight + bias), all [n, pixels, c]; @dst may be @src. */
typedef struct
{
  const void     *src;
  void           *dst;
  const float    *weight; /* [c] */
  const float    *bias;   /* [c] */
  void           *scratch;
  gsize           n;
  gsize           pixels;
  gsize           c;
  gsize           groups;
  float           eps;
  EshiActivation  act;
  gboolean        bf16;
} EshiCpuNorm;

/* q, dst [n, t, heads·d]; k, v [n, s, heads·d] */
typedef struct
{
  const void *q;
  const void *k;
  const void *v;
  void       *dst;
  void       *scratch;
  gsize       n;
  gsize       t;
  gsize       s;
  gsize       heads;
  gsize       d;
  gsize       n_threads; /* at most; each has its part of @scratch */
  float       scale;
  gboolean    causal;
  gboolean    bf16;
} EshiCpuAttention;

/* dst[m, co] = act (x[m, ci] · weight[co, ci]ᵀ + bias) + residual, in f32 but for the weight. */
typedef struct
{
  const float    *x;
  const void     *weight;
  EshiDType       weight_dtype; /* F32, or F16 or BF16 where the table says so */
  const float    *bias;         /* nullable */
  const float    *residual;     /* nullable */
  float          *dst;
  gsize           m;
  gsize           ci;
  gsize           co;
  EshiActivation  act;
} EshiCpuGemv;

/* dst[m, n] = act (x[m, k] · weight + bias), plus what dst holds where @accumulate is set; all f32. @batch of these, at
 * least 1, with one bias; the steps are floats from one to the next. */
typedef struct
{
  const float    *x;
  const float    *weight; /* [⌈n / panel⌉, k, panel], 0 beyond n; the table says how wide a panel is */
  const float    *bias;   /* nullable [n] */
  float          *dst;
  gsize           m;
  gsize           k;
  gsize           n;
  gsize           batch;
  gsize           x_step;
  gsize           weight_step;
  gsize           dst_step;
  EshiActivation  act;
  gboolean        accumulate;
} EshiCpuProduct;

/* dst[n, h, w, co] = x[n, h, w, ci] convolved by 3 × 3 taps with a border of one pixel, + bias + residual; all f32. Where
 * @doubled, x is [n, h / 2, w / 2, ci], and each of its pixels counts as 2 × 2. */
typedef struct
{
  const float    *x;
  const void     *weight;   /* [⌈co / panel⌉, ci, 3, 3, panel], 0 beyond co; the table says how wide a panel is */
  EshiDType       weight_dtype; /* as EshiCpuGemv has it */
  const float    *bias;     /* nullable [co] */
  const float    *residual; /* nullable [n, h, w, co]; may be @dst */
  float          *dst;
  void           *scratch;
  gsize           n;
  gsize           h;
  gsize           w;
  gsize           ci;       /* a multiple of 16 */
  gsize           co;
  gboolean        doubled;
} EshiCpuWinograd;

typedef struct
{
  const char *name;      /* "AVX-512" */
  gboolean    f16;       /* gemv and widen take F16 */

  void   (*activation)        (void           *dst,
                               const void     *src,
                               gsize           n,
                               EshiActivation  act,
                               gboolean        bf16);
  /* f32 → bf16 where @to_bf16, else bf16 → f32. */
  void   (*convert)           (void           *dst,
                               const void     *src,
                               gsize           n,
                               gboolean        to_bf16);
  /* F16, where the table says so, or BF16 → f32; exact. */
  void   (*widen)             (float          *dst,
                               const void     *src,
                               gsize           n,
                               EshiDType       dtype);
  /* dst = a + scale · (b − a) */
  void   (*guidance)          (void           *dst,
                               const void     *a,
                               const void     *b,
                               float           scale,
                               gsize           n,
                               gboolean        bf16);
  /* src [rows, 2·co]: dst[r, j] = src[r, j] · gelu_erf (src[r, co + j]) */
  void   (*geglu)             (void           *dst,
                               const void     *src,
                               gsize           rows,
                               gsize           co,
                               gboolean        bf16);
  gsize  (*group_norm_bytes)  (const EshiCpuNorm      *p); /* of p->scratch */
  void   (*group_norm)        (const EshiCpuNorm      *p);
  void   (*layer_norm)        (const EshiCpuNorm      *p); /* n = 1, pixels rows, groups = 1; no scratch */
  gsize  (*attention_bytes)   (const EshiCpuAttention *p);
  void   (*attention)         (const EshiCpuAttention *p);
  void   (*gemv)              (const EshiCpuGemv      *p);
  gsize    panel;             /* outputs whose weights lie side by side in a packed matrix */
  void   (*product)           (const EshiCpuProduct   *p);
  gsize  (*winograd_bytes)    (const EshiCpuWinograd  *p); /* of p->scratch */
  void   (*winograd)          (const EshiCpuWinograd  *p);
  /* How many times faster than f32 a multiply-add in bf16 is; 0 where there is no such instruction. Takes a few
   * milliseconds. */
  double (*bf16_gain)         (void);
} EshiCpuKernels;

/* Elements below which a loop stays on one thread: waking the others takes longer. */
#define ESHI_CPU_PARALLEL_MIN 16384

extern const EshiCpuKernels eshi_cpu_kernels_base;
#if defined (__x86_64__)
extern const EshiCpuKernels eshi_cpu_kernels_avx2;
extern const EshiCpuKernels eshi_cpu_kernels_avx512;
extern const EshiCpuKernels eshi_cpu_kernels_avx512bf16;
#endif

/* The name of @func in the variant that is being compiled. */
#define ESHI_CPU_PASTE_(a, b) a##_##b
#define ESHI_CPU_PASTE(a, b)  ESHI_CPU_PASTE_ (a, b)
#define ESHI_CPU_NAME(func)   ESHI_CPU_PASTE (func, ESHI_CPU_VARIANT)

G_END_DECLS
