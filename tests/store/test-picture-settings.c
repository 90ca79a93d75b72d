/* test-picture-settings.c: the settings in other programs' pictures, and in ours after another program rewrote them.
 *
 * The files meta-* and what is expected of them are in tests/golden/make-metadata.py.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>

#include "eshi-picture-file.h"

#define COMFY_PROMPT "猫の絵\n\"油絵\""
#define WEBUI_PROMPT "猫の絵, \"油絵\" 🍣\n二行目 Negative prompt: ここは違う\nSteps: 3, Size: 8x8"
#define WEBUI_NEGATIVE "低品質,\nぼやけた"

typedef struct
{
  const char  *file;
  const char  *program;
  const char  *prompt;
  const char  *negative;
  const char  *id;     /* our sampler */
  const char  *model;
  int          width;
  int          height;
  int          steps;
  int          clip_skip;
  double       guidance;
  double       strength;
  guint64      seed;
  EshiRngKind  rng;
} Case;

#define WEBUI(file) \
  { file, "Stable Diffusion web UI", WEBUI_PROMPT, WEBUI_NEGATIVE, "dpmpp-2m", "a, b: \"c\"", 512, 768, 20, 2, \
    7.5, 0.7, G_MAXUINT64, ESHI_RNG_CPU }

static const Case cases[] = {
  WEBUI ("webui.png"),
  WEBUI ("webui-packed.png"),
  WEBUI ("webui-behind.png"),
  WEBUI ("utf16be.jpg"),
  WEBUI ("utf16le.webp"),
  WEBUI ("bomb.png"),
  { "latin1-packed.png", "Stable Diffusion web UI", "un café", "", NULL, NULL, 64, 64, 5, 1, 2.0, -1.0, 1,
    ESHI_RNG_PHILOX },
  { "ascii.jpg", "Stable Diffusion web UI", "a cat", "", NULL, NULL, 64, 64, 5, 1, 2.0, -1.0, 1, ESHI_RNG_PHILOX },
  { "comfy.png", "ComfyUI", COMFY_PROMPT, "低品質", "euler-a", "v1-5.safetensors", 512, 768, 20, 0, 8.0, 1.0,
    G_MAXUINT64, ESHI_RNG_CPU },
  { "comfy.webp", "ComfyUI", COMFY_PROMPT, "低品質", "euler-a", "v1-5.safetensors", 512, 768, 20, 0, 8.0, 1.0,
    G_MAXUINT64, ESHI_RNG_CPU },
  { "comfy-advanced.png", "ComfyUI", COMFY_PROMPT, "低品質", "dpmpp-2m", "v1-5.safetensors", 512, 768, 30, 0,
    6.5, -1.0, 77, ESHI_RNG_CPU },
  { "comfy-cycle.png", "ComfyUI", "", "", NULL, NULL, 0, 0, 0, 0, 5.0, -1.0, 0, ESHI_RNG_CPU },
  { "invoke.png", "InvokeAI", "猫の絵", "低品質", "euler-a", "v1-5", 512, 640, 30, 0, 7.5, 0.5, 42, ESHI_RNG_CPU },
  { "invoke-old.png", "InvokeAI", "猫の絵", "", "lms", "v1-4", 512, 512, 50, 0, 7.5, -1.0, 42, ESHI_RNG_CPU },
  { "dream.png", "InvokeAI", "a \"red\" cat", "", "lms", NULL, 512, 640, 50, 0, 7.5, -1.0, 42, ESHI_RNG_CPU },
  { "novelai.png", "NovelAI", "1girl, 猫", "lowres", "euler-a", NULL, 0, 0, 28, 0, 11.0, 0.7, 42, ESHI_RNG_PHILOX },
};

static void
test_case (gconstpointer data)
{
  const Case *expected = data;
  g_autofree char *name = g_strconcat ("meta-", expected->file, NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "store", "data", name, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiPictureSettings) found = eshi_picture_file_inspect (path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (found->program, ==, expected->program);
  g_assert_nonnull (found->settings);
  g_assert_cmpstr (found->settings->prompt, ==, expected->prompt);
  g_assert_cmpstr (found->settings->negative_prompt, ==, expected->negative);
  g_assert_cmpstr (found->settings->sampler, ==, expected->id);
  g_assert_cmpstr (found->model_name, ==, expected->model);
  g_assert_cmpint (found->settings->width, ==, expected->width);
  g_assert_cmpint (found->settings->height, ==, expected->height);
  g_assert_cmpint (found->settings->steps, ==, expected->steps);
  g_assert_cmpint (found->clip_skip, ==, expected->clip_skip);
  /* Both are read from the same few digits, so they are the same double. */
  g_assert_cmpfloat (found->settings->guidance, ==, expected->guidance);
  g_assert_cmpfloat (found->strength, ==, expected->strength);
  g_assert_cmpuint (found->settings->seed, ==, expected->seed);
  g_assert_true (found->has_seed == (expected->seed != 0));
  g_assert_cmpint (found->settings->rng, ==, expected->rng);
}

/* Twelve megabytes are within the limit and twice as many are not: the second text is left out. */
static void
test_bomb (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "store", "data", "meta-bomb.png", NULL);
  g_autoptr(EshiPictureSettings) found = eshi_picture_file_inspect (path, NULL);

  g_assert_nonnull (found);
  g_assert_true (g_hash_table_contains (found->texts, "a"));
  g_assert_false (g_hash_table_contains (found->texts, "b"));
  g_assert_true (g_hash_table_contains (found->texts, "parameters"));
}

static void
test_nothing (void)
{
  g_autofree char *plain = g_test_build_filename (G_TEST_DIST, "store", "data", "gray.png", NULL);
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "store", "meson.build", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiPictureSettings) found = eshi_picture_file_inspect (plain, &error);
  g_autoptr(EshiPictureSettings) copy = NULL;

  g_assert_no_error (error);
  g_assert_null (found->settings);
  g_assert_null (found->program);
  copy = eshi_picture_settings_copy (found);
  g_assert_true (copy->texts == found->texts);
  g_assert_null (eshi_picture_file_inspect (script, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
}

static void
run_exiftool (const char *const *argv)
{
  g_autoptr(GError) error = NULL;
  int status = 0;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);
}

/* What exiftool writes must read as what we wrote: a new PNG file, and a JPEG file whose comment is our text. */
static void
test_exiftool (void)
{
  g_autofree char *program = g_find_program_in_path ("exiftool");
  g_autofree char *folder = g_dir_make_tmp ("eshi-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.png", NULL);
  g_autofree char *copy = g_build_filename (folder, "b.png", NULL);
  g_autofree char *other = g_test_build_filename (G_TEST_DIST, "store", "data", "meta-ascii.jpg", NULL);
  g_autofree char *jpeg = g_build_filename (folder, "c.jpg", NULL);
  const char *rewrite[] = { "exiftool", "-q", "-Author=絵師", "-o", copy, path, NULL };
  const char *comment[] = { "exiftool", "-q", "-tagsfromfile", path, "-UserComment<Parameters", "-o", jpeg, other, NULL };
  g_autoptr(GBytes) pixels = g_bytes_new_static ("\1\2\3", 3);
  g_autoptr(EshiImage) image = eshi_image_new (1, 1, pixels);
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(EshiPictureSettings) found = NULL;
  g_autoptr(EshiPictureSettings) from_comment = NULL;
  g_autoptr(GError) error = NULL;

  if (program == NULL)
    {
      g_test_skip ("exiftool is not installed (libimage-exiftool-perl)");
      g_rmdir (folder);
      return;
    }

  g_free (settings->prompt);
  settings->prompt = g_strdup ("猫, \"油絵\" 🍣: x\nSteps: 1, Sampler: y, Seed: 2\nNegative prompt: まだ続く");
  settings->seed = G_MAXUINT64;
  settings->steps = 25;
  g_assert_true (eshi_picture_file_save (path, image, settings, "豆, 大", &error));
  run_exiftool (rewrite);
  run_exiftool (comment);
  found = eshi_picture_file_inspect (copy, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_hash_table_lookup (found->texts, "Author"), ==, "絵師");
  g_assert_cmpstr (found->program, ==, "Eshi");
  g_assert_cmpstr (found->settings->prompt, ==, settings->prompt);
  g_assert_cmpuint (found->settings->seed, ==, G_MAXUINT64);
  g_assert_cmpint (found->settings->steps, ==, 25);
  g_assert_cmpstr (found->model_name, ==, "豆, 大");

  /* The comment holds the grammar alone, in which a line that begins with the key ends the prompt. */
  from_comment = eshi_picture_file_inspect (jpeg, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (from_comment->program, ==, "Eshi");
  g_assert_cmpstr (from_comment->settings->prompt, ==, "猫, \"油絵\" 🍣: x\nSteps: 1, Sampler: y, Seed: 2");
  g_assert_cmpstr (from_comment->settings->negative_prompt, ==, "まだ続く");
  g_assert_cmpuint (from_comment->settings->seed, ==, G_MAXUINT64);
  g_assert_cmpstr (from_comment->model_name, ==, "豆, 大");
  g_unlink (jpeg);
  g_unlink (path);
  g_unlink (copy);
  g_rmdir (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/eshi/store/picture-settings/", cases[i].file, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/eshi/store/picture-settings/limit-in-all", test_bomb);
  g_test_add_func ("/eshi/store/picture-settings/nothing", test_nothing);
  g_test_add_func ("/eshi/store/picture-settings/exiftool", test_exiftool);

  return g_test_run ();
}
