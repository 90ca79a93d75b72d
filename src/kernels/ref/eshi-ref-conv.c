/* eshi-ref-conv.c: CONV2D, for eight pixels at a time and tap by tap; pixels in the padding are skipped.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-ref-backend.h"

/* The channels of the pixel of image @n under tap (@ky, @kx) of output pixel (@y, @x); NULL in the padding. */
static const float *
source_pixel (const EshiOp *op,
              gint64        n,
              gint64        y,
              gint64        x,
              gint64        ky,
              gint64        kx)
{
  const EshiTensor *src = op->src[ESHI_SRC_X];
  const gint64 *dim = src->shape.dim;
  gint64 scale = op->conv.doubled ? 2 : 1;
  gint64 sy = y * op->conv.stride + ky - op->conv.top;
  gint64 sx = x * op->conv.stride + kx - op->conv.left;

  if (sy < 0 || sy >= scale * dim[1] || sx < 0 || sx >= scale * dim[2])
    return NULL;

  return (const float *) _eshi_ref_data (src) + ((n * dim[1] + sy / scale) * dim[2] + sx / scale) * dim[3];
}

/* dst[pixel] = sums + bias + embedding + residual */
static void
write_pixel (const EshiOp *op,
             gint64        pixel,
             const double *sums)
{
  const EshiRefPlan *plan = op->plan;
  const EshiTensor *embedding = op->src[ESHI_SRC_EMBEDDING];
  const EshiTensor *residual = op->src[ESHI_SRC_RESIDUAL];
  gint64 n_out = op->dst->shape.dim[3];
  float *dst = (float *) _eshi_ref_data (op->dst) + pixel * n_out;
  const float *added = embedding != NULL ? _eshi_ref_data (embedding) : NULL;
  const float *rest = residual != NULL ? (const float *) _eshi_ref_data (residual) + pixel * n_out : NULL;

  for (gint64 c = 0; c < n_out; c++)
    {
      double sum = sums[c];

      if (plan->bias != NULL)
        sum += plan->bias[c];
      if (added != NULL)
        sum += added[c];
      if (rest != NULL)
        sum += rest[c];
      dst[c] = (float) sum;
    }
}

static gboolean
run_conv2d (EshiRefBackend  *self,
            const EshiOp    *op,
            GError         **error)
{
  const EshiRefPlan *plan = op->plan;
  const gint64 *kernel = op->src[ESHI_SRC_WEIGHT]->shape.dim;
  const gint64 *dim = op->dst->shape.dim;
  gint64 n_pixels = dim[0] * dim[1] * dim[2];
  gint64 stride = plan->matrix->n_tiles * ESHI_REF_COLUMNS;

  for (gint64 first = 0; first < n_pixels; first += ESHI_REF_ROWS)
    {
      gint64 n_rows = MIN (ESHI_REF_ROWS, n_pixels - first);

      memset (self->scratch, 0, ESHI_REF_ROWS * (gsize) stride * sizeof *self->scratch);
      for (gint64 tap = 0; tap < plan->matrix->n_taps; tap++)
        {
          const float *rows[ESHI_REF_ROWS] = { NULL };

          for (gint64 r = 0; r < n_rows; r++)
            rows[r] = source_pixel (op, (first + r) / (dim[1] * dim[2]), (first + r) / dim[2] % dim[1],
                                    (first + r) % dim[2], tap / kernel[3], tap % kernel[3]);
          _eshi_ref_matrix_accumulate (plan->matrix, tap, rows, self->scratch);
        }

      for (gint64 r = 0; r < n_rows; r++)
        write_pixel (op, first + r, self->scratch + r * stride);
    }

  return TRUE;
}

const EshiRefKernel _eshi_ref_conv2d = {
  .prepare = _eshi_ref_matrix_prepare,
  .run = run_conv2d,
};
