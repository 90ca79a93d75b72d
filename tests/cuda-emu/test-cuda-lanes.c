/* test-cuda-lanes.c: looks at a picture are decoded beside the next step, on stand-ins of NVIDIA's libraries.
 *
 * The stand-ins do nothing before somebody waits for it, so what waits for what can be counted.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "backends.h"
#include "emu-rig.h"
#include "eshi-pipeline-preview.h"
#include "eshi-pipeline-private.h"

#define SIDE 8 /* of the latents */
#define N_LATENTS (4 * SIDE * SIDE)
#define STEP 3

typedef struct
{
  EshiBackend     *backend;
  EshiPipeline    *pipeline;
  EshiDecodeGraph *decoder;
  float            x0[N_LATENTS]; /* [4, SIDE, SIDE] */

  guint            n_shown;
  guint            step;
  GBytes          *shown;
} Fixture;

static int
count_waiting (void)
{
  EmuCounts counts;

  emu.get_counts (&counts);
  return counts.n_waiting;
}

static void
preview_cb (guint         index,
            guint         step,
            guint         width,
            guint         height,
            const guint8 *rgb,
            gpointer      user_data)
{
  Fixture *f = user_data;

  f->n_shown++;
  f->step = step;
  g_clear_pointer (&f->shown, g_bytes_unref);
  f->shown = g_bytes_new (rgb, (gsize) 3 * width * height);
}

static void
set_up (Fixture       *f,
        gconstpointer  data)
{
  g_autofree char *folder = g_build_filename (g_getenv ("ESHI_MODEL_DIR"), "mame", NULL);
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 1);
  g_autoptr(GError) error = NULL;

  f->backend = open_backend ("cuda", ESHI_PRECISION_AUTO);
  g_assert_nonnull (f->backend);
  f->pipeline = eshi_pipeline_new (folder, f->backend, NULL, NULL, &error);
  g_assert_no_error (error);
  f->decoder = _eshi_pipeline_get_decoder (f->pipeline, SIDE, SIDE, FALSE, NULL, &error);
  g_assert_no_error (error);
  eshi_rng_fill_normal (rng, f->x0, N_LATENTS);
}

static void
tear_down (Fixture       *f,
           gconstpointer  data)
{
  g_clear_pointer (&f->shown, g_bytes_unref);
  eshi_pipeline_free (f->pipeline);
  close_backend (f->backend);
}

/* Starts a look that the budget allows; what is under way then, nobody has waited for. */
static void
show (Fixture                     *f,
      EshiPreview                 *preview,
      const EshiPipelineCallbacks *callbacks)
{
  EshiPipelineParams params = { .preview_every = 1 };
  g_autoptr(GError) error = NULL;

  _eshi_preview_init (preview, f->pipeline, &params, callbacks, SIDE, SIDE, f->decoder, NULL);
  preview->started_us -= 100 * G_USEC_PER_SEC;
  g_assert_true (_eshi_preview_show (preview, f->x0, 0, STEP, 0.0, NULL, &error));
  g_assert_no_error (error);
}

/* The first look is waited for, since nobody knows how long it takes. The second comes when it is asked for, and shows the same;
 * what waits for the main lane does not wait for it. */
static void
test_beside (Fixture       *f,
             gconstpointer  data)
{
  EshiPipelineCallbacks callbacks = { .preview = preview_cb, .user_data = f };
  EshiPreview preview;
  g_autoptr(GBytes) first = NULL;
  g_autoptr(GError) error = NULL;
  int n_waiting = 0;

  show (f, &preview, &callbacks);
  _eshi_preview_clear (&preview);
  g_assert_cmpuint (f->n_shown, ==, 1);
  g_assert_cmpint (count_waiting (), ==, 0);
  first = g_bytes_ref (f->shown);

  show (f, &preview, &callbacks);
  n_waiting = count_waiting ();
  g_assert_cmpuint (f->n_shown, ==, 1);
  g_assert_cmpint (n_waiting, >, 0);
  g_assert_true (f->backend->klass->set_lane (f->backend, ESHI_LANE_MAIN, &error));
  g_assert_true (f->backend->klass->sync (f->backend, &error));
  g_assert_cmpint (count_waiting (), ==, n_waiting);

  g_assert_true (_eshi_preview_collect (&preview, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_shown, ==, 2);
  g_assert_cmpuint (f->step, ==, STEP);
  g_assert_cmpint (count_waiting (), ==, 0);
  g_assert_true (g_bytes_equal (f->shown, first));
  g_assert_true (_eshi_preview_collect (&preview, &error));
  g_assert_cmpuint (f->n_shown, ==, 2);
  _eshi_preview_clear (&preview);
}

int
main (int    argc,
      char **argv)
{
  emu_rig_init (&argc, &argv);
  g_test_add ("/eshi/cuda-lanes/beside", Fixture, NULL, set_up, test_beside, tear_down);

  return emu_rig_run ();
}
