/* eshi-tensor.c: types, shapes, and the exact conversions between f32 and the types of weight files.
 *
 * The conversions are plain integer arithmetic on blocks of sixteen elements, which the compiler turns into vector
 * code, or that of eshi-tensor-blocks.c where the processor has better; they do not depend on the CPU's rounding mode for subnormals, nor on its flush-to-zero bits. No file access,
 * no threads, no memory but a tensor's own.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-tensor-private.h"

/* One block's loop has a constant count, so it is vectorised at -O2 too. */
#define BLOCK 16

gsize
eshi_dtype_size (EshiDType dtype)
{
  static const gsize sizes[ESHI_N_DTYPES] = {
    [ESHI_DTYPE_F32] = 4,
    [ESHI_DTYPE_F16] = 2,
    [ESHI_DTYPE_BF16] = 2,
    [ESHI_DTYPE_F64] = 8,
    [ESHI_DTYPE_I64] = 8,
    [ESHI_DTYPE_I32] = 4,
    [ESHI_DTYPE_U8] = 1,
  };

  g_return_val_if_fail (dtype < ESHI_N_DTYPES, 1);

  return sizes[dtype];
}

const char *
eshi_dtype_name (EshiDType dtype)
{
  static const char * const names[ESHI_N_DTYPES] = {
    [ESHI_DTYPE_F32] = "f32",
    [ESHI_DTYPE_F16] = "f16",
    [ESHI_DTYPE_BF16] = "bf16",
    [ESHI_DTYPE_F64] = "f64",
    [ESHI_DTYPE_I64] = "i64",
    [ESHI_DTYPE_I32] = "i32",
    [ESHI_DTYPE_U8] = "u8",
  };

  return dtype < ESHI_N_DTYPES ? names[dtype] : "?";
}

gint64
eshi_shape_count (const EshiShape *shape)
{
  gint64 count = 1;

  g_return_val_if_fail (shape != NULL && shape->rank <= ESHI_MAX_RANK, 0);

  for (guint i = 0; i < shape->rank; i++)
    count *= shape->dim[i];

  return count;
}

gboolean
eshi_shape_equal (const EshiShape *a,
                  const EshiShape *b)
{
  g_return_val_if_fail (a != NULL && a->rank <= ESHI_MAX_RANK, FALSE);
  g_return_val_if_fail (b != NULL && b->rank <= ESHI_MAX_RANK, FALSE);

  return a->rank == b->rank && memcmp (a->dim, b->dim, a->rank * sizeof a->dim[0]) == 0;
}

char *
eshi_shape_to_string (const EshiShape *shape)
{
  GString *string = g_string_new ("[");

  g_return_val_if_fail (shape != NULL && shape->rank <= ESHI_MAX_RANK, g_string_free (string, FALSE));

  for (guint i = 0; i < shape->rank; i++)
    g_string_append_printf (string, "%s%" G_GINT64_FORMAT, i == 0 ? "" : ", ", shape->dim[i]);
  g_string_append_c (string, ']');

  return g_string_free (string, FALSE);
}

gint64
eshi_tensor_count (const EshiTensor *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return eshi_shape_count (&self->shape);
}

gsize
eshi_tensor_bytes (const EshiTensor *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return (gsize) eshi_shape_count (&self->shape) * eshi_dtype_size (self->dtype);
}

EshiTensor *
eshi_tensor_new_weight (const char      *name,
                        EshiDType        dtype,
                        const EshiShape *shape,
                        const void      *data)
{
  EshiTensor *self = NULL;

  g_return_val_if_fail (shape != NULL && shape->rank <= ESHI_MAX_RANK, NULL);

  self = g_new0 (EshiTensor, 1);
  self->storage = ESHI_STORAGE_WEIGHT;
  self->dtype = dtype;
  self->shape = *shape;
  self->name = g_strdup (name);
  self->data = data;

  return self;
}

void
eshi_tensor_free (EshiTensor *self)
{
  if (self == NULL)
    return;

  g_free (self->name);
  g_free (self);
}

static inline guint32
bits_of_float (float value)
{
  guint32 bits = 0;

  memcpy (&bits, &value, sizeof bits);

  return bits;
}

static inline float
float_of_bits (guint32 bits)
{
  float value = 0.0f;

  memcpy (&value, &bits, sizeof value);

  return value;
}

/* f16 has 5 exponent bits with bias 15, f32 has 8 with bias 127. A normal number moves its bits and adds the difference
 * of the biases; infinity and NaN take the rest of the way to exponent 255. A subnormal m · 2⁻²⁴ is exact as the f32
 * 2⁻¹⁴ · (1 + m / 1024) less 2⁻¹⁴, an ordinary subtraction of normal numbers. */
static inline float
f16_to_f32 (guint16 half)
{
  guint32 sign = (guint32) (half & 0x8000) << 16;
  guint32 bits = (guint32) (half & 0x7fff) << 13;
  guint32 is_special = -(guint32) (bits >= 0x1fu << 23);
  guint32 is_subnormal = -(guint32) (bits < 1u << 23);
  guint32 normal = bits + ((127u - 15u) << 23) + (is_special & ((128u - 16u) << 23));
  guint32 subnormal = bits_of_float (float_of_bits (bits + (113u << 23)) - 0x1p-14f);

  return float_of_bits (((normal & ~is_subnormal) | (subnormal & is_subnormal)) | sign);
}

/* The way back, to nearest even. Adding 0.5 to a number below 2⁻¹⁴ leaves it, correctly rounded by the FPU, as a multiple
 * of 2⁻²⁴ in the low bits. A normal number is rounded by an integer carry, which runs over into the exponent and, from
 * 65520 on, into infinity. */
static inline guint16
f32_to_f16 (float value)
{
  guint32 word = bits_of_float (value);
  guint32 sign = word >> 16 & 0x8000;
  guint32 bits = word & 0x7fffffff;
  guint32 is_nan = -(guint32) (bits > 255u << 23);
  guint32 is_large = -(guint32) (bits >= (127u + 16u) << 23);
  guint32 is_small = -(guint32) (bits < (127u - 14u) << 23);
  guint32 special = 0x7c00 | (is_nan & (0x200 | (bits >> 13 & 0x3ff)));
  guint32 small = bits_of_float (float_of_bits (bits & is_small) + 0.5f) - bits_of_float (0.5f);
  guint32 normal = (bits - ((127u - 15u) << 23) + 0xfff + (bits >> 13 & 1)) >> 13;
  guint32 finite = (small & is_small) | (normal & ~is_small);

  return (guint16) (sign | (special & is_large) | (finite & ~is_large));
}

static inline float
bf16_to_f32 (guint16 brain)
{
  return float_of_bits ((guint32) brain << 16);
}

/* bf16 is the upper half of f32; a NaN whose payload lies in the lower half alone must not become infinity. */
static inline guint16
f32_to_bf16 (float value)
{
  guint32 bits = bits_of_float (value);
  guint32 is_nan = -(guint32) ((bits & 0x7fffffff) > 255u << 23);
  guint32 rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  guint32 quiet = bits >> 16 | 0x40;

  return (guint16) ((rounded & ~is_nan) | (quiet & is_nan));
}

/* @n ≤ BLOCK elements by way of aligned copies: @src and @dst may lie anywhere. */
#define DEFINE_BLOCK_LOOP(function, From, To, convert)                                    \
static void                                                                               \
function (void       *dst,                                                                \
          const void *src,                                                                \
          gsize       n)                                                                  \
{                                                                                         \
  From in[BLOCK] = { 0 };                                                                 \
  To out[BLOCK] = { 0 };                                                                  \
                                                                                          \
  for (; n >= BLOCK; n -= BLOCK)                                                          \
    {                                                                                     \
      memcpy (in, src, sizeof in);                                                        \
      for (guint i = 0; i < BLOCK; i++)                                                   \
        out[i] = convert (in[i]);                                                         \
      memcpy (dst, out, sizeof out);                                                      \
      src = (const guint8 *) src + sizeof in;                                             \
      dst = (guint8 *) dst + sizeof out;                                                  \
    }                                                                                     \
                                                                                          \
  memcpy (in, src, n * sizeof in[0]);                                                     \
  for (guint i = 0; i < BLOCK; i++)                                                       \
    out[i] = convert (in[i]);                                                             \
  memcpy (dst, out, n * sizeof out[0]);                                                   \
}

DEFINE_BLOCK_LOOP (convert_f16_to_f32, guint16, float, f16_to_f32)
DEFINE_BLOCK_LOOP (convert_bf16_to_f32, guint16, float, bf16_to_f32)
DEFINE_BLOCK_LOOP (convert_f64_to_f32, double, float, (float))
DEFINE_BLOCK_LOOP (convert_f32_to_f16, float, guint16, f32_to_f16)
DEFINE_BLOCK_LOOP (convert_f32_to_bf16, float, guint16, f32_to_bf16)

void
eshi_convert_to_f32 (float      *dst,
                     const void *src,
                     EshiDType   dtype,
                     gsize       n)
{
  gsize done = _eshi_convert_blocks (dst, ESHI_DTYPE_F32, src, dtype, n);

  n -= done;
  if (n == 0)
    return;

  dst += done;
  src = (const guint8 *) src + done * eshi_dtype_size (dtype);
  switch (dtype)
    {
    case ESHI_DTYPE_F32:
      memcpy (dst, src, n * sizeof *dst);
      break;

    case ESHI_DTYPE_F16:
      convert_f16_to_f32 (dst, src, n);
      break;

    case ESHI_DTYPE_BF16:
      convert_bf16_to_f32 (dst, src, n);
      break;

    case ESHI_DTYPE_F64:
      convert_f64_to_f32 (dst, src, n);
      break;

    case ESHI_DTYPE_I64:
    case ESHI_DTYPE_I32:
    case ESHI_DTYPE_U8:
    case ESHI_N_DTYPES:
    default:
      g_return_if_reached ();
    }
}

void
eshi_convert_from_f32 (void        *dst,
                       EshiDType    dtype,
                       const float *src,
                       gsize        n)
{
  gsize done = _eshi_convert_blocks (dst, dtype, src, ESHI_DTYPE_F32, n);

  n -= done;
  if (n == 0)
    return;

  dst = (guint8 *) dst + done * eshi_dtype_size (dtype);
  src += done;
  switch (dtype)
    {
    case ESHI_DTYPE_F32:
      memcpy (dst, src, n * sizeof *src);
      break;

    case ESHI_DTYPE_F16:
      convert_f32_to_f16 (dst, src, n);
      break;

    case ESHI_DTYPE_BF16:
      convert_f32_to_bf16 (dst, src, n);
      break;

    case ESHI_DTYPE_F64:
    case ESHI_DTYPE_I64:
    case ESHI_DTYPE_I32:
    case ESHI_DTYPE_U8:
    case ESHI_N_DTYPES:
    default:
      g_return_if_reached ();
    }
}

void
eshi_convert_to_bf16 (guint16    *dst,
                      const void *src,
                      EshiDType   dtype,
                      gsize       n)
{
  gsize size = eshi_dtype_size (dtype);
  gsize done = _eshi_convert_blocks (dst, ESHI_DTYPE_BF16, src, dtype, n);

  if (dtype == ESHI_DTYPE_BF16)
    {
      memcpy (dst, src, n * size);
      return;
    }
  for (gsize i = done; i < n; i += BLOCK)
    {
      float wide[BLOCK];
      gsize part = MIN (BLOCK, n - i);

      eshi_convert_to_f32 (wide, (const guint8 *) src + i * size, dtype, part);
      eshi_convert_from_f32 (dst + i, ESHI_DTYPE_BF16, wide, part);
    }
}
