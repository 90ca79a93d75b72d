/* eshi-ref-misc.c: the ops without weights to prepare: moving, looking up, and arithmetic element by element.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-ref-backend.h"

static gboolean
run_upsample (EshiRefBackend  *self,
              const EshiOp    *op,
              GError         **error)
{
  const gint64 *from = op->src[ESHI_SRC_X]->shape.dim;
  const gint64 *to = op->dst->shape.dim;
  const float *src = _eshi_ref_data (op->src[ESHI_SRC_X]);
  float *dst = _eshi_ref_data (op->dst);

  for (gint64 n = 0; n < to[0]; n++)
    for (gint64 y = 0; y < to[1]; y++)
      for (gint64 x = 0; x < to[2]; x++)
        {
          gint64 sy = y * from[1] / to[1];
          gint64 sx = x * from[2] / to[2];

          memcpy (dst + ((n * to[1] + y) * to[2] + x) * to[3], src + ((n * from[1] + sy) * from[2] + sx) * from[3],
                  (gsize) to[3] * sizeof *dst);
        }

  return TRUE;
}

static gboolean
run_concat (EshiRefBackend  *self,
            const EshiOp    *op,
            GError         **error)
{
  const float *x = _eshi_ref_data (op->src[ESHI_SRC_X]);
  const float *y = _eshi_ref_data (op->src[ESHI_SRC_Y]);
  float *dst = _eshi_ref_data (op->dst);
  gint64 n_x = op->src[ESHI_SRC_X]->shape.dim[3];
  gint64 n_y = op->src[ESHI_SRC_Y]->shape.dim[3];
  gint64 n_pixels = eshi_tensor_count (op->dst) / (n_x + n_y);

  for (gint64 p = 0; p < n_pixels; p++)
    {
      memcpy (dst + p * (n_x + n_y), x + p * n_x, (gsize) n_x * sizeof *dst);
      memcpy (dst + p * (n_x + n_y) + n_x, y + p * n_y, (gsize) n_y * sizeof *dst);
    }

  return TRUE;
}

/* @n elements of row @row of weight @table, [.., n], in f32. */
static void
read_row (float            *dst,
          const EshiTensor *table,
          gint64            row,
          gint64            n)
{
  gsize offset = (gsize) (row * n) * eshi_dtype_size (table->dtype);

  eshi_convert_to_f32 (dst, (const guint8 *) table->data + offset, table->dtype, (gsize) n);
}

/* One row of positions, as f32. */
static gboolean
prepare_embedding (EshiRefBackend  *self,
                   const EshiOp    *op,
                   EshiRefPlan     *plan,
                   GError         **error)
{
  return _eshi_ref_reserve (self, (gsize) op->dst->shape.dim[2], error);
}

static gboolean
run_embedding (EshiRefBackend  *self,
               const EshiOp    *op,
               GError         **error)
{
  const EshiTensor *table = op->src[ESHI_SRC_TABLE];
  const gint32 *ids = _eshi_ref_data (op->src[ESHI_SRC_X]);
  const gint64 *dim = op->dst->shape.dim;
  float *dst = _eshi_ref_data (op->dst);
  float *position = (float *) self->scratch;

  for (gint64 i = 0; i < dim[0] * dim[1]; i++)
    {
      if (ids[i] < 0 || ids[i] >= table->shape.dim[0])
        {
          g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                       _("The model has no token number %d. The tokenizer does not belong to this model."), ids[i]);
          return FALSE;
        }

      read_row (dst + i * dim[2], table, ids[i], dim[2]);
      read_row (position, op->src[ESHI_SRC_POSITIONS], i % dim[1], dim[2]);
      for (gint64 c = 0; c < dim[2]; c++)
        dst[i * dim[2] + c] += position[c];
    }

  return TRUE;
}

static gboolean
run_time_embedding (EshiRefBackend  *self,
                    const EshiOp    *op,
                    GError         **error)
{
  const float *t = _eshi_ref_data (op->src[ESHI_SRC_X]);
  float *dst = _eshi_ref_data (op->dst);
  gint64 half = op->dst->shape.dim[1] / 2;

  for (gint64 n = 0; n < op->dst->shape.dim[0]; n++)
    for (gint64 k = 0; k < half; k++)
      {
        double angle = t[n] * exp (-log (10000) * (double) k / (double) half);

        dst[n * 2 * half + k] = (float) cos (angle);
        dst[n * 2 * half + half + k] = (float) sin (angle);
      }

  return TRUE;
}

static gboolean
run_activation (EshiRefBackend  *self,
                const EshiOp    *op,
                GError         **error)
{
  const float *src = _eshi_ref_data (op->src[ESHI_SRC_X]);
  float *dst = _eshi_ref_data (op->dst);
  gint64 n = eshi_tensor_count (op->dst);

  for (gint64 i = 0; i < n; i++)
    dst[i] = (float) _eshi_ref_activate (src[i], op->act);

  return TRUE;
}

/* f32 to f32: why_not has refused the rest. */
static gboolean
run_convert (EshiRefBackend  *self,
             const EshiOp    *op,
             GError         **error)
{
  memcpy (_eshi_ref_data (op->dst), _eshi_ref_data (op->src[ESHI_SRC_X]), eshi_tensor_bytes (op->dst));

  return TRUE;
}

static gboolean
run_guidance (EshiRefBackend  *self,
              const EshiOp    *op,
              GError         **error)
{
  const float *scale = _eshi_ref_data (op->src[ESHI_SRC_SCALE]);
  const float *uncond = _eshi_ref_data (op->src[ESHI_SRC_X]);
  float *dst = _eshi_ref_data (op->dst);
  gint64 n = eshi_tensor_count (op->dst);

  for (gint64 i = 0; i < n; i++)
    dst[i] = uncond[i] + *scale * (uncond[n + i] - uncond[i]);

  return TRUE;
}

static gboolean
run_latents_to_rgb (EshiRefBackend  *self,
                    const EshiOp    *op,
                    GError         **error)
{
  const float *src = _eshi_ref_data (op->src[ESHI_SRC_X]);
  float *dst = _eshi_ref_data (op->dst);
  gint64 n_pixels = eshi_tensor_count (op->dst) / 3;

  for (gint64 p = 0; p < n_pixels; p++)
    for (guint c = 0; c < 3; c++)
      {
        double sum = op->rgb.bias[c];

        for (guint i = 0; i < 4; i++)
          sum += (double) src[4 * p + i] * op->rgb.matrix[i][c];
        dst[3 * p + c] = (float) CLAMP ((sum + 1) / 2, 0, 1);
      }

  return TRUE;
}

/* In f32, as the reference's pipeline does it; a pixel that is not a number becomes black. */
static gboolean
run_image_to_u8 (EshiRefBackend  *self,
                 const EshiOp    *op,
                 GError         **error)
{
  const float *src = _eshi_ref_data (op->src[ESHI_SRC_X]);
  guint8 *dst = _eshi_ref_data (op->dst);
  gint64 n = eshi_tensor_count (op->dst);

  for (gint64 i = 0; i < n; i++)
    {
      float value = src[i] / 2 + 0.5f;

      dst[i] = value > 0 ? (guint8) rintf (255 * MIN (value, 1.0f)) : 0;
    }

  return TRUE;
}

const EshiRefKernel _eshi_ref_upsample = { .run = run_upsample };
const EshiRefKernel _eshi_ref_concat = { .run = run_concat };
const EshiRefKernel _eshi_ref_embedding = { .prepare = prepare_embedding, .run = run_embedding };
const EshiRefKernel _eshi_ref_time_embedding = { .run = run_time_embedding };
const EshiRefKernel _eshi_ref_activation = { .run = run_activation };
const EshiRefKernel _eshi_ref_convert = { .run = run_convert };
const EshiRefKernel _eshi_ref_guidance = { .run = run_guidance };
const EshiRefKernel _eshi_ref_latents_to_rgb = { .run = run_latents_to_rgb };
const EshiRefKernel _eshi_ref_image_to_u8 = { .run = run_image_to_u8 };
