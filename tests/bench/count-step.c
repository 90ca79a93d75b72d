/* count-step.c: what a step and a decode are made of: every op of the engine's own graphs at 512 × 512, counted.
 *
 *   count-step [sd|mame]
 *
 * Prints one JSON object a line for ops that are alike: how many there are, their operations, and the bytes that each
 * operand has on a device that computes in f16. Runs nothing and needs no weights. tools/roofline reads it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "backends.h"
#include "fill.h"

typedef struct
{
  const char     *name;
  gint64          side; /* of the latents */
  EshiUnetConfig  unet;
  EshiVaeConfig   vae;
} Model;

static const Model models[] = {
  { "sd", 64,
    { .sample_size = 64, .in_channels = 4, .out_channels = 4, .n_levels = 4,
      .block_out_channels = { 320, 640, 1280, 1280 }, .layers_per_block = { 2, 2, 2, 2 },
      .down_attention = { TRUE, TRUE, TRUE, FALSE }, .up_attention = { FALSE, TRUE, TRUE, TRUE },
      .n_heads = { 8, 8, 8, 8 }, .cross_attention_dim = 768, .norm_num_groups = 32, .norm_eps = 1e-5f },
    { .n_levels = 4, .block_out_channels = { 128, 256, 512, 512 }, .layers_per_block = 2, .latent_channels = 4,
      .norm_num_groups = 32, .sample_size = 512, .scaling_factor = 0.18215, .mid_attention = TRUE, .quant_conv = TRUE,
      .post_quant_conv = TRUE } },
  { "mame", 16,
    { .sample_size = 16, .in_channels = 4, .out_channels = 4, .n_levels = 4,
      .block_out_channels = { 64, 64, 160, 256 }, .layers_per_block = { 1, 1, 1, 1 },
      .down_attention = { FALSE, TRUE, TRUE, FALSE }, .up_attention = { FALSE, TRUE, TRUE, FALSE },
      .n_heads = { 4, 4, 4, 4 }, .cross_attention_dim = 256, .norm_num_groups = 16, .norm_eps = 1e-5f },
    { .n_levels = 4, .block_out_channels = { 32, 32, 64, 128 }, .layers_per_block = 1, .latent_channels = 4,
      .norm_num_groups = 8, .sample_size = 128, .scaling_factor = 0.734693, .mid_attention = TRUE, .quant_conv = TRUE,
      .post_quant_conv = TRUE } },
};

/* Weights are converted to the type of the op's result when they are uploaded; those of norms stay f32. */
static gint64
operand_bytes (const EshiOp     *op,
               const EshiTensor *tensor)
{
  gboolean is_norm = op->kind == ESHI_OP_GROUP_NORM || op->kind == ESHI_OP_LAYER_NORM;
  EshiDType dtype = tensor->dtype;

  if (tensor->storage == ESHI_STORAGE_WEIGHT)
    dtype = is_norm ? ESHI_DTYPE_F32 : op->dst->dtype;
  return eshi_tensor_count (tensor) * (gint64) eshi_dtype_size (dtype);
}

static void
append_shape (GString          *line,
              const char       *name,
              const EshiTensor *tensor)
{
  g_string_append_printf (line, ", \"%s\": [", name);
  for (guint i = 0; i < tensor->shape.rank; i++)
    g_string_append_printf (line, "%s%d", i > 0 ? ", " : "", (int) tensor->shape.dim[i]);
  g_string_append_c (line, ']');
}

/* All of @op that matters to its speed, without the closing brace. (transfer full) */
static char *
describe (const char   *graph,
          const EshiOp *op)
{
  GString *line = g_string_new (NULL);
  gboolean has_weight = op->kind == ESHI_OP_CONV2D || op->kind == ESHI_OP_LINEAR || op->kind == ESHI_OP_GEGLU;
  gint64 weights = 0;
  gint64 read = 0;

  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (op->src[i] != NULL)
      *(op->src[i]->storage == ESHI_STORAGE_WEIGHT ? &weights : &read) += operand_bytes (op, op->src[i]);
  g_string_append_printf (line,
                          "{\"graph\": \"%s\", \"op\": \"%s\", \"type\": \"%s\", \"flops\": %.0f, \"read\": %d, "
                          "\"weights\": %d, \"written\": %d, \"act\": %d",
                          graph, eshi_op_kind_name (op->kind), eshi_dtype_name (op->dst->dtype), eshi_op_flops (op),
                          (int) read, (int) weights, (int) operand_bytes (op, op->dst), op->act);
  append_shape (line, "dst", op->dst);
  append_shape (line, "src", op->src[ESHI_SRC_X]);
  if (has_weight)
    append_shape (line, "weight", op->src[ESHI_SRC_WEIGHT]);
  if (op->kind == ESHI_OP_CONV2D)
    g_string_append_printf (line, ", \"stride\": %u, \"embedding\": %s", op->conv.stride,
                            op->src[ESHI_SRC_EMBEDDING] != NULL ? "true" : "false");
  if (op->kind == ESHI_OP_ATTENTION)
    g_string_append_printf (line, ", \"heads\": %u, \"keys\": %d", op->attention.heads,
                            (int) op->src[ESHI_SRC_K]->shape.dim[1]);
  return g_string_free (line, FALSE);
}

/* Ops that are alike are one line, where the first of them is. */
static void
print_graph (const char *name,
             EshiGraph  *graph)
{
  g_autoptr(GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) order = g_ptr_array_new ();

  for (guint i = 0; i < eshi_graph_n_ops (graph); i++)
    {
      char *line = describe (name, eshi_graph_get_op (graph, i));
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, line));

      if (n == 0)
        g_ptr_array_add (order, line);
      g_hash_table_insert (counts, n == 0 ? line : g_strdup (line), GUINT_TO_POINTER (n + 1));
      if (n > 0)
        g_free (line);
    }
  for (guint i = 0; i < order->len; i++)
    g_print ("%s, \"count\": %u}\n", (const char *) order->pdata[i],
             GPOINTER_TO_UINT (g_hash_table_lookup (counts, order->pdata[i])));
}

static EshiGraph *
new_graph (EshiBackend *backend)
{
  EshiGraph *graph = eshi_graph_new (backend);

  eshi_graph_set_compute (graph, ESHI_DTYPE_F16);
  return graph;
}

/* Both halves of the guidance in one batch, and the guidance after them, as the pipeline has it. */
static void
print_step (EshiBackend *backend,
            const Model *model)
{
  g_autoptr(EshiUnet) unet = fill_new_hollow_unet (&model->unet);
  g_autoptr(EshiGraph) context_graph = new_graph (backend);
  g_autoptr(EshiGraph) graph = new_graph (backend);
  EshiTensor *prompt = eshi_graph_input (context_graph, "context", ESHI_DTYPE_F32,
                                         ESHI_SHAPE3 (2, 77, model->unet.cross_attention_dim));
  EshiTensor *latents = eshi_graph_input (graph, "latents", ESHI_DTYPE_F32,
                                          ESHI_SHAPE4 (1, model->side, model->side, 4));
  EshiTensor *t = eshi_graph_input (graph, "t", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiTensor *scale = eshi_graph_input (graph, "scale", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  EshiUnetContext context = { 0 };
  EshiTensor *noise = NULL;

  eshi_unet_build_context (unet, context_graph, prompt, &context);
  noise = eshi_unet_build_step (unet, graph, latents, t, &context, NULL, NULL);
  eshi_graph_output (graph, "noise", eshi_graph_guidance (graph, "guidance", noise, scale), ESHI_DTYPE_F32);
  print_graph ("step", graph);
  eshi_unet_context_clear (&context);
}

static void
print_decoder (EshiBackend *backend,
               const Model *model)
{
  g_autoptr(EshiVae) vae = fill_new_hollow_vae (&model->vae);
  g_autoptr(EshiGraph) graph = new_graph (backend);
  EshiTensor *z = eshi_graph_input (graph, "z", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, model->side, model->side, 4));
  EshiTensor *x = eshi_vae_build_decoder (vae, graph, z, NULL, NULL);

  eshi_graph_output (graph, "pixels", eshi_graph_image_to_u8 (graph, "pixels", x), ESHI_DTYPE_U8);
  print_graph ("decode", graph);
}

int
main (int    argc,
      char **argv)
{
  const char *wanted = argc > 1 ? argv[1] : "sd";

  for (guint i = 0; i < G_N_ELEMENTS (models); i++)
    if (strcmp (wanted, models[i].name) == 0)
      {
        EshiBackend *backend = open_backend ("ref", ESHI_PRECISION_F32);

        print_step (backend, &models[i]);
        print_decoder (backend, &models[i]);
        close_backend (backend);
        return 0;
      }
  g_printerr ("There is no model called %s.\n", wanted);
  return 2;
}
