/* test-amx-pack.c: blocks of weights for AMX against the definition of their layout in eshi-cpu-amx-pack.h, number by number.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "amx/eshi-cpu-amx-pack.h"
#include "eshi-cpu-isa.h"

#define LANES 32
#define GAP 5 /* elements between one column and the next that are not theirs */

typedef struct
{
  EshiDType dtype;
  gsize     n_taps;
} Case;

static const Case cases[] = {
  { ESHI_DTYPE_F16, 1 },  { ESHI_DTYPE_F16, 4 },  { ESHI_DTYPE_F16, 9 },  { ESHI_DTYPE_BF16, 1 }, { ESHI_DTYPE_BF16, 9 },
  { ESHI_DTYPE_F32, 1 },  { ESHI_DTYPE_F32, 4 },  { ESHI_DTYPE_F32, 9 },  { ESHI_DTYPE_F64, 1 },  { ESHI_DTYPE_F64, 9 },
};

/* @n elements of @dtype at @dst, all of them different where the type allows it, of either sign. */
static void
fill (guint8    *dst,
      EshiDType  dtype,
      gsize      n)
{
  for (gsize i = 0; i < n; i++)
    {
      float value = ((float) (i % 30011) - 15000.0f) / 4096.0f;

      if (dtype == ESHI_DTYPE_F64)
        memcpy (dst + i * sizeof (double), &(double) { value / 3.0 }, sizeof (double));
      else
        eshi_convert_from_f32 (dst + i * eshi_dtype_size (dtype), dtype, &value, 1);
    }
}

/* The bf16 that belongs to tap @t of term @term of the column at @column. */
static guint16
expect (const guint8 *column,
        EshiDType     dtype,
        gsize         n_taps,
        gsize         term,
        gsize         t)
{
  float value = 0;
  guint16 half = 0;

  eshi_convert_to_f32 (&value, column + (term * n_taps + t) * eshi_dtype_size (dtype), dtype, 1);
  eshi_convert_from_f32 (&half, ESHI_DTYPE_BF16, &value, 1);
  return half;
}

static void
check (const guint16       *packed,
       const guint8 *const  src[2],
       gsize                stride,
       const Case          *c)
{
  gsize at = 0;

  for (gsize t = 0; t < c->n_taps; t++)
    for (gsize b = 0; b < 2; b++)
      for (gsize r = 0; r < 16; r++)
        for (gsize column = 0; column < 16; column++)
          for (gsize j = 0; j < 2; j++)
            {
              const guint8 *from = src[b] + column * stride * eshi_dtype_size (c->dtype);

              g_assert_cmphex (packed[at++], ==, expect (from, c->dtype, c->n_taps, 2 * r + j, t));
            }
}

/* From an odd address, as weight files may have it, with the second half of the columns before the first. */
static void
test_block (gconstpointer data)
{
  const Case *c = data;
  gsize stride = LANES * c->n_taps + GAP;
  gsize n = LANES * stride;
  gsize size = eshi_dtype_size (c->dtype);
  g_autofree guint8 *weight = g_malloc (1 + n * size);
  const guint8 *src[2] = { weight + 1 + 16 * stride * size, weight + 1 };
  const void *const halves[2] = { src[0], src[1] };
  gsize bytes = c->n_taps * LANES * LANES * sizeof (guint16);
  guint16 *packed = NULL;
  EshiCpuIsa isa;

  if (!eshi_cpu_isa_detect (&isa) || !isa.amx_bf16)
    {
      g_test_skip ("this processor has no AMX");
      return;
    }
  packed = aligned_alloc (64, bytes + 64);
  memset (packed, 0xab, bytes + 64);
  fill (weight + 1, c->dtype, n);
  eshi_cpu_amx_pack_block (packed, halves, stride, c->dtype, c->n_taps);
  check (packed, src, stride, c);
  g_assert_cmphex (packed[bytes / sizeof (guint16)], ==, 0xabab);
  free (packed);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/amx-pack/%s-%u-taps", eshi_dtype_name (cases[i].dtype),
                                               (guint) cases[i].n_taps);

      g_test_add_data_func (path, &cases[i], test_block);
    }
  return g_test_run ();
}
