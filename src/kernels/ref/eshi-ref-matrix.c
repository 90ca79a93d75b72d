/* eshi-ref-matrix.c: weights as tiles of f32, and the one loop that multiplies by them.
 *
 * Tiles let eight rows meet 32 output channels while both stay in the first-level cache; the inner loop runs along
 * them with a constant count. Nothing here knows what the rows are: pixels, tokens or vectors.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "eshi-ref-backend.h"

/* Scatters row @o of the weight, [ci, kh · kw] f32, over the tiles. */
static void
scatter_row (EshiRefMatrix *matrix,
             gint64         o,
             const float   *row)
{
  gint64 tile = o / ESHI_REF_COLUMNS;
  gint64 column = o % ESHI_REF_COLUMNS;

  for (gint64 tap = 0; tap < matrix->n_taps; tap++)
    {
      float *dst = matrix->tiles + (tap * matrix->n_tiles + tile) * matrix->n_in * ESHI_REF_COLUMNS + column;

      for (gint64 i = 0; i < matrix->n_in; i++)
        dst[i * ESHI_REF_COLUMNS] = row[i * matrix->n_taps + tap];
    }
}

static EshiRefMatrix *
make_matrix (const EshiTensor  *weight,
             GError           **error)
{
  const gint64 *dim = weight->shape.dim;
  gsize n_row = (gsize) (dim[1] * dim[2] * dim[3]);
  gint64 n_tiles = (dim[0] + ESHI_REF_COLUMNS - 1) / ESHI_REF_COLUMNS;
  g_autofree float *row = g_try_new (float, n_row);
  gsize n_all = n_row * (gsize) (n_tiles * ESHI_REF_COLUMNS);
  g_autofree float *tiles = g_try_new0 (float, n_all);
  EshiRefMatrix *matrix = NULL;

  if (row == NULL || tiles == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                   _("There is not enough memory for the model. Close other programs, or use a smaller model."));
      return NULL;
    }

  matrix = g_new0 (EshiRefMatrix, 1);
  matrix->n_taps = dim[2] * dim[3];
  matrix->n_in = dim[1];
  matrix->n_tiles = n_tiles;
  matrix->tiles = g_steal_pointer (&tiles);
  for (gint64 o = 0; o < dim[0]; o++)
    {
      gsize offset = (gsize) o * n_row * eshi_dtype_size (weight->dtype);

      eshi_convert_to_f32 (row, (const guint8 *) weight->data + offset, weight->dtype, n_row);
      scatter_row (matrix, o, row);
    }

  return matrix;
}

EshiRefMatrix *
_eshi_ref_matrix_ref (EshiRefBackend    *self,
                      const EshiTensor  *weight,
                      GError           **error)
{
  EshiRefMatrix *matrix = g_hash_table_lookup (self->matrices, weight);

  if (matrix == NULL)
    {
      matrix = make_matrix (weight, error);
      if (matrix == NULL)
        return NULL;
      g_hash_table_insert (self->matrices, (gpointer) weight, matrix);
    }
  matrix->n_users++;

  return matrix;
}

static gboolean
is_value (gpointer key,
          gpointer value,
          gpointer wanted)
{
  return value == wanted;
}

void
_eshi_ref_matrix_unref (EshiRefBackend *self,
                        EshiRefMatrix  *matrix)
{
  if (matrix == NULL || --matrix->n_users > 0)
    return;

  g_hash_table_foreach_remove (self->matrices, is_value, matrix);
  g_free (matrix->tiles);
  g_free (matrix);
}

gboolean
_eshi_ref_matrix_prepare (EshiRefBackend  *self,
                          const EshiOp    *op,
                          EshiRefPlan     *plan,
                          GError         **error)
{
  plan->matrix = _eshi_ref_matrix_ref (self, op->src[ESHI_SRC_WEIGHT], error);

  return plan->matrix != NULL &&
         _eshi_ref_vector (&plan->bias, op->src[ESHI_SRC_BIAS], error) &&
         _eshi_ref_reserve (self, ESHI_REF_ROWS * (gsize) plan->matrix->n_tiles * ESHI_REF_COLUMNS, error);
}

/* sums[r, 0..31] += rows[r] · tile; tile: [n_in, 32], sums: rows @stride apart. */
static void
accumulate_tile (const float        *tile,
                 gint64              n_in,
                 const float *const  rows[ESHI_REF_ROWS],
                 double             *sums,
                 gint64              stride)
{
  for (gint64 i = 0; i < n_in; i++)
    for (guint r = 0; r < ESHI_REF_ROWS; r++)
      {
        double x = 0;
        double *sum = sums + r * stride;

        if (rows[r] == NULL)
          continue;

        x = rows[r][i];
        for (guint c = 0; c < ESHI_REF_COLUMNS; c++)
          sum[c] += x * tile[i * ESHI_REF_COLUMNS + c];
      }
}

void
_eshi_ref_matrix_accumulate (const EshiRefMatrix *matrix,
                             gint64               tap,
                             const float *const   rows[ESHI_REF_ROWS],
                             double              *sums)
{
  for (gint64 t = 0; t < matrix->n_tiles; t++)
    accumulate_tile (matrix->tiles + (tap * matrix->n_tiles + t) * matrix->n_in * ESHI_REF_COLUMNS, matrix->n_in,
                     rows, sums + t * ESHI_REF_COLUMNS, matrix->n_tiles * ESHI_REF_COLUMNS);
}
