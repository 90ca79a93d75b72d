/* test-model-hash.c: which model it is: hashes of files and folders, what is remembered of them, and the search by them.
 *
 * The hash of "abc" is that of FIPS 180-4's example; that of the folder is what coreutils 9.1 prints for
 *   sha256sum text_encoder/model.safetensors unet/a-1.safetensors unet/a-2.safetensors \
 *     vae/diffusion_pytorch_model.bin | sha256sum
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "eshi-hash-job.h"
#include "libeshi-engine.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define FOLDER "9f16c4982bf07d5a6cbcc2b420f96095b2307ac05d00fe9330f633b2a967e61d"

static char *
write_file (const char *folder,
            const char *name,
            const char *text)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static char *
make_folder (void)
{
  return g_dir_make_tmp ("eshi-hash-XXXXXX", NULL);
}

static void
test_file (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *path = write_file (folder, "one.safetensors", "abc");
  g_autofree char *copy = g_build_filename (folder, ".", "one.safetensors", NULL);
  g_autofree char *before = eshi_model_hash_lookup (path);
  g_autoptr(GError) error = NULL;
  g_autofree char *hash = eshi_model_hash_compute (path, NULL, &error);
  g_autofree char *known = eshi_model_hash_lookup (copy);
  g_autofree char *changed = NULL;
  g_autofree char *again = NULL;

  g_assert_null (before);
  g_assert_no_error (error);
  g_assert_cmpstr (hash, ==, ABC);
  g_assert_cmpstr (known, ==, ABC);

  /* The same size at the same place: its inode and its time are others. */
  g_free (write_file (folder, "one.safetensors", "abd"));
  changed = eshi_model_hash_lookup (path);
  g_assert_null (changed);
  again = eshi_model_hash_compute (path, NULL, NULL);
  g_assert_cmpstr (again, !=, ABC);
}

static void
test_folder (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *hash = NULL;
  g_autoptr(GError) error = NULL;

  g_free (write_file (folder, "text_encoder/model.safetensors", "abc"));
  g_free (write_file (folder, "text_encoder/model.fp16.safetensors", "not loaded"));
  g_free (write_file (folder, "text_encoder/config.json", "{}"));
  g_free (write_file (folder, "unet/diffusion_pytorch_model.safetensors.index.json",
                      "{\"weight_map\": {\"x\": \"a-2.safetensors\", \"y\": \"a-1.safetensors\", \"z\": \"a-2.safetensors\"}}"));
  g_free (write_file (folder, "unet/a-1.safetensors", "abc"));
  g_free (write_file (folder, "unet/a-2.safetensors", ""));
  g_assert_null (eshi_model_hash_compute (folder, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING);

  g_free (write_file (folder, "vae/diffusion_pytorch_model.bin", "abc"));
  hash = eshi_model_hash_compute (folder, NULL, NULL);
  g_assert_cmpstr (hash, ==, FOLDER);
}

static void
test_refusals (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *missing = g_build_filename (folder, "missing.ckpt", NULL);
  g_autofree char *path = write_file (folder, "one.ckpt", "abc");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_assert_null (eshi_model_hash_compute (missing, NULL, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_null (eshi_model_hash_compute (path, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_job (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *path = write_file (folder, "two.ckpt", "abc");
  g_autofree char *missing = g_build_filename (folder, "missing.ckpt", NULL);

  /* The second one knows it from the first; the last has nothing to read. */
  for (guint i = 0; i < 3; i++)
    {
      EshiHashJob *job = _eshi_hash_job_start (i < 2 ? path : missing);

      g_assert_cmpstr (_eshi_hash_job_wait (job, NULL), ==, i < 2 ? ABC : NULL);
      g_assert_cmpstr (_eshi_hash_job_wait (job, NULL), ==, i < 2 ? ABC : NULL);
      _eshi_hash_job_free (job);
    }
  _eshi_hash_job_free (_eshi_hash_job_start (path));
}

static void
test_find (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *abc = write_file (folder, "renamed.safetensors", "abc");
  g_autofree char *other = write_file (folder, "wanted.safetensors", "other");
  g_autofree char *hash = eshi_model_hash_compute (abc, NULL, NULL);
  g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_model_info_free);

  g_ptr_array_add (models, eshi_model_info_load (other, NULL));
  g_ptr_array_add (models, eshi_model_info_load (abc, NULL));
  g_assert_true (eshi_model_list_find (models, ABC, "wanted") == models->pdata[1]);
  g_assert_true (eshi_model_list_find (models, "ba7816bf8f", "wanted") == models->pdata[1]);
  g_assert_true (eshi_model_list_find (models, "BA7816BF8F", NULL) == models->pdata[1]);
  g_assert_true (eshi_model_list_find (models, "ba7816b", "wanted") == models->pdata[0]);
  g_assert_true (eshi_model_list_find (models, "0123456789", "wanted") == models->pdata[0]);
  g_assert_true (eshi_model_list_find (models, NULL, "folder/wanted.safetensors") == models->pdata[0]);
  g_assert_null (eshi_model_list_find (models, "0123456789", "else"));
  g_assert_null (eshi_model_list_find (models, NULL, NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *cache = g_dir_make_tmp ("eshi-model-hash-XXXXXX", NULL);

  /* Not G_TEST_OPTION_ISOLATE_DIRS, in which GLib leaks. */
  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/model-hash/file", test_file);
  g_test_add_func ("/eshi/model-hash/folder", test_folder);
  g_test_add_func ("/eshi/model-hash/refusals", test_refusals);
  g_test_add_func ("/eshi/model-hash/job", test_job);
  g_test_add_func ("/eshi/model-hash/find", test_find);
  return g_test_run ();
}
