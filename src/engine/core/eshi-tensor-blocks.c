/* eshi-tensor-blocks.c: the conversions of eshi-tensor.c with AVX2 and F16C, bit for bit the same but in a NaN's payload.
 *
 * F16C's instructions know subnormal numbers whatever the processor's flush-to-zero bits say, and are told how to round.
 *
 * SPDX-License-Identifier: MIT
 */

#include "eshi-tensor-private.h"

#if defined __x86_64__ && defined __GNUC__

#include <cpuid.h>
#include <immintrin.h>

#define BLOCK 16
#define AVX2 __attribute__ ((target ("avx2,f16c")))
#define INLINE AVX2 __attribute__ ((always_inline)) inline

/* Sixteen elements. */
typedef struct
{
  __m256 low;
  __m256 high;
} Wide;

static INLINE Wide
load_f16 (const guint8 *src)
{
  return (Wide) { _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *) src)),
                 _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *) (src + 16))) };
}

static INLINE __m256
load_eight_bf16 (const guint8 *src)
{
  __m256i words = _mm256_cvtepu16_epi32 (_mm_loadu_si128 ((const __m128i *) src));

  return _mm256_castsi256_ps (_mm256_slli_epi32 (words, 16));
}

static INLINE Wide
load_bf16 (const guint8 *src)
{
  return (Wide) { load_eight_bf16 (src), load_eight_bf16 (src + 16) };
}

static INLINE Wide
load_f32 (const guint8 *src)
{
  return (Wide) { _mm256_loadu_ps ((const float *) (gconstpointer) src),
                 _mm256_loadu_ps ((const float *) (gconstpointer) (src + 32)) };
}

static INLINE void
store_f32 (guint8 *dst,
           Wide    x)
{
  _mm256_storeu_ps ((float *) (gpointer) dst, x.low);
  _mm256_storeu_ps ((float *) (gpointer) (dst + 32), x.high);
}

static INLINE void
store_f16 (guint8 *dst,
           Wide    x)
{
  _mm_storeu_si128 ((__m128i *) dst, _mm256_cvtps_ph (x.low, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128 ((__m128i *) (dst + 16), _mm256_cvtps_ph (x.high, _MM_FROUND_TO_NEAREST_INT));
}

/* The upper halves, rounded to even; see f32_to_bf16() in eshi-tensor.c. */
static INLINE __m256i
round_to_bf16 (__m256 x)
{
  __m256i bits = _mm256_castps_si256 (x);
  __m256i upper = _mm256_srli_epi32 (bits, 16);
  __m256i odd = _mm256_and_si256 (upper, _mm256_set1_epi32 (1));
  __m256i half = _mm256_add_epi32 (_mm256_set1_epi32 (0x7fff), odd);
  __m256i rounded = _mm256_srli_epi32 (_mm256_add_epi32 (bits, half), 16);
  __m256i quiet = _mm256_or_si256 (upper, _mm256_set1_epi32 (0x40));
  __m256i is_nan = _mm256_castps_si256 (_mm256_cmp_ps (x, x, _CMP_UNORD_Q));

  return _mm256_blendv_epi8 (rounded, quiet, is_nan);
}

static INLINE void
store_bf16 (guint8 *dst,
            Wide    x)
{
  __m256i mixed = _mm256_packus_epi32 (round_to_bf16 (x.low), round_to_bf16 (x.high));

  _mm256_storeu_si256 ((__m256i *) dst, _mm256_permute4x64_epi64 (mixed, 0xd8));
}

#define DEFINE_BLOCKS(name, load, src_size, store, dst_size) \
static void AVX2                                             \
name (guint8       *dst,                                     \
      const guint8 *src,                                     \
      gsize         n)                                       \
{                                                            \
  for (gsize i = 0; i < n; i += BLOCK)                       \
    store (dst + i * dst_size, load (src + i * src_size));   \
}

DEFINE_BLOCKS (f16_to_f32, load_f16, 2, store_f32, 4)
DEFINE_BLOCKS (f16_to_bf16, load_f16, 2, store_bf16, 2)
DEFINE_BLOCKS (bf16_to_f32, load_bf16, 2, store_f32, 4)
DEFINE_BLOCKS (f32_to_f16, load_f32, 4, store_f16, 2)
DEFINE_BLOCKS (f32_to_bf16, load_f32, 4, store_bf16, 2)

typedef void (*BlocksFunc) (guint8 *dst, const guint8 *src, gsize n);

static const BlocksFunc functions[ESHI_N_DTYPES][ESHI_N_DTYPES] = {
  [ESHI_DTYPE_F16] = { [ESHI_DTYPE_F32] = f16_to_f32, [ESHI_DTYPE_BF16] = f16_to_bf16 },
  [ESHI_DTYPE_BF16] = { [ESHI_DTYPE_F32] = bf16_to_f32 },
  [ESHI_DTYPE_F32] = { [ESHI_DTYPE_F16] = f32_to_f16, [ESHI_DTYPE_BF16] = f32_to_bf16 },
};

static gboolean
has_avx2 (void)
{
  guint a = 0, b = 0, c = 0, d = 0;

  return __builtin_cpu_supports ("avx2") && __get_cpuid (1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}

gsize
_eshi_convert_blocks (void       *dst,
                      EshiDType   to,
                      const void *src,
                      EshiDType   from,
                      gsize       n)
{
  static gsize state = 0; /* 1: no AVX2, 2: there is */

  if (g_once_init_enter (&state))
    g_once_init_leave (&state, has_avx2 () ? 2 : 1);
  if (state == 1 || functions[from][to] == NULL)
    return 0;
  n = n / BLOCK * BLOCK;
  functions[from][to](dst, src, n);
  return n;
}

#else

gsize
_eshi_convert_blocks (void       *dst,
                      EshiDType   to,
                      const void *src,
                      EshiDType   from,
                      gsize       n)
{
  return 0;
}

#endif
