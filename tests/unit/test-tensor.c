/* test-tensor.c: types, shapes, and every case of the conversions, against definitions in double.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "eshi-tensor.h"

#define MANY (65536 + 7) /* whole blocks, and a rest */

/* What the sixteen bits mean, by IEEE 754's definition of binary16. */
static double
value_of_f16 (guint half)
{
  int exponent = half >> 10 & 31;
  double mantissa = half & 1023;
  double magnitude = 0;

  if (exponent == 31)
    magnitude = mantissa == 0 ? INFINITY : NAN;
  else if (exponent == 0)
    magnitude = ldexp (mantissa, -24);
  else
    magnitude = ldexp (1024 + mantissa, exponent - 25);

  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

static float
to_f32 (guint16   bits,
        EshiDType dtype)
{
  float value = 0;

  eshi_convert_to_f32 (&value, &bits, dtype, 1);

  return value;
}

static guint16
from_f32 (float     value,
          EshiDType dtype)
{
  guint16 bits = 0;

  eshi_convert_from_f32 (&bits, dtype, &value, 1);

  return bits;
}

static void
test_f16_to_f32 (void)
{
  for (guint half = 0; half < 65536; half++)
    {
      double expected = value_of_f16 (half);
      float got = to_f32 ((guint16) half, ESHI_DTYPE_F16);

      if (isnan (expected))
        g_assert_true (isnan (got));
      else
        g_assert_true (got == expected && !signbit (got) == !signbit (expected));
    }
}

/* Between each two neighbours: their midpoint goes to the even one, anything else to the nearer one. */
static void
test_f32_to_f16 (void)
{
  for (guint half = 0; half < 0x7c00; half++)
    {
      float low = (float) value_of_f16 (half);
      float high = half == 0x7bff ? 65536.0f : (float) value_of_f16 (half + 1);
      float middle = (low + high) / 2;
      guint even = half + (half & 1);

      g_assert_cmphex (from_f32 (low, ESHI_DTYPE_F16), ==, half);
      g_assert_cmphex (from_f32 (-low, ESHI_DTYPE_F16), ==, half | 0x8000);
      g_assert_cmphex (from_f32 (nextafterf (middle, low), ESHI_DTYPE_F16), ==, half);
      g_assert_cmphex (from_f32 (middle, ESHI_DTYPE_F16), ==, even);
      g_assert_cmphex (from_f32 (nextafterf (middle, high), ESHI_DTYPE_F16), ==, half + 1);
    }

  g_assert_cmphex (from_f32 (INFINITY, ESHI_DTYPE_F16), ==, 0x7c00);
  g_assert_cmphex (from_f32 (-1e30f, ESHI_DTYPE_F16), ==, 0xfc00);
  g_assert_cmphex (from_f32 (1e-45f, ESHI_DTYPE_F16), ==, 0);
  g_assert_true (isnan (to_f32 (from_f32 (NAN, ESHI_DTYPE_F16), ESHI_DTYPE_F16)));
}

static void
test_bf16 (void)
{
  for (guint bits = 0; bits < 65536; bits++)
    {
      float low = to_f32 ((guint16) bits, ESHI_DTYPE_BF16);
      float high = 0;
      guint32 word = 0;

      memcpy (&word, &low, sizeof word);
      g_assert_cmphex (word, ==, bits << 16);
      if (isnan (low))
        {
          g_assert_true (isnan (to_f32 (from_f32 (low, ESHI_DTYPE_BF16), ESHI_DTYPE_BF16)));
          continue;
        }

      g_assert_cmphex (from_f32 (low, ESHI_DTYPE_BF16), ==, bits);
      if (isinf (low))
        continue;

      /* The midpoint to the next bf16 away from zero, and the floats on either side of it. */
      word = bits << 16 | 0x8000;
      memcpy (&high, &word, sizeof high);
      g_assert_cmphex (from_f32 (high, ESHI_DTYPE_BF16), ==, bits + (bits & 1));
      word -= 1;
      memcpy (&high, &word, sizeof high);
      g_assert_cmphex (from_f32 (high, ESHI_DTYPE_BF16), ==, bits);
      word += 2;
      memcpy (&high, &word, sizeof high);
      g_assert_cmphex (from_f32 (high, ESHI_DTYPE_BF16), ==, bits + 1);
    }
}

/* A NaN whose payload lies in the bits that bf16 and f16 drop must not turn into infinity. */
static void
test_low_nan (void)
{
  guint32 word = 0x7f800001;
  float nan = 0;

  memcpy (&nan, &word, sizeof nan);
  g_assert_true (isnan (to_f32 (from_f32 (nan, ESHI_DTYPE_BF16), ESHI_DTYPE_BF16)));
  g_assert_true (isnan (to_f32 (from_f32 (nan, ESHI_DTYPE_F16), ESHI_DTYPE_F16)));
}

static void
test_f64 (void)
{
  const double src[] = { 1.0, 0.1, -1e300, 1 + 0x1p-24, 1 + 0x1.8p-23, 1e-45, NAN };
  const float expected[] = { 1.0f, 0.1f, -INFINITY, 1.0f, 1 + 0x1p-22f, 1e-45f };
  float dst[G_N_ELEMENTS (src)] = { 0 };

  eshi_convert_to_f32 (dst, src, ESHI_DTYPE_F64, G_N_ELEMENTS (src));
  g_assert_cmpmem (dst, sizeof expected, expected, sizeof expected);
  g_assert_true (isnan (dst[G_N_ELEMENTS (expected)]));
}

/* All lengths around a block, from and to odd addresses; nothing beyond the end is written. */
static void
test_lengths (void)
{
  guint8 src[1 + 50 * 2] = { 0 };
  _Alignas(float) guint8 dst[1 + 51 * 4] = { 0 };

  for (gsize n = 0; n <= 50; n++)
    {
      for (guint i = 0; i < 50; i++)
        {
          guint16 half = (guint16) (0x3c00 + i);

          memcpy (src + 1 + 2 * i, &half, sizeof half);
        }

      memset (dst, 0xab, sizeof dst);
      eshi_convert_to_f32 ((float *) (gpointer) (dst + 4), src + 1, ESHI_DTYPE_F16, n);
      for (gsize i = 0; i < n; i++)
        {
          float value = 0;

          memcpy (&value, dst + 4 + 4 * i, sizeof value);
          g_assert_cmpfloat (value, ==, (float) value_of_f16 (0x3c00 + (guint) i));
        }
      g_assert_cmphex (dst[3], ==, 0xab);
      g_assert_cmphex (dst[4 + 4 * n], ==, 0xab);
    }
}

/* Whether @half is what @one rounds to on its own. */
static void
assert_rounded (guint16   half,
                EshiDType dtype,
                float     one)
{
  if (isnan (one))
    g_assert_true (isnan (to_f32 (half, dtype)));
  else
    g_assert_cmphex (half, ==, from_f32 (one, dtype));
}

/* All of f16 at once, from an odd address, is what they are one by one. */
static void
test_many_f16 (void)
{
  g_autofree guint8 *src = g_malloc (1 + 2 * MANY);
  g_autofree float *wide = g_new (float, MANY);
  g_autofree guint16 *half = g_new (guint16, MANY);

  for (gsize i = 0; i < MANY; i++)
    {
      guint16 bits = (guint16) i;

      memcpy (src + 1 + 2 * i, &bits, sizeof bits);
    }
  eshi_convert_to_f32 (wide, src + 1, ESHI_DTYPE_F16, MANY);
  eshi_convert_to_bf16 (half, src + 1, ESHI_DTYPE_F16, MANY);
  for (gsize i = 0; i < MANY; i++)
    {
      float one = to_f32 ((guint16) i, ESHI_DTYPE_F16);

      g_assert_true (memcmp (&one, &wide[i], sizeof one) == 0 || (isnan (one) && isnan (wide[i])));
      assert_rounded (half[i], ESHI_DTYPE_BF16, one);
    }
}

/* So are f32 numbers after every bf16. */
static void
test_many_f32 (void)
{
  g_autofree float *wide = g_new (float, MANY);
  g_autofree guint16 *half = g_new (guint16, MANY);

  for (gsize i = 0; i < MANY; i++)
    {
      guint32 bits = (guint32) i << 16 | ((guint32) i * 40503u & 0xffff);

      memcpy (&wide[i], &bits, sizeof bits);
    }
  eshi_convert_from_f32 (half, ESHI_DTYPE_F16, wide, MANY);
  for (gsize i = 0; i < MANY; i++)
    assert_rounded (half[i], ESHI_DTYPE_F16, wide[i]);
  eshi_convert_from_f32 (half, ESHI_DTYPE_BF16, wide, MANY);
  for (gsize i = 0; i < MANY; i++)
    assert_rounded (half[i], ESHI_DTYPE_BF16, wide[i]);
  eshi_convert_to_bf16 (half, wide, ESHI_DTYPE_F32, MANY);
  for (gsize i = 0; i < MANY; i++)
    assert_rounded (half[i], ESHI_DTYPE_BF16, wide[i]);
}

static void
test_shapes (void)
{
  EshiShape shape = ESHI_SHAPE4 (1, 64, 64, 320);
  EshiShape other = ESHI_SHAPE3 (1, 64, 64);
  g_autofree char *text = eshi_shape_to_string (&shape);
  g_autoptr(EshiTensor) weight = eshi_tensor_new_weight ("w", ESHI_DTYPE_F16, &shape, "");

  g_assert_cmpstr (text, ==, "[1, 64, 64, 320]");
  g_assert_cmpint (eshi_tensor_count (weight), ==, 1310720);
  g_assert_cmpuint (eshi_tensor_bytes (weight), ==, 2621440);
  g_assert_true (eshi_shape_equal (&weight->shape, &shape));
  g_assert_false (eshi_shape_equal (&shape, &other));
  g_assert_cmpstr (eshi_dtype_name (ESHI_DTYPE_BF16), ==, "bf16");
  g_assert_cmpuint (eshi_dtype_size (ESHI_DTYPE_I64), ==, 8);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/tensor/f16-to-f32-all-bits", test_f16_to_f32);
  g_test_add_func ("/eshi/tensor/f32-to-f16-rounds-to-even", test_f32_to_f16);
  g_test_add_func ("/eshi/tensor/bf16-both-ways", test_bf16);
  g_test_add_func ("/eshi/tensor/nan-stays-nan", test_low_nan);
  g_test_add_func ("/eshi/tensor/f64-to-f32", test_f64);
  g_test_add_func ("/eshi/tensor/any-length-and-address", test_lengths);
  g_test_add_func ("/eshi/tensor/many-f16-at-once", test_many_f16);
  g_test_add_func ("/eshi/tensor/many-f32-at-once", test_many_f32);
  g_test_add_func ("/eshi/tensor/shapes", test_shapes);

  return g_test_run ();
}
