/* eshi-cpu-matrix.c: convolutions, linear layers and GEGLU: oneDNN's primitives, or our own product, with their packed
 * weights.
 *
 * A residual is added by oneDNN's "sum" to what dst already holds; where the graph could not give both the same memory
 * it is copied there first, a small fraction of the op's time. The time embedding of a convolution is one number per
 * channel, so it travels in the bias. A 1×1 convolution is a linear layer on pixels. Linear layers on a few f32 rows
 * (the time embedding) are bound by reading weights and run in our own loop. So do all f32 products without AVX-512:
 * oneDNN's pack the weight for every run, and choose their loops, and so their rounding, by the number of threads. With
 * AMX bf16 products run on tiles (eshi-cpu-tile-product.c), which read a residual where it lies.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-backend.h"
#include "eshi-cpu-tile-product.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Rows of f32 up to which our own loop beats oneDNN's. */
#define GEMV_MAX_ROWS 4

/* Bytes of GEGLU's scratch: the product of one block of rows, which should not leave the caches before it is used. But
 * every block reads the whole weight, so where the weight is larger the product may be, too. */
#define GEGLU_BLOCK_BYTES (4 * 1024 * 1024)

/* Channels from which a conversion to oneDNN's own layout pays. */
#define STAGED_MIN_CHANNELS 16

/* Rows of a block are a multiple of this, so that no tile of oneDNN's is cut. */
#define GEGLU_BLOCK_STEP 64

/* Elements converted at a time, each block by one thread. */
#define CONVERT_BLOCK 65536

/* Terms of a weight's row that are converted at a time. */
#define PACK_TERMS 64

typedef struct
{
  EshiCpuPrimitive *primitive;
  EshiCpuPrimitive *tail;      /* GEGLU: for the rows of the last block, if there are fewer */
  EshiCpuPacked    *weight;
  EshiCpuPacked    *tail_weight;
  EshiCpuPacked    *bias;      /* nullable */
  float            *sum;       /* CONV2D with an embedding: bias + embedding [co] */
  gsize             scratch_bytes; /* oneDNN's part of the workspace; then come widened weights, then GEGLU's product */
  gsize             wide_bytes;
  gsize             block_rows; /* GEGLU */
  gboolean          own_product; /* no primitives; @weight is in panels */
  gboolean          tiles;      /* no primitives; @weight is in tiles */
  gboolean          alone;      /* CONV2D: made for one thread and run by one */
  EshiDType         gemv_dtype; /* without a primitive: the type of @weight */
} Plan;

static gsize
round_up (gsize n,
          gsize step)
{
  return (n + step - 1) / step * step;
}

static gboolean
is_bf16 (const EshiTensor *tensor)
{
  return tensor->dtype == ESHI_DTYPE_BF16;
}

static gint64
last_dim (const EshiTensor *tensor)
{
  return tensor->shape.dim[tensor->shape.rank - 1];
}

static void
matrix_unprepare (EshiCpuBackend *self,
                  EshiOp         *op)
{
  Plan *plan = op->plan;

  eshi_cpu_weights_release (self->weights, plan->weight);
  eshi_cpu_weights_release (self->weights, plan->tail_weight);
  eshi_cpu_weights_release (self->weights, plan->bias);
  eshi_cpu_primitive_free (plan->primitive);
  eshi_cpu_primitive_free (plan->tail);
  g_free (plan->sum);
  g_free (plan);
}

/* @weight as @dtype, F32 or BF16, in memory that the next weight uses again: pages that are new for every weight would
 * cost more than the conversion. NULL on failure. */
static void *
convert_weight (EshiCpuBackend    *self,
                const EshiTensor  *weight,
                EshiDType          dtype,
                GError           **error)
{
  gsize n = eshi_tensor_count (weight);
  gsize size = eshi_dtype_size (weight->dtype);
  void *plain = eshi_cpu_weights_scratch (self->weights, n * eshi_dtype_size (dtype), error);

  if (plain == NULL)
    return NULL;
#pragma omp parallel for schedule(static)
  for (gsize i = 0; i < n; i += CONVERT_BLOCK)
    {
      const char *src = (const char *) weight->data + i * size;

      if (dtype == ESHI_DTYPE_BF16)
        eshi_convert_to_bf16 ((guint16 *) plain + i, src, weight->dtype, MIN (CONVERT_BLOCK, n - i));
      else
        eshi_convert_to_f32 ((float *) plain + i, src, weight->dtype, MIN (CONVERT_BLOCK, n - i));
    }
  return plain;
}

/* What the packing of a weight needs to know. */
typedef struct
{
  EshiCpuBackend   *backend;
  EshiCpuPrimitive *primitive;
} Packing;

/* oneDNN packs f32 and the wanted type quickly; anything else is converted first. */
static gboolean
pack_weight (const EshiTensor  *weight,
             void              *dst,
             gpointer           user_data,
             GError           **error)
{
  const Packing *packing = user_data;
  EshiCpuPrimitive *primitive = packing->primitive;
  EshiDType wanted = eshi_cpu_primitive_weights_dtype (primitive);
  gboolean direct = (weight->dtype == ESHI_DTYPE_F32 || weight->dtype == wanted) &&
                    (gsize) weight->data % eshi_dtype_size (weight->dtype) == 0;
  const void *plain = NULL;

  if (direct)
    return eshi_cpu_primitive_pack (primitive, dst, weight->data, weight->dtype, error);
  plain = convert_weight (packing->backend, weight, wanted, error);
  return plain != NULL && eshi_cpu_primitive_pack (primitive, dst, plain, wanted, error);
}

EshiCpuPacked *
_eshi_cpu_pack (EshiCpuBackend    *self,
                const EshiTensor  *weight,
                EshiCpuPrimitive  *primitive,
                GError           **error)
{
  GBytes *form = eshi_cpu_primitive_weights_form (primitive);
  gsize bytes = eshi_cpu_primitive_weights_bytes (primitive);
  Packing packing = { self, primitive };

  if (eshi_cpu_primitive_weights_dtype (primitive) == ESHI_DTYPE_F32)
    return eshi_cpu_weights_get_wide (self->weights, weight, form, bytes, pack_weight, &packing, error);
  return eshi_cpu_weights_get (self->weights, weight, form, bytes, pack_weight, &packing, error);
}

/* Panels of a [n, k] weight; see EshiCpuProduct. @user_data: how wide they are. */
static gboolean
pack_panels (const EshiTensor  *weight,
             void              *dst,
             gpointer           user_data,
             GError           **error)
{
  gsize width = GPOINTER_TO_SIZE (user_data);
  gsize n = weight->shape.dim[0];
  gsize k = eshi_tensor_count (weight) / n;
  gsize size = eshi_dtype_size (weight->dtype);

#pragma omp parallel for schedule(static)
  for (gsize column = 0; column < round_up (n, width); column++)
    {
      float *panel = (float *) dst + column / width * width * k + column % width;
      float terms[PACK_TERMS] = { 0 };

      for (gsize i = 0; i < k; i++)
        {
          if (column < n && i % PACK_TERMS == 0)
            eshi_convert_to_f32 (terms, (const char *) weight->data + (column * k + i) * size, weight->dtype,
                                 MIN (PACK_TERMS, k - i));
          panel[i * width] = terms[i % PACK_TERMS];
        }
    }
  return TRUE;
}

static EshiCpuPacked *
get_panels (EshiCpuBackend    *self,
            const EshiTensor  *weight,
            GError           **error)
{
  g_autoptr(GBytes) form = g_bytes_new_static ("panels", 6);
  gsize n = weight->shape.dim[0];
  gsize width = self->kernels->panel;
  gsize bytes = eshi_tensor_count (weight) / n * round_up (n, width) * sizeof (float);

  return eshi_cpu_weights_get_wide (self->weights, weight, form, bytes, pack_panels, GSIZE_TO_POINTER (width), error);
}

/* What a weight takes in the workspace while it is used. */
static gsize
wide_bytes (const EshiCpuPacked *weight)
{
  return (eshi_cpu_packed_narrow_count (weight) * sizeof (float) + 63) / 64 * 64;
}

/* @weight as the primitive reads it: widened into the workspace, if it was kept narrow. */
static const void *
widen_weight (EshiCpuBackend      *self,
              const Plan          *plan,
              const EshiCpuPacked *weight)
{
  gsize n = eshi_cpu_packed_narrow_count (weight);
  float *wide = (float *) (self->workspace + plan->scratch_bytes);

  if (n == 0)
    return eshi_cpu_packed_data (weight);
  self->kernels->widen (wide, eshi_cpu_packed_data (weight), n, eshi_cpu_packed_narrow_dtype (weight));
  return wide;
}

static const char *
describe_plan (const Plan *plan)
{
  if (plan->tiles)
    return "tiles";
  return plan->own_product ? "product" : eshi_cpu_primitive_implementation (plan->primitive);
}

/* What is left once plan->primitive is there: weight, bias, workspace. */
static gboolean
finish_plan (EshiCpuBackend  *self,
             const EshiOp    *op,
             GError         **error)
{
  Plan *plan = op->plan;

  if (plan->tiles)
    plan->weight = _eshi_cpu_tiles_pack (self, op->src[ESHI_SRC_WEIGHT], op->kind == ESHI_OP_GEGLU, error);
  else if (plan->own_product)
    plan->weight = get_panels (self, op->src[ESHI_SRC_WEIGHT], error);
  else if (plan->primitive != NULL)
    plan->weight = _eshi_cpu_pack (self, op->src[ESHI_SRC_WEIGHT], plan->primitive, error);
  if (plan->weight == NULL)
    return FALSE;
  if (op->src[ESHI_SRC_BIAS] != NULL)
    {
      plan->bias = eshi_cpu_weights_get_f32 (self->weights, op->src[ESHI_SRC_BIAS], error);
      if (plan->bias == NULL)
        return FALSE;
    }
  if (plan->primitive != NULL)
    plan->scratch_bytes = (eshi_cpu_primitive_scratch_bytes (plan->primitive) + 63) / 64 * 64;
  plan->wide_bytes = wide_bytes (plan->weight);
  g_debug ("cpu: %s: %s", op->label, describe_plan (plan));
  return _eshi_cpu_reserve (self, plan->scratch_bytes + plan->wide_bytes, error);
}

/* Makes op->plan ready to multiply by @desc. */
static gboolean
prepare_product (EshiCpuBackend           *self,
                 const EshiOp             *op,
                 const EshiCpuMatmulDesc  *desc,
                 GError                  **error)
{
  Plan *plan = op->plan;

  plan->tiles = op->kind != ESHI_OP_GEGLU && _eshi_cpu_tiles_suit (self, desc->dtype, desc->m, desc->k, desc->n);
  plan->own_product = desc->dtype == ESHI_DTYPE_F32 && self->isa.level < ESHI_CPU_AVX512;
  if (!plan->tiles && !plan->own_product)
    plan->primitive = eshi_cpu_dnnl_new_matmul (self->dnnl, desc, error);
  return finish_plan (self, op, error);
}

/* @args with @m rows of x, by our own product. */
static void
run_product (EshiCpuBackend             *self,
             const EshiOp               *op,
             const EshiCpuPrimitiveArgs *args,
             gsize                       m)
{
  const EshiTensor *weight = op->src[ESHI_SRC_WEIGHT];
  EshiCpuProduct product = { .x = args->src, .weight = args->weights, .bias = args->bias, .dst = args->dst, .m = m,
                             .k = last_dim (op->src[ESHI_SRC_X]), .n = weight->shape.dim[0], .batch = 1, .act = op->act,
                             .accumulate = op->src[ESHI_SRC_RESIDUAL] != NULL };

  self->kernels->product (&product);
}

/* All of @op; a residual is read where it lies. */
static void
run_tiles (const EshiOp               *op,
           const EshiCpuPrimitiveArgs *args)
{
  gsize n = last_dim (op->dst);
  EshiCpuAmxProduct product = { .x = args->src, .weight = args->weights, .bias = args->bias, .dst = args->dst,
                                .residual = _eshi_cpu_data (op->src[ESHI_SRC_RESIDUAL]),
                                .m = eshi_tensor_count (op->dst) / n, .k = last_dim (op->src[ESHI_SRC_X]), .n = n,
                                .act = op->act };

  _eshi_cpu_tiles_run (&product, op->kind == ESHI_OP_GEGLU);
}

/* Without AVX-512, oneDNN convolves channels-last images at half the speed of its own blocked layout once they leave the
 * caches. Two conversions cost a few per cent. */
static gboolean
wants_stages (EshiCpuBackend *self,
              gint64          ci,
              gint64          co)
{
  return self->isa.level < ESHI_CPU_AVX512 && ci >= STAGED_MIN_CHANNELS && co >= STAGED_MIN_CHANNELS;
}

/* Where oneDNN has no convolution for the shape, which no network here asks for, it makes a product of it that rounds as
 * the number of threads has it. One thread always rounds alike. */
static void
make_convolution (EshiCpuBackend         *self,
                  Plan                   *plan,
                  const EshiCpuConvDesc  *desc,
                  GError                **error)
{
  plan->primitive = eshi_cpu_dnnl_new_conv (self->dnnl, desc, error);
  plan->alone = plan->primitive != NULL && strstr (eshi_cpu_primitive_implementation (plan->primitive), "gemm") != NULL;
  if (!plan->alone)
    return;
  eshi_cpu_primitive_free (plan->primitive);
  omp_set_num_threads (1);
  plan->primitive = eshi_cpu_dnnl_new_conv (self->dnnl, desc, error);
  omp_set_num_threads (self->n_threads);
}

static gboolean
conv2d_prepare (EshiCpuBackend  *self,
                EshiOp          *op,
                GError         **error)
{
  const gint64 *x = op->src[ESHI_SRC_X]->shape.dim;
  const gint64 *weight = op->src[ESHI_SRC_WEIGHT]->shape.dim;
  const gint64 *dst = op->dst->shape.dim;
  const EshiConvParams *p = &op->conv;
  gboolean bias = op->src[ESHI_SRC_BIAS] != NULL || op->src[ESHI_SRC_EMBEDDING] != NULL;
  gboolean accumulate = op->src[ESHI_SRC_RESIDUAL] != NULL;
  gboolean pointwise = weight[2] == 1 && weight[3] == 1 && p->stride == 1 &&
                       p->top + p->left + p->bottom + p->right == 0;
  EshiCpuConvDesc conv = { .dtype = op->dst->dtype, .n = x[0], .h = x[1], .w = x[2], .ci = x[3], .h_out = dst[1],
                           .w_out = dst[2], .co = dst[3], .kh = weight[2], .kw = weight[3], .params = *p,
                           .bias = bias, .accumulate = accumulate, .staged = wants_stages (self, x[3], dst[3]) };
  EshiCpuMatmulDesc matmul = { .dtype = op->dst->dtype, .m = x[0] * x[1] * x[2], .k = x[3], .n = dst[3], .bias = bias,
                               .accumulate = accumulate };
  Plan *plan = g_new0 (Plan, 1);

  op->plan = plan;
  if (op->src[ESHI_SRC_EMBEDDING] != NULL)
    plan->sum = g_new0 (float, dst[3]);
  if (pointwise)
    return prepare_product (self, op, &matmul, error);
  make_convolution (self, plan, &conv, error);
  return finish_plan (self, op, error);
}

gboolean
_eshi_cpu_get_bias (EshiCpuBackend  *self,
                    const EshiOp    *op,
                    EshiCpuPacked  **bias,
                    float          **sum,
                    GError         **error)
{
  if (op->src[ESHI_SRC_EMBEDDING] != NULL)
    *sum = g_new0 (float, op->dst->shape.dim[3]);
  if (op->src[ESHI_SRC_BIAS] == NULL)
    return TRUE;
  *bias = eshi_cpu_weights_get_f32 (self->weights, op->src[ESHI_SRC_BIAS], error);
  return *bias != NULL;
}

const float *
_eshi_cpu_sum_bias (const EshiOp *op,
                    const float  *bias,
                    float        *sum)
{
  const float *embedding = _eshi_cpu_data (op->src[ESHI_SRC_EMBEDDING]);

  if (embedding == NULL)
    return bias;
  for (gint64 i = 0; i < op->dst->shape.dim[3]; i++)
    sum[i] = embedding[i] + (bias != NULL ? bias[i] : 0.0f);
  return sum;
}

static gboolean
conv2d_run (EshiCpuBackend  *self,
            const EshiOp    *op,
            GError         **error)
{
  const Plan *plan = op->plan;
  EshiCpuPrimitiveArgs args = { .src = _eshi_cpu_data (op->src[ESHI_SRC_X]),
                                .weights = widen_weight (self, plan, plan->weight),
                                .bias = _eshi_cpu_sum_bias (op, eshi_cpu_packed_data (plan->bias), plan->sum),
                                .dst = _eshi_cpu_data (op->dst), .scratch = self->workspace };

  if (plan->tiles)
    {
      run_tiles (op, &args);
      return TRUE;
    }
  _eshi_cpu_copy_residual (op->src[ESHI_SRC_RESIDUAL], op->dst);
  if (plan->alone)
    omp_set_num_threads (1); /* until the next op, as cpu_run() has it */
  if (!plan->own_product)
    return eshi_cpu_primitive_run (plan->primitive, &args, error);
  run_product (self, op, &args, eshi_tensor_count (op->dst) / last_dim (op->dst));
  return TRUE;
}

static gboolean
prepare_gemv (EshiCpuBackend  *self,
              EshiOp          *op,
              GError         **error)
{
  const EshiTensor *weight = op->src[ESHI_SRC_WEIGHT];
  const EshiTensor *bias = op->src[ESHI_SRC_BIAS];
  gboolean as_is = weight->dtype == ESHI_DTYPE_BF16 || (weight->dtype == ESHI_DTYPE_F16 && self->kernels->f16);
  Plan *plan = op->plan;

  plan->gemv_dtype = as_is ? weight->dtype : ESHI_DTYPE_F32;
  plan->weight = as_is ? eshi_cpu_weights_get_copy (self->weights, weight, error)
                       : eshi_cpu_weights_get_f32 (self->weights, weight, error);
  if (plan->weight == NULL)
    return FALSE;
  if (bias == NULL)
    return TRUE;
  plan->bias = eshi_cpu_weights_get_f32 (self->weights, bias, error);
  return plan->bias != NULL;
}

static gboolean
linear_prepare (EshiCpuBackend  *self,
                EshiOp          *op,
                GError         **error)
{
  gint64 ci = last_dim (op->src[ESHI_SRC_X]);
  gint64 co = last_dim (op->dst);
  EshiCpuMatmulDesc desc = { .dtype = op->dst->dtype, .m = eshi_tensor_count (op->dst) / co, .k = ci, .n = co,
                             .act = op->act, .bias = op->src[ESHI_SRC_BIAS] != NULL,
                             .accumulate = op->src[ESHI_SRC_RESIDUAL] != NULL };
  Plan *plan = g_new0 (Plan, 1);

  op->plan = plan;
  if (desc.m <= GEMV_MAX_ROWS && desc.dtype == ESHI_DTYPE_F32)
    return prepare_gemv (self, op, error);
  return prepare_product (self, op, &desc, error);
}

static gboolean
linear_run (EshiCpuBackend  *self,
            const EshiOp    *op,
            GError         **error)
{
  const Plan *plan = op->plan;
  EshiCpuPrimitiveArgs args = { .src = _eshi_cpu_data (op->src[ESHI_SRC_X]),
                                .weights = widen_weight (self, plan, plan->weight),
                                .bias = eshi_cpu_packed_data (plan->bias), .dst = _eshi_cpu_data (op->dst),
                                .scratch = self->workspace };
  EshiCpuGemv gemv = { .x = args.src, .weight = args.weights, .weight_dtype = plan->gemv_dtype, .bias = args.bias,
                       .residual = _eshi_cpu_data (op->src[ESHI_SRC_RESIDUAL]), .dst = args.dst,
                       .ci = last_dim (op->src[ESHI_SRC_X]), .co = last_dim (op->dst), .act = op->act };

  if (plan->tiles)
    {
      run_tiles (op, &args);
      return TRUE;
    }
  gemv.m = eshi_tensor_count (op->dst) / gemv.co;
  if (plan->primitive != NULL || plan->own_product)
    _eshi_cpu_copy_residual (op->src[ESHI_SRC_RESIDUAL], op->dst);
  if (plan->primitive != NULL)
    return eshi_cpu_primitive_run (plan->primitive, &args, error);
  if (plan->own_product)
    run_product (self, op, &args, gemv.m);
  else
    self->kernels->gemv (&gemv);
  return TRUE;
}

/* Rows of a block, so that the product of one is not larger than both GEGLU_BLOCK_BYTES and two weights. */
static gsize
choose_block (gsize rows,
              gsize row_bytes,
              gsize weight_bytes)
{
  gsize block = MAX (GEGLU_BLOCK_BYTES, 2 * weight_bytes) / row_bytes / GEGLU_BLOCK_STEP * GEGLU_BLOCK_STEP;
  gsize n_blocks = 0;

  block = CLAMP (block, MIN (rows, GEGLU_BLOCK_STEP), rows);
  n_blocks = (rows + block - 1) / block;
  block = ((rows + n_blocks - 1) / n_blocks + GEGLU_BLOCK_STEP - 1) / GEGLU_BLOCK_STEP * GEGLU_BLOCK_STEP;
  return MIN (block, rows);
}

static gboolean
geglu_prepare (EshiCpuBackend  *self,
               EshiOp          *op,
               GError         **error)
{
  gsize co = last_dim (op->dst);
  gsize rows = eshi_tensor_count (op->dst) / co;
  gsize size = eshi_dtype_size (op->dst->dtype);
  EshiCpuMatmulDesc desc = { .dtype = op->dst->dtype, .k = last_dim (op->src[ESHI_SRC_X]), .n = 2 * co, .bias = TRUE };
  Plan *plan = g_new0 (Plan, 1);

  op->plan = plan;
  plan->tiles = _eshi_cpu_tiles_suit (self, desc.dtype, rows, desc.k, co);
  if (plan->tiles)
    return finish_plan (self, op, error);
  plan->block_rows = choose_block (rows, 2 * co * size, 2 * co * desc.k * size);
  desc.m = plan->block_rows;
  if (!prepare_product (self, op, &desc, error))
    return FALSE;
  desc.m = rows % plan->block_rows;
  if (desc.m > 0 && !plan->own_product)
    {
      plan->tail = eshi_cpu_dnnl_new_matmul (self->dnnl, &desc, error);
      if (plan->tail == NULL)
        return FALSE;
      plan->tail_weight = _eshi_cpu_pack (self, op->src[ESHI_SRC_WEIGHT], plan->tail, error);
      if (plan->tail_weight == NULL)
        return FALSE;
      plan->scratch_bytes = MAX (plan->scratch_bytes, eshi_cpu_primitive_scratch_bytes (plan->tail));
      plan->wide_bytes = MAX (plan->wide_bytes, wide_bytes (plan->tail_weight));
    }
  plan->scratch_bytes = (plan->scratch_bytes + 63) / 64 * 64;
  return _eshi_cpu_reserve (self, plan->scratch_bytes + plan->wide_bytes + plan->block_rows * 2 * co * size, error);
}

static gboolean
geglu_run (EshiCpuBackend  *self,
           const EshiOp    *op,
           GError         **error)
{
  const Plan *plan = op->plan;
  EshiCpuPrimitiveArgs all = { .src = _eshi_cpu_data (op->src[ESHI_SRC_X]),
                               .weights = eshi_cpu_packed_data (plan->weight),
                               .bias = eshi_cpu_packed_data (plan->bias), .dst = _eshi_cpu_data (op->dst) };
  gboolean bf16 = is_bf16 (op->dst);
  gsize co = last_dim (op->dst);
  gsize ci = last_dim (op->src[ESHI_SRC_X]);
  gsize rows = eshi_tensor_count (op->dst) / co;
  gsize size = eshi_dtype_size (op->dst->dtype);
  const char *x = _eshi_cpu_data (op->src[ESHI_SRC_X]);
  char *dst = _eshi_cpu_data (op->dst);
  char *product = self->workspace + plan->scratch_bytes + plan->wide_bytes;
  const void *weights = NULL;

  if (plan->tiles)
    {
      run_tiles (op, &all);
      return TRUE;
    }
  weights = widen_weight (self, plan, plan->weight);
  for (gsize row = 0; row < rows; row += plan->block_rows)
    {
      gsize n = MIN (plan->block_rows, rows - row);
      gboolean whole = n == plan->block_rows;
      EshiCpuPrimitiveArgs args = { .src = x + row * ci * size, .weights = weights,
                                    .bias = eshi_cpu_packed_data (plan->bias), .dst = product,
                                    .scratch = self->workspace };

      if (!whole && plan->tail_weight != NULL && plan->tail_weight != plan->weight)
        args.weights = widen_weight (self, plan, plan->tail_weight);
      if (plan->own_product)
        run_product (self, op, &args, n);
      else if (!eshi_cpu_primitive_run (whole ? plan->primitive : plan->tail, &args, error))
        return FALSE;
      self->kernels->geglu (dst + row * co * size, product, n, co, bf16);
    }
  return TRUE;
}

const EshiCpuRow _eshi_cpu_conv2d = { conv2d_prepare, matrix_unprepare, conv2d_run };
const EshiCpuRow _eshi_cpu_linear = { linear_prepare, matrix_unprepare, linear_run };
const EshiCpuRow _eshi_cpu_geglu = { geglu_prepare, matrix_unprepare, geglu_run };
