/* test-cuda-record.c: networks that the CUDA backend records, on stand-ins of NVIDIA's libraries: recorded or not, the same
 * comes out, and the stand-in is as strict about recording as a driver.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <dlfcn.h>

#include "backends.h"
#include "emu-network.h"
#include "emu-rig.h"
#include "eshi-cuda-api.h"

/* --- runs that are recorded --- */

/* As in eshi-cuda-record.c. */
#define N_PLAIN_RUNS 2
#define N_RUNS 5

/* Runs the network without the look-up often enough for it to be recorded. @n_calls: (out): of the driver and its
 * neighbours, in each run; @result: (out): of the last */
static gboolean
run_again (int      n_calls[N_RUNS],
           float    result[EMU_HEIGHT * EMU_HEIGHT * EMU_WIDTH],
           GError **error)
{
  g_autoptr(GPtrArray) weights = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_tensor_free);
  const EshiBackendClass *klass = emu_rig_get_class ();
  EshiBackend *backend = klass->open (NULL, error);
  EshiGraph *graph = NULL;
  EshiTensor *x = NULL;
  EshiTensor *t = NULL;
  float time = 10;
  gboolean done = FALSE;

  if (backend == NULL)
    return FALSE;
  graph = eshi_graph_new (backend);
  x = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE3 (1, EMU_N_TOKENS, EMU_WIDTH));
  t = eshi_graph_input (graph, "t", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  emu_network_build (graph, weights, eshi_graph_convert (graph, "half", x, ESHI_DTYPE_F16),
                     eshi_graph_time_embedding (graph, "time", t, EMU_WIDTH));
  done = eshi_graph_prepare (graph, NULL, error) && eshi_graph_upload (graph, t, &time, error);
  for (int i = 0; i < N_RUNS && done; i++)
    {
      float data[EMU_N_TOKENS * EMU_WIDTH];

      for (int k = 0; k < EMU_N_TOKENS * EMU_WIDTH; k++)
        data[k] = (float) (k % 17 - 8) / (float) (i + 3);
      n_calls[i] = -emu.count_calls ();
      done = eshi_graph_upload (graph, x, data, error) && eshi_graph_run (graph, NULL, error);
      n_calls[i] += emu.count_calls () - 1;
    }
  done = done && eshi_graph_download (graph, eshi_graph_get_op (graph, eshi_graph_n_ops (graph) - 1)->dst, result, error);
  eshi_graph_free (graph);
  klass->close (backend);
  return done;
}

/* Recorded or not, the same comes out, each time of what was uploaded last. */
static void
test_recorded (void)
{
  int n_calls[N_RUNS];
  float replayed[EMU_HEIGHT * EMU_HEIGHT * EMU_WIDTH];
  float plain[EMU_HEIGHT * EMU_HEIGHT * EMU_WIDTH];
  EmuCounts before;
  EmuCounts after;
  g_autoptr(GError) error = NULL;

  emu.get_counts (&before);
  g_assert_true (run_again (n_calls, replayed, &error));
  emu.get_counts (&after);
  g_test_message ("calls of a run: %d, %d, then %d with the recording, %d, %d", n_calls[0], n_calls[1], n_calls[2],
                  n_calls[3], n_calls[4]);
  g_assert_cmpint (after.n_replays - before.n_replays, ==, N_RUNS - N_PLAIN_RUNS);
  g_assert_cmpint (n_calls[N_RUNS - 1], ==, 1);

  emu.refuse_recording (TRUE);
  g_assert_true (run_again (n_calls, plain, &error));
  emu.refuse_recording (FALSE);
  emu.get_counts (&before);
  g_assert_cmpint (after.n_replays, ==, before.n_replays);
  g_assert_cmpmem (plain, sizeof plain, replayed, sizeof replayed);
  g_assert_cmpint (emu.count_alive (), ==, 0);
}

/* Each call in turn finds too little memory, or a device that is lost: while it is recorded the first costs speed alone. */
static void
test_recording_fails (gconstpointer sticky)
{
  int n_calls[N_RUNS];
  float result[EMU_HEIGHT * EMU_HEIGHT * EMU_WIDTH];
  int code = sticky != NULL ? ESHI_ERROR_DEVICE_LOST : ESHI_ERROR_OUT_OF_MEMORY;
  int n_all = 0;
  int n_recording = 0;
  int n_unnoticed = 0;

  g_assert_true (run_again (n_calls, result, NULL));
  emu.fail_call (0, 0, 0);
  g_assert_true (run_again (n_calls, result, NULL));
  n_all = emu.count_calls () - EMU_N_PARTING_CALLS;
  n_recording = n_calls[N_PLAIN_RUNS] - 1;
  for (int i = 1; i <= n_all; i++)
    {
      g_autoptr(GError) error = NULL;

      emu.fail_call (i, sticky != NULL ? 700 : 2, sticky != NULL);
      if (run_again (n_calls, result, &error))
        n_unnoticed++;
      else
        g_assert_error (error, ESHI_ERROR, code);
      g_assert_cmpint (emu.count_alive (), ==, 0);
    }
  emu.fail_call (0, 0, 0);
  g_test_message ("%d calls, %d of them while recording", n_all, n_recording);
  g_assert_cmpint (n_unnoticed, ==, sticky != NULL ? 0 : n_recording);
}

/* --- the stand-in's rules of recording --- */

/* What the deeds below have to do with. */
typedef struct
{
  EshiCudaDriver cu;
  void          *stream; /* which records */
  void          *other;
  void          *graph;  /* recorded before */
  EshiCuPtr      memory; /* one byte */
} Scene;

static int
do_allocate (Scene *scene)
{
  EshiCuPtr address = 0;

  return scene->cu.mem_alloc (&address, 1);
}

static int
do_free (Scene *scene)
{
  return scene->cu.mem_free (scene->memory);
}

static int
do_load (Scene *scene)
{
  void *module = NULL;

  return scene->cu.module_load_data (&module, scene);
}

static int
do_instantiate (Scene *scene)
{
  void *exec = NULL;

  return scene->cu.graph_instantiate (&exec, scene->graph, 0);
}

static int
do_wait (Scene *scene)
{
  return scene->cu.stream_synchronize (scene->stream);
}

static int
do_upload (Scene *scene)
{
  return scene->cu.to_device (scene->memory, scene, 1, scene->stream);
}

static int
do_download (Scene *scene)
{
  guint8 byte = 0;

  return scene->cu.to_host (&byte, scene->memory, 1, scene->stream);
}

static int
do_fill (Scene *scene)
{
  return scene->cu.fill (scene->memory, 0, 1, scene->stream);
}

static int
do_fill_elsewhere (Scene *scene)
{
  return scene->cu.fill (scene->memory, 0, 1, scene->other);
}

/* Numbers are the driver's: 900 is “not while a stream records”, 901 “the recording was spoilt”. */
static const struct
{
  const char *name;
  int       (*deed) (Scene *scene);
  int         result; /* of the deed */
  int         ended;  /* of the recording's end */
} deeds[] = {
  { "allocate", do_allocate, 900, 901 },
  { "free", do_free, 900, 901 },
  { "load", do_load, 900, 901 },
  { "instantiate", do_instantiate, 900, 901 },
  { "wait", do_wait, 900, 901 },
  { "upload", do_upload, 900, 901 },
  { "download", do_download, 900, 901 },
  { "fill", do_fill, 0, 0 },
  { "fill-elsewhere", do_fill_elsewhere, 0, 901 },
};

#define FIND_FUNCTION(result, field, name, params) *(void **) &scene->cu.field = dlsym (library, name);

static void
set_scene (Scene *scene)
{
  void *library = emu_rig_open_stand_in ("libcuda.so.1");

  ESHI_CUDA_DRIVER_FUNCTIONS (FIND_FUNCTION)
  g_assert_cmpint (scene->cu.stream_create (&scene->stream, ESHI_CU_STREAM_NON_BLOCKING, 0), ==, 0);
  g_assert_cmpint (scene->cu.stream_create (&scene->other, ESHI_CU_STREAM_NON_BLOCKING, 0), ==, 0);
  g_assert_cmpint (scene->cu.mem_alloc (&scene->memory, 1), ==, 0);
  g_assert_cmpint (scene->cu.begin_capture (scene->stream, ESHI_CU_CAPTURE_THREAD_LOCAL), ==, 0);
  g_assert_cmpint (scene->cu.end_capture (scene->stream, &scene->graph), ==, 0);
}

static void
clear_scene (Scene *scene)
{
  scene->cu.graph_destroy (scene->graph);
  scene->cu.mem_free (scene->memory);
  scene->cu.stream_destroy (scene->other);
  scene->cu.stream_destroy (scene->stream);
}

/* What a driver does not let be called while it records, the stand-in does not either; nor work that no replay would do. */
static void
test_recording_rules (void)
{
  g_autoptr(GError) error = NULL;
  EshiBackend *backend = emu_rig_get_class ()->open (NULL, &error);
  Scene scene = { 0 };

  g_assert_no_error (error);
  set_scene (&scene);
  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    {
      void *graph = NULL;

      g_test_message ("%s", deeds[i].name);
      g_assert_cmpint (scene.cu.begin_capture (scene.stream, ESHI_CU_CAPTURE_THREAD_LOCAL), ==, 0);
      g_assert_cmpint (deeds[i].deed (&scene), ==, deeds[i].result);
      g_assert_cmpint (scene.cu.end_capture (scene.stream, &graph), ==, deeds[i].ended);
      g_assert_true ((graph != NULL) == (deeds[i].ended == 0));
      if (graph != NULL)
        scene.cu.graph_destroy (graph);
    }
  clear_scene (&scene);
  close_backend (backend);
  g_assert_cmpint (emu.count_alive (), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  emu_rig_init (&argc, &argv);

  g_test_add_func ("/eshi/cuda-record/same", test_recorded);
  g_test_add_data_func ("/eshi/cuda-record/out-of-memory", NULL, test_recording_fails);
  g_test_add_data_func ("/eshi/cuda-record/sticky", "sticky", test_recording_fails);
  g_test_add_func ("/eshi/cuda-record/rules", test_recording_rules);

  return emu_rig_run ();
}
