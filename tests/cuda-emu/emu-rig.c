/* emu-rig.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "emu-rig.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <gmodule.h>
#include <math.h>

EmuRig emu;

static char *cache;

void *
emu_rig_open_stand_in (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("ESHI_CUDA_LIBS"), name, NULL);
  void *library = dlopen (path, RTLD_NOW | RTLD_LOCAL);

  g_assert_nonnull (library);
  return library;
}

static void
find_controls (void)
{
  void *library = emu_rig_open_stand_in ("libcuda.so.1");
  void *dnn = emu_rig_open_stand_in ("libcudnn.so.9");

  *(void **) &emu.fail_call = dlsym (library, "emu_fail_call");
  *(void **) &emu.count_calls = dlsym (library, "emu_count_calls");
  *(void **) &emu.count_alive = dlsym (library, "emu_count_alive");
  *(void **) &emu.count_launches = dlsym (library, "emu_count_launches");
  *(void **) &emu.get_counts = dlsym (library, "emu_get_counts");
  *(void **) &emu.set_memory = dlsym (library, "emu_set_memory");
  *(void **) &emu.get_peak = dlsym (library, "emu_get_peak");
  *(void **) &emu.refuse_recording = dlsym (library, "emu_refuse_recording");
  *(void **) &emu.set_device = dlsym (library, "emu_set_device");
  *(void **) &emu.dnn_fail_call = dlsym (dnn, "emu_dnn_fail_call");
  *(void **) &emu.dnn_count_calls = dlsym (dnn, "emu_dnn_count_calls");
  *(void **) &emu.dnn_count_executed = dlsym (dnn, "emu_dnn_count_executed");
  *(void **) &emu.dnn_count_alive = dlsym (dnn, "emu_dnn_count_alive");
  g_assert_nonnull (emu.set_device);
  g_assert_nonnull (emu.dnn_count_alive);
}

const EshiBackendClass *
emu_rig_get_class (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("ESHI_PLUGIN_DIR"), "libeshi-cuda.so", NULL);
  GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL);
  gpointer symbol = NULL;

  g_assert_nonnull (module);
  g_assert_true (g_module_symbol (module, ESHI_BACKEND_PLUGIN_SYMBOL, &symbol));
  g_module_make_resident (module);
  return ((EshiBackendPluginFunc) symbol) ();
}

char *
emu_rig_forget_plans (void)
{
  g_autofree char *folder = g_build_filename (g_get_user_cache_dir (), "eshi", "cudnn", NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  char *path = NULL;

  for (const char *name = dir != NULL ? g_dir_read_name (dir) : NULL; name != NULL; name = g_dir_read_name (dir))
    {
      g_free (path);
      path = g_build_filename (folder, name, NULL);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  return path;
}

static void
remove_cache (void)
{
  g_autofree char *ours = g_build_filename (cache, "eshi", NULL);
  g_autofree char *plans = g_build_filename (ours, "cudnn", NULL);

  g_free (emu_rig_forget_plans ());
  g_rmdir (plans);
  g_rmdir (ours);
  g_rmdir (cache);
}

void
emu_rig_init (int    *argc,
              char ***argv)
{
  cache = g_dir_make_tmp ("eshi-cuda-XXXXXX", NULL);
  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (argc, argv, NULL);
  find_controls ();
}

int
emu_rig_run (void)
{
  int status = g_test_run ();

  remove_cache ();
  g_clear_pointer (&cache, g_free);
  return status;
}

void
emu_rig_assert_nothing_alive (void)
{
  g_assert_cmpint (emu.count_alive (), ==, 0);
  g_assert_cmpint (emu.dnn_count_alive (), ==, 0);
}

double
emu_rig_get_psnr (GBytes *a,
                  GBytes *b)
{
  gsize n = g_bytes_get_size (a);
  const guint8 *x = g_bytes_get_data (a, NULL);
  const guint8 *y = g_bytes_get_data (b, NULL);
  double sum = 0;

  g_assert_cmpuint (n, ==, g_bytes_get_size (b));
  for (gsize i = 0; i < n; i++)
    sum += ((double) x[i] - y[i]) * ((double) x[i] - y[i]);
  return 10 * log10 (255.0 * 255.0 / fmax (sum / (double) n, 1e-9));
}
