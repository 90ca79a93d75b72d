/* test-cuda-host.c: the CUDA backend's host side on stand-ins of NVIDIA's libraries: what it says when something is
 * missing, that every call may fail, and whole pictures.
 *
 * The kernels have the table of ops for themselves (test-kernels). Nothing here shows how fast anything is.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <gmodule.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "backends.h"
#include "emu-control.h"
#include "eshi-cuda-api.h"
#include "eshi-graph.h"
#include "eshi-pipeline.h"

/* What is found in the stand-in of the driver, which the plugin opens too. */
static struct
{
  void (*fail_call) (int n, int result, int sticky);
  int (*count_calls) (void);
  int (*count_alive) (void);
  int (*count_launches) (void);
  void (*get_counts) (EmuCounts *counts);
  void (*refuse_recording) (int refuse);
  void (*set_memory) (size_t bytes);
  size_t (*get_peak) (void);
  void (*set_device) (int n_devices, int major, int minor, int driver_version);
  void (*dnn_fail_call) (int n, int status);
  int (*dnn_count_calls) (void);
  int (*dnn_count_executed) (void);
  int (*dnn_count_alive) (void);
} emu;

static void *
open_stand_in (const char *folder,
               const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  void *library = dlopen (path, RTLD_NOW | RTLD_LOCAL);

  g_assert_nonnull (library);
  return library;
}

static void
find_controls (const char *folder)
{
  void *library = open_stand_in (folder, "libcuda.so.1");
  void *dnn = open_stand_in (folder, "libcudnn.so.9");

  *(void **) &emu.fail_call = dlsym (library, "emu_fail_call");
  *(void **) &emu.count_calls = dlsym (library, "emu_count_calls");
  *(void **) &emu.count_alive = dlsym (library, "emu_count_alive");
  *(void **) &emu.count_launches = dlsym (library, "emu_count_launches");
  *(void **) &emu.get_counts = dlsym (library, "emu_get_counts");
  *(void **) &emu.set_memory = dlsym (library, "emu_set_memory");
  *(void **) &emu.get_peak = dlsym (library, "emu_get_peak");
  *(void **) &emu.refuse_recording = dlsym (library, "emu_refuse_recording");
  *(void **) &emu.set_device = dlsym (library, "emu_set_device");
  *(void **) &emu.dnn_fail_call = dlsym (dnn, "emu_dnn_fail_call");
  *(void **) &emu.dnn_count_calls = dlsym (dnn, "emu_dnn_count_calls");
  *(void **) &emu.dnn_count_executed = dlsym (dnn, "emu_dnn_count_executed");
  *(void **) &emu.dnn_count_alive = dlsym (dnn, "emu_dnn_count_alive");
  g_assert_nonnull (emu.set_device);
  g_assert_nonnull (emu.dnn_count_alive);
}

static const EshiBackendClass *
get_class (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("ESHI_PLUGIN_DIR"), "libeshi-cuda.so", NULL);
  GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL);
  gpointer symbol = NULL;

  g_assert_nonnull (module);
  g_assert_true (g_module_symbol (module, ESHI_BACKEND_PLUGIN_SYMBOL, &symbol));
  g_module_make_resident (module);
  return ((EshiBackendPluginFunc) symbol) ();
}

/* --- what is missing is said --- */

typedef struct
{
  const char *name;
  const char *libs;           /* ESHI_CUDA_LIBS; NULL: the stand-ins' folder; "N": one with the first N of them */
  int         n_devices, major, minor, version;
  const char *expected;       /* a pattern of the sentence */
} Lack;

static const Lack lacks[] = {
  { "no-driver", "/nonexistent", 1, 8, 6, 13000, "*driver is not installed (libcuda.so.1 was not found)*" },
  { "no-cublas", "1", 1, 8, 6, 13000, "*cuBLAS is not installed (libcublasLt.so.13 was not found)*" },
  { "no-card", NULL, 0, 8, 6, 13000, "*found no graphics card*" },
  { "old-driver", NULL, 1, 8, 6, 11040, "*too old: it knows CUDA 11.4, and CUDA 13.0 is needed*" },
  { "old-card", NULL, 1, 6, 1, 13000, "*Emulated GPU is too old*Turing*" },
  { "no-cudnn", "2", 1, 8, 6, 13000, "*it runs: sm_86, cuBLAS 130000\n*" },
  { "all-there", NULL, 1, 7, 5, 13000, "*it runs: sm_75, cuBLAS 130000, cuDNN 91900\n*" },
};

static const char * const stand_ins[] = { "libcuda.so.1", "libcublasLt.so.13", "libcudnn.so.9" };

/* A new folder that holds the first @n of the stand-ins. */
static char *
make_poor_folder (const char *folder,
                  guint       n)
{
  char *poor = g_dir_make_tmp ("eshi-cuda-XXXXXX", NULL);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *file = g_build_filename (folder, stand_ins[i], NULL);
      g_autofree char *link = g_build_filename (poor, stand_ins[i], NULL);

      g_assert_cmpint (symlink (file, link), ==, 0);
    }
  return poor;
}

static void
remove_poor_folder (const char *poor)
{
  for (guint i = 0; i < G_N_ELEMENTS (stand_ins); i++)
    {
      g_autofree char *link = g_build_filename (poor, stand_ins[i], NULL);

      g_unlink (link);
    }
  g_rmdir (poor);
}

/* In a process of its own: what the libraries lack is found out once. */
static void
probe_and_tell (const Lack *lack)
{
  g_autofree char *folder = g_strdup (g_getenv ("ESHI_CUDA_LIBS"));
  guint n_there = lack->libs != NULL ? (guint) g_ascii_strtoull (lack->libs, NULL, 10) : 0;
  g_autofree char *poor = make_poor_folder (folder, n_there);
  g_autoptr(GError) error = NULL;
  EshiDeviceInfo info;

  if (lack->libs != NULL)
    g_setenv ("ESHI_CUDA_LIBS", n_there > 0 ? poor : lack->libs, TRUE);
  emu.set_device (lack->n_devices, lack->major, lack->minor, lack->version);
  if (get_class ()->probe (&info, &error))
    g_print ("it runs: %s\n", info.features);
  else
    g_print ("%s\n", error->message);
  remove_poor_folder (poor);
}

static void
test_lack (gconstpointer data)
{
  const Lack *lack = data;

  if (g_test_subprocess ())
    {
      probe_and_tell (lack);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout (lack->expected);
}

/* --- every call may fail --- */

#define WIDTH 16
#define HEIGHT 4
#define N_TOKENS (HEIGHT * HEIGHT)

/* The graph waits once more, and the backend for each lane, before they free what they have; nobody is left to be told of a failure. */
#define N_PARTING_CALLS 3

static const float numbers[WIDTH * 3 * WIDTH * 9];

static EshiTensor *
add_weight (GPtrArray *weights,
            EshiShape  shape)
{
  EshiTensor *weight = eshi_tensor_new_weight ("weight", ESHI_DTYPE_F32, &shape, numbers);

  g_assert_cmpint (eshi_shape_count (&shape), <=, G_N_ELEMENTS (numbers));
  g_ptr_array_add (weights, weight);
  return weight;
}

/* Below the embedding: a network that has each other kind of plan, and can be recorded. */
static void
build_layers (EshiGraph  *graph,
              GPtrArray  *weights,
              EshiTensor *x,
              EshiTensor *time)
{
  EshiTensor *vector = add_weight (weights, ESHI_SHAPE1 (WIDTH));
  EshiTensor *square = add_weight (weights, ESHI_SHAPE2 (WIDTH, WIDTH));
  EshiTensor *kernel = add_weight (weights, ESHI_SHAPE4 (WIDTH, WIDTH, 3, 3));
  EshiTensor *gates = add_weight (weights, ESHI_SHAPE2 (2 * WIDTH, WIDTH));
  EshiTensor *gate_bias = add_weight (weights, ESHI_SHAPE1 (2 * WIDTH));
  EshiConvParams same = { 1, 1, 1, 1, 1 };
  EshiTensor *y = NULL;

  x = eshi_graph_layer_norm (graph, "norm", x, vector, vector, 1e-5f);
  y = eshi_graph_linear (graph, "act", x, square, vector, ESHI_ACT_SILU, x);
  x = eshi_graph_attention (graph, "attention", y, x, x, 2, FALSE);
  x = eshi_graph_geglu (graph, "geglu", x, gates, gate_bias);
  x = eshi_graph_reshape (graph, x, ESHI_SHAPE4 (1, HEIGHT, HEIGHT, WIDTH));
  x = eshi_graph_group_norm (graph, "group", x, vector, vector, 4, 1e-5f, ESHI_ACT_SILU);
  x = eshi_graph_conv2d (graph, "conv", x, kernel, vector, time, NULL, same);
  eshi_graph_output (graph, "result", x, ESHI_DTYPE_F32);
}

/* A network that has each kind of plan. */
static EshiGraph *
build_graph (EshiBackend *backend,
             GPtrArray   *weights)
{
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *square = add_weight (weights, ESHI_SHAPE2 (WIDTH, WIDTH));
  EshiTensor *ids = eshi_graph_input (graph, "ids", ESHI_DTYPE_I32, ESHI_SHAPE2 (1, N_TOKENS));
  EshiTensor *t = eshi_graph_input (graph, "t", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiTensor *time = eshi_graph_time_embedding (graph, "time", t, WIDTH);

  build_layers (graph, weights, eshi_graph_embedding (graph, "embedding", ids, square, square), time);
  return graph;
}

/* Opens, prepares, runs and reads; FALSE and @error if a call failed. */
static gboolean
run_graph (GError **error)
{
  g_autoptr(GPtrArray) weights = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_tensor_free);
  const EshiBackendClass *klass = get_class ();
  EshiBackend *backend = klass->open (NULL, error);
  EshiGraph *graph = NULL;
  gint32 ids[N_TOKENS] = { 0 };
  float t = 10;
  float result[HEIGHT * HEIGHT * WIDTH];
  gboolean done = FALSE;

  if (backend == NULL)
    return FALSE;
  graph = build_graph (backend, weights);
  done = eshi_graph_prepare (graph, NULL, error) &&
         eshi_graph_upload (graph, eshi_graph_get_op (graph, 1)->src[ESHI_SRC_X], ids, error) &&
         eshi_graph_upload (graph, eshi_graph_get_op (graph, 0)->src[ESHI_SRC_X], &t, error) &&
         eshi_graph_run (graph, NULL, error) &&
         eshi_graph_download (graph, eshi_graph_get_op (graph, eshi_graph_n_ops (graph) - 1)->dst, result, error);
  if (error != NULL && *error != NULL && (*error)->code == ESHI_ERROR_DEVICE_LOST)
    g_assert_true (backend->lost);
  eshi_graph_free (graph);
  klass->close (backend);
  return done;
}

/* --- runs that are recorded --- */

/* As in eshi-cuda-record.c. */
#define N_PLAIN_RUNS 2
#define N_RUNS 5

/* Runs the network without the look-up often enough for it to be recorded. @n_calls: (out): of the driver and its
 * neighbours, in each run; @result: (out): of the last */
static gboolean
run_again (int      n_calls[N_RUNS],
           float    result[HEIGHT * HEIGHT * WIDTH],
           GError **error)
{
  g_autoptr(GPtrArray) weights = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_tensor_free);
  const EshiBackendClass *klass = get_class ();
  EshiBackend *backend = klass->open (NULL, error);
  EshiGraph *graph = NULL;
  EshiTensor *x = NULL;
  EshiTensor *t = NULL;
  float time = 10;
  gboolean done = FALSE;

  if (backend == NULL)
    return FALSE;
  graph = eshi_graph_new (backend);
  x = eshi_graph_input (graph, "x", ESHI_DTYPE_F32, ESHI_SHAPE3 (1, N_TOKENS, WIDTH));
  t = eshi_graph_input (graph, "t", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  build_layers (graph, weights, eshi_graph_convert (graph, "half", x, ESHI_DTYPE_F16),
                eshi_graph_time_embedding (graph, "time", t, WIDTH));
  done = eshi_graph_prepare (graph, NULL, error) && eshi_graph_upload (graph, t, &time, error);
  for (int i = 0; i < N_RUNS && done; i++)
    {
      float data[N_TOKENS * WIDTH];

      for (int k = 0; k < N_TOKENS * WIDTH; k++)
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
  float replayed[HEIGHT * HEIGHT * WIDTH];
  float plain[HEIGHT * HEIGHT * WIDTH];
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
  float result[HEIGHT * HEIGHT * WIDTH];
  int code = sticky != NULL ? ESHI_ERROR_DEVICE_LOST : ESHI_ERROR_OUT_OF_MEMORY;
  int n_all = 0;
  int n_recording = 0;
  int n_unnoticed = 0;

  g_assert_true (run_again (n_calls, result, NULL));
  emu.fail_call (0, 0, 0);
  g_assert_true (run_again (n_calls, result, NULL));
  n_all = emu.count_calls () - N_PARTING_CALLS;
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
  void *library = open_stand_in (g_getenv ("ESHI_CUDA_LIBS"), "libcuda.so.1");

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
  EshiBackend *backend = get_class ()->open (NULL, &error);
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

/* --- plans of cuDNN's on disk --- */

/* Takes each plan away, and returns the path of the last, (transfer full), or NULL. */
static char *
forget_plans (void)
{
  g_autofree char *folder = g_build_filename (g_get_user_cache_dir (), "eshi", "cudnn", NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  char *path = NULL;

  for (const char *name = dir != NULL ? g_dir_read_name (dir) : NULL; name != NULL; name = g_dir_read_name (dir))
    {
      g_free (path);
      path = g_build_filename (folder, name, NULL);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  return path;
}

static void
remove_cache (const char *cache)
{
  g_autofree char *ours = g_build_filename (cache, "eshi", NULL);
  g_autofree char *plans = g_build_filename (ours, "cudnn", NULL);

  g_free (forget_plans ());
  g_rmdir (plans);
  g_rmdir (ours);
  g_rmdir (cache);
}

/* --- calls that fail --- */

static void
assert_nothing_alive (void)
{
  g_assert_cmpint (emu.count_alive (), ==, 0);
  g_assert_cmpint (emu.dnn_count_alive (), ==, 0);
}

/* Calls that ask cuDNN for the text of a plan, which is kept if it comes. */
#define N_KEEPING_CALLS 2

/* Fails each call in turn with the driver's @result, and once with none; @kept: with a plan on disk already. */
static void
fail_each_call (int      result,
                int      sticky,
                gboolean kept,
                int      expected_code)
{
  int n_calls = 0;
  guint n_expected = 0;
  guint n_unnoticed = 0;

  g_assert_true (run_graph (NULL)); /* the driver is started by the first of all runs only */
  if (!kept)
    g_free (forget_plans ());
  emu.fail_call (0, 0, 0);
  g_assert_true (run_graph (NULL));
  n_calls = emu.count_calls () - N_PARTING_CALLS;
  assert_nothing_alive ();

  for (int i = 1; i <= n_calls; i++)
    {
      g_autoptr(GError) error = NULL;

      if (!kept)
        g_free (forget_plans ());
      emu.fail_call (i, result, sticky);
      if (run_graph (&error))
        n_unnoticed++;
      n_expected += g_error_matches (error, ESHI_ERROR, expected_code);
      assert_nothing_alive ();
    }
  emu.fail_call (0, 0, 0);
  g_test_message ("%d calls, %u of the failures were of the kind expected", n_calls, n_expected);
  g_assert_cmpuint (n_expected, ==, (guint) n_calls - n_unnoticed);
  g_assert_cmpuint (n_unnoticed, ==, sticky || kept ? 0 : N_KEEPING_CALLS);
}

static void
test_out_of_memory (gconstpointer kept)
{
  fail_each_call (2, FALSE, kept != NULL, ESHI_ERROR_OUT_OF_MEMORY);
}

static void
test_sticky (gconstpointer kept)
{
  fail_each_call (700, TRUE, kept != NULL, ESHI_ERROR_DEVICE_LOST);
}

/* Calls of cuDNN's that run a plan; those before make one, and what they refuse is a matrix product instead. */
#define N_RUNNING_CALLS 6

/* cuDNN's @status for what it does not do. */
#define REFUSED 3000

/* Whatever cuDNN refuses while it makes a plan, the network runs. */
static void
test_refusals (void)
{
  int n_calls = 0;

  g_free (forget_plans ());
  emu.dnn_fail_call (0, 0);
  g_assert_true (run_graph (NULL));
  n_calls = emu.dnn_count_calls ();
  for (int i = 1; i <= n_calls; i++)
    {
      g_autoptr(GError) error = NULL;
      gboolean done = FALSE;

      g_free (forget_plans ());
      emu.dnn_fail_call (i, REFUSED);
      done = run_graph (&error);
      g_assert_true (done == (i <= n_calls - N_RUNNING_CALLS));
      g_assert_true (done || g_error_matches (error, ESHI_ERROR, ESHI_ERROR_FAILED));
      assert_nothing_alive ();
    }
  emu.dnn_fail_call (0, 0);
}

/* How many calls of cuDNN's a run of the network takes. */
static int
count_dnn_calls (void)
{
  int n_executed = emu.dnn_count_executed ();

  emu.dnn_fail_call (0, 0);
  g_assert_true (run_graph (NULL));
  g_assert_cmpint (emu.dnn_count_executed (), ==, n_executed + 1);
  return emu.dnn_count_calls ();
}

/* What cuDNN refuses from its first call on, nobody needs. */
static void
test_without_dnn (void)
{
  int n_executed = emu.dnn_count_executed ();

  emu.dnn_fail_call (-1, REFUSED);
  g_assert_true (run_graph (NULL));
  g_assert_cmpint (emu.dnn_count_executed (), ==, n_executed);
  g_assert_cmpint (emu.dnn_count_calls (), ==, 1);
  emu.dnn_fail_call (0, 0);
}

/* A plan that was kept saves asking; one that is damaged, or of something else, is made again. */
static void
test_kept_plan (void)
{
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  g_autofree char *foreign = NULL;
  int n_new = 0;
  int n_kept = 0;

  g_free (forget_plans ());
  n_new = count_dnn_calls ();
  n_kept = count_dnn_calls ();
  g_test_message ("%d calls of cuDNN's with a new plan, %d with one that was kept", n_new, n_kept);
  g_assert_cmpint (n_kept, <, n_new / 4);

  path = forget_plans ();
  g_assert_cmpint (count_dnn_calls (), ==, n_new);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "Emulated GPU, sm_86, cuBLAS 130000, cuDNN 91900, driver 13000, n1 4x4x16 to 4x4x16"));
  g_assert_true (g_file_set_contents (path, text, (gssize) strlen (text) - 2, NULL));
  g_assert_cmpint (count_dnn_calls (), >, n_new);
  g_assert_cmpint (count_dnn_calls (), ==, n_kept);

  foreign = g_strconcat ("Another GPU", text + strlen ("Emulated GPU"), NULL);
  g_assert_true (g_file_set_contents (path, foreign, -1, NULL));
  g_assert_cmpint (count_dnn_calls (), ==, n_new);
  g_assert_cmpint (count_dnn_calls (), ==, n_kept);
  assert_nothing_alive ();
}

/* --- pictures --- */

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

static double
get_psnr (GBytes *a,
          GBytes *b)
{
  gsize n = g_bytes_get_size (a);
  const guint8 *x = g_bytes_get_data (a, NULL);
  const guint8 *y = g_bytes_get_data (b, NULL);
  double sum = 0;

  g_assert_cmpuint (n, ==, g_bytes_get_size (b));
  for (gsize i = 0; i < n; i++)
    sum += ((double) x[i] - y[i]) * ((double) x[i] - y[i]);
  return 10 * log10 (255.0 * 255.0 / fmax (sum / (double) n, 1e-9));
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
  cuda = get_class ()->open (NULL, &error);
  g_assert_no_error (error);
  paint (folder, cpu, NULL, &theirs);
  paint (folder, cuda, NULL, &ours);
  n_launches = emu.count_launches () - n_launches;
  n_executed = emu.dnn_count_executed () - n_executed;
  paint (folder, cuda, &callbacks, &again);

  psnr = get_psnr (ours.pictures[0].rgb, theirs.pictures[0].rgb);
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
  assert_nothing_alive ();
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
  cuda = get_class ()->open (NULL, error);
  if (cuda == NULL)
    return FALSE;
  pipeline = eshi_pipeline_new (folder, cuda, NULL, NULL, error);
  done = pipeline != NULL && eshi_pipeline_prepare (pipeline, &params, &callbacks, NULL, error);
  eshi_pipeline_free (pipeline);
  close_backend (cuda);
  assert_nothing_alive ();
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
  cuda = get_class ()->open (NULL, &error);
  paint (folder, cuda, NULL, &whole);
  close_backend (cuda);
  emu.set_memory (bytes);
  cuda = get_class ()->open (NULL, &error);
  n_reduced = 0;
  paint (folder, cuda, &callbacks, &halves);
  close_backend (cuda);
  g_assert_cmpuint (n_reduced, ==, 1);
  psnr = get_psnr (whole.pictures[0].rgb, halves.pictures[0].rgb);
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
  g_assert_cmpuint (bytes_up, ==, 2 * latents_bytes + sizeof (float));
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
  EshiBackend *cuda = get_class ()->open (NULL, &error);

  g_assert_no_error (error);
  emu.refuse_recording (!recorded);
  paint (folder, cuda, &callbacks, result);
  emu.refuse_recording (FALSE);
  for (guint step = 2; step <= N_STEPS; step++)
    check_step (&costs, step, recorded, result);
  close_backend (cuda);
  assert_nothing_alive ();
}

/* Once it is recorded a step is one call. It allocates nothing, waits once, and moves no more than latents: both halves of
 * guidance and the time go up, the prediction comes down, where the sampler works in f32. Without recording it launches
 * each kernel, and the picture has the same bytes. */
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
  g_autofree char *cache = g_dir_make_tmp ("eshi-cuda-XXXXXX", NULL);
  int status = 0;

  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (&argc, &argv, NULL);
  find_controls (g_getenv ("ESHI_CUDA_LIBS"));

  for (guint i = 0; i < G_N_ELEMENTS (lacks); i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/cuda-host/%s", lacks[i].name);

      g_test_add_data_func (path, &lacks[i], test_lack);
    }
  g_test_add_data_func ("/eshi/cuda-host/each-call/out-of-memory", NULL, test_out_of_memory);
  g_test_add_data_func ("/eshi/cuda-host/each-call/out-of-memory-kept-plan", "kept", test_out_of_memory);
  g_test_add_data_func ("/eshi/cuda-host/each-call/sticky", NULL, test_sticky);
  g_test_add_data_func ("/eshi/cuda-host/each-call/sticky-kept-plan", "kept", test_sticky);
  g_test_add_func ("/eshi/cuda-host/dnn/refusals", test_refusals);
  g_test_add_func ("/eshi/cuda-host/dnn/does-not-start", test_without_dnn);
  g_test_add_func ("/eshi/cuda-host/dnn/kept-plan", test_kept_plan);
  g_test_add_func ("/eshi/cuda-host/recorded/same", test_recorded);
  g_test_add_data_func ("/eshi/cuda-host/recorded/out-of-memory", NULL, test_recording_fails);
  g_test_add_data_func ("/eshi/cuda-host/recorded/sticky", "sticky", test_recording_fails);
  g_test_add_func ("/eshi/cuda-host/recorded/rules", test_recording_rules);
  g_test_add_func ("/eshi/cuda-host/picture", test_picture);
  g_test_add_func ("/eshi/cuda-host/step", test_step);
  g_test_add_func ("/eshi/cuda-host/tight", test_tight);
  status = g_test_run ();
  remove_cache (cache);
  return status;
}
