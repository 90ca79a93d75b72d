/* eshi-weights.c: finds a component's weight files and looks tensors up under all their names.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-weights.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "eshi-model-file.h"
#include "eshi-model-json.h"
#include "eshi-torch-file.h"

struct _EshiWeights
{
  char               *folder;  /* for messages */
  GPtrArray          *files;   /* of File */
  GHashTable         *edited;  /* tensor of a file → EshiTensor with values of its own */
  gboolean            is_part; /* of a single file: its names for @part are translated */
  EshiCheckpointPart  part;
};

/* One of the two. */
typedef struct
{
  EshiSafetensors *safetensors;
  EshiTorchFile   *torch;
} File;

/* Spellings of the same part of a name; the first is ours. The autoencoder's attention was renamed twice. */
static const char * const spellings[][4] = {
  { ".attentions.0.group_norm.", ".attentions.0.norm.", NULL },
  { ".attentions.0.to_q.", ".attentions.0.query.", ".attentions.0.q.", NULL },
  { ".attentions.0.to_k.", ".attentions.0.key.", ".attentions.0.k.", NULL },
  { ".attentions.0.to_v.", ".attentions.0.value.", ".attentions.0.v.", NULL },
  { ".attentions.0.to_out.0.", ".attentions.0.proj_attn.", ".attentions.0.proj_out.", NULL },
};

static void
file_free (gpointer data)
{
  File *file = data;

  g_clear_pointer (&file->safetensors, eshi_safetensors_free);
  g_clear_pointer (&file->torch, eshi_torch_file_free);
  g_free (file);
}

static EshiTensor *
file_lookup (const File *file,
             const char *name)
{
  return file->torch != NULL ? eshi_torch_file_lookup (file->torch, name) : eshi_safetensors_lookup (file->safetensors, name);
}

static const char *
file_get_type_name (const File *file,
                    const char *name)
{
  return file->torch != NULL ? eshi_torch_file_get_type_name (file->torch, name) : eshi_safetensors_get_type_name (file->safetensors, name);
}

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
  self->files = g_ptr_array_new_with_free_func (file_free);
  self->edited = g_hash_table_new_full (NULL, NULL, NULL, edited_free);
  return self;
}

/* Takes over whichever of the two there is. */
static void
add_open_file (EshiWeights     *self,
               EshiSafetensors *safetensors,
               EshiTorchFile   *torch)
{
  File *file = g_new0 (File, 1);

  file->safetensors = safetensors;
  file->torch = torch;
  g_ptr_array_add (self->files, file);
}

EshiWeights *
eshi_weights_new (EshiSafetensors *file,
                  const char      *folder)
{
  EshiWeights *self = NULL;

  g_return_val_if_fail (file != NULL, NULL);

  self = weights_new (folder);
  add_open_file (self, file, NULL);
  return self;
}

EshiWeights *
eshi_weights_new_part (EshiWeights        *file,
                       EshiCheckpointPart  part)
{
  EshiWeights *self = NULL;

  g_return_val_if_fail (file != NULL, NULL);

  self = weights_new (file->folder);
  g_ptr_array_unref (self->files);
  self->files = g_ptr_array_ref (file->files);
  self->is_part = TRUE;
  self->part = part;
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

/* Says what the file @path is by its first bytes, whatever its name. */
static gboolean
recognise (const char         *path,
           EshiModelFileKind  *kind,
           GError            **error)
{
  g_autofree char *file = g_filename_display_name (path);
  g_autoptr(GBytes) bytes = NULL;
  int fd = -1;
  gboolean is_known = FALSE;

  bytes = eshi_model_file_map (path, &fd, error);
  if (bytes == NULL)
    return FALSE;

  is_known = eshi_model_file_recognise (bytes, file, kind, error);
  close (fd);
  return is_known;
}

static gboolean
add_path (EshiWeights  *self,
          const char   *path,
          GError      **error)
{
  EshiModelFileKind kind = ESHI_MODEL_FILE_SAFETENSORS;
  EshiSafetensors *safetensors = NULL;
  EshiTorchFile *torch = NULL;

  if (!recognise (path, &kind, error))
    return FALSE;
  if (kind == ESHI_MODEL_FILE_SAFETENSORS)
    safetensors = eshi_safetensors_open (path, error);
  else
    torch = eshi_torch_file_open (path, error);
  if (safetensors == NULL && torch == NULL)
    return FALSE;

  add_open_file (self, safetensors, torch);
  return TRUE;
}

/* Opens @folder/@name and adds it. */
static gboolean
add_file (EshiWeights  *self,
          const char   *folder,
          const char   *name,
          GError      **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return add_path (self, path, error);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The names in the index of shards @folder/@index, each once and sorted. (transfer full) */
static GPtrArray *
list_shards (const char  *folder,
             const char  *index,
             GError     **error)
{
  g_auto(EshiModelJson) json = { 0 };
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  JsonNode *map = NULL;
  JsonObjectIter iter;
  JsonNode *node = NULL;

  if (!eshi_model_json_load (&json, folder, index, FALSE, error))
    return NULL;

  map = eshi_model_json_get (&json, "weight_map");
  if (map == NULL || !JSON_NODE_HOLDS_OBJECT (map))
    {
      eshi_model_json_nonsense (&json, "weight_map", error);
      return NULL;
    }

  json_object_iter_init (&iter, json_node_get_object (map));
  while (json_object_iter_next (&iter, NULL, &node))
    {
      const char *name = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

      if (name == NULL || strpbrk (name, "/\\") != NULL || strstr (name, "..") != NULL || *name == '\0')
        {
          eshi_model_json_nonsense (&json, "weight_map", error);
          return NULL;
        }
      if (g_hash_table_add (seen, (gpointer) name))
        g_ptr_array_add (names, g_strdup (name));
    }

  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

static gboolean
file_exists (const char *folder,
             const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
set_missing_error (const char  *folder,
                   const char  *file,
                   GError     **error)
{
  g_autofree char *shown = g_filename_display_name (folder);

  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING, _("There is no model folder “%s”."), shown);
  else
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
                 _("The model folder “%s” holds no weights: “%s” is missing."), shown, file);
}

/* The file in @folder that has the weights @stem with the extension @extension, or the index of their shards;
 * (nullable) (transfer full). */
static char *
find_file (const char *folder,
           const char *stem,
           const char *extension)
{
  static const char * const patterns[] = {
    "%s%s", "%s.fp16%s", "%s.non_ema%s", "%s%s.index.json", "%s%s.index.fp16.json", "%s%s.index.non_ema.json",
  };

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_auto(GStrv) parts = g_strsplit (patterns[i], "%s", -1);
      g_autofree char *name = g_strconcat (stem, parts[1], extension, parts[2], NULL);

      if (file_exists (folder, name))
        return g_steal_pointer (&name);
    }

  return NULL;
}

GPtrArray *
eshi_weights_list_files (const char  *folder,
                         const char  *stem,
                         GError     **error)
{
  g_autoptr(GPtrArray) names = NULL;
  g_autofree char *first = NULL;
  g_autofree char *name = NULL;

  g_return_val_if_fail (folder != NULL, NULL);
  g_return_val_if_fail (stem != NULL, NULL);

  name = find_file (folder, stem, ".safetensors");
  if (name == NULL)
    name = find_file (folder, strcmp (stem, "model") == 0 ? "pytorch_model" : stem, ".bin");
  if (name == NULL)
    {
      first = g_strconcat (stem, ".safetensors", NULL);
      set_missing_error (folder, first, error);
      return NULL;
    }
  if (g_str_has_suffix (name, ".json"))
    return list_shards (folder, name, error);

  names = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (names, g_steal_pointer (&name));
  return g_steal_pointer (&names);
}

EshiWeights *
eshi_weights_open (const char  *folder,
                   const char  *stem,
                   GError     **error)
{
  g_autoptr(GPtrArray) names = eshi_weights_list_files (folder, stem, error);
  g_autoptr(EshiWeights) self = NULL;

  if (names == NULL)
    return NULL;

  self = weights_new (folder);
  for (guint i = 0; i < names->len; i++)
    if (!add_file (self, folder, g_ptr_array_index (names, i), error))
      return NULL;
  return g_steal_pointer (&self);
}

EshiWeights *
eshi_weights_open_file (const char  *path,
                        GError     **error)
{
  g_autoptr(EshiWeights) self = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  self = weights_new (path);
  return add_path (self, path, error) ? g_steal_pointer (&self) : NULL;
}

GPtrArray *
eshi_weights_list_names (EshiWeights *self)
{
  GPtrArray *names = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  names = g_ptr_array_new ();
  for (guint i = 0; i < self->files->len; i++)
    {
      const File *file = g_ptr_array_index (self->files, i);
      guint n = file->torch != NULL ? eshi_torch_file_get_n (file->torch) : eshi_safetensors_get_n (file->safetensors);

      for (guint k = 0; k < n; k++)
        g_ptr_array_add (names, (gpointer) (file->torch != NULL ? eshi_torch_file_get_name (file->torch, k) : eshi_safetensors_get_name (file->safetensors, k)));
    }

  return names;
}

/* What the files call the tensor @name; (transfer full). */
static char *
stored_name (EshiWeights *self,
             const char  *name)
{
  return self->is_part ? eshi_checkpoint_name (self->part, name) : g_strdup (name);
}

/* The first tensor called @name in any file. */
static EshiTensor *
lookup_exactly (EshiWeights *self,
                const char  *name)
{
  g_autofree char *theirs = stored_name (self, name);

  for (guint i = 0; i < self->files->len; i++)
    {
      EshiTensor *tensor = file_lookup (g_ptr_array_index (self->files, i), theirs);

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

  /* Exports of the bare text tower lack the prefix, and since transformers 5 the tower for pictures has it only once. */
  if (tensor == NULL && g_str_has_prefix (name, "text_model."))
    tensor = lookup_exactly (self, name + strlen ("text_model."));
  if (tensor == NULL && g_str_has_prefix (name, "vision_model.vision_model."))
    tensor = lookup_exactly (self, name + strlen ("vision_model."));
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
  g_autofree char *theirs = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  theirs = stored_name (self, name);
  for (guint i = 0; i < self->files->len; i++)
    {
      const char *type = file_get_type_name (g_ptr_array_index (self->files, i), theirs);

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
    {
      const File *file = g_ptr_array_index (self->files, i);

      if (file->torch != NULL ? !eshi_torch_file_check_unchanged (file->torch, error) : !eshi_safetensors_check_unchanged (file->safetensors, error))
        return FALSE;
    }
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

  for (guint i = 0; i < self->files->len && (!self->is_part || self->part <= ESHI_CHECKPOINT_UNET_EMA); i++)
    {
      const File *file = g_ptr_array_index (self->files, i);

      bytes += file->torch != NULL ? eshi_torch_file_get_bytes (file->torch) : eshi_safetensors_get_bytes (file->safetensors);
    }
  return bytes;
}
