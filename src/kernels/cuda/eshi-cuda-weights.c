/* eshi-cuda-weights.c: weights on the device, converted once and shared by every op that wants the same form.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-cuda-backend.h"

guint
_eshi_cuda_weight_hash (gconstpointer key)
{
  const EshiCudaWeight *weight = key;

  return g_direct_hash (weight->source) ^ (guint) weight->to;
}

gboolean
_eshi_cuda_weight_equal (gconstpointer a,
                         gconstpointer b)
{
  const EshiCudaWeight *x = a;
  const EshiCudaWeight *y = b;

  return x->source == y->source && x->n == y->n && x->from == y->from && x->to == y->to && x->by_tap == y->by_tap;
}

/* [co, ci, taps] → [co, taps, ci] */
static float *
order_by_tap (const float     *src,
              const EshiShape *shape)
{
  gint64 n_taps = shape->dim[2] * shape->dim[3];
  gint64 n_in = shape->dim[1];
  float *dst = g_try_new (float, (gsize) eshi_shape_count (shape));

  if (dst == NULL)
    return NULL;
  for (gint64 row = 0; row < shape->dim[0]; row++)
    for (gint64 in = 0; in < n_in; in++)
      for (gint64 tap = 0; tap < n_taps; tap++)
        dst[(row * n_taps + tap) * n_in + in] = src[(row * n_in + in) * n_taps + tap];
  return dst;
}

/* @weight's elements in the form that @key wants, on the host; NULL where memory is short. */
static void *
convert_weight (const EshiTensor     *weight,
                const EshiCudaWeight *key)
{
  gsize n = (gsize) eshi_tensor_count (weight);
  g_autofree float *values = g_try_new (float, n);
  void *bytes = g_try_malloc (n * eshi_dtype_size (key->to));

  if (values != NULL)
    eshi_convert_to_f32 (values, weight->data, weight->dtype, n);
  if (values != NULL && key->by_tap)
    {
      float *ordered = order_by_tap (values, &weight->shape);

      g_free (values);
      values = ordered;
    }
  if (values == NULL || bytes == NULL)
    {
      g_free (bytes);
      return NULL;
    }
  eshi_convert_from_f32 (bytes, key->to, values, n);
  return bytes;
}

static gboolean
upload_weight (EshiCudaBackend   *self,
               EshiCudaWeight    *key,
               const EshiTensor  *weight,
               GError           **error)
{
  gsize size = (gsize) eshi_tensor_count (weight) * eshi_dtype_size (key->to);
  g_autofree void *bytes = convert_weight (weight, key);

  if (bytes == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                   _("The computer has too little memory to convert the model's weights. Close other programs."));
      return FALSE;
    }
  key->address = _eshi_cuda_memory (self, size, error);
  if (key->address == 0)
    return FALSE;
  if (_eshi_cuda_check (self, self->libs->cu.to_device (key->address, bytes, size, self->stream), error))
    return TRUE;
  self->libs->cu.mem_free (key->address);
  return FALSE;
}

gboolean
_eshi_cuda_weight_get (EshiCudaBackend   *self,
                       EshiCudaWeight   **dst,
                       const EshiTensor  *weight,
                       EshiDType          dtype,
                       gboolean           by_tap,
                       GError           **error)
{
  EshiCudaWeight key = { 0 };

  *dst = NULL;
  if (weight == NULL)
    return TRUE;
  key.source = weight->data;
  key.n = eshi_tensor_count (weight);
  key.from = weight->dtype;
  key.to = dtype;
  key.by_tap = by_tap;
  *dst = g_hash_table_lookup (self->weights, &key);
  if (*dst == NULL)
    {
      if (!upload_weight (self, &key, weight, error))
        return FALSE;
      *dst = g_memdup2 (&key, sizeof key);
      g_hash_table_add (self->weights, *dst);
    }
  (*dst)->n_users++;
  return TRUE;
}

void
_eshi_cuda_weight_release (EshiCudaBackend *self,
                           EshiCudaWeight  *weight)
{
  if (weight == NULL)
    return;
  weight->n_users--;
  if (weight->n_users > 0)
    return;
  self->libs->cu.mem_free (weight->address);
  g_hash_table_remove (self->weights, weight);
}
