/* eshi-ref-backend.h: what the files of the reference backend share.
 *
 * The reference is naive C on one thread, in f32 with double accumulators, written to be read: it is what the tests of
 * the other backends believe. Loops run in an order the cache likes, and that is all that is done for speed.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <math.h>

#include "eshi-backend.h"

G_BEGIN_DECLS

struct _EshiBuffer
{
  guint8 *data; /* aligned to 64 */
  gsize   size;
};

typedef struct
{
  EshiBackend  parent;

  /* owned */
  GHashTable  *matrices;  /* weight tensor → EshiRefMatrix, while an op uses it */
  double      *scratch;   /* [n_scratch], for one run of one op */
  gsize        n_scratch;
} EshiRefBackend;

/* Rows that go through a matrix together, so that each weight is fetched once for all of them. */
#define ESHI_REF_ROWS 8

/* A weight [co, ci, kh, kw] or [co, ci] as f32 tiles [kh · kw, tiles, ci, ESHI_REF_COLUMNS] over co, the last tile
 * filled up with zeros. */
#define ESHI_REF_COLUMNS 32

typedef struct
{
  guint   n_users;
  gint64  n_taps;   /* kh · kw */
  gint64  n_in;     /* ci */
  gint64  n_tiles;
  float  *tiles;
} EshiRefMatrix;

/* What prepare leaves in op->plan. */
typedef struct
{
  EshiRefMatrix *matrix; /* CONV2D, LINEAR, GEGLU */
  float         *weight; /* GROUP_NORM, LAYER_NORM: [c] */
  float         *bias;   /* [c]; NULL without one */
} EshiRefPlan;

/* A row of the table of kernels. */
typedef struct
{
  const char *(*why_not) (const EshiOp    *op);    /* (optional): what beyond the types it cannot do */
  gboolean    (*prepare) (EshiRefBackend  *self,   /* (optional): fills in @plan */
                          const EshiOp    *op,
                          EshiRefPlan     *plan,
                          GError         **error);
  gboolean    (*run)     (EshiRefBackend  *self,
                          const EshiOp    *op,
                          GError         **error);
} EshiRefKernel;

extern const EshiRefKernel _eshi_ref_conv2d;
extern const EshiRefKernel _eshi_ref_linear;
extern const EshiRefKernel _eshi_ref_geglu;
extern const EshiRefKernel _eshi_ref_group_norm;
extern const EshiRefKernel _eshi_ref_layer_norm;
extern const EshiRefKernel _eshi_ref_attention;
extern const EshiRefKernel _eshi_ref_upsample;
extern const EshiRefKernel _eshi_ref_concat;
extern const EshiRefKernel _eshi_ref_embedding;
extern const EshiRefKernel _eshi_ref_time_embedding;
extern const EshiRefKernel _eshi_ref_activation;
extern const EshiRefKernel _eshi_ref_convert;
extern const EshiRefKernel _eshi_ref_guidance;
extern const EshiRefKernel _eshi_ref_latents_to_rgb;
extern const EshiRefKernel _eshi_ref_image_to_u8;

/* Makes self->scratch hold at least @n doubles. */
gboolean       _eshi_ref_reserve    (EshiRefBackend    *self,
                                     gsize              n,
                                     GError           **error);

/* @tensor's elements in f32; NULL for a NULL tensor, without an error. (transfer full), free with g_free(). */
gboolean       _eshi_ref_vector     (float            **vector,
                                     const EshiTensor  *tensor,
                                     GError           **error);

/* The tiles of @weight, made or found, and one user more; and one user less. */
EshiRefMatrix *_eshi_ref_matrix_ref   (EshiRefBackend    *self,
                                       const EshiTensor  *weight,
                                       GError           **error);
void           _eshi_ref_matrix_unref (EshiRefBackend    *self,
                                       EshiRefMatrix     *matrix);

/* Plan of CONV2D, LINEAR and GEGLU: matrix, bias and scratch for ESHI_REF_ROWS rows of sums. */
gboolean       _eshi_ref_matrix_prepare (EshiRefBackend    *self,
                                         const EshiOp      *op,
                                         EshiRefPlan       *plan,
                                         GError           **error);

/* sums[r, o] += Σ_i rows[r][i] · weight[o, i, tap], for ESHI_REF_ROWS @rows of n_in elements each, where NULL stands
 * for zeros. sums: [ESHI_REF_ROWS, n_tiles · ESHI_REF_COLUMNS]. */
void           _eshi_ref_matrix_accumulate (const EshiRefMatrix *matrix,
                                            gint64               tap,
                                            const float * const  rows[ESHI_REF_ROWS],
                                            double              *sums);

/* @tensor's elements, in the backend's memory. */
static inline gpointer
_eshi_ref_data (const EshiTensor *tensor)
{
  return tensor->buffer->data + tensor->offset;
}

static inline double
_eshi_ref_activate (double         x,
                    EshiActivation act)
{
  switch (act)
    {
    case ESHI_ACT_SILU:
      return x / (1 + exp (-x));
    case ESHI_ACT_QUICK_GELU:
      return x / (1 + exp (-1.702 * x));
    case ESHI_ACT_GELU:
      return x / 2 * erfc (-x * M_SQRT1_2);
    case ESHI_ACT_RELU:
      return x < 0 ? 0 : x;
    case ESHI_ACT_NONE:
    case ESHI_N_ACTIVATIONS:
    default:
      return x;
    }
}

G_END_DECLS
