/* test-cuda-plans.c: NVIDIA's own cuDNN makes a plan for every convolution of Stable Diffusion 1.x, for devices that are
 * described to it and need not be there.
 *
 * Skipped where cuDNN is not installed. Shows that our graphs are what its engines take; not what they compute, nor how
 * fast. With --table the page docs/cuda.md gets its table from here.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <dlfcn.h>
#include <string.h>

#include "backends.h"
#include "eshi-cuda-dnn.h"
#include "fill.h"

/* As eshi-cuda-conv.c has it. */
#define WORKSPACE_BYTES (64 << 20)

/* Devices can be described since then. */
#define OLDEST_VERSION 90600

/* From NVIDIA's data sheets and, per generation, its programming guide. */
typedef struct
{
  const char *name;
  guint       arch;          /* 75 for sm_75 */
  guint       n_processors;
  guint       shared_bytes;  /* that a block may have on request */
  guint       n_threads;     /* of a multiprocessor */
  guint       n_blocks;      /* of a multiprocessor */
  guint       cache_mib, memory_gib;
  guint       clock_mhz, memory_mhz;
} Device;

static const Device devices[] = {
  { "Tesla T4", 75, 40, 65536, 1024, 16, 4, 16, 1590, 5001 },
  { "NVIDIA A100-SXM4-40GB", 80, 108, 166912, 2048, 32, 40, 40, 1410, 1215 },
  { "NVIDIA GeForce RTX 3060", 86, 28, 101376, 1536, 16, 3, 12, 1777, 7501 },
  { "NVIDIA GeForce RTX 3090", 86, 82, 101376, 1536, 16, 6, 24, 1695, 9751 },
  { "NVIDIA GeForce RTX 4090", 89, 128, 101376, 1536, 24, 72, 24, 2520, 10501 },
  { "NVIDIA H100 80GB HBM3", 90, 132, 232448, 2048, 32, 50, 80, 1980, 2619 },
  { "NVIDIA GeForce RTX 5090", 120, 170, 101376, 1536, 24, 96, 32, 2407, 14001 },
};

/* Latents; the last two are the oddest. */
static const struct
{
  const char *name;
  gint64 h, w;
} sizes[] = {
  { "512x512", 64, 64 },
  { "768x512", 64, 96 },
  { "520x504", 63, 65 },
  { "8x8", 1, 1 },
};

static const EshiUnetConfig unet_config = {
  .sample_size = 64,
  .in_channels = 4,
  .out_channels = 4,
  .n_levels = 4,
  .block_out_channels = { 320, 640, 1280, 1280 },
  .layers_per_block = { 2, 2, 2, 2 },
  .down_attention = { TRUE, TRUE, TRUE, FALSE },
  .up_attention = { FALSE, TRUE, TRUE, TRUE },
  .n_heads = { 8, 8, 8, 8 },
  .cross_attention_dim = 768,
  .norm_num_groups = 32,
  .norm_eps = 1e-5f,
};

static const EshiVaeConfig vae_config = {
  .n_levels = 4,
  .block_out_channels = { 128, 256, 512, 512 },
  .layers_per_block = 2,
  .latent_channels = 4,
  .norm_num_groups = 32,
  .sample_size = 512,
  .scaling_factor = 0.18215,
  .mid_attention = TRUE,
  .quant_conv = TRUE,
  .post_quant_conv = TRUE,
};

static EshiCudaDnn dnn;

/* NULL, or why cuDNN cannot be asked. */
static const char *
open_dnn (const char *folder)
{
  static const struct
  {
    const char *name;
    gsize offset;
  } symbols[] = {
#define SYMBOL(result, field, name, params) { name, G_STRUCT_OFFSET (EshiCudaDnn, field) },
    ESHI_CUDA_DNN_FUNCTIONS (SYMBOL)
#undef SYMBOL
  };
  g_autofree char *path = folder != NULL ? g_build_filename (folder, "libcudnn.so.9", NULL) : NULL;
  void *library = path != NULL ? dlopen (path, RTLD_NOW | RTLD_LOCAL) : NULL;

  if (library == NULL)
    return "cuDNN 9 is not installed beside nvcc";
  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++)
    {
      gpointer symbol = dlsym (library, symbols[i].name);

      if (symbol == NULL)
        return "cuDNN lacks a function";
      memcpy ((char *) &dnn + symbols[i].offset, &symbol, sizeof symbol);
    }
  return dnn.get_version () >= OLDEST_VERSION ? NULL : "this cuDNN plans for no device that is only described";
}

/* --- convolutions --- */

/* Adds the convolutions of @graph that are no matrix products; @convs has each shape once. */
static void
collect (EshiGraph  *graph,
         GHashTable *convs)
{
  for (guint i = 0; i < eshi_graph_n_ops (graph); i++)
    {
      const EshiOp *op = eshi_graph_get_op (graph, i);
      EshiCudaConv conv;

      if (op->kind != ESHI_OP_CONV2D)
        continue;
      conv = eshi_cuda_conv_from_op (op);
      if (conv.kh != 1 || conv.kw != 1 || conv.stride != 1)
        g_hash_table_replace (convs, eshi_cuda_conv_describe (&conv), g_memdup2 (&conv, sizeof conv));
    }
}

static EshiGraph *
new_graph (EshiBackend *backend)
{
  EshiGraph *graph = eshi_graph_new (backend);

  eshi_graph_set_compute (graph, ESHI_DTYPE_F16);
  return graph;
}

static void
collect_unet (EshiBackend *backend,
              gint64       h,
              gint64       w,
              GHashTable  *convs)
{
  g_autoptr(EshiUnet) unet = fill_new_hollow_unet (&unet_config);
  g_autoptr(EshiGraph) context_graph = new_graph (backend);
  g_autoptr(EshiGraph) graph = new_graph (backend);
  EshiTensor *prompt = eshi_graph_input (context_graph, "context", ESHI_DTYPE_F32, ESHI_SHAPE3 (2, 77, 768));
  EshiTensor *latents = eshi_graph_input (graph, "latents", ESHI_DTYPE_F32, ESHI_SHAPE4 (2, h, w, 4));
  EshiTensor *t = eshi_graph_input (graph, "t", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiUnetContext context = { 0 };

  eshi_unet_build_context (unet, context_graph, prompt, &context);
  g_assert_nonnull (eshi_unet_build_step (unet, graph, latents, t, &context, NULL, NULL));
  collect (graph, convs);
  eshi_unet_context_clear (&context);
}

static void
collect_vae (EshiBackend *backend,
             gint64       h,
             gint64       w,
             GHashTable  *convs)
{
  g_autoptr(EshiVae) vae = fill_new_hollow_vae (&vae_config);
  g_autoptr(EshiGraph) decoder = new_graph (backend);
  g_autoptr(EshiGraph) encoder = new_graph (backend);
  EshiTensor *z = eshi_graph_input (decoder, "z", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, h, w, 4));
  EshiTensor *image = eshi_graph_input (encoder, "image", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 8 * h, 8 * w, 3));

  g_assert_nonnull (eshi_vae_build_decoder (vae, decoder, z, NULL, NULL));
  g_assert_nonnull (eshi_vae_build_encoder (vae, encoder, image, NULL, NULL));
  collect (decoder, convs);
  collect (encoder, convs);
}

/* The shapes of pictures of size number @index, found once. */
static GHashTable *
get_convs (guint index)
{
  static GHashTable *found[G_N_ELEMENTS (sizes)];
  EshiBackend *backend = NULL;

  if (found[index] != NULL)
    return found[index];
  found[index] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  backend = open_backend ("ref", ESHI_PRECISION_AUTO);
  collect_unet (backend, sizes[index].h, sizes[index].w, found[index]);
  collect_vae (backend, sizes[index].h, sizes[index].w, found[index]);
  close_backend (backend);
  return found[index];
}

/* --- plans --- */

static void *
describe_device (const Device *device)
{
  g_autofree char *json = g_strdup_printf (
    "{\"cudaDeviceId\":0,\"deviceVer\":%u,\"driverVer\":13000,\"deviceName\":\"%s\","
    "\"maxGridSize\":[2147483647,65535,65535],\"maxBlockSize\":[1024,1024,64],\"regsPerBlock\":65536,"
    "\"multiProcessorCount\":%u,\"warpSize\":32,\"maxSharedMemoryPerBlock\":49152,"
    "\"maxSharedMemoryPerBlockOptin\":%u,\"reservedSharedMemoryPerBlock\":%u,\"maxRegistersPerSM\":65536,"
    "\"maxCtasPerSM\":%u,\"maxThreadsPerBlock\":1024,\"maxThreadsPerSM\":%u,\"pciDeviceId\":0,\"isTccDriver\":0,"
    "\"supportCoopLaunch\":1,\"smClockRateKHz\":%u,\"memClockRateKHz\":%u,\"l2CacheSize\":%u,"
    "\"totalGlobalMem\":%" G_GUINT64_FORMAT "}",
    device->arch * 10, device->name, device->n_processors, device->shared_bytes, device->arch >= 80 ? 1024 : 0,
    device->n_blocks, device->n_threads, device->clock_mhz * 1000, device->memory_mhz * 1000, device->cache_mib << 20,
    (guint64) device->memory_gib << 30);
  void *descriptor = NULL;

  g_assert_cmpint (dnn.descriptor_create (ESHI_DNN_DEVICEPROP, &descriptor), ==, 0);
  g_assert_cmpint (dnn.descriptor_set (descriptor, ESHI_DNN_DEVICEPROP_JSON, ESHI_DNN_TYPE_CHAR, (gint64) strlen (json),
                                       json),
                   ==, 0);
  g_assert_cmpint (dnn.descriptor_finalize (descriptor), ==, 0);
  return descriptor;
}

typedef struct
{
  guint  n_convs, n_plans;
  gint64 workspace_bytes; /* the largest */
} Found;

/* A plan that was written can be read again. */
static void
check_kept (const EshiCudaPlanner *planner,
            const EshiCudaDnnPlan *plan)
{
  g_autofree char *json = eshi_cuda_dnn_plan_save (plan);
  EshiCudaDnnPlan *again = NULL;

  g_assert_nonnull (json);
  g_assert_cmpint (eshi_cuda_dnn_plan_load (planner, json, &again), ==, ESHI_DNN_SUCCESS);
  g_assert_cmpint (again->workspace_bytes, ==, plan->workspace_bytes);
  eshi_cuda_dnn_plan_free (again);
}

static void
plan_one (const EshiCudaPlanner *planner,
          const EshiCudaConv    *conv,
          const char            *key,
          Found                 *found)
{
  EshiCudaDnnPlan *plan = NULL;
  int status = eshi_cuda_dnn_plan_new (planner, conv, &plan);

  found->n_convs++;
  if (plan == NULL)
    {
      g_test_message ("no plan (status %d): %s", status, key);
      return;
    }
  found->n_plans++;
  found->workspace_bytes = MAX (found->workspace_bytes, plan->workspace_bytes);
  check_kept (planner, plan);
  eshi_cuda_dnn_plan_free (plan);
}

static Found
plan_all (const Device *device,
          GHashTable   *convs)
{
  EshiCudaPlanner planner = { &dnn, NULL, describe_device (device), WORKSPACE_BYTES };
  Found found = { 0 };
  GHashTableIter iter;
  gpointer key = NULL;
  gpointer conv = NULL;

  g_hash_table_iter_init (&iter, convs);
  while (g_hash_table_iter_next (&iter, &key, &conv))
    plan_one (&planner, conv, key, &found);
  dnn.descriptor_destroy (planner.device);
  return found;
}

static void
test_device (gconstpointer data)
{
  const Device *device = data;
  guint n_convs = 0;
  guint n_plans = 0;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      Found found = plan_all (device, get_convs (i));

      g_assert_cmpuint (found.n_convs, >, 40);
      n_convs += found.n_convs;
      n_plans += found.n_plans;
    }
  g_test_message ("parity|cuda plans|%s, sm_%u: shapes of convolutions without a plan, of %u|"
                  "cuDNN %" G_GSIZE_FORMAT ", device described|%u|0",
                  device->name, device->arch, n_convs, dnn.get_version (), n_convs - n_plans);
  g_assert_cmpuint (n_plans, ==, n_convs);
}

static void
print_table (void)
{
  g_print ("| Device | Picture | Shapes | Planned | Largest workspace |\n|---|---|---|---|---|\n");
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    for (guint k = 0; k < G_N_ELEMENTS (sizes); k++)
      {
        Found found = plan_all (&devices[i], get_convs (k));

        g_print ("| %s, sm_%u | %s | %u | %u | %.1f MiB |\n", devices[i].name, devices[i].arch, sizes[k].name,
                 found.n_convs, found.n_plans, (double) found.workspace_bytes / (1 << 20));
      }
}

static void
test_nothing (gconstpointer why)
{
  g_test_skip (why);
}

int
main (int    argc,
      char **argv)
{
  gboolean wants_table = argc > 1 && strcmp (argv[1], "--table") == 0;
  const char *why = NULL;

  g_test_init (&argc, &argv, NULL);
  why = open_dnn (g_getenv ("ESHI_CUDNN_DIR"));
  if (wants_table && why == NULL)
    {
      print_table ();
      return 0;
    }
  if (why != NULL)
    g_test_add_data_func ("/eshi/cuda-plans/all", why, test_nothing);
  for (guint i = 0; i < G_N_ELEMENTS (devices) && why == NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("/eshi/cuda-plans/%s", devices[i].name);

      g_test_add_data_func (path, &devices[i], test_device);
    }
  return g_test_run ();
}
