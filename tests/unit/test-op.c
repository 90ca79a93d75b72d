/* test-op.c: what shape errors say, which shapes follow, and that nothing unsound passes.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>

#include "eshi-error.h"
#include "eshi-op.h"

static EshiTensor
activation (EshiDType dtype,
            EshiShape shape)
{
  return (EshiTensor) { .storage = ESHI_STORAGE_ACTIVATION, .dtype = dtype, .shape = shape };
}

static EshiTensor
weight (EshiShape shape)
{
  return (EshiTensor) { .storage = ESHI_STORAGE_WEIGHT, .dtype = ESHI_DTYPE_F16, .shape = shape, .data = "" };
}

static void
assert_refused (const EshiOp *op,
                const char   *message)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (eshi_op_check (op, &error));
  g_assert_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, ==, message);
}

static void
assert_fits (const EshiOp *op,
             EshiShape     expected)
{
  g_autoptr(GError) error = NULL;
  EshiShape shape = { 0 };

  g_assert_true (eshi_op_infer (op, &shape, &error));
  g_assert_no_error (error);
  g_assert_true (eshi_shape_equal (&shape, &expected));
}

static void
test_messages (void)
{
  EshiTensor x = activation (ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 64, 64, 9));
  EshiTensor w = weight (ESHI_SHAPE4 (320, 4, 3, 3));
  EshiTensor b = weight (ESHI_SHAPE1 (319));
  EshiTensor dst = activation (ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 64, 64, 320));
  EshiOp op = { .kind = ESHI_OP_CONV2D, .label = "conv_in", .src = { &x, &w }, .dst = &dst, .conv = { 1, 1, 1, 1, 1 } };

  assert_refused (&op, "A step of the network does not fit together: conv_in (conv2d: x [1, 64, 64, 9] f32, weight "
                       "[320, 4, 3, 3] f16, dst [1, 64, 64, 320] f32): the weight expects 4 channels, but x has 9.");

  x.shape.dim[3] = 4;
  op.src[ESHI_SRC_BIAS] = &b;
  assert_refused (&op, "A step of the network does not fit together: conv_in (conv2d: x [1, 64, 64, 4] f32, weight "
                       "[320, 4, 3, 3] f16, bias [319] f16, dst [1, 64, 64, 320] f32): "
                       "bias must have the shape [320].");

  b.shape.dim[0] = 320;
  dst.shape.dim[1] = 63;
  assert_refused (&op, "A step of the network does not fit together: conv_in (conv2d: x [1, 64, 64, 4] f32, weight "
                       "[320, 4, 3, 3] f16, bias [320] f16, dst [1, 63, 64, 320] f32): "
                       "dst must have the shape [1, 64, 64, 320].");

  op.src[ESHI_SRC_WEIGHT] = NULL;
  assert_refused (&op, "A step of the network does not fit together: conv_in (conv2d: x [1, 64, 64, 4] f32, "
                       "bias [320] f16, dst [1, 63, 64, 320] f32): weight is missing.");
}

static void
test_conv_shapes (void)
{
  EshiTensor x = activation (ESHI_DTYPE_BF16, ESHI_SHAPE4 (2, 65, 64, 4));
  EshiTensor w = weight (ESHI_SHAPE4 (5, 4, 3, 3));
  EshiOp op = { .kind = ESHI_OP_CONV2D, .src = { &x, &w }, .conv = { .stride = 2, .bottom = 1, .right = 1 } };

  assert_fits (&op, ESHI_SHAPE4 (2, 32, 32, 5));
  op.conv = (EshiConvParams) { 1, 1, 1, 1, 1 };
  assert_fits (&op, ESHI_SHAPE4 (2, 65, 64, 5));
  op.conv = (EshiConvParams) { .stride = 1 };
  assert_fits (&op, ESHI_SHAPE4 (2, 63, 62, 5));
  op.conv = (EshiConvParams) { 1, 1, 1, 1, 1, TRUE };
  assert_fits (&op, ESHI_SHAPE4 (2, 130, 128, 5));
}

/* Each row breaks one thing in a sound op. */
static void
test_refuses (void)
{
  EshiTensor x = activation (ESHI_DTYPE_F32, ESHI_SHAPE3 (2, 7, 12));
  EshiTensor k = activation (ESHI_DTYPE_F32, ESHI_SHAPE3 (2, 9, 12));
  EshiTensor dst = activation (ESHI_DTYPE_F32, ESHI_SHAPE3 (2, 7, 12));
  EshiTensor w = weight (ESHI_SHAPE1 (12));
  EshiOp attention = { .kind = ESHI_OP_ATTENTION, .src = { &x, &k, &k }, .dst = &dst, .attention = { 3, FALSE, 1.0f } };
  EshiOp norm = { .kind = ESHI_OP_LAYER_NORM, .src = { &x, &w, &w }, .dst = &dst, .norm = { 1, 1e-5f } };
  EshiOp op = { 0 };

  g_assert_true (eshi_op_check (&attention, NULL));
  g_assert_true (eshi_op_check (&norm, NULL));

  op = attention, op.attention.heads = 5;
  g_assert_false (eshi_op_check (&op, NULL));
  op = attention, op.attention.heads = 0;
  g_assert_false (eshi_op_check (&op, NULL));
  op = attention, op.attention.causal = TRUE;
  g_assert_false (eshi_op_check (&op, NULL));
  op = attention, op.attention.scale = NAN;
  g_assert_false (eshi_op_check (&op, NULL));
  op = attention, op.src[ESHI_SRC_V] = &x;
  g_assert_false (eshi_op_check (&op, NULL));
  op = norm, op.norm.eps = -1;
  g_assert_false (eshi_op_check (&op, NULL));
  op = norm, op.src[ESHI_SRC_BIAS] = NULL;
  g_assert_false (eshi_op_check (&op, NULL));
  op = norm, op.src[ESHI_SRC_WEIGHT] = &x;
  g_assert_false (eshi_op_check (&op, NULL));
  op = norm, op.src[4] = &x;
  g_assert_false (eshi_op_check (&op, NULL));
  op = norm, op.dst = NULL;
  g_assert_false (eshi_op_check (&op, NULL));

  x.shape.dim[0] = dst.shape.dim[0] = k.shape.dim[0] = 0;
  g_assert_false (eshi_op_check (&attention, NULL));
  g_assert_false (eshi_op_check (&norm, NULL));
  x.shape.dim[0] = dst.shape.dim[0] = G_MAXINT64 / 2;
  g_assert_false (eshi_op_check (&norm, NULL));
}

static void
test_flops (void)
{
  EshiTensor x = activation (ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 64, 64, 320));
  EshiTensor w = weight (ESHI_SHAPE4 (320, 320, 3, 3));
  EshiTensor tokens = activation (ESHI_DTYPE_F32, ESHI_SHAPE3 (2, 4096, 320));
  EshiOp conv = { .kind = ESHI_OP_CONV2D, .src = { &x, &w }, .dst = &x };
  EshiOp attention = { .kind = ESHI_OP_ATTENTION, .src = { &tokens, &tokens, &tokens }, .dst = &tokens };
  EshiOp upsample = { .kind = ESHI_OP_UPSAMPLE, .src = { &x }, .dst = &x };

  g_assert_cmpfloat (eshi_op_flops (&conv), ==, 2.0 * 4096 * 320 * 320 * 9);
  conv.conv.doubled = TRUE; /* four different pixels under nine taps */
  g_assert_cmpfloat (eshi_op_flops (&conv), ==, 2.0 * 4096 * 320 * 320 * 4);
  g_assert_cmpfloat (eshi_op_flops (&attention), ==, 2 * 2.0 * 2 * 4096 * 4096 * 320);
  g_assert_cmpfloat (eshi_op_flops (&upsample), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/op/messages-name-the-step-and-its-shapes", test_messages);
  g_test_add_func ("/eshi/op/shapes-of-convolutions", test_conv_shapes);
  g_test_add_func ("/eshi/op/refuses-what-is-unsound", test_refuses);
  g_test_add_func ("/eshi/op/flops", test_flops);

  return g_test_run ();
}
