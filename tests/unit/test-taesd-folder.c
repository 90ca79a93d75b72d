/* test-taesd-folder.c: which file is taken for TAESD's decoder, and which is not.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>

#include "eshi-taesd-folder.h"

/* Makes @path below @folder, which ends in '/' where it is a folder. */
static void
make (const char *folder,
      const char *path)
{
  g_autofree char *full = g_build_filename (folder, path, NULL);
  g_autofree char *parent = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (g_str_has_suffix (path, "/") ? full : parent, 0700), ==, 0);
  if (!g_str_has_suffix (path, "/"))
    g_assert_true (g_file_set_contents (full, "x", 1, NULL));
}

/* @expected: (nullable): below @folder. */
static void
check (const char *folder,
       const char *model,
       const char *expected)
{
  g_autofree char *path = g_build_filename (folder, model, NULL);
  g_autofree char *found = _eshi_taesd_folder_find (path);
  g_autofree char *full = expected != NULL ? g_build_filename (folder, expected, NULL) : NULL;

  g_assert_cmpstr (found, ==, full);
}

static void
test_find (void)
{
  g_autofree char *top = g_dir_make_tmp ("eshi 絵師-XXXXXX", NULL);
  g_autofree char *data = g_build_filename (g_get_user_data_dir (), "eshi", "taesd", NULL);
  g_autofree char *any = g_build_filename (data, "小さい.pth", NULL);
  g_autofree char *found = NULL;

  make (top, "models/絵 model/unet/");
  make (top, "models/one.ckpt");
  make (top, "models/taesd_encoder.safetensors");
  make (top, "models/taesdxl_decoder.safetensors");
  make (top, "models/taesd.txt");
  make (top, "models/taesd/");
  check (top, "models/絵 model", NULL);
  check (top, "models/one.ckpt", NULL);

  make (top, "models/taesd/diffusion_pytorch_model.bin");
  check (top, "models/絵 model", "models/taesd");
  make (top, "models/taesd_decoder.pth");
  check (top, "models/one.ckpt", "models/taesd_decoder.pth");
  make (top, "models/TAESD_decoder.safetensors");
  check (top, "models/one.ckpt", "models/TAESD_decoder.safetensors");
  make (top, "models/絵 model/taesd_decoder.pt");
  check (top, "models/絵 model", "models/絵 model/taesd_decoder.pt");

  /* Any name does in the folder for them. */
  make (data, "小さい.pth");
  make (data, "taesd_encoder.pth");
  found = _eshi_taesd_folder_find ("/nonexistent/model");
  g_assert_cmpstr (found, ==, any);
  make (data, "diffusion_pytorch_model.safetensors");
  g_free (found);
  found = _eshi_taesd_folder_find ("/nonexistent/model");
  g_assert_cmpstr (found, ==, data);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/eshi/taesd-folder/find", test_find);
  return g_test_run ();
}
