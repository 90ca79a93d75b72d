/* eshi-op.c: the one place that judges shapes, types and parameters of ops.
 *
 * One rule per kind works out dst's shape and refuses what does not fit. Backends may rely on everything checked here:
 * no NULL in a required slot, no empty or overflowing tensor, weights in host memory. What only the data can tell (an
 * id beyond the table) stays theirs.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <math.h>

#include "eshi-error.h"
#include "eshi-op.h"

/* No tensor of ours comes near; the product with a padding, a kernel or 8 bytes stays far from 2⁶³. */
#define MAX_COUNT (G_GINT64_CONSTANT (1) << 40)
#define MAX_PADDING 4096

typedef enum
{
  ROLE_NONE,
  ROLE_FLOAT,           /* activation in f32, bf16 or f16 */
  ROLE_F32,             /* activation, f32 only */
  ROLE_I32,             /* activation, i32 only */
  ROLE_WEIGHT,          /* weight in host memory, any float type */
  ROLE_NULLABLE = 0x10, /* may be NULL */
} Role;

typedef struct
{
  const char *name;
  guint       role;
} Slot;

typedef gboolean (*InferFunc) (const EshiOp  *op,
                               EshiShape     *shape,
                               GError       **error);

typedef struct
{
  const char *name;
  Slot        slots[ESHI_OP_MAX_SRC];
  InferFunc   infer;
} Rule;

static const Rule rules[ESHI_N_OPS];

static const char *
label_of (const EshiOp *op)
{
  return op->label != NULL ? op->label : "?";
}

const char *
eshi_op_kind_name (EshiOpKind kind)
{
  return kind < ESHI_N_OPS ? rules[kind].name : "?";
}

static void
append_tensor (GString          *string,
               const char       *slot,
               const EshiTensor *tensor)
{
  g_autofree char *shape = NULL;

  if (tensor == NULL || tensor->shape.rank > ESHI_MAX_RANK)
    return;

  shape = eshi_shape_to_string (&tensor->shape);
  g_string_append_printf (string, "%s%s %s %s", string->len > 0 ? ", " : "", slot, shape,
                          eshi_dtype_name (tensor->dtype));
}

char *
eshi_op_describe (const EshiOp *op)
{
  g_autoptr(GString) operands = g_string_new (NULL);

  g_return_val_if_fail (op != NULL, NULL);

  for (guint i = 0; op->kind < ESHI_N_OPS && i < ESHI_OP_MAX_SRC; i++)
    if (rules[op->kind].slots[i].name != NULL)
      append_tensor (operands, rules[op->kind].slots[i].name, op->src[i]);
  append_tensor (operands, "dst", op->dst);

  return g_strdup_printf ("%s (%s: %s)", label_of (op), eshi_op_kind_name (op->kind), operands->str);
}

/* Sets @error from a translated reason, a clause without a full stop; always FALSE. */
static gboolean G_GNUC_PRINTF (3, 4)
refuse (const EshiOp  *op,
        GError       **error,
        const char    *format,
        ...)
{
  g_autofree char *what = eshi_op_describe (op);
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);

  /* Translators: the first is an operation of the network with the shapes of its tensors, the second the reason. */
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("A step of the network does not fit together: %s: %s."),
               what, reason);

  return FALSE;
}

static gboolean
refuse_rank (const EshiOp  *op,
             const char    *slot,
             guint          rank,
             GError       **error)
{
  return refuse (op, error, _("%s must have %u dimensions"), slot, rank);
}

static gboolean
shape_is_sound (const EshiShape *shape)
{
  gint64 count = 1;

  if (shape->rank < 1 || shape->rank > ESHI_MAX_RANK)
    return FALSE;

  for (guint i = 0; i < shape->rank; i++)
    {
      if (shape->dim[i] < 1 || shape->dim[i] > MAX_COUNT / count)
        return FALSE;
      count *= shape->dim[i];
    }

  return TRUE;
}

static gboolean
is_activation_type (EshiDType dtype)
{
  return dtype == ESHI_DTYPE_F32 || dtype == ESHI_DTYPE_BF16 || dtype == ESHI_DTYPE_F16;
}

static gboolean
role_allows (guint             role,
             const EshiTensor *tensor)
{
  switch (role & ~(guint) ROLE_NULLABLE)
    {
    case ROLE_FLOAT:
      return tensor->storage != ESHI_STORAGE_WEIGHT && is_activation_type (tensor->dtype);
    case ROLE_F32:
      return tensor->storage != ESHI_STORAGE_WEIGHT && tensor->dtype == ESHI_DTYPE_F32;
    case ROLE_I32:
      return tensor->storage != ESHI_STORAGE_WEIGHT && tensor->dtype == ESHI_DTYPE_I32;
    case ROLE_WEIGHT:
      return tensor->storage == ESHI_STORAGE_WEIGHT && tensor->data != NULL &&
             (is_activation_type (tensor->dtype) || tensor->dtype == ESHI_DTYPE_F64);
    default:
      return FALSE;
    }
}

static gboolean
check_slot (const EshiOp  *op,
            guint          index,
            GError       **error)
{
  const Slot *slot = &rules[op->kind].slots[index];
  const EshiTensor *tensor = op->src[index];

  if (tensor == NULL)
    {
      if (slot->role == ROLE_NONE || (slot->role & ROLE_NULLABLE) != 0)
        return TRUE;
      return refuse (op, error, _("%s is missing"), slot->name);
    }

  if (slot->role == ROLE_NONE)
    return refuse (op, error, _("it takes no operand number %u"), index);
  if (!shape_is_sound (&tensor->shape))
    return refuse (op, error, _("%s is empty or too large"), slot->name);
  if (!role_allows (slot->role, tensor))
    return refuse (op, error, _("%s cannot be of type %s here"), slot->name, eshi_dtype_name (tensor->dtype));

  return TRUE;
}

/* Whether slot @index is NULL or a vector of @count elements. */
static gboolean
check_vector (const EshiOp  *op,
              guint          index,
              gint64         count,
              GError       **error)
{
  const EshiTensor *tensor = op->src[index];

  if (tensor == NULL || (tensor->shape.rank == 1 && tensor->shape.dim[0] == count))
    return TRUE;

  return refuse (op, error, _("%s must have the shape [%" PRId64 "]"), rules[op->kind].slots[index].name, count);
}

static gboolean
check_residual (const EshiOp     *op,
                const EshiShape  *shape,
                GError          **error)
{
  const EshiTensor *residual = op->src[ESHI_SRC_RESIDUAL];
  g_autofree char *text = NULL;

  if (residual == NULL)
    return TRUE;
  if (residual->dtype != op->src[ESHI_SRC_X]->dtype)
    return refuse (op, error, _("residual must have the type of x"));
  if (eshi_shape_equal (&residual->shape, shape))
    return TRUE;

  text = eshi_shape_to_string (shape);
  return refuse (op, error, _("residual must have the shape %s"), text);
}

static gboolean
check_embedding (const EshiOp  *op,
                 gint64         channels,
                 GError       **error)
{
  const EshiTensor *embedding = op->src[ESHI_SRC_EMBEDDING];
  EshiShape shape = ESHI_SHAPE2 (1, channels);

  if (embedding == NULL || eshi_shape_equal (&embedding->shape, &shape))
    return TRUE;

  return refuse (op, error, _("embedding must have the shape [1, %" PRId64 "]"), channels);
}

static gboolean
infer_conv2d (const EshiOp  *op,
              EshiShape     *shape,
              GError       **error)
{
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;
  const EshiShape *weight = &op->src[ESHI_SRC_WEIGHT]->shape;
  const EshiConvParams *conv = &op->conv;
  gint64 scale = conv->doubled ? 2 : 1;
  gint64 height = 0;
  gint64 width = 0;

  if (x->rank != 4)
    return refuse_rank (op, "x", 4, error);
  if (weight->rank != 4)
    return refuse_rank (op, "weight", 4, error);
  if (weight->dim[1] != x->dim[3])
    return refuse (op, error, _("the weight expects %" PRId64 " channels, but x has %" PRId64),
                   weight->dim[1], x->dim[3]);
  if (conv->stride != 1 && conv->stride != 2)
    return refuse (op, error, _("a stride of %u is neither 1 nor 2"), conv->stride);
  if (MAX (MAX (conv->top, conv->bottom), MAX (conv->left, conv->right)) > MAX_PADDING)
    return refuse (op, error, _("the padding is too large"));

  height = scale * x->dim[1] + conv->top + conv->bottom - weight->dim[2];
  width = scale * x->dim[2] + conv->left + conv->right - weight->dim[3];
  if (height < 0 || width < 0)
    return refuse (op, error, _("the kernel is larger than the padded image"));

  *shape = ESHI_SHAPE4 (x->dim[0], height / conv->stride + 1, width / conv->stride + 1, weight->dim[0]);

  return check_vector (op, ESHI_SRC_BIAS, weight->dim[0], error) &&
         check_embedding (op, weight->dim[0], error) &&
         check_residual (op, shape, error);
}

/* x's shape with @channels in the last place. */
static EshiShape
with_channels (const EshiShape *x,
               gint64           channels)
{
  EshiShape shape = *x;

  shape.dim[shape.rank - 1] = channels;

  return shape;
}

static gboolean
check_matrix (const EshiOp  *op,
              gboolean       allow_1x1,
              GError       **error)
{
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;
  const EshiShape *weight = &op->src[ESHI_SRC_WEIGHT]->shape;
  gboolean is_1x1 = weight->rank == 4 && weight->dim[2] == 1 && weight->dim[3] == 1;

  if (weight->rank != 2 && !(allow_1x1 && is_1x1))
    return refuse_rank (op, "weight", 2, error);
  if (weight->dim[1] != x->dim[x->rank - 1])
    return refuse (op, error, _("the weight expects %" PRId64 " channels, but x has %" PRId64),
                   weight->dim[1], x->dim[x->rank - 1]);

  return check_vector (op, ESHI_SRC_BIAS, weight->dim[0], error);
}

static gboolean
infer_linear (const EshiOp  *op,
              EshiShape     *shape,
              GError       **error)
{
  if (!check_matrix (op, TRUE, error))
    return FALSE;

  *shape = with_channels (&op->src[ESHI_SRC_X]->shape, op->src[ESHI_SRC_WEIGHT]->shape.dim[0]);

  return check_residual (op, shape, error);
}

static gboolean
infer_geglu (const EshiOp  *op,
             EshiShape     *shape,
             GError       **error)
{
  gint64 rows = op->src[ESHI_SRC_WEIGHT]->shape.dim[0];

  if (!check_matrix (op, FALSE, error))
    return FALSE;
  if (rows % 2 != 0)
    return refuse (op, error, _("the weight must have an even number of rows"));

  *shape = with_channels (&op->src[ESHI_SRC_X]->shape, rows / 2);

  return TRUE;
}

static gboolean
check_norm (const EshiOp  *op,
            gint64         channels,
            GError       **error)
{
  if (!(op->norm.eps >= 0.0f) || !isfinite (op->norm.eps))
    return refuse (op, error, _("eps must not be negative"));

  return check_vector (op, ESHI_SRC_WEIGHT, channels, error) &&
         check_vector (op, ESHI_SRC_BIAS, channels, error);
}

static gboolean
infer_group_norm (const EshiOp  *op,
                  EshiShape     *shape,
                  GError       **error)
{
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;

  if (x->rank != 4)
    return refuse_rank (op, "x", 4, error);
  if (op->norm.groups < 1 || x->dim[3] % op->norm.groups != 0)
    return refuse (op, error, _("%" PRId64 " channels cannot be split into %u groups"),
                   x->dim[3], op->norm.groups);

  *shape = *x;

  return check_norm (op, x->dim[3], error);
}

static gboolean
infer_layer_norm (const EshiOp  *op,
                  EshiShape     *shape,
                  GError       **error)
{
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;

  *shape = *x;

  return check_norm (op, x->dim[x->rank - 1], error);
}

static gboolean
infer_attention (const EshiOp  *op,
                 EshiShape     *shape,
                 GError       **error)
{
  const EshiShape *q = &op->src[ESHI_SRC_Q]->shape;
  const EshiShape *k = &op->src[ESHI_SRC_K]->shape;
  const EshiShape *v = &op->src[ESHI_SRC_V]->shape;

  if (q->rank != 3 || k->rank != 3 || v->rank != 3)
    return refuse_rank (op, "q, k, v", 3, error);
  if (!eshi_shape_equal (k, v) || k->dim[0] != q->dim[0] || k->dim[2] != q->dim[2])
    return refuse (op, error, _("k and v must be alike, and like q but for the number of tokens"));
  if (op->src[ESHI_SRC_K]->dtype != op->src[ESHI_SRC_Q]->dtype || op->src[ESHI_SRC_V]->dtype != op->src[ESHI_SRC_Q]->dtype)
    return refuse (op, error, _("q, k and v must be of one type"));
  if (op->attention.heads < 1 || q->dim[2] % op->attention.heads != 0)
    return refuse (op, error, _("%" PRId64 " channels cannot be split into %u heads"),
                   q->dim[2], op->attention.heads);
  if (op->attention.causal && q->dim[1] != k->dim[1])
    return refuse (op, error, _("causal attention needs as many keys as queries"));
  if (!isfinite (op->attention.scale))
    return refuse (op, error, _("the scale is not a number"));

  *shape = *q;

  return TRUE;
}

static gboolean
infer_upsample (const EshiOp  *op,
                EshiShape     *shape,
                GError       **error)
{
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;

  if (x->rank != 4)
    return refuse_rank (op, "x", 4, error);
  if (op->dst == NULL || op->dst->shape.rank != 4)
    return refuse_rank (op, "dst", 4, error);

  *shape = ESHI_SHAPE4 (x->dim[0], op->dst->shape.dim[1], op->dst->shape.dim[2], x->dim[3]);

  return TRUE;
}

static gboolean
infer_concat (const EshiOp  *op,
              EshiShape     *shape,
              GError       **error)
{
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;
  const EshiShape *y = &op->src[ESHI_SRC_Y]->shape;
  EshiShape alike = with_channels (y, x->dim[x->rank - 1]);

  if (x->rank != 4)
    return refuse_rank (op, "x", 4, error);
  if (!eshi_shape_equal (x, &alike) || op->src[ESHI_SRC_X]->dtype != op->src[ESHI_SRC_Y]->dtype)
    return refuse (op, error, _("x and y must be alike but for the number of channels"));

  *shape = with_channels (x, x->dim[3] + y->dim[3]);

  return TRUE;
}

static gboolean
infer_embedding (const EshiOp  *op,
                 EshiShape     *shape,
                 GError       **error)
{
  const EshiShape *ids = &op->src[ESHI_SRC_X]->shape;
  const EshiShape *table = &op->src[ESHI_SRC_TABLE]->shape;
  const EshiShape *positions = &op->src[ESHI_SRC_POSITIONS]->shape;

  if (ids->rank != 2 || table->rank != 2 || positions->rank != 2)
    return refuse_rank (op, "x, table, positions", 2, error);
  if (table->dim[1] != positions->dim[1])
    return refuse (op, error, _("table and positions differ in width"));
  if (positions->dim[0] < ids->dim[1])
    return refuse (op, error, _("there are more tokens than positions"));

  *shape = ESHI_SHAPE3 (ids->dim[0], ids->dim[1], table->dim[1]);

  return TRUE;
}

static gboolean
infer_time_embedding (const EshiOp  *op,
                      EshiShape     *shape,
                      GError       **error)
{
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;

  if (x->rank != 1)
    return refuse_rank (op, "x", 1, error);
  if (op->dst == NULL || op->dst->shape.rank != 2)
    return refuse_rank (op, "dst", 2, error);
  if (op->dst->shape.dim[1] % 2 != 0)
    return refuse (op, error, _("the dimension must be even"));

  *shape = ESHI_SHAPE2 (x->dim[0], op->dst->shape.dim[1]);

  return TRUE;
}

static gboolean
infer_same (const EshiOp  *op,
            EshiShape     *shape,
            GError       **error)
{
  *shape = op->src[ESHI_SRC_X]->shape;

  return TRUE;
}

static gboolean
infer_guidance (const EshiOp  *op,
                EshiShape     *shape,
                GError       **error)
{
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;

  if (x->dim[0] % 2 != 0)
    return refuse (op, error, _("x must hold two halves, without and with the prompt"));
  if (!check_vector (op, ESHI_SRC_SCALE, 1, error))
    return FALSE;

  *shape = *x;
  shape->dim[0] /= 2;

  return TRUE;
}

static gboolean
infer_rgb (const EshiOp  *op,
           EshiShape     *shape,
           GError       **error)
{
  const EshiShape *x = &op->src[ESHI_SRC_X]->shape;
  gint64 channels = op->kind == ESHI_OP_LATENTS_TO_RGB ? 4 : 3;

  if (x->rank != 4)
    return refuse_rank (op, "x", 4, error);
  if (x->dim[3] != channels)
    return refuse (op, error, _("x must have %" PRId64 " channels"), channels);

  *shape = with_channels (x, 3);

  return TRUE;
}

static const Rule rules[ESHI_N_OPS] = {
  [ESHI_OP_CONV2D] = { "conv2d", { { "x", ROLE_FLOAT },
                                   { "weight", ROLE_WEIGHT },
                                   { "bias", ROLE_WEIGHT | ROLE_NULLABLE },
                                   { "embedding", ROLE_F32 | ROLE_NULLABLE },
                                   { "residual", ROLE_FLOAT | ROLE_NULLABLE } }, infer_conv2d },
  [ESHI_OP_LINEAR] = { "linear", { { "x", ROLE_FLOAT },
                                   { "weight", ROLE_WEIGHT },
                                   { "bias", ROLE_WEIGHT | ROLE_NULLABLE },
                                   { NULL, ROLE_NONE },
                                   { "residual", ROLE_FLOAT | ROLE_NULLABLE } }, infer_linear },
  [ESHI_OP_GEGLU] = { "geglu", { { "x", ROLE_FLOAT },
                                 { "weight", ROLE_WEIGHT },
                                 { "bias", ROLE_WEIGHT } }, infer_geglu },
  [ESHI_OP_GROUP_NORM] = { "group-norm", { { "x", ROLE_FLOAT },
                                           { "weight", ROLE_WEIGHT },
                                           { "bias", ROLE_WEIGHT } }, infer_group_norm },
  [ESHI_OP_LAYER_NORM] = { "layer-norm", { { "x", ROLE_FLOAT },
                                           { "weight", ROLE_WEIGHT },
                                           { "bias", ROLE_WEIGHT } }, infer_layer_norm },
  [ESHI_OP_ATTENTION] = { "attention", { { "q", ROLE_FLOAT },
                                         { "k", ROLE_FLOAT },
                                         { "v", ROLE_FLOAT } }, infer_attention },
  [ESHI_OP_UPSAMPLE] = { "upsample", { { "x", ROLE_FLOAT } }, infer_upsample },
  [ESHI_OP_CONCAT] = { "concat", { { "x", ROLE_FLOAT },
                                   { "y", ROLE_FLOAT } }, infer_concat },
  [ESHI_OP_EMBEDDING] = { "embedding", { { "x", ROLE_I32 },
                                         { "table", ROLE_WEIGHT },
                                         { "positions", ROLE_WEIGHT } }, infer_embedding },
  [ESHI_OP_TIME_EMBEDDING] = { "time-embedding", { { "x", ROLE_F32 } }, infer_time_embedding },
  [ESHI_OP_ACTIVATION] = { "activation", { { "x", ROLE_FLOAT } }, infer_same },
  [ESHI_OP_CONVERT] = { "convert", { { "x", ROLE_FLOAT } }, infer_same },
  [ESHI_OP_GUIDANCE] = { "guidance", { { "x", ROLE_FLOAT },
                                       { "scale", ROLE_F32 } }, infer_guidance },
  [ESHI_OP_LATENTS_TO_RGB] = { "latents-to-rgb", { { "x", ROLE_F32 } }, infer_rgb },
  [ESHI_OP_IMAGE_TO_U8] = { "image-to-u8", { { "x", ROLE_FLOAT } }, infer_rgb },
};

gboolean
eshi_op_infer (const EshiOp  *op,
               EshiShape     *shape,
               GError       **error)
{
  EshiShape result = { 0 };

  g_return_val_if_fail (op != NULL && shape != NULL, FALSE);
  g_return_val_if_fail (op->kind < ESHI_N_OPS, FALSE);

  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (!check_slot (op, i, error))
      return FALSE;

  if (!rules[op->kind].infer (op, &result, error))
    return FALSE;
  if (!shape_is_sound (&result))
    return refuse (op, error, _("the result is empty or too large"));

  *shape = result;

  return TRUE;
}

/* The type dst must have, or ESHI_N_DTYPES where any activation type will do. */
static EshiDType
result_type (const EshiOp *op)
{
  if (op->kind == ESHI_OP_EMBEDDING || op->kind == ESHI_OP_CONVERT)
    return ESHI_N_DTYPES;
  if (op->kind == ESHI_OP_IMAGE_TO_U8)
    return ESHI_DTYPE_U8;

  return op->src[0]->dtype;
}

gboolean
eshi_op_check (const EshiOp  *op,
               GError       **error)
{
  EshiShape shape = { 0 };
  EshiDType dtype = ESHI_N_DTYPES;

  if (!eshi_op_infer (op, &shape, error))
    return FALSE;

  if (op->dst == NULL || op->dst->storage == ESHI_STORAGE_WEIGHT)
    return refuse (op, error, _("there is nowhere to write the result"));
  if (!eshi_shape_equal (&op->dst->shape, &shape))
    {
      g_autofree char *text = eshi_shape_to_string (&shape);

      return refuse (op, error, _("dst must have the shape %s"), text);
    }

  dtype = result_type (op);
  if (dtype == ESHI_N_DTYPES ? !is_activation_type (op->dst->dtype) : op->dst->dtype != dtype)
    return refuse (op, error, _("dst cannot be of type %s here"), eshi_dtype_name (op->dst->dtype));
  if (op->act >= ESHI_N_ACTIVATIONS)
    return refuse (op, error, _("there is no activation function number %u"), (guint) op->act);

  return TRUE;
}

/* How many different pixels of x a row of @kernel taps meets. In a doubled x neighbours are equal two by two, so an odd
 * kernel meets half as many and one. */
static gint64
count_taps (const EshiOp *op,
            gint64        kernel)
{
  return op->conv.doubled ? kernel / 2 + 1 : kernel;
}

/* Multiply-adds of the four kinds that do nearly all the work. The others run at the speed of memory, so their few
 * operations per element would say nothing in a profile: they count as moving data. */
double
eshi_op_flops (const EshiOp *op)
{
  const EshiShape *shape = NULL;
  double n_dst = 0;

  g_return_val_if_fail (op != NULL && op->dst != NULL, 0);

  n_dst = (double) eshi_tensor_count (op->dst);
  if (op->kind == ESHI_OP_CONV2D)
    {
      shape = &op->src[ESHI_SRC_WEIGHT]->shape;
      return 2 * n_dst * (double) (shape->dim[1] * count_taps (op, shape->dim[2]) * count_taps (op, shape->dim[3]));
    }
  if (op->kind == ESHI_OP_LINEAR)
    return 2 * n_dst * (double) op->src[ESHI_SRC_WEIGHT]->shape.dim[1];
  if (op->kind == ESHI_OP_GEGLU)
    return 4 * n_dst * (double) op->src[ESHI_SRC_WEIGHT]->shape.dim[1];
  if (op->kind == ESHI_OP_ATTENTION)
    {
      shape = &op->src[ESHI_SRC_K]->shape;
      return 4 * n_dst * (op->attention.causal ? (double) (shape->dim[1] + 1) / 2 : (double) shape->dim[1]);
    }

  return 0;
}
