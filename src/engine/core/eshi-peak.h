/* eshi-peak.h: the processor's ceiling that benchmarks compare ops with.
 *
 * It measures f32 multiply-adds in AVX2 registers and nothing else: no memory, no bf16, no other processors.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* eshi_peak_f32:
 *
 * Measures for up to a second on the calling thread, in its processor time, so that other programs only change
 * what they take from the clock frequency or the sibling core.
 *
 * Returns: GFLOP/s of one thread, or 0 where AVX2 and FMA are missing; it cannot fail otherwise. Any thread.
 */
double eshi_peak_f32 (void);

G_END_DECLS
