/* eshi-picture-settings.c: which program wrote the texts of a picture, and what they say in the end.
 *
 * Chooses among the readers; opens no file and judges no value.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-picture-settings-private.h"
#include "eshi-sampler.h"

#define WEB_UI "Stable Diffusion web UI"

G_DEFINE_BOXED_TYPE (EshiPictureSettings, eshi_picture_settings, eshi_picture_settings_copy, eshi_picture_settings_free)

EshiPictureSettings *
eshi_picture_settings_copy (const EshiPictureSettings *self)
{
  EshiPictureSettings *copy = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_memdup2 (self, sizeof *self);
  copy->program = g_strdup (self->program);
  copy->settings = self->settings != NULL ? eshi_settings_copy (self->settings) : NULL;
  copy->sampler = g_strdup (self->sampler);
  copy->schedule = g_strdup (self->schedule);
  copy->model_name = g_strdup (self->model_name);
  copy->model_hash = g_strdup (self->model_hash);
  copy->texts = g_hash_table_ref (self->texts);

  return copy;
}

void
eshi_picture_settings_free (EshiPictureSettings *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->program);
  g_clear_pointer (&self->settings, eshi_settings_free);
  g_free (self->sampler);
  g_free (self->schedule);
  g_free (self->model_name);
  g_free (self->model_hash);
  g_hash_table_unref (self->texts);
  g_free (self);
}

/* @name as the web UI's label or our id, from any of the ways that programs have: "k_lms", "euler_ancestral", "PLMS". */
static char *
plain_name (const char *name)
{
  static const char *const others[][2] = { { "plms", "pndm" }, { "uni-pc", "unipc" }, { "uni_pc", "unipc" } };
  GString *plain = g_string_new (g_str_has_prefix (name, "k_") ? name + 2 : name);

  g_string_replace (plain, "_ancestral", "_a", 0);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (g_ascii_strcasecmp (plain->str, others[i][0]) == 0)
      g_string_assign (plain, others[i][1]);

  return g_string_free (plain, FALSE);
}

/* Whether @schedule says no more than that the sampler has its own. */
static gboolean
is_usual (const char *schedule)
{
  static const char *const usual[] = { "automatic", "discrete", "native" };

  for (guint i = 0; schedule != NULL && i < G_N_ELEMENTS (usual); i++)
    if (g_ascii_strcasecmp (schedule, usual[i]) == 0)
      return TRUE;

  return schedule == NULL;
}

/* Our ids for what another program calls @name and @schedule; none where one of them is unknown. */
static void
match (EshiSettings *settings,
       const char   *name,
       const char   *schedule)
{
  g_autofree char *plain = plain_name (name);

  /* "dpmpp_2m_k" is InvokeAI's word for the schedule. */
  if (g_str_has_suffix (plain, "_k"))
    {
      plain[strlen (plain) - 2] = '\0';
      schedule = "karras";
    }

  if (is_usual (schedule))
    _eshi_settings_set_sampler (settings, plain, NULL);
  else
    _eshi_settings_set_sampler (settings, eshi_schedule_find (schedule) != NULL ? plain : NULL, schedule);
}

void
_eshi_picture_settings_set_sampler (EshiPictureSettings *self,
                                    const char          *name,
                                    const char          *schedule)
{
  if (name == NULL)
    return;

  g_free (self->sampler);
  g_free (self->schedule);
  self->sampler = g_strdup (name);
  self->schedule = g_strdup (schedule);
  match (self->settings, name, schedule);
}

static void
set_from_pairs (EshiPictureSettings *self,
                GHashTable          *pairs)
{
  const char *schedule = g_hash_table_lookup (pairs, "Schedule type");
  const char *strength = g_hash_table_lookup (pairs, "Denoising strength");
  const char *clip_skip = g_hash_table_lookup (pairs, "Clip skip");
  const char *version = g_hash_table_lookup (pairs, "Version");

  self->program = g_strdup (version != NULL && g_str_has_prefix (version, "Eshi ") ? "Eshi" : WEB_UI);
  self->has_seed = g_hash_table_contains (pairs, "Seed");
  self->model_hash = g_strdup (g_hash_table_lookup (pairs, "Model hash"));
  if (strength != NULL)
    self->strength = g_ascii_strtod (strength, NULL);
  self->clip_skip = clip_skip != NULL ? (int) CLAMP (g_ascii_strtoll (clip_skip, NULL, 10), 1, 100) : 1;
  _eshi_picture_settings_set_sampler (self, g_hash_table_lookup (pairs, "Sampler"),
                                      schedule != NULL ? schedule : "Automatic");
}

static gboolean
read_parameters (EshiPictureSettings *self,
                 const char          *text)
{
  g_autoptr(GHashTable) pairs = _eshi_parameters_parse_pairs (text);

  if (pairs == NULL)
    return FALSE;

  g_clear_pointer (&self->settings, eshi_settings_free);
  self->settings = eshi_settings_new_from_parameters (text, &self->model_name, NULL);
  if (self->settings == NULL)
    return FALSE;
  set_from_pairs (self, pairs);

  return TRUE;
}

static gboolean
read_ours (EshiPictureSettings *self,
           const char          *json)
{
  g_autofree char *model_name = NULL;
  EshiSettings *settings = eshi_settings_new_from_json (json, &model_name, NULL);

  if (settings == NULL)
    return FALSE;

  eshi_settings_free (self->settings);
  self->settings = settings;
  self->has_seed = TRUE;
  self->sampler = g_strdup (settings->sampler);
  self->schedule = g_strdup (settings->schedule);
  self->model_hash = g_strdup (settings->model_hash);
  self->model_name = g_steal_pointer (&model_name);
  self->program = g_strdup ("Eshi");

  return TRUE;
}

/* Fooocus and NovelAI write JSON under keywords that others use too. */
static const char *
json_writer (GHashTable *texts)
{
  const char *software = g_hash_table_lookup (texts, "Software");

  if (software != NULL && g_str_has_prefix (software, "NovelAI"))
    return "NovelAI";

  return g_hash_table_contains (texts, "fooocus_scheme") ? "Fooocus" : NULL;
}

/* NovelAI's prompt is a text of its own in older files. */
static void
finish_novelai (EshiPictureSettings *self)
{
  const char *description = g_hash_table_lookup (self->texts, "Description");

  self->settings->rng = ESHI_RNG_PHILOX;
  if (*self->settings->prompt == '\0' && description != NULL)
    {
      g_free (self->settings->prompt);
      self->settings->prompt = g_strdup (description);
    }
}

static gboolean
read_named_json (EshiPictureSettings *self)
{
  const char *writer = json_writer (self->texts);
  const char *json = NULL;

  if (writer == NULL)
    return FALSE;

  json = g_hash_table_lookup (self->texts, g_str_equal (writer, "NovelAI") ? "Comment" : "parameters");
  if (json == NULL)
    json = g_hash_table_lookup (self->texts, "UserComment");
  if (json == NULL || !_eshi_picture_settings_read_json (self, json))
    return FALSE;
  self->program = g_strdup (writer);
  if (g_str_equal (writer, "NovelAI"))
    finish_novelai (self);

  return TRUE;
}

typedef gboolean (*Reader) (EshiPictureSettings *self,
                            const char          *text);

/* The first reader that understands its text decides; the exact ones come first. */
static const struct
{
  const char *keyword;
  Reader      read;
  const char *program; /* NULL: the reader says it */
} readers[] = {
  { "eshi", read_ours, NULL },
  { "parameters", read_parameters, NULL },
  { "invokeai_metadata", _eshi_picture_settings_read_json, "InvokeAI" },
  { "sd-metadata", _eshi_picture_settings_read_json, "InvokeAI" },
  { "prompt", _eshi_picture_settings_read_comfy, "ComfyUI" },
  { "Dream", _eshi_picture_settings_read_dream, "InvokeAI" },
  { "UserComment", read_parameters, NULL },
};

static gboolean
read_all (EshiPictureSettings *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      const char *text = g_hash_table_lookup (self->texts, readers[i].keyword);

      if (text != NULL && readers[i].read (self, text))
        {
          if (readers[i].program != NULL)
            self->program = g_strdup (readers[i].program);
          return TRUE;
        }
    }

  return read_named_json (self);
}

EshiPictureSettings *
eshi_picture_settings_new_from_texts (GHashTable *texts)
{
  EshiPictureSettings *self = NULL;

  g_return_val_if_fail (texts != NULL, NULL);

  self = g_new0 (EshiPictureSettings, 1);
  self->texts = g_hash_table_ref (texts);
  self->settings = eshi_settings_new ();
  self->strength = -1.0;
  if (!read_all (self))
    g_clear_pointer (&self->settings, eshi_settings_free);

  return self;
}
