/* test-model-list.c: models from their small files, and samplers and tokens by model.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "libeshi-engine.h"

typedef struct
{
  char *folder;
} Fixture;

static void
write_file (const char *folder,
            const char *name,
            const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
remove_folder (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        remove_folder (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}

static void
set_up (Fixture       *f,
        gconstpointer  data)
{
  f->folder = g_dir_make_tmp ("eshi-test-XXXXXX", NULL);
}

static void
tear_down (Fixture       *f,
           gconstpointer  data)
{
  remove_folder (f->folder);
  g_free (f->folder);
}

static void
test_defaults (Fixture       *f,
               gconstpointer  data)
{
  g_autoptr(EshiModelInfo) info = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_path_get_basename (f->folder);

  write_file (f->folder, "model_index.json", "{\"scheduler\": [\"diffusers\", \"DDIMScheduler\"]}");
  info = eshi_model_info_load (f->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (info->path, ==, f->folder);
  g_assert_cmpstr (info->name, ==, name);
  g_assert_false (info->embedded);
  g_assert_cmpint (info->width, ==, 512);
  g_assert_cmpint (info->height, ==, 512);
  g_assert_cmpfloat (info->guidance, ==, 7.5);
  g_assert_cmpstr (info->sampler, ==, "ddim");
}

static void
test_own (Fixture       *f,
          gconstpointer  data)
{
  g_autoptr(EshiModelInfo) info = NULL;
  g_autoptr(GError) error = NULL;

  write_file (f->folder, "model_index.json", "{}");
  write_file (f->folder, "unet/config.json", "{\"sample_size\": 32}");
  write_file (f->folder, "eshi.json",
              "{\"name\": \"豆\", \"sampler\": \"dpmpp_2m\", \"steps\": 25, \"guidance\": 4.0, \"width\": 128}");
  info = eshi_model_info_load (f->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (info->name, ==, "豆");
  g_assert_cmpstr (info->sampler, ==, "dpmpp-2m");
  g_assert_cmpint (info->steps, ==, 25);
  g_assert_cmpfloat (info->guidance, ==, 4.0);
  g_assert_cmpint (info->width, ==, 128);
  g_assert_cmpint (info->height, ==, 256);
}

/* Nonsense in eshi.json is passed over; JSON that is none is an error. */
static void
test_nonsense (Fixture       *f,
               gconstpointer  data)
{
  g_autoptr(EshiModelInfo) info = NULL;
  g_autoptr(GError) error = NULL;

  write_file (f->folder, "model_index.json", "{\"scheduler\": [7, {}]}");
  write_file (f->folder, "unet/config.json", "{\"sample_size\": -5e300}");
  write_file (f->folder, "eshi.json", "{\"name\": [], \"sampler\": \"x\", \"steps\": 1e9, \"guidance\": \"a\", "
                                      "\"width\": 100}");
  info = eshi_model_info_load (f->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpint (info->width, ==, 512);
  g_assert_cmpint (info->steps, ==, 50);

  write_file (f->folder, "eshi.json", "{\"name\": ");
  g_assert_null (eshi_model_info_load (f->folder, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID);
  g_assert_nonnull (strstr (error->message, "eshi.json"));
}

static void
test_missing (Fixture       *f,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) embedded_error = NULL;

  g_assert_null (eshi_model_info_load (f->folder, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING);
  g_setenv ("ESHI_MODEL_DIR", f->folder, TRUE);
  g_assert_null (eshi_model_info_load (NULL, &embedded_error));
  g_assert_error (embedded_error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING);
}

static void
test_list (Fixture       *f,
           gconstpointer  data)
{
  g_autoptr(GPtrArray) models = NULL;
  g_autofree char *embedded = g_build_filename (f->folder, "mame", NULL);
  g_autofree char *own = g_build_filename (g_get_user_data_dir (), "eshi", "models", NULL);

  g_setenv ("ESHI_MODEL_DIR", f->folder, TRUE);
  write_file (embedded, "model_index.json", "{}");
  write_file (own, "b/model_index.json", "{}");
  write_file (own, "a/model_index.json", "{}");
  write_file (own, "broken/model_index.json", "no");
  write_file (own, "a file", "x");
  g_test_expect_message ("eshi-models", G_LOG_LEVEL_MESSAGE, "*broken*");
  models = eshi_model_list ();
  g_test_assert_expected_messages ();

  g_assert_cmpuint (models->len, ==, 3);
  g_assert_true (((EshiModelInfo *) models->pdata[0])->embedded);
  g_assert_cmpstr (((EshiModelInfo *) models->pdata[1])->name, ==, "a");
  g_assert_cmpstr (((EshiModelInfo *) models->pdata[2])->name, ==, "b");
}

static void
write_index (const char *folder,
             const char *name)
{
  g_autofree char *model = g_build_filename (folder, name, NULL);

  write_file (model, "model_index.json", "{}");
}

/* @want: names of the models that are listed, but for the embedded one, with commas between them. */
static void
assert_listed (const char *want)
{
  g_autoptr(GPtrArray) models = eshi_model_list ();
  g_autoptr(GString) names = g_string_new (NULL);

  for (guint i = 0; i < models->len; i++)
    {
      const EshiModelInfo *info = models->pdata[i];

      if (!info->embedded)
        g_string_append_printf (names, "%s%s", names->len > 0 ? "," : "", info->name);
    }
  g_assert_cmpstr (names->str, ==, want);
}

/* Added folders come behind those of the environment, and are listed until they are taken away again. */
static void
test_folders (Fixture       *f,
              gconstpointer  data)
{
  g_autofree char *by_variable = g_build_filename (f->folder, "by-variable", NULL);
  g_autofree char *added = g_build_filename (f->folder, "added", NULL);
  g_autofree char *single = g_build_filename (f->folder, "single", NULL);
  g_autofree char *again = g_build_filename (f->folder, "added", "..", "added", NULL);
  g_autofree char *missing = g_build_filename (f->folder, "missing", NULL);
  g_autoptr(GError) error = NULL;

  write_index (f->folder, "mame");
  write_index (by_variable, "one");
  write_index (added, "two");
  write_index (added, "three");
  write_index (f->folder, "single");
  g_setenv ("ESHI_MODEL_DIR", f->folder, TRUE);
  g_setenv ("ESHI_MODELS_PATH", by_variable, TRUE);
  assert_listed ("one");

  g_assert_true (eshi_model_folders_add (added, NULL));
  g_assert_true (eshi_model_folders_add (again, NULL));
  g_assert_true (eshi_model_folders_add (single, NULL));
  assert_listed ("one,three,two,single");
  g_assert_true (eshi_model_folders_remove (again, NULL));
  assert_listed ("one,single");

  g_assert_false (eshi_model_folders_remove (added, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (eshi_model_folders_add (missing, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_assert_true (eshi_model_folders_remove (single, NULL));
  g_unsetenv ("ESHI_MODELS_PATH");
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *data = g_dir_make_tmp ("eshi-test-XXXXXX", NULL);
  int status = 0;

  g_setenv ("XDG_DATA_HOME", data, TRUE);
  g_setenv ("XDG_CONFIG_HOME", data, TRUE);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/eshi/models/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("defaults", test_defaults);
  ADD ("own-file", test_own);
  ADD ("nonsense", test_nonsense);
  ADD ("missing", test_missing);
  ADD ("folders", test_folders);
  ADD ("list", test_list);

  status = g_test_run ();
  remove_folder (data);

  return status;
}
