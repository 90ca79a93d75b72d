/* eshi-cli-report.c: a job's result as one JSON object on one line.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cli-report.h"

void
eshi_cli_report_add_string (JsonBuilder *builder,
                            const char  *name,
                            const char  *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
eshi_cli_report_add_double (JsonBuilder *builder,
                            const char  *name,
                            double       value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, value);
}

void
eshi_cli_report_add_int (JsonBuilder *builder,
                         const char  *name,
                         gint64       value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

void
eshi_cli_report_finish (JsonBuilder *builder)
{
  g_autoptr(JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, FALSE);

  eshi_cli_print (text);
}

static void
add_path (JsonBuilder *builder,
          const char  *path)
{
  g_autofree char *shown = path != NULL ? g_filename_display_name (path) : NULL;

  if (shown != NULL)
    json_builder_add_string_value (builder, shown);
  else
    json_builder_add_null_value (builder);
}

static void
add_files (JsonBuilder     *builder,
           const GPtrArray *pictures)
{
  json_builder_set_member_name (builder, "files");
  json_builder_begin_array (builder);
  for (guint i = 0; i < pictures->len; i++)
    add_path (builder, ((const EshiCliPicture *) pictures->pdata[i])->path);
  json_builder_end_array (builder);
}

static void
add_settings (JsonBuilder        *builder,
              const EshiSettings *settings,
              const char         *model_name)
{
  g_autofree char *text = eshi_settings_to_json (settings, model_name);

  json_builder_set_member_name (builder, "settings");
  json_builder_add_value (builder, json_from_string (text, NULL));
}

static void
add_timings (JsonBuilder       *builder,
             const EshiTimings *timings)
{
  json_builder_set_member_name (builder, "timings");
  json_builder_begin_object (builder);
  eshi_cli_report_add_double (builder, "load", timings->load);
  eshi_cli_report_add_double (builder, "text", timings->text);
  eshi_cli_report_add_double (builder, "steps", timings->steps);
  eshi_cli_report_add_double (builder, "decode", timings->decode);
  eshi_cli_report_add_double (builder, "total", timings->total);
  json_builder_end_object (builder);
}

static void
add_pictures (JsonBuilder      *builder,
              const EshiCliJob *job)
{
  json_builder_set_member_name (builder, "pictures");
  json_builder_begin_array (builder);
  for (guint i = 0; i < job->pictures->len; i++)
    {
      const EshiCliPicture *picture = job->pictures->pdata[i];

      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "file");
      add_path (builder, picture->path);
      if (picture->id != 0)
        eshi_cli_report_add_int (builder, "id", picture->id);
      add_settings (builder, picture->settings, job->model_name);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

void
eshi_cli_report_print (const EshiCliJob *job,
                       double            wall_s)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();

  json_builder_begin_object (builder);
  add_files (builder, job->pictures);
  if (job->pictures->len > 0)
    add_settings (builder, ((const EshiCliPicture *) job->pictures->pdata[0])->settings, job->model_name);
  add_pictures (builder, job);
  add_timings (builder, &job->timings);
  eshi_cli_report_add_double (builder, "wall", wall_s);
  eshi_cli_report_add_string (builder, "model", job->model_name);
  eshi_cli_report_add_string (builder, "backend", job->used_backend);
  json_builder_end_object (builder);
  eshi_cli_report_finish (builder);
}
