/* eshi-cli-bench-ops.c: eshi-cli bench --ops: what each kind of op of a step and of the decoder takes, and what share of
 * the processor's peak that is.
 *
 * Below them are step and decoder as they are: the median, the fastest and the slowest of their runs.
 * Times are those of the clock, so on a busy computer the shares are too small, unless --cpu-time is given.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "eshi-cli-bench.h"
#include "eshi-cli-report.h"

#define GIGA 1e9
#define GUIDED_BATCH 2

/* @self with a row after each stage's for all of it. (transfer full) */
static GArray *
add_totals (const EshiSpeed *self)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (EshiOpSpeed));
  EshiOpSpeed total = { 0 };

  for (guint i = 0; i < self->ops->len; i++)
    {
      const EshiOpSpeed *op = &g_array_index (self->ops, EshiOpSpeed, i);
      gboolean last = i + 1 == self->ops->len || !g_str_equal (op[1].stage, op->stage);

      g_array_append_val (rows, *op);
      total = (EshiOpSpeed) { op->stage, "total", total.n_ops + op->n_ops, total.seconds + op->seconds,
                             total.flops + op->flops };
      if (!last)
        continue;
      g_array_append_val (rows, total);
      total = (EshiOpSpeed) { 0 };
    }
  return rows;
}

/* FLOP/s; the clock may not see a small op at all. */
static double
get_rate (double flops,
          double seconds)
{
  return seconds > 0 ? flops / seconds : 0;
}

/* (transfer full): as a percentage of @peak; empty where there is none. */
static char *
format_share (double rate,
              double peak)
{
  return peak > 0 && rate > 0 ? g_strdup_printf ("%5.1f %%", 100 * rate / peak) : g_strdup ("");
}

static void
print_row (const EshiOpSpeed *row,
           double             peak)
{
  double rate = get_rate (row->flops, row->seconds);
  g_autofree char *share = format_share (rate, peak);

  printf ("%-7s %-16s %4u × %11.2f ms %9.1f GFLOP/s %s\n", row->stage, row->op, row->n_ops, 1000 * row->seconds,
          rate / GIGA, share);
}

static void
print_whole (const EshiWholeSpeed *row,
             double                peak)
{
  double rate = get_rate (row->flops, row->median);
  g_autofree char *share = format_share (rate, peak);

  printf (_("%s, %u runs: median %.2f ms, from %.2f to %.2f, %.1f GFLOP/s %s\n"), row->stage, row->n_runs,
          1000 * row->median, 1000 * row->best, 1000 * row->worst, rate / GIGA, share);
}

static void
print_table (const EshiSpeed *speed,
             const char      *model,
             const GArray    *rows)
{
  printf (_("%s on %s, %s, %u threads, %u × %u pixels, %u images at once\n"), model, speed->backend, speed->precision,
          speed->n_threads, speed->width, speed->height, speed->batch);
  for (guint i = 0; i < rows->len; i++)
    print_row (&g_array_index (rows, EshiOpSpeed, i), speed->peak);
  for (guint i = 0; i < speed->wholes->len; i++)
    print_whole (&g_array_index (speed->wholes, EshiWholeSpeed, i), speed->peak);
  if (speed->peak > 0)
    printf (_("The shares are of %.1f GFLOP/s, multiply-adds in registers, measured in this run.\n"), speed->peak / GIGA);
}

static void
add_rate (JsonBuilder *builder,
          double       rate,
          double       peak)
{
  eshi_cli_report_add_double (builder, "gflops", rate / GIGA);
  if (peak > 0 && rate > 0)
    eshi_cli_report_add_double (builder, "peak_share", rate / peak);
}

static void
add_row (JsonBuilder       *builder,
         const EshiOpSpeed *row,
         double             peak)
{
  json_builder_begin_object (builder);
  eshi_cli_report_add_string (builder, "stage", row->stage);
  eshi_cli_report_add_string (builder, "op", row->op);
  eshi_cli_report_add_int (builder, "count", row->n_ops);
  eshi_cli_report_add_double (builder, "ms", 1000 * row->seconds);
  eshi_cli_report_add_double (builder, "gflop", row->flops / GIGA);
  add_rate (builder, get_rate (row->flops, row->seconds), peak);
  json_builder_end_object (builder);
}

/* With "step_ms" or "decode_ms" for the median. */
static void
add_whole (JsonBuilder          *builder,
           const EshiWholeSpeed *row,
           double                peak)
{
  g_autofree char *name = g_strconcat (row->stage, "_ms", NULL);

  json_builder_begin_object (builder);
  eshi_cli_report_add_string (builder, "stage", row->stage);
  eshi_cli_report_add_int (builder, "runs", row->n_runs);
  eshi_cli_report_add_double (builder, name, 1000 * row->median);
  eshi_cli_report_add_double (builder, "best_ms", 1000 * row->best);
  eshi_cli_report_add_double (builder, "worst_ms", 1000 * row->worst);
  eshi_cli_report_add_double (builder, "gflop", row->flops / GIGA);
  add_rate (builder, get_rate (row->flops, row->median), peak);
  json_builder_end_object (builder);
}

static void
add_peak (JsonBuilder     *builder,
          const EshiSpeed *speed)
{
  if (speed->peak <= 0)
    return;
  eshi_cli_report_add_double (builder, "peak_gflops", speed->peak / GIGA);
  eshi_cli_report_add_double (builder, "peak_before_gflops", speed->peak_before / GIGA);
  eshi_cli_report_add_double (builder, "peak_after_gflops", speed->peak_after / GIGA);
}

static void
print_json (const EshiSpeed *speed,
            const char      *model,
            const GArray    *rows)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();

  json_builder_begin_object (builder);
  eshi_cli_report_add_string (builder, "model", model);
  eshi_cli_report_add_string (builder, "backend", speed->backend);
  eshi_cli_report_add_string (builder, "precision", speed->precision);
  eshi_cli_report_add_int (builder, "threads", speed->n_threads);
  eshi_cli_report_add_int (builder, "width", speed->width);
  eshi_cli_report_add_int (builder, "height", speed->height);
  eshi_cli_report_add_int (builder, "batch", speed->batch);
  add_peak (builder, speed);
  json_builder_set_member_name (builder, "ops");
  json_builder_begin_array (builder);
  for (guint i = 0; i < rows->len; i++)
    add_row (builder, &g_array_index (rows, EshiOpSpeed, i), speed->peak);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "whole");
  json_builder_begin_array (builder);
  for (guint i = 0; i < speed->wholes->len; i++)
    add_whole (builder, &g_array_index (speed->wholes, EshiWholeSpeed, i), speed->peak);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  eshi_cli_report_finish (builder);
}

/* A number that the engine cannot be asked about, because it has no sign there. */
static gboolean
check_numbers (const EshiCliBenchOptions *options)
{
  if (options->width >= 0 && options->height >= 0 && options->batch >= 0 && options->threads >= 0 &&
      options->runs >= 0)
    return TRUE;
  eshi_cli_complain (_("Give --width, --height, --batch, --runs and --threads numbers above 0."));
  return FALSE;
}

int
eshi_cli_bench_ops (const EshiCliBenchOptions *options)
{
  g_autoptr(EshiModelInfo) info = NULL;
  g_autoptr(EshiSpeed) speed = NULL;
  g_autoptr(GArray) rows = NULL;
  g_autoptr(GError) error = NULL;

  if (!check_numbers (options))
    return ESHI_CLI_USAGE;
  info = eshi_model_info_load (options->model, &error);
  if (info == NULL)
    return eshi_cli_fail (error);
  speed = eshi_speed_measure (options->model, options->width, options->height,
                              options->batch > 0 ? options->batch : GUIDED_BATCH, options->backend, options->threads,
                              options->precision, options->cpu_time, options->runs, NULL, &error);
  if (speed == NULL)
    return eshi_cli_fail (error);
  rows = add_totals (speed);
  if (options->json)
    print_json (speed, info->name, rows);
  else
    print_table (speed, info->name, rows);
  return ESHI_CLI_OK;
}
