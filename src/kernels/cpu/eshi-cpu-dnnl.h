/* eshi-cpu-dnnl.h: convolution and matrix product of oneDNN, and nothing else of it.
 *
 * The only door to the vendor's library: its C API changed between 2.x and 3.x, and no type of it appears here. A
 * primitive is planned once for fixed shapes; running it allocates nothing. Sources, destinations and scratch are
 * borrowed at each run. Used from one thread.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-error.h"
#include "eshi-op.h"

G_BEGIN_DECLS

typedef struct _EshiCpuDnnl EshiCpuDnnl;
typedef struct _EshiCpuPrimitive EshiCpuPrimitive;

/* dst [n, h_out, w_out, co] = conv (src [n, h, w, ci], weights [co, ci, kh, kw]) + bias, added to what dst holds where
 * @accumulate is set. @dtype is that of src, weights and dst: F32 or BF16; the bias is f32. */
typedef struct
{
  EshiDType      dtype;
  gint64         n, h, w, ci;
  gint64         h_out, w_out, co;
  gint64         kh, kw;
  EshiConvParams params;
  gboolean       bias;
  gboolean       accumulate;
  gboolean       staged; /* let oneDNN choose the layouts of src and dst, and convert between them and channels last */
  gboolean       spread; /* staged only: dst's pixels are every second one of every second row of a larger image */
} EshiCpuConvDesc;

/* dst [m, n] = act (src [m, k] · weights [n, k]ᵀ + bias), added to what dst holds where @accumulate is set. */
typedef struct
{
  EshiDType      dtype;
  gint64         m, k, n;
  EshiActivation act;
  gboolean       bias;
  gboolean       accumulate;
} EshiCpuMatmulDesc;

typedef struct
{
  const void  *src;
  const void  *weights; /* packed by eshi_cpu_primitive_pack() for this form */
  const float *bias;    /* [co]; NULL if the primitive has none */
  void        *dst;
  void        *scratch; /* eshi_cpu_primitive_scratch_bytes(), aligned to 64 */
} EshiCpuPrimitiveArgs;

EshiCpuDnnl      *eshi_cpu_dnnl_new                (GError                    **error);
void              eshi_cpu_dnnl_free               (EshiCpuDnnl                *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiCpuDnnl, eshi_cpu_dnnl_free)

/* Keeps oneDNN from instructions beyond AVX2 or AVX-512 ("avx2", "avx512", "avx512bf16"); "base" means SSE4.1. For tests;
 * has no effect once a primitive exists. */
void              eshi_cpu_dnnl_limit_isa          (const char                 *name);

/* "2.6.3" */
char             *eshi_cpu_dnnl_version            (void);

EshiCpuPrimitive *eshi_cpu_dnnl_new_conv           (EshiCpuDnnl                *self,
                                                    const EshiCpuConvDesc      *desc,
                                                    GError                    **error);
EshiCpuPrimitive *eshi_cpu_dnnl_new_matmul         (EshiCpuDnnl                *self,
                                                    const EshiCpuMatmulDesc    *desc,
                                                    GError                    **error);
void              eshi_cpu_primitive_free          (EshiCpuPrimitive           *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiCpuPrimitive, eshi_cpu_primitive_free)

/* oneDNN's name of the implementation ("brgconv:avx512_core"), for the log. */
const char       *eshi_cpu_primitive_implementation (EshiCpuPrimitive           *self);
gsize             eshi_cpu_primitive_scratch_bytes (EshiCpuPrimitive           *self);

/* Type of the packed weights: F32 or BF16. */
EshiDType         eshi_cpu_primitive_weights_dtype (EshiCpuPrimitive           *self);

/* How the primitive wants its weights: equal bytes, equal form. Owned by @self. */
GBytes           *eshi_cpu_primitive_weights_form  (EshiCpuPrimitive           *self);
gsize             eshi_cpu_primitive_weights_bytes (EshiCpuPrimitive           *self);

/* Packs @src, f32 or bf16 in the reference's layout and aligned to its type, to @dst, aligned to 64. */
gboolean          eshi_cpu_primitive_pack          (EshiCpuPrimitive           *self,
                                                    void                       *dst,
                                                    const void                 *src,
                                                    EshiDType                   src_dtype,
                                                    GError                    **error);

gboolean          eshi_cpu_primitive_run           (EshiCpuPrimitive           *self,
                                                    const EshiCpuPrimitiveArgs *args,
                                                    GError                    **error);

G_END_DECLS
