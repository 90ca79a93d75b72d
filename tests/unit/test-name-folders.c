/* test-name-folders.c: which VAEs and LoRAs can be chosen by name, and which devices there are.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>

#include "libeshi-engine.h"

static char *home;

static void
touch (const char *folder,
       const char *name)
{
  g_autofree char *below = g_build_filename (home, "eshi", folder, NULL);
  g_autofree char *path = g_build_filename (below, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (below, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

static void
test_vaes (void)
{
  const char *const expected[] = { "a", "b", "c.d", "folder", NULL };
  const char *const files[] = { "b.vae.pt", "a.safetensors", "a.pt", "c.d.ckpt", ".hidden.pt", "notes.txt", ".pt" };
  g_autofree char *folder = g_build_filename (home, "eshi", "vae", "folder", NULL);
  g_auto(GStrv) none = eshi_vae_folder_list ();
  g_auto(GStrv) names = NULL;

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    touch ("vae", files[i]);
  g_mkdir_with_parents (folder, 0700);
  names = eshi_vae_folder_list ();
  g_assert_cmpstrv (names, expected);
  /* What is listed is found. */
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *path = eshi_vae_folder_find (names[i], &error);

      g_assert_no_error (error);
      g_assert_nonnull (path);
    }
}

static void
test_loras (void)
{
  const char *const expected[] = { "墨", "線 画", NULL };
  g_auto(GStrv) none = eshi_lora_folder_list ();
  g_auto(GStrv) names = NULL;

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  touch ("models/loras", "線 画.safetensors");
  touch ("models/loras", "墨.safetensors");
  touch ("models/loras", "readme.md");
  touch ("models/loras", ".墨.safetensors");
  names = eshi_lora_folder_list ();
  g_assert_cmpstrv (names, expected);
}

/* Each device can compute or says why not; exactly one is used by itself. */
static void
test_devices (void)
{
  g_autoptr(GPtrArray) devices = eshi_device_list ();
  guint n_chosen = 0;

  g_assert_cmpuint (devices->len, ==, 3);
  for (guint i = 0; i < devices->len; i++)
    {
      const EshiDevice *device = devices->pdata[i];

      g_assert_true ((device->name != NULL) != (device->refusal != NULL));
      g_assert_false (device->chosen && device->refusal != NULL);
      n_chosen += device->chosen;
    }
  g_assert_cmpuint (n_chosen, ==, 1);
}

static void
test_types (void)
{
  g_autoptr(GError) unknown = NULL;
  g_autoptr(GError) half = NULL;

  /* The plain backend is f32 alone, by its contract. */
  g_assert_cmpstr (eshi_device_find_type ("ref", NULL, NULL), ==, "f32");
  g_assert_null (eshi_device_find_type ("ref", "half", &half));
  g_assert_error (half, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED);
  g_assert_null (eshi_device_find_type ("abacus", NULL, &unknown));
  g_assert_error (unknown, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
}

int
main (int    argc,
      char **argv)
{
  home = g_dir_make_tmp ("eshi-test-XXXXXX", NULL);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_unsetenv ("ESHI_BACKEND");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/name-folders/vaes", test_vaes);
  g_test_add_func ("/eshi/name-folders/loras", test_loras);
  g_test_add_func ("/eshi/devices/list", test_devices);
  g_test_add_func ("/eshi/devices/types", test_types);

  return g_test_run ();
}
