/* eshi-cuda-matrix.c: LINEAR, GEGLU and CONV2D: cublasLt's matrix products with bias and residual in their epilogue.
 *
 * cublasLt counts columns first, so a product is written as dstᵀ = weight · xᵀ and nothing is transposed. Its GELU is an
 * approximation of ours and its residual would come before the activation, so activations are a kernel of their own;
 * only the short layers of the time embedding and the text encoder have one.
 *
 * A convolution that cuDNN does not do (eshi-cuda-conv.c) is a product too: a kernel writes what each output pixel sees
 * into a row, for as many pixels at a time as fit into COLUMNS_BYTES. One of 1 × 1 needs no such rows.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "eshi-cuda-backend.h"

/* What cublasLt may use besides. */
#define WORKSPACE_BYTES (32 << 20)

#define COLUMNS_BYTES (64 << 20)

/* Of every tensor, as eshi-tensor.h says. */
#define TENSOR_ALIGNMENT 64

/* dst [n_rows, n_out] = x [n_rows, n_in] · weight [n_out, n_in]ᵀ + bias [n_out] + residual [n_rows, n_out] */
typedef struct
{
  gint64      n_rows;
  void       *desc;
  void       *weight;
  void       *x;
  void       *dst;
  gboolean    has_bias;
  EshiLtAlgo  algo;
  gsize       workspace_bytes;
} Product;

/* Plan of the three ops. */
typedef struct
{
  EshiCudaWeight *weight;
  EshiCudaWeight *bias;
  Product         product;    /* CONV2D: of a full part */
  Product         rest;       /* CONV2D: of the last part; n_rows is 0 if all are full */
  EshiCudaConvUse *use;       /* CONV2D: cuDNN's plan; then there are no products */

  /* Where things lie in the scratch; the products' workspace comes last. */
  gsize           sum_offset; /* CONV2D: bias + embedding */
  gsize           work_offset;
} Plan;

static int
lt_type (EshiDType dtype)
{
  return dtype == ESHI_DTYPE_F16 ? ESHI_LT_F16 : ESHI_LT_F32;
}

static void
clear_product (EshiCudaBackend *self,
               Product         *product)
{
  const EshiCudaLt *lt = &self->libs->lt;

  if (product->desc != NULL)
    lt->desc_destroy (product->desc);
  if (product->weight != NULL)
    lt->layout_destroy (product->weight);
  if (product->x != NULL)
    lt->layout_destroy (product->x);
  if (product->dst != NULL)
    lt->layout_destroy (product->dst);
}

static gboolean
describe_product (EshiCudaBackend  *self,
                  Product          *product,
                  EshiDType         dtype,
                  gint64            n_out,
                  gint64            n_in,
                  EshiCuPtr         bias,
                  GError          **error)
{
  const EshiCudaLt *lt = &self->libs->lt;
  int transposed = ESHI_LT_OP_T;
  int epilogue = ESHI_LT_EPILOGUE_BIAS;
  int type = lt_type (dtype);

  return _eshi_cuda_check_lt (self, lt->desc_create (&product->desc, ESHI_LT_COMPUTE_F32, ESHI_LT_F32), error) &&
         _eshi_cuda_check_lt (self, lt->desc_set (product->desc, ESHI_LT_DESC_TRANSA, &transposed, sizeof transposed),
                              error) &&
         (bias == 0 ||
          (_eshi_cuda_check_lt (self, lt->desc_set (product->desc, ESHI_LT_DESC_EPILOGUE, &epilogue, sizeof epilogue),
                                error) &&
           _eshi_cuda_check_lt (self, lt->desc_set (product->desc, ESHI_LT_DESC_BIAS_POINTER, &bias, sizeof bias),
                                error))) &&
         _eshi_cuda_check_lt (self, lt->layout_create (&product->weight, type, n_in, n_out, n_in), error) &&
         _eshi_cuda_check_lt (self, lt->layout_create (&product->x, type, n_in, product->n_rows, n_in), error) &&
         _eshi_cuda_check_lt (self, lt->layout_create (&product->dst, type, n_out, product->n_rows, n_out), error);
}

/* What an algorithm may use and rely on: tensors begin at multiples of TENSOR_ALIGNMENT, and the parts of a convolution's
 * result at whole rows. */
static int
set_preference (EshiCudaBackend *self,
                void            *preference,
                gsize            dst_row_bytes)
{
  const EshiCudaLt *lt = &self->libs->lt;
  size_t bytes = WORKSPACE_BYTES;
  guint32 of_tensor = TENSOR_ALIGNMENT;
  guint32 of_dst = (guint32) MIN (dst_row_bytes & -dst_row_bytes, TENSOR_ALIGNMENT);
  int status = lt->preference_set (preference, ESHI_LT_PREF_WORKSPACE_BYTES, &bytes, sizeof bytes);

  for (int which = ESHI_LT_PREF_ALIGNMENT_A; which <= ESHI_LT_PREF_ALIGNMENT_D && status == ESHI_LT_SUCCESS; which++)
    {
      gboolean is_dst = which == ESHI_LT_PREF_ALIGNMENT_C || which == ESHI_LT_PREF_ALIGNMENT_D;

      status = lt->preference_set (preference, which, is_dst ? &of_dst : &of_tensor, sizeof of_dst);
    }
  return status;
}

static gboolean
choose_algorithm (EshiCudaBackend  *self,
                  Product          *product,
                  gsize             dst_row_bytes,
                  GError          **error)
{
  const EshiCudaLt *lt = &self->libs->lt;
  EshiLtHeuristic found = { .state = ESHI_LT_NOT_SUPPORTED };
  void *preference = NULL;
  int n_found = 0;
  int status = lt->preference_create (&preference);

  if (status == ESHI_LT_SUCCESS)
    status = set_preference (self, preference, dst_row_bytes);
  if (status == ESHI_LT_SUCCESS)
    status = lt->get_heuristic (self->lt, product->desc, product->weight, product->x, product->dst, product->dst,
                                preference, 1, &found, &n_found);
  if (preference != NULL)
    lt->preference_destroy (preference);
  if (status == ESHI_LT_SUCCESS)
    status = n_found > 0 ? found.state : ESHI_LT_NOT_SUPPORTED;
  product->algo = found.algo;
  product->workspace_bytes = found.workspace_bytes;
  return _eshi_cuda_check_lt (self, status, error);
}

/* @bias: any address of a bias, so that an algorithm is chosen which adds one; 0 for none. */
static gboolean
prepare_product (EshiCudaBackend  *self,
                 Product          *product,
                 EshiDType         dtype,
                 gint64            n_rows,
                 gint64            n_out,
                 gint64            n_in,
                 EshiCuPtr         bias,
                 GError          **error)
{
  product->n_rows = n_rows;
  product->has_bias = bias != 0;
  return describe_product (self, product, dtype, n_out, n_in, bias, error) &&
         choose_algorithm (self, product, (gsize) n_out * eshi_dtype_size (dtype), error);
}

/* @residual 0: none. It may be @dst. */
static gboolean
run_product (EshiCudaBackend  *self,
             const Plan       *plan,
             const Product    *product,
             EshiCuPtr         dst,
             EshiCuPtr         x,
             EshiCuPtr         bias,
             EshiCuPtr         residual,
             GError          **error)
{
  const EshiCudaLt *lt = &self->libs->lt;
  float alpha = 1;
  float beta = residual != 0;
  int status = ESHI_LT_SUCCESS;

  if (product->has_bias)
    status = lt->desc_set (product->desc, ESHI_LT_DESC_BIAS_POINTER, &bias, sizeof bias);
  if (status == ESHI_LT_SUCCESS)
    status = lt->matmul (self->lt, product->desc, &alpha, plan->weight->address, product->weight, x, product->x, &beta,
                         residual != 0 ? residual : dst, product->dst, dst, product->dst, &product->algo,
                         self->lane->scratch + plan->work_offset, product->workspace_bytes, self->lane->stream);
  return _eshi_cuda_check_lt (self, status, error);
}

static void
unprepare_matrix (EshiCudaBackend *self,
                  EshiOp          *op)
{
  Plan *plan = op->plan;

  clear_product (self, &plan->product);
  clear_product (self, &plan->rest);
  _eshi_cuda_conv_unprepare (self, plan->use);
  _eshi_cuda_weight_release (self, plan->weight);
  _eshi_cuda_weight_release (self, plan->bias);
  g_free (plan);
}

static gboolean
get_weights (EshiCudaBackend  *self,
             EshiOp           *op,
             Plan             *plan,
             gboolean          by_tap,
             GError          **error)
{
  return _eshi_cuda_weight_get (self, &plan->weight, op->src[ESHI_SRC_WEIGHT], op->dst->dtype, by_tap, error) &&
         _eshi_cuda_weight_get (self, &plan->bias, op->src[ESHI_SRC_BIAS], op->dst->dtype, FALSE, error);
}

static EshiCuPtr
bias_address (const Plan *plan)
{
  return plan->bias != NULL ? plan->bias->address : 0;
}

/* LINEAR and GEGLU. What an activation is still to be applied to goes into the scratch. */
static gboolean
prepare_linear (EshiCudaBackend  *self,
                EshiOp           *op,
                GError          **error)
{
  Plan *plan = g_new0 (Plan, 1);
  const EshiShape *weight = &op->src[ESHI_SRC_WEIGHT]->shape;
  gint64 n_rows = eshi_tensor_count (op->src[ESHI_SRC_X]) / weight->dim[1];

  op->plan = plan;
  if (op->kind == ESHI_OP_GEGLU || op->act != ESHI_ACT_NONE)
    plan->work_offset = _eshi_cuda_align ((gsize) (n_rows * weight->dim[0]) * eshi_dtype_size (op->dst->dtype));
  return get_weights (self, op, plan, FALSE, error) &&
         prepare_product (self, &plan->product, op->dst->dtype, n_rows, weight->dim[0], weight->dim[1],
                          bias_address (plan), error) &&
         _eshi_cuda_reserve (self, plan->work_offset + plan->product.workspace_bytes, error);
}

static gboolean
run_linear (EshiCudaBackend  *self,
            const EshiOp     *op,
            GError          **error)
{
  const Plan *plan = op->plan;
  const char *pack = _eshi_cuda_pack (op->dst->dtype, eshi_tensor_count (op->dst));
  g_autofree char *name = g_strconcat ("eshi_finish_", pack, NULL);
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr residual = _eshi_cuda_data (op->src[ESHI_SRC_RESIDUAL]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  EshiCuPtr raw = self->lane->scratch;
  gint64 n = eshi_tensor_count (op->dst);
  int act = op->act;
  void *params[] = { &dst, &raw, &residual, &n, &act };

  if (op->act == ESHI_ACT_NONE)
    return run_product (self, plan, &plan->product, dst, x, bias_address (plan), residual, error);
  return run_product (self, plan, &plan->product, raw, x, bias_address (plan), 0, error) &&
         _eshi_cuda_launch (self, name, _eshi_cuda_line (n / _eshi_cuda_pack_size (pack)), params, error);
}

static gboolean
run_geglu (EshiCudaBackend  *self,
           const EshiOp     *op,
           GError          **error)
{
  const Plan *plan = op->plan;
  gint64 n_out = op->dst->shape.dim[op->dst->shape.rank - 1];
  const char *pack = _eshi_cuda_pack (op->dst->dtype, n_out);
  g_autofree char *name = g_strconcat ("eshi_geglu_", pack, NULL);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  EshiCuPtr raw = self->lane->scratch;
  gint64 n = eshi_tensor_count (op->dst);
  void *params[] = { &dst, &raw, &n, &n_out };

  return run_product (self, plan, &plan->product, raw, _eshi_cuda_data (op->src[ESHI_SRC_X]), bias_address (plan), 0,
                      error) &&
         _eshi_cuda_launch (self, name, _eshi_cuda_line (n / _eshi_cuda_pack_size (pack)), params, error);
}

/* --- convolutions --- */

/* Whether the image is its own matrix of columns. */
static gboolean
is_linear (const EshiOp *op)
{
  const EshiShape *weight = &op->src[ESHI_SRC_WEIGHT]->shape;

  return weight->dim[2] == 1 && weight->dim[3] == 1 && op->conv.stride == 1 &&
         (op->conv.top | op->conv.left | op->conv.bottom | op->conv.right) == 0;
}

static gint64
count_pixels (const EshiOp *op)
{
  return op->dst->shape.dim[0] * op->dst->shape.dim[1] * op->dst->shape.dim[2];
}

/* Convolutions as matrix products. */
static gboolean
prepare_parts (EshiCudaBackend  *self,
               EshiOp           *op,
               GError          **error)
{
  Plan *plan = op->plan;
  const EshiShape *weight = &op->src[ESHI_SRC_WEIGHT]->shape;
  EshiDType dtype = op->dst->dtype;
  gint64 n_out = weight->dim[0];
  gint64 n_in = weight->dim[1] * weight->dim[2] * weight->dim[3];
  gsize row_bytes = (gsize) n_in * eshi_dtype_size (dtype);
  gint64 n_pixels = count_pixels (op);
  gint64 n_rows = is_linear (op) ? n_pixels : CLAMP ((gint64) (COLUMNS_BYTES / row_bytes), 1, n_pixels);
  gboolean has_bias = op->src[ESHI_SRC_BIAS] != NULL || op->src[ESHI_SRC_EMBEDDING] != NULL;

  plan->sum_offset = is_linear (op) ? 0 : _eshi_cuda_align ((gsize) n_rows * row_bytes);
  plan->work_offset = plan->sum_offset + _eshi_cuda_align ((gsize) n_out * eshi_dtype_size (dtype));
  return prepare_product (self, &plan->product, dtype, n_rows, n_out, n_in, has_bias ? plan->weight->address : 0,
                          error) &&
         (n_pixels % n_rows == 0 ||
          prepare_product (self, &plan->rest, dtype, n_pixels % n_rows, n_out, n_in,
                           has_bias ? plan->weight->address : 0, error)) &&
         _eshi_cuda_reserve (self, plan->work_offset + MAX (plan->product.workspace_bytes, plan->rest.workspace_bytes),
                             error);
}

static gboolean
prepare_conv2d (EshiCudaBackend  *self,
                EshiOp           *op,
                GError          **error)
{
  Plan *plan = g_new0 (Plan, 1);

  op->plan = plan;
  if (!get_weights (self, op, plan, TRUE, error) ||
      (!is_linear (op) && !_eshi_cuda_conv_prepare (self, op, &plan->use, error)))
    return FALSE;
  if (plan->use == NULL)
    return prepare_parts (self, op, error);
  plan->work_offset = _eshi_cuda_align ((gsize) op->dst->shape.dim[3] * eshi_dtype_size (op->dst->dtype));
  return _eshi_cuda_reserve (self, plan->work_offset + _eshi_cuda_conv_scratch (plan->use), error);
}

/* What is added to every pixel: the bias, the embedding, or in the scratch both. */
static gboolean
find_bias (EshiCudaBackend  *self,
           const EshiOp     *op,
           EshiCuPtr        *bias,
           GError          **error)
{
  const Plan *plan = op->plan;
  EshiCuPtr embedding = _eshi_cuda_data (op->src[ESHI_SRC_EMBEDDING]);
  EshiCuPtr own = bias_address (plan);
  gint64 n = op->dst->shape.dim[3];
  void *params[] = { bias, &own, &embedding, &n };

  *bias = own;
  if (embedding == 0)
    return TRUE;
  *bias = self->lane->scratch + plan->sum_offset;
  return _eshi_cuda_launch (self, op->dst->dtype == ESHI_DTYPE_F16 ? "eshi_vector_sum_h" : "eshi_vector_sum_f",
                            _eshi_cuda_line (n), params, error);
}

/* Writes the rows of @n_rows pixels from @first on into the scratch. */
static gboolean
gather (EshiCudaBackend  *self,
        const EshiOp     *op,
        gint64            first,
        gint64            n_rows,
        GError          **error)
{
  const gint64 *x = op->src[ESHI_SRC_X]->shape.dim;
  const gint64 *weight = op->src[ESHI_SRC_WEIGHT]->shape.dim;
  gint64 unit = _eshi_cuda_unit ((gsize) x[3] * eshi_dtype_size (op->dst->dtype));
  g_autofree char *name = g_strdup_printf ("eshi_columns_%d", (int) unit);
  EshiCudaColumns columns = {
    .h = x[1],
    .w = x[2],
    .c = x[3] * (gint64) eshi_dtype_size (op->dst->dtype) / unit,
    .out_h = op->dst->shape.dim[1],
    .out_w = op->dst->shape.dim[2],
    .kh = (gint32) weight[2],
    .kw = (gint32) weight[3],
    .stride = (gint32) op->conv.stride,
    .top = (gint32) op->conv.top,
    .left = (gint32) op->conv.left,
    .first = first,
    .n_rows = n_rows,
  };
  EshiCuPtr src = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  void *params[] = { &self->lane->scratch, &src, &columns };

  return _eshi_cuda_launch (self, name, _eshi_cuda_line (n_rows * columns.kh * columns.kw * columns.c), params, error);
}

/* The output pixels from @first on that @product makes. */
static gboolean
run_part (EshiCudaBackend  *self,
          const EshiOp     *op,
          const Product    *product,
          gint64            first,
          EshiCuPtr         bias,
          GError          **error)
{
  gsize offset = (gsize) (first * op->dst->shape.dim[3]) * eshi_dtype_size (op->dst->dtype);
  EshiCuPtr residual = _eshi_cuda_data (op->src[ESHI_SRC_RESIDUAL]);
  EshiCuPtr x = is_linear (op) ? _eshi_cuda_data (op->src[ESHI_SRC_X]) : self->lane->scratch;

  return (is_linear (op) || gather (self, op, first, product->n_rows, error)) &&
         run_product (self, op->plan, product, _eshi_cuda_data (op->dst) + offset, x, bias,
                      residual != 0 ? residual + offset : 0, error);
}

static gboolean
run_conv2d (EshiCudaBackend  *self,
            const EshiOp     *op,
            GError          **error)
{
  const Plan *plan = op->plan;
  gint64 n_pixels = count_pixels (op);
  gint64 first = 0;
  EshiCuPtr bias = 0;

  if (!find_bias (self, op, &bias, error))
    return FALSE;
  if (plan->use != NULL)
    return _eshi_cuda_conv_run (self, op, plan->use, plan->weight->address, bias, self->lane->scratch + plan->work_offset,
                                error);
  for (; first + plan->product.n_rows <= n_pixels; first += plan->product.n_rows)
    if (!run_part (self, op, &plan->product, first, bias, error))
      return FALSE;
  return plan->rest.n_rows == 0 || run_part (self, op, &plan->rest, first, bias, error);
}

const EshiCudaRow _eshi_cuda_linear = { NULL, prepare_linear, unprepare_matrix, run_linear };
const EshiCudaRow _eshi_cuda_geglu = { NULL, prepare_linear, unprepare_matrix, run_geglu };
const EshiCudaRow _eshi_cuda_conv2d = { NULL, prepare_conv2d, unprepare_matrix, run_conv2d };
