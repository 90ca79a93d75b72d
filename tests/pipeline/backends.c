/* backends.c: see the header. The plugin's path comes from the build.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "backends.h"

#include <gmodule.h>

static const EshiBackendClass *
find_plugin (const char *name)
{
  const char *folder = g_getenv ("ESHI_PLUGIN_DIR");
  g_autofree char *file = g_strdup_printf ("libeshi-%s.so", name);
  g_autofree char *path = folder == NULL ? NULL : g_build_filename (folder, file, NULL);
  GModule *module = NULL;
  gpointer symbol = NULL;

  if (path == NULL || !g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;

  module = g_module_open (path, G_MODULE_BIND_LOCAL);
  if (module == NULL || !g_module_symbol (module, ESHI_BACKEND_PLUGIN_SYMBOL, &symbol))
    {
      g_test_message ("%s", g_module_error ());
      return NULL;
    }

  g_module_make_resident (module);
  return ((EshiBackendPluginFunc) symbol) ();
}

EshiBackend *
open_backend (const char    *name,
              EshiPrecision  precision)
{
  EshiBackendOptions options = { .precision = precision };
  const EshiBackendClass *klass = &eshi_backend_ref_class;
  g_autoptr(GError) error = NULL;
  EshiBackend *backend = NULL;
  EshiDeviceInfo info;

  if (g_strcmp0 (name, "ref") != 0)
    klass = find_plugin (name);
  if (klass == NULL)
    {
      g_test_skip ("the backend's plugin was not built");
      return NULL;
    }

  if (!klass->probe (&info, &error) || (backend = klass->open (&options, &error)) == NULL)
    g_test_skip (error->message);
  return backend;
}

void
close_backend (EshiBackend *backend)
{
  backend->klass->close (backend);
}
