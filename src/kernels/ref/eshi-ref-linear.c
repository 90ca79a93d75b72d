/* eshi-ref-linear.c: LINEAR and GEGLU, for eight rows at a time.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-ref-backend.h"

typedef void (*WriteFunc) (const EshiOp *op,
                           gint64        row,
                           gint64        n_out,
                           const double *sums);

/* dst[row] = act (sums + bias) + residual */
static void
write_linear (const EshiOp *op,
              gint64        row,
              gint64        n_out,
              const double *sums)
{
  const EshiRefPlan *plan = op->plan;
  const EshiTensor *residual = op->src[ESHI_SRC_RESIDUAL];
  const float *rest = residual != NULL ? (const float *) _eshi_ref_data (residual) + row * n_out : NULL;
  float *dst = (float *) _eshi_ref_data (op->dst) + row * n_out;

  for (gint64 c = 0; c < n_out; c++)
    {
      double value = sums[c] + (plan->bias != NULL ? plan->bias[c] : 0.0f);

      value = _eshi_ref_activate (value, op->act);
      dst[c] = (float) (value + (rest != NULL ? rest[c] : 0.0f));
    }
}

/* dst[row] = a · gelu (g), where [a, g] = sums + bias */
static void
write_geglu (const EshiOp *op,
             gint64        row,
             gint64        n_out,
             const double *sums)
{
  const EshiRefPlan *plan = op->plan;
  float *dst = (float *) _eshi_ref_data (op->dst) + row * n_out;

  for (gint64 c = 0; c < n_out; c++)
    {
      double value = sums[c] + plan->bias[c];
      double gate = sums[n_out + c] + plan->bias[n_out + c];

      dst[c] = (float) (value * _eshi_ref_activate (gate, ESHI_ACT_GELU));
    }
}

static void
run_rows (EshiRefBackend *self,
          const EshiOp   *op,
          WriteFunc       write)
{
  const EshiRefPlan *plan = op->plan;
  const float *x = _eshi_ref_data (op->src[ESHI_SRC_X]);
  gint64 n_in = plan->matrix->n_in;
  gint64 n_out = op->dst->shape.dim[op->dst->shape.rank - 1];
  gint64 n_all = eshi_tensor_count (op->dst) / n_out;
  gint64 stride = plan->matrix->n_tiles * ESHI_REF_COLUMNS;

  for (gint64 first = 0; first < n_all; first += ESHI_REF_ROWS)
    {
      const float *rows[ESHI_REF_ROWS] = { NULL };
      gint64 n_rows = MIN (ESHI_REF_ROWS, n_all - first);

      for (gint64 r = 0; r < n_rows; r++)
        rows[r] = x + (first + r) * n_in;

      memset (self->scratch, 0, ESHI_REF_ROWS * (gsize) stride * sizeof *self->scratch);
      _eshi_ref_matrix_accumulate (plan->matrix, 0, rows, self->scratch);
      for (gint64 r = 0; r < n_rows; r++)
        write (op, first + r, n_out, self->scratch + r * stride);
    }
}

static gboolean
run_linear (EshiRefBackend  *self,
            const EshiOp    *op,
            GError         **error)
{
  run_rows (self, op, write_linear);

  return TRUE;
}

static gboolean
run_geglu (EshiRefBackend  *self,
           const EshiOp    *op,
           GError         **error)
{
  run_rows (self, op, write_geglu);

  return TRUE;
}

const EshiRefKernel _eshi_ref_linear = {
  .prepare = _eshi_ref_matrix_prepare,
  .run = run_linear,
};

const EshiRefKernel _eshi_ref_geglu = {
  .prepare = _eshi_ref_matrix_prepare,
  .run = run_geglu,
};
