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
#include "eshi-graph.h"
#include "eshi-pipeline.h"

/* What is found in the stand-in of the driver, which the plugin opens too. */
static struct
{
  void (*fail_call) (int n, int result, int sticky);
  int (*count_calls) (void);
  int (*count_alive) (void);
  int (*count_launches) (void);
  void (*set_device) (int n_devices, int major, int minor, int driver_version);
} emu;

static void
find_controls (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "libcuda.so.1", NULL);
  void *library = dlopen (path, RTLD_NOW | RTLD_LOCAL);

  g_assert_nonnull (library);
  *(void **) &emu.fail_call = dlsym (library, "emu_fail_call");
  *(void **) &emu.count_calls = dlsym (library, "emu_count_calls");
  *(void **) &emu.count_alive = dlsym (library, "emu_count_alive");
  *(void **) &emu.count_launches = dlsym (library, "emu_count_launches");
  *(void **) &emu.set_device = dlsym (library, "emu_set_device");
  g_assert_nonnull (emu.set_device);
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
  const char *libs;           /* ESHI_CUDA_LIBS; NULL: the stand-ins' folder, "alone": one with the driver only */
  int         n_devices, major, minor, version;
  const char *expected;       /* a pattern of the sentence */
} Lack;

static const Lack lacks[] = {
  { "no-driver", "/nonexistent", 1, 8, 6, 13000, "*driver is not installed (libcuda.so.1 was not found)*" },
  { "no-cublas", "alone", 1, 8, 6, 13000, "*cuBLAS is not installed (libcublasLt.so.13 was not found)*" },
  { "no-card", NULL, 0, 8, 6, 13000, "*found no graphics card*" },
  { "old-driver", NULL, 1, 8, 6, 11040, "*too old: it knows CUDA 11.4, and CUDA 13.0 is needed*" },
  { "old-card", NULL, 1, 6, 1, 13000, "*Emulated GPU is too old*Turing*" },
  { "all-there", NULL, 1, 7, 5, 13000, "*it runs*" },
};

/* A new folder that holds the driver's stand-in only. */
static char *
make_lonely_folder (const char *folder)
{
  g_autofree char *file = g_build_filename (folder, "libcuda.so.1", NULL);
  char *lonely = g_dir_make_tmp ("eshi-cuda-XXXXXX", NULL);
  g_autofree char *link = g_build_filename (lonely, "libcuda.so.1", NULL);

  g_assert_cmpint (symlink (file, link), ==, 0);
  return lonely;
}

/* In a process of its own: what the libraries lack is found out once. */
static void
probe_and_tell (const Lack *lack)
{
  g_autofree char *folder = g_strdup (g_getenv ("ESHI_CUDA_LIBS"));
  g_autofree char *lonely = make_lonely_folder (folder);
  g_autofree char *link = g_build_filename (lonely, "libcuda.so.1", NULL);
  g_autoptr(GError) error = NULL;
  EshiDeviceInfo info;

  if (lack->libs != NULL)
    g_setenv ("ESHI_CUDA_LIBS", strcmp (lack->libs, "alone") == 0 ? lonely : lack->libs, TRUE);
  emu.set_device (lack->n_devices, lack->major, lack->minor, lack->version);
  g_print ("%s\n", get_class ()->probe (&info, &error) ? "it runs" : error->message);
  g_unlink (link);
  g_rmdir (lonely);
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

/* The graph and the backend wait once more before they free what they have; nobody is left to be told of a failure. */
#define N_PARTING_CALLS 2

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

/* A network that has each kind of plan. */
static EshiGraph *
build_graph (EshiBackend *backend,
             GPtrArray   *weights)
{
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *vector = add_weight (weights, ESHI_SHAPE1 (WIDTH));
  EshiTensor *square = add_weight (weights, ESHI_SHAPE2 (WIDTH, WIDTH));
  EshiTensor *kernel = add_weight (weights, ESHI_SHAPE4 (WIDTH, WIDTH, 3, 3));
  EshiTensor *gates = add_weight (weights, ESHI_SHAPE2 (2 * WIDTH, WIDTH));
  EshiTensor *gate_bias = add_weight (weights, ESHI_SHAPE1 (2 * WIDTH));
  EshiTensor *ids = eshi_graph_input (graph, "ids", ESHI_DTYPE_I32, ESHI_SHAPE2 (1, N_TOKENS));
  EshiTensor *t = eshi_graph_input (graph, "t", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiConvParams same = { 1, 1, 1, 1, 1 };
  EshiTensor *time = eshi_graph_time_embedding (graph, "time", t, WIDTH);
  EshiTensor *x = eshi_graph_embedding (graph, "embedding", ids, square, square);
  EshiTensor *y = NULL;

  x = eshi_graph_layer_norm (graph, "norm", x, vector, vector, 1e-5f);
  y = eshi_graph_linear (graph, "act", x, square, vector, ESHI_ACT_SILU, x);
  x = eshi_graph_attention (graph, "attention", y, x, x, 2, FALSE);
  x = eshi_graph_geglu (graph, "geglu", x, gates, gate_bias);
  x = eshi_graph_reshape (graph, x, ESHI_SHAPE4 (1, HEIGHT, HEIGHT, WIDTH));
  x = eshi_graph_group_norm (graph, "group", x, vector, vector, 4, 1e-5f, ESHI_ACT_SILU);
  x = eshi_graph_conv2d (graph, "conv", x, kernel, vector, time, NULL, same);
  eshi_graph_output (graph, "result", x, ESHI_DTYPE_F32);
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

/* Fails each call in turn with the driver's @result, and once with none. */
static void
fail_each_call (int result,
                int sticky,
                int expected_code)
{
  int n_calls = 0;
  guint n_expected = 0;

  g_assert_true (run_graph (NULL)); /* the driver is started by the first of all runs only */
  emu.fail_call (0, 0, 0);
  g_assert_true (run_graph (NULL));
  n_calls = emu.count_calls () - N_PARTING_CALLS;
  g_assert_cmpint (emu.count_alive (), ==, 0);

  for (int i = 1; i <= n_calls; i++)
    {
      g_autoptr(GError) error = NULL;

      emu.fail_call (i, result, sticky);
      if (run_graph (&error))
        g_error ("call %d of %d failed, and nobody noticed", i, n_calls);
      n_expected += g_error_matches (error, ESHI_ERROR, expected_code);
      g_assert_cmpint (emu.count_alive (), ==, 0);
    }
  emu.fail_call (0, 0, 0);
  g_test_message ("%d calls, %u of the failures were of the kind expected", n_calls, n_expected);
  g_assert_cmpuint (n_expected, >, n_calls / 3);
}

static void
test_out_of_memory (void)
{
  fail_each_call (2, FALSE, ESHI_ERROR_OUT_OF_MEMORY);
}

static void
test_sticky (void)
{
  fail_each_call (700, TRUE, ESHI_ERROR_DEVICE_LOST);
}

/* --- pictures --- */

static void
paint (const char                  *folder,
       EshiBackend                 *backend,
       const EshiPipelineCallbacks *callbacks,
       EshiPipelineResult          *result)
{
  EshiPipelineParams params = { .prompt = "りんご", .steps = 4, .seed = 3 };
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
  paint (folder, cuda, &callbacks, &again);

  psnr = get_psnr (ours.pictures[0].rgb, theirs.pictures[0].rgb);
  g_test_message ("%d launches of own kernels in a picture of 4 steps", n_launches);
  g_test_message ("parity|cuda, emulated|picture of the embedded model, 4 steps, PSNR in dB (more is better)|"
                  "cpu backend, f32|%.1f|35",
                  psnr);
  g_assert_cmpfloat (psnr, >=, 35);
  g_assert_cmpuint (n_previews, >, 0);
  g_assert_true (g_bytes_equal (ours.pictures[0].rgb, again.pictures[0].rgb));
  close_backend (cpu);
  close_backend (cuda);
  g_assert_cmpint (emu.count_alive (), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  find_controls (g_getenv ("ESHI_CUDA_LIBS"));

  for (guint i = 0; i < G_N_ELEMENTS (lacks); i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/cuda-host/%s", lacks[i].name);

      g_test_add_data_func (path, &lacks[i], test_lack);
    }
  g_test_add_func ("/eshi/cuda-host/each-call/out-of-memory", test_out_of_memory);
  g_test_add_func ("/eshi/cuda-host/each-call/sticky", test_sticky);
  g_test_add_func ("/eshi/cuda-host/picture", test_picture);
  return g_test_run ();
}
