/* eshi-cpu-simd.h: vectors of floats as wide as the instruction set that the file is compiled for.
 *
 * The files of this directory are compiled once per instruction set (ESHI_CPU_VARIANT names it) and must stay free of
 * code that differs in anything but width. Elements in memory are f32 or bf16; in registers they are always f32. The
 * functions take @bf16 as a constant, so that each caller is specialised. Knows activations, but no op.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <string.h>

#include "eshi-op.h"

#if defined (__x86_64__)
#include <immintrin.h>
#endif

#if defined (__AVX512F__)
#define ESHI_LANES 16
#elif defined (__AVX2__)
#define ESHI_LANES 8
#else
#define ESHI_LANES 4
#endif

/* Outputs whose weights lie side by side in a packed matrix. */
#define ESHI_PANEL (ESHI_LANES < 16 ? 16 : 32)

#if defined (__AVX512BF16__)
#define ESHI_NATIVE_BF16 1
#else
#define ESHI_NATIVE_BF16 0
#endif

#define ESHI_INLINE static inline __attribute__ ((always_inline, unused))

typedef float   EshiVec  __attribute__ ((vector_size (4 * ESHI_LANES)));
typedef gint32  EshiVecI __attribute__ ((vector_size (4 * ESHI_LANES)));
typedef guint32 EshiVecU __attribute__ ((vector_size (4 * ESHI_LANES)));
typedef guint16 EshiVecH __attribute__ ((vector_size (2 * ESHI_LANES)));

/* The same in memory, where nothing is aligned. */
typedef float   EshiMemVec  __attribute__ ((vector_size (4 * ESHI_LANES), aligned (1), may_alias));
typedef guint16 EshiMemVecH __attribute__ ((vector_size (2 * ESHI_LANES), aligned (1), may_alias));

ESHI_INLINE EshiVec
eshi_vec_set1 (float x)
{
  return x - (EshiVec) { 0 };
}

ESHI_INLINE EshiVec
eshi_vec_max (EshiVec a,
              EshiVec b)
{
#if defined (__AVX512F__)
  return (EshiVec) _mm512_max_ps ((__m512) a, (__m512) b);
#elif defined (__AVX2__)
  return (EshiVec) _mm256_max_ps ((__m256) a, (__m256) b);
#elif defined (__x86_64__)
  return (EshiVec) _mm_max_ps ((__m128) a, (__m128) b);
#else
  EshiVecI mask = a > b;
  return (EshiVec) ((mask & (EshiVecI) a) | (~mask & (EshiVecI) b));
#endif
}

ESHI_INLINE EshiVec
eshi_vec_min (EshiVec a,
              EshiVec b)
{
#if defined (__AVX512F__)
  return (EshiVec) _mm512_min_ps ((__m512) a, (__m512) b);
#elif defined (__AVX2__)
  return (EshiVec) _mm256_min_ps ((__m256) a, (__m256) b);
#elif defined (__x86_64__)
  return (EshiVec) _mm_min_ps ((__m128) a, (__m128) b);
#else
  EshiVecI mask = a < b;
  return (EshiVec) ((mask & (EshiVecI) a) | (~mask & (EshiVecI) b));
#endif
}

/* Sum and largest of the lanes, by halves. */
ESHI_INLINE float
eshi_vec_sum (EshiVec a)
{
#if defined (__AVX512F__)
  return _mm512_reduce_add_ps ((__m512) a);
#else
  for (guint half = ESHI_LANES / 2; half > 0; half /= 2)
    for (guint i = 0; i < half; i++)
      a[i] += a[i + half];
  return a[0];
#endif
}

ESHI_INLINE float
eshi_vec_max_lane (EshiVec a)
{
#if defined (__AVX512F__)
  return _mm512_reduce_max_ps ((__m512) a);
#else
  for (guint half = ESHI_LANES / 2; half > 0; half /= 2)
    for (guint i = 0; i < half; i++)
      a[i] = MAX (a[i], a[i + half]);
  return a[0];
#endif
}

/* bf16 → f32, exactly. */
ESHI_INLINE EshiVec
eshi_vec_from_bf16 (EshiVecH h)
{
  return (EshiVec) (__builtin_convertvector (h, EshiVecU) << 16);
}

/* f32 → bf16, to nearest even; NaN stays NaN. */
ESHI_INLINE EshiVecH
eshi_vec_to_bf16 (EshiVec x)
{
#if ESHI_NATIVE_BF16
  return (EshiVecH) _mm512_cvtneps_pbh ((__m512) x);
#else
  EshiVecU bits = (EshiVecU) x;
  EshiVecU nan = (EshiVecU) (x != x);
  EshiVecU rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;

  return __builtin_convertvector ((nan & ((bits >> 16) | 0x40)) | (~nan & rounded), EshiVecH);
#endif
}

/* The elements i … i + LANES − 1 of @src. */
ESHI_INLINE EshiVec
eshi_vec_load (const void *src,
               gsize       i,
               gboolean    bf16)
{
  if (bf16)
    return eshi_vec_from_bf16 (*(const EshiMemVecH *) ((const guint16 *) src + i));
  return *(const EshiMemVec *) ((const float *) src + i);
}

ESHI_INLINE void
eshi_vec_store (void     *dst,
                gsize     i,
                EshiVec   x,
                gboolean  bf16)
{
  if (bf16)
    *(EshiMemVecH *) ((guint16 *) dst + i) = eshi_vec_to_bf16 (x);
  else
    *(EshiMemVec *) ((float *) dst + i) = x;
}

/* The same for the first @n < LANES elements; the other lanes are 0. */
ESHI_INLINE EshiVec
eshi_vec_load_n (const void *src,
                 gsize       i,
                 gsize       n,
                 gboolean    bf16)
{
  float buffer[ESHI_LANES] = { 0 };
  gsize size = bf16 ? 2 : 4;

  memcpy (buffer, (const char *) src + i * size, n * size);
  return eshi_vec_load (buffer, 0, bf16);
}

ESHI_INLINE void
eshi_vec_store_n (void     *dst,
                  gsize     i,
                  gsize     n,
                  EshiVec   x,
                  gboolean  bf16)
{
  float buffer[ESHI_LANES];
  gsize size = bf16 ? 2 : 4;

  eshi_vec_store (buffer, 0, x, bf16);
  memcpy ((char *) dst + i * size, buffer, n * size);
}

/* The same of a weight of @dtype: F32, BF16, or F16 where the instruction set has it. */
ESHI_INLINE EshiVec
eshi_vec_load_weight (const void *weight,
                      gsize       i,
                      EshiDType   dtype)
{
#if defined (__F16C__)
  if (dtype == ESHI_DTYPE_F16)
    {
      const guint16 *half = (const guint16 *) weight + i;
#if defined (__AVX512F__)
      return (EshiVec) _mm512_cvtph_ps (_mm256_loadu_si256 ((const __m256i *) half));
#else
      return (EshiVec) _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *) half));
#endif
    }
#endif
  return eshi_vec_load (weight, i, dtype == ESHI_DTYPE_BF16);
}

ESHI_INLINE EshiVec
eshi_vec_load_weight_n (const void *weight,
                        gsize       i,
                        gsize       n,
                        EshiDType   dtype)
{
  float buffer[ESHI_LANES] = { 0 };
  gsize size = dtype == ESHI_DTYPE_F32 ? 4 : 2;

  memcpy (buffer, (const char *) weight + i * size, n * size);
  return eshi_vec_load_weight (buffer, 0, dtype);
}

/* eˣ to about 1e-7 of its value; 1.2e-38 below −87.3. NaN stays NaN. */
ESHI_INLINE EshiVec
eshi_vec_exp (EshiVec x)
{
  const float magic = 12582912.0f; /* 1.5 · 2²³: adding it leaves the nearest integer in the low bits */
  EshiVec clamped = eshi_vec_min (eshi_vec_set1 (88.0f), eshi_vec_max (eshi_vec_set1 (-87.3f), x));
  EshiVec shifted = clamped * 1.44269504f + magic;
  EshiVec n = shifted - magic;
  EshiVec r = clamped - n * 0.693359375f + n * 2.12194440e-4f;
  EshiVec p = ((((1.3814463e-3f * r + 8.3687808e-3f) * r + 4.1668393e-2f) * r + 0.1666652f) * r + 0.49999994f);
  EshiVecI exponent = ((EshiVecI) shifted - 0x4b400000 + 127) << 23;

  return (p * (r * r) + r + 1.0f) * (EshiVec) exponent;
}

#if ESHI_NATIVE_BF16

/* eˣ to 1e-4 of its value, enough for what is rounded to bf16 next; 0 where it underflows. */
ESHI_INLINE EshiVec
eshi_vec_exp_coarse (EshiVec x)
{
  const float magic = 12582912.0f;
  EshiVec clamped = eshi_vec_max (eshi_vec_set1 (-200.0f), x);
  EshiVec n = (clamped * 1.44269504f + magic) - magic;
  EshiVec r = clamped * 1.44269504f - n;
  EshiVec p = ((5.5171624e-2f * r + 0.24261113f) * r + 0.69326097f) * r + 0.99992806f;

  return (EshiVec) _mm512_scalef_ps ((__m512) p, (__m512) n);
}

/* x · σ(x) to 2e-4 of its value, for the same purpose; −0 where eˣ underflows. */
ESHI_INLINE EshiVec
eshi_vec_silu_coarse (EshiVec x)
{
  return x * (EshiVec) _mm512_rcp14_ps ((__m512) (1.0f + eshi_vec_exp_coarse (-x)));
}

#endif

/* erf to 4e-7, by a rational function fitted on |x| < 3.92, beyond which it is ±1 in f32. */
ESHI_INLINE EshiVec
eshi_vec_erf (EshiVec x)
{
  EshiVec c = eshi_vec_min (eshi_vec_set1 (3.92f), eshi_vec_max (eshi_vec_set1 (-3.92f), x));
  EshiVec u = c * c;
  EshiVec p = ((((2.0347657e-6f * u + 2.8747768e-4f) * u + 3.8682162e-3f) * u + 5.3060140e-2f) * u
               + 0.19276135f) * u + 1.1283790f;
  EshiVec q = ((((3.8070873e-5f * u + 1.1880897e-3f) * u + 1.5172073e-2f) * u + 0.11508352f) * u
               + 0.50416195f) * u + 1.0f;

  return c * p / q;
}

ESHI_INLINE EshiVec
eshi_vec_gelu (EshiVec x)
{
  return 0.5f * x * (1.0f + eshi_vec_erf (x * 0.70710678f));
}

/* x · σ(k x) */
ESHI_INLINE EshiVec
eshi_vec_swish (EshiVec x,
                float   k)
{
  return x / (1.0f + eshi_vec_exp (x * -k));
}

ESHI_INLINE EshiVec
eshi_vec_activate (EshiVec        x,
                   EshiActivation act)
{
  switch (act)
    {
    case ESHI_ACT_SILU:
      return eshi_vec_swish (x, 1.0f);
    case ESHI_ACT_QUICK_GELU:
      return eshi_vec_swish (x, 1.702f);
    case ESHI_ACT_GELU:
      return eshi_vec_gelu (x);
    case ESHI_ACT_RELU:
      return eshi_vec_max (x, eshi_vec_set1 (0.0f));
    case ESHI_ACT_NONE:
    case ESHI_N_ACTIVATIONS:
    default:
      return x;
    }
}
