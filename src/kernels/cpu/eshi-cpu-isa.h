/* eshi-cpu-isa.h: what this processor can do, by its CPUID bits and never by its name.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  ESHI_CPU_BASE,        /* SSE4.1 on x86-64, whatever the compiler assumes elsewhere */
  ESHI_CPU_AVX2,        /* with FMA and F16C */
  ESHI_CPU_AVX512,      /* F, BW, DQ, VL */
  ESHI_CPU_AVX512_BF16,
} EshiCpuLevel;

typedef struct
{
  EshiCpuLevel level;
  gboolean     amx_bf16;  /* granted by the kernel, too; oneDNN uses it, and so do our own loops */
  gboolean     limited;   /* by ESHI_CPU_ISA */
  char         name[128]; /* the processor's, for people */
} EshiCpuIsa;

/* FALSE where not even the lowest level is there. ESHI_CPU_ISA=base|avx2|avx512|avx512bf16 in the environment lowers the
 * level and forbids AMX, for tests. Cheap; the first call asks the kernel for AMX's registers, which holds for threads started later. */
gboolean eshi_cpu_isa_detect  (EshiCpuIsa *isa);

/* Physical cores that this process may run on, within its share of the control group; at least 1. */
guint    eshi_cpu_count_cores (void);

G_END_DECLS
