/* test-cuda-host.c: the CUDA backend's host side on stand-ins of NVIDIA's libraries: what it says when something is
 * missing, and that every call may fail.
 *
 * The kernels have the table of ops for themselves (test-kernels). Nothing here shows how fast anything is.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "emu-network.h"
#include "emu-rig.h"

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
  if (emu_rig_get_class ()->probe (&info, &error))
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

/* A network that has each kind of plan. */
static EshiGraph *
build_graph (EshiBackend *backend,
             GPtrArray   *weights)
{
  EshiGraph *graph = eshi_graph_new (backend);
  EshiTensor *square = emu_network_add_weight (weights, ESHI_SHAPE2 (EMU_WIDTH, EMU_WIDTH));
  EshiTensor *ids = eshi_graph_input (graph, "ids", ESHI_DTYPE_I32, ESHI_SHAPE2 (1, EMU_N_TOKENS));
  EshiTensor *t = eshi_graph_input (graph, "t", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiTensor *time = eshi_graph_time_embedding (graph, "time", t, EMU_WIDTH);

  emu_network_build (graph, weights, eshi_graph_embedding (graph, "embedding", ids, square, square), time);
  return graph;
}

/* Opens, prepares, runs and reads; FALSE and @error if a call failed. */
static gboolean
run_graph (GError **error)
{
  g_autoptr(GPtrArray) weights = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_tensor_free);
  const EshiBackendClass *klass = emu_rig_get_class ();
  EshiBackend *backend = klass->open (NULL, error);
  EshiGraph *graph = NULL;
  gint32 ids[EMU_N_TOKENS] = { 0 };
  float t = 10;
  float result[EMU_HEIGHT * EMU_HEIGHT * EMU_WIDTH];
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

/* --- calls that fail --- */

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
    g_free (emu_rig_forget_plans ());
  emu.fail_call (0, 0, 0);
  g_assert_true (run_graph (NULL));
  n_calls = emu.count_calls () - EMU_N_PARTING_CALLS;
  emu_rig_assert_nothing_alive ();

  for (int i = 1; i <= n_calls; i++)
    {
      g_autoptr(GError) error = NULL;

      if (!kept)
        g_free (emu_rig_forget_plans ());
      emu.fail_call (i, result, sticky);
      if (run_graph (&error))
        n_unnoticed++;
      n_expected += g_error_matches (error, ESHI_ERROR, expected_code);
      emu_rig_assert_nothing_alive ();
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

  g_free (emu_rig_forget_plans ());
  emu.dnn_fail_call (0, 0);
  g_assert_true (run_graph (NULL));
  n_calls = emu.dnn_count_calls ();
  for (int i = 1; i <= n_calls; i++)
    {
      g_autoptr(GError) error = NULL;
      gboolean done = FALSE;

      g_free (emu_rig_forget_plans ());
      emu.dnn_fail_call (i, REFUSED);
      done = run_graph (&error);
      g_assert_true (done == (i <= n_calls - N_RUNNING_CALLS));
      g_assert_true (done || g_error_matches (error, ESHI_ERROR, ESHI_ERROR_FAILED));
      emu_rig_assert_nothing_alive ();
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

  g_free (emu_rig_forget_plans ());
  n_new = count_dnn_calls ();
  n_kept = count_dnn_calls ();
  g_test_message ("%d calls of cuDNN's with a new plan, %d with one that was kept", n_new, n_kept);
  g_assert_cmpint (n_kept, <, n_new / 4);

  path = emu_rig_forget_plans ();
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
  emu_rig_assert_nothing_alive ();
}

int
main (int    argc,
      char **argv)
{
  emu_rig_init (&argc, &argv);

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

  return emu_rig_run ();
}
