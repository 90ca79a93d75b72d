/* eshi-pipeline-speed.c: a step and a decoding, timed op by op.
 *
 * Other programs can only slow an op down, so each counts as its fastest run did; for all of them together the median and
 * the spread of the same runs are kept, too. It refuses to time what surrounds the ops: samplers, previews and files are
 * measured by whole pictures.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <time.h>

#include "eshi-pipeline-private.h"
#include "eshi-pipeline-speed.h"

#define MIN_RUNS 2
#define MAX_RUNS 50
#define ENOUGH_SECONDS 3
#define TIMESTEP 500
#define SEED 42

/* What all of it shares. */
typedef struct
{
  /* borrowed */
  EshiPipeline *pipeline;
  GCancellable *cancellable;
  GArray       *sums;      /* of EshiPipelineSpeed */
  GArray       *wholes;    /* of EshiPipelineWhole */

  guint         n_threads; /* that share processor time; 0 to go by the clock */
  guint         n_runs;    /* 0: for some seconds */
} Measure;

/* The fastest run of each op of a graph. */
typedef struct
{
  double *best;      /* [n_ops], seconds */
  double  whole;     /* seconds of all ops of this run */
  guint   at;        /* the op that comes next */
  guint   n_threads; /* as Measure's */
  double  started;   /* the op that comes next, in processor time */
} Profile;

static double
get_cpu_seconds (void)
{
  struct timespec t = { 0, 0 };

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void
profile_cb (const EshiOp *op,
            double        seconds,
            gpointer      user_data)
{
  Profile *profile = user_data;
  double now = get_cpu_seconds ();

  if (profile->n_threads > 0)
    seconds = (now - profile->started) / profile->n_threads;
  profile->started = now;
  profile->best[profile->at] = MIN (profile->best[profile->at], seconds);
  profile->whole += seconds;
  profile->at++;
}

static void
add_to_sum (GArray       *sums,
            const char   *stage,
            const EshiOp *op,
            double        seconds)
{
  EshiPipelineSpeed *sum = NULL;

  for (guint i = 0; i < sums->len && sum == NULL; i++)
    {
      EshiPipelineSpeed *known = &g_array_index (sums, EshiPipelineSpeed, i);

      if (known->kind == op->kind && g_str_equal (known->stage, stage))
        sum = known;
    }
  if (sum == NULL)
    {
      EshiPipelineSpeed fresh = { .stage = stage, .kind = op->kind };

      g_array_append_val (sums, fresh);
      sum = &g_array_index (sums, EshiPipelineSpeed, sums->len - 1);
    }
  sum->n_ops++;
  sum->seconds += seconds;
  sum->flops += eshi_op_flops (op);
}

static int
compare_doubles (gconstpointer a,
                 gconstpointer b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

/* @runs: seconds of each, which are sorted. */
static void
add_whole (Measure    *self,
           const char *stage,
           EshiGraph  *graph,
           GArray     *runs)
{
  const double *seconds = (const double *) runs->data;
  EshiPipelineWhole whole = { .stage = stage, .n_runs = runs->len };

  g_array_sort (runs, compare_doubles);
  whole.best = seconds[0];
  whole.median = (seconds[(runs->len - 1) / 2] + seconds[runs->len / 2]) / 2;
  whole.worst = seconds[runs->len - 1];
  for (guint i = 0; i < eshi_graph_n_ops (graph); i++)
    whole.flops += eshi_op_flops (eshi_graph_get_op (graph, i));
  g_array_append_val (self->wholes, whole);
}

static gboolean
is_enough (const Measure *self,
           guint          n_runs,
           gint64         end)
{
  if (self->n_runs > 0)
    return n_runs >= self->n_runs;
  return n_runs >= MAX_RUNS || (n_runs >= MIN_RUNS && g_get_monotonic_time () >= end);
}

static gboolean
run_profiled (Measure    *self,
              EshiGraph  *graph,
              Profile    *profile,
              GError    **error)
{
  profile->at = 0;
  profile->whole = 0;
  profile->started = get_cpu_seconds ();
  return eshi_graph_run (graph, self->cancellable, error);
}

/* Runs @graph, whose inputs are there, a few times, and adds its ops to the sums. The first run of all, which touches
 * memory and makes threads, counts for nothing. */
static gboolean
measure_graph (Measure     *self,
               EshiGraph   *graph,
               const char  *stage,
               GError     **error)
{
  guint n_ops = eshi_graph_n_ops (graph);
  g_autofree double *best = g_new (double, n_ops);
  g_autoptr(GArray) runs = g_array_new (FALSE, FALSE, sizeof (double));
  gint64 end = g_get_monotonic_time () + ENOUGH_SECONDS * G_USEC_PER_SEC;
  Profile profile = { .best = best, .n_threads = self->n_threads };
  gboolean done = eshi_graph_run (graph, self->cancellable, error);

  for (guint i = 0; i < n_ops; i++)
    best[i] = G_MAXDOUBLE;
  eshi_graph_set_profile (graph, profile_cb, &profile);
  while (done && !is_enough (self, runs->len, end))
    {
      done = run_profiled (self, graph, &profile, error);
      if (done)
        g_array_append_val (runs, profile.whole);
    }
  eshi_graph_set_profile (graph, NULL, NULL);
  if (!done)
    return FALSE;
  for (guint i = 0; i < n_ops; i++)
    add_to_sum (self->sums, stage, eshi_graph_get_op (graph, i), best[i]);
  add_whole (self, stage, graph, runs);
  return TRUE;
}

/* Noise, so that nothing is timed on zeros or denormals. */
static gboolean
upload_noise (EshiGraph   *graph,
              EshiTensor  *input,
              GError     **error)
{
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, SEED);
  gsize n = eshi_tensor_count (input);
  g_autofree float *noise = g_new (float, n);

  eshi_rng_fill_normal (rng, noise, n);
  return eshi_graph_upload (graph, input, noise, error);
}

/* @shape: of the latents. */
static gboolean
measure_step_with (Measure                *self,
                   const EshiUnetContext  *context,
                   EshiShape               shape,
                   GError                **error)
{
  g_autoptr(EshiGraph) graph = eshi_graph_new (self->pipeline->backend);
  EshiTensor *latents = eshi_graph_input (graph, "latents", ESHI_DTYPE_F32, shape);
  EshiTensor *timestep = eshi_graph_input (graph, "timestep", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiTensor *x = eshi_unet_build_step (self->pipeline->unet, graph, latents, timestep, context, NULL, NULL);
  float t = TIMESTEP;

  eshi_graph_output (graph, "output", x, ESHI_DTYPE_F32);
  return eshi_graph_prepare (graph, self->cancellable, error) && upload_noise (graph, latents, error) &&
         eshi_graph_upload (graph, timestep, &t, error) && measure_graph (self, graph, "step", error);
}

/* @height and @width: of the latents. */
static gboolean
measure_step (Measure  *self,
              guint     height,
              guint     width,
              guint     batch,
              GError  **error)
{
  EshiUnet *unet = self->pipeline->unet;
  const EshiUnetConfig *config = eshi_unet_get_config (unet);
  guint n_tokens = _eshi_pipeline_n_tokens (self->pipeline);
  guint n = batch % 2 == 0 ? batch / 2 : batch;
  g_autoptr(EshiGraph) graph = eshi_graph_new (self->pipeline->backend);
  EshiTensor *prompts = eshi_graph_input (graph, "context", ESHI_DTYPE_F32,
                                          ESHI_SHAPE3 (batch, n_tokens, config->cross_attention_dim));
  EshiUnetContext context = { 0 };
  gboolean done = FALSE;

  eshi_unet_build_context (unet, graph, prompts, &context);
  done = eshi_graph_prepare (graph, self->cancellable, error) && upload_noise (graph, prompts, error) &&
         eshi_graph_run (graph, self->cancellable, error) &&
         measure_step_with (self, &context, ESHI_SHAPE4 (n, height, width, config->in_channels), error);
  eshi_unet_context_clear (&context);
  return done;
}

/* @height and @width: of the latents. */
static gboolean
measure_decoder (Measure  *self,
                 guint     height,
                 guint     width,
                 GError  **error)
{
  EshiDecodeGraph *decoder = _eshi_pipeline_get_decoder (self->pipeline, height, width, FALSE, self->cancellable, error);

  return decoder != NULL && upload_noise (decoder->graph, decoder->z, error) &&
         measure_graph (self, decoder->graph, "decode", error);
}

GArray *
eshi_pipeline_measure_ops (EshiPipeline  *self,
                           guint         *width,
                           guint         *height,
                           guint          batch,
                           gboolean       cpu_time,
                           guint          n_runs,
                           GArray       **wholes,
                           GCancellable  *cancellable,
                           GError       **error)
{
  g_autoptr(GArray) sums = g_array_new (FALSE, FALSE, sizeof (EshiPipelineSpeed));
  g_autoptr(GArray) whole = g_array_new (FALSE, FALSE, sizeof (EshiPipelineWhole));
  EshiPipelineParams params = { .prompt = "", .width = *width, .height = *height };
  Measure measure = { .pipeline = self, .cancellable = cancellable, .sums = sums, .wholes = whole, .n_runs = n_runs,
                      .n_threads = cpu_time ? self->backend->n_threads : 0 };
  guint factor = _eshi_pipeline_factor (self);

  if (batch < 1 || batch > ESHI_PIPELINE_MAX_BATCH)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("The number of images at once must be from 1 to %d; %u is not."), ESHI_PIPELINE_MAX_BATCH, batch);
      return NULL;
    }
  if (n_runs > ESHI_PIPELINE_MAX_RUNS)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("The number of runs must be at most %d; %u is not."),
                   ESHI_PIPELINE_MAX_RUNS, n_runs);
      return NULL;
    }
  if (!eshi_pipeline_resolve (self, &params, error))
    return NULL;
  *width = params.width;
  *height = params.height;
  if (!measure_step (&measure, params.height / factor, params.width / factor, batch, error) ||
      !measure_decoder (&measure, params.height / factor, params.width / factor, error))
    return NULL;
  *wholes = g_steal_pointer (&whole);
  return g_steal_pointer (&sums);
}
