/* eshi-cpu-tiles.c: see eshi-cpu-tiles.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-tiles.h"

#include <string.h>

#define BLOCK_COLUMNS 32 /* of the weight, side by side in a packed block */
#define TILE_COLUMNS  16
#define TILE_TERMS    32
#define TILE_VALUES   (TILE_COLUMNS * TILE_TERMS)

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

/* Column @column of a block, the weight's row @row, to @block. */
static void
pack_column (const EshiTensor *weight,
             guint16          *block,
             gsize             column,
             gsize             row,
             gsize             k)
{
  const char *src = (const char *) weight->data + row * k * eshi_dtype_size (weight->dtype);
  guint16 *dst = block + column / TILE_COLUMNS * TILE_VALUES + column % TILE_COLUMNS * 2;

  for (gsize i = 0; i < k; i += TILE_TERMS)
    {
      float terms[TILE_TERMS];
      guint16 half[TILE_TERMS];

      eshi_convert_to_f32 (terms, src + i * eshi_dtype_size (weight->dtype), weight->dtype, TILE_TERMS);
      eshi_convert_from_f32 (half, ESHI_DTYPE_BF16, terms, TILE_TERMS);
      for (gsize j = 0; j < TILE_TERMS; j++)
        dst[i / TILE_TERMS * 2 * TILE_VALUES + j / 2 * 2 * TILE_COLUMNS + j % 2] = half[j];
    }
}

/* @interleaved: the second half of a block's columns is as far down in the weight as its own half. */
static void
pack_blocks (const EshiTensor *weight,
             guint16          *dst,
             gboolean          interleaved)
{
  gsize n = weight->shape.dim[0];
  gsize k = eshi_tensor_count (weight) / n;

#pragma omp parallel for schedule(static)
  for (gsize block = 0; block < n / BLOCK_COLUMNS; block++)
    for (gsize column = 0; column < BLOCK_COLUMNS; column++)
      {
        gsize row = block * BLOCK_COLUMNS + column;

        if (interleaved)
          row = column / TILE_COLUMNS * (n / 2) + block * TILE_COLUMNS + column % TILE_COLUMNS;
        pack_column (weight, dst + block * BLOCK_COLUMNS * k, column, row, k);
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
