/* eshi-graph-ops.c: one function per op: fills in an EshiOp and appends it. Judges nothing; eshi-op.c does.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>

#include "eshi-graph-private.h"

/* x's type; what it is without x does not matter, since the op will be refused. */
static EshiDType
type_of (const EshiTensor *x)
{
  return x != NULL ? x->dtype : ESHI_DTYPE_F32;
}

EshiTensor *
eshi_graph_conv2d (EshiGraph      *self,
                   const char     *label,
                   EshiTensor     *x,
                   EshiTensor     *weight,
                   EshiTensor     *bias,
                   EshiTensor     *embedding,
                   EshiTensor     *residual,
                   EshiConvParams  params)
{
  EshiOp op = {
    .kind = ESHI_OP_CONV2D,
    .src = { x, weight, bias, embedding, residual },
    .conv = params,
  };

  return _eshi_graph_append (self, label, &op, type_of (x));
}

EshiTensor *
eshi_graph_linear (EshiGraph      *self,
                   const char     *label,
                   EshiTensor     *x,
                   EshiTensor     *weight,
                   EshiTensor     *bias,
                   EshiActivation  act,
                   EshiTensor     *residual)
{
  EshiOp op = {
    .kind = ESHI_OP_LINEAR,
    .src = { x, weight, bias, NULL, residual },
    .act = act,
  };

  return _eshi_graph_append (self, label, &op, type_of (x));
}

EshiTensor *
eshi_graph_geglu (EshiGraph  *self,
                  const char *label,
                  EshiTensor *x,
                  EshiTensor *weight,
                  EshiTensor *bias)
{
  EshiOp op = {
    .kind = ESHI_OP_GEGLU,
    .src = { x, weight, bias },
  };

  return _eshi_graph_append (self, label, &op, type_of (x));
}

EshiTensor *
eshi_graph_group_norm (EshiGraph      *self,
                       const char     *label,
                       EshiTensor     *x,
                       EshiTensor     *weight,
                       EshiTensor     *bias,
                       guint           groups,
                       float           eps,
                       EshiActivation  act)
{
  EshiOp op = {
    .kind = ESHI_OP_GROUP_NORM,
    .src = { x, weight, bias },
    .act = act,
    .norm = { groups, eps },
  };

  return _eshi_graph_append (self, label, &op, type_of (x));
}

EshiTensor *
eshi_graph_layer_norm (EshiGraph  *self,
                       const char *label,
                       EshiTensor *x,
                       EshiTensor *weight,
                       EshiTensor *bias,
                       float       eps)
{
  EshiOp op = {
    .kind = ESHI_OP_LAYER_NORM,
    .src = { x, weight, bias },
    .norm = { 1, eps },
  };

  return _eshi_graph_append (self, label, &op, type_of (x));
}

EshiTensor *
eshi_graph_attention (EshiGraph  *self,
                      const char *label,
                      EshiTensor *q,
                      EshiTensor *k,
                      EshiTensor *v,
                      guint       heads,
                      gboolean    causal)
{
  EshiOp op = {
    .kind = ESHI_OP_ATTENTION,
    .src = { q, k, v },
    .attention = { heads, causal, 1.0f },
  };

  if (q != NULL && q->shape.rank == 3 && heads > 0 && heads <= q->shape.dim[2])
    {
      gint64 head_size = q->shape.dim[2] / heads;

      op.attention.scale = (float) (1 / sqrt ((double) head_size));
    }

  return _eshi_graph_append (self, label, &op, type_of (q));
}

EshiTensor *
eshi_graph_upsample (EshiGraph  *self,
                     const char *label,
                     EshiTensor *x,
                     gint64      height,
                     gint64      width)
{
  EshiTensor size = { .shape = ESHI_SHAPE4 (1, height, width, 1), .dtype = type_of (x) };
  EshiOp op = {
    .kind = ESHI_OP_UPSAMPLE,
    .src = { x },
    .dst = &size,
  };

  return _eshi_graph_append (self, label, &op, type_of (x));
}

/* Whether the backend runs @op, whose x is to be doubled to @height × @width. */
static gboolean
can_double (EshiGraph    *self,
            const EshiOp *op,
            gint64        height,
            gint64        width)
{
  const EshiTensor *x = op->src[ESHI_SRC_X];
  EshiTensor dst = { .storage = ESHI_STORAGE_ACTIVATION, .dtype = type_of (x) };
  EshiOp doubled = *op;

  doubled.dst = &dst;
  return x != NULL && x->shape.rank == 4 && height == 2 * x->shape.dim[1] && width == 2 * x->shape.dim[2] &&
         eshi_op_infer (&doubled, &dst.shape, NULL) && eshi_op_check (&doubled, NULL) &&
         self->backend->klass->why_not (self->backend, &doubled) == NULL;
}

EshiTensor *
eshi_graph_upsample_conv2d (EshiGraph      *self,
                            const char     *label,
                            EshiTensor     *x,
                            gint64          height,
                            gint64          width,
                            EshiTensor     *weight,
                            EshiTensor     *bias,
                            EshiConvParams  params)
{
  EshiOp op = {
    .kind = ESHI_OP_CONV2D,
    .src = { x, weight, bias },
    .conv = params,
  };

  op.conv.doubled = TRUE;
  if (can_double (self, &op, height, width))
    return _eshi_graph_append (self, label, &op, type_of (x));

  x = eshi_graph_upsample (self, label, x, height, width);

  return eshi_graph_conv2d (self, label, x, weight, bias, NULL, NULL, params);
}

EshiTensor *
eshi_graph_concat (EshiGraph  *self,
                   const char *label,
                   EshiTensor *x,
                   EshiTensor *y)
{
  EshiOp op = {
    .kind = ESHI_OP_CONCAT,
    .src = { x, y },
  };

  return _eshi_graph_append (self, label, &op, type_of (x));
}

EshiTensor *
eshi_graph_embedding (EshiGraph  *self,
                      const char *label,
                      EshiTensor *ids,
                      EshiTensor *table,
                      EshiTensor *positions)
{
  EshiOp op = {
    .kind = ESHI_OP_EMBEDDING,
    .src = { ids, table, positions },
  };

  return _eshi_graph_append (self, label, &op, self->compute);
}

EshiTensor *
eshi_graph_time_embedding (EshiGraph  *self,
                           const char *label,
                           EshiTensor *t,
                           gint64      dim)
{
  EshiTensor size = { .shape = ESHI_SHAPE2 (1, dim), .dtype = ESHI_DTYPE_F32 };
  EshiOp op = {
    .kind = ESHI_OP_TIME_EMBEDDING,
    .src = { t },
    .dst = &size,
  };

  return _eshi_graph_append (self, label, &op, ESHI_DTYPE_F32);
}

EshiTensor *
eshi_graph_activation (EshiGraph      *self,
                       const char     *label,
                       EshiTensor     *x,
                       EshiActivation  act)
{
  EshiOp op = {
    .kind = ESHI_OP_ACTIVATION,
    .src = { x },
    .act = act,
  };

  return _eshi_graph_append (self, label, &op, type_of (x));
}

EshiTensor *
eshi_graph_convert (EshiGraph  *self,
                    const char *label,
                    EshiTensor *x,
                    EshiDType   dtype)
{
  EshiOp op = {
    .kind = ESHI_OP_CONVERT,
    .src = { x },
  };

  return _eshi_graph_append (self, label, &op, dtype);
}

EshiTensor *
eshi_graph_guidance (EshiGraph  *self,
                     const char *label,
                     EshiTensor *x,
                     EshiTensor *scale)
{
  EshiOp op = {
    .kind = ESHI_OP_GUIDANCE,
    .src = { x, scale },
  };

  return _eshi_graph_append (self, label, &op, type_of (x));
}

EshiTensor *
eshi_graph_latents_to_rgb (EshiGraph           *self,
                           const char          *label,
                           EshiTensor          *x,
                           const EshiRgbParams *params)
{
  EshiOp op = {
    .kind = ESHI_OP_LATENTS_TO_RGB,
    .src = { x },
    .rgb = *params,
  };

  return _eshi_graph_append (self, label, &op, ESHI_DTYPE_F32);
}

EshiTensor *
eshi_graph_image_to_u8 (EshiGraph  *self,
                        const char *label,
                        EshiTensor *x)
{
  EshiOp op = {
    .kind = ESHI_OP_IMAGE_TO_U8,
    .src = { x },
  };

  return _eshi_graph_append (self, label, &op, ESHI_DTYPE_U8);
}
