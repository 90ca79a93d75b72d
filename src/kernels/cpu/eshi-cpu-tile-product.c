/* eshi-cpu-tile-product.c: see eshi-cpu-tile-product.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "amx/eshi-cpu-amx-pack.h"
#include "eshi-cpu-tile-product.h"

#define BLOCK_COLUMNS 32 /* of the weight, side by side in a packed block */
#define TILE_COLUMNS  16
#define TILE_TERMS    32

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

/* @interleaved: the second half of a block's columns is as far down in the weight as its own half. */
static void
pack_blocks (const EshiTensor *weight,
             guint16          *dst,
             gboolean          interleaved)
{
#if defined (__x86_64__)
  gsize n = weight->shape.dim[0];
  gsize k = eshi_tensor_count (weight) / n;
  gsize size = eshi_dtype_size (weight->dtype);
  gsize step = interleaved ? TILE_COLUMNS : BLOCK_COLUMNS;
  gsize apart = interleaved ? n / 2 : TILE_COLUMNS;

#pragma omp parallel for schedule(static)
  for (gsize block = 0; block < n / BLOCK_COLUMNS; block++)
    for (gsize i = 0; i < k; i += TILE_TERMS)
      {
        const char *src = (const char *) weight->data + (block * step * k + i) * size;
        const void *const halves[2] = { src, src + apart * k * size };

        eshi_cpu_amx_pack_block (dst + block * BLOCK_COLUMNS * k + i * BLOCK_COLUMNS, halves, k, weight->dtype, 1);
      }
#endif
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
