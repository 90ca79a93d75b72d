/* eshi-cpu-tile-product.c: see eshi-cpu-tile-product.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-tile-product.h"

#include <string.h>

#define BLOCK_COLUMNS 32 /* of the weight, side by side in a packed block */
#define TILE_COLUMNS  16
#define TILE_TERMS    32
#define TILE_VALUES   (TILE_COLUMNS * TILE_TERMS)
#define PACK_TERMS    256

gboolean
_eshi_cpu_tiles_suit (const EshiCpuBackend *self,
                      EshiDType             dtype,
                      gsize                 m,
                      gsize                 k,
                      gsize                 n)
{
  return self->isa.amx_bf16 && dtype == ESHI_DTYPE_BF16 && m >= ESHI_CPU_AMX_ROWS && k % TILE_TERMS == 0 &&
         n % BLOCK_COLUMNS == 0;
}

/* The terms @begin … @begin + @n of a block's column @column, the weight's row @row, to @block. */
static void
pack_terms (const EshiTensor *weight,
            guint16          *block,
            gsize             column,
            gsize             row,
            gsize             begin,
            gsize             n)
{
  gsize k = eshi_tensor_count (weight) / weight->shape.dim[0];
  const char *src = (const char *) weight->data + (row * k + begin) * eshi_dtype_size (weight->dtype);
  guint16 *dst = block + column / TILE_COLUMNS * TILE_VALUES + column % TILE_COLUMNS * 2;
  float terms[PACK_TERMS];
  guint16 half[PACK_TERMS];

  eshi_convert_to_f32 (terms, src, weight->dtype, n);
  eshi_convert_from_f32 (half, ESHI_DTYPE_BF16, terms, n);
  for (gsize i = 0; i < n; i += 2)
    {
      gsize term = begin + i;

      memcpy (dst + term / TILE_TERMS * 2 * TILE_VALUES + term % TILE_TERMS * TILE_COLUMNS, half + i, 2 * sizeof *half);
    }
}

/* @interleaved: the second half of a block's columns is as far down in the weight as its own half. A few terms of all
 * columns at a time: their tiles stay in the first cache. */
static void
pack_blocks (const EshiTensor *weight,
             guint16          *dst,
             gboolean          interleaved)
{
  gsize n = weight->shape.dim[0];
  gsize k = eshi_tensor_count (weight) / n;
  gsize n_parts = (k + PACK_TERMS - 1) / PACK_TERMS;

#pragma omp parallel for schedule(static)
  for (gsize task = 0; task < n / BLOCK_COLUMNS * n_parts; task++)
    for (gsize column = 0; column < BLOCK_COLUMNS; column++)
      {
        gsize block = task / n_parts;
        gsize begin = task % n_parts * PACK_TERMS;
        gsize row = block * BLOCK_COLUMNS + column;

        if (interleaved)
          row = column / TILE_COLUMNS * (n / 2) + block * TILE_COLUMNS + column % TILE_COLUMNS;
        pack_terms (weight, dst + block * BLOCK_COLUMNS * k, column, row, begin, MIN (PACK_TERMS, k - begin));
      }
}

static gboolean
pack_linear (const EshiTensor  *weight,
             void              *dst,
             gpointer           user_data,
             GError           **error)
{
  pack_blocks (weight, dst, FALSE);
  return TRUE;
}

static gboolean
pack_geglu (const EshiTensor  *weight,
            void              *dst,
            gpointer           user_data,
            GError           **error)
{
  pack_blocks (weight, dst, TRUE);
  return TRUE;
}

EshiCpuPacked *
_eshi_cpu_tiles_pack (EshiCpuBackend    *self,
                      const EshiTensor  *weight,
                      gboolean           geglu,
                      GError           **error)
{
  const char *name = geglu ? "tiles of values and gates" : "tiles";
  g_autoptr(GBytes) form = g_bytes_new_static (name, strlen (name));

  return eshi_cpu_weights_get (self->weights, weight, form, eshi_tensor_count (weight) * sizeof (guint16),
                               geglu ? pack_geglu : pack_linear, NULL, error);
}

void
_eshi_cpu_tiles_run (const EshiCpuAmxProduct *product,
                     gboolean                 geglu)
{
#if defined (__x86_64__)
  if (geglu)
    eshi_cpu_amx_geglu (product);
  else
    eshi_cpu_amx_product (product);
#else
  g_assert_not_reached (); /* _eshi_cpu_tiles_suit() has said no */
#endif
}
