/* eshi-cpu-memory.c: see eshi-cpu-memory.h.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-memory.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE (2 * 1024 * 1024)

/* Elements converted at a time, each block by one thread. */
#define CONVERT_BLOCK 65536

struct _EshiCpuPacked
{
  /* What it was made from. Weights outlive their users, so an address names one weight. */
  const void *source;
  EshiDType   dtype;
  GBytes     *form;

  void       *data;
  gsize       bytes;
  guint       n_users;
};

struct _EshiCpuWeights
{
  GHashTable *packed; /* a set of EshiCpuPacked */
};

void *
eshi_cpu_memory_alloc (gsize    size,
                       GError **error)
{
  gsize alignment = size >= 2 * HUGE_PAGE ? HUGE_PAGE : 64;
  void *data = NULL;

  if (size > G_MAXSSIZE - HUGE_PAGE || posix_memalign (&data, alignment, MAX (size, 64)) != 0)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                   _("The computer has too little memory: %" PRIu64 " MiB could not be had."),
                   (guint64) size >> 20);
      return NULL;
    }
  if (alignment == HUGE_PAGE)
    madvise (data, size, MADV_HUGEPAGE);
  return data;
}

static guint
packed_hash (gconstpointer key)
{
  const EshiCpuPacked *packed = key;

  return g_direct_hash (packed->source) ^ g_bytes_hash (packed->form);
}

static gboolean
packed_equal (gconstpointer a,
              gconstpointer b)
{
  const EshiCpuPacked *x = a;
  const EshiCpuPacked *y = b;

  return x->source == y->source && x->dtype == y->dtype && x->bytes == y->bytes && g_bytes_equal (x->form, y->form);
}

static void
packed_free (gpointer data)
{
  EshiCpuPacked *packed = data;

  g_bytes_unref (packed->form);
  free (packed->data);
  g_free (packed);
}

EshiCpuWeights *
eshi_cpu_weights_new (void)
{
  EshiCpuWeights *self = g_new0 (EshiCpuWeights, 1);

  self->packed = g_hash_table_new_full (packed_hash, packed_equal, packed_free, NULL);
  return self;
}

void
eshi_cpu_weights_free (EshiCpuWeights *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->packed);
  g_free (self);
}

EshiCpuPacked *
eshi_cpu_weights_get (EshiCpuWeights    *self,
                      const EshiTensor  *weight,
                      GBytes            *form,
                      gsize              bytes,
                      EshiCpuPackFunc    pack,
                      gpointer           user_data,
                      GError           **error)
{
  EshiCpuPacked key = { .source = weight->data, .dtype = weight->dtype, .form = form, .bytes = bytes };
  EshiCpuPacked *packed = g_hash_table_lookup (self->packed, &key);
  void *data = NULL;

  if (packed != NULL)
    {
      packed->n_users++;
      return packed;
    }
  data = eshi_cpu_memory_alloc (bytes, error);
  if (data == NULL)
    return NULL;
  if (!pack (weight, data, user_data, error))
    {
      free (data);
      return NULL;
    }
  packed = g_new (EshiCpuPacked, 1);
  *packed = key;
  packed->form = g_bytes_ref (form);
  packed->data = data;
  packed->n_users = 1;
  g_hash_table_add (self->packed, packed);
  return packed;
}

static gboolean
pack_f32 (const EshiTensor  *weight,
          void              *dst,
          gpointer           user_data,
          GError           **error)
{
  gsize n = eshi_tensor_count (weight);
  gsize size = eshi_dtype_size (weight->dtype);

#pragma omp parallel for schedule(static)
  for (gsize i = 0; i < n; i += CONVERT_BLOCK)
    eshi_convert_to_f32 ((float *) dst + i, (const char *) weight->data + i * size, weight->dtype,
                         MIN (CONVERT_BLOCK, n - i));
  return TRUE;
}

EshiCpuPacked *
eshi_cpu_weights_get_f32 (EshiCpuWeights    *self,
                          const EshiTensor  *weight,
                          GError           **error)
{
  g_autoptr(GBytes) form = g_bytes_new_static ("f32", 3);

  return eshi_cpu_weights_get (self, weight, form, eshi_tensor_count (weight) * sizeof (float), pack_f32, NULL, error);
}

static gboolean
pack_copy (const EshiTensor  *weight,
           void              *dst,
           gpointer           user_data,
           GError           **error)
{
  memcpy (dst, weight->data, eshi_tensor_bytes (weight));
  return TRUE;
}

EshiCpuPacked *
eshi_cpu_weights_get_copy (EshiCpuWeights    *self,
                           const EshiTensor  *weight,
                           GError           **error)
{
  g_autoptr(GBytes) form = g_bytes_new_static ("copy", 4);

  return eshi_cpu_weights_get (self, weight, form, eshi_tensor_bytes (weight), pack_copy, NULL, error);
}

void
eshi_cpu_weights_release (EshiCpuWeights *self,
                          EshiCpuPacked  *packed)
{
  if (packed == NULL)
    return;
  g_assert (packed->n_users > 0);
  packed->n_users--;
  if (packed->n_users > 0)
    return;
  g_hash_table_remove (self->packed, packed);
}

const void *
eshi_cpu_packed_data (const EshiCpuPacked *packed)
{
  return packed != NULL ? packed->data : NULL;
}
