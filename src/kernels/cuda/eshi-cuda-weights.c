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

/* Elements that are converted at a time where the order stays: what fits in a half of the staging memory. */
#define PIECE_ELEMENTS (1024 * 1024)

/* One row of [co, ci, taps] → [co, taps, ci] */
static void
order_by_tap (float       *dst,
              const float *src,
              gint64       n_in,
              gint64       n_taps)
{
  for (gint64 in = 0; in < n_in; in++)
    for (gint64 tap = 0; tap < n_taps; tap++)
      dst[tap * n_in + in] = src[in * n_taps + tap];
}

/* Elements @first to @first + @n of @weight, whole rows where @key wants them by tap, into @dst. @values: room for 2·@n. */
static void
convert_piece (const EshiTensor     *weight,
               const EshiCudaWeight *key,
               gsize                 first,
               gsize                 n,
               float                *values,
               void                 *dst)
{
  const char *src = (const char *) weight->data + first * eshi_dtype_size (weight->dtype);
  gint64 n_taps = key->by_tap ? weight->shape.dim[2] * weight->shape.dim[3] : 1;

  if (key->from == key->to && n_taps == 1)
    {
      memcpy (dst, src, n * eshi_dtype_size (key->to));
      return;
    }
  eshi_convert_to_f32 (values, src, weight->dtype, n);
  if (n_taps > 1)
    {
      gsize row = (gsize) (weight->shape.dim[1] * n_taps);

      for (gsize i = 0; i < n; i += row)
        order_by_tap (values + n + i, values + i, weight->shape.dim[1], n_taps);
      values += n;
    }
  eshi_convert_from_f32 (dst, key->to, values, n);
}

/* Elements of a piece: whole rows where they are put in another order. */
static gsize
get_piece (const EshiTensor     *weight,
           const EshiCudaWeight *key)
{
  gsize n = (gsize) eshi_tensor_count (weight);
  gsize row = key->by_tap ? n / (gsize) weight->shape.dim[0] : 1;

  return MIN (n, MAX (PIECE_ELEMENTS / row, 1) * row);
}

/* The next piece is converted, and read from its file, while the last one travels. */
static gboolean
send_pieces (EshiCudaBackend   *self,
             EshiCudaWeight    *key,
             const EshiTensor  *weight,
             float             *values,
             GError           **error)
{
  gsize n = (gsize) eshi_tensor_count (weight);
  gsize size = eshi_dtype_size (key->to);
  gsize piece = get_piece (weight, key);

  for (gsize first = 0; first < n; first += piece)
    {
      gsize n_now = MIN (piece, n - first);
      void *place = _eshi_cuda_stage (self, n_now * size, error);

      if (place == NULL)
        return FALSE;
      convert_piece (weight, key, first, n_now, values, place);
      if (!_eshi_cuda_send_staged (self, key->address + first * size, n_now * size, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
upload_weight (EshiCudaBackend   *self,
               EshiCudaWeight    *key,
               const EshiTensor  *weight,
               GError           **error)
{
  g_autofree float *values = g_try_new (float, 2 * get_piece (weight, key));

  if (values == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                   _("The computer has too little memory to convert the model's weights. Close other programs."));
      return FALSE;
    }
  key->address = _eshi_cuda_memory (self, (gsize) eshi_tensor_count (weight) * eshi_dtype_size (key->to), error);
  if (key->address == 0)
    return FALSE;
  if (send_pieces (self, key, weight, values, error))
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
