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
#include <unistd.h>

#define HUGE_PAGE (2 * 1024 * 1024)

/* A model of SD 1's size in f32 needs 4.3 GB for its weights and 1 GB for 512 × 512; the rest is for everybody else. */
#define AMPLE_MEMORY (G_GUINT64_CONSTANT (10) << 30)

/* What is asked for at least: an address range, which costs nothing until it is used, and is enough for SD 1's weights. */
#define SCRATCH_BYTES (64 * 1024 * 1024)

/* Elements converted at a time, each block by one thread. */
#define CONVERT_BLOCK 65536

struct _EshiCpuPacked
{
  /* What it was made from. Weights outlive their users, so an address names one weight. */
  const void *source;
  EshiDType   dtype;
  GBytes     *form;

  void       *data;
  gsize       bytes;       /* of the form */
  gboolean    is_narrow;   /* @data are the form's f32 values as @dtype, which loses nothing */
  guint       n_users;
};

struct _EshiCpuWeights
{
  GHashTable *packed;      /* a set of EshiCpuPacked */
  gboolean    save_memory;
  void       *scratch;
  gsize       scratch_bytes;
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

/* Bytes that programs may have without others being swapped out; G_MAXUINT64 if the system does not say. */
static guint64
available_memory (void)
{
  g_autofree char *text = NULL;
  const char *line = NULL;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return G_MAXUINT64;
  line = strstr (text, "MemAvailable:");
  return line != NULL ? g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) * 1024 : G_MAXUINT64;
}

gboolean
eshi_cpu_memory_is_scarce (void)
{
  const char *wish = g_getenv ("ESHI_CPU_WEIGHTS");

  if (wish != NULL)
    return g_str_equal (wish, "narrow");
  return available_memory () < AMPLE_MEMORY;
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
eshi_cpu_weights_new (gboolean save_memory)
{
  EshiCpuWeights *self = g_new0 (EshiCpuWeights, 1);

  self->save_memory = save_memory;
  self->packed = g_hash_table_new_full (packed_hash, packed_equal, packed_free, NULL);
  return self;
}

void
eshi_cpu_weights_free (EshiCpuWeights *self)
{
  if (self == NULL)
    return;
  eshi_cpu_weights_drop_scratch (self);
  g_hash_table_unref (self->packed);
  g_free (self);
}

void *
eshi_cpu_weights_scratch (EshiCpuWeights  *self,
                          gsize            bytes,
                          GError         **error)
{
  if (bytes <= self->scratch_bytes)
    return self->scratch;
  eshi_cpu_weights_drop_scratch (self);
  bytes = MAX (bytes, SCRATCH_BYTES);
  self->scratch = eshi_cpu_memory_alloc (bytes, error);
  if (self->scratch != NULL)
    self->scratch_bytes = bytes;
  return self->scratch;
}

void
eshi_cpu_weights_drop_scratch (EshiCpuWeights *self)
{
  g_clear_pointer (&self->scratch, free);
  self->scratch_bytes = 0;
}

gboolean
eshi_cpu_weights_save_memory (EshiCpuWeights *self)
{
  return self->save_memory;
}

/* Whole pages of a mapped file that nobody will soon read again. */
static void
give_up_pages (const EshiTensor *weight)
{
  gsize page = sysconf (_SC_PAGESIZE);
  gsize begin = ((gsize) weight->data + page - 1) / page * page;
  gsize end = ((gsize) weight->data + eshi_tensor_bytes (weight)) / page * page;

  if (weight->mapped && begin < end)
    madvise ((void *) begin, end - begin, MADV_DONTNEED);
}

/* @weight in its form, which @pack writes; NULL on failure. */
static void *
pack_new (const EshiTensor  *weight,
          gsize              bytes,
          EshiCpuPackFunc    pack,
          gpointer           user_data,
          GError           **error)
{
  void *data = eshi_cpu_memory_alloc (bytes, error);

  if (data == NULL)
    return NULL;
  if (!pack (weight, data, user_data, error))
    {
      free (data);
      return NULL;
    }
  give_up_pages (weight);
  return data;
}

static EshiCpuPacked *
add_packed (EshiCpuWeights      *self,
            const EshiCpuPacked *key,
            void                *data)
{
  EshiCpuPacked *packed = g_new (EshiCpuPacked, 1);

  *packed = *key;
  packed->form = g_bytes_ref (key->form);
  packed->data = data;
  packed->n_users = 1;
  g_hash_table_add (self->packed, packed);
  return packed;
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
  data = pack_new (weight, bytes, pack, user_data, error);
  return data != NULL ? add_packed (self, &key, data) : NULL;
}

/* The f32 values @data as @dtype, in memory of half the size; @data is freed. */
static void *
narrow (float      *data,
        gsize       n,
        EshiDType   dtype,
        GError    **error)
{
  guint16 *half = eshi_cpu_memory_alloc (n * sizeof *half, error);

  if (half != NULL)
#pragma omp parallel for schedule(static)
    for (gsize i = 0; i < n; i += CONVERT_BLOCK)
      eshi_convert_from_f32 (half + i, dtype, data + i, MIN (CONVERT_BLOCK, n - i));
  free (data);
  return half;
}

EshiCpuPacked *
eshi_cpu_weights_get_wide (EshiCpuWeights    *self,
                           const EshiTensor  *weight,
                           GBytes            *form,
                           gsize              bytes,
                           EshiCpuPackFunc    pack,
                           gpointer           user_data,
                           GError           **error)
{
  EshiCpuPacked key = { .source = weight->data, .dtype = weight->dtype, .form = form, .bytes = bytes,
                        .is_narrow = TRUE };
  EshiCpuPacked *packed = g_hash_table_lookup (self->packed, &key);
  void *data = NULL;

  if (packed != NULL || !self->save_memory || eshi_dtype_size (weight->dtype) != sizeof (guint16))
    return eshi_cpu_weights_get (self, weight, form, bytes, pack, user_data, error);
  data = pack_new (weight, bytes, pack, user_data, error);
  if (data != NULL)
    data = narrow (data, bytes / sizeof (float), weight->dtype, error);
  return data != NULL ? add_packed (self, &key, data) : NULL;
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

gsize
eshi_cpu_packed_narrow_count (const EshiCpuPacked *packed)
{
  return packed != NULL && packed->is_narrow ? packed->bytes / sizeof (float) : 0;
}

EshiDType
eshi_cpu_packed_narrow_dtype (const EshiCpuPacked *packed)
{
  return packed->dtype;
}
