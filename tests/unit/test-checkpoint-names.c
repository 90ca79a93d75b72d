/* test-checkpoint-names.c: every name of a Stable Diffusion 1.x network against diffusers' converter of single files.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib.h>

#include "../parity.h"
#include "eshi-checkpoint-names.h"

/* Lines of three fields: part, diffusers' name, the single file's name. */
static char **
read_golden (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "checkpoint-names.tsv", NULL);
  g_autofree char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (text, "\n", -1);
}

/* Compares all names of @wanted's network; how many there were. */
static guint
check_part (const char         *wanted,
            EshiCheckpointPart  part)
{
  g_auto(GStrv) lines = read_golden ();
  guint n_names = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto(GStrv) fields = g_strsplit (lines[i], "\t", -1);
      g_autofree char *name = NULL;

      if (g_strv_length (fields) != 3 || !g_str_equal (fields[0], wanted))
        continue;
      name = eshi_checkpoint_name (part, fields[1]);
      g_assert_cmpstr (name, ==, fields[2]);
      n_names++;
    }

  parity_count_row ("names in single files", wanted, "diffusers 0.42.1", 0, n_names);
  return n_names;
}

static void
test_unet (void)
{
  g_assert_cmpuint (check_part ("unet", ESHI_CHECKPOINT_UNET), ==, 686);
}

static void
test_vae (void)
{
  g_assert_cmpuint (check_part ("vae", ESHI_CHECKPOINT_VAE), ==, 248);
}

static void
test_text_encoder (void)
{
  g_autofree char *name = eshi_checkpoint_name (ESHI_CHECKPOINT_TEXT_ENCODER, "text_model.final_layer_norm.bias");

  g_assert_cmpstr (name, ==, "cond_stage_model.transformer.text_model.final_layer_norm.bias");
}

/* "model_ema." holds the training code's names with every dot removed. */
static void
test_ema (void)
{
  g_autofree char *first = eshi_checkpoint_name (ESHI_CHECKPOINT_UNET_EMA, "conv_in.weight");
  g_autofree char *deep = eshi_checkpoint_name (ESHI_CHECKPOINT_UNET_EMA, "up_blocks.3.resnets.2.conv1.bias");

  g_assert_cmpstr (first, ==, "model_ema.diffusion_modelinput_blocks00weight");
  g_assert_cmpstr (deep, ==, "model_ema.diffusion_modeloutput_blocks110in_layers2bias");
}

static void
test_strange_name (void)
{
  g_autofree char *name = eshi_checkpoint_name (ESHI_CHECKPOINT_UNET, "down_blocks.x.resnets.0.conv1.weight");

  g_assert_cmpstr (name, ==, "model.diffusion_model.down_blocks.x.resnets.0.conv1.weight");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/checkpoint-names/unet", test_unet);
  g_test_add_func ("/eshi/checkpoint-names/vae", test_vae);
  g_test_add_func ("/eshi/checkpoint-names/text-encoder", test_text_encoder);
  g_test_add_func ("/eshi/checkpoint-names/ema", test_ema);
  g_test_add_func ("/eshi/checkpoint-names/strange-name", test_strange_name);
  return g_test_run ();
}
