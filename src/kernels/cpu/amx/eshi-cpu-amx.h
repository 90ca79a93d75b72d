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

#if defined (__x86_64__)

/* As in EshiCpuKernels; @p->bf16 is TRUE. */
gsize eshi_cpu_amx_attention_bytes (const EshiCpuAttention *p);
void  eshi_cpu_amx_attention       (const EshiCpuAttention *p);

#endif

G_END_DECLS
