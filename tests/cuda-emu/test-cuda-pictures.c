/* test-cuda-pictures.c: whole pictures by the CUDA backend on stand-ins of NVIDIA's libraries: as the processor paints them,
 * with little memory too, and what a step costs.
 *
 * Nothing here shows how fast anything is.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "backends.h"
#include "emu-rig.h"
#include "eshi-pipeline.h"

#define N_STEPS 4

static void
paint (const char                  *folder,
       EshiBackend                 *backend,
       const EshiPipelineCallbacks *callbacks,
       EshiPipelineResult          *result)
{
  EshiPipelineParams params = { .prompt = "りんご", .steps = N_STEPS, .seed = 3 };
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiPipeline) pipeline = eshi_pipeline_new (folder, backend, NULL, NULL, &error);

  g_assert_no_error (error);
  eshi_pipeline_generate (pipeline, &params, callbacks, NULL, result, &error);
  g_assert_no_error (error);
}

static void
preview_cb (guint         index,
            guint         step,
            guint         width,
            guint         height,
            const guint8 *rgb,
            gpointer      user_data)
{
  guint *n_previews = user_data;

  (*n_previews)++;
}

/* The small model paints what the cpu backend paints in f32; previews change nothing. */
static void
test_picture (void)
{
  g_autofree char *folder = g_build_filename (g_getenv ("ESHI_MODEL_DIR"), "mame", NULL);
  g_autofree char *emulated = g_strdup (g_getenv ("ESHI_PLUGIN_DIR"));
  guint n_previews = 0;
  EshiPipelineCallbacks callbacks = { .preview = preview_cb, .user_data = &n_previews };
  g_autoptr(GError) error = NULL;
  EshiBackend *cuda = NULL;
  EshiBackend *cpu = NULL;
  g_auto(EshiPipelineResult) ours = { 0 };
  g_auto(EshiPipelineResult) again = { 0 };
  g_auto(EshiPipelineResult) theirs = { 0 };
  double psnr = 0;
  int n_launches = emu.count_launches ();
  int n_executed = emu.dnn_count_executed ();

  g_setenv ("ESHI_PLUGIN_DIR", g_getenv ("ESHI_CPU_PLUGIN_DIR"), TRUE);
  cpu = open_backend ("cpu", ESHI_PRECISION_F32);
  g_setenv ("ESHI_PLUGIN_DIR", emulated, TRUE);
  if (cpu == NULL)
    return;
  cuda = emu_rig_get_class ()->open (NULL, &error);
  g_assert_no_error (error);
  paint (folder, cpu, NULL, &theirs);
  paint (folder, cuda, NULL, &ours);
  n_launches = emu.count_launches () - n_launches;
  n_executed = emu.dnn_count_executed () - n_executed;
  paint (folder, cuda, &callbacks, &again);

  psnr = emu_rig_get_psnr (ours.pictures[0].rgb, theirs.pictures[0].rgb);
  g_test_message ("%d launches of own kernels and %d convolutions of cuDNN's in a picture of 4 steps", n_launches,
                  n_executed);
  g_test_message ("parity|cuda, emulated|picture of the embedded model, 4 steps, PSNR in dB (more is better)|"
                  "cpu backend, f32|%.1f|35",
                  psnr);
  g_assert_cmpfloat (psnr, >=, 35);
  g_assert_cmpuint (n_previews, >, 0);
  g_assert_cmpint (n_executed, >, 0);
  g_assert_true (g_bytes_equal (ours.pictures[0].rgb, again.pictures[0].rgb));
  close_backend (cpu);
  close_backend (cuda);
  emu_rig_assert_nothing_alive ();
}

/* --- too little memory --- */

#define ALL_MEMORY ((gsize) 8 << 30)
#define MEMORY_STEP ((gsize) 64 << 10)

static void
reduced_cb (const EshiPipelineParams *params,
            gpointer                  user_data)
{
  (*(guint *) user_data)++;
}

/* Makes the graphs with @bytes of memory. @n_reduced: (out): how often it was said that it is done in smaller pieces */
static gboolean
prepare_within (gsize    bytes,
                guint   *n_reduced,
                GError **error)
{
  g_autofree char *folder = g_build_filename (g_getenv ("ESHI_MODEL_DIR"), "mame", NULL);
  EshiPipelineParams params = { .prompt = "りんご", .steps = N_STEPS, .seed = 3 };
  EshiPipelineCallbacks callbacks = { .reduced = reduced_cb, .user_data = n_reduced };
  EshiBackend *cuda = NULL;
  EshiPipeline *pipeline = NULL;
  gboolean done = FALSE;

  *n_reduced = 0;
  emu.set_memory (bytes);
  cuda = emu_rig_get_class ()->open (NULL, error);
  if (cuda == NULL)
    return FALSE;
  pipeline = eshi_pipeline_new (folder, cuda, NULL, NULL, error);
  done = pipeline != NULL && eshi_pipeline_prepare (pipeline, &params, &callbacks, NULL, error);
  eshi_pipeline_free (pipeline);
  close_backend (cuda);
  emu_rig_assert_nothing_alive ();
  return done;
}

/* Where both halves of guidance do not fit at once they run one after the other, and where that does not fit either it is
 * said. What was painted so differs by rounding alone. */
static void
test_tight (void)
{
  g_autofree char *folder = g_build_filename (g_getenv ("ESHI_MODEL_DIR"), "mame", NULL);
  guint n_reduced = 0;
  EshiPipelineCallbacks callbacks = { .reduced = reduced_cb, .user_data = &n_reduced };
  g_autoptr(GError) error = NULL;
  EshiBackend *cuda = NULL;
  g_auto(EshiPipelineResult) whole = { 0 };
  g_auto(EshiPipelineResult) halves = { 0 };
  gsize bytes = 0;
  double psnr = 0;

  g_assert_true (prepare_within (ALL_MEMORY, &n_reduced, &error));
  g_assert_cmpuint (n_reduced, ==, 0);
  bytes = emu.get_peak ();
  g_assert_true (prepare_within (bytes, &n_reduced, &error));
  g_assert_cmpuint (n_reduced, ==, 0);
  while (prepare_within (bytes, &n_reduced, NULL) && n_reduced == 0)
    bytes -= MEMORY_STEP;
  g_assert_cmpuint (n_reduced, ==, 1);

  emu.set_memory (ALL_MEMORY);
  cuda = emu_rig_get_class ()->open (NULL, &error);
  paint (folder, cuda, NULL, &whole);
  close_backend (cuda);
  emu.set_memory (bytes);
  cuda = emu_rig_get_class ()->open (NULL, &error);
  n_reduced = 0;
  paint (folder, cuda, &callbacks, &halves);
  close_backend (cuda);
  g_assert_cmpuint (n_reduced, ==, 1);
  psnr = emu_rig_get_psnr (whole.pictures[0].rgb, halves.pictures[0].rgb);
  g_test_message ("with %.1f MiB: halves one after the other, PSNR %.1f dB", (double) bytes / (1 << 20), psnr);
  g_assert_cmpfloat (psnr, >=, 45);

  while (prepare_within (bytes, &n_reduced, &error))
    bytes -= MEMORY_STEP;
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY);
  g_test_message ("with %.1f MiB: nothing fits", (double) bytes / (1 << 20));
  emu.set_memory (ALL_MEMORY);
}

/* --- what a step costs --- */

typedef struct
{
  EmuCounts counts[N_STEPS + 1]; /* when so many steps were finished; the first time that was said */
  int       n_executed[N_STEPS + 1];
  gboolean  seen[N_STEPS + 1];
} StepCosts;

static void
progress_cb (const EshiPipelineProgress *progress,
             gpointer                    user_data)
{
  StepCosts *costs = user_data;

  if (progress->stage != ESHI_PIPELINE_PAINTING || progress->step > N_STEPS || costs->seen[progress->step])
    return;
  costs->seen[progress->step] = TRUE;
  emu.get_counts (&costs->counts[progress->step]);
  costs->n_executed[progress->step] = emu.dnn_count_executed ();
}

/* Between the end of the step before and that of @step. @recorded: whether the driver records */
static void
check_step (const StepCosts          *costs,
            guint                     step,
            gboolean                  recorded,
            const EshiPipelineResult *result)
{
  const EmuCounts *before = &costs->counts[step - 1];
  const EmuCounts *after = &costs->counts[step];
  gsize latents_bytes = (gsize) result->pictures[0].width / 8 * (result->pictures[0].height / 8) * 4 * sizeof (float);
  gsize bytes_up = after->bytes_up - before->bytes_up;
  gsize bytes_down = after->bytes_down - before->bytes_down;
  gboolean replayed = after->n_replays > before->n_replays;

  g_assert_true (costs->seen[step - 1] && costs->seen[step]);
  g_test_message ("step %u: %d launches of own kernels, %d convolutions of cuDNN's, %d pieces of work recorded, %d replayed "
                  "recordings, %d synchronizations, %d allocations, %" G_GSIZE_FORMAT " bytes to the device, %" G_GSIZE_FORMAT
                  " from it",
                  step, after->n_launches - before->n_launches, costs->n_executed[step] - costs->n_executed[step - 1],
                  after->n_recorded - before->n_recorded, after->n_replays - before->n_replays,
                  after->n_synchronizations - before->n_synchronizations, after->n_allocations - before->n_allocations,
                  bytes_up, bytes_down);
  g_assert_true ((after->n_launches == before->n_launches) == replayed);
  if (!recorded)
    g_assert_false (replayed);
  else if (step == N_STEPS)
    {
      g_assert_cmpint (after->n_replays - before->n_replays, ==, 1);
      g_assert_cmpint (after->n_recorded, ==, before->n_recorded);
      g_assert_cmpint (costs->n_executed[step], ==, costs->n_executed[step - 1]);
    }
  g_assert_cmpint (after->n_allocations, ==, before->n_allocations);
  g_assert_cmpint (after->n_synchronizations - before->n_synchronizations, ==, 1);
  g_assert_cmpuint (bytes_up, ==, latents_bytes + sizeof (float));
  g_assert_cmpuint (bytes_down, ==, latents_bytes);
}

/* Paints with a look at each step. */
static void
paint_counted (gboolean            recorded,
               EshiPipelineResult *result)
{
  g_autofree char *folder = g_build_filename (g_getenv ("ESHI_MODEL_DIR"), "mame", NULL);
  StepCosts costs = { 0 };
  EshiPipelineCallbacks callbacks = { .progress = progress_cb, .user_data = &costs };
  g_autoptr(GError) error = NULL;
  EshiBackend *cuda = emu_rig_get_class ()->open (NULL, &error);

  g_assert_no_error (error);
  emu.refuse_recording (!recorded);
  paint (folder, cuda, &callbacks, result);
  emu.refuse_recording (FALSE);
  for (guint step = 2; step <= N_STEPS; step++)
    check_step (&costs, step, recorded, result);
  close_backend (cuda);
  emu_rig_assert_nothing_alive ();
}

/* Once it is recorded a step is one call. It allocates nothing, waits once, and moves no more than latents: they and the
 * time go up, once for both halves of guidance, the prediction comes down, where the sampler works in f32. Without
 * recording it launches each kernel, and the picture has the same bytes. */
static void
test_step (void)
{
  g_auto(EshiPipelineResult) recorded = { 0 };
  g_auto(EshiPipelineResult) plain = { 0 };

  paint_counted (TRUE, &recorded);
  g_test_message ("without recording:");
  paint_counted (FALSE, &plain);
  g_assert_true (g_bytes_equal (recorded.pictures[0].rgb, plain.pictures[0].rgb));
}

int
main (int    argc,
      char **argv)
{
  emu_rig_init (&argc, &argv);

  g_test_add_func ("/eshi/cuda-pictures/picture", test_picture);
  g_test_add_func ("/eshi/cuda-pictures/step", test_step);
  g_test_add_func ("/eshi/cuda-pictures/tight", test_tight);

  return emu_rig_run ();
}
