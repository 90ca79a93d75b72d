/* eshi-cli-bench.c: eshi-cli bench: how fast a model paints here.
 *
 * Paints the same picture a few times and keeps none. Loading is the first one's; the rest is the fastest of the others,
 * because whatever else a computer does can only make it slower. With --ops, eshi-cli-bench-ops.c does another thing.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "eshi-cli-bench.h"
#include "eshi-cli-report.h"

#define N_WARM 3
#define BENCH_SEED 42

static void
options_clear (EshiCliBenchOptions *self)
{
  g_free (self->model);
  g_free (self->prompt);
  g_free (self->backend);
  g_free (self->precision);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiCliBenchOptions, options_clear)

typedef struct
{
  double load;
  double text;
  double step;
  double decode;
  double total; /* of a picture, the model being loaded */
  double peak_mb;
} Figures;

/* (transfer full): the device's words on the line of the backend @name. */
static char *
find_device (const char *name)
{
  g_autofree char *text = eshi_engine_describe_devices ();
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (strlen (lines[i]) > 8 && g_str_has_prefix (lines[i] + 2, name))
      return g_strstrip (g_strdup (lines[i] + 2 + strlen (name)));

  return g_strdup ("");
}

static Figures
reckon (const EshiCliJob *job)
{
  const EshiCliPicture *first = job->pictures->pdata[0];
  const EshiCliPicture *best = first;
  struct rusage usage;
  Figures figures;

  for (guint i = 1; i < job->pictures->len; i++)
    {
      const EshiCliPicture *picture = job->pictures->pdata[i];

      if (best == first || picture->timings.total < best->timings.total)
        best = picture;
    }

  getrusage (RUSAGE_SELF, &usage);
  figures.load = first->timings.load;
  figures.text = first->timings.text;
  figures.step = best->timings.steps / best->settings->steps;
  figures.decode = best->timings.decode;
  figures.total = best->timings.total;
  figures.peak_mb = usage.ru_maxrss / 1024.0;

  return figures;
}

static void
print_figures (const EshiCliJob *job,
               gboolean          json)
{
  const EshiSettings *settings = ((const EshiCliPicture *) job->pictures->pdata[0])->settings;
  g_autofree char *device = find_device (job->used_backend);
  Figures figures = reckon (job);
  g_autoptr(JsonBuilder) builder = NULL;

  if (!json)
    {
      printf (_("%s on %s (%s), %d × %d pixels, %d steps\n"), job->model_name, job->used_backend, device,
              settings->width, settings->height, settings->steps);
      printf (_("load %.3f s, text %.3f s, %.4f s/step, decode %.3f s, picture %.3f s, peak %.0f MB\n"), figures.load,
              figures.text, figures.step, figures.decode, figures.total, figures.peak_mb);
      return;
    }

  builder = json_builder_new_immutable ();
  json_builder_begin_object (builder);
  eshi_cli_report_add_string (builder, "model", job->model_name);
  eshi_cli_report_add_string (builder, "backend", job->used_backend);
  eshi_cli_report_add_string (builder, "device", device);
  eshi_cli_report_add_int (builder, "width", settings->width);
  eshi_cli_report_add_int (builder, "height", settings->height);
  eshi_cli_report_add_int (builder, "steps", settings->steps);
  eshi_cli_report_add_double (builder, "load_s", figures.load);
  eshi_cli_report_add_double (builder, "text_s", figures.text);
  eshi_cli_report_add_double (builder, "step_s", figures.step);
  eshi_cli_report_add_double (builder, "decode_s", figures.decode);
  eshi_cli_report_add_double (builder, "total_s", figures.total);
  eshi_cli_report_add_double (builder, "peak_rss_mb", figures.peak_mb);
  json_builder_end_object (builder);
  eshi_cli_report_finish (builder);
}

/* (transfer full): the same request a few times; NULL after having complained. */
static GPtrArray *
make_requests (const EshiCliBenchOptions *options)
{
  g_autoptr(EshiSettings) settings = eshi_settings_new ();
  g_autoptr(GPtrArray) requests = NULL;
  g_autoptr(GError) error = NULL;

  settings->model = g_strdup (options->model);
  settings->steps = options->steps;
  settings->width = options->width;
  settings->height = options->height;
  settings->seed = BENCH_SEED;
  settings->previews = FALSE;
  g_free (settings->prompt);
  settings->prompt = eshi_cli_text (options->prompt != NULL ? options->prompt : "サラリーマン 油絵");
  if (settings->prompt == NULL)
    return NULL;
  if (!eshi_settings_validate (settings, &error))
    {
      eshi_cli_fail (error);
      return NULL;
    }

  requests = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_settings_free);
  for (guint i = 0; i <= N_WARM; i++)
    g_ptr_array_add (requests, eshi_settings_copy (settings));

  return g_steal_pointer (&requests);
}

int
eshi_cli_bench (int    argc,
                char **argv)
{
  g_auto(EshiCliBenchOptions) options = { NULL };
  g_auto(EshiCliJob) job = { NULL };
  g_autoptr(GPtrArray) requests = NULL;
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &options.model, N_("Model; the embedded one if left out"),
      N_("FOLDER") },
    { "prompt", 'p', 0, G_OPTION_ARG_FILENAME, &options.prompt, N_("What to paint"), N_("TEXT") },
    { "steps", 0, 0, G_OPTION_ARG_INT, &options.steps, N_("Steps"), N_("NUMBER") },
    { "width", 0, 0, G_OPTION_ARG_INT, &options.width, N_("Pixels, a multiple of 8"), N_("NUMBER") },
    { "height", 0, 0, G_OPTION_ARG_INT, &options.height, N_("Pixels, a multiple of 8"), N_("NUMBER") },
    { "ops", 0, 0, G_OPTION_ARG_NONE, &options.ops, N_("Time each kind of op instead of pictures"), NULL },
    { "cpu-time", 0, 0, G_OPTION_ARG_NONE, &options.cpu_time,
      N_("With --ops: count the threads' processor time, for a busy computer"), NULL },
    { "batch", 0, 0, G_OPTION_ARG_INT, &options.batch, N_("Images that the UNet sees at once, with --ops; 2 if left out"),
      N_("NUMBER") },
    { "runs", 0, 0, G_OPTION_ARG_INT, &options.runs,
      N_("With --ops: how often to run the step and the decoder; for some seconds if left out"), N_("NUMBER") },
    { "backend", 0, 0, G_OPTION_ARG_FILENAME, &options.backend, N_("cpu, ref or cuda"), N_("NAME") },
    { "precision", 0, 0, G_OPTION_ARG_FILENAME, &options.precision, N_("auto, f32 or half"), N_("TYPE") },
    { "threads", 0, 0, G_OPTION_ARG_INT, &options.threads, N_("Processor threads"), N_("NUMBER") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_("Write one JSON object"), NULL },
    { NULL },
  };

  if (!eshi_cli_parse (argc, argv, NULL, _("Measures how fast a model paints on this computer."), entries, NULL))
    return ESHI_CLI_USAGE;
  if (options.ops)
    return eshi_cli_bench_ops (&options);
  if (options.batch != 0 || options.runs != 0)
    {
      eshi_cli_complain (_("--batch and --runs belong to --ops; give it, too, or neither."));
      return ESHI_CLI_USAGE;
    }
  requests = make_requests (&options);
  if (requests == NULL)
    return ESHI_CLI_USAGE;

  eshi_cli_job_init (&job);
  job.backend = options.backend;
  job.precision = options.precision;
  job.n_threads = MAX (options.threads, 0);
  job.settings = requests;
  job.discard = TRUE;
  job.quiet = TRUE;
  if (eshi_cli_job_run (&job) == ESHI_CLI_OK)
    print_figures (&job, options.json);

  return job.status;
}
