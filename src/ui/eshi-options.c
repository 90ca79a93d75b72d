/* eshi-options.c: the program's GSettings, and what they mean.
 *
 * The compiled schema is part of the program. GLib reads schemas from folders alone, so it passes through one in the
 * folder for temporary files. Shows nothing.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-options.h"

#include <glib/gstdio.h>

#define SCHEMA_FILE "gschemas.compiled"

static GSettingsSchemaSource *
read_source (const char  *folder,
             const char  *path,
             GError     **error)
{
  g_autoptr(GBytes) bytes = g_resources_lookup_data ("/io/github/eshi_app/Eshi/" SCHEMA_FILE,
                                                      G_RESOURCE_LOOKUP_FLAGS_NONE, error);

  if (bytes == NULL || !g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes),
                                             error))
    return NULL;

  return g_settings_schema_source_new_from_directory (folder, g_settings_schema_source_get_default (), TRUE, error);
}

/* The source of our own schema; it stays usable without its file, which is mapped. */
static GSettingsSchemaSource *
make_source (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("eshi-XXXXXX", &error);
  g_autofree char *path = folder != NULL ? g_build_filename (folder, SCHEMA_FILE, NULL) : NULL;
  GSettingsSchemaSource *source = folder != NULL ? read_source (folder, path, &error) : NULL;

  if (folder != NULL)
    {
      g_unlink (path);
      g_rmdir (folder);
    }
  if (source == NULL)
    g_message ("The program's own schema is not used: %s", error->message);

  return source;
}

static GSettings *
make_settings (void)
{
  g_autoptr(GSettingsSchemaSource) source = make_source ();
  g_autoptr(GSettingsSchema) schema = NULL;

  if (source == NULL)
    return g_settings_new (ESHI_APP_ID);
  schema = g_settings_schema_source_lookup (source, ESHI_APP_ID, TRUE);

  return g_settings_new_full (schema, NULL, NULL);
}

GSettings *
eshi_options_get (void)
{
  static GSettings *settings;

  if (settings == NULL)
    settings = make_settings ();

  return settings;
}

EshiEngine *
eshi_options_new_engine (void)
{
  GSettings *settings = eshi_options_get ();
  g_autofree char *device = g_settings_get_string (settings, ESHI_OPTION_DEVICE);
  g_autofree char *precision = g_settings_get_string (settings, ESHI_OPTION_PRECISION);
  gboolean automatic = g_str_equal (device, "auto");

  return eshi_engine_new_with_precision (automatic ? NULL : device,
                                         (guint) g_settings_get_int (settings, ESHI_OPTION_THREADS), precision);
}

gboolean
eshi_options_is_for_engine (const char *key)
{
  const char *const keys[] = { ESHI_OPTION_DEVICE, ESHI_OPTION_PRECISION, ESHI_OPTION_THREADS, NULL };

  return g_strv_contains (keys, key);
}

static EshiSwitch
get_switch (const char *key)
{
  g_autofree char *name = g_settings_get_string (eshi_options_get (), key);
  EshiSwitch value = ESHI_SWITCH_AUTO;

  eshi_switch_from_name (name, &value);

  return value;
}

void
eshi_options_fill_settings (EshiSettings *settings)
{
  g_return_if_fail (settings != NULL);

  if (settings->safety == ESHI_SWITCH_AUTO)
    settings->safety = get_switch (ESHI_OPTION_SAFETY);
  if (settings->watermark == ESHI_SWITCH_AUTO)
    settings->watermark = get_switch (ESHI_OPTION_WATERMARK);
}

void
eshi_options_fill_previews (EshiSettings *settings)
{
  GSettings *options = eshi_options_get ();
  g_autofree char *kind = g_settings_get_string (options, ESHI_OPTION_PREVIEW_KIND);

  g_return_if_fail (settings != NULL);

  settings->previews = g_settings_get_boolean (options, ESHI_OPTION_PREVIEWS);
  settings->preview_every = g_settings_get_int (options, ESHI_OPTION_PREVIEW_EVERY);
  eshi_preview_kind_from_name (kind, &settings->preview_kind);
}

char *
eshi_options_dup_folder (void)
{
  g_autofree char *folder = g_settings_get_string (eshi_options_get (), ESHI_OPTION_FOLDER);

  return g_path_is_absolute (folder) ? g_steal_pointer (&folder) : NULL;
}
