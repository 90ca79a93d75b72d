/* eshi-settings-text.c: settings as text: the line of parameters that other programs read, and our own JSON.
 *
 * Reads what it writes, and what other programs write in the same grammar; takes hostile text as it comes and judges
 * no value.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-branch-private.h"
#include "eshi-emphasis.h"
#include "eshi-error.h"
#include "eshi-json.h"
#include "eshi-lora-use.h"
#include "eshi-model-hash.h"
#include "eshi-picture-settings-private.h"
#include "eshi-request.h"
#include "eshi-sampler.h"

#define NEGATIVE_KEY "Negative prompt: "
#define LORAS_KEY "Eshi LoRA"
#define GUARD_KEY "Eshi guard"
#define HASH_KEY "Model hash"
#define EMA_KEY "Eshi EMA"
#define VARIATION_KEY "Variation seed"
#define VARIATION_STRENGTH_KEY "Variation seed strength"
#define GUIDANCE_STOP_KEY "Guidance stop"
#define VAE_KEY "VAE"
#define TILING_KEY "Eshi VAE tiling"
#define VAE_F32_KEY "Eshi VAE precision"
#define EMBEDDINGS_KEY "Eshi embedding"
#define BRANCH_KEY "Eshi branch"
#define MAX_TEXT_BYTES (16 << 20)

/* One "Key: value" of the line of parameters, with the comma after it. \w is Unicode's, as in the reference reader. */
#define PAIR_PATTERN "\\s*(\\w[\\w \\-/]+):\\s*(\"(?:\\\\.|[^\\\\\"])+\"|[^,]*)(?:,|$)"
#define MIN_PAIRS 3

/* The shortest decimal that reads back as @value; never depends on the locale. */
static char *
format_double (double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  for (int digits = 1; digits < 17; digits++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (buffer, sizeof buffer, format, value);
      if (g_ascii_strtod (buffer, NULL) == value)
        return g_strdup (buffer);
    }

  return g_strdup (g_ascii_dtostr (buffer, sizeof buffer, value));
}

static int
int_from_text (const char *text)
{
  return (int) CLAMP (g_ascii_strtoll (text, NULL, 10), G_MININT, G_MAXINT);
}

/* @value as it is, or as a JSON string where the grammar would trip over it. */
static void
append_value (GString    *text,
              const char *key,
              const char *value)
{
  if (strpbrk (value, ",:\n\"") != NULL)
    {
      g_autoptr(JsonNode) node = json_node_init_string (json_node_alloc (), value);
      g_autofree char *quoted = json_to_string (node, FALSE);

      g_string_append_printf (text, ", %s: %s", key, quoted);
    }
  else
    {
      g_string_append_printf (text, ", %s: %s", key, value);
    }
}

/* "DPM++ 2M Karras", the sampler, is written whole, as older programs did: "DPM++ 2M" with the schedule "Karras" is
 * another one, whose timesteps are not rounded. */
static void
append_sampler (GString            *text,
                const EshiSettings *self)
{
  const EshiSampler *sampler = self->sampler != NULL ? eshi_sampler_find (self->sampler) : NULL;
  const EshiSchedule *schedule = self->schedule != NULL ? eshi_schedule_find (self->schedule) : NULL;

  if (sampler == NULL)
    return;

  append_value (text, "Sampler", sampler->label);
  if (schedule != NULL && sampler->takes_schedule)
    append_value (text, "Schedule type", schedule->label);
}

/* The first digits of @hash, as other programs write them. */
static void
append_hash (GString    *text,
             const char *hash)
{
  gsize n = hash != NULL ? strspn (hash, "0123456789abcdef") : 0;

  if (n >= ESHI_MODEL_HASH_SHORT)
    g_string_append_printf (text, ", " HASH_KEY ": %.*s", ESHI_MODEL_HASH_SHORT, hash);
}

static void
append_variation (GString            *text,
                  const EshiSettings *self)
{
  g_autofree char *strength = format_double (self->variation_strength);

  if (self->variation_strength > 0.0)
    g_string_append_printf (text, ", " VARIATION_KEY ": %" G_GUINT64_FORMAT ", " VARIATION_STRENGTH_KEY ": %s",
                            self->variation_seed, strength);
}

/* What other programs take for granted stays out. */
static void
append_reading (GString            *text,
                const EshiSettings *self)
{
  g_autofree char *stop = format_double (self->guidance_stop);
  EshiEmphasis emphasis = ESHI_EMPHASIS_ORIGINAL;

  if (self->clip_skip > 1)
    g_string_append_printf (text, ", Clip skip: %d", self->clip_skip);
  if (eshi_settings_is_draft (self))
    append_value (text, GUIDANCE_STOP_KEY, stop);
  if (eshi_emphasis_from_name (self->emphasis, &emphasis) && emphasis != ESHI_EMPHASIS_ORIGINAL)
    append_value (text, "Emphasis", eshi_emphasis_get_label (emphasis));
}

/* (transfer full) (nullable): the name of the emphasis called @label; NULL for what is unknown. */
static char *
dup_emphasis (const char *label)
{
  EshiEmphasis emphasis = ESHI_EMPHASIS_ORIGINAL;

  return eshi_emphasis_from_name (label, &emphasis) ? g_strdup (eshi_emphasis_get_name (emphasis)) : NULL;
}

/* The list of LoRAs as names and weights; paths stay out of it. (transfer full) (nullable) */
static char **
shorten_loras (const EshiSettings *self)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  if (self->loras == NULL || self->loras[0] == NULL)
    return NULL;

  for (guint i = 0; self->loras[i] != NULL; i++)
    {
      g_autofree char *item = _eshi_lora_shorten (self->loras[i]);

      g_strv_builder_add (builder, item);
    }

  return g_strv_builder_end (builder);
}

/* The last part of @path, as UTF-8; (transfer full). */
static char *
shorten_path (const char *path)
{
  g_autofree char *base = g_path_get_basename (path);

  return g_filename_display_name (base);
}

/* The VAE called @name (nullable) by a text that anybody may have written: never a path. */
static void
set_vae (EshiSettings *self,
         const char   *name)
{
  static const char *const none[] = { "", "None", "Automatic", ".", G_DIR_SEPARATOR_S, NULL };
  g_autofree char *base = name != NULL ? g_path_get_basename (name) : NULL;

  if (base != NULL && *name != '\0' && !g_strv_contains (none, base))
    self->vae = g_steal_pointer (&base);
}

/* @list: (nullable): one a line. */
static void
append_list (GString     *text,
             const char  *key,
             char       **list)
{
  g_autofree char *lines = list != NULL && list[0] != NULL ? g_strjoinv ("\n", list) : NULL;

  if (lines != NULL)
    append_value (text, key, lines);
}

char *
eshi_settings_dup_full_prompt (const EshiSettings *self)
{
  g_auto(GStrv) loras = NULL;
  GString *prompt = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  prompt = g_string_new (self->prompt);
  loras = shorten_loras (self);
  for (guint i = 0; loras != NULL && loras[i] != NULL; i++)
    g_string_append_printf (prompt, " <lora:%s>", loras[i]);

  return g_string_free (prompt, FALSE);
}

/* "safety=on watermark=off withheld": what of the three is not as it is by itself. */
static void
append_guard (GString            *text,
              const EshiSettings *self)
{
  g_autofree char *safety = g_strconcat ("safety=", eshi_switch_get_name (self->safety), NULL);
  g_autofree char *watermark = g_strconcat ("watermark=", eshi_switch_get_name (self->watermark), NULL);
  const char *words[4] = { NULL };
  guint n_words = 0;
  g_autofree char *value = NULL;

  if (self->safety != ESHI_SWITCH_AUTO)
    words[n_words++] = safety;
  if (self->watermark != ESHI_SWITCH_AUTO)
    words[n_words++] = watermark;
  if (self->withheld)
    words[n_words++] = "withheld";

  value = g_strjoinv (" ", (char **) words);
  if (n_words > 0)
    append_value (text, GUARD_KEY, value);
}

/* What append_guard() has written; other words are passed over. */
static void
read_guard (EshiSettings *self,
            const char   *value)
{
  g_auto(GStrv) words = g_strsplit (value, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      if (g_str_has_prefix (words[i], "safety="))
        eshi_switch_from_name (words[i] + strlen ("safety="), &self->safety);
      else if (g_str_has_prefix (words[i], "watermark="))
        eshi_switch_from_name (words[i] + strlen ("watermark="), &self->watermark);
      else if (g_str_equal (words[i], "withheld"))
        self->withheld = TRUE;
    }
}

char *
eshi_settings_to_parameters (const EshiSettings *self,
                             const char         *model_name)
{
  GString *text = NULL;
  g_autofree char *guidance = NULL;
  g_auto(GStrv) loras = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  text = g_string_new (self->prompt);
  g_string_append_c (text, '\n');
  if (self->negative_prompt != NULL && *self->negative_prompt != '\0')
    g_string_append_printf (text, NEGATIVE_KEY "%s\n", self->negative_prompt);

  guidance = format_double (self->guidance);
  g_string_append_printf (text, "Steps: %d", self->steps);
  append_sampler (text, self);
  g_string_append_printf (text, ", CFG scale: %s, Seed: %" G_GUINT64_FORMAT ", Size: %dx%d",
                          guidance, self->seed, self->width, self->height);
  append_hash (text, self->model_hash);
  if (model_name != NULL && *model_name != '\0')
    append_value (text, "Model", model_name);
  append_variation (text, self);
  if (self->image != NULL)
    {
      g_autofree char *strength = format_double (self->strength);

      append_value (text, "Denoising strength", strength);
    }
  append_reading (text, self);
  append_value (text, "RNG", self->rng == ESHI_RNG_PHILOX ? "NV" : "CPU");
  append_value (text, "Version", "Eshi " ESHI_VERSION);
  if (self->use_ema)
    append_value (text, EMA_KEY, "True");
  loras = shorten_loras (self);
  append_guard (text, self);
  if (self->vae != NULL)
    {
      g_autofree char *name = shorten_path (self->vae);

      append_value (text, VAE_KEY, name);
    }
  if (self->vae_tiling == ESHI_SWITCH_ON)
    append_value (text, TILING_KEY, eshi_switch_get_name (self->vae_tiling));
  if (self->vae_f32)
    append_value (text, VAE_F32_KEY, "f32");
  append_list (text, LORAS_KEY, loras);
  append_list (text, EMBEDDINGS_KEY, self->embeddings);
  if (self->branch != NULL)
    {
      g_autofree char *branch = _eshi_branch_to_text (self->branch);

      append_value (text, BRANCH_KEY, branch);
    }

  return g_string_free (text, FALSE);
}

/* The value of a pair without its quotes. */
static char *
unquote (const char *value)
{
  g_autoptr(JsonNode) node = NULL;

  if (*value != '"')
    return g_strstrip (g_strdup (value));

  node = json_from_string (value, NULL);
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return g_strdup (value);

  return json_node_dup_string (node);
}

/* The pairs of @line by key; %NULL if there are too few for a line of parameters. */
static GHashTable *
parse_pairs (const char *line)
{
  g_autoptr(GRegex) regex = g_regex_new (PAIR_PATTERN, G_REGEX_OPTIMIZE, 0, NULL);
  g_autoptr(GMatchInfo) match = NULL;
  g_autoptr(GHashTable) pairs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  guint n_pairs = 0;

  g_regex_match (regex, line, 0, &match);
  while (g_match_info_matches (match))
    {
      g_autofree char *value = g_match_info_fetch (match, 2);

      g_hash_table_replace (pairs, g_match_info_fetch (match, 1), unquote (value));
      n_pairs++;
      if (!g_match_info_next (match, NULL))
        break;
    }

  return n_pairs < MIN_PAIRS ? NULL : g_steal_pointer (&pairs);
}

/* The sampler of an old label, a sampler's and a schedule's joined by a space; sets @schedule. */
static const EshiSampler *
split_label (const char          *label,
             const EshiSchedule **schedule)
{
  guint n_schedules = 0;
  const EshiSchedule *all = eshi_schedules (&n_schedules);

  for (guint i = 0; i < n_schedules; i++)
    {
      g_autofree char *suffix = g_strconcat (" ", all[i].label, NULL);

      if (g_str_has_suffix (label, suffix))
        {
          g_autofree char *name = g_strndup (label, strlen (label) - strlen (suffix));

          *schedule = &all[i];
          return eshi_sampler_find (name);
        }
    }

  return NULL;
}

void
_eshi_settings_set_sampler (EshiSettings *self,
                            const char   *label,
                            const char   *schedule_label)
{
  const EshiSchedule *schedule = schedule_label != NULL ? eshi_schedule_find (schedule_label) : NULL;
  const EshiSampler *sampler = label != NULL ? eshi_sampler_find (label) : NULL;

  if (label != NULL && sampler == NULL)
    sampler = split_label (label, &schedule);
  g_clear_pointer (&self->sampler, g_free);
  g_clear_pointer (&self->schedule, g_free);
  if (sampler == NULL)
    return;

  self->sampler = g_strdup (sampler->id);
  if (schedule != NULL && sampler->takes_schedule)
    self->schedule = g_strdup (schedule->id);
}

GHashTable *
_eshi_parameters_parse_pairs (const char *text)
{
  g_autofree char *stripped = NULL;
  const char *last = NULL;

  if (strlen (text) > MAX_TEXT_BYTES || !g_utf8_validate (text, -1, NULL))
    return NULL;

  stripped = g_strstrip (g_strdup (text));
  last = strrchr (stripped, '\n');

  return parse_pairs (last != NULL ? last + 1 : stripped);
}

static void
set_from_pairs (EshiSettings *self,
                GHashTable   *pairs)
{
  const char *value = NULL;

  if ((value = g_hash_table_lookup (pairs, "Steps")) != NULL)
    self->steps = int_from_text (value);
  if ((value = g_hash_table_lookup (pairs, "CFG scale")) != NULL)
    self->guidance = g_ascii_strtod (value, NULL);
  if ((value = g_hash_table_lookup (pairs, "Seed")) != NULL)
    self->seed = g_ascii_strtoull (value, NULL, 10);
  if ((value = g_hash_table_lookup (pairs, "Size")) != NULL)
    {
      const char *times = strchr (value, 'x');

      self->width = int_from_text (value);
      self->height = times != NULL ? int_from_text (times + 1) : 0;
    }

  if ((value = g_hash_table_lookup (pairs, "Clip skip")) != NULL)
    self->clip_skip = int_from_text (value);
  if ((value = g_hash_table_lookup (pairs, GUIDANCE_STOP_KEY)) != NULL)
    self->guidance_stop = g_ascii_strtod (value, NULL);
  self->emphasis = dup_emphasis (g_hash_table_lookup (pairs, "Emphasis"));
  if ((value = g_hash_table_lookup (pairs, "Denoising strength")) != NULL)
    self->strength = g_ascii_strtod (value, NULL);
  self->model_hash = g_strdup (g_hash_table_lookup (pairs, HASH_KEY));
  self->use_ema = g_strcmp0 (g_hash_table_lookup (pairs, EMA_KEY), "True") == 0;
  if ((value = g_hash_table_lookup (pairs, VARIATION_KEY)) != NULL)
    self->variation_seed = g_ascii_strtoull (value, NULL, 10);
  if ((value = g_hash_table_lookup (pairs, VARIATION_STRENGTH_KEY)) != NULL)
    self->variation_strength = g_ascii_strtod (value, NULL);
  if ((value = g_hash_table_lookup (pairs, LORAS_KEY)) != NULL && *value != '\0')
    self->loras = g_strsplit (value, "\n", -1);
  if ((value = g_hash_table_lookup (pairs, GUARD_KEY)) != NULL)
    read_guard (self, value);
  set_vae (self, g_hash_table_lookup (pairs, VAE_KEY));
  eshi_switch_from_name (g_hash_table_lookup (pairs, TILING_KEY), &self->vae_tiling);
  self->vae_f32 = g_strcmp0 (g_hash_table_lookup (pairs, VAE_F32_KEY), "f32") == 0;
  if ((value = g_hash_table_lookup (pairs, EMBEDDINGS_KEY)) != NULL && *value != '\0')
    self->embeddings = g_strsplit (value, "\n", -1);
  if ((value = g_hash_table_lookup (pairs, BRANCH_KEY)) != NULL)
    {
      g_autoptr(JsonObject) branch = _eshi_json_parse_object (value);

      self->branch = _eshi_branch_new_from_json (branch);
    }

  /* Without the key the noise came from a graphics card; "NV" is the same noise made elsewhere. */
  self->rng = g_strcmp0 (g_hash_table_lookup (pairs, "RNG"), "CPU") == 0 ? ESHI_RNG_CPU : ESHI_RNG_PHILOX;
  _eshi_settings_set_sampler (self, g_hash_table_lookup (pairs, "Sampler"), g_hash_table_lookup (pairs, "Schedule type"));
}

/* Splits the lines before the parameters into the prompt and what is not wanted. */
static void
set_prompts (EshiSettings *self,
             const char   *text)
{
  g_autofree char *negative_key = g_strstrip (g_strdup (NEGATIVE_KEY));
  g_autofree char *prompt = NULL;
  const char *negative = NULL;

  /* Space before the key is passed over, as in the reference reader; that includes the end of the line before. */
  for (const char *line = text; line != NULL && negative == NULL; line = strchr (line, '\n'))
    {
      while (g_ascii_isspace (*line))
        line++;
      if (g_str_has_prefix (line, negative_key))
        negative = line;
    }

  prompt = negative != NULL ? g_strndup (text, negative - text) : g_strdup (text);
  g_free (self->prompt);
  self->prompt = g_strdup (g_strstrip (prompt));
  if (negative != NULL)
    {
      g_free (self->negative_prompt);
      self->negative_prompt = g_strstrip (g_strdup (negative + strlen (negative_key)));
    }
}

EshiSettings *
eshi_settings_new_from_parameters (const char  *text,
                                   char       **model_name,
                                   GError     **error)
{
  g_autoptr(EshiSettings) self = NULL;
  g_autoptr(GHashTable) pairs = NULL;
  g_autofree char *stripped = NULL;
  char *last = NULL;

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  pairs = _eshi_parameters_parse_pairs (text);
  if (pairs == NULL)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("The text does not say how a picture was made; choose a picture made by Eshi."));
      return NULL;
    }

  self = eshi_settings_new ();
  set_from_pairs (self, pairs);
  stripped = g_strstrip (g_strdup (text));
  last = strrchr (stripped, '\n');
  if (last != NULL)
    {
      *last = '\0';
      set_prompts (self, stripped);
    }
  if (model_name != NULL)
    *model_name = g_strdup (g_hash_table_lookup (pairs, "Model"));

  return g_steal_pointer (&self);
}

static void
add_string (JsonBuilder *builder,
            const char  *name,
            const char  *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_int (JsonBuilder *builder,
         const char  *name,
         gint64       value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

/* A number, or where JSON readers have no room for it, its digits as a text. */
static void
add_seed (JsonBuilder *builder,
          const char  *name,
          guint64      seed)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, seed);

  if (seed <= G_MAXINT64)
    add_int (builder, name, (gint64) seed);
  else
    add_string (builder, name, digits);
}

static void
add_variation (JsonBuilder        *builder,
               const EshiSettings *self)
{
  if (self->variation_strength <= 0.0)
    return;

  add_seed (builder, "variation_seed", self->variation_seed);
  json_builder_set_member_name (builder, "variation_strength");
  json_builder_add_double_value (builder, self->variation_strength);
}

/* @list: (nullable): nothing is added for an empty one. */
static void
add_list (JsonBuilder  *builder,
          const char   *name,
          char        **list)
{
  if (list == NULL || list[0] == NULL)
    return;

  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; list[i] != NULL; i++)
    json_builder_add_string_value (builder, list[i]);
  json_builder_end_array (builder);
}

static void
add_loras (JsonBuilder        *builder,
           const EshiSettings *self)
{
  g_auto(GStrv) loras = shorten_loras (self);

  add_list (builder, "loras", loras);
}

/* The strings of the array @name; anything else in it is passed over. (transfer full) (nullable) */
static char **
get_list (JsonObject *object,
          const char *name)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  JsonNode *node = json_object_get_member (object, name);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *item = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_VALUE (item) && json_node_get_value_type (item) == G_TYPE_STRING)
        g_strv_builder_add (builder, json_node_get_string (item));
    }

  return array != NULL ? g_strv_builder_end (builder) : NULL;
}

static void
add_guard (JsonBuilder        *builder,
           const EshiSettings *self)
{
  if (self->safety != ESHI_SWITCH_AUTO)
    add_string (builder, "safety", eshi_switch_get_name (self->safety));
  if (self->watermark != ESHI_SWITCH_AUTO)
    add_string (builder, "watermark", eshi_switch_get_name (self->watermark));
  if (self->withheld)
    {
      json_builder_set_member_name (builder, "withheld");
      json_builder_add_boolean_value (builder, TRUE);
    }
}

static void
get_guard (JsonObject   *object,
           EshiSettings *self)
{
  JsonNode *withheld = json_object_get_member (object, "withheld");

  eshi_switch_from_name (_eshi_json_get_string (object, "safety"), &self->safety);
  eshi_switch_from_name (_eshi_json_get_string (object, "watermark"), &self->watermark);
  self->withheld = withheld != NULL && JSON_NODE_HOLDS_VALUE (withheld) &&
                   json_node_get_value_type (withheld) == G_TYPE_BOOLEAN && json_node_get_boolean (withheld);
}

char *
eshi_settings_to_json (const EshiSettings *self,
                       const char         *model_name)
{
  g_autoptr(JsonBuilder) builder = NULL;
  g_autoptr(JsonNode) root = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  builder = json_builder_new_immutable ();
  json_builder_begin_object (builder);
  add_string (builder, "program", "Eshi " ESHI_VERSION);
  add_string (builder, "model", model_name);
  add_string (builder, "prompt", self->prompt);
  add_string (builder, "negative_prompt", self->negative_prompt);
  add_int (builder, "width", self->width);
  add_int (builder, "height", self->height);
  add_int (builder, "steps", self->steps);
  json_builder_set_member_name (builder, "guidance");
  json_builder_add_double_value (builder, self->guidance);
  add_seed (builder, "seed", self->seed);
  add_string (builder, "rng", eshi_rng_kind_get_name (self->rng));
  add_string (builder, "sampler", self->sampler);
  add_string (builder, "schedule", self->schedule);
  add_int (builder, "n_images", self->n_images);
  if (self->image != NULL)
    {
      json_builder_set_member_name (builder, "strength");
      json_builder_add_double_value (builder, self->strength);
    }
  add_loras (builder, self);
  add_guard (builder, self);
  if (self->model_hash != NULL)
    add_string (builder, "model_hash", self->model_hash);
  add_variation (builder, self);
  if (self->vae != NULL)
    {
      g_autofree char *name = shorten_path (self->vae);

      add_string (builder, "vae", name);
    }
  if (self->vae_tiling == ESHI_SWITCH_ON)
    add_string (builder, "vae_tiling", eshi_switch_get_name (self->vae_tiling));
  if (self->vae_f32)
    add_string (builder, "vae_precision", "f32");
  if (self->use_ema)
    add_int (builder, "use_ema", 1);
  if (self->guidance_stop > 0.0)
    {
      json_builder_set_member_name (builder, "guidance_stop");
      json_builder_add_double_value (builder, self->guidance_stop);
    }
  add_int (builder, "clip_skip", self->clip_skip);
  add_string (builder, "emphasis", self->emphasis);
  add_list (builder, "embeddings", self->embeddings);
  if (self->branch != NULL)
    {
      json_builder_set_member_name (builder, "branch");
      _eshi_branch_add_json (builder, self->branch);
    }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);

  return json_to_string (root, FALSE);
}

gboolean
_eshi_settings_parse_seed (JsonNode *value,
                           guint64  *seed)
{
  GType type = value != NULL && JSON_NODE_HOLDS_VALUE (value) ? json_node_get_value_type (value) : G_TYPE_INVALID;
  const char *digits = NULL;

  if (type == G_TYPE_INT64)
    {
      *seed = (guint64) json_node_get_int (value);
      return TRUE;
    }
  if (type != G_TYPE_STRING)
    return FALSE;

  digits = json_node_get_string (value);
  *seed = g_ascii_strtoull (digits, NULL, 10);

  return g_ascii_isdigit (*digits);
}

static void
set_from_object (EshiSettings *self,
                 JsonObject   *object)
{
  const char *prompt = _eshi_json_get_string (object, "prompt");
  const char *negative_prompt = _eshi_json_get_string (object, "negative_prompt");
  JsonNode *branch = json_object_get_member (object, "branch");

  g_free (self->prompt);
  g_free (self->negative_prompt);
  self->prompt = g_strdup (prompt != NULL ? prompt : "");
  self->negative_prompt = g_strdup (negative_prompt != NULL ? negative_prompt : "");
  self->width = _eshi_json_get_int (object, "width");
  self->height = _eshi_json_get_int (object, "height");
  self->steps = _eshi_json_get_int (object, "steps");
  self->guidance = _eshi_json_get_double (object, "guidance");
  _eshi_settings_parse_seed (json_object_get_member (object, "seed"), &self->seed);
  self->sampler = g_strdup (_eshi_json_get_string (object, "sampler"));
  self->schedule = g_strdup (_eshi_json_get_string (object, "schedule"));
  self->n_images = MAX (_eshi_json_get_int (object, "n_images"), 1);
  if (json_object_has_member (object, "strength"))
    self->strength = _eshi_json_get_double (object, "strength");
  get_guard (object, self);
  self->model_hash = g_strdup (_eshi_json_get_string (object, "model_hash"));
  _eshi_settings_parse_seed (json_object_get_member (object, "variation_seed"), &self->variation_seed);
  self->use_ema = _eshi_json_get_int (object, "use_ema") == 1;
  self->variation_strength = _eshi_json_get_double (object, "variation_strength");
  set_vae (self, _eshi_json_get_string (object, "vae"));
  eshi_switch_from_name (_eshi_json_get_string (object, "vae_tiling"), &self->vae_tiling);
  self->vae_f32 = g_strcmp0 (_eshi_json_get_string (object, "vae_precision"), "f32") == 0;
  self->loras = get_list (object, "loras");
  self->embeddings = get_list (object, "embeddings");
  if (branch != NULL && JSON_NODE_HOLDS_OBJECT (branch))
    self->branch = _eshi_branch_new_from_json (json_node_get_object (branch));
  self->guidance_stop = _eshi_json_get_double (object, "guidance_stop");
  self->clip_skip = _eshi_json_get_int (object, "clip_skip");
  self->emphasis = dup_emphasis (_eshi_json_get_string (object, "emphasis"));
  if (!eshi_rng_kind_from_name (_eshi_json_get_string (object, "rng"), &self->rng))
    self->rng = ESHI_RNG_CPU;
}

EshiSettings *
eshi_settings_new_from_json (const char  *json,
                             char       **model_name,
                             GError     **error)
{
  g_autoptr(JsonObject) object = NULL;
  g_autoptr(EshiSettings) self = NULL;

  g_return_val_if_fail (json != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  object = _eshi_json_parse_object (json);
  if (object == NULL)
    {
      g_set_error_literal (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                           _("The text does not say how a picture was made; choose a picture made by Eshi."));
      return NULL;
    }

  self = eshi_settings_new ();
  set_from_object (self, object);
  if (model_name != NULL)
    *model_name = g_strdup (_eshi_json_get_string (object, "model"));

  return g_steal_pointer (&self);
}
