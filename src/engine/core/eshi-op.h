/* eshi-op.h: the dozen and a half operations that every network here is written in, and the check of their shapes.
 *
 * An op is data: its kind, the tensors it reads and writes, and its parameters. Backends run it; eshi_op_check() is
 * the only place where shapes and types are judged, so errors read the same on each of them. Activations are channels
 * last and contiguous; weights keep the reference's layout.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-tensor.h"

G_BEGIN_DECLS

typedef enum
{
  ESHI_OP_CONV2D,         /* dst = conv (x, weight) + bias + embedding + residual */
  ESHI_OP_LINEAR,         /* dst = act (x · weightᵀ + bias) + residual */
  ESHI_OP_GEGLU,          /* [a, g] = x · weightᵀ + bias; dst = a · gelu_erf (g) */
  ESHI_OP_GROUP_NORM,     /* dst = act ((x − mean) / √(var + eps) · weight + bias), statistics per n and group */
  ESHI_OP_LAYER_NORM,     /* the same over the last dimension */
  ESHI_OP_ATTENTION,      /* dst = softmax (q · kᵀ · scale [+ causal mask]) · v, per head */
  ESHI_OP_UPSAMPLE,       /* nearest neighbour to dst's h and w: source = floor (y · h_in / h_out) */
  ESHI_OP_CONCAT,         /* [x, y] on channels */
  ESHI_OP_EMBEDDING,      /* dst[n, t] = table[ids[n, t]] + positions[t] */
  ESHI_OP_TIME_EMBEDDING, /* dst = [cos (t·f_k), sin (t·f_k)], f_k = exp (−ln 10000 · k / (dim / 2)) */
  ESHI_OP_ACTIVATION,     /* dst = act (x) */
  ESHI_OP_CONVERT,        /* dst = x in dst's type */
  ESHI_OP_GUIDANCE,       /* x = [uncond, cond] on n: dst = uncond + guidance · (cond − uncond) */
  ESHI_OP_LATENTS_TO_RGB, /* dst[.., 0..2] = (x · matrix + bias + 1) / 2, clamped to 0-1 */
  ESHI_OP_IMAGE_TO_U8,    /* dst = round-half-even (255 · clamp (x / 2 + 0.5, 0, 1)) */
  ESHI_N_OPS,
} EshiOpKind;

typedef enum
{
  ESHI_ACT_NONE,
  ESHI_ACT_SILU,       /* x · σ(x) */
  ESHI_ACT_QUICK_GELU, /* x · σ(1.702 x) */
  ESHI_ACT_GELU,       /* ½ x (1 + erf (x/√2)) */
  ESHI_ACT_RELU,       /* max (x, 0) */
  ESHI_N_ACTIVATIONS,
} EshiActivation;

/* What each slot of src holds, by kind. Slots marked (nullable) may be NULL.
 *
 * CONV2D      X [n, h, w, ci]; WEIGHT [co, ci, kh, kw]; BIAS [co] (nullable); EMBEDDING [1, co] f32 activation, added
 *             to every pixel (nullable); RESIDUAL [n, h', w', co] (nullable, may share dst's memory);
 *             dst [n, h', w', co] with h' = (h + top + bottom − kh) / stride + 1, for 2h in place of h where x is doubled
 * LINEAR      X [.., ci]; WEIGHT [co, ci], or [co, ci, 1, 1]; BIAS [co] (nullable); RESIDUAL [.., co] (nullable, may
 *             share dst's memory); dst [.., co]
 * GEGLU       X [.., ci]; WEIGHT [2·co, ci], value half first; BIAS [2·co]; dst [.., co]
 * GROUP_NORM  X [n, h, w, c]; WEIGHT [c]; BIAS [c]; dst like X (may share X's memory)
 * LAYER_NORM  X [.., c]; WEIGHT [c]; BIAS [c]; dst like X
 * ATTENTION   Q [n, t, heads·d]; K [n, s, heads·d]; V [n, s, heads·d]; dst [n, t, heads·d]
 * UPSAMPLE    X [n, h, w, c]; dst [n, h', w', c]
 * CONCAT      X [n, h, w, c1]; Y [n, h, w, c2]; dst [n, h, w, c1 + c2]
 * EMBEDDING   X ids i32 [n, t]; TABLE [v, d]; POSITIONS [p ≥ t, d]; dst [n, t, d]
 * TIME_EMB.   X f32 [n]; dst f32 [n, dim]
 * ACTIVATION, CONVERT  X; dst like X
 * GUIDANCE    X [2n, ..]; SCALE f32 [1]; dst [n, ..]
 * LATENTS_TO_RGB  X f32 [n, h, w, 4]; dst f32 [n, h, w, 3]
 * IMAGE_TO_U8 X [n, h, w, 3]; dst u8 [n, h, w, 3]
 *
 * Types: activations are f32, bf16 or f16, X and dst alike unless said otherwise; weights f32, f16, bf16 or f64 as the
 * file has them. Accumulation, statistics and softmax are in f32 at least.
 */
enum
{
  ESHI_SRC_X = 0,
  ESHI_SRC_WEIGHT = 1,
  ESHI_SRC_BIAS = 2,
  ESHI_SRC_EMBEDDING = 3,
  ESHI_SRC_RESIDUAL = 4,

  ESHI_SRC_Q = 0,
  ESHI_SRC_K = 1,
  ESHI_SRC_V = 2,

  ESHI_SRC_Y = 1,         /* CONCAT */
  ESHI_SRC_TABLE = 1,     /* EMBEDDING */
  ESHI_SRC_POSITIONS = 2,
  ESHI_SRC_SCALE = 1,     /* GUIDANCE */

  ESHI_OP_MAX_SRC = 5,
};

typedef struct
{
  guint    stride;                   /* 1 or 2, both axes */
  guint    top, left, bottom, right; /* zero padding in pixels */
  gboolean doubled;                  /* x is enlarged to 2h × 2w by nearest neighbour before all else */
} EshiConvParams;

typedef struct
{
  guint    groups; /* GROUP_NORM; 1 for LAYER_NORM */
  float    eps;
} EshiNormParams;

typedef struct
{
  guint    heads;
  gboolean causal; /* token i sees tokens 0..i only */
  float    scale;  /* of q · k, usually d^-½ */
} EshiAttentionParams;

typedef struct
{
  float matrix[4][3]; /* latent channel → r, g, b */
  float bias[3];
} EshiRgbParams;

typedef struct _EshiOp EshiOp;

struct _EshiOp
{
  EshiOpKind      kind;
  const char     *label;                /* interned: "down_blocks.0.resnets.1.conv1" */
  EshiTensor     *src[ESHI_OP_MAX_SRC]; /* borrowed */
  EshiTensor     *dst;                  /* borrowed */
  EshiActivation  act;                  /* LINEAR, GROUP_NORM, ACTIVATION */
  union
  {
    EshiConvParams      conv;
    EshiNormParams      norm;
    EshiAttentionParams attention;
    EshiRgbParams       rgb;
  };

  gpointer        plan;                 /* the backend's: made by its prepare, freed by its unprepare */
};

/* "conv2d", "group-norm", …: in logs, profiles and test names. */
const char *eshi_op_kind_name (EshiOpKind kind);

/* "conv_in (conv2d: x [1, 8, 8, 4] f32, weight …)", for messages; (transfer full). */
char       *eshi_op_describe  (const EshiOp *op);

/* Fills in @shape with the shape that @op's dst must have, or says what does not fit. @op->dst is not looked at, except
 * by UPSAMPLE and TIME_EMBEDDING, whose size is a choice. */
gboolean    eshi_op_infer     (const EshiOp  *op,
                               EshiShape     *shape,
                               GError       **error);

/* Whether shapes, types and parameters of @op fit each other. Error: %ESHI_ERROR_INVALID_ARGUMENT, with label, kind
 * and shapes. */
gboolean    eshi_op_check     (const EshiOp  *op,
                               GError       **error);

/* Floating-point operations of @op (a multiply-add counts two); 0 for those that only move data. */
double      eshi_op_flops     (const EshiOp  *op);

G_END_DECLS
