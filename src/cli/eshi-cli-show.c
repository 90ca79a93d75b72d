/* eshi-cli-show.c: eshi-cli show: what a picture file says about how it was made.
 *
 * Reads the texts of the file, and looks for a watermark in a PNG file's pixels; starts no engine.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "eshi-cli-report.h"
#include "eshi-picture-file.h"

static void
print_line (const char *label,
            const char *value)
{
  if (value != NULL && *value != '\0')
    printf ("%s: %s\n", label, value);
}

static void
print_number (const char *label,
              double      value)
{
  g_autofree char *text = g_strdup_printf ("%.9g", value);

  if (value > 0.0)
    print_line (label, text);
}

/* The watermark in the picture @path, "" if there is none; NULL where its pixels are not read. */
static const char *
find_watermark (const char *path)
{
  g_autoptr(EshiImage) image = eshi_picture_file_load_image (path, NULL);
  const char *text = NULL;

  if (image == NULL)
    return NULL;
  text = eshi_watermark_find (g_bytes_get_data (eshi_image_get_pixels (image), NULL),
                              (guint) eshi_image_get_width (image), (guint) eshi_image_get_height (image));
  return text != NULL ? text : "";
}

static void
print_watermark (const char *path)
{
  const char *watermark = find_watermark (path);

  if (watermark == NULL)
    print_line (_("Watermark"), _("not looked for; only PNG files are"));
  else
    print_line (_("Watermark"), *watermark != '\0' ? watermark : _("none"));
}

static void
print_safety (const EshiSettings *settings)
{
  if (settings->withheld)
    print_line (_("Safety checker"), _("withheld this picture"));
  else if (settings->safety != ESHI_SWITCH_AUTO)
    print_line (_("Safety checker"), settings->safety == ESHI_SWITCH_ON ? _("on") : _("off"));
}

static void
print_settings (const EshiPictureSettings *found)
{
  const EshiSettings *settings = found->settings;
  g_autofree char *size = g_strdup_printf ("%d × %d", settings->width, settings->height);
  g_autofree char *seed = g_strdup_printf ("%" G_GUINT64_FORMAT, settings->seed);

  print_line (_("Made with"), found->program);
  print_line (_("Prompt"), settings->prompt);
  print_line (_("Not wanted"), settings->negative_prompt);
  print_line (_("Model"), found->model_name);
  print_line (_("Model hash"), found->model_hash);
  print_line (_("Size"), settings->width > 0 ? size : NULL);
  print_number (_("Steps"), settings->steps);
  print_line (_("Sampler"), found->sampler);
  print_line (_("Schedule"), found->schedule);
  print_number (_("Guidance"), settings->guidance);
  print_line (_("Seed"), found->has_seed ? seed : NULL);
  print_line (_("Noise"), eshi_rng_kind_get_name (settings->rng));
  print_number (_("Strength"), found->strength);
  print_number (_("Clip skip"), found->clip_skip);
  print_safety (settings);
  print_line (_("Emphasis"), settings->emphasis);
}

static void
add_texts (JsonBuilder *builder,
           GHashTable  *texts)
{
  g_autoptr(GList) keys = g_list_sort (g_hash_table_get_keys (texts), (GCompareFunc) g_strcmp0);

  json_builder_set_member_name (builder, "texts");
  json_builder_begin_object (builder);
  for (GList *key = keys; key != NULL; key = key->next)
    eshi_cli_report_add_string (builder, key->data, g_hash_table_lookup (texts, key->data));
  json_builder_end_object (builder);
}

static void
print_json (const EshiPictureSettings *found,
            const char                *path)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();
  g_autofree char *settings = NULL;

  json_builder_begin_object (builder);
  eshi_cli_report_add_string (builder, "program", found->program);
  json_builder_set_member_name (builder, "settings");
  if (found->settings != NULL)
    settings = eshi_settings_to_json (found->settings, found->model_name);
  json_builder_add_value (builder, json_from_string (settings != NULL ? settings : "null", NULL));
  json_builder_set_member_name (builder, "has_seed");
  json_builder_add_boolean_value (builder, found->has_seed);
  eshi_cli_report_add_string (builder, "sampler", found->sampler);
  eshi_cli_report_add_string (builder, "schedule", found->schedule);
  eshi_cli_report_add_string (builder, "model_hash", found->model_hash);
  json_builder_set_member_name (builder, "strength");
  if (found->strength >= 0.0)
    json_builder_add_double_value (builder, found->strength);
  else
    json_builder_add_null_value (builder);
  eshi_cli_report_add_int (builder, "clip_skip", found->clip_skip);
  eshi_cli_report_add_string (builder, "watermark", find_watermark (path));
  add_texts (builder, found->texts);
  json_builder_end_object (builder);
  eshi_cli_report_finish (builder);
}

/* The texts as they are, for who can read them. */
static int
print_texts (const EshiPictureSettings *found,
             const char                *path)
{
  g_autofree char *shown = g_filename_display_name (path);
  g_autofree char *sentence = g_strdup_printf (_("“%s” does not say how it was made."), shown);
  g_autoptr(GList) keys = g_list_sort (g_hash_table_get_keys (found->texts), (GCompareFunc) g_strcmp0);

  for (GList *key = keys; key != NULL; key = key->next)
    print_line (key->data, g_hash_table_lookup (found->texts, key->data));
  print_line (_("Watermark"), find_watermark (path));
  eshi_cli_complain (sentence);

  return ESHI_CLI_FAILED;
}

int
eshi_cli_show (int    argc,
               char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("Write JSON"), NULL },
    { NULL },
  };
  g_autoptr(EshiPictureSettings) found = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) rest = NULL;

  if (!eshi_cli_parse (argc, argv, _("FILE"), _("Shows how a PNG, JPEG or WebP picture was made."), entries, &rest))
    return ESHI_CLI_USAGE;
  if (g_strv_length (rest) != 1)
    {
      eshi_cli_complain (_("Give one picture file; see “eshi-cli show --help”."));
      return ESHI_CLI_USAGE;
    }

  found = eshi_picture_file_inspect (rest[0], &error);
  if (found == NULL)
    {
      eshi_cli_complain (error->message);
      return ESHI_CLI_FAILED;
    }
  if (json)
    {
      print_json (found, rest[0]);
      return ESHI_CLI_OK;
    }
  if (found->settings == NULL)
    return print_texts (found, rest[0]);

  print_settings (found);
  print_watermark (rest[0]);

  return ESHI_CLI_OK;
}
