/* model-folder.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "model-folder.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "fill.h"

static const struct
{
  const char *name;
  const char *contents;
} files[] = {
  { "model_index.json", "{\"_class_name\": \"StableDiffusionPipeline\"}" },
  { "scheduler/scheduler_config.json",
    "{\"_class_name\": \"PNDMScheduler\", \"beta_start\": 0.00085, \"beta_end\": 0.012, \"beta_schedule\": \"scaled_linear\","
    " \"num_train_timesteps\": 1000, \"set_alpha_to_one\": false, \"skip_prk_steps\": true, \"steps_offset\": 0,"
    " \"clip_sample\": true}" },
  { "text_encoder/config.json",
    "{\"vocab_size\": 400, \"hidden_size\": 64, \"intermediate_size\": 256, \"num_hidden_layers\": 2,"
    " \"num_attention_heads\": 4, \"hidden_act\": \"quick_gelu\", \"unknown\": [1, 2, {\"a\": null}]}" },
  { "unet/config.json",
    "{\"sample_size\": 8, \"block_out_channels\": [32, 64], \"cross_attention_dim\": 64}" },
  { "vae/config.json", "{\"sample_size\": 64, \"block_out_channels\": [16, 16, 16, 16], \"norm_num_groups\": 8, \"layers_per_block\": 1}" },
};

void
model_folder_write (const char *folder,
                    const char *name,
                    const char *contents)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (path, contents, -1, &error);
  g_assert_no_error (error);
}

static void
write_weights (const char *folder,
               const char *name,
               GBytes     *bytes)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes), &error);
  g_assert_no_error (error);
}

static void
copy_tokenizer (const char *folder)
{
  g_autofree char *from = g_test_build_filename (G_TEST_DIST, "golden", "tokenizer-small.model", NULL);
  g_autofree char *to = g_build_filename (folder, "tokenizer", "spiece.model", NULL);
  g_autofree char *parent = g_path_get_dirname (to);
  g_autofree char *contents = NULL;
  g_autoptr(GError) error = NULL;
  gsize size = 0;

  g_file_get_contents (from, &contents, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (to, contents, (gssize) size, &error);
  g_assert_no_error (error);
}

char *
model_folder_new (void)
{
  const char *const changes[] = { NULL };

  return model_folder_new_with (changes);
}

char *
model_folder_new_with (const char *const *changes)
{
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp ("eshi-model-XXXXXX", &error);
  g_autofree char *text_path = NULL;
  g_autofree char *unet_path = NULL;
  g_autofree char *vae_path = NULL;
  g_autoptr(GBytes) text_bytes = NULL;
  g_autoptr(GBytes) unet_bytes = NULL;
  g_autoptr(GBytes) vae_bytes = NULL;
  EshiTextConfig text;
  EshiUnetConfig unet;
  EshiVaeConfig vae;

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    model_folder_write (folder, files[i].name, files[i].contents);
  for (; *changes != NULL; changes += 2)
    model_folder_write (folder, changes[0], changes[1]);
  copy_tokenizer (folder);

  text_path = g_build_filename (folder, "text_encoder", NULL);
  unet_path = g_build_filename (folder, "unet", NULL);
  vae_path = g_build_filename (folder, "vae", NULL);
  eshi_text_config_load (&text, text_path, &error);
  g_assert_no_error (error);
  eshi_unet_config_load (&unet, unet_path, &error);
  g_assert_no_error (error);
  eshi_vae_config_load (&vae, vae_path, &error);
  g_assert_no_error (error);

  text_bytes = fill_new_file (&text, NULL, NULL);
  unet_bytes = fill_new_file (NULL, &unet, NULL);
  vae_bytes = fill_new_file (NULL, NULL, &vae);
  write_weights (text_path, "model.safetensors", text_bytes);
  write_weights (unet_path, "diffusion_pytorch_model.safetensors", unet_bytes);
  write_weights (vae_path, "diffusion_pytorch_model.safetensors", vae_bytes);
  return folder;
}

static void
remove_tree (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }

  g_assert_cmpint (g_remove (path), ==, 0);
}

void
model_folder_remove (char *folder)
{
  remove_tree (folder);
  g_free (folder);
}
