/* eshi-hub-plan.c: chooses from a repository's list the files that a model needs.
 *
 * A repository holds the same weights several times: for other programs, in half precision, as one file. Only what the
 * engine loads is taken, by name.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hub-plan.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-hub-error.h"

#define MAX_NAME 96
#define MAX_FILE_BYTES ((gint64) 1 << 40)
#define MAX_LICENCE_BYTES (1 << 20)
#define INDEX_NAME "model_index.json"

/* The parts of a model, and what their weights are called; the others have none. */
static const struct { const char *folder, *weights, *torch_weights; } parts[] = {
  { "feature_extractor", NULL, NULL },
  { "scheduler", NULL, NULL },
  { "tokenizer", NULL, NULL },
  { "safety_checker", "model.safetensors", "pytorch_model.bin" },
  { "text_encoder", "model.safetensors", "pytorch_model.bin" },
  { "unet", "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin" },
  { "vae", "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin" },
};

static void
file_free (gpointer data)
{
  EshiHubFile *file = data;

  g_free (file->path);
  g_free (file->sum);
  g_free (file);
}

void
eshi_hub_plan_free (EshiHubPlan *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->repo);
  g_free (self->revision);
  g_free (self->licence);
  g_free (self->licence_file);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_free (self);
}

/* --- names ------------------------------------------------------------------------------------------------------- */

static gboolean
is_name (const char *text,
         gsize       n)
{
  if (n == 0 || n > MAX_NAME || *text == '.')
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isalnum (text[i]) && strchr ("._- +", text[i]) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
is_path (const char *text)
{
  g_auto(GStrv) names = g_strsplit (text, "/", 6);

  for (guint i = 0; names[i] != NULL; i++)
    if (!is_name (names[i], strlen (names[i])))
      return FALSE;
  return names[0] != NULL;
}

static gboolean
is_hex (const char *text,
        gsize       n)
{
  return text != NULL && strlen (text) == n && strspn (text, "0123456789abcdef") == n;
}

gboolean
eshi_hub_plan_check_repo (const char  *repo,
                          GError     **error)
{
  const char *slash = strchr (repo, '/');
  g_autofree char *valid = NULL;

  if (slash != NULL && is_name (repo, (gsize) (slash - repo)) && is_name (slash + 1, strlen (slash + 1)) &&
      strpbrk (repo, " +") == NULL)
    return TRUE;

  valid = g_utf8_make_valid (repo, -1);
  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_ARGUMENT,
               _("“%s” is no name of a model on a hub; write it like rinna/japanese-stable-diffusion."), valid);
  return FALSE;
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

static JsonObject *
get_object (JsonObject *object,
            const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static const char *
get_string (JsonObject *object,
            const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
           ? json_node_get_string (node)
           : NULL;
}

/* -1 if there is no such number. */
static gint64
get_size (JsonObject *object,
          const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  gint64 size = node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
                  ? json_node_get_int (node)
                  : -1;

  return size >= 0 && size <= MAX_FILE_BYTES ? size : -1;
}

/* "gated" is false, or a word for how people are let in. */
static gboolean
get_gated (JsonObject *info)
{
  JsonNode *node = json_object_get_member (info, "gated");

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return FALSE;
  return json_node_get_value_type (node) == G_TYPE_STRING || json_node_get_boolean (node);
}

static void
set_answer_error (const char  *repo,
                  GError     **error)
{
  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_ANSWER,
               _("What the hub says about “%s” cannot be understood; something in between may want you to log in to the "
                 "network first, or the address is not a hub's."),
               repo);
}

/* --- choosing ---------------------------------------------------------------------------------------------------- */

/* The file that @entry of the tree describes; NULL if it is none, or not as it should be. */
static EshiHubFile *
file_from_entry (JsonNode *entry)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (entry) ? json_node_get_object (entry) : NULL;
  const char *path = object != NULL ? get_string (object, "path") : NULL;
  JsonObject *lfs = object != NULL ? get_object (object, "lfs") : NULL;
  JsonObject *source = lfs != NULL ? lfs : object;
  const char *sum = source != NULL ? get_string (source, "oid") : NULL;
  EshiHubFile *file;

  if (path == NULL || !is_path (path) || g_strcmp0 (get_string (object, "type"), "file") != 0 ||
      get_size (source, "size") < 0 || !is_hex (sum, lfs != NULL ? 64 : 40))
    return NULL;

  file = g_new0 (EshiHubFile, 1);
  file->path = g_strdup (path);
  file->size = get_size (source, "size");
  file->sum = g_strdup (sum);
  return file;
}

static gboolean
ends_with_any (const char *name,
               const char *first,
               const char *second)
{
  return g_str_has_suffix (name, first) || g_str_has_suffix (name, second);
}

/* Whether @name in the part @part is one of the small files that say how it is built; spiece.model is a tokenizer's. */
static gboolean
is_configuration (guint       part,
                  const char *name)
{
  if (strchr (name, '/') != NULL)
    return FALSE;
  if (g_str_equal (parts[part].folder, "tokenizer"))
    return ends_with_any (name, ".json", ".txt") || g_str_equal (name, "spiece.model");
  return g_str_has_suffix (name, "config.json");
}

static gboolean
is_wanted (const char *path,
           GHashTable *all)
{
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      gsize n = strlen (parts[i].folder);
      const char *name = path + n + 1;
      g_autofree char *better = NULL;

      if (strncmp (path, parts[i].folder, n) != 0 || path[n] != '/')
        continue;
      if (is_configuration (i, name) || g_strcmp0 (name, parts[i].weights) == 0)
        return TRUE;
      better = g_strconcat (parts[i].folder, "/", parts[i].weights, NULL);
      return g_strcmp0 (name, parts[i].torch_weights) == 0 && !g_hash_table_contains (all, better);
    }
  return g_str_equal (path, INDEX_NAME);
}

static gboolean
is_licence (const EshiHubFile *file)
{
  g_autofree char *lower = g_ascii_strdown (file->path, -1);

  return file->size <= MAX_LICENCE_BYTES && strchr (lower, '/') == NULL &&
         (g_str_has_prefix (lower, "license") || g_str_has_prefix (lower, "licence"));
}

static int
compare_files (gconstpointer a,
               gconstpointer b)
{
  const EshiHubFile *first = *(EshiHubFile *const *) a;
  const EshiHubFile *second = *(EshiHubFile *const *) b;
  int last = g_str_equal (first->path, INDEX_NAME) - g_str_equal (second->path, INDEX_NAME);

  return last != 0 ? last : strcmp (first->path, second->path);
}

/* (transfer full): all files of @tree by path; NULL if it is no list. */
static GHashTable *
read_tree (JsonNode *tree)
{
  JsonArray *entries = JSON_NODE_HOLDS_ARRAY (tree) ? json_node_get_array (tree) : NULL;
  GHashTable *all = entries != NULL ? g_hash_table_new_full (g_str_hash, g_str_equal, NULL, file_free) : NULL;

  for (guint i = 0; entries != NULL && i < json_array_get_length (entries); i++)
    {
      EshiHubFile *file = file_from_entry (json_array_get_element (entries, i));

      if (file != NULL)
        g_hash_table_replace (all, file->path, file);
    }
  return all;
}

static void
choose_files (EshiHubPlan *self,
              GHashTable  *all)
{
  GHashTableIter iter;
  EshiHubFile *file;

  self->files = g_ptr_array_new_with_free_func (file_free);
  g_hash_table_iter_init (&iter, all);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &file))
    {
      EshiHubFile *copy;

      if (is_licence (file) && self->licence_file == NULL)
        self->licence_file = g_strdup (file->path);
      else if (!is_wanted (file->path, all))
        continue;
      copy = g_new0 (EshiHubFile, 1);
      copy->path = g_strdup (file->path);
      copy->size = file->size;
      copy->sum = g_strdup (file->sum);
      self->n_bytes += file->size;
      g_ptr_array_add (self->files, copy);
    }
  g_ptr_array_sort (self->files, compare_files);
}

/* Whether the weights of each part that paints are there. */
static gboolean
has_model (const EshiHubPlan *self)
{
  guint n_weights = 0;
  gboolean index = FALSE;

  for (guint i = 0; i < self->files->len; i++)
    {
      const EshiHubFile *file = self->files->pdata[i];

      index |= g_str_equal (file->path, INDEX_NAME);
      n_weights += ends_with_any (file->path, ".safetensors", ".bin") && !g_str_has_prefix (file->path, "safety_");
    }
  return index && n_weights == 3;
}

char *
eshi_hub_plan_revision (const char  *repo,
                        JsonNode    *info,
                        GError     **error)
{
  const char *revision = JSON_NODE_HOLDS_OBJECT (info) ? get_string (json_node_get_object (info), "sha") : NULL;

  if (is_hex (revision, 40))
    return g_strdup (revision);

  set_answer_error (repo, error);
  return NULL;
}

EshiHubPlan *
eshi_hub_plan_new (const char  *repo,
                   JsonNode    *info,
                   JsonNode    *tree,
                   GError     **error)
{
  g_autoptr(EshiHubPlan) self = g_new0 (EshiHubPlan, 1);
  g_autoptr(GHashTable) all = read_tree (tree);
  JsonObject *card;

  self->repo = g_strdup (repo);
  self->revision = eshi_hub_plan_revision (repo, info, error);
  if (self->revision == NULL)
    return NULL;
  if (all == NULL)
    {
      set_answer_error (repo, error);
      return NULL;
    }

  card = get_object (json_node_get_object (info), "cardData");
  self->gated = get_gated (json_node_get_object (info));
  self->licence = card != NULL ? g_strdup (get_string (card, "license")) : NULL;
  choose_files (self, all);
  if (has_model (self))
    return g_steal_pointer (&self);

  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_NOT_FOUND,
               _("“%s” holds no Stable Diffusion model in separate folders (model_index.json, unet, vae, text_encoder), "
                 "so nothing was downloaded; choose another one."),
               repo);
  return NULL;
}
