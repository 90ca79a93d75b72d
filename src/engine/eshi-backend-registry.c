/* eshi-backend-registry.c: finds, checks and chooses backends.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#define G_LOG_DOMAIN "eshi-registry"

#include <dlfcn.h>
#include <glib/gi18n-lib.h>
#include <gmodule.h>

#include "eshi-backend-registry.h"

/* A backend as it was found, once per process. */
typedef struct
{
  const char             *name;     /* its name, and its plugin's: libeshi-NAME.so */
  const EshiBackendClass *built_in; /* NULL for plugins */

  const EshiBackendClass *klass;    /* NULL when it cannot run */
  EshiDeviceInfo          device;
  GError                 *refusal;  /* why it cannot; NULL when it can */
} Entry;

/* Best first. */
static Entry entries[] = {
  { .name = "cuda" },
  { .name = "cpu" },
  { .name = "ref", .built_in = &eshi_backend_ref_class },
};

/* How long idle OpenMP threads spin before they sleep: long enough for the gaps between two ops, short enough to leave
 * the processor to whatever else runs. */
#define SPIN_COUNT "4000"

void
_eshi_backend_registry_init (void)
{
  if (g_getenv ("OMP_WAIT_POLICY") == NULL)
    g_setenv ("GOMP_SPINCOUNT", SPIN_COUNT, FALSE);
}

/* The folder that this library, or the program it is linked into, was loaded from. */
static char *
get_own_folder (void)
{
  Dl_info info = { NULL };

  if (dladdr (&entries, &info) == 0 || info.dli_fname == NULL)
    return NULL;

  return g_path_get_dirname (info.dli_fname);
}

/* @file in @folder, if it is there. */
static char *
find_in (const char *folder,
         const char *file)
{
  g_autofree char *path = folder != NULL ? g_build_filename (folder, file, NULL) : NULL;

  return path != NULL && g_file_test (path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&path) : NULL;
}

/* The plugin of @name: where the user says, beside the program, in the build tree that the program lies in, or where it
 * was installed. */
static char *
find_plugin (const char *name)
{
  const char *wanted = g_getenv ("ESHI_PLUGIN_DIR");
  g_auto(GStrv) wanted_folders = g_strsplit (wanted != NULL ? wanted : "", ":", -1);
  g_autofree char *file = g_strdup_printf ("libeshi-%s.so", name);
  g_autofree char *own = get_own_folder ();
  g_autofree char *beside = own != NULL ? g_build_filename (own, "eshi", NULL) : NULL;
  g_autofree char *built = own != NULL ? g_build_filename (own, "..", "kernels", name, NULL) : NULL;
  const char *folders[] = { own, beside, built, ESHI_PKGLIBDIR };
  char *path = NULL;

  for (guint i = 0; wanted_folders[i] != NULL && path == NULL; i++)
    path = find_in (wanted_folders[i], file);
  for (guint i = 0; i < G_N_ELEMENTS (folders) && path == NULL; i++)
    path = find_in (folders[i], file);
  return path;
}

static const EshiBackendClass *
check_class (const EshiBackendClass  *klass,
             const char              *name,
             const char              *path,
             GError                 **error)
{
  if (klass == NULL || klass->abi != ESHI_BACKEND_ABI || g_strcmp0 (klass->name, name) != 0)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The plugin %s belongs to another version of Eshi; install both from the same package."), path);
      return NULL;
    }

  return klass;
}

/* In a Flatpak's sandbox the plugin for NVIDIA's cards is an extension, which the user may not know of. */
static void
set_not_installed (const char  *name,
                   GError     **error)
{
  if (g_str_equal (name, "cuda") && g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("The extension for NVIDIA graphics cards is not installed; if you have such a card, install it with "
                   "“flatpak install %s”."),
                 "io.github.eshi_app.Eshi.Cuda");
  else
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("The plugin libeshi-%s.so is not installed."), name);
}

static const EshiBackendClass *
load_plugin (const char  *name,
             GError     **error)
{
  g_autofree char *path = find_plugin (name);
  GModule *module = NULL;
  gpointer symbol = NULL;

  if (path == NULL)
    {
      set_not_installed (name, error);
      return NULL;
    }

  module = g_module_open (path, G_MODULE_BIND_LOCAL);
  if (module == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The plugin %s cannot be loaded: %s."), path, g_module_error ());
      return NULL;
    }
  if (!g_module_symbol (module, ESHI_BACKEND_PLUGIN_SYMBOL, &symbol) || symbol == NULL)
    {
      g_module_close (module);
      return check_class (NULL, name, path, error);
    }

  /* Vendors' libraries start threads and hold destructors; they do not survive being unloaded. */
  g_module_make_resident (module);

  return check_class (((EshiBackendPluginFunc) symbol) (), name, path, error);
}

static void
find_entry (Entry *entry)
{
  const EshiBackendClass *klass = entry->built_in;

  if (klass == NULL)
    klass = load_plugin (entry->name, &entry->refusal);
  if (klass != NULL && klass->probe (&entry->device, &entry->refusal))
    entry->klass = klass;

  if (entry->klass == NULL)
    g_debug ("%s: not used: %s", entry->name, entry->refusal != NULL ? entry->refusal->message : "no reason given");
  else
    g_debug ("%s: %s (%s)", entry->name, entry->device.name, entry->device.features);
}

/* Finds out about @entry when it is first asked for. */
static Entry *
ensure_entry (Entry *entry)
{
  static gsize once[G_N_ELEMENTS (entries)];
  gsize i = entry - entries;

  if (g_once_init_enter (&once[i]))
    {
      find_entry (entry);
      g_once_init_leave (&once[i], 1);
    }

  return entry;
}

static const char *
get_wanted (const char *name)
{
  if (name == NULL)
    name = g_getenv ("ESHI_BACKEND");

  return name != NULL && *name != '\0' ? name : NULL;
}

/* The reference is for checking results: who paints with it, without having asked for it, hears why, once. */
static void
explain_reference (void)
{
  static gsize once;
  const Entry *cpu = &entries[1];

  if (!g_once_init_enter (&once))
    return;

  g_message (_("Painting will be very slow, because the fast plugin for processors cannot be used: %s"),
             cpu->refusal != NULL ? cpu->refusal->message : "?");
  g_once_init_leave (&once, 1);
}

/* The entry to use; %NULL with @error set. */
static Entry *
choose (const char  *name,
        GError     **error)
{
  name = get_wanted (name);
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      Entry *entry = NULL;

      if (name != NULL && g_strcmp0 (name, entries[i].name) != 0)
        continue;

      entry = ensure_entry (&entries[i]);
      if (entry->klass != NULL)
        return entry;
      if (name != NULL)
        {
          g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                       _("The backend “%s” cannot run on this computer: %s"), name,
                       entry->refusal != NULL ? entry->refusal->message : "?");
          return NULL;
        }
    }

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("There is no backend called “%s”; choose “cuda”, “cpu” or “ref”."), name);
  return NULL;
}

EshiBackend *
_eshi_backend_registry_open (const char                *name,
                             const EshiBackendOptions  *options,
                             GError                   **error)
{
  Entry *entry = choose (name, error);

  if (entry == NULL)
    return NULL;
  if (entry->built_in != NULL && get_wanted (name) == NULL)
    explain_reference ();

  return entry->klass->open (options, error);
}

void
_eshi_backend_registry_foreach (EshiBackendFunc func,
                                gpointer        user_data)
{
  const Entry *chosen = choose (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      const Entry *entry = ensure_entry (&entries[i]);
      gboolean runs = entry->klass != NULL;

      func (entry->name, runs ? &entry->device : NULL, runs || entry->refusal == NULL ? NULL : entry->refusal->message,
            entry == chosen, user_data);
    }
}

static void
describe_entry (GString     *text,
                const Entry *entry,
                gboolean     chosen)
{
  if (entry->klass == NULL)
    {
      g_string_append_printf (text, "  %-4s  %s\n", entry->name,
                              entry->refusal != NULL ? entry->refusal->message : "?");
      return;
    }

  g_string_append_printf (text, "%c %-4s  %s", chosen ? '*' : ' ', entry->name, entry->device.name);
  if (entry->device.features[0] != '\0')
    g_string_append_printf (text, " (%s)", entry->device.features);
  if (entry->device.memory_bytes > 0)
    {
      g_autofree char *size = g_format_size_full (entry->device.memory_bytes, G_FORMAT_SIZE_IEC_UNITS);

      g_string_append_printf (text, ", %s", size);
    }
  g_string_append_c (text, '\n');
}

char *
_eshi_backend_registry_describe (void)
{
  GString *text = g_string_new (NULL);
  Entry *chosen = choose (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      Entry *entry = ensure_entry (&entries[i]);

      describe_entry (text, entry, entry == chosen);
    }

  return g_string_free (text, FALSE);
}
