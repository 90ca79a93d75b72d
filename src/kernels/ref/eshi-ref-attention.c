/* eshi-ref-attention.c: ATTENTION, one query of one head at a time: scores, softmax, weighted sum of the values.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-ref-backend.h"

/* One row of scores and one of sums. */
static gboolean
prepare_attention (EshiRefBackend  *self,
                   const EshiOp    *op,
                   EshiRefPlan     *plan,
                   GError         **error)
{
  gint64 n_keys = op->src[ESHI_SRC_K]->shape.dim[1];
  gint64 n_channels = op->dst->shape.dim[2] / op->attention.heads;

  return _eshi_ref_reserve (self, (gsize) (n_keys + n_channels), error);
}

/* In place; the largest is subtracted so that nothing overflows. */
static void
softmax (double *scores,
         gint64  n)
{
  double largest = scores[0];
  double sum = 0;

  for (gint64 i = 1; i < n; i++)
    largest = MAX (largest, scores[i]);
  for (gint64 i = 0; i < n; i++)
    {
      scores[i] = exp (scores[i] - largest);
      sum += scores[i];
    }
  for (gint64 i = 0; i < n; i++)
    scores[i] /= sum;
}

/* @q, @dst: [d]; @k, @v: [n_keys, d] with rows @stride apart; @scratch: [n_keys + d] */
static void
attend (float       *dst,
        const float *q,
        const float *k,
        const float *v,
        gint64       n_keys,
        gint64       d,
        gint64       stride,
        double       scale,
        double      *scratch)
{
  double *scores = scratch;
  double *sums = scratch + n_keys;

  for (gint64 s = 0; s < n_keys; s++)
    {
      double dot = 0;

      for (gint64 c = 0; c < d; c++)
        dot += (double) q[c] * k[s * stride + c];
      scores[s] = dot * scale;
    }
  softmax (scores, n_keys);

  memset (sums, 0, (gsize) d * sizeof *sums);
  for (gint64 s = 0; s < n_keys; s++)
    for (gint64 c = 0; c < d; c++)
      sums[c] += scores[s] * v[s * stride + c];

  for (gint64 c = 0; c < d; c++)
    dst[c] = (float) sums[c];
}

static gboolean
run_attention (EshiRefBackend  *self,
               const EshiOp    *op,
               GError         **error)
{
  const float *q = _eshi_ref_data (op->src[ESHI_SRC_Q]);
  const float *k = _eshi_ref_data (op->src[ESHI_SRC_K]);
  const float *v = _eshi_ref_data (op->src[ESHI_SRC_V]);
  float *dst = _eshi_ref_data (op->dst);
  const gint64 *dim = op->dst->shape.dim;
  gint64 n_all = op->src[ESHI_SRC_K]->shape.dim[1];
  gint64 d = dim[2] / op->attention.heads;

  for (gint64 n = 0; n < dim[0]; n++)
    for (gint64 h = 0; h < op->attention.heads; h++)
      for (gint64 t = 0; t < dim[1]; t++)
        {
          gint64 query = (n * dim[1] + t) * dim[2] + h * d;
          gint64 keys = n * n_all * dim[2] + h * d;
          gint64 n_keys = op->attention.causal ? t + 1 : n_all;

          attend (dst + query, q + query, k + keys, v + keys, n_keys, d, dim[2], op->attention.scale, self->scratch);
        }

  return TRUE;
}

const EshiRefKernel _eshi_ref_attention = {
  .prepare = prepare_attention,
  .run = run_attention,
};
