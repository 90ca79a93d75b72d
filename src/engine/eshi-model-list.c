/* eshi-model-list.c: which models there are, from their small files alone.
 *
 * A model is a single file, or a folder as diffusers writes it; our own eshi.json beside model_index.json may say what the model is called
 * and which settings suit it: {"name", "width", "height", "steps", "guidance", "sampler"}, each of them optional.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#define G_LOG_DOMAIN "eshi-models"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "eshi-checkpoint.h"
#include "eshi-error.h"
#include "eshi-json.h"
#include "eshi-model-folders.h"
#include "eshi-model-list.h"
#include "eshi-pipeline.h"
#include "eshi-sampler.h"

#define EMBEDDED_NAME "mame"
#define LORAS_NAME "loras"
#define MAX_SMALL_FILE (1 << 20)

/* What Stable Diffusion 1.x is usually run with. */
#define DEFAULT_STEPS 50
#define DEFAULT_GUIDANCE 7.5
#define DEFAULT_SAMPLE_SIZE 64
#define LATENT_FACTOR 8

void
eshi_model_info_free (EshiModelInfo *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->path);
  g_free (self->name);
  g_free (self->sampler);
  g_free (self);
}

static char *
get_embedded_path (void)
{
  const char *folder = g_getenv ("ESHI_MODEL_DIR");

  if (folder != NULL && *folder != '\0')
    return g_build_filename (folder, EMBEDDED_NAME, NULL);

  return g_build_filename (ESHI_PKGDATADIR, "model", EMBEDDED_NAME, NULL);
}

static void
set_missing (const char  *path,
             GError     **error)
{
  g_autofree char *shown = g_filename_display_name (path);

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
               _("There is no model in the folder “%s”; choose a folder that holds model_index.json."), shown);
}

/* The object in @path/@name; NULL without an error if there is no such file. */
static gboolean
read_json (const char  *path,
           const char  *name,
           JsonObject **object,
           GError     **error)
{
  g_autofree char *file = g_build_filename (path, name, NULL);
  g_autofree char *text = NULL;
  GStatBuf status;

  *object = NULL;
  if (g_stat (file, &status) != 0)
    return TRUE;

  if (S_ISREG (status.st_mode) && status.st_size <= MAX_SMALL_FILE &&
      g_file_get_contents (file, &text, NULL, NULL))
    *object = _eshi_json_parse_object (text);
  if (*object == NULL)
    {
      g_autofree char *shown = g_filename_display_name (file);

      g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                   _("The file “%s” is damaged; get the model again."), shown);
      return FALSE;
    }

  return TRUE;
}

/* The sampler that the scheduler's class in @index stands for. */
static const char *
sampler_from_index (JsonObject *index)
{
  static const struct { const char *class_name, *id; } known[] = {
    { "PNDMScheduler", "pndm" },
    { "LMSDiscreteScheduler", "lms" },
    { "DDIMScheduler", "ddim" },
    { "EulerDiscreteScheduler", "euler" },
    { "EulerAncestralDiscreteScheduler", "euler-a" },
    { "DPMSolverMultistepScheduler", "dpmpp-2m" },
    { "HeunDiscreteScheduler", "heun" },
    { "KDPM2DiscreteScheduler", "dpm2" },
    { "KDPM2AncestralDiscreteScheduler", "dpm2-a" },
    { "DPMSolverSDEScheduler", "dpmpp-sde" },
    { "UniPCMultistepScheduler", "unipc" },
    { "LCMScheduler", "lcm" },
  };
  JsonNode *node = json_object_get_member (index, "scheduler");
  JsonArray *pair = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  JsonNode *class_node = pair != NULL && json_array_get_length (pair) == 2 ? json_array_get_element (pair, 1) : NULL;
  const char *class_name = class_node != NULL && JSON_NODE_HOLDS_VALUE (class_node) &&
                               json_node_get_value_type (class_node) == G_TYPE_STRING
                             ? json_node_get_string (class_node)
                             : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_strcmp0 (class_name, known[i].class_name) == 0)
      return known[i].id;

  return "lms";
}

static gboolean
set_defaults (EshiModelInfo  *self,
              JsonObject     *index,
              GError        **error)
{
  g_autoptr(JsonObject) unet = NULL;
  g_autofree char *file = g_build_filename ("unet", "config.json", NULL);
  int sample_size = 0;

  if (!read_json (self->path, file, &unet, error))
    return FALSE;
  if (unet != NULL)
    sample_size = _eshi_json_get_int (unet, "sample_size");
  if (sample_size < 8 || sample_size > 256)
    sample_size = DEFAULT_SAMPLE_SIZE;

  self->name = g_path_get_basename (self->path);
  self->width = self->height = sample_size * LATENT_FACTOR;
  self->steps = DEFAULT_STEPS;
  self->guidance = DEFAULT_GUIDANCE;
  self->sampler = g_strdup (sampler_from_index (index));

  return TRUE;
}

/* Values outside their ranges are passed over, as if they were not there. */
static void
set_own (EshiModelInfo *self,
         JsonObject    *own)
{
  const char *name = _eshi_json_get_string (own, "name");
  const char *sampler = _eshi_json_get_string (own, "sampler");
  const EshiSampler *found = sampler != NULL ? eshi_sampler_find (sampler) : NULL;
  int width = _eshi_json_get_int (own, "width");
  int height = _eshi_json_get_int (own, "height");
  int steps = _eshi_json_get_int (own, "steps");
  double guidance = _eshi_json_get_double (own, "guidance");

  if (name != NULL && *name != '\0')
    {
      g_free (self->name);
      self->name = g_strdup (name);
    }
  if (found != NULL)
    {
      g_free (self->sampler);
      self->sampler = g_strdup (found->id);
    }
  if (width >= 64 && width <= 2048 && width % 8 == 0)
    self->width = width;
  if (height >= 64 && height <= 2048 && height % 8 == 0)
    self->height = height;
  if (steps >= 1 && steps <= 1000)
    self->steps = steps;
  if (guidance >= 1.0 && guidance <= 30.0)
    self->guidance = guidance;
}

/* A single file, which says nothing about how it wants to be used. */
static EshiModelInfo *
info_for_file (const char *path)
{
  EshiModelInfo *self = g_new0 (EshiModelInfo, 1);
  char *dot = NULL;

  self->path = g_strdup (path);
  self->name = g_path_get_basename (path);
  dot = strrchr (self->name, '.');
  if (dot != NULL && dot != self->name)
    *dot = '\0';
  self->width = self->height = DEFAULT_SAMPLE_SIZE * LATENT_FACTOR;
  self->steps = DEFAULT_STEPS;
  self->guidance = DEFAULT_GUIDANCE;
  self->sampler = g_strdup ("pndm");
  return self;
}

EshiModelInfo *
eshi_model_info_load (const char  *path,
                      GError     **error)
{
  g_autoptr(EshiModelInfo) self = g_new0 (EshiModelInfo, 1);
  g_autoptr(JsonObject) index = NULL;
  g_autoptr(JsonObject) own = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (path != NULL && g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return info_for_file (path);

  self->embedded = path == NULL;
  self->path = path != NULL ? g_strdup (path) : get_embedded_path ();
  if (!read_json (self->path, "model_index.json", &index, error) ||
      !read_json (self->path, "eshi.json", &own, error))
    return NULL;
  if (index == NULL)
    {
      set_missing (self->path, error);
      return NULL;
    }

  if (!set_defaults (self, index, error))
    return NULL;
  if (own != NULL)
    set_own (self, own);

  return g_steal_pointer (&self);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* The names in @path but for hidden ones, such as downloads that are not whole, sorted; empty if there is no such folder. */
static GPtrArray *
list_folder (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (*name != '.')
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);

  return names;
}

static void
add_model (GPtrArray  *models,
           const char *path)
{
  g_autoptr(GError) error = NULL;
  EshiModelInfo *info = eshi_model_info_load (path, &error);

  if (info != NULL)
    g_ptr_array_add (models, info);
  else
    g_message ("%s", error->message);
}

/* A single file counts if it holds a whole model, and is passed over if it does not begin like one. */
static void
add_file (GPtrArray  *models,
          const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiCheckpoint) checkpoint = NULL;

  if (!eshi_pipeline_is_checkpoint (path))
    return;

  checkpoint = eshi_checkpoint_open (path, &error);
  if (checkpoint != NULL)
    add_model (models, path);
  else
    g_message ("%s", error->message);
}

static void
add_folder (GPtrArray  *models,
            const char *folder)
{
  g_autoptr(GPtrArray) names = list_folder (folder);
  g_autofree char *index = g_build_filename (folder, "model_index.json", NULL);

  if (g_file_test (folder, G_FILE_TEST_IS_REGULAR))
    {
      add_file (models, folder);
      return;
    }
  if (g_file_test (index, G_FILE_TEST_EXISTS))
    {
      add_model (models, folder);
      return;
    }

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);

      if (g_str_equal (names->pdata[i], LORAS_NAME))
        continue;
      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        add_model (models, path);
      else
        add_file (models, path);
    }
}

GPtrArray *
eshi_model_list (void)
{
  g_autoptr(GPtrArray) folders = eshi_model_folders_list ();
  GPtrArray *models = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_model_info_free);

  add_model (models, NULL);
  for (guint i = 0; i < folders->len; i++)
    add_folder (models, folders->pdata[i]);

  return models;
}
