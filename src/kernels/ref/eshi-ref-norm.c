/* eshi-ref-norm.c: GROUP_NORM and LAYER_NORM: mean and variance in double, in two passes.
 *
 * A layer norm is a group norm of one pixel and one group, so both are the same function. The statistics are complete
 * before the first element is written, so dst may share x's memory.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-ref-backend.h"

/* Normalises @n_pixels rows of @n_channels, which lie @stride apart, with statistics over all of them. */
static void
normalise (float          *dst,
           const float    *src,
           gint64          n_pixels,
           gint64          n_channels,
           gint64          stride,
           const float    *weight,
           const float    *bias,
           double          eps,
           EshiActivation  act)
{
  double n = (double) (n_pixels * n_channels);
  double mean = 0;
  double variance = 0;
  double scale = 0;

  for (gint64 p = 0; p < n_pixels; p++)
    for (gint64 c = 0; c < n_channels; c++)
      mean += src[p * stride + c];
  mean /= n;

  for (gint64 p = 0; p < n_pixels; p++)
    for (gint64 c = 0; c < n_channels; c++)
      variance += (src[p * stride + c] - mean) * (src[p * stride + c] - mean);
  scale = 1 / sqrt (variance / n + eps);

  for (gint64 p = 0; p < n_pixels; p++)
    for (gint64 c = 0; c < n_channels; c++)
      {
        double value = (src[p * stride + c] - mean) * scale * weight[c] + bias[c];

        dst[p * stride + c] = (float) _eshi_ref_activate (value, act);
      }
}

static gboolean
prepare_norm (EshiRefBackend  *self,
              const EshiOp    *op,
              EshiRefPlan     *plan,
              GError         **error)
{
  return _eshi_ref_vector (&plan->weight, op->src[ESHI_SRC_WEIGHT], error) &&
         _eshi_ref_vector (&plan->bias, op->src[ESHI_SRC_BIAS], error);
}

static gboolean
run_group_norm (EshiRefBackend  *self,
                const EshiOp    *op,
                GError         **error)
{
  const EshiRefPlan *plan = op->plan;
  const gint64 *dim = op->dst->shape.dim;
  const float *src = _eshi_ref_data (op->src[ESHI_SRC_X]);
  float *dst = _eshi_ref_data (op->dst);
  gint64 n_pixels = dim[1] * dim[2];
  gint64 n_channels = dim[3] / op->norm.groups;

  for (gint64 n = 0; n < dim[0]; n++)
    for (gint64 g = 0; g < op->norm.groups; g++)
      {
        gint64 channel = g * n_channels;
        gint64 offset = n * n_pixels * dim[3] + channel;

        normalise (dst + offset, src + offset, n_pixels, n_channels, dim[3],
                   plan->weight + channel, plan->bias + channel, op->norm.eps, op->act);
      }

  return TRUE;
}

static gboolean
run_layer_norm (EshiRefBackend  *self,
                const EshiOp    *op,
                GError         **error)
{
  const EshiRefPlan *plan = op->plan;
  const float *src = _eshi_ref_data (op->src[ESHI_SRC_X]);
  float *dst = _eshi_ref_data (op->dst);
  gint64 n_channels = op->dst->shape.dim[op->dst->shape.rank - 1];
  gint64 n_rows = eshi_tensor_count (op->dst) / n_channels;

  for (gint64 r = 0; r < n_rows; r++)
    normalise (dst + r * n_channels, src + r * n_channels, 1, n_channels, n_channels,
               plan->weight, plan->bias, op->norm.eps, ESHI_ACT_NONE);

  return TRUE;
}

const EshiRefKernel _eshi_ref_group_norm = {
  .prepare = prepare_norm,
  .run = run_group_norm,
};

const EshiRefKernel _eshi_ref_layer_norm = {
  .prepare = prepare_norm,
  .run = run_layer_norm,
};
