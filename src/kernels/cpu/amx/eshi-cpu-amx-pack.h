/* eshi-cpu-amx-pack.h: weights as AMX's tiles read them, from the types of weight files.
 *
 * Plain memory, one thread, no allocation. Call only where eshi_cpu_isa_detect() found AMX.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-tensor.h"

G_BEGIN_DECLS

#define ESHI_CPU_AMX_MAX_TAPS 9

#if defined (__x86_64__)

/* A block of 32 columns (channels of dst) and 32 terms (channels of x): @dst [taps, 2, 16, 16, 2], aligned to 64, has at
 * [t, b, r, c, j] tap t of term 2 · r + j of column 16 · b + c, in bf16. Columns 16 · b to 16 · b + 15 are @src[b] and
 * what follows it each @stride elements; a column has its 32 terms side by side, each with its @n_taps, of type @dtype:
 * F16, BF16, F32 or F64, at any address. @n_taps is 1 for a matrix, 9 for a 3 × 3 convolution and at most
 * ESHI_CPU_AMX_MAX_TAPS. Rounds to nearest even, F64 to f32 first; what is below 2⁻¹²⁶ becomes 0. */
void eshi_cpu_amx_pack_block (guint16          *dst,
                              const void *const src[2],
                              gsize             stride,
                              EshiDType         dtype,
                              gsize             n_taps);

#endif

G_END_DECLS
