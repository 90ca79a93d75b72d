/* kernel-case.h: the table of awkward ops, and the data each is run on.
 *
 * Data come from a formula (kernel_value), so that the script that made the golden values has the same.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-op.h"

G_BEGIN_DECLS

enum
{
  CASE_BIAS = 1 << 0,
  CASE_EMBEDDING = 1 << 1,
  CASE_RESIDUAL = 1 << 2,
  CASE_IN_PLACE = 1 << 3, /* dst shares the residual's memory, or group norm's x's */
  CASE_CAUSAL = 1 << 4,
  CASE_FROM_F32 = 1 << 5, /* CONVERT: x is f32, dst of the type under test */
  CASE_TO_F32 = 1 << 6,   /* CONVERT: the other way round */
};

typedef struct
{
  EshiOpKind      kind;
  const char     *name;
  EshiShape       x;
  EshiShape       y;       /* weight, k and v, CONCAT's y, table, or dst where its size is a choice */
  guint           flags;
  guint           count;   /* groups, heads, or rows of positions */
  EshiActivation  act;
  EshiConvParams  conv;
  EshiDType       weights; /* type of the weights */
  float           scale;   /* x = offset + scale · kernel_value; scale 0 stands for 2 */
  float           offset;
} KernelCase;

extern const KernelCase kernel_cases[];
extern const guint      kernel_n_cases;

/* An op ready to be run, with its operands on the host. */
typedef struct
{
  const KernelCase *test;
  EshiOp            op;
  EshiTensor        src[ESHI_OP_MAX_SRC];
  EshiTensor        dst;
  guint8           *bytes[ESHI_OP_MAX_SRC];  /* the operands in their own types; weights at an odd address */
  float            *values[ESHI_OP_MAX_SRC]; /* the same values in f32 */
} KernelData;

/* Number @index of stream @stream: uniform in [-1, 1), a multiple of 2⁻¹⁵. */
float       kernel_value     (guint stream,
                              gint64 index);

/* The operands of @test with activations in @dtype, whose values fit into @precision too. */
KernelData *kernel_data_new  (const KernelCase *test,
                              EshiDType         dtype,
                              EshiDType         precision);
void        kernel_data_free (KernelData       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KernelData, kernel_data_free)

/* dst by the op's definition, in double, straight from the comment in eshi-op.h; [dst's shape]. (transfer full) */
double     *kernel_oracle    (const KernelData *data);

G_END_DECLS
