/* bench-ops.c: times each op of the networks alone, on one backend, and adds up what a run of the network would take.
 *
 *   bench-ops [--plugin FILE | --ref] [--precision auto|f32|half] [--threads N] [--net NAME]… [--filter TEXT] [--json]
 *             [--seconds S] [--cpu-time]
 *
 * Each op is a graph of its own with random weights in f16, as files have them. The best of several runs counts: other
 * programs can only slow a run down. Sums are therefore what an idle computer would do, with every op's operands as warm
 * in the caches as a repetition leaves them, and without the residuals' copies that a real graph avoids by planning.
 * On a computer that is never idle --cpu-time comes nearer: the time that all threads really ran, divided by --threads
 * (which it needs), as if they had shared the work evenly and waited for nobody.
 * Each kind of op is also given as a share of what as many threads multiply and add in registers, the greater of what was
 * measured before and after: AVX2's for f32, AMX's tiles or AVX512-BF16 for bf16.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <gmodule.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench-nets.h"
#include "eshi-peak.h"

#define MAX_RUNS 50

static char *plugin_path;
static gboolean use_ref;
static char *precision_name;
static int n_threads;
static char **net_names;
static char *filter;
static gboolean json;
static double seconds = 0.3;
static gboolean cpu_time;
static double peak; /* GFLOP/s of all threads, 0 where unknown */

static const GOptionEntry options[] = {
  { "plugin", 0, 0, G_OPTION_ARG_FILENAME, &plugin_path, "Backend plugin to load", "FILE" },
  { "ref", 0, 0, G_OPTION_ARG_NONE, &use_ref, "Time the reference backend instead", NULL },
  { "precision", 0, 0, G_OPTION_ARG_STRING, &precision_name, "auto, f32 or half", "NAME" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &n_threads, "Threads; all cores by default", "N" },
  { "net", 0, 0, G_OPTION_ARG_STRING_ARRAY, &net_names, "Network, may be repeated; all by default", "NAME" },
  { "filter", 0, 0, G_OPTION_ARG_STRING, &filter, "Only ops whose name contains TEXT", "TEXT" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "Time spent on each op at least", "S" },
  { "cpu-time", 0, 0, G_OPTION_ARG_NONE, &cpu_time, "Count processor time over threads, not the clock's", NULL },
  { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object per line", NULL },
  { NULL },
};

/* What one op took. */
typedef struct
{
  double best;   /* seconds */
  double median;
  double flops;
} Timing;

/* A graph with the one op of a case, and what it borrows. */
typedef struct
{
  EshiGraph  *graph;
  EshiTensor *weights[2];
  guint       n_weights;
  gpointer    data;
} Rig;

static int
compare_doubles (gconstpointer a,
                 gconstpointer b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Random f16 numbers between −0.06 and 0.06, so that sums of a thousand stay small; reused by all weights. */
static gpointer
make_random (gsize n)
{
  guint16 *data = g_new (guint16, n);
  guint32 state = 1;

  for (gsize i = 0; i < n; i++)
    {
      state = state * 1664525u + 1013904223u;
      data[i] = (state >> 16 & 0x8000) | 0x2000 | (state >> 20 & 0xbff);
    }
  return data;
}

static EshiTensor *
add_weight (Rig       *rig,
            EshiShape  shape)
{
  EshiTensor *weight = eshi_tensor_new_weight ("weight", ESHI_DTYPE_F16, &shape, rig->data);

  rig->weights[rig->n_weights++] = weight;
  return weight;
}

static EshiTensor *
add_input (Rig       *rig,
           EshiDType  dtype,
           EshiShape  shape)
{
  return eshi_graph_input (rig->graph, "input", dtype, shape);
}

static EshiTensor *
build_op (Rig             *rig,
          const BenchCase *c,
          EshiDType        dtype)
{
  EshiShape image = ESHI_SHAPE4 (c->n, c->h, c->w, c->ci);
  EshiShape tokens = ESHI_SHAPE3 (c->n, c->h * c->w, c->ci);
  EshiShape keys = ESHI_SHAPE3 (c->n, c->s, c->ci);
  guint pad = c->k / 2;

  switch ((guint) c->kind)
    {
    case ESHI_OP_CONV2D:
      if (c->doubled)
        return eshi_graph_upsample_conv2d (rig->graph, "op", add_input (rig, dtype, image), 2 * c->h, 2 * c->w,
                                           add_weight (rig, ESHI_SHAPE4 (c->co, c->ci, c->k, c->k)),
                                           add_weight (rig, ESHI_SHAPE1 (c->co)),
                                           (EshiConvParams) { c->stride, pad, pad, pad, pad });
      return eshi_graph_conv2d (rig->graph, "op", add_input (rig, dtype, image),
                                add_weight (rig, ESHI_SHAPE4 (c->co, c->ci, c->k, c->k)),
                                add_weight (rig, ESHI_SHAPE1 (c->co)), NULL, NULL,
                                (EshiConvParams) { c->stride, pad, pad, pad, pad });
    case ESHI_OP_LINEAR:
      return eshi_graph_linear (rig->graph, "op", add_input (rig, dtype, tokens),
                                add_weight (rig, ESHI_SHAPE2 (c->co, c->ci)),
                                add_weight (rig, ESHI_SHAPE1 (c->co)), c->act, NULL);
    case ESHI_OP_GEGLU:
      return eshi_graph_geglu (rig->graph, "op", add_input (rig, dtype, tokens),
                               add_weight (rig, ESHI_SHAPE2 (2 * c->co, c->ci)),
                               add_weight (rig, ESHI_SHAPE1 (2 * c->co)));
    case ESHI_OP_GROUP_NORM:
      return eshi_graph_group_norm (rig->graph, "op", add_input (rig, dtype, image),
                                    add_weight (rig, ESHI_SHAPE1 (c->ci)), add_weight (rig, ESHI_SHAPE1 (c->ci)),
                                    c->ci % 32 == 0 ? 32 : 1, 1e-5f, c->act);
    case ESHI_OP_LAYER_NORM:
      return eshi_graph_layer_norm (rig->graph, "op", add_input (rig, dtype, tokens),
                                    add_weight (rig, ESHI_SHAPE1 (c->ci)), add_weight (rig, ESHI_SHAPE1 (c->ci)),
                                    1e-5f);
    case ESHI_OP_ATTENTION:
      return eshi_graph_attention (rig->graph, "op", add_input (rig, dtype, tokens), add_input (rig, dtype, keys),
                                   add_input (rig, dtype, keys), c->heads, c->causal);
    case ESHI_OP_CONCAT:
      return eshi_graph_concat (rig->graph, "op", add_input (rig, dtype, image),
                                add_input (rig, dtype, ESHI_SHAPE4 (c->n, c->h, c->w, c->co)));
    default:
      g_return_val_if_reached (NULL);
    }
}

static void
rig_clear (Rig *rig)
{
  eshi_graph_free (rig->graph);
  for (guint i = 0; i < rig->n_weights; i++)
    eshi_tensor_free (rig->weights[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Rig, rig_clear)

/* Random numbers for every input, so that no time is measured on zeros or denormals. */
static gboolean
fill_inputs (Rig     *rig,
             GError **error)
{
  const EshiOp *op = eshi_graph_get_op (rig->graph, 0);

  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    {
      EshiTensor *x = op->src[i];
      g_autofree float *wide = NULL;
      g_autofree void *data = NULL;
      gsize n = 0;

      if (x == NULL || x->storage != ESHI_STORAGE_INPUT)
        continue;
      n = eshi_tensor_count (x);
      wide = g_new (float, n);
      data = g_malloc (eshi_tensor_bytes (x));
      for (gsize j = 0; j < n; j++)
        wide[j] = (j * 2654435761u >> 8 & 0xffff) / 32768.0f - 1.0f;
      eshi_convert_from_f32 (data, x->dtype, wide, n);
      if (!eshi_graph_upload (rig->graph, x, data, error))
        return FALSE;
    }
  return TRUE;
}

/* Seconds; of work done per thread with --cpu-time, else of the clock. */
static double
now (void)
{
  struct timespec t = { 0, 0 };

  clock_gettime (cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return (t.tv_sec + t.tv_nsec * 1e-9) / (cpu_time ? MAX (1, n_threads) : 1);
}

/* Of the ops of @graph: one, or two where the backend does not double inside a convolution. */
static double
count_flops (EshiGraph *graph)
{
  double flops = 0.0;

  for (guint i = 0; i < eshi_graph_n_ops (graph); i++)
    flops += eshi_op_flops (eshi_graph_get_op (graph, i));
  return flops;
}

static gboolean
time_case (EshiBackend      *backend,
           const BenchCase  *c,
           gpointer          random,
           Timing           *timing,
           GError          **error)
{
  g_auto(Rig) rig = { .data = random };
  EshiDType dtype = c->f32 ? ESHI_DTYPE_F32 : backend->compute;
  EshiTensor *dst = NULL;
  double runs[MAX_RUNS];
  guint n_runs = 0;
  double spent = 0.0;

  rig.graph = eshi_graph_new (backend);
  dst = build_op (&rig, c, dtype);
  eshi_graph_output (rig.graph, "output", dst, dtype);
  if (!eshi_graph_prepare (rig.graph, NULL, error) || !fill_inputs (&rig, error))
    return FALSE;
  if (!eshi_graph_run (rig.graph, NULL, error))
    return FALSE;
  while (n_runs < 3 || (n_runs < MAX_RUNS && spent < seconds))
    {
      double before = now ();

      if (!eshi_graph_run (rig.graph, NULL, error))
        return FALSE;
      if (backend->klass->sync != NULL && !backend->klass->sync (backend, error))
        return FALSE;
      runs[n_runs] = now () - before;
      spent += runs[n_runs++];
    }
  qsort (runs, n_runs, sizeof runs[0], compare_doubles);
  timing->best = MAX (runs[0], 1e-7);
  timing->median = runs[n_runs / 2];
  timing->flops = count_flops (rig.graph);
  return TRUE;
}

static void
print_case (const char      *net,
            const BenchCase *c,
            const Timing    *t)
{
  g_autofree char *name = bench_case_name (c);

  if (json)
    g_print ("{\"net\": \"%s\", \"op\": \"%s\", \"count\": %u, \"best_ms\": %.4f, \"median_ms\": %.4f, "
             "\"gflops\": %.1f}\n",
             net, name, c->count, t->best * 1e3, t->median * 1e3, t->flops / t->best * 1e-9);
  else
    g_print ("%-52s %3u × %9.3f ms (%9.3f) %8.1f GFLOP/s %9.2f ms\n", name, c->count, t->best * 1e3, t->median * 1e3,
             t->flops / t->best * 1e-9, c->count * t->best * 1e3);
}

/* One line of the sums: a kind of op, or all of them. */
static void
print_sum (const char   *net,
           const char   *name,
           const Timing *t)
{
  double rate = t->flops / t->best * 1e-9;
  g_autofree char *share = NULL;

  if (peak > 0.0)
    share = g_strdup_printf (json ? ", \"peak_share\": %.3f" : " %5.2f of peak", rate / peak);
  if (json)
    g_print ("{\"net\": \"%s\", \"op\": \"%s\", \"best_ms\": %.3f, \"median_ms\": %.3f, \"gflops\": %.1f%s}\n", net,
             name, t->best * 1e3, t->median * 1e3, rate, share != NULL ? share : "");
  else
    g_print ("  %-16s %9.2f ms (median %.2f) %8.3f TFLOP %8.1f GFLOP/s%s\n", name, t->best * 1e3, t->median * 1e3,
             t->flops * 1e-12, rate, share != NULL ? share : "");
}

/* Times by kind of op, and of the whole network, for the last lines. */
static void
print_sums (const char   *net,
            const Timing  sums[ESHI_N_OPS])
{
  Timing total = { 0, };

  for (guint i = 0; i < ESHI_N_OPS; i++)
    {
      total.best += sums[i].best;
      total.median += sums[i].median;
      total.flops += sums[i].flops;
      if (sums[i].best > 0.0)
        print_sum (net, eshi_op_kind_name (i), &sums[i]);
    }
  if (total.best > 0.0)
    print_sum (net, "total", &total);
}

/* GFLOP/s of the threads of @backend, 0 where there is no such measure. */
static double
measure_peak (const EshiBackend *backend)
{
  return backend->compute == ESHI_DTYPE_F32 ? eshi_peak_f32 (backend->n_threads) : eshi_peak_bf16 (backend->n_threads);
}

static gboolean
run_net (EshiBackend  *backend,
         const char   *net,
         gpointer      random,
         GError      **error)
{
  g_autoptr(GArray) cases = bench_net_cases (net);
  Timing sums[ESHI_N_OPS] = { { 0, } };

  if (cases == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, "There is no network called %s.", net);
      return FALSE;
    }
  peak = measure_peak (backend);
  for (guint i = 0; i < cases->len; i++)
    {
      const BenchCase *c = &g_array_index (cases, BenchCase, i);
      g_autofree char *name = bench_case_name (c);
      Timing t = { 0, };

      if (filter != NULL && strstr (name, filter) == NULL)
        continue;
      if (!time_case (backend, c, random, &t, error))
        return FALSE;
      print_case (net, c, &t);
      sums[c->kind].best += c->count * t.best;
      sums[c->kind].median += c->count * t.median;
      sums[c->kind].flops += c->count * t.flops;
    }
  peak = MAX (peak, measure_peak (backend));
  print_sums (net, sums);
  return TRUE;
}

/* libgomp reads its environment when it is loaded, so this comes before the plugin; see eshi-cpu-backend.c. */
static const EshiBackendClass *
load_class (void)
{
  g_autofree char *path = g_strdup (plugin_path);
  const char *folder = g_getenv ("ESHI_PLUGIN_DIR");
  gpointer symbol = NULL;
  GModule *module = NULL;

  if (use_ref)
    return &eshi_backend_ref_class;
  if (path == NULL && folder != NULL)
    path = g_build_filename (folder, "libeshi-cpu.so", NULL);
  if (path == NULL)
    return &eshi_backend_ref_class;
  g_setenv ("OMP_WAIT_POLICY", "passive", FALSE);
  module = g_module_open (path, G_MODULE_BIND_LOCAL);
  if (module == NULL || !g_module_symbol (module, ESHI_BACKEND_PLUGIN_SYMBOL, &symbol))
    {
      g_printerr ("%s\n", g_module_error ());
      return NULL;
    }
  g_module_make_resident (module);
  return ((EshiBackendPluginFunc) symbol) ();
}

static EshiPrecision
parse_precision (void)
{
  if (g_strcmp0 (precision_name, "f32") == 0)
    return ESHI_PRECISION_F32;
  if (g_strcmp0 (precision_name, "half") == 0)
    return ESHI_PRECISION_HALF;
  return ESHI_PRECISION_AUTO;
}

static gboolean
run_all (GError **error)
{
  const EshiBackendClass *klass = load_class ();
  EshiBackendOptions wish = { parse_precision (), MAX (0, n_threads) };
  const char *const *nets = net_names != NULL ? (const char *const *) net_names : bench_nets;
  g_autofree gpointer random = make_random (1 << 25);
  EshiDeviceInfo info;
  EshiBackend *backend = NULL;
  gboolean done = TRUE;

  if (klass == NULL || !klass->probe (&info, error))
    return FALSE;
  backend = klass->open (&wish, error);
  if (backend == NULL)
    return FALSE;
  if (!json)
    g_print ("%s: %s, %s, %s\n", klass->name, info.name, info.features, eshi_dtype_name (backend->compute));
  for (guint i = 0; done && nets[i] != NULL; i++)
    done = run_net (backend, nets[i], random, error);
  klass->close (backend);
  return done;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, options, NULL);
  if (g_option_context_parse (context, &argc, &argv, &error) && run_all (&error))
    return 0;
  g_printerr ("%s\n", error != NULL ? error->message : "The backend could not be loaded.");
  return 1;
}
