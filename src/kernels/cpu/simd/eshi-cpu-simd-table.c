/* eshi-cpu-simd-table.c: one variant's table, and the measurement of its bf16 instruction.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-simd-table.h"
#include "eshi-cpu-simd.h"

#if ESHI_NATIVE_BF16

#define N_ROUNDS 4000
#define N_TRIES  50 /* two milliseconds: for some hundred microseconds a core that wakes up may multiply slower */

/* Twelve independent multiply-adds of 1.0 or two of them, which is the same bits, in registers. In assembly: where the
 * compiler keeps a sum in memory, as it does for a sanitizer or without optimising, all cost what loads and stores do. */
#define ON_EACH(instruction)                                                                                          \
  instruction " %%zmm0, %%zmm0, %%zmm1\n\t" instruction " %%zmm0, %%zmm0, %%zmm2\n\t"                                 \
  instruction " %%zmm0, %%zmm0, %%zmm3\n\t" instruction " %%zmm0, %%zmm0, %%zmm4\n\t"                                 \
  instruction " %%zmm0, %%zmm0, %%zmm5\n\t" instruction " %%zmm0, %%zmm0, %%zmm6\n\t"                                 \
  instruction " %%zmm0, %%zmm0, %%zmm7\n\t" instruction " %%zmm0, %%zmm0, %%zmm8\n\t"                                 \
  instruction " %%zmm0, %%zmm0, %%zmm9\n\t" instruction " %%zmm0, %%zmm0, %%zmm10\n\t"                                \
  instruction " %%zmm0, %%zmm0, %%zmm11\n\t" instruction " %%zmm0, %%zmm0, %%zmm12\n\t"

#define REPEAT(instruction, rounds)                                                                                   \
  __asm__ volatile ("vpbroadcastd %[one], %%zmm0\n\t"                                                                 \
                    ON_EACH ("vpxord")                                                                                \
                    "1:\n\t" ON_EACH (instruction) "dec %[n]\n\t"                                                     \
                    "jnz 1b"                                                                                          \
                    : [n] "+r" (rounds)                                                                               \
                    : [one] "r" (0x3f803f80)                                                                          \
                    : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",  \
                      "xmm11", "xmm12")

/* Seconds for N_ROUNDS of them. */
static double
time_multiply_adds (gboolean bf16)
{
  guint rounds = N_ROUNDS;
  gint64 start = g_get_monotonic_time ();

  if (bf16)
    REPEAT ("vdpbf16ps", rounds);
  else
    REPEAT ("vfmadd231ps", rounds);
  return MAX (g_get_monotonic_time () - start, 1) * 1e-6;
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
      double f32_now = time_multiply_adds (FALSE); /* MIN() would have it measured twice */
      double bf16_now = time_multiply_adds (TRUE);

      f32 = MIN (f32, f32_now);
      bf16 = MIN (bf16, bf16_now);
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
