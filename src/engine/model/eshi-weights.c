/* eshi-weights.c: finds a component's weight files and looks tensors up under all their names.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-weights.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-model-json.h"

struct _EshiWeights
{
  char       *folder; /* for messages */
  GPtrArray  *files;  /* of EshiSafetensors */
  GHashTable *edited; /* tensor of a file → EshiTensor with values of its own */
};

/* Spellings of the same part of a name; the first is ours. The autoencoder's attention was renamed twice. */
static const char * const spellings[][4] = {
  { ".attentions.0.group_norm.", ".attentions.0.norm.", NULL },
  { ".attentions.0.to_q.", ".attentions.0.query.", ".attentions.0.q.", NULL },
  { ".attentions.0.to_k.", ".attentions.0.key.", ".attentions.0.k.", NULL },
  { ".attentions.0.to_v.", ".attentions.0.value.", ".attentions.0.v.", NULL },
  { ".attentions.0.to_out.0.", ".attentions.0.proj_attn.", ".attentions.0.proj_out.", NULL },
};

static void
edited_free (gpointer data)
{
  EshiTensor *tensor = data;

  g_free ((gpointer) tensor->data);
  eshi_tensor_free (tensor);
}

static EshiWeights *
weights_new (const char *folder)
{
  EshiWeights *self = g_new0 (EshiWeights, 1);

  self->folder = g_filename_display_name (folder);
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_safetensors_free);
  self->edited = g_hash_table_new_full (NULL, NULL, NULL, edited_free);
  return self;
}

EshiWeights *
eshi_weights_new (EshiSafetensors *file,
                  const char      *folder)
{
  EshiWeights *self = NULL;

  g_return_val_if_fail (file != NULL, NULL);

  self = weights_new (folder);
  g_ptr_array_add (self->files, file);
  return self;
}

void
eshi_weights_free (EshiWeights *self)
{
  if (self == NULL)
    return;

  g_hash_table_unref (self->edited);
  g_ptr_array_unref (self->files);
  g_free (self->folder);
  g_free (self);
}

/* Opens @folder/@name and adds it. */
static gboolean
add_file (EshiWeights  *self,
          const char   *folder,
          const char   *name,
          GError      **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  EshiSafetensors *file = eshi_safetensors_open (path, error);

  if (file == NULL)
    return FALSE;

  g_ptr_array_add (self->files, file);
  return TRUE;
}

static gboolean
add_shards (EshiWeights  *self,
            const char   *folder,
            const char   *index,
            GError      **error)
{
  g_auto(EshiModelJson) json = { 0 };
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  JsonNode *map = NULL;
  JsonObjectIter iter;
  JsonNode *node = NULL;

  if (!eshi_model_json_load (&json, folder, index, FALSE, error))
    return FALSE;

  map = eshi_model_json_get (&json, "weight_map");
  if (map == NULL || !JSON_NODE_HOLDS_OBJECT (map))
    return eshi_model_json_nonsense (&json, "weight_map", error);

  json_object_iter_init (&iter, json_node_get_object (map));
  while (json_object_iter_next (&iter, NULL, &node))
    {
      const char *name = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

      if (name == NULL || strpbrk (name, "/\\") != NULL || strstr (name, "..") != NULL || *name == '\0')
        return eshi_model_json_nonsense (&json, "weight_map", error);
      if (g_hash_table_add (seen, (gpointer) name) && !add_file (self, folder, name, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
file_exists (const char *folder,
             const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* Whether @folder holds weights in a form that only other programs read. */
static gboolean
has_pickled_weights (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".bin") || g_str_has_suffix (name, ".ckpt") || g_str_has_suffix (name, ".pt"))
      return TRUE;
  return FALSE;
}

static void
set_missing_error (const char  *folder,
                   const char  *file,
                   GError     **error)
{
  g_autofree char *shown = g_filename_display_name (folder);

  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING, _("There is no model folder “%s”."), shown);
  else if (has_pickled_weights (folder))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("The weights in “%s” are in PyTorch's own format, which this version of Eshi cannot read yet. Convert "
                   "them to safetensors, or download the model in that format."),
                 shown);
  else
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
                 _("The model folder “%s” holds no weights: “%s” is missing."), shown, file);
}

EshiWeights *
eshi_weights_open (const char  *folder,
                   const char  *stem,
                   GError     **error)
{
  static const char *const suffixes[] = { "", ".fp16", ".non_ema" };
  g_autoptr(EshiWeights) self = NULL;
  g_autofree char *first = NULL;
  g_autofree char *index = NULL;

  g_return_val_if_fail (folder != NULL, NULL);
  g_return_val_if_fail (stem != NULL, NULL);

  self = weights_new (folder);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat (stem, suffixes[i], ".safetensors", NULL);

      if (file_exists (folder, name))
        return add_file (self, folder, name, error) ? g_steal_pointer (&self) : NULL;
    }

  first = g_strconcat (stem, ".safetensors", NULL);
  index = g_strconcat (first, ".index.json", NULL);
  if (file_exists (folder, index))
    return add_shards (self, folder, index, error) ? g_steal_pointer (&self) : NULL;

  set_missing_error (folder, first, error);
  return NULL;
}

/* The first tensor called @name in any file. */
static EshiTensor *
lookup_exactly (EshiWeights *self,
                const char  *name)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      EshiTensor *tensor = eshi_safetensors_lookup (g_ptr_array_index (self->files, i), name);

      if (tensor != NULL)
        return tensor;
    }

  return NULL;
}

/* @name with its part @ours replaced by another spelling. */
static EshiTensor *
lookup_spelling (EshiWeights       *self,
                 const char        *name,
                 const char *const *spelling)
{
  const char *part = strstr (name, spelling[0]);

  for (guint i = 1; part != NULL && spelling[i] != NULL; i++)
    {
      g_autofree char *other = g_strdup_printf ("%.*s%s%s", (int) (part - name), name, spelling[i],
                                                part + strlen (spelling[0]));
      EshiTensor *tensor = lookup_exactly (self, other);

      if (tensor != NULL)
        return tensor;
    }

  return NULL;
}

/* The files' tensor @name, under whatever spelling. */
static EshiTensor *
lookup_stored (EshiWeights *self,
               const char  *name)
{
  EshiTensor *tensor = NULL;

  tensor = lookup_exactly (self, name);
  for (guint i = 0; tensor == NULL && i < G_N_ELEMENTS (spellings); i++)
    tensor = lookup_spelling (self, name, spellings[i]);

  /* Exports of the bare text tower lack the prefix. */
  if (tensor == NULL && g_str_has_prefix (name, "text_model."))
    tensor = lookup_exactly (self, name + strlen ("text_model."));
  return tensor;
}

EshiTensor *
eshi_weights_lookup (EshiWeights *self,
                     const char  *name)
{
  EshiTensor *tensor = NULL;
  EshiTensor *edited = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  tensor = lookup_stored (self, name);
  edited = tensor != NULL ? g_hash_table_lookup (self->edited, tensor) : NULL;
  return edited != NULL ? edited : tensor;
}

float *
eshi_weights_edit (EshiWeights *self,
                   const char  *name)
{
  EshiTensor *tensor = NULL;
  EshiTensor *edited = NULL;
  float *values = NULL;
  gsize n = 0;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  tensor = lookup_stored (self, name);
  if (tensor == NULL)
    return NULL;
  edited = g_hash_table_lookup (self->edited, tensor);
  if (edited != NULL)
    return (float *) edited->data;

  n = (gsize) eshi_tensor_count (tensor);
  values = g_try_new (float, n);
  if (values == NULL)
    return NULL;
  eshi_convert_to_f32 (values, tensor->data, tensor->dtype, n);
  edited = eshi_tensor_new_weight (tensor->name, ESHI_DTYPE_F32, &tensor->shape, values);
  g_hash_table_insert (self->edited, tensor, edited);
  return values;
}

void
eshi_weights_restore (EshiWeights *self)
{
  g_return_if_fail (self != NULL);

  g_hash_table_remove_all (self->edited);
}

const char *
eshi_weights_get_type_name (EshiWeights *self,
                            const char  *name)
{
  g_return_val_if_fail (self != NULL, NULL);

  for (guint i = 0; i < self->files->len; i++)
    {
      const char *type = eshi_safetensors_get_type_name (g_ptr_array_index (self->files, i), name);

      if (type != NULL)
        return type;
    }

  return NULL;
}

gboolean
eshi_weights_check_unchanged (EshiWeights  *self,
                              GError      **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  for (guint i = 0; i < self->files->len; i++)
    if (!eshi_safetensors_check_unchanged (g_ptr_array_index (self->files, i), error))
      return FALSE;
  return TRUE;
}

const char *
eshi_weights_get_folder (EshiWeights *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->folder;
}

gsize
eshi_weights_get_bytes (EshiWeights *self)
{
  gsize bytes = 0;

  g_return_val_if_fail (self != NULL, 0);

  for (guint i = 0; i < self->files->len; i++)
    bytes += eshi_safetensors_get_bytes (g_ptr_array_index (self->files, i));
  return bytes;
}
