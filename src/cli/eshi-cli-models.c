/* eshi-cli-models.c: eshi-cli models: which models there are; the way to its subcommands.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "eshi-cli-models.h"
#include "eshi-cli-report.h"

/* (transfer full) (element-type utf8): the hash of each model, NULL where it cannot be read; that is complained of. */
static GPtrArray *
hash_models (GPtrArray *models)
{
  GPtrArray *hashes = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < models->len; i++)
    {
      const EshiModelInfo *info = models->pdata[i];
      g_autoptr(GError) error = NULL;

      g_ptr_array_add (hashes, eshi_model_hash_compute (info->path, NULL, &error));
      if (error != NULL)
        eshi_cli_complain (error->message);
    }

  return hashes;
}

static void
print_json (GPtrArray *models,
            GPtrArray *hashes)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_array (builder);
  for (guint i = 0; i < models->len; i++)
    {
      const EshiModelInfo *info = models->pdata[i];
      g_autofree char *path = g_filename_display_name (info->path);

      json_builder_begin_object (builder);
      eshi_cli_report_add_string (builder, "name", info->name);
      eshi_cli_report_add_string (builder, "path", path);
      json_builder_set_member_name (builder, "embedded");
      json_builder_add_boolean_value (builder, info->embedded);
      eshi_cli_report_add_int (builder, "width", info->width);
      eshi_cli_report_add_int (builder, "height", info->height);
      eshi_cli_report_add_int (builder, "steps", info->steps);
      eshi_cli_report_add_double (builder, "guidance", info->guidance);
      eshi_cli_report_add_string (builder, "sampler", info->sampler);
      if (hashes != NULL)
        eshi_cli_report_add_string (builder, "sha256", hashes->pdata[i]);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, TRUE);
  eshi_cli_print (text);
}

static void
print_text (GPtrArray *models,
            GPtrArray *hashes)
{
  for (guint i = 0; i < models->len; i++)
    {
      const EshiModelInfo *info = models->pdata[i];
      const EshiSampler *sampler = eshi_sampler_find (info->sampler);
      g_autofree char *path = g_filename_display_name (info->path);

      printf (_("%s: %d × %d pixels, %d steps, guidance scale %g, %s\n"), info->name, info->width, info->height,
              info->steps, info->guidance, sampler->label);
      printf ("  %s\n", path);
      if (hashes != NULL && hashes->pdata[i] != NULL)
        printf ("  %.*s  %s\n", ESHI_MODEL_HASH_SHORT, (const char *) hashes->pdata[i], (const char *) hashes->pdata[i]);
    }
}

static int
list (int    argc,
      char **argv)
{
  gboolean json = FALSE;
  gboolean hash = FALSE;
  g_autofree char *add = NULL;
  g_autofree char *remove = NULL;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("Write JSON"), NULL },
    { "hash", 0, 0, G_OPTION_ARG_NONE, &hash, N_("Also the SHA-256 of each model's weights"), NULL },
    { "add-folder", 0, 0, G_OPTION_ARG_FILENAME, &add, N_("From now on look for models there too"), N_("FOLDER") },
    { "remove-folder", 0, 0, G_OPTION_ARG_FILENAME, &remove, N_("Look there no longer"), N_("FOLDER") },
    { NULL },
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(GPtrArray) hashes = NULL;

  if (!eshi_cli_parse (argc, argv, "[download|verify|remove …]", _("Lists the models, the embedded one first."), entries,
                       NULL))
    return ESHI_CLI_USAGE;

  if ((add != NULL && !eshi_model_folders_add (add, &error)) ||
      (remove != NULL && !eshi_model_folders_remove (remove, &error)))
    return eshi_cli_fail (error);

  models = eshi_model_list ();
  hashes = hash ? hash_models (models) : NULL;
  if (json)
    print_json (models, hashes);
  else
    print_text (models, hashes);

  return ESHI_CLI_OK;
}

int
eshi_cli_models (int    argc,
                 char **argv)
{
  static const struct { const char *name, *whole; int (*run) (int argc, char **argv); } subcommands[] = {
    { "download", "models download", eshi_cli_models_download },
    { "verify", "models verify", eshi_cli_models_verify },
    { "remove", "models remove", eshi_cli_models_remove },
  };

  for (guint i = 0; argc > 1 && i < G_N_ELEMENTS (subcommands); i++)
    if (strcmp (argv[1], subcommands[i].name) == 0)
      {
        argv[1] = (char *) subcommands[i].whole;
        return subcommands[i].run (argc - 1, argv + 1);
      }

  return list (argc, argv);
}
