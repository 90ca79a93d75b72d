/* test-amx-product.c: what the op tests cannot see of the products on AMX's tiles: the error of their GELU, which is
 * coarser than f32's but finer than most roundings to bf16.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "amx/eshi-cpu-amx.h"
#include "eshi-cpu-isa.h"

#define GATES     8192
#define TERMS     32
#define RANGE     16.0
#define TOLERANCE 3e-5             /* as eshi-cpu-amx-product.c has it */
#define ROUNDING  (1.0 / (1 << 8)) /* of a value to bf16 */

static double
gelu (double x)
{
  return x / 2 * erfc (-x * M_SQRT1_2);
}

/* GEGLU of zero weights: the bias alone makes values of 1, and gates from −RANGE to RANGE. */
static guint16 *
run_gates (const float *bias)
{
  g_autofree guint16 *x = g_new0 (guint16, ESHI_CPU_AMX_ROWS * TERMS);
  g_autofree guint16 *weight = g_new0 (guint16, 2 * GATES * TERMS);
  guint16 *dst = g_new0 (guint16, ESHI_CPU_AMX_ROWS * GATES);
  EshiCpuAmxProduct product = { .x = x, .weight = weight, .bias = bias, .dst = dst, .m = ESHI_CPU_AMX_ROWS,
                                .k = TERMS, .n = GATES };

  eshi_cpu_amx_geglu (&product);
  return dst;
}

static void
test_gelu (void)
{
  g_autofree float *bias = g_new (float, 2 * GATES);
  g_autofree float *got = g_new (float, ESHI_CPU_AMX_ROWS * GATES);
  g_autofree guint16 *dst = NULL;
  EshiCpuIsa isa;

  if (!eshi_cpu_isa_detect (&isa) || !isa.amx_bf16)
    {
      g_test_skip ("this processor lacks the instructions");
      return;
    }
  for (gsize i = 0; i < GATES; i++)
    {
      bias[i] = 1.0f;
      bias[GATES + i] = (float) (RANGE * (2.0 * i / GATES - 1.0));
    }
  dst = run_gates (bias);
  eshi_convert_to_f32 (got, dst, ESHI_DTYPE_BF16, ESHI_CPU_AMX_ROWS * GATES);
  for (gsize i = 0; i < ESHI_CPU_AMX_ROWS * GATES; i++)
    {
      double expected = gelu (bias[GATES + i % GATES]);

      g_assert_cmpfloat (fabs (got[i] - expected), <=, fabs (expected) * ROUNDING + TOLERANCE);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/cpu/amx/gelu", test_gelu);
  return g_test_run ();
}
