/* test-settings.c: settings judged, and written as text and read back.
 *
 * The texts in other programs' grammar are written down from its description (prompt, "Negative prompt:", one line of
 * "Key: value" pairs), not from our own output.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "eshi-error.h"
#include "eshi-lora-use.h"
#include "eshi-request.h"
#include "eshi-sampler.h"
#include "eshi-vae-folder.h"

static EshiSettings *
make_settings (const char *prompt,
               const char *negative_prompt)
{
  EshiSettings *self = eshi_settings_new ();

  g_free (self->prompt);
  g_free (self->negative_prompt);
  self->prompt = g_strdup (prompt);
  self->negative_prompt = g_strdup (negative_prompt);
  self->width = 128;
  self->height = 192;
  self->steps = 25;
  self->guidance = 7.5;
  self->seed = 4294967295;
  self->sampler = g_strdup ("lms");

  return self;
}

/* Of one colour. */
static EshiImage *
make_image (int width,
            int height)
{
  gsize n_bytes = (gsize) 3 * width * height;
  g_autoptr(GBytes) pixels = g_bytes_new_take (g_malloc0 (n_bytes), n_bytes);

  return eshi_image_new (width, height, pixels);
}

static void
assert_same (const EshiSettings *a,
             const EshiSettings *b)
{
  g_assert_cmpstr (a->prompt, ==, b->prompt);
  g_assert_cmpstr (a->negative_prompt, ==, b->negative_prompt);
  g_assert_cmpint (a->clip_skip, ==, b->clip_skip);
  g_assert_cmpfloat (a->guidance_stop, ==, b->guidance_stop);
  g_assert_cmpstr (a->emphasis, ==, b->emphasis);
  g_assert_cmpint (a->width, ==, b->width);
  g_assert_cmpint (a->height, ==, b->height);
  g_assert_cmpint (a->steps, ==, b->steps);
  g_assert_cmpfloat (a->guidance, ==, b->guidance);
  g_assert_cmpuint (a->seed, ==, b->seed);
  g_assert_cmpint (a->rng, ==, b->rng);
  g_assert_cmpstr (a->sampler, ==, b->sampler);
  g_assert_cmpstr (a->schedule, ==, b->schedule);
}

static void
test_defaults (void)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(EshiSettings) copy = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (eshi_settings_validate (settings, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (settings->prompt, ==, "");
  g_assert_cmpint (settings->n_images, ==, 1);
  g_assert_true (settings->previews);
  g_clear_pointer (&settings->negative_prompt, g_free);
  copy = eshi_settings_copy (settings);
  g_assert_cmpstr (copy->negative_prompt, ==, "");
}

static void
assert_refused (EshiSettings *settings,
                const char   *word)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (eshi_settings_validate (settings, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_true (g_str_has_suffix (error->message, "."));
}

static void
test_ranges (void)
{
  static const int sides[] = { -8, 8, 56, 63, 65, 100, 2052, 2056, G_MAXINT, G_MININT };
  static const double guidances[] = { -1.0, 0.5, 0.999, 30.1, INFINITY, -INFINITY, NAN };
  static const int counts[] = { -1, 0, 65, G_MAXINT };

  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      g_autoptr(EshiSettings) wide = make_settings ("", "");
      g_autoptr(EshiSettings) high = make_settings ("", "");
      g_autofree char *number = g_strdup_printf ("%d", sides[i]);

      wide->width = sides[i];
      high->height = sides[i];
      assert_refused (wide, number);
      assert_refused (high, number);
    }
  for (guint i = 0; i < G_N_ELEMENTS (guidances); i++)
    {
      g_autoptr(EshiSettings) settings = make_settings ("", "");

      settings->guidance = guidances[i];
      assert_refused (settings, "30");
    }
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr(EshiSettings) settings = make_settings ("", "");

      settings->n_images = counts[i];
      assert_refused (settings, "64");
    }
}

static void
test_more_ranges (void)
{
  g_autoptr(EshiSettings) settings = make_settings ("", "");
  g_autofree char *sampler = NULL;

  settings->steps = 1001;
  assert_refused (settings, "1001");
  settings->steps = -1;
  assert_refused (settings, "-1");
  settings->steps = 1000;
  g_assert_true (eshi_settings_validate (settings, NULL));

  settings->n_images = 2;
  assert_refused (settings, "4294967294");
  settings->seed = 4294967294;
  g_assert_true (eshi_settings_validate (settings, NULL));
  settings->rng = (EshiRngKind) 7;
  assert_refused (settings, "philox");
  settings->rng = ESHI_RNG_PHILOX;

  sampler = g_steal_pointer (&settings->sampler);
  settings->sampler = g_strdup ("nonsense \xff");
  assert_refused (settings, "nonsense");
  g_free (settings->sampler);
  settings->sampler = g_strdup ("DPM++ 2m karras");
  g_assert_true (eshi_settings_validate (settings, NULL));

  g_free (settings->prompt);
  settings->prompt = g_strdup ("\xe7\x8c");
  assert_refused (settings, "UTF-8");
}

static void
test_samplers (void)
{
  guint n_samplers = 0;
  const EshiSampler *samplers = eshi_samplers (&n_samplers);

  g_assert_cmpuint (n_samplers, >=, 7);
  for (guint i = 0; i < n_samplers; i++)
    {
      g_assert_true (eshi_sampler_find (samplers[i].id) == &samplers[i]);
      g_assert_true (eshi_sampler_find (samplers[i].label) == &samplers[i]);
    }
  g_assert_cmpstr (eshi_sampler_find ("dpmpp_2m")->id, ==, "dpmpp-2m");
  g_assert_cmpstr (eshi_sampler_find ("EULER A")->id, ==, "euler-a");
  g_assert_null (eshi_sampler_find (""));
  g_assert_null (eshi_sampler_find ("eule"));
}

static void
test_parameters (void)
{
  g_autoptr(EshiSettings) settings = make_settings ("サラリーマン 油絵", "低品質, ぼやけた");
  g_autofree char *text = eshi_settings_to_parameters (settings, "豆");
  g_autofree char *plain = NULL;

  g_assert_cmpstr (text, ==,
                   "サラリーマン 油絵\n"
                   "Negative prompt: 低品質, ぼやけた\n"
                   "Steps: 25, Sampler: LMS, CFG scale: 7.5, Seed: 4294967295, Size: 128x192, Model: 豆, RNG: CPU, "
                   "Version: Eshi " ESHI_VERSION);

  g_free (settings->negative_prompt);
  settings->negative_prompt = g_strdup ("");
  settings->rng = ESHI_RNG_PHILOX;
  settings->guidance = 8.0;
  g_free (settings->sampler);
  settings->sampler = g_strdup ("dpmpp-2m-karras");
  plain = eshi_settings_to_parameters (settings, "a, b: \"c\"");
  g_assert_cmpstr (plain, ==,
                   "サラリーマン 油絵\n"
                   "Steps: 25, Sampler: DPM++ 2M Karras, CFG scale: 8, Seed: 4294967295, "
                   "Size: 128x192, Model: \"a, b: \\\"c\\\"\", RNG: NV, Version: Eshi " ESHI_VERSION);
}

static void
test_round_trip (void)
{
  static const char *prompts[] = {
    "", "猫", "猫\n犬\n\n鳥", "a: b, c: \"d\"", "Steps: 20", "絵文字 🍣, 改行\r\nあり", "Size: 1x2, Seed: 3",
  };

  for (guint i = 0; i < G_N_ELEMENTS (prompts); i++)
    {
      g_autoptr(EshiSettings) settings = make_settings (prompts[i], i % 2 == 0 ? "" : "いらない\nもの: x");
      g_autofree char *text = eshi_settings_to_parameters (settings, "豆, 大");
      g_autofree char *json = eshi_settings_to_json (settings, "豆, 大");
      g_autofree char *text_name = NULL;
      g_autofree char *json_name = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(EshiSettings) from_text = eshi_settings_new_from_parameters (text, &text_name, &error);
      g_autoptr(EshiSettings) from_json = eshi_settings_new_from_json (json, &json_name, &error);

      g_assert_no_error (error);
      assert_same (settings, from_text);
      assert_same (settings, from_json);
      g_assert_cmpstr (text_name, ==, "豆, 大");
      g_assert_cmpstr (json_name, ==, "豆, 大");
      g_assert_null (from_json->model);
    }
}

/* Other programs read ten digits of it, our own text has all of them; what is no hash is not passed on as one. */
static void
test_model_hash (void)
{
  static const char hash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  g_autoptr(EshiSettings) settings = make_settings ("猫", "");
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;
  g_autofree char *spoilt = NULL;
  g_autoptr(EshiSettings) from_text = NULL;
  g_autoptr(EshiSettings) from_json = NULL;

  settings->model_hash = g_strdup (hash);
  text = eshi_settings_to_parameters (settings, "豆");
  json = eshi_settings_to_json (settings, "豆");
  from_text = eshi_settings_new_from_parameters (text, NULL, NULL);
  from_json = eshi_settings_new_from_json (json, NULL, NULL);
  g_assert_nonnull (strstr (text, "Size: 128x192, Model hash: ba7816bf8f, Model: 豆"));
  g_assert_cmpstr (from_text->model_hash, ==, "ba7816bf8f");
  g_assert_cmpstr (from_json->model_hash, ==, hash);

  g_free (settings->model_hash);
  settings->model_hash = g_strdup ("12345, Steps: 1");
  spoilt = eshi_settings_to_parameters (settings, "豆");
  g_assert_null (strstr (spoilt, "Model hash"));
}

/* Under the web UI's keys, and only where there is a variation; the averaged weights under a key of our own. */
static void
test_variation (void)
{
  g_autoptr(EshiSettings) settings = make_settings ("猫", "");
  g_autofree char *plain = eshi_settings_to_parameters (settings, "豆");
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;
  g_autoptr(EshiSettings) from_text = NULL;
  g_autoptr(EshiSettings) from_json = NULL;

  g_assert_null (strstr (plain, "Variation"));
  settings->variation_seed = ESHI_SEED_MAX;
  settings->variation_strength = 0.15;
  settings->use_ema = TRUE;
  g_assert_true (eshi_settings_validate (settings, NULL));
  text = eshi_settings_to_parameters (settings, "豆");
  json = eshi_settings_to_json (settings, "豆");
  from_text = eshi_settings_new_from_parameters (text, NULL, NULL);
  from_json = eshi_settings_new_from_json (json, NULL, NULL);
  g_assert_nonnull (strstr (text, "Model: 豆, Variation seed: 4294967295, Variation seed strength: 0.15, "));
  g_assert_cmpuint (from_text->variation_seed, ==, ESHI_SEED_MAX);
  g_assert_cmpfloat (from_text->variation_strength, ==, 0.15);
  g_assert_cmpuint (from_json->variation_seed, ==, ESHI_SEED_MAX);
  g_assert_cmpfloat (from_json->variation_strength, ==, 0.15);
  g_assert_true (from_text->use_ema && from_json->use_ema);

  settings->n_images = 2;
  g_assert_false (eshi_settings_validate (settings, NULL));
  settings->n_images = 1;
  settings->variation_strength = 1.01;
  g_assert_false (eshi_settings_validate (settings, NULL));
  settings->variation_strength = (double) NAN;
  g_assert_false (eshi_settings_validate (settings, NULL));
}

/* As other programs write it. */
static void
test_foreign (void)
{
  g_autofree char *name = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSettings) a = eshi_settings_new_from_parameters (
    "a cat\nsitting\nNegative prompt: blurry\nugly\n"
    "Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1234, Size: 512x768, Model hash: 0123456789, "
    "Model: \"v1, 4\", Denoising strength: 0.7, Clip skip: 2, Version: v1.9.0",
    &name, &error);
  g_autoptr(EshiSettings) b = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (a->prompt, ==, "a cat\nsitting");
  g_assert_cmpstr (a->negative_prompt, ==, "blurry\nugly");
  g_assert_cmpstr (a->sampler, ==, "dpmpp-2m-karras");
  g_assert_cmpfloat (a->guidance, ==, 7.0);
  g_assert_cmpuint (a->seed, ==, 1234);
  g_assert_cmpint (a->width, ==, 512);
  g_assert_cmpint (a->height, ==, 768);
  g_assert_cmpint (a->rng, ==, ESHI_RNG_PHILOX);
  g_assert_cmpstr (name, ==, "v1, 4");

  b = eshi_settings_new_from_parameters (
    "Steps: 30, Sampler: Nobody Knows, Schedule type: Automatic, CFG scale: 5.5, Seed: 5, Size: 64x64, RNG: CPU\n",
    NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (b->prompt, ==, "");
  g_assert_null (b->sampler);
  g_assert_cmpint (b->steps, ==, 30);
  g_assert_cmpint (b->rng, ==, ESHI_RNG_CPU);
}

/* The schedule is a word of its own, and in old labels a part of the sampler's. */
static void
test_schedules (void)
{
  static const struct { const char *text, *sampler, *schedule; } foreign[] = {
    { "Sampler: DPM++ 2M, Schedule type: Karras", "dpmpp-2m", "karras" },
    { "Sampler: DPM++ SDE Karras", "dpmpp-sde", "karras" },
    { "Sampler: DPM++ 2M SDE Exponential", "dpmpp-2m-sde", "exponential" },
    { "Sampler: DPM++ 3M SDE, Schedule type: Polyexponential", "dpmpp-3m-sde", "exponential" },
    { "Sampler: Euler a, Schedule type: Automatic", "euler-a", NULL },
    { "Sampler: Euler a, Schedule type: Unheard Of", "euler-a", NULL },
    { "Sampler: DDIM, Schedule type: Karras", "ddim", NULL },
    { "Sampler: Brush Karras", NULL, NULL },
  };
  g_autoptr(EshiSettings) settings = make_settings ("猫", "");
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;
  g_autoptr(EshiSettings) from_text = NULL;
  g_autoptr(EshiSettings) from_json = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++)
    {
      g_autofree char *line = g_strdup_printf ("Steps: 20, %s, CFG scale: 7, Seed: 1, Size: 64x64", foreign[i].text);
      g_autoptr(EshiSettings) read = eshi_settings_new_from_parameters (line, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (read->sampler, ==, foreign[i].sampler);
      g_assert_cmpstr (read->schedule, ==, foreign[i].schedule);
    }

  g_free (settings->sampler);
  settings->sampler = g_strdup ("dpmpp-2m-sde");
  settings->schedule = g_strdup ("exponential");
  text = eshi_settings_to_parameters (settings, NULL);
  json = eshi_settings_to_json (settings, NULL);
  g_assert_nonnull (strstr (text, "Sampler: DPM++ 2M SDE, Schedule type: Exponential"));
  from_text = eshi_settings_new_from_parameters (text, NULL, NULL);
  from_json = eshi_settings_new_from_json (json, NULL, NULL);
  assert_same (settings, from_text);
  assert_same (settings, from_json);
}

static void
test_schedule_range (void)
{
  g_autoptr(EshiSettings) settings = make_settings ("猫", "");

  settings->schedule = g_strdup ("SGM Uniform");
  g_assert_true (eshi_settings_validate (settings, NULL));
  g_free (settings->sampler);
  settings->sampler = g_strdup ("ddim");
  g_assert_false (eshi_settings_validate (settings, NULL));
  g_free (settings->schedule);
  settings->schedule = g_strdup ("automatic");
  g_assert_true (eshi_settings_validate (settings, NULL));
  g_free (settings->schedule);
  settings->schedule = g_strdup ("nonsense \xff");
  g_assert_false (eshi_settings_validate (settings, NULL));
}

static void
test_hostile (void)
{
  g_autofree char *deep = g_strnfill (1 << 20, '[');
  g_autofree char *deep_object = g_strdup_printf ("{\"prompt\": %s", deep);
  const char *bad[] = {
    "", "猫", "{", "[]", "null", "\"a\"", "Steps: 20", "\xff\xfe", deep, deep_object,
  };
  g_autoptr(EshiSettings) odd = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) text_error = NULL;
      g_autoptr(GError) json_error = NULL;

      g_assert_null (eshi_settings_new_from_parameters (bad[i], NULL, &text_error));
      g_assert_error (text_error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
      g_assert_null (eshi_settings_new_from_json (bad[i], NULL, &json_error));
      g_assert_error (json_error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
    }

  odd = eshi_settings_new_from_json ("{\"prompt\": 5, \"width\": 1e300, \"steps\": \"x\", \"seed\": -3, "
                                     "\"guidance\": [1], \"sampler\": null, \"rng\": \"dice\", \"n_images\": -9}",
                                     NULL, NULL);
  g_assert_nonnull (odd);
  g_assert_cmpstr (odd->prompt, ==, "");
  g_assert_false (eshi_settings_validate (odd, NULL));
}

/* The strength is written where there is an image, in the words of other programs, and read back without it. */
static void
test_strength (void)
{
  g_autoptr(EshiSettings) settings = make_settings ("猫", "");
  g_autofree char *plain = eshi_settings_to_parameters (settings, NULL);
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;
  g_autoptr(EshiSettings) from_text = NULL;
  g_autoptr(EshiSettings) from_json = NULL;

  g_assert_null (strstr (plain, "Denoising"));
  g_assert_cmpfloat (settings->strength, ==, 0.75);
  settings->image = make_image (100, 75);
  settings->strength = 0.6;
  text = eshi_settings_to_parameters (settings, NULL);
  json = eshi_settings_to_json (settings, NULL);
  g_assert_nonnull (strstr (text, ", Denoising strength: 0.6,"));
  from_text = eshi_settings_new_from_parameters (text, NULL, NULL);
  from_json = eshi_settings_new_from_json (json, NULL, NULL);
  assert_same (settings, from_text);
  assert_same (settings, from_json);
  g_assert_cmpfloat (from_text->strength, ==, 0.6);
  g_assert_cmpfloat (from_json->strength, ==, 0.6);
  g_assert_null (from_json->image);
}

/* How prompts are read: in the words of the web UI where they are not its usual, and back. */
static void
test_reading (void)
{
  static const char *const webui = "a\nSteps: 20, Sampler: LMS, CFG scale: 7, Seed: 1, Size: 64x64, Clip skip: 2, "
                                   "Emphasis: No norm, Version: v1.10.1";
  g_autoptr(EshiSettings) settings = make_settings ("猫", "");
  g_autofree char *plain = eshi_settings_to_parameters (settings, NULL);
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;
  g_autoptr(EshiSettings) from_text = NULL;
  g_autoptr(EshiSettings) from_json = NULL;
  g_autoptr(EshiSettings) foreign = eshi_settings_new_from_parameters (webui, NULL, NULL);

  g_assert_null (strstr (plain, "Clip skip"));
  g_assert_null (strstr (plain, "Guidance stop"));
  g_assert_null (strstr (plain, "Emphasis"));
  g_assert_cmpint (foreign->clip_skip, ==, 2);
  g_assert_cmpstr (foreign->emphasis, ==, "no-norm");

  settings->clip_skip = 2;
  settings->guidance_stop = 0.5;
  settings->emphasis = g_strdup ("off");
  text = eshi_settings_to_parameters (settings, NULL);
  json = eshi_settings_to_json (settings, NULL);
  g_assert_nonnull (strstr (text, ", Clip skip: 2, Guidance stop: 0.5, Emphasis: None,"));
  from_text = eshi_settings_new_from_parameters (text, NULL, NULL);
  from_json = eshi_settings_new_from_json (json, NULL, NULL);
  assert_same (settings, from_text);
  assert_same (settings, from_json);

  settings->guidance_stop = 1.5;
  assert_refused (settings, "1.5");
  settings->guidance_stop = 1;
  settings->clip_skip = 13;
  assert_refused (settings, "12");
  settings->clip_skip = -1;
  assert_refused (settings, "-1");
  settings->clip_skip = 1;
  g_free (settings->emphasis);
  settings->emphasis = g_strdup ("loud");
  assert_refused (settings, "loud");
}

static void
test_images (void)
{
  static const double strengths[] = { -0.001, 1.001, INFINITY, NAN };
  g_autoptr(EshiSettings) settings = make_settings ("", "");
  g_autoptr(EshiSettings) copy = NULL;

  settings->mask = make_image (100, 75);
  assert_refused (settings, "mask");
  settings->image = make_image (100, 76);
  assert_refused (settings, "76");
  g_clear_pointer (&settings->image, eshi_image_unref);
  settings->image = make_image (100, 75);
  g_assert_true (eshi_settings_validate (settings, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (strengths); i++)
    {
      settings->strength = strengths[i];
      assert_refused (settings, "strength");
    }

  copy = eshi_settings_copy (settings);
  g_assert_true (copy->image == settings->image);
  g_assert_true (copy->mask == settings->mask);
}

/* LoRAs of the list go out as names with weights, without folders, and come back from both texts. */
static void
test_loras (void)
{
  static const char *const given[] = { "/a/b: c.safetensors:0.7", "d", "e:-0.25", NULL };
  static const char *const kept[] = { "b: c:0.7", "d:1", "e:-0.25", NULL };
  g_autoptr(EshiSettings) settings = make_settings ("ねこ", "");
  g_autoptr(EshiSettings) from_line = NULL;
  g_autoptr(EshiSettings) from_json = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *line = NULL;
  g_autofree char *json = NULL;
  g_autofree char *full = NULL;

  settings->loras = g_strdupv ((char **) given);
  line = eshi_settings_to_parameters (settings, NULL);
  from_line = eshi_settings_new_from_parameters (line, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstrv (from_line->loras, kept);
  json = eshi_settings_to_json (settings, NULL);
  from_json = eshi_settings_new_from_json (json, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstrv (from_json->loras, kept);
  full = eshi_settings_dup_full_prompt (from_json);
  g_assert_cmpstr (full, ==, "ねこ <lora:b: c:0.7> <lora:d:1> <lora:e:-0.25>");
}

/* What a prompt names is taken out of it, and looked for in one folder alone. */
static void
test_lora_prompts (void)
{
  static const struct
  {
    const char *prompt;
    const char *item;
    const char *stripped;
    const char *says;
  } cases[] = {
    { "a <lora:x:0.5>, b", NULL, "a , b", "called “x” in the folder" },
    { "<lora:x>", NULL, "", "called “x” in the folder" },
    { "<lora:../x:1>", NULL, "", "called “../x” in the folder" },
    { "<lora:x:1:2>", NULL, "", "cannot be read" },
    { "<lora:>", NULL, "<lora:>", NULL },
    { "a < b > c", "/x.safetensors:2", "a < b > c", NULL },
    { "", "/x.safetensors:11", "", "must be -10 to 10" },
    { "", "/x.safetensors:nan", "", "must be -10 to 10" },
    { "", "x:2", "", "called “x” in the folder" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(EshiSettings) settings = make_settings (cases[i].prompt, "");
      g_autoptr(GError) error = NULL;
      g_auto(EshiLoraUse) use = { 0 };
      const char *const items[] = { cases[i].item, NULL };

      settings->loras = g_strdupv ((char **) items);
      g_assert_true (_eshi_lora_use_init (&use, settings, &error) == (cases[i].says == NULL));
      g_assert_cmpstr (use.prompt, ==, cases[i].stripped);
      g_assert_true (cases[i].says == NULL || strstr (error->message, cases[i].says) != NULL);
      g_assert_cmpstr (settings->prompt, ==, cases[i].prompt);
    }
}

/* The three of them, in every position, through both texts; nothing is written where nothing was chosen. */
static void
test_guard (void)
{
  g_autoptr(EshiSettings) none = make_settings ("ねこ", "");
  g_autofree char *none_line = eshi_settings_to_parameters (none, NULL);
  g_autofree char *none_json = eshi_settings_to_json (none, NULL);

  g_assert_null (strstr (none_line, "guard"));
  g_assert_null (strstr (none_json, "safety"));
  for (guint i = 0; i < 18; i++)
    {
      g_autoptr(EshiSettings) settings = make_settings ("ねこ", "");
      g_autoptr(EshiSettings) from_line = NULL;
      g_autoptr(EshiSettings) from_json = NULL;
      g_autofree char *line = NULL;
      g_autofree char *json = NULL;

      settings->safety = (EshiSwitch) (i % 3);
      settings->watermark = (EshiSwitch) (i / 3 % 3);
      settings->withheld = i >= 9;
      line = eshi_settings_to_parameters (settings, NULL);
      json = eshi_settings_to_json (settings, NULL);
      from_line = eshi_settings_new_from_parameters (line, NULL, NULL);
      from_json = eshi_settings_new_from_json (json, NULL, NULL);
      g_assert_cmpint (from_line->safety, ==, settings->safety);
      g_assert_cmpint (from_json->safety, ==, settings->safety);
      g_assert_cmpint (from_line->watermark, ==, settings->watermark);
      g_assert_cmpint (from_json->watermark, ==, settings->watermark);
      g_assert_cmpint (from_line->withheld, ==, settings->withheld);
      g_assert_cmpint (from_json->withheld, ==, settings->withheld);
    }
}

static void
test_guard_nonsense (void)
{
  g_autoptr(EshiSettings) settings = make_settings ("", "");
  g_autoptr(EshiSettings) from_json =
    eshi_settings_new_from_json ("{\"safety\": 1, \"watermark\": \"maybe\", \"withheld\": \"yes\"}", NULL, NULL);
  g_autoptr(EshiSettings) from_line =
    eshi_settings_new_from_parameters ("a\nSteps: 2, Seed: 3, Eshi guard: safety=maybe  watermark= what, Size: 8x8", NULL,
                                       NULL);

  g_assert_cmpint (from_json->safety, ==, ESHI_SWITCH_AUTO);
  g_assert_cmpint (from_json->watermark, ==, ESHI_SWITCH_AUTO);
  g_assert_false (from_json->withheld);
  g_assert_cmpint (from_line->safety, ==, ESHI_SWITCH_AUTO);
  g_assert_cmpint (from_line->watermark, ==, ESHI_SWITCH_AUTO);

  settings->safety = (EshiSwitch) 3;
  assert_refused (settings, "“off”");
  settings->safety = ESHI_SWITCH_ON;
  settings->watermark = (EshiSwitch) -1;
  assert_refused (settings, "“off”");
}

/* What the VAE was, and how it was used, in both forms. */
static void
test_vae (void)
{
  g_autoptr(EshiSettings) settings = make_settings ("猫", "");
  g_autoptr(EshiSettings) from_text = NULL;
  g_autoptr(EshiSettings) from_json = NULL;
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;

  settings->vae_tiling = ESHI_SWITCH_ON;
  settings->vae_f32 = TRUE;
  settings->vae = g_strdup ("/somewhere/vae/ft, mse.safetensors");
  text = eshi_settings_to_parameters (settings, "豆");
  json = eshi_settings_to_json (settings, "豆");
  g_assert_nonnull (strstr (text, ", VAE: \"ft, mse.safetensors\", Eshi VAE tiling: on, Eshi VAE precision: f32"));
  from_text = eshi_settings_new_from_parameters (text, NULL, NULL);
  from_json = eshi_settings_new_from_json (json, NULL, NULL);
  g_assert_cmpint (from_text->vae_tiling, ==, ESHI_SWITCH_ON);
  g_assert_cmpint (from_json->vae_tiling, ==, ESHI_SWITCH_ON);
  g_assert_cmpstr (from_text->vae, ==, "ft, mse.safetensors");
  g_assert_cmpstr (from_json->vae, ==, "ft, mse.safetensors");
  g_assert_true (from_text->vae_f32);
  g_assert_true (from_json->vae_f32);
  settings->vae_tiling = (EshiSwitch) 7;
  assert_refused (settings, "auto");
}

/* How a picture was watched is copied, and no file says it. */
static void
test_previews (void)
{
  g_autoptr(EshiSettings) settings = make_settings ("猫", "");
  g_autoptr(EshiSettings) copy = NULL;
  g_autofree char *plain = eshi_settings_to_json (settings, "豆");
  g_autofree char *json = NULL;

  settings->preview_kind = ESHI_PREVIEW_VAE;
  settings->preview_every = 5;
  copy = eshi_settings_copy (settings);
  json = eshi_settings_to_json (copy, "豆");
  g_assert_cmpint (copy->preview_kind, ==, ESHI_PREVIEW_VAE);
  g_assert_cmpint (copy->preview_every, ==, 5);
  g_assert_cmpstr (json, ==, plain);
  settings->preview_every = -1;
  assert_refused (settings, "1000");
  settings->preview_every = 1001;
  assert_refused (settings, "1000");
}

/* A picture's file names no path, and no file that is none. */
static void
test_vae_names (void)
{
  static const struct
  {
    const char *written;
    const char *read;
  } cases[] = {
    { "None", NULL },
    { "Automatic", NULL },
    { "/etc/passwd", "passwd" },
    { "../../x.pt", "x.pt" },
    { "..", ".." }, /* which eshi_vae_folder_find() refuses */
    { "/", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("a\nSteps: 1, Seed: 2, Size: 64x64, VAE: %s", cases[i].written);
      g_autoptr(EshiSettings) settings = eshi_settings_new_from_parameters (text, NULL, NULL);
      g_autofree char *path = NULL;

      g_assert_cmpstr (settings->vae, ==, cases[i].read);
      path = cases[i].read != NULL ? eshi_vae_folder_find (cases[i].read, NULL) : NULL;
      g_assert_null (path);
    }
}

static void
assert_branch (const EshiSettings *settings)
{
  const EshiBranch *branch = settings->branch;

  g_assert_nonnull (branch);
  g_assert_cmpint (branch->step, ==, 9);
  g_assert_cmpstr (branch->prompt, ==, "猫, \"水彩\"\n二行目");
  g_assert_cmpstr (branch->negative_prompt, ==, "暗い");
  g_assert_cmpfloat (branch->guidance, ==, 7.25);
  g_assert_cmpuint (branch->seed, ==, ESHI_SEED_MAX);
  g_assert_cmpint (branch->earlier->step, ==, 2);
  g_assert_cmpstr (branch->earlier->prompt, ==, "狐");
  g_assert_cmpuint (branch->earlier->seed, ==, 3);
  g_assert_null (branch->earlier->earlier);
}

/* Both texts tell what a picture was before it parted from another, and before that. */
static void
test_branch (void)
{
  g_autoptr(EshiBranch) earlier = eshi_branch_new (2, "狐", NULL, 1.0, 3, NULL);
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(EshiSettings) copy = NULL;
  g_autoptr(EshiSettings) from_text = NULL;
  g_autoptr(EshiSettings) from_json = NULL;
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;

  settings->steps = 10;
  settings->branch = eshi_branch_new (9, "猫, \"水彩\"\n二行目", "暗い", 7.25, ESHI_SEED_MAX, earlier);
  g_assert_true (eshi_settings_validate (settings, NULL));
  copy = eshi_settings_copy (settings);
  assert_branch (copy);
  text = eshi_settings_to_parameters (settings, NULL);
  json = eshi_settings_to_json (settings, NULL);
  from_text = eshi_settings_new_from_parameters (text, NULL, NULL);
  from_json = eshi_settings_new_from_json (json, NULL, NULL);
  assert_branch (from_text);
  assert_branch (from_json);
}

/* Parting at or after the last step, out of order, of more than one picture, with impossible values, or without end. */
static void
test_branch_refused (void)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(GString) deep = g_string_new ("{");
  g_autoptr(EshiSettings) hostile = NULL;
  g_autoptr(EshiBranch) earlier = eshi_branch_new (4, "狐", NULL, 1.0, 3, NULL);
  guint depth = 0;

  settings->steps = 10;
  settings->branch = eshi_branch_new (5, "猫", NULL, 1.0, 3, earlier);
  g_assert_true (eshi_settings_validate (settings, NULL));
  settings->branch->step = 10;
  g_assert_false (eshi_settings_validate (settings, NULL));
  settings->branch->step = 4;
  g_assert_false (eshi_settings_validate (settings, NULL));
  settings->branch->step = 5;
  settings->n_images = 2;
  g_assert_false (eshi_settings_validate (settings, NULL));
  settings->n_images = 1;
  settings->branch->earlier->guidance = 0.5;
  g_assert_false (eshi_settings_validate (settings, NULL));
  settings->branch->earlier->guidance = 1.0;
  settings->branch->seed = (guint64) ESHI_SEED_MAX + 1;
  g_assert_false (eshi_settings_validate (settings, NULL));

  for (guint i = 0; i < 25; i++)
    g_string_append_printf (deep, "\"step\":%u,\"branch\":{", 99 - i);
  for (guint i = 0; i < 26; i++)
    g_string_append_c (deep, '}');
  hostile = eshi_settings_new_from_json (deep->str, NULL, NULL);
  for (const EshiBranch *branch = hostile->branch; branch != NULL; branch = branch->earlier)
    depth++;
  g_assert_cmpuint (depth, ==, ESHI_BRANCH_MAX_DEPTH);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/settings/defaults", test_defaults);
  g_test_add_func ("/eshi/settings/ranges", test_ranges);
  g_test_add_func ("/eshi/settings/more-ranges", test_more_ranges);
  g_test_add_func ("/eshi/settings/samplers", test_samplers);
  g_test_add_func ("/eshi/settings/schedules", test_schedules);
  g_test_add_func ("/eshi/settings/schedule-range", test_schedule_range);
  g_test_add_func ("/eshi/settings/parameters", test_parameters);
  g_test_add_func ("/eshi/settings/round-trip", test_round_trip);
  g_test_add_func ("/eshi/settings/model-hash", test_model_hash);
  g_test_add_func ("/eshi/settings/variation", test_variation);
  g_test_add_func ("/eshi/settings/foreign-parameters", test_foreign);
  g_test_add_func ("/eshi/settings/hostile-text", test_hostile);
  g_test_add_func ("/eshi/settings/strength", test_strength);
  g_test_add_func ("/eshi/settings/reading", test_reading);
  g_test_add_func ("/eshi/settings/images", test_images);
  g_test_add_func ("/eshi/settings/loras", test_loras);
  g_test_add_func ("/eshi/settings/lora-prompts", test_lora_prompts);
  g_test_add_func ("/eshi/settings/guard", test_guard);
  g_test_add_func ("/eshi/settings/guard-nonsense", test_guard_nonsense);
  g_test_add_func ("/eshi/settings/vae", test_vae);
  g_test_add_func ("/eshi/settings/previews", test_previews);
  g_test_add_func ("/eshi/settings/vae-names", test_vae_names);
  g_test_add_func ("/eshi/settings/branch", test_branch);
  g_test_add_func ("/eshi/settings/branch-refused", test_branch_refused);

  return g_test_run ();
}
