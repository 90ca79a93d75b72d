/* eshi-safetensors.c: maps a safetensors file, checks every row of its table against the bytes that are there.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-safetensors-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

struct _EshiSafetensors
{
  char       *file;     /* what messages call it */
  GBytes     *bytes;
  int         fd;       /* -1 for bytes that are in memory */
  GArray     *items;    /* of EshiSafetensorsItem, by place */
  GHashTable *by_name;  /* name → item; both borrowed from items */
  GHashTable *metadata;
};

static void
item_clear (gpointer data)
{
  EshiSafetensorsItem *item = data;

  g_free (item->name);
  g_clear_pointer (&item->tensor, eshi_tensor_free);
}

static int
item_compare (gconstpointer a,
              gconstpointer b)
{
  const EshiSafetensorsItem *x = a;
  const EshiSafetensorsItem *y = b;

  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return 0;
}

void
eshi_safetensors_free (EshiSafetensors *self)
{
  if (self == NULL)
    return;

  g_clear_pointer (&self->by_name, g_hash_table_unref);
  g_clear_pointer (&self->items, g_array_unref);
  g_clear_pointer (&self->metadata, g_hash_table_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->file);
  g_free (self);
}

/* Bytes that @item's shape and type take; FALSE if that overflows or is no whole number of bytes. */
static gboolean
item_get_bytes (const EshiSafetensorsItem *item,
                guint64                   *n_bytes)
{
  guint64 bits = item->type->bits;

  for (guint i = 0; i < item->rank; i++)
    {
      if (item->dim[i] > G_MAXINT64 || !g_uint64_checked_mul (&bits, bits, item->dim[i]))
        return FALSE;
    }

  *n_bytes = bits / 8;
  return bits % 8 == 0;
}

/* The tensor of @item, unless no op could read it. */
static void
item_make_tensor (EshiSafetensorsItem *item,
                  const guint8        *data)
{
  EshiShape shape = { 0 };
  guint skip = 0;

  if (item->type->dtype == ESHI_N_DTYPES)
    return;

  while (item->rank - skip > ESHI_MAX_RANK && item->dim[skip] == 1)
    skip++;
  if (item->rank - skip > ESHI_MAX_RANK)
    return;

  shape.rank = item->rank - skip;
  for (guint i = 0; i < ESHI_MAX_RANK; i++)
    shape.dim[i] = i < shape.rank ? (gint64) item->dim[skip + i] : 1;
  item->tensor = eshi_tensor_new_weight (item->name, item->type->dtype, &shape, data + item->begin);
}

static gboolean
check_item (EshiSafetensors      *self,
            EshiSafetensorsItem  *item,
            guint64               previous_end,
            guint64               data_size,
            GError              **error)
{
  g_autofree char *name = _eshi_model_file_short_name (item->name);
  guint64 n_bytes = 0;

  if (item->end < item->begin || item->end > data_size)
    return _eshi_model_file_fail (self->file, error, _("tensor “%s” lies beyond its end, so it may have been cut short"),
                                  name);
  if (item->begin < previous_end)
    return _eshi_model_file_fail (self->file, error, _("tensor “%s” overlaps another one"), name);
  if (item->begin > previous_end)
    return _eshi_model_file_fail (self->file, error, _("there is a gap before tensor “%s”"), name);
  if (!item_get_bytes (item, &n_bytes) || n_bytes != item->end - item->begin)
    return _eshi_model_file_fail (self->file, error, _("the shape of tensor “%s” does not fit its size"), name);

  if (item->type->bits < 8)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” holds tensors of the type %s, which Eshi cannot read. Use a version of the model in "
                     "F16, BF16 or F32."),
                   self->file, item->type->name);
      return FALSE;
    }

  return TRUE;
}

/* Judges all items against each other and the @data_size bytes at @data. */
static gboolean
check_items (EshiSafetensors  *self,
             const guint8     *data,
             guint64           data_size,
             GError          **error)
{
  guint64 end = 0;

  g_array_sort (self->items, item_compare);
  for (guint i = 0; i < self->items->len; i++)
    {
      EshiSafetensorsItem *item = &g_array_index (self->items, EshiSafetensorsItem, i);

      if (!g_hash_table_insert (self->by_name, item->name, item))
        {
          g_autofree char *name = _eshi_model_file_short_name (item->name);

          return _eshi_model_file_fail (self->file, error, _("tensor “%s” occurs twice"), name);
        }
      if (!check_item (self, item, end, data_size, error))
        return FALSE;

      end = item->end;
      item_make_tensor (item, data);
      if (item->tensor != NULL)
        item->tensor->mapped = self->fd >= 0;
    }

  if (end != data_size)
    return _eshi_model_file_fail (self->file, error, _("it holds bytes that belong to no tensor"));
  return TRUE;
}

/* Refuses what is known to be another kind of file. */
static gboolean
check_magic (EshiSafetensors  *self,
             GError          **error)
{
  EshiModelFileKind kind;

  if (!eshi_model_file_recognise (self->bytes, self->file, &kind, error))
    return FALSE;
  if (kind == ESHI_MODEL_FILE_SAFETENSORS)
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
               _("“%s” is a file of PyTorch, but only a safetensors file can be used here."), self->file);
  return FALSE;
}

static gboolean
read_table (EshiSafetensors  *self,
            GError          **error)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (self->bytes, &size);
  guint64 header_size = 0;

  if (!check_magic (self, error))
    return FALSE;
  if (size < 8)
    return _eshi_model_file_fail (self->file, error, _("it is too short"));

  memcpy (&header_size, data, 8);
  header_size = GUINT64_FROM_LE (header_size);
  if (header_size > ESHI_SAFETENSORS_MAX_HEADER || header_size > size - 8)
    return _eshi_model_file_fail (self->file, error, _("the length of its table of tensors cannot be right"));
  if (header_size == 0 || data[8] != '{')
    return _eshi_model_file_fail (self->file, error, _("it does not begin with a table of tensors"));

  return _eshi_safetensors_parse ((const char *) data + 8, header_size, self->file, self->items, self->metadata, error) &&
         check_items (self, data + 8 + header_size, size - 8 - header_size, error);
}

static EshiSafetensors *
safetensors_new (GBytes     *bytes,
                 const char *file,
                 int         fd)
{
  EshiSafetensors *self = g_new0 (EshiSafetensors, 1);

  self->file = g_strdup (file);
  self->bytes = g_bytes_ref (bytes);
  self->fd = fd;
  self->items = g_array_new (FALSE, FALSE, sizeof (EshiSafetensorsItem));
  g_array_set_clear_func (self->items, item_clear);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

EshiSafetensors *
eshi_safetensors_new_for_bytes (GBytes      *bytes,
                                const char  *name,
                                GError     **error)
{
  g_autoptr(EshiSafetensors) self = NULL;

  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  self = safetensors_new (bytes, name, -1);
  return read_table (self, error) ? g_steal_pointer (&self) : NULL;
}

EshiSafetensors *
eshi_safetensors_open (const char  *path,
                       GError     **error)
{
  g_autofree char *file = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(EshiSafetensors) self = NULL;
  int fd = -1;

  g_return_val_if_fail (path != NULL, NULL);

  bytes = eshi_model_file_map (path, &fd, error);
  if (bytes == NULL)
    return NULL;

  file = g_filename_display_name (path);
  self = safetensors_new (bytes, file, fd);
  return read_table (self, error) ? g_steal_pointer (&self) : NULL;
}

gboolean
eshi_safetensors_check_unchanged (EshiSafetensors  *self,
                                  GError          **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return eshi_model_file_check_unchanged (self->fd, g_bytes_get_size (self->bytes), self->file, error);
}

guint
eshi_safetensors_get_n (EshiSafetensors *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->items->len;
}

const char *
eshi_safetensors_get_name (EshiSafetensors *self,
                           guint            index)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (index < self->items->len, NULL);

  return g_array_index (self->items, EshiSafetensorsItem, index).name;
}

EshiTensor *
eshi_safetensors_lookup (EshiSafetensors *self,
                         const char      *name)
{
  const EshiSafetensorsItem *item = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  item = g_hash_table_lookup (self->by_name, name);
  return item == NULL ? NULL : item->tensor;
}

const char *
eshi_safetensors_get_type_name (EshiSafetensors *self,
                                const char      *name)
{
  const EshiSafetensorsItem *item = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  item = g_hash_table_lookup (self->by_name, name);
  return item == NULL ? NULL : item->type->name;
}

const char *
eshi_safetensors_get_metadata (EshiSafetensors *self,
                               const char      *key)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (key != NULL, NULL);

  return g_hash_table_lookup (self->metadata, key);
}

gsize
eshi_safetensors_get_bytes (EshiSafetensors *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return g_bytes_get_size (self->bytes);
}
