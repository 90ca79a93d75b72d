/* eshi-cuda-dnn.c: see eshi-cuda-dnn.h.
 *
 * The graph is convolution, + residual, + bias, in this order: for bias before residual cuDNN has engines only that it
 * compiles when they are asked for, which takes a second each. Between the three, numbers are f32.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cuda-dnn.h"

#include <inttypes.h>

/* What every tensor's address is a multiple of, at the least; bias and embedding lie at multiples of it too. */
#define ALIGNMENT 16

/* Proposals that are looked at in each mode of the heuristics. */
#define MAX_PROPOSALS 64

#define MAX_NOTES 16

/* Descriptors that are made one after the other; the first failure is kept, and nothing is done after it. */
typedef struct
{
  const EshiCudaPlanner *planner;
  int                    status;
  GPtrArray             *parts;
} Build;

static void
free_parts (const EshiCudaDnn *dnn,
            GPtrArray         *parts)
{
  for (guint i = parts->len; i > 0; i--)
    dnn->descriptor_destroy (parts->pdata[i - 1]);
  g_ptr_array_unref (parts);
}

static void *
make (Build *build,
      int    type)
{
  void *descriptor = NULL;

  if (build->status == ESHI_DNN_SUCCESS)
    build->status = build->planner->dnn->descriptor_create (type, &descriptor);
  if (build->status == ESHI_DNN_SUCCESS)
    g_ptr_array_add (build->parts, descriptor);
  return descriptor;
}

static void
set (Build      *build,
     void       *descriptor,
     int         attribute,
     int         type,
     gint64      n_values,
     const void *values)
{
  if (build->status == ESHI_DNN_SUCCESS)
    build->status = build->planner->dnn->descriptor_set (descriptor, attribute, type, n_values, values);
}

static void
set_int (Build *build,
         void  *descriptor,
         int    attribute,
         int    type,
         int    value)
{
  set (build, descriptor, attribute, type, 1, &value);
}

static void
set_part (Build *build,
          void  *descriptor,
          int    attribute,
          void  *part)
{
  set (build, descriptor, attribute, ESHI_DNN_TYPE_DESCRIPTOR, 1, &part);
}

static void
finalize (Build *build,
          void  *descriptor)
{
  if (build->status == ESHI_DNN_SUCCESS)
    build->status = build->planner->dnn->descriptor_finalize (descriptor);
}

EshiCudaConv
eshi_cuda_conv_from_op (const EshiOp *op)
{
  const gint64 *x = op->src[ESHI_SRC_X]->shape.dim;
  const gint64 *weight = op->src[ESHI_SRC_WEIGHT]->shape.dim;
  const gint64 *y = op->dst->shape.dim;

  return (EshiCudaConv) {
    .n = x[0],
    .h = x[1],
    .w = x[2],
    .c = x[3],
    .out_h = y[1],
    .out_w = y[2],
    .out_c = y[3],
    .kh = weight[2],
    .kw = weight[3],
    .stride = op->conv.stride,
    .top = op->conv.top,
    .left = op->conv.left,
    .bottom = op->conv.bottom,
    .right = op->conv.right,
    .has_bias = op->src[ESHI_SRC_BIAS] != NULL || op->src[ESHI_SRC_EMBEDDING] != NULL,
    .has_residual = op->src[ESHI_SRC_RESIDUAL] != NULL,
  };
}

/* --- the graph --- */

/* [n, h, w, c] in memory; cuDNN names the dimensions n, c, h, w. Those inside of the plan are f32. */
static void *
make_tensor (Build  *build,
             gint64  id,
             gint64  n,
             gint64  h,
             gint64  w,
             gint64  c)
{
  gint64 dims[] = { n, c, h, w };
  gint64 strides[] = { h * w * c, 1, w * c, c };
  gint64 alignment = ALIGNMENT;
  guint8 is_virtual = id >= ESHI_DNN_ID_SUMS;
  void *tensor = make (build, ESHI_DNN_TENSOR);

  set_int (build, tensor, ESHI_DNN_TENSOR_DATA_TYPE, ESHI_DNN_TYPE_DATA_TYPE, is_virtual ? ESHI_DNN_F32 : ESHI_DNN_F16);
  set (build, tensor, ESHI_DNN_TENSOR_DIMENSIONS, ESHI_DNN_TYPE_INT64, 4, dims);
  set (build, tensor, ESHI_DNN_TENSOR_STRIDES, ESHI_DNN_TYPE_INT64, 4, strides);
  set (build, tensor, ESHI_DNN_TENSOR_UNIQUE_ID, ESHI_DNN_TYPE_INT64, 1, &id);
  set (build, tensor, ESHI_DNN_TENSOR_ALIGNMENT, ESHI_DNN_TYPE_INT64, 1, &alignment);
  set (build, tensor, ESHI_DNN_TENSOR_IS_VIRTUAL, ESHI_DNN_TYPE_BOOLEAN, 1, &is_virtual);
  finalize (build, tensor);
  return tensor;
}

static void *
make_y (Build              *build,
        const EshiCudaConv *conv,
        gint64              id)
{
  return make_tensor (build, id, conv->n, conv->out_h, conv->out_w, conv->out_c);
}

static void *
make_window (Build              *build,
             const EshiCudaConv *conv)
{
  gint64 n_dims = 2;
  gint64 before[] = { conv->top, conv->left };
  gint64 after[] = { conv->bottom, conv->right };
  gint64 strides[] = { conv->stride, conv->stride };
  gint64 dilations[] = { 1, 1 };
  void *window = make (build, ESHI_DNN_CONVOLUTION);

  set (build, window, ESHI_DNN_CONVOLUTION_SPATIAL_DIMS, ESHI_DNN_TYPE_INT64, 1, &n_dims);
  set_int (build, window, ESHI_DNN_CONVOLUTION_COMPUTE, ESHI_DNN_TYPE_DATA_TYPE, ESHI_DNN_F32);
  set_int (build, window, ESHI_DNN_CONVOLUTION_MODE, ESHI_DNN_TYPE_CONVOLUTION_MODE, ESHI_DNN_CROSS_CORRELATION);
  set (build, window, ESHI_DNN_CONVOLUTION_PRE_PADDINGS, ESHI_DNN_TYPE_INT64, 2, before);
  set (build, window, ESHI_DNN_CONVOLUTION_POST_PADDINGS, ESHI_DNN_TYPE_INT64, 2, after);
  set (build, window, ESHI_DNN_CONVOLUTION_STRIDES, ESHI_DNN_TYPE_INT64, 2, strides);
  set (build, window, ESHI_DNN_CONVOLUTION_DILATIONS, ESHI_DNN_TYPE_INT64, 2, dilations);
  finalize (build, window);
  return window;
}

static void *
make_convolution (Build              *build,
                  const EshiCudaConv *conv,
                  void               *y)
{
  float alpha = 1;
  float beta = 0;
  void *x = make_tensor (build, ESHI_DNN_ID_X, conv->n, conv->h, conv->w, conv->c);
  void *weight = make_tensor (build, ESHI_DNN_ID_WEIGHT, conv->out_c, conv->kh, conv->kw, conv->c);
  void *window = make_window (build, conv);
  void *op = make (build, ESHI_DNN_OPERATION_CONVOLUTION);

  set_part (build, op, ESHI_DNN_CONV_X, x);
  set_part (build, op, ESHI_DNN_CONV_W, weight);
  set_part (build, op, ESHI_DNN_CONV_Y, y);
  set_part (build, op, ESHI_DNN_CONV_DESCRIPTOR, window);
  set (build, op, ESHI_DNN_CONV_ALPHA, ESHI_DNN_TYPE_FLOAT, 1, &alpha);
  set (build, op, ESHI_DNN_CONV_BETA, ESHI_DNN_TYPE_FLOAT, 1, &beta);
  finalize (build, op);
  return op;
}

static void *
make_sum (Build *build,
          void  *x,
          void  *b,
          void  *y)
{
  void *mode = make (build, ESHI_DNN_POINTWISE);
  void *op = NULL;

  set_int (build, mode, ESHI_DNN_POINTWISE_MODE, ESHI_DNN_TYPE_POINTWISE_MODE, ESHI_DNN_MODE_ADD);
  set_int (build, mode, ESHI_DNN_POINTWISE_PRECISION, ESHI_DNN_TYPE_DATA_TYPE, ESHI_DNN_F32);
  finalize (build, mode);
  op = make (build, ESHI_DNN_OPERATION_POINTWISE);
  set_part (build, op, ESHI_DNN_ADD_DESCRIPTOR, mode);
  set_part (build, op, ESHI_DNN_ADD_X, x);
  set_part (build, op, ESHI_DNN_ADD_B, b);
  set_part (build, op, ESHI_DNN_ADD_Y, y);
  finalize (build, op);
  return op;
}

static void *
make_graph (Build              *build,
            const EshiCudaConv *conv)
{
  gboolean alone = !conv->has_bias && !conv->has_residual;
  void *y = make_y (build, conv, alone ? ESHI_DNN_ID_Y : ESHI_DNN_ID_SUMS);
  void *ops[3] = { make_convolution (build, conv, y) };
  gint64 n_ops = 1;
  void *graph = NULL;

  if (conv->has_residual)
    {
      void *sum = make_y (build, conv, conv->has_bias ? ESHI_DNN_ID_WITH_RESIDUAL : ESHI_DNN_ID_Y);

      ops[n_ops++] = make_sum (build, y, make_y (build, conv, ESHI_DNN_ID_RESIDUAL), sum);
      y = sum;
    }
  if (conv->has_bias)
    ops[n_ops++] = make_sum (build, y, make_tensor (build, ESHI_DNN_ID_BIAS, 1, 1, 1, conv->out_c),
                             make_y (build, conv, ESHI_DNN_ID_Y));

  graph = make (build, ESHI_DNN_OPERATIONGRAPH);
  set (build, graph, ESHI_DNN_GRAPH_OPS, ESHI_DNN_TYPE_DESCRIPTOR, n_ops, ops);
  if (build->planner->handle != NULL)
    set (build, graph, ESHI_DNN_GRAPH_HANDLE, ESHI_DNN_TYPE_HANDLE, 1, &build->planner->handle);
  finalize (build, graph);
  return graph;
}

/* --- engines --- */

gboolean
eshi_cuda_dnn_is_refusal (int status)
{
  return status != ESHI_DNN_SUCCESS && status < ESHI_DNN_EXECUTION_FAILED &&
         status != ESHI_DNN_HOST_ALLOCATION_FAILED && status != ESHI_DNN_DEVICE_ALLOCATION_FAILED;
}

/* Whether @engine is compiled, exact and repeatable, by what cuDNN notes about it. */
static gboolean
is_wanted (Build *build,
           void  *engine)
{
  const EshiCudaDnn *dnn = build->planner->dnn;
  int numerical[MAX_NOTES];
  int behaviour[MAX_NOTES];
  gint64 n_numerical = 0;
  gint64 n_behaviour = 0;

  build->status = dnn->descriptor_get (engine, ESHI_DNN_ENGINE_NUMERICAL_NOTE, ESHI_DNN_TYPE_NUMERICAL_NOTE, MAX_NOTES,
                                       &n_numerical, numerical);
  if (build->status == ESHI_DNN_SUCCESS)
    build->status = dnn->descriptor_get (engine, ESHI_DNN_ENGINE_BEHAVIOR_NOTE, ESHI_DNN_TYPE_BEHAVIOR_NOTE, MAX_NOTES,
                                         &n_behaviour, behaviour);
  if (build->status != ESHI_DNN_SUCCESS)
    return FALSE;
  for (gint64 i = 0; i < MIN (n_numerical, MAX_NOTES); i++)
    if (numerical[i] != ESHI_DNN_NOTE_TENSOR_CORE && numerical[i] != ESHI_DNN_NOTE_STRICT_NAN)
      return FALSE;
  for (gint64 i = 0; i < MIN (n_behaviour, MAX_NOTES); i++)
    if (behaviour[i] == ESHI_DNN_NOTE_RUNTIME_COMPILATION)
      return FALSE;
  return TRUE;
}

static void
set_device (Build *build,
            void  *descriptor,
            int    handle_attribute,
            int    device_attribute)
{
  const EshiCudaPlanner *planner = build->planner;

  if (planner->device != NULL)
    set_part (build, descriptor, device_attribute, planner->device);
  else if (handle_attribute >= 0)
    set (build, descriptor, handle_attribute, ESHI_DNN_TYPE_HANDLE, 1, &planner->handle);
}

/* @descriptor as a plan, if it stays within the workspace. */
static EshiCudaDnnPlan *
wrap_plan (Build  *build,
           void   *descriptor,
           gint64  engine)
{
  const EshiCudaPlanner *planner = build->planner;
  EshiCudaDnnPlan *plan = NULL;
  gint64 n_found = 0;
  gint64 bytes = 0;

  if (build->status == ESHI_DNN_SUCCESS)
    build->status = planner->dnn->descriptor_get (descriptor, ESHI_DNN_PLAN_WORKSPACE_BYTES, ESHI_DNN_TYPE_INT64, 1,
                                                  &n_found, &bytes);
  if (build->status == ESHI_DNN_SUCCESS && bytes > planner->max_workspace_bytes)
    build->status = ESHI_DNN_NOT_SUPPORTED;
  if (build->status != ESHI_DNN_SUCCESS)
    return NULL;
  plan = g_new0 (EshiCudaDnnPlan, 1);
  *plan = (EshiCudaDnnPlan) { planner->dnn, descriptor, bytes, engine, g_ptr_array_ref (build->parts) };
  return plan;
}

/* The plan that @config makes, or NULL and build->status. */
static EshiCudaDnnPlan *
try_config (Build *build,
            void  *config)
{
  void *engine = make (build, ESHI_DNN_ENGINE);
  void *descriptor = NULL;
  gint64 index = -1;
  gint64 n_found = 0;

  if (build->status == ESHI_DNN_SUCCESS)
    build->status = build->planner->dnn->descriptor_get (config, ESHI_DNN_ENGINECFG_ENGINE, ESHI_DNN_TYPE_DESCRIPTOR, 1,
                                                         &n_found, &engine);
  if (build->status != ESHI_DNN_SUCCESS || !is_wanted (build, engine))
    {
      if (build->status == ESHI_DNN_SUCCESS)
        build->status = ESHI_DNN_NOT_SUPPORTED;
      return NULL;
    }
  build->status = build->planner->dnn->descriptor_get (engine, ESHI_DNN_ENGINE_INDEX, ESHI_DNN_TYPE_INT64, 1, &n_found,
                                                       &index);
  descriptor = make (build, ESHI_DNN_EXECUTION_PLAN);
  set_device (build, descriptor, ESHI_DNN_PLAN_HANDLE, ESHI_DNN_PLAN_DEVICEPROP);
  set_part (build, descriptor, ESHI_DNN_PLAN_ENGINECFG, config);
  finalize (build, descriptor);
  return wrap_plan (build, descriptor, index);
}

/* Writes the proposals of the heuristics in @mode for @graph, best first; returns how many there are. */
static gint64
propose (Build *build,
         void  *graph,
         int    mode,
         void  *configs[MAX_PROPOSALS])
{
  const EshiCudaDnn *dnn = build->planner->dnn;
  void *heuristics = make (build, ESHI_DNN_ENGINEHEUR);
  gint64 n_there = 0;
  gint64 n_found = 0;

  set_part (build, heuristics, ESHI_DNN_ENGINEHEUR_GRAPH, graph);
  set_int (build, heuristics, ESHI_DNN_ENGINEHEUR_MODE, ESHI_DNN_TYPE_HEUR_MODE, mode);
  set_device (build, heuristics, -1, ESHI_DNN_ENGINEHEUR_DEVICEPROP);
  finalize (build, heuristics);
  if (build->status == ESHI_DNN_SUCCESS)
    build->status = dnn->descriptor_get (heuristics, ESHI_DNN_ENGINEHEUR_RESULTS, ESHI_DNN_TYPE_DESCRIPTOR, 0, &n_there,
                                         NULL);
  n_there = MIN (n_there, MAX_PROPOSALS);
  for (gint64 i = 0; i < n_there; i++)
    configs[i] = make (build, ESHI_DNN_ENGINECFG);
  if (build->status == ESHI_DNN_SUCCESS && n_there > 0)
    build->status = dnn->descriptor_get (heuristics, ESHI_DNN_ENGINEHEUR_RESULTS, ESHI_DNN_TYPE_DESCRIPTOR, n_there,
                                         &n_found, configs);
  return build->status == ESHI_DNN_SUCCESS ? MIN (n_found, n_there) : 0;
}

static EshiCudaDnnPlan *
choose (Build *build,
        void  *graph,
        int    mode)
{
  void *configs[MAX_PROPOSALS];
  EshiCudaDnnPlan *plan = NULL;
  gint64 n_configs = propose (build, graph, mode, configs);

  for (gint64 i = 0; i < n_configs && plan == NULL; i++)
    {
      plan = try_config (build, configs[i]);
      if (plan == NULL && !eshi_cuda_dnn_is_refusal (build->status))
        return NULL;
      build->status = ESHI_DNN_SUCCESS;
    }
  if (plan == NULL && build->status == ESHI_DNN_SUCCESS)
    build->status = ESHI_DNN_NOT_SUPPORTED;
  return plan;
}

/* --- plans --- */

static Build
begin (const EshiCudaPlanner *planner)
{
  return (Build) { planner, ESHI_DNN_SUCCESS, g_ptr_array_new () };
}

/* Gives the parts to @plan, or frees them. */
static int
end (Build           *build,
     EshiCudaDnnPlan *plan)
{
  if (plan == NULL)
    free_parts (build->planner->dnn, build->parts);
  else
    g_ptr_array_unref (build->parts);
  return eshi_cuda_dnn_is_refusal (build->status) ? ESHI_DNN_NOT_SUPPORTED : build->status;
}

int
eshi_cuda_dnn_plan_new (const EshiCudaPlanner  *planner,
                        const EshiCudaConv     *conv,
                        EshiCudaDnnPlan       **plan)
{
  Build build = begin (planner);
  void *graph = make_graph (&build, conv);

  *plan = NULL;
  if (build.status == ESHI_DNN_SUCCESS)
    *plan = choose (&build, graph, ESHI_DNN_HEUR_A);
  if (*plan == NULL && eshi_cuda_dnn_is_refusal (build.status))
    {
      build.status = ESHI_DNN_SUCCESS;
      *plan = choose (&build, graph, ESHI_DNN_HEUR_FALLBACK);
    }
  return end (&build, *plan);
}

int
eshi_cuda_dnn_plan_load (const EshiCudaPlanner  *planner,
                         const char             *json,
                         EshiCudaDnnPlan       **plan)
{
  Build build = begin (planner);
  void *descriptor = make (&build, ESHI_DNN_EXECUTION_PLAN);

  set_device (&build, descriptor, ESHI_DNN_PLAN_HANDLE, ESHI_DNN_PLAN_DEVICEPROP);
  set (&build, descriptor, ESHI_DNN_PLAN_JSON, ESHI_DNN_TYPE_CHAR, (gint64) strlen (json), json);
  finalize (&build, descriptor);
  *plan = wrap_plan (&build, descriptor, -1);
  return end (&build, *plan);
}

char *
eshi_cuda_dnn_plan_save (const EshiCudaDnnPlan *plan)
{
  const EshiCudaDnn *dnn = plan->dnn;
  g_autofree char *json = NULL;
  gint64 n = 0;

  if (dnn->descriptor_get (plan->descriptor, ESHI_DNN_PLAN_JSON, ESHI_DNN_TYPE_CHAR, 0, &n, NULL) != ESHI_DNN_SUCCESS ||
      n <= 0)
    return NULL;
  json = g_malloc0 ((gsize) n + 1);
  if (dnn->descriptor_get (plan->descriptor, ESHI_DNN_PLAN_JSON, ESHI_DNN_TYPE_CHAR, n, &n, json) != ESHI_DNN_SUCCESS)
    return NULL;
  return g_steal_pointer (&json);
}

void
eshi_cuda_dnn_plan_free (EshiCudaDnnPlan *plan)
{
  if (plan == NULL)
    return;
  free_parts (plan->dnn, plan->parts);
  g_free (plan);
}

int
eshi_cuda_dnn_pack_new (const EshiCudaDnn  *dnn,
                        const EshiCuPtr     addresses[ESHI_DNN_ID_SUMS],
                        EshiCuPtr           workspace,
                        void              **pack)
{
  EshiCudaPlanner planner = { .dnn = dnn };
  Build build = begin (&planner);
  gint64 ids[ESHI_DNN_ID_SUMS];
  EshiCuPtr present[ESHI_DNN_ID_SUMS];
  gint64 n = 0;

  for (gint64 id = ESHI_DNN_ID_X; id < ESHI_DNN_ID_SUMS; id++)
    if (addresses[id] != 0)
      {
        ids[n] = id;
        present[n++] = addresses[id];
      }
  *pack = make (&build, ESHI_DNN_VARIANT_PACK);
  set (&build, *pack, ESHI_DNN_VARIANT_UNIQUE_IDS, ESHI_DNN_TYPE_INT64, n, ids);
  set (&build, *pack, ESHI_DNN_VARIANT_POINTERS, ESHI_DNN_TYPE_VOID_PTR, n, present);
  set (&build, *pack, ESHI_DNN_VARIANT_WORKSPACE, ESHI_DNN_TYPE_VOID_PTR, 1, &workspace);
  finalize (&build, *pack);
  if (build.status != ESHI_DNN_SUCCESS)
    {
      free_parts (dnn, build.parts);
      *pack = NULL;
      return build.status;
    }
  g_ptr_array_unref (build.parts);
  return ESHI_DNN_SUCCESS;
}

char *
eshi_cuda_conv_describe (const EshiCudaConv *conv)
{
  return g_strdup_printf ("n%" PRId64 " %" PRId64 "x%" PRId64 "x%" PRId64 " to %" PRId64 "x%" PRId64 "x%" PRId64
                          " by %" PRId64 "x%" PRId64 " stride %" PRId64 " pad %" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
                          "%s%s",
                          conv->n, conv->w, conv->h, conv->c, conv->out_w, conv->out_h, conv->out_c, conv->kw, conv->kh,
                          conv->stride, conv->top, conv->left, conv->bottom, conv->right, conv->has_bias ? " +bias" : "",
                          conv->has_residual ? " +residual" : "");
}
