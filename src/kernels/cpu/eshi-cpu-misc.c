/* eshi-cpu-misc.c: the ops that move data or look at one element at a time. None of them has a plan.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-backend.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

/* Elements that go through the stack at a time. */
#define CHUNK 256

static gboolean
is_bf16 (const EshiTensor *tensor)
{
  return tensor->dtype == ESHI_DTYPE_BF16;
}

static gboolean
activation_run (EshiCpuBackend  *self,
                const EshiOp    *op,
                GError         **error)
{
  self->kernels->activation (_eshi_cpu_data (op->dst), _eshi_cpu_data (op->src[ESHI_SRC_X]),
                             eshi_tensor_count (op->dst), op->act, is_bf16 (op->dst));
  return TRUE;
}

/* Between any two float types, by way of f32; for the rare ones. */
static void
convert_slowly (void       *dst,
                EshiDType   dst_dtype,
                const void *src,
                EshiDType   src_dtype,
                gsize       n)
{
  gsize dst_size = eshi_dtype_size (dst_dtype);
  gsize src_size = eshi_dtype_size (src_dtype);

#pragma omp parallel for schedule(static) if (n > ESHI_CPU_PARALLEL_MIN)
  for (gsize i = 0; i < n; i += CHUNK)
    {
      float chunk[CHUNK];
      gsize width = MIN (CHUNK, n - i);

      eshi_convert_to_f32 (chunk, (const char *) src + i * src_size, src_dtype, width);
      eshi_convert_from_f32 ((char *) dst + i * dst_size, dst_dtype, chunk, width);
    }
}

static gboolean
convert_run (EshiCpuBackend  *self,
             const EshiOp    *op,
             GError         **error)
{
  const EshiTensor *x = op->src[ESHI_SRC_X];
  void *dst = _eshi_cpu_data (op->dst);
  const void *src = _eshi_cpu_data (x);
  gsize n = eshi_tensor_count (x);

  if (op->dst->dtype == x->dtype)
    _eshi_cpu_copy (dst, src, eshi_tensor_bytes (x));
  else if (op->dst->dtype != ESHI_DTYPE_F16 && x->dtype != ESHI_DTYPE_F16)
    self->kernels->convert (dst, src, n, is_bf16 (op->dst));
  else
    convert_slowly (dst, op->dst->dtype, src, x->dtype, n);
  return TRUE;
}

static gboolean
guidance_run (EshiCpuBackend  *self,
              const EshiOp    *op,
              GError         **error)
{
  const char *x = _eshi_cpu_data (op->src[ESHI_SRC_X]);
  const float *scale = _eshi_cpu_data (op->src[ESHI_SRC_SCALE]);

  self->kernels->guidance (_eshi_cpu_data (op->dst), x, x + eshi_tensor_bytes (op->dst), *scale,
                           eshi_tensor_count (op->dst), is_bf16 (op->dst));
  return TRUE;
}

static gboolean
upsample_run (EshiCpuBackend  *self,
              const EshiOp    *op,
              GError         **error)
{
  const EshiTensor *x = op->src[ESHI_SRC_X];
  const gint64 *from = x->shape.dim;
  const gint64 *to = op->dst->shape.dim;
  gsize pixel = from[3] * eshi_dtype_size (x->dtype);
  const char *src = _eshi_cpu_data (x);
  char *dst = _eshi_cpu_data (op->dst);

#pragma omp parallel for schedule(static) if (to[0] * to[1] * to[2] * to[3] > ESHI_CPU_PARALLEL_MIN)
  for (gint64 row = 0; row < to[0] * to[1]; row++)
    {
      gint64 y = row % to[1] * from[1] / to[1];
      const char *line = src + (row / to[1] * from[1] + y) * from[2] * pixel;

      for (gint64 i = 0; i < to[2]; i++)
        memcpy (dst + (row * to[2] + i) * pixel, line + i * from[2] / to[2] * pixel, pixel);
    }
  return TRUE;
}

static gboolean
concat_run (EshiCpuBackend  *self,
            const EshiOp    *op,
            GError         **error)
{
  const EshiTensor *x = op->src[ESHI_SRC_X];
  const EshiTensor *y = op->src[ESHI_SRC_Y];
  gsize size = eshi_dtype_size (x->dtype);
  gsize bytes[] = { x->shape.dim[3] * size, y->shape.dim[3] * size };
  const char *sides[] = { _eshi_cpu_data (x), _eshi_cpu_data (y) };
  gsize pixels = eshi_tensor_count (x) / x->shape.dim[3];
  char *dst = _eshi_cpu_data (op->dst);

  /* By sides, too: what is repeated as a whole is a single pixel of many channels. */
#pragma omp parallel for schedule(static) if (pixels * (bytes[0] + bytes[1]) > ESHI_CPU_PARALLEL_MIN)
  for (gsize i = 0; i < 2 * pixels; i++)
    memcpy (dst + i / 2 * (bytes[0] + bytes[1]) + i % 2 * bytes[0], sides[i % 2] + i / 2 * bytes[i % 2], bytes[i % 2]);
  return TRUE;
}

/* dst[token] = table[id] + positions[position], in pieces that fit on the stack. */
static void
add_embedding (const EshiOp *op,
               gint64        token,
               gint64        id,
               gint64        position)
{
  const EshiTensor *table = op->src[ESHI_SRC_TABLE];
  const EshiTensor *positions = op->src[ESHI_SRC_POSITIONS];
  gint64 d = table->shape.dim[1];
  gsize table_size = eshi_dtype_size (table->dtype);
  gsize position_size = eshi_dtype_size (positions->dtype);
  char *dst = _eshi_cpu_data (op->dst);

  for (gint64 i = 0; i < d; i += CHUNK)
    {
      float sum[CHUNK];
      float offset[CHUNK];
      gsize n = MIN (CHUNK, d - i);

      eshi_convert_to_f32 (sum, (const char *) table->data + (id * d + i) * table_size, table->dtype, n);
      eshi_convert_to_f32 (offset, (const char *) positions->data + (position * d + i) * position_size,
                           positions->dtype, n);
      for (gsize j = 0; j < n; j++)
        sum[j] += offset[j];
      eshi_convert_from_f32 (dst + (token * d + i) * eshi_dtype_size (op->dst->dtype), op->dst->dtype, sum, n);
    }
}

static gboolean
embedding_run (EshiCpuBackend  *self,
               const EshiOp    *op,
               GError         **error)
{
  const EshiTensor *ids = op->src[ESHI_SRC_X];
  const gint32 *id = _eshi_cpu_data (ids);
  gint64 n_rows = op->src[ESHI_SRC_TABLE]->shape.dim[0];

  for (gint64 i = 0; i < eshi_tensor_count (ids); i++)
    {
      if (id[i] < 0 || id[i] >= n_rows)
        {
          g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("The model has no token number %d. The tokenizer does not belong to this model."), id[i]);
          return FALSE;
        }
      add_embedding (op, i, id[i], i % ids->shape.dim[1]);
    }
  return TRUE;
}

static gboolean
time_embedding_run (EshiCpuBackend  *self,
                    const EshiOp    *op,
                    GError         **error)
{
  const float *t = _eshi_cpu_data (op->src[ESHI_SRC_X]);
  gint64 half = op->dst->shape.dim[1] / 2;
  float *dst = _eshi_cpu_data (op->dst);

  for (gint64 n = 0; n < op->dst->shape.dim[0]; n++)
    for (gint64 k = 0; k < half; k++)
      {
        double angle = t[n] * exp (-log (10000.0) * (double) k / (double) half);

        dst[n * 2 * half + k] = (float) cos (angle);
        dst[n * 2 * half + half + k] = (float) sin (angle);
      }
  return TRUE;
}

static gboolean
latents_to_rgb_run (EshiCpuBackend  *self,
                    const EshiOp    *op,
                    GError         **error)
{
  const float *x = _eshi_cpu_data (op->src[ESHI_SRC_X]);
  float *dst = _eshi_cpu_data (op->dst);
  gint64 pixels = eshi_tensor_count (op->dst) / 3;

  for (gint64 i = 0; i < pixels; i++)
    for (guint c = 0; c < 3; c++)
      {
        float sum = op->rgb.bias[c] + 1.0f;

        for (guint k = 0; k < 4; k++)
          sum += x[4 * i + k] * op->rgb.matrix[k][c];
        dst[3 * i + c] = CLAMP (sum / 2.0f, 0.0f, 1.0f);
      }
  return TRUE;
}

/* Round half to even, as rintf() does in the default mode; what is not a number becomes black. */
static gboolean
image_to_u8_run (EshiCpuBackend  *self,
                 const EshiOp    *op,
                 GError         **error)
{
  const EshiTensor *x = op->src[ESHI_SRC_X];
  gsize size = eshi_dtype_size (x->dtype);
  const char *src = _eshi_cpu_data (x);
  guint8 *dst = _eshi_cpu_data (op->dst);
  gsize n = eshi_tensor_count (x);

#pragma omp parallel for schedule(static) if (n > ESHI_CPU_PARALLEL_MIN)
  for (gsize i = 0; i < n; i += CHUNK)
    {
      float chunk[CHUNK];
      gsize width = MIN (CHUNK, n - i);

      eshi_convert_to_f32 (chunk, src + i * size, x->dtype, width);
      for (gsize j = 0; j < width; j++)
        {
          float value = chunk[j] / 2.0f + 0.5f;

          dst[i + j] = value > 0.0f ? (guint8) rintf (255.0f * MIN (value, 1.0f)) : 0;
        }
    }
  return TRUE;
}

const EshiCpuRow _eshi_cpu_upsample = { .run = upsample_run };
const EshiCpuRow _eshi_cpu_concat = { .run = concat_run };
const EshiCpuRow _eshi_cpu_embedding = { .run = embedding_run };
const EshiCpuRow _eshi_cpu_time_embedding = { .run = time_embedding_run };
const EshiCpuRow _eshi_cpu_activation = { .run = activation_run };
const EshiCpuRow _eshi_cpu_convert = { .run = convert_run };
const EshiCpuRow _eshi_cpu_guidance = { .run = guidance_run };
const EshiCpuRow _eshi_cpu_latents_to_rgb = { .run = latents_to_rgb_run };
const EshiCpuRow _eshi_cpu_image_to_u8 = { .run = image_to_u8_run };
