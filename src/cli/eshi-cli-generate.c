/* eshi-cli-generate.c: eshi-cli generate: from arguments to a job.
 *
 * Everything that can be wrong about the arguments is found before the engine is started.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "eshi-cli-report.h"
#include "eshi-picture-file.h"

/* Stands for a number that was not given. */
#define UNSET G_MININT

#define PROMPTS_DIGITS 4
#define MAX_THREADS 1024
#define MAX_PROMPTS_BYTES (16 << 20)

typedef struct
{
  char     *prompt;
  char     *prompts;
  char     *from;
  int       branch_step;
  char     *negative;
  char     *model;
  int       width;
  int       height;
  int       steps;
  double    guidance;
  char     *seed;
  char     *variation_seed;
  double    variation_strength;
  char     *sampler;
  char     *schedule;
  char     *rng;
  int       count;
  char     *image;
  char     *mask;
  double    strength;
  gboolean  no_paste;
  char     *output;
  char     *backend;
  int       threads;
  char     *precision;
  char    **loras;
  char     *safety;
  char     *watermark;
  char     *vae;
  char     *vae_tiling;
  gboolean  vae_f32;
  gboolean  ema;
  double    guidance_stop;
  int       clip_skip;
  char     *emphasis;
  char     *previews;
  char     *preview_kind;
  int       preview_every;
  gboolean  no_previews;
  gboolean  no_history;
  gboolean  json;
  gboolean  quiet;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->prompt);
  g_free (self->prompts);
  g_free (self->from);
  g_free (self->negative);
  g_free (self->model);
  g_free (self->seed);
  g_free (self->variation_seed);
  g_free (self->sampler);
  g_free (self->schedule);
  g_free (self->rng);
  g_free (self->image);
  g_free (self->mask);
  g_free (self->output);
  g_free (self->backend);
  g_free (self->precision);
  g_strfreev (self->loras);
  g_free (self->safety);
  g_free (self->watermark);
  g_free (self->vae);
  g_free (self->vae_tiling);
  g_free (self->emphasis);
  g_free (self->previews);
  g_free (self->preview_kind);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
options_parse (Options  *self,
               int       argc,
               char    **argv)
{
  const GOptionEntry entries[] = {
    { "prompt", 'p', 0, G_OPTION_ARG_FILENAME, &self->prompt, N_("What to paint"), N_("TEXT") },
    { "prompts", 0, 0, G_OPTION_ARG_FILENAME, &self->prompts, N_("File with a prompt on each line"), N_("FILE") },
    { "from", 0, 0, G_OPTION_ARG_FILENAME, &self->from, N_("Picture file whose settings hold where no option is given"),
      N_("FILE") },
    { "negative", 0, 0, G_OPTION_ARG_FILENAME, &self->negative, N_("What is not wanted"), N_("TEXT") },
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &self->model, N_("Model; the embedded one if left out"), N_("FOLDER") },
    { "width", 'W', 0, G_OPTION_ARG_INT, &self->width, N_("Pixels, a multiple of 8"), N_("NUMBER") },
    { "height", 'H', 0, G_OPTION_ARG_INT, &self->height, N_("Pixels, a multiple of 8"), N_("NUMBER") },
    { "steps", 0, 0, G_OPTION_ARG_INT, &self->steps, N_("Steps"), N_("NUMBER") },
    { "guidance", 0, 0, G_OPTION_ARG_DOUBLE, &self->guidance, N_("Guidance scale, 1 to 30"), N_("NUMBER") },
    { "seed", 0, 0, G_OPTION_ARG_FILENAME, &self->seed, N_("0 to 4294967295, or random"), N_("NUMBER") },
    { "variation-seed", 0, 0, G_OPTION_ARG_FILENAME, &self->variation_seed,
      N_("Seed whose noise is mixed in, or random, for pictures much like another"), N_("NUMBER") },
    { "variation-strength", 0, 0, G_OPTION_ARG_DOUBLE, &self->variation_strength,
      N_("How much of it is mixed in, 0 to 1; the next picture takes the next variation seed"), N_("NUMBER") },
    { "sampler", 0, 0, G_OPTION_ARG_FILENAME, &self->sampler, N_("Sampler, such as lms or euler-a"), N_("NAME") },
    { "schedule", 0, 0, G_OPTION_ARG_FILENAME, &self->schedule,
      N_("How noise is spread over the steps, such as karras or exponential (default: the sampler's own)"), N_("NAME") },
    { "rng", 0, 0, G_OPTION_ARG_FILENAME, &self->rng, N_("Kind of noise: cpu or philox"), N_("KIND") },
    { "count", 'n', 0, G_OPTION_ARG_INT, &self->count, N_("Pictures of each prompt"), N_("NUMBER") },
    { "branch-step", 0, 0, G_OPTION_ARG_INT, &self->branch_step,
      N_("Paint the picture of --from up to this step, and only then as the other options say"), N_("NUMBER") },
    { "image", 'i', 0, G_OPTION_ARG_FILENAME, &self->image, N_("PNG file to start from"), N_("FILE") },
    { "strength", 0, 0, G_OPTION_ARG_DOUBLE, &self->strength, N_("How much of the image is painted over, 0 to 1"),
      N_("NUMBER") },
    { "mask", 0, 0, G_OPTION_ARG_FILENAME, &self->mask, N_("PNG file, white where the image is painted over"),
      N_("FILE") },
    { "no-paste", 0, 0, G_OPTION_ARG_NONE, &self->no_paste, N_("Do not put the image's pixels outside the mask back"),
      NULL },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &self->output, N_("PNG file; the pictures folder if left out"),
      N_("FILE") },
    { "backend", 0, 0, G_OPTION_ARG_FILENAME, &self->backend, N_("cpu, ref or cuda"), N_("NAME") },
    { "threads", 0, 0, G_OPTION_ARG_INT, &self->threads, N_("Processor threads"), N_("NUMBER") },
    { "precision", 0, 0, G_OPTION_ARG_FILENAME, &self->precision, N_("auto, f32 or half"), N_("TYPE") },
    { "lora", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->loras, N_("LoRA to merge in; may be given again"),
      N_("FILE[:WEIGHT]") },
    { "safety", 0, 0, G_OPTION_ARG_FILENAME, &self->safety,
      N_("Safety checker, which turns pictures that it flags black: on, off or auto (default: on if the model brings one)"),
      N_("SWITCH") },
    { "watermark", 0, 0, G_OPTION_ARG_FILENAME, &self->watermark,
      N_("Invisible watermark: on, off or auto (default: on if the model brings a safety checker and the picture has "
         "256 × 256 pixels or more)"),
      N_("SWITCH") },
    { "vae", 0, 0, G_OPTION_ARG_FILENAME, &self->vae, N_("VAE in the place of the model's own: a path or a name"),
      N_("FILE") },
    { "vae-tiling", 0, 0, G_OPTION_ARG_FILENAME, &self->vae_tiling,
      N_("Let the VAE work in tiles, which needs less memory: auto, on or off"), N_("WHEN") },
    { "vae-f32", 0, 0, G_OPTION_ARG_NONE, &self->vae_f32, N_("Let the VAE work in full precision at once"), NULL },
    { "ema", 0, 0, G_OPTION_ARG_NONE, &self->ema, N_("Paint with the averaged weights (EMA) of a file that holds both sets"),
      NULL },
    { "guidance-stop", 0, 0, G_OPTION_ARG_DOUBLE, &self->guidance_stop,
      N_("Draft: part of the steps that guidance takes part in, 0.5 for the first half; the others take less time"),
      N_("NUMBER") },
    { "clip-skip", 0, 0, G_OPTION_ARG_INT, &self->clip_skip,
      N_("Layer that the text encoder stops at, 1 for the last, 2 for the one before it"), N_("NUMBER") },
    { "emphasis", 0, 0, G_OPTION_ARG_FILENAME, &self->emphasis,
      N_("How brackets in prompts are read: original, no-norm, ignore or off"), N_("KIND") },
    { "previews", 0, 0, G_OPTION_ARG_FILENAME, &self->previews, N_("Folder to save previews in"), N_("FOLDER") },
    { "preview-kind", 0, 0, G_OPTION_ARG_FILENAME, &self->preview_kind,
      N_("How previews are made: auto, taesd, vae or rgb (default: by TAESD if its file is there)"), N_("KIND") },
    { "preview-every", 0, 0, G_OPTION_ARG_INT, &self->preview_every,
      N_("Steps from one preview to the next (default: 1)"), N_("NUMBER") },
    { "no-previews", 0, 0, G_OPTION_ARG_NONE, &self->no_previews, N_("Make no previews"), NULL },
    { "no-history", 0, 0, G_OPTION_ARG_NONE, &self->no_history, N_("Do not record the pictures in the history"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->json, N_("Write one JSON object"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &self->quiet, N_("Write nothing but errors"), NULL },
    { NULL },
  };

  self->width = self->height = self->steps = self->threads = self->clip_skip = self->preview_every = UNSET;
  self->guidance = self->guidance_stop = self->strength = self->variation_strength = UNSET;
  self->branch_step = UNSET;
  self->count = 1;

  return eshi_cli_parse (argc, argv, NULL, _("Paints pictures and writes them as PNG files."), entries, NULL);
}

/* Zeros mean "the model's own" to the engine, but nobody types them to say so. */
static gboolean
check_zeros (const Options *options)
{
  static const char *names[] = { "--width", "--height", "--steps", "--guidance", "--guidance-stop", "--threads",
                                "--clip-skip", "--preview-every" };
  const gboolean zeros[] = {
    options->width == 0, options->height == 0, options->steps == 0, options->guidance == 0.0,
    options->guidance_stop == 0.0, options->threads == 0, options->clip_skip == 0, options->preview_every == 0,
  };

  for (guint i = 0; i < G_N_ELEMENTS (zeros); i++)
    if (zeros[i])
      {
        g_autofree char *sentence = g_strdup_printf (_("%s cannot be 0; leave it out for the usual value."), names[i]);

        eshi_cli_complain (sentence);
        return FALSE;
      }

  return TRUE;
}

static gboolean
check_options (const Options *options)
{
  if (options->prompt != NULL && options->prompts != NULL)
    {
      eshi_cli_complain (_("Give either --prompt TEXT or --prompts FILE; see “eshi-cli generate --help”."));
      return FALSE;
    }
  if (options->prompt == NULL && options->prompts == NULL && options->from == NULL)
    {
      eshi_cli_complain (_("Give either --prompt TEXT or --prompts FILE; see “eshi-cli generate --help”."));
      return FALSE;
    }
  if (options->preview_kind != NULL && options->previews == NULL)
    {
      eshi_cli_complain (_("--preview-kind needs --previews FOLDER; see “eshi-cli generate --help”."));
      return FALSE;
    }
  if (options->preview_every != UNSET && options->previews == NULL)
    {
      eshi_cli_complain (_("--preview-every needs --previews FOLDER; see “eshi-cli generate --help”."));
      return FALSE;
    }
  if (options->previews != NULL && options->no_previews)
    {
      eshi_cli_complain (_("Give either --previews FOLDER or --no-previews; see “eshi-cli generate --help”."));
      return FALSE;
    }
  if (options->threads != UNSET && (options->threads < 0 || options->threads > MAX_THREADS))
    {
      eshi_cli_complain (_("The number of threads must be from 1 to 1024."));
      return FALSE;
    }

  if (options->image == NULL && (options->strength != UNSET || options->mask != NULL || options->no_paste))
    {
      eshi_cli_complain (_("--strength, --mask and --no-paste need --image FILE; see “eshi-cli generate --help”."));
      return FALSE;
    }

  if (options->variation_seed != NULL && options->variation_strength == UNSET && options->from == NULL)
    {
      eshi_cli_complain (_("--variation-seed needs --variation-strength NUMBER; see “eshi-cli generate --help”."));
      return FALSE;
    }

  return check_zeros (options);
}

static gboolean
set_text (char       **field,
          const char  *argument)
{
  char *text = NULL;

  if (argument == NULL)
    return TRUE;

  text = eshi_cli_text (argument);
  if (text == NULL)
    return FALSE;

  g_free (*field);
  *field = text;

  return TRUE;
}

/* Reads the picture @path, if there is one; complains itself. */
static gboolean
set_image (EshiImage  **field,
           const char  *path)
{
  g_autoptr(GError) error = NULL;

  if (path == NULL)
    return TRUE;

  *field = eshi_picture_file_load_image (path, &error);
  if (*field == NULL)
    eshi_cli_fail (error);

  return *field != NULL;
}

/* (transfer full) (nullable): path of the model that the picture was made with. */
static char *
find_model (const EshiPictureSettings *found)
{
  g_autoptr(GPtrArray) models = eshi_model_list ();
  const EshiModelInfo *info = eshi_model_list_find (models, found->model_hash, found->model_name);

  return info != NULL ? g_strdup (info->path) : NULL;
}

/* Whether the model that was found is known to have another hash than @found says; old and short ones say nothing. */
static gboolean
is_other_model (const EshiPictureSettings *found)
{
  g_autofree char *known = found->settings->model != NULL ? eshi_model_hash_lookup (found->settings->model) : NULL;
  gsize n = found->model_hash != NULL ? strspn (found->model_hash, "0123456789abcdef") : 0;

  return known != NULL && n >= ESHI_MODEL_HASH_SHORT && strncmp (known, found->model_hash, n) != 0;
}

/* One line each about what the picture was made with and this computer does not have; a VAE is forgotten. */
static void
warn_missing (const Options       *options,
              EshiPictureSettings *found)
{
  g_autofree char *sampler = g_strjoin (" ", found->sampler, found->schedule, NULL);
  g_autofree char *sentence = NULL;

  if (options->model == NULL && found->model_name != NULL && found->settings->model == NULL)
    {
      sentence = g_strdup_printf (_("There is no model “%s” here; the embedded one paints instead."), found->model_name);
      eshi_cli_complain (sentence);
    }
  if (options->model == NULL && is_other_model (found))
    {
      sentence = g_strdup_printf (_("The model “%s” here has other weights than the one that the picture was made with."),
                                  found->model_name);
      eshi_cli_complain (sentence);
    }
  g_clear_pointer (&sentence, g_free);
  if (options->vae == NULL && found->settings->vae != NULL)
    {
      g_autofree char *path = eshi_vae_folder_find (found->settings->vae, NULL);

      sentence = g_strdup_printf (_("There is no VAE “%s” here; the model's own is used instead."), found->settings->vae);
      if (path == NULL)
        {
          eshi_cli_complain (sentence);
          g_clear_pointer (&found->settings->vae, g_free);
        }
    }
  g_clear_pointer (&sentence, g_free);
  if (options->sampler == NULL && found->sampler != NULL && found->settings->sampler == NULL)
    {
      sentence = g_strdup_printf (_("There is no sampler “%s” here; the model's own is used instead."), sampler);
      eshi_cli_complain (sentence);
    }
}

/* (transfer full): the settings of the picture that --from names, or the defaults; NULL after having complained. */
static EshiSettings *
make_base (const Options *options,
           gboolean      *has_seed)
{
  g_autoptr(EshiPictureSettings) found = NULL;
  g_autoptr(GError) error = NULL;

  *has_seed = FALSE;
  if (options->from == NULL)
    return eshi_settings_new ();

  found = eshi_picture_file_inspect (options->from, &error);
  if (found == NULL)
    {
      eshi_cli_fail (error);
      return NULL;
    }
  if (found->settings == NULL)
    {
      eshi_cli_complain (_("The picture of --from does not say how it was made; choose another one."));
      return NULL;
    }
  found->settings->model = find_model (found);
  warn_missing (options, found);
  *has_seed = found->has_seed;

  /* What guards a picture is not for another picture to say. */
  found->settings->safety = ESHI_SWITCH_AUTO;
  found->settings->watermark = ESHI_SWITCH_AUTO;

  return g_steal_pointer (&found->settings);
}

/* A file in the current folder is meant before a name. */
static char *
dup_vae (const char *argument)
{
  if (strchr (argument, G_DIR_SEPARATOR) == NULL && g_file_test (argument, G_FILE_TEST_EXISTS))
    return g_build_filename (".", argument, NULL);
  return g_strdup (argument);
}

static gboolean
set_preview_kind (EshiPreviewKind *field,
                  const char      *argument)
{
  if (argument == NULL || eshi_preview_kind_from_name (argument, field))
    return TRUE;

  eshi_cli_complain (_("There is no such kind of previews; choose “auto”, “taesd”, “vae” or “rgb”."));
  return FALSE;
}

/* What the options say in the place of what @settings hold; complains itself. */
static gboolean
set_options (EshiSettings  *settings,
             const Options *options)
{
  if (options->model != NULL)
    {
      g_free (settings->model);
      settings->model = g_strdup (options->model);
    }
  if (options->sampler != NULL)
    {
      g_free (settings->sampler);
      settings->sampler = g_strdup (options->sampler);
    }
  if (options->schedule != NULL)
    {
      g_free (settings->schedule);
      settings->schedule = g_strdup (options->schedule);
    }
  if (options->strength != UNSET)
    settings->strength = options->strength;
  settings->width = options->width != UNSET ? options->width : settings->width;
  settings->height = options->height != UNSET ? options->height : settings->height;
  settings->steps = options->steps != UNSET ? options->steps : settings->steps;
  settings->guidance = options->guidance != UNSET ? options->guidance : settings->guidance;
  settings->n_images = options->count;
  settings->previews = options->previews != NULL;
  settings->preview_every = options->preview_every != UNSET ? options->preview_every : 0;
  if (options->loras != NULL)
    {
      g_strfreev (settings->loras);
      settings->loras = g_strdupv (options->loras);
    }
  if (options->vae != NULL)
    {
      g_free (settings->vae);
      settings->vae = dup_vae (options->vae);
    }
  settings->paste = !options->no_paste;
  settings->vae_f32 = settings->vae_f32 || options->vae_f32;
  settings->use_ema = settings->use_ema || options->ema;
  settings->guidance_stop = options->guidance_stop != UNSET ? options->guidance_stop : settings->guidance_stop;
  settings->clip_skip = options->clip_skip != UNSET ? options->clip_skip : settings->clip_skip;
  if (options->emphasis != NULL)
    {
      g_free (settings->emphasis);
      settings->emphasis = g_strdup (options->emphasis);
    }

  return set_text (&settings->prompt, options->prompt) &&
         set_text (&settings->negative_prompt, options->negative) &&
         set_image (&settings->image, options->image) &&
         set_image (&settings->mask, options->mask) &&
         eshi_cli_rng (options->rng, &settings->rng) &&
         set_preview_kind (&settings->preview_kind, options->preview_kind) &&
         eshi_cli_switch ("--vae-tiling", options->vae_tiling, &settings->vae_tiling) &&
         eshi_cli_switch ("--safety", options->safety, &settings->safety) &&
         eshi_cli_switch ("--watermark", options->watermark, &settings->watermark);
}

/* A variation seed that nobody chose leaves room for the rest of the batch, as a seed does. Complains itself. */
static gboolean
set_variation (EshiSettings  *settings,
               const Options *options)
{
  gboolean is_random = options->variation_seed == NULL || g_ascii_strcasecmp (options->variation_seed, "random") == 0;
  gboolean has_variation = settings->variation_strength > 0.0;

  if (options->variation_strength != UNSET)
    settings->variation_strength = options->variation_strength;
  if (options->variation_seed == NULL && (options->variation_strength == UNSET || has_variation))
    return TRUE;
  if (!eshi_cli_seed (options->variation_seed, &settings->variation_seed))
    return FALSE;

  if (is_random)
    settings->variation_seed = MIN (settings->variation_seed, ESHI_SEED_MAX - 64);
  return TRUE;
}

/* Lets @settings part from @base, those of the picture of --from, if that is wanted; complains itself. */
static gboolean
set_branch (EshiSettings       *settings,
            const EshiSettings *base,
            const Options      *options)
{
  if (options->branch_step == UNSET)
    return TRUE;
  if (options->from == NULL)
    {
      eshi_cli_complain (_("--branch-step needs the picture to part from, --from FILE; see “eshi-cli generate --help”."));
      return FALSE;
    }

  g_clear_pointer (&settings->branch, eshi_branch_free);
  settings->branch = eshi_branch_new (options->branch_step, base->prompt, base->negative_prompt, base->guidance, base->seed,
                                      base->branch);
  return TRUE;
}

/* (transfer full): what all prompts have in common; NULL after having complained. */
static EshiSettings *
make_settings (const Options *options)
{
  gboolean has_seed = FALSE;
  g_autoptr(EshiSettings) settings = make_base (options, &has_seed);
  g_autoptr(EshiSettings) base = settings != NULL ? eshi_settings_copy (settings) : NULL;
  g_autoptr(GError) error = NULL;

  if (settings == NULL || !set_options (settings, options))
    return NULL;

  /* A seed that nobody chose leaves room for the rest of the batch. */
  if (options->seed != NULL || !has_seed)
    {
      if (!eshi_cli_seed (options->seed, &settings->seed))
        return NULL;
      if (options->seed == NULL || g_ascii_strcasecmp (options->seed, "random") == 0)
        settings->seed = MIN (settings->seed, ESHI_SEED_MAX - 64);
    }
  if (!set_variation (settings, options) || !set_branch (settings, base, options))
    return NULL;
  if (!eshi_settings_validate (settings, &error))
    {
      eshi_cli_fail (error);
      return NULL;
    }

  return g_steal_pointer (&settings);
}

/* The lines of the file of prompts that are not empty; NULL after having complained. */
static GPtrArray *
read_prompts (const char *path)
{
  g_autoptr(GPtrArray) prompts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *contents = NULL;
  g_auto(GStrv) lines = NULL;
  gsize n_bytes = 0;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR) || !g_file_get_contents (path, &contents, &n_bytes, NULL) ||
      n_bytes > MAX_PROMPTS_BYTES || !g_utf8_validate (contents, n_bytes, NULL))
    {
      eshi_cli_complain (_("The file of prompts cannot be read; it must be UTF-8 text with a prompt on each line."));
      return NULL;
    }

  lines = g_strsplit (g_str_has_prefix (contents, "\xef\xbb\xbf") ? contents + 3 : contents, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*g_strstrip (lines[i]) != '\0')
      g_ptr_array_add (prompts, g_strdup (lines[i]));
  if (prompts->len == 0)
    {
      eshi_cli_complain (_("The file of prompts is empty; write a prompt on each line."));
      return NULL;
    }

  return g_steal_pointer (&prompts);
}

/* (transfer full): the settings of each request; NULL after having complained. */
static GPtrArray *
make_requests (const Options *options)
{
  g_autoptr(EshiSettings) settings = make_settings (options);
  g_autoptr(GPtrArray) requests = NULL;
  g_autoptr(GPtrArray) prompts = NULL;

  if (settings == NULL)
    return NULL;

  requests = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_settings_free);
  if (options->prompts == NULL)
    {
      g_ptr_array_add (requests, g_steal_pointer (&settings));
      return g_steal_pointer (&requests);
    }

  prompts = read_prompts (options->prompts);
  if (prompts == NULL)
    return NULL;
  for (guint i = 0; i < prompts->len; i++)
    {
      EshiSettings *one = eshi_settings_copy (settings);

      g_free (one->prompt);
      one->prompt = g_strdup (prompts->pdata[i]);
      g_ptr_array_add (requests, one);
    }

  return g_steal_pointer (&requests);
}

/* Whether there is room for what is to be written; complains itself. */
static gboolean
check_places (const Options    *options,
              const EshiCliJob *job)
{
  g_autofree char *first = eshi_cli_job_path (job, 0);
  g_autofree char *preview = options->previews != NULL ? g_build_filename (options->previews, "a.png", NULL) : NULL;
  g_autoptr(GError) error = NULL;

  if ((first == NULL || eshi_picture_file_check (first, &error)) &&
      (preview == NULL || eshi_picture_file_check (preview, &error)))
    return TRUE;

  eshi_cli_fail (error);

  return FALSE;
}

int
eshi_cli_generate (int    argc,
                   char **argv)
{
  gint64 started_at = g_get_monotonic_time ();
  g_auto(Options) options = { NULL };
  g_auto(EshiCliJob) job = { NULL };
  g_autoptr(GPtrArray) requests = NULL;
  int status = ESHI_CLI_OK;

  if (!options_parse (&options, argc, argv) || !check_options (&options))
    return ESHI_CLI_USAGE;
  requests = make_requests (&options);
  if (requests == NULL)
    return ESHI_CLI_USAGE;

  eshi_cli_job_init (&job);
  job.backend = options.backend;
  job.n_threads = options.threads != UNSET ? options.threads : 0;
  job.precision = options.precision;
  job.settings = requests;
  job.output = options.output;
  job.numbered = options.prompts != NULL || options.count > 1;
  job.n_digits = options.prompts != NULL ? PROMPTS_DIGITS : 1;
  job.previews = options.previews;
  job.no_history = options.no_history;
  job.quiet = options.quiet || options.json;
  job.print_paths = !options.quiet && !options.json;
  if (!check_places (&options, &job))
    return ESHI_CLI_FAILED;

  status = eshi_cli_job_run (&job);
  if (status == ESHI_CLI_OK && options.json)
    eshi_cli_report_print (&job, (g_get_monotonic_time () - started_at) / 1e6);

  return status;
}
