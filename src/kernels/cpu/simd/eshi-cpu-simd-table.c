/* eshi-cpu-simd-table.c: one variant's table, and the measurement of its bf16 instruction.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-simd-table.h"
#include "eshi-cpu-simd.h"

#if ESHI_NATIVE_BF16

#define N_CHAINS 12
#define N_ROUNDS 4000
#define N_TRIES  8

/* Seconds for N_ROUNDS of N_CHAINS independent multiply-adds in registers: every loop over the chains is unrolled, since
 * an array that one of them walks through lies in memory, and then all cost what its loads and stores do. */
static double
time_multiply_adds (gboolean bf16)
{
  __m512 acc[N_CHAINS];
  __m512i bits = _mm512_set1_epi32 (0x3f803f80);
  gint64 start = 0;
  float sink = 0.0f;

#pragma GCC unroll 12
  for (guint i = 0; i < N_CHAINS; i++)
    acc[i] = _mm512_setzero_ps ();
  start = g_get_monotonic_time ();
  for (guint round = 0; round < N_ROUNDS; round++)
    {
#pragma GCC unroll 12
      for (guint i = 0; i < N_CHAINS; i++)
        {
          if (bf16)
            acc[i] = _mm512_dpbf16_ps (acc[i], (__m512bh) bits, (__m512bh) bits);
          else
            acc[i] = _mm512_fmadd_ps ((__m512) bits, (__m512) bits, acc[i]);
          __asm__ volatile ("" : "+v" (acc[i]));
        }
    }
  start = g_get_monotonic_time () - start;
#pragma GCC unroll 12
  for (guint i = 0; i < N_CHAINS; i++)
    sink += _mm512_cvtss_f32 (acc[i]);
  return sink < 0.0f ? 0.0 : MAX (start, 1) * 1e-6;
}

#endif

/* The best of several tries, taken in turns, so that neither a busy computer nor a rising clock favours one side. */
double
ESHI_CPU_NAME (eshi_cpu_bf16_gain) (void)
{
#if ESHI_NATIVE_BF16
  double f32 = G_MAXDOUBLE;
  double bf16 = G_MAXDOUBLE;

  for (guint i = 0; i < N_TRIES; i++)
    {
      f32 = MIN (f32, time_multiply_adds (FALSE));
      bf16 = MIN (bf16, time_multiply_adds (TRUE));
    }
  return 2.0 * f32 / bf16;
#else
  return 0.0;
#endif
}

const EshiCpuKernels ESHI_CPU_NAME (eshi_cpu_kernels) = {
  .name = ESHI_CPU_VARIANT_TITLE,
#if defined (__F16C__)
  .f16 = TRUE,
#endif
  .activation = ESHI_CPU_NAME (eshi_cpu_activation),
  .convert = ESHI_CPU_NAME (eshi_cpu_convert),
  .widen = ESHI_CPU_NAME (eshi_cpu_widen),
  .guidance = ESHI_CPU_NAME (eshi_cpu_guidance),
  .geglu = ESHI_CPU_NAME (eshi_cpu_geglu),
  .group_norm_bytes = ESHI_CPU_NAME (eshi_cpu_group_norm_bytes),
  .group_norm = ESHI_CPU_NAME (eshi_cpu_group_norm),
  .layer_norm = ESHI_CPU_NAME (eshi_cpu_layer_norm),
  .attention_bytes = ESHI_CPU_NAME (eshi_cpu_attention_bytes),
  .attention = ESHI_CPU_NAME (eshi_cpu_attention),
  .gemv = ESHI_CPU_NAME (eshi_cpu_gemv),
  .panel = ESHI_PANEL,
  .product = ESHI_CPU_NAME (eshi_cpu_product),
  .winograd_bytes = ESHI_CPU_NAME (eshi_cpu_winograd_bytes),
  .winograd = ESHI_CPU_NAME (eshi_cpu_winograd),
  .bf16_gain = ESHI_CPU_NAME (eshi_cpu_bf16_gain),
};
