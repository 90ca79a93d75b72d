/* eshi-peak.h: the processor's ceiling that benchmarks compare ops with.
 *
 * It measures multiply-adds in registers and nothing else: no memory, no other processors than x86-64.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Both measure for up to a second, on @n_threads threads of their own that run at the same time, because cores may share
 * what multiplies. The clock is each thread's processor time, so that other programs only change what they take from the
 * frequency or the sibling core. Any thread; they cannot fail.
 *
 * Returns: GFLOP/s of all @n_threads together, or 0 where the processor lacks the instructions or @n_threads is 0 */

/* eshi_peak_f32: in registers of AVX2 or AVX-512, whichever is faster. */
double eshi_peak_f32  (guint n_threads);

/* eshi_peak_bf16: products of bf16 with sums in f32: in AMX's tiles or by AVX512-BF16, whichever is faster. Asks the
 * kernel for the tiles, which holds for the process. */
double eshi_peak_bf16 (guint n_threads);

G_END_DECLS
