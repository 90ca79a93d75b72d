/* kernel-oracle.c: each op once more, element by element of dst, in double, as its definition reads.
 *
 * Shares no code and no loop order with the reference backend, which it judges. Slow; the cases are small.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>

#include "kernel-case.h"

/* A position in dst: up to four indices, the last one the channel. */
typedef struct
{
  gint64 n, h, w, c;
} Position;

static double
activate (double         x,
          EshiActivation act)
{
  switch (act)
    {
    case ESHI_ACT_SILU:
      return x * (1 / (1 + exp (-x)));
    case ESHI_ACT_QUICK_GELU:
      return x * (1 / (1 + exp (-1.702 * x)));
    case ESHI_ACT_GELU:
      return 0.5 * x * (1 + erf (x / sqrt (2)));
    case ESHI_ACT_RELU:
      return fmax (x, 0);
    case ESHI_ACT_NONE:
    case ESHI_N_ACTIVATIONS:
    default:
      return x;
    }
}

static double
or_zero (const float *values,
         gint64       index)
{
  return values != NULL ? values[index] : 0;
}

static double
conv2d (const KernelData *data,
        Position          p,
        gint64            index)
{
  const EshiConvParams *conv = &data->op.conv;
  const gint64 *x = data->src[ESHI_SRC_X].shape.dim;
  const gint64 *w = data->src[ESHI_SRC_WEIGHT].shape.dim;
  gint64 scale = conv->doubled ? 2 : 1;
  double sum = or_zero (data->values[ESHI_SRC_BIAS], p.c) + or_zero (data->values[ESHI_SRC_EMBEDDING], p.c) +
               or_zero (data->values[ESHI_SRC_RESIDUAL], index);

  for (gint64 i = 0; i < w[1]; i++)
    for (gint64 ky = 0; ky < w[2]; ky++)
      for (gint64 kx = 0; kx < w[3]; kx++)
        {
          gint64 sy = p.h * conv->stride + ky - conv->top;
          gint64 sx = p.w * conv->stride + kx - conv->left;

          if (sy >= 0 && sy < scale * x[1] && sx >= 0 && sx < scale * x[2])
            sum += (double) data->values[ESHI_SRC_X][((p.n * x[1] + sy / scale) * x[2] + sx / scale) * x[3] + i] * data->values[ESHI_SRC_WEIGHT][((p.c * w[1] + i) * w[2] + ky) * w[3] + kx];
        }

  return sum;
}

/* Row @row of x times row @o of the weight, plus the bias. */
static double
dot (const KernelData *data,
     gint64            row,
     gint64            o)
{
  gint64 n = data->src[ESHI_SRC_WEIGHT].shape.dim[1];
  double sum = or_zero (data->values[ESHI_SRC_BIAS], o);

  for (gint64 i = 0; i < n; i++)
    sum += (double) data->values[ESHI_SRC_X][row * n + i] * data->values[ESHI_SRC_WEIGHT][o * n + i];

  return sum;
}

static double
norm (const KernelData *data,
      gint64            first,
      gint64            n_rows,
      gint64            n_columns,
      gint64            stride,
      gint64            index,
      gint64            channel)
{
  const float *x = data->values[ESHI_SRC_X];
  double n = (double) (n_rows * n_columns);
  double sum = 0;
  double squares = 0;
  double value = 0;
  double mean = 0;

  for (gint64 r = 0; r < n_rows; r++)
    for (gint64 c = 0; c < n_columns; c++)
      sum += x[first + r * stride + c];
  mean = sum / n;
  for (gint64 r = 0; r < n_rows; r++)
    for (gint64 c = 0; c < n_columns; c++)
      squares += (x[first + r * stride + c] - mean) * (x[first + r * stride + c] - mean);

  value = (x[index] - mean) / sqrt (squares / n + data->op.norm.eps);
  value = value * data->values[ESHI_SRC_WEIGHT][channel] + data->values[ESHI_SRC_BIAS][channel];

  return activate (value, data->op.act);
}

static double
group_norm (const KernelData *data,
            Position          p,
            gint64            index)
{
  const gint64 *dim = data->dst.shape.dim;
  gint64 width = dim[3] / data->op.norm.groups;
  gint64 first = p.n * dim[1] * dim[2] * dim[3] + p.c / width * width;

  return norm (data, first, dim[1] * dim[2], width, dim[3], index, p.c);
}

static double
attention (const KernelData *data,
           gint64            n,
           gint64            t,
           gint64            c)
{
  const EshiAttentionParams *params = &data->op.attention;
  gint64 width = data->dst.shape.dim[2];
  gint64 d = width / params->heads;
  gint64 n_queries = data->dst.shape.dim[1];
  gint64 n_keys = data->src[ESHI_SRC_K].shape.dim[1];
  const float *q = data->values[ESHI_SRC_Q] + (n * n_queries + t) * width + c / d * d;
  double largest = -INFINITY;
  double above = 0;
  double below = 0;

  for (guint pass = 0; pass < 2; pass++)
    for (gint64 s = 0; s < n_keys && (!params->causal || s <= t); s++)
      {
        const float *k = data->values[ESHI_SRC_K] + (n * n_keys + s) * width + c / d * d;
        double score = 0;

        for (gint64 i = 0; i < d; i++)
          score += (double) q[i] * k[i];
        score *= params->scale;

        if (pass == 0)
          {
            largest = fmax (largest, score);
            continue;
          }
        above += exp (score - largest) * data->values[ESHI_SRC_V][(n * n_keys + s) * width + c];
        below += exp (score - largest);
      }

  return above / below;
}

static double
upsample (const KernelData *data,
          Position          p)
{
  const gint64 *from = data->src[ESHI_SRC_X].shape.dim;
  const gint64 *to = data->dst.shape.dim;
  gint64 sy = (gint64) floor ((double) (p.h * from[1]) / (double) to[1]);
  gint64 sx = (gint64) floor ((double) (p.w * from[2]) / (double) to[2]);

  return data->values[ESHI_SRC_X][((p.n * from[1] + sy) * from[2] + sx) * from[3] + p.c];
}

static double
concat (const KernelData *data,
        Position          p)
{
  const gint64 *dim = data->dst.shape.dim;
  gint64 n_x = data->src[ESHI_SRC_X].shape.dim[3];
  gint64 pixel = (p.n * dim[1] + p.h) * dim[2] + p.w;

  if (p.c < n_x)
    return data->values[ESHI_SRC_X][pixel * n_x + p.c];

  return data->values[ESHI_SRC_Y][pixel * (dim[3] - n_x) + p.c - n_x];
}

static double
latents_to_rgb (const KernelData *data,
                gint64            index)
{
  double sum = data->op.rgb.bias[index % 3] + 1;

  for (guint i = 0; i < 4; i++)
    sum += (double) data->values[ESHI_SRC_X][index / 3 * 4 + i] * data->op.rgb.matrix[i][index % 3];

  return fmin (fmax (sum / 2, 0), 1);
}

static double
time_embedding (const KernelData *data,
                gint64            index)
{
  gint64 dim = data->dst.shape.dim[1];
  gint64 k = index % dim % (dim / 2);
  double angle = data->values[ESHI_SRC_X][index / dim] * pow (10000, -(double) k / ((double) dim / 2));

  return index % dim < dim / 2 ? cos (angle) : sin (angle);
}

static double
element (const KernelData *data,
         gint64            index)
{
  const EshiShape *shape = &data->dst.shape;
  const gint64 *dim = shape->dim;
  const float *x = data->values[ESHI_SRC_X];
  gint64 c = index % dim[shape->rank - 1];
  gint64 row = index / dim[shape->rank - 1];
  gint64 n = eshi_shape_count (shape);
  Position p = { row / (dim[1] * dim[2]), row / dim[2] % dim[1], row % dim[2], c };

  switch (data->op.kind)
    {
    case ESHI_OP_CONV2D:
      return conv2d (data, p, index);
    case ESHI_OP_LINEAR:
      return activate (dot (data, row, c), data->op.act) + or_zero (data->values[ESHI_SRC_RESIDUAL], index);
    case ESHI_OP_GEGLU:
      return dot (data, row, c) * activate (dot (data, row, c + dim[shape->rank - 1]), ESHI_ACT_GELU);
    case ESHI_OP_GROUP_NORM:
      return group_norm (data, p, index);
    case ESHI_OP_LAYER_NORM:
      return norm (data, index - c, 1, dim[shape->rank - 1], 0, index, c);
    case ESHI_OP_ATTENTION:
      return attention (data, row / dim[1], row % dim[1], c);
    case ESHI_OP_UPSAMPLE:
      return upsample (data, p);
    case ESHI_OP_CONCAT:
      return concat (data, p);
    case ESHI_OP_EMBEDDING:
      return (double) data->values[ESHI_SRC_TABLE][(gint64) x[row] * dim[2] + c] +
             data->values[ESHI_SRC_POSITIONS][row % dim[1] * dim[2] + c];
    case ESHI_OP_TIME_EMBEDDING:
      return time_embedding (data, index);
    case ESHI_OP_ACTIVATION:
      return activate (x[index], data->op.act);
    case ESHI_OP_CONVERT:
      return x[index];
    case ESHI_OP_GUIDANCE:
      return x[index] + (double) data->values[ESHI_SRC_SCALE][0] * (x[n + index] - (double) x[index]);
    case ESHI_OP_LATENTS_TO_RGB:
      return latents_to_rgb (data, index);
    case ESHI_OP_IMAGE_TO_U8:
      return nearbyint (fmin (fmax (x[index] / 2.0 + 0.5, 0), 1) * 255);
    case ESHI_N_OPS:
    default:
      g_assert_not_reached ();
    }
}

double *
kernel_oracle (const KernelData *data)
{
  gint64 n = eshi_tensor_count (&data->dst);
  double *result = g_new (double, (gsize) n);

  for (gint64 i = 0; i < n; i++)
    result[i] = element (data, i);

  return result;
}
