/* eshi-torch-file.c: finds the tensors that a pickle of PyTorch describes, and the storages that hold their numbers.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-torch-file.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "eshi-model-file.h"
#include "eshi-pickle.h"
#include "eshi-zip.h"

#define MAX_RANK 8

/* Copies of tensors may take twice the file and this: more, and few numbers are repeated to fill the memory. */
#define MAX_EXTRA_BYTES (1u << 20)

typedef struct
{
  const char *global;
  const char *name;
  guint       n_bytes;
  EshiDType   dtype; /* ESHI_N_DTYPES: known, but no op reads it */
} Type;

typedef struct
{
  const guint8 *data;
  guint64       size;
} Storage;

typedef struct
{
  char       *name;
  const char *type;   /* belongs to the table below or to the pickle */
  EshiTensor *tensor; /* (nullable) */
  void       *copy;   /* (nullable): what @tensor points to if not into the file */
} Item;

/* Where a tensor lies in its storage; counts and strides in elements. */
typedef struct
{
  const Type    *type;
  const Storage *storage;
  guint64        n_stored;
  guint64        offset;
  guint          rank;
  guint64        dim[MAX_RANK];
  guint64        stride[MAX_RANK];
  guint64        n;
} Layout;

struct _EshiTorchFile
{
  char       *file;
  GBytes     *bytes;
  int         fd;
  EshiPickle *pickle;
  GHashTable *storages; /* key → Storage */
  gboolean    swap;
  guint64     copied;
  GPtrArray  *items;    /* of Item */
  GHashTable *by_name;  /* name → Item, both borrowed from items */
};

static const Type types[] = {
  { "torch FloatStorage", "F32", 4, ESHI_DTYPE_F32 },
  { "torch HalfStorage", "F16", 2, ESHI_DTYPE_F16 },
  { "torch BFloat16Storage", "BF16", 2, ESHI_DTYPE_BF16 },
  { "torch DoubleStorage", "F64", 8, ESHI_DTYPE_F64 },
  { "torch LongStorage", "I64", 8, ESHI_DTYPE_I64 },
  { "torch IntStorage", "I32", 4, ESHI_DTYPE_I32 },
  { "torch ShortStorage", "I16", 2, ESHI_N_DTYPES },
  { "torch CharStorage", "I8", 1, ESHI_N_DTYPES },
  { "torch ByteStorage", "U8", 1, ESHI_DTYPE_U8 },
  { "torch BoolStorage", "BOOL", 1, ESHI_N_DTYPES },
};

static void
item_free (gpointer data)
{
  Item *item = data;

  g_clear_pointer (&item->tensor, eshi_tensor_free);
  g_free (item->copy);
  g_free (item->name);
  g_free (item);
}

void
eshi_torch_file_free (EshiTorchFile *self)
{
  if (self == NULL)
    return;

  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->items);
  g_hash_table_unref (self->storages);
  g_clear_pointer (&self->pickle, eshi_pickle_free);
  g_bytes_unref (self->bytes);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->file);
  g_free (self);
}

static gboolean
tensor_error (EshiTorchFile  *self,
              const char     *name,
              GError        **error)
{
  g_autofree char *shown = _eshi_model_file_short_name (name);

  return _eshi_model_file_fail (self->file, error, _("tensor “%s” is described wrongly or lies outside of its storage"),
                                shown);
}

static void
add_storage (EshiTorchFile *self,
             char          *key,
             const guint8  *data,
             guint64        size)
{
  Storage *storage = g_new (Storage, 1);

  *storage = (Storage) { data, size };
  g_hash_table_replace (self->storages, key, storage);
}

/* A number that is no less than 0 at @index of @values. */
static gboolean
get_count (const EshiPickleValue *values,
           guint                  index,
           guint64               *count)
{
  const EshiPickleValue *value = eshi_pickle_value_get (values, index, ESHI_PICKLE_INT);

  if (value == NULL || value->integer < 0)
    return FALSE;

  *count = (guint64) value->integer;
  return TRUE;
}

/* The type of a storage whose class is @class; NULL if it is none of ours. */
static const Type *
find_type (const EshiPickleValue *class)
{
  for (guint i = 0; class != NULL && i < G_N_ELEMENTS (types); i++)
    if (eshi_pickle_value_is (class, types[i].global))
      return &types[i];
  return NULL;
}

/* The parts of ('storage', class, key, location, count[, view]), of which the old form's view moves *@offset. */
static gboolean
read_storage_id (const EshiPickleValue  *persistent,
                 const Type            **type,
                 char                  **key,
                 guint64                *n,
                 guint64                *offset)
{
  const EshiPickleValue *id = eshi_pickle_value_get (persistent, 0, ESHI_PICKLE_TUPLE);
  const EshiPickleValue *text = eshi_pickle_value_get (id, 2, ESHI_PICKLE_TEXT);
  const EshiPickleValue *view = eshi_pickle_value_get (id, 5, ESHI_PICKLE_TUPLE);

  *type = find_type (eshi_pickle_value_get (id, 1, ESHI_PICKLE_GLOBAL));
  if (text == NULL || !eshi_pickle_value_is (eshi_pickle_value_get (id, 0, ESHI_PICKLE_TEXT), "storage") ||
      !get_count (id, 4, n))
    return FALSE;
  if (view != NULL && !get_count (view, 1, offset))
    return FALSE;

  *key = g_strndup (text->text, text->n_text);
  return TRUE;
}

/* Reads sizes and strides, and multiplies the sizes. */
static gboolean
read_sizes (Layout                *layout,
            const EshiPickleValue *sizes,
            const EshiPickleValue *strides)
{
  guint64 n_bytes = layout->type->n_bytes;

  layout->rank = eshi_pickle_value_get_n (sizes);
  if (layout->rank > MAX_RANK || layout->rank != eshi_pickle_value_get_n (strides))
    return FALSE;

  layout->n = 1;
  for (guint i = 0; i < layout->rank; i++)
    if (!get_count (sizes, i, &layout->dim[i]) || !get_count (strides, i, &layout->stride[i]) ||
        !g_uint64_checked_mul (&layout->n, layout->n, layout->dim[i]) ||
        !g_uint64_checked_mul (&n_bytes, n_bytes, layout->dim[i]) || n_bytes > G_MAXINT64)
      return FALSE;
  return TRUE;
}

/* Whether every element lies among the storage's numbers, and these in the file. */
static gboolean
layout_fits (const Layout *layout)
{
  guint64 last = layout->offset;
  guint64 n_bytes = 0;

  if (layout->n == 0)
    return TRUE;
  for (guint i = 0; i < layout->rank; i++)
    {
      guint64 step = 0;

      if (!g_uint64_checked_mul (&step, layout->dim[i] - 1, layout->stride[i]) ||
          !g_uint64_checked_add (&last, last, step))
        return FALSE;
    }

  return layout->storage != NULL && last < layout->n_stored &&
         g_uint64_checked_mul (&n_bytes, layout->n_stored, layout->type->n_bytes) && n_bytes <= layout->storage->size;
}

static gboolean
layout_is_contiguous (const Layout *layout)
{
  guint64 stride = 1;

  for (guint i = layout->rank; i-- > 0;)
    {
      if (layout->dim[i] != 1 && layout->stride[i] != stride)
        return FALSE;
      stride *= layout->dim[i];
    }

  return TRUE;
}

/* Copies the elements in row-major order, in this computer's byte order. */
static void
copy_elements (const Layout *layout,
               gboolean      swap,
               guint8       *dst)
{
  guint n_bytes = layout->type->n_bytes;
  guint64 index[MAX_RANK] = { 0 };
  guint64 at = layout->offset;

  for (guint64 i = 0; i < layout->n; i++)
    {
      const guint8 *src = layout->storage->data + at * n_bytes;

      for (guint k = 0; k < n_bytes; k++)
        *dst++ = src[swap ? n_bytes - 1 - k : k];

      for (guint axis = layout->rank; axis-- > 0;)
        {
          at += layout->stride[axis];
          if (++index[axis] < layout->dim[axis])
            break;
          at -= layout->dim[axis] * layout->stride[axis];
          index[axis] = 0;
        }
    }
}

/* The elements of @layout in row-major order: in the file if they lie there like that, or else a copy that @item owns.
 * NULL if the copies become too large. */
static const void *
get_elements (EshiTorchFile *self,
              const Layout  *layout,
              Item          *item)
{
  guint64 n_bytes = layout->n * layout->type->n_bytes;

  if (layout->n == 0)
    return "";
  if (layout_is_contiguous (layout) && (!self->swap || layout->type->n_bytes == 1))
    return layout->storage->data + layout->offset * layout->type->n_bytes;

  if (n_bytes > 2 * (guint64) g_bytes_get_size (self->bytes) + MAX_EXTRA_BYTES - self->copied)
    return NULL;
  self->copied += n_bytes;
  item->copy = g_try_malloc (n_bytes);
  if (item->copy != NULL)
    copy_elements (layout, self->swap, item->copy);
  return item->copy;
}

/* Gives @item its tensor, unless no EshiTensor can describe it. */
static gboolean
make_tensor (EshiTorchFile *self,
             const Layout  *layout,
             Item          *item)
{
  EshiShape shape = { 0 };
  const void *data = NULL;
  guint skip = 0;

  item->type = layout->type->name;
  while (layout->rank - skip > ESHI_MAX_RANK && layout->dim[skip] == 1)
    skip++;
  if (layout->type->dtype == ESHI_N_DTYPES || layout->rank - skip > ESHI_MAX_RANK)
    return TRUE;

  data = get_elements (self, layout, item);
  if (data == NULL)
    return FALSE;

  shape.rank = layout->rank - skip;
  for (guint i = 0; i < ESHI_MAX_RANK; i++)
    shape.dim[i] = i < shape.rank ? (gint64) layout->dim[skip + i] : 1;
  item->tensor = eshi_tensor_new_weight (item->name, layout->type->dtype, &shape, data);
  item->tensor->mapped = self->fd >= 0 && item->copy == NULL;
  return TRUE;
}

/* Reads the arguments of a call of _rebuild_tensor: (storage, offset, sizes, strides, …). */
static gboolean
read_tensor (EshiTorchFile         *self,
             const EshiPickleValue *arguments,
             Item                  *item)
{
  Layout layout = { 0 };
  g_autofree char *key = NULL;
  guint64 view = 0;

  if (!read_storage_id (eshi_pickle_value_get (arguments, 0, ESHI_PICKLE_PERSISTENT), &layout.type, &key,
                        &layout.n_stored, &view) ||
      !get_count (arguments, 1, &layout.offset) || !g_uint64_checked_add (&layout.offset, layout.offset, view))
    return FALSE;

  /* A storage of a class that came later: the tensor is there, but nobody here can use it. */
  if (layout.type == NULL)
    return TRUE;

  layout.storage = g_hash_table_lookup (self->storages, key);
  return read_sizes (&layout, eshi_pickle_value_get (arguments, 2, ESHI_PICKLE_TUPLE),
                     eshi_pickle_value_get (arguments, 3, ESHI_PICKLE_TUPLE)) &&
         layout_fits (&layout) && make_tensor (self, &layout, item);
}

static gboolean
read_item (EshiTorchFile         *self,
           const EshiPickleValue *value,
           Item                  *item)
{
  const EshiPickleValue *callee = eshi_pickle_value_get (value, 0, ESHI_PICKLE_GLOBAL);
  const EshiPickleValue *arguments = eshi_pickle_value_get (value, 1, ESHI_PICKLE_TUPLE);

  /* Parameters wrap a tensor. */
  if (eshi_pickle_value_is (callee, "torch._utils _rebuild_parameter") ||
      eshi_pickle_value_is (callee, "torch._utils _rebuild_parameter_with_state"))
    {
      value = eshi_pickle_value_get (arguments, 0, ESHI_PICKLE_OBJECT);
      callee = eshi_pickle_value_get (value, 0, ESHI_PICKLE_GLOBAL);
      arguments = eshi_pickle_value_get (value, 1, ESHI_PICKLE_TUPLE);
    }

  item->type = callee == NULL ? "?" : callee->text;
  if (eshi_pickle_value_is (callee, "torch._utils _rebuild_tensor_v2") ||
      eshi_pickle_value_is (callee, "torch._utils _rebuild_tensor"))
    return read_tensor (self, arguments, item);
  return TRUE;
}

/* Adds what lies under @key: a tensor, or an object that may be missed where a tensor is needed. */
static gboolean
add_item (EshiTorchFile          *self,
          const EshiPickleValue  *key,
          const EshiPickleValue  *value,
          GError                **error)
{
  Item *item = NULL;

  if (key->type != ESHI_PICKLE_TEXT || value->type != ESHI_PICKLE_OBJECT)
    return TRUE;
  if (!g_utf8_validate (key->text, (gssize) key->n_text, NULL))
    return _eshi_model_file_fail (self->file, error, _("the name of a tensor is no valid text"));

  item = g_new0 (Item, 1);
  item->name = g_strndup (key->text, key->n_text);
  g_ptr_array_add (self->items, item);
  if (!g_hash_table_insert (self->by_name, item->name, item))
    {
      g_autofree char *name = _eshi_model_file_short_name (item->name);

      return _eshi_model_file_fail (self->file, error, _("tensor “%s” occurs twice"), name);
    }

  return read_item (self, value, item) || tensor_error (self, item->name, error);
}

/* The dict under @key, or that of the module there; NULL for anything else. */
static const EshiPickleValue *
find_dict (const EshiPickleValue *dict,
           const char            *key)
{
  const EshiPickleValue *inner = dict->type == ESHI_PICKLE_DICT ? eshi_pickle_dict_lookup (dict, key) : NULL;

  if (inner != NULL && inner->type == ESHI_PICKLE_OBJECT)
    {
      inner = eshi_pickle_value_get (inner, 2, ESHI_PICKLE_DICT);
      inner = inner != NULL ? eshi_pickle_dict_lookup (inner, "_parameters") : NULL;
    }
  return inner != NULL && inner->type == ESHI_PICKLE_DICT ? inner : NULL;
}

static gboolean
read_items (EshiTorchFile  *self,
            GError        **error)
{
  const EshiPickleValue *dict = eshi_pickle_get_root (self->pickle);
  const EshiPickleValue *inner = find_dict (dict, "state_dict");

  /* Embeddings have theirs a level down, too. */
  if (inner == NULL)
    inner = find_dict (dict, "string_to_param");
  if (inner != NULL)
    dict = inner;

  for (guint i = 0; dict->type == ESHI_PICKLE_DICT && i + 1 < eshi_pickle_value_get_n (dict); i += 2)
    if (!add_item (self, g_ptr_array_index (dict->items, i), g_ptr_array_index (dict->items, i + 1), error))
      return FALSE;

  if (self->items->len == 0)
    return _eshi_model_file_fail (self->file, error, _("it holds no tensors under names"));
  if (eshi_pickle_has_unknown (self->pickle))
    g_debug ("%s contains unknown objects, which are ignored", self->file);
  return TRUE;
}

/* Whether @name is one that PyTorch gives to a part of its archives, after the prefix. */
static gboolean
is_part_name (const char *name)
{
  static const char * const names[] = {
    "data.pkl", "version", "byteorder", ".data/serialization_id", ".format_version", ".storage_alignment", NULL,
  };
  const char *digits = g_str_has_prefix (name, "data/") ? name + strlen ("data/") : NULL;

  if (digits != NULL)
    return *digits != '\0' && strspn (digits, "0123456789") == strlen (digits);
  return g_strv_contains (names, name);
}

/* Sorts the parts of the archive; *@pickle becomes the one that describes the tensors. */
static gboolean
read_parts (EshiTorchFile       *self,
            GArray              *parts,
            const EshiZipEntry **pickle,
            GError             **error)
{
  const char *first = NULL;

  for (guint i = 0; i < parts->len; i++)
    {
      const EshiZipEntry *part = &g_array_index (parts, EshiZipEntry, i);
      const char *slash = strchr (part->name, '/');
      gsize n_prefix = slash == NULL ? 0 : (gsize) (slash - part->name) + 1;

      if (n_prefix < 2 || g_str_has_prefix (part->name, "../") || !is_part_name (slash + 1) ||
          (first != NULL && strncmp (first, part->name, n_prefix) != 0))
        return _eshi_model_file_fail (self->file, error, _("its part “%s” is none of a PyTorch file"), part->name);

      first = part->name;
      if (g_str_has_prefix (slash + 1, "data/"))
        add_storage (self, g_strdup (slash + 1 + strlen ("data/")), part->data, part->size);
      else if (strcmp (slash + 1, "data.pkl") == 0)
        *pickle = part;
      else if (strcmp (slash + 1, "byteorder") == 0)
        self->swap = part->size == 3 && memcmp (part->data, "big", 3) == 0;
    }

  return *pickle != NULL || _eshi_model_file_fail (self->file, error, _("the description of its tensors is missing"));
}

static gboolean
read_zip (EshiTorchFile  *self,
          GError        **error)
{
  g_autoptr(GArray) parts = eshi_zip_read (self->bytes, self->file, error);
  const EshiZipEntry *pickle = NULL;

  if (parts == NULL || !read_parts (self, parts, &pickle, error) ||
      !eshi_zip_entry_check (pickle, self->file, error))
    return FALSE;

  self->pickle = eshi_pickle_parse (pickle->data, pickle->size, self->file, NULL, error);
  return self->pickle != NULL && read_items (self, error);
}

/* Bytes of an element of each storage that the pickle names, by key. (transfer full) */
static GHashTable *
get_element_sizes (EshiTorchFile *self)
{
  GHashTable *sizes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const GPtrArray *ids = eshi_pickle_get_persistent (self->pickle);

  for (guint i = 0; i < ids->len; i++)
    {
      const Type *type = NULL;
      char *key = NULL;
      guint64 n = 0;
      guint64 offset = 0;

      if (read_storage_id (g_ptr_array_index (ids, i), &type, &key, &n, &offset))
        g_hash_table_replace (sizes, key, GUINT_TO_POINTER (type == NULL ? 0 : type->n_bytes));
    }

  return sizes;
}

/* Finds the storages of the old form at @data: for each of @keys a count of 64 bits and then the numbers. */
static gboolean
read_legacy_storages (EshiTorchFile          *self,
                      const EshiPickleValue  *keys,
                      const guint8           *data,
                      gsize                   size,
                      GError                **error)
{
  g_autoptr(GHashTable) sizes = get_element_sizes (self);

  for (guint i = 0; i < eshi_pickle_value_get_n (keys); i++)
    {
      const EshiPickleValue *text = eshi_pickle_value_get (keys, i, ESHI_PICKLE_TEXT);
      g_autofree char *key = text == NULL ? NULL : g_strndup (text->text, text->n_text);
      guint n_element = key == NULL ? 0 : GPOINTER_TO_UINT (g_hash_table_lookup (sizes, key));
      guint64 n = 0;

      if (n_element == 0)
        return _eshi_model_file_fail (self->file, error, _("it holds numbers of a type that is not known"));
      if (size >= 8)
        memcpy (&n, data, 8);
      n = GUINT64_FROM_LE (n);
      if (size < 8 || n > (size - 8) / n_element)
        return _eshi_model_file_fail (self->file, error, _("its numbers end too early, so it may have been cut short"));

      add_storage (self, g_steal_pointer (&key), data + 8, n * n_element);
      data += 8 + n * n_element;
      size -= 8 + n * n_element;
    }

  return TRUE;
}

/* The old form: pickles of a magic number, a version, facts about the computer, the tensors and the storages' keys,
 * and then the storages. Its numbers are little-endian whatever the facts say. */
static gboolean
read_legacy (EshiTorchFile  *self,
             GError        **error)
{
  g_autoptr(EshiPickle) keys = NULL;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (self->bytes, &size);

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr(EshiPickle) pickle = NULL;
      gsize used = 0;

      pickle = eshi_pickle_parse (data, size, self->file, &used, error);
      if (pickle == NULL)
        return FALSE;

      data += used;
      size -= used;
      if (i == 3)
        self->pickle = g_steal_pointer (&pickle);
      else if (i == 4)
        keys = g_steal_pointer (&pickle);
    }

  return read_legacy_storages (self, eshi_pickle_get_root (keys), data, size, error) && read_items (self, error);
}

static EshiTorchFile *
torch_file_new (GBytes     *bytes,
                const char *file,
                int         fd)
{
  EshiTorchFile *self = g_new0 (EshiTorchFile, 1);

  self->file = g_strdup (file);
  self->bytes = g_bytes_ref (bytes);
  self->fd = fd;
  self->storages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->items = g_ptr_array_new_with_free_func (item_free);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

static gboolean
read_file (EshiTorchFile  *self,
           GError        **error)
{
  EshiModelFileKind kind;

  if (!eshi_model_file_recognise (self->bytes, self->file, &kind, error))
    return FALSE;

  switch (kind)
    {
    case ESHI_MODEL_FILE_TORCH_ZIP:
      return read_zip (self, error);
    case ESHI_MODEL_FILE_TORCH_LEGACY:
      return read_legacy (self, error);
    case ESHI_MODEL_FILE_SAFETENSORS:
    default:
      return _eshi_model_file_fail (self->file, error, _("it does not begin like a PyTorch file"));
    }
}

EshiTorchFile *
eshi_torch_file_new_for_bytes (GBytes      *bytes,
                               const char  *name,
                               GError     **error)
{
  g_autoptr(EshiTorchFile) self = NULL;

  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  self = torch_file_new (bytes, name, -1);
  return read_file (self, error) ? g_steal_pointer (&self) : NULL;
}

EshiTorchFile *
eshi_torch_file_open (const char  *path,
                      GError     **error)
{
  g_autofree char *file = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(EshiTorchFile) self = NULL;
  int fd = -1;

  g_return_val_if_fail (path != NULL, NULL);

  bytes = eshi_model_file_map (path, &fd, error);
  if (bytes == NULL)
    return NULL;

  file = g_filename_display_name (path);
  self = torch_file_new (bytes, file, fd);
  return read_file (self, error) ? g_steal_pointer (&self) : NULL;
}

guint
eshi_torch_file_get_n (EshiTorchFile *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->items->len;
}

const char *
eshi_torch_file_get_name (EshiTorchFile *self,
                          guint          index)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (index < self->items->len, NULL);

  return ((const Item *) g_ptr_array_index (self->items, index))->name;
}

EshiTensor *
eshi_torch_file_lookup (EshiTorchFile *self,
                        const char    *name)
{
  const Item *item = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  item = g_hash_table_lookup (self->by_name, name);
  return item == NULL ? NULL : item->tensor;
}

const char *
eshi_torch_file_get_type_name (EshiTorchFile *self,
                               const char    *name)
{
  const Item *item = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  item = g_hash_table_lookup (self->by_name, name);
  return item == NULL ? NULL : item->type;
}

gboolean
eshi_torch_file_has_unknown (EshiTorchFile *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return eshi_pickle_has_unknown (self->pickle);
}

gboolean
eshi_torch_file_check_unchanged (EshiTorchFile  *self,
                                 GError        **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return eshi_model_file_check_unchanged (self->fd, g_bytes_get_size (self->bytes), self->file, error);
}

gsize
eshi_torch_file_get_bytes (EshiTorchFile *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return g_bytes_get_size (self->bytes);
}
