/* eshi-tensor.h: what a tensor is: a type, a shape, and where its elements lie.
 *
 * A tensor never computes and never allocates. Weights point into mapped files in the reference's layout
 * (convolutions [out, in, kh, kw], linear layers [out, in]); everything else belongs to an EshiGraph and is channels
 * last: images [n, h, w, c], token sequences [n, tokens, c], vectors [n, c].
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ESHI_MAX_RANK 4

typedef struct _EshiBuffer EshiBuffer; /* a backend's memory; only that backend looks inside */
typedef struct _EshiTensor EshiTensor;

typedef enum
{
  ESHI_DTYPE_F32,
  ESHI_DTYPE_F16,
  ESHI_DTYPE_BF16,
  ESHI_DTYPE_F64,
  ESHI_DTYPE_I64,
  ESHI_DTYPE_I32,
  ESHI_DTYPE_U8,
  ESHI_N_DTYPES,
} EshiDType;

/* Dimensions beyond @rank are 1. */
typedef struct
{
  guint  rank;
  gint64 dim[ESHI_MAX_RANK];
} EshiShape;

typedef enum
{
  ESHI_STORAGE_WEIGHT,     /* host memory at @data, read only, outlives every graph that uses it */
  ESHI_STORAGE_INPUT,      /* memory of its own, written by eshi_graph_upload() before a run */
  ESHI_STORAGE_OUTPUT,     /* memory of its own, valid after a run; ops of other graphs may read it */
  ESHI_STORAGE_ACTIVATION, /* in the graph's arena; valid only between its first and last op */
} EshiStorage;

struct _EshiTensor
{
  EshiStorage  storage;
  EshiDType    dtype;
  EshiShape    shape;
  char        *name;      /* weight's name, or the label of the op that writes it; for messages */

  const void  *data;      /* WEIGHT only: [shape], row-major, not necessarily aligned */
  gboolean     mapped;    /* WEIGHT only: @data lies in a mapped file, which brings back pages that were given up */

  EshiBuffer  *buffer;    /* all but WEIGHT, once the graph is prepared */
  gsize        offset;    /* bytes from the start of @buffer; a multiple of 64 */
  guint        first_op;  /* ACTIVATION: indices of the ops that write and last read it */
  guint        last_op;
};

/* Bytes of one element, 1 to 8. */
gsize       eshi_dtype_size      (EshiDType dtype);

/* "f32", "bf16", …; never NULL. */
const char *eshi_dtype_name      (EshiDType dtype);

/* Elements; callers have already refused shapes whose product overflows. */
gint64      eshi_shape_count     (const EshiShape *shape);
gboolean    eshi_shape_equal     (const EshiShape *a,
                                  const EshiShape *b);

/* "[1, 64, 64, 320]"; (transfer full). */
char       *eshi_shape_to_string (const EshiShape *shape);

#define ESHI_SHAPE1(a)          ((EshiShape) { .rank = 1, .dim = { (a), 1, 1, 1 } })
#define ESHI_SHAPE2(a, b)       ((EshiShape) { .rank = 2, .dim = { (a), (b), 1, 1 } })
#define ESHI_SHAPE3(a, b, c)    ((EshiShape) { .rank = 3, .dim = { (a), (b), (c), 1 } })
#define ESHI_SHAPE4(a, b, c, d) ((EshiShape) { .rank = 4, .dim = { (a), (b), (c), (d) } })

/* Elements and bytes of @self. */
gint64      eshi_tensor_count    (const EshiTensor *self);
gsize       eshi_tensor_bytes    (const EshiTensor *self);

/* A weight over borrowed @data; free with eshi_tensor_free(). */
EshiTensor *eshi_tensor_new_weight (const char      *name,
                                    EshiDType        dtype,
                                    const EshiShape *shape,
                                    const void      *data);
void        eshi_tensor_free       (EshiTensor      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiTensor, eshi_tensor_free)

/* Converts @n elements of @src (F32, F16, BF16 or F64) to f32, exactly (F64 rounds to nearest even). */
void        eshi_convert_to_f32    (float           *dst,
                                    const void      *src,
                                    EshiDType        dtype,
                                    gsize            n);

/* Converts @n f32 elements to @dtype (F32, F16 or BF16), rounding to nearest even; NaN stays NaN. */
void        eshi_convert_from_f32  (void            *dst,
                                    EshiDType        dtype,
                                    const float     *src,
                                    gsize            n);

/* The two in one: F32, F16, BF16 or F64 to bf16, rounded to nearest even. */
void        eshi_convert_to_bf16   (guint16         *dst,
                                    const void      *src,
                                    EshiDType        dtype,
                                    gsize            n);

G_END_DECLS
