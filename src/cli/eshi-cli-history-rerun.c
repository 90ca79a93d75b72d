/* eshi-cli-history-rerun.c: eshi-cli history rerun: the same picture again, and whether it is the same.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "eshi-cli-history.h"
#include "eshi-cli-report.h"
#include "eshi-picture-file.h"

typedef struct
{
  char     *output;
  char     *backend;
  gboolean  no_history;
  gboolean  json;
  gboolean  quiet;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->output);
  g_free (self->backend);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* How many pixels of @a and @b differ; all of them if their sizes do. */
static guint
count_differences (EshiImage *a,
                   EshiImage *b)
{
  guint n_pixels = (guint) eshi_image_get_width (a) * (guint) eshi_image_get_height (a);
  const guint8 *p = g_bytes_get_data (eshi_image_get_pixels (a), NULL);
  const guint8 *q = g_bytes_get_data (eshi_image_get_pixels (b), NULL);
  guint n_different = 0;

  if (eshi_image_get_width (a) != eshi_image_get_width (b) || eshi_image_get_height (a) != eshi_image_get_height (b))
    return n_pixels;
  for (gsize i = 0; i < n_pixels; i++)
    n_different += memcmp (p + 3 * i, q + 3 * i, 3) != 0;

  return n_different;
}

/* The pixels count; where the file is gone, its sum, which holds the settings and the program's version as well. */
static gboolean
compare (const EshiHistoryPicture *picture,
         const EshiCliJob         *job,
         guint                    *n_different)
{
  const EshiCliPicture *again = job->pictures->pdata[0];
  g_autoptr(EshiImage) image = eshi_picture_file_load_image (picture->path, NULL);
  g_autoptr(GBytes) bytes = NULL;
  g_autofree char *sum = NULL;

  *n_different = 0;
  if (image != NULL)
    {
      *n_different = count_differences (image, again->image);
      return *n_different == 0;
    }
  bytes = eshi_picture_file_encode (again->image, again->settings, job->model_name, NULL);
  sum = bytes != NULL ? g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes) : NULL;

  return sum != NULL && g_strcmp0 (sum, picture->sha256) == 0;
}

static void
print_result (const EshiHistoryPicture *picture,
              const EshiCliJob         *job,
              gboolean                  same,
              guint                     n_different,
              gboolean                  json)
{
  const EshiCliPicture *again = job->pictures->pdata[0];
  g_autofree char *file = again->path != NULL ? g_filename_display_name (again->path) : NULL;
  g_autoptr(JsonBuilder) builder = NULL;

  if (!json)
    {
      if (same)
        printf (_("Reproduced ✓: every pixel is that of picture %" PRId64 ".\n"), picture->id);
      else if (n_different > 0)
        printf (_("Not reproduced: %u pixels differ from picture %" PRId64 ".\n"), n_different, picture->id);
      else
        printf (_("Whether picture %" PRId64 " was reproduced cannot be said: its file is missing.\n"), picture->id);
      return;
    }

  builder = json_builder_new_immutable ();
  json_builder_begin_object (builder);
  eshi_cli_report_add_int (builder, "parent", picture->id);
  eshi_cli_report_add_int (builder, "id", again->id);
  eshi_cli_report_add_string (builder, "file", file);
  json_builder_set_member_name (builder, "reproduced");
  json_builder_add_boolean_value (builder, same);
  eshi_cli_report_add_int (builder, "different_pixels", n_different);
  json_builder_end_object (builder);
  eshi_cli_report_finish (builder);
}

/* (transfer full): the one request; NULL after having complained. */
static GPtrArray *
make_requests (const EshiHistoryPicture *picture)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSettings) settings = eshi_history_picture_load_settings (picture, &error);
  GPtrArray *requests = NULL;

  if (settings == NULL || !eshi_settings_validate (settings, &error))
    {
      eshi_cli_complain (error->message);
      return NULL;
    }
  settings->previews = FALSE;
  settings->n_images = 1;
  requests = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_settings_free);
  g_ptr_array_add (requests, g_steal_pointer (&settings));

  return requests;
}

static int
rerun (const EshiHistoryPicture *picture,
       const Options            *options)
{
  g_autoptr(GPtrArray) requests = make_requests (picture);
  g_auto(EshiCliJob) job = { NULL };
  guint n_different = 0;
  gboolean same = FALSE;

  if (requests == NULL)
    return ESHI_CLI_FAILED;

  eshi_cli_job_init (&job);
  job.backend = options->backend != NULL ? options->backend : picture->backend;
  job.settings = requests;
  job.output = options->output;
  job.no_history = options->no_history;
  job.discard = options->no_history && options->output == NULL;
  job.parent = picture->id;
  job.relation = ESHI_RELATION_RERUN;
  job.keep_images = TRUE;
  job.quiet = options->quiet || options->json;
  job.print_paths = !job.quiet;
  if (eshi_cli_job_run (&job) != ESHI_CLI_OK)
    return job.status;

  same = compare (picture, &job, &n_different);
  if (!options->quiet || options->json)
    print_result (picture, &job, same, n_different, options->json);

  return same ? ESHI_CLI_OK : ESHI_CLI_FAILED;
}

int
eshi_cli_history_rerun (int    argc,
                        char **argv)
{
  g_auto(Options) options = { NULL };
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, N_("PNG file; the pictures folder if left out"),
      N_("FILE") },
    { "backend", 0, 0, G_OPTION_ARG_FILENAME, &options.backend,
      N_("cpu, ref or cuda; the one that painted it if left out"), N_("NAME") },
    { "no-history", 0, 0, G_OPTION_ARG_NONE, &options.no_history,
      N_("Compare only, without recording or keeping the picture unless --output says where"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_("Write one JSON object"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, N_("Write nothing but errors"), NULL },
    { NULL },
  };
  g_auto(GStrv) rest = NULL;
  g_autoptr(EshiHistory) history = NULL;
  g_autoptr(EshiHistoryPicture) picture = NULL;

  if (!eshi_cli_parse (argc, argv, _("ID"),
                       _("Paints a picture again with the same settings. Fails if it does not come out the same."), entries,
                       &rest))
    return ESHI_CLI_USAGE;
  if (g_strv_length (rest) != 1)
    {
      eshi_cli_complain (_("Give the id of one picture; see “eshi-cli history list”."));
      return ESHI_CLI_USAGE;
    }
  history = eshi_cli_history_open ();
  picture = history != NULL ? eshi_cli_history_load (history, rest[0]) : NULL;
  g_clear_object (&history);

  return picture != NULL ? rerun (picture, &options) : ESHI_CLI_FAILED;
}
