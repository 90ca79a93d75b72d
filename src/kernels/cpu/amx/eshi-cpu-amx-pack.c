/* eshi-cpu-amx-pack.c: see eshi-cpu-amx-pack.h.
 *
 * A tile's rows are pairs of terms and its columns the weight's rows, so packing one is the transposition of 16 × 16
 * pairs, which fits the registers. Taps lie apart by then: each column is converted and taken to pieces in the first
 * cache before.
 *
 * SPDX-License-Identifier: MIT
 */

#include "eshi-cpu-amx-pack.h"

#include <immintrin.h>

#define COLUMNS 16 /* of a tile */
#define TERMS 32
#define TILE_VALUES (COLUMNS * TERMS)
#define ALIGNED __attribute__ ((aligned (64)))
#define INLINE static inline __attribute__ ((always_inline))

INLINE __m512i
round_to_bf16 (__m512 low,
               __m512 high)
{
  return (__m512i) _mm512_cvtne2ps_pbh (high, low);
}

/* Sixteen numbers of type F64. */
INLINE __m512
load_doubles (const char *p)
{
  __m256 low = _mm512_cvtpd_ps (_mm512_loadu_pd (p));
  __m256 high = _mm512_cvtpd_ps (_mm512_loadu_pd (p + 64));

  return _mm512_insertf32x8 (_mm512_castps256_ps512 (low), high, 1);
}

/* Elements @at to @at + 31 of @src as bf16. */
INLINE __m512i
load_terms (const void *src,
            gsize       at,
            EshiDType   dtype)
{
  const char *p = (const char *) src + at * (dtype == ESHI_DTYPE_F64 ? 8 : dtype == ESHI_DTYPE_F32 ? 4 : 2);

  if (dtype == ESHI_DTYPE_BF16)
    return _mm512_loadu_si512 (p);
  if (dtype == ESHI_DTYPE_F64)
    return round_to_bf16 (load_doubles (p), load_doubles (p + 128));
  if (dtype == ESHI_DTYPE_F32)
    return round_to_bf16 (_mm512_loadu_ps (p), _mm512_loadu_ps (p + 64));
  return round_to_bf16 (_mm512_cvtph_ps (_mm256_loadu_si256 ((const __m256i *) p)),
                        _mm512_cvtph_ps (_mm256_loadu_si256 ((const __m256i *) (p + 32))));
}

/* @r [16][16] dwords, transposed, to @dst. */
INLINE void
store_transposed (guint16 *dst,
                  __m512i  r[COLUMNS])
{
  __m512i t[COLUMNS];

#pragma GCC unroll 16
  for (guint i = 0; i < 16; i += 2)
    {
      t[i] = _mm512_unpacklo_epi32 (r[i], r[i + 1]);
      t[i + 1] = _mm512_unpackhi_epi32 (r[i], r[i + 1]);
    }
#pragma GCC unroll 16
  for (guint i = 0; i < 16; i += 4)
    {
      r[i] = _mm512_unpacklo_epi64 (t[i], t[i + 2]);
      r[i + 1] = _mm512_unpackhi_epi64 (t[i], t[i + 2]);
      r[i + 2] = _mm512_unpacklo_epi64 (t[i + 1], t[i + 3]);
      r[i + 3] = _mm512_unpackhi_epi64 (t[i + 1], t[i + 3]);
    }
    /* r[4 q + s] has dwords 4 l + s, l its lane, of columns 4 q to 4 q + 3. */
#pragma GCC unroll 16
  for (guint s = 0; s < 4; s++)
    {
      __m512i even01 = _mm512_shuffle_i32x4 (r[s], r[4 + s], 0x88);
      __m512i odd01 = _mm512_shuffle_i32x4 (r[s], r[4 + s], 0xdd);
      __m512i even23 = _mm512_shuffle_i32x4 (r[8 + s], r[12 + s], 0x88);
      __m512i odd23 = _mm512_shuffle_i32x4 (r[8 + s], r[12 + s], 0xdd);

      _mm512_store_si512 (dst + s * TERMS, _mm512_shuffle_i32x4 (even01, even23, 0x88));
      _mm512_store_si512 (dst + (4 + s) * TERMS, _mm512_shuffle_i32x4 (odd01, odd23, 0x88));
      _mm512_store_si512 (dst + (8 + s) * TERMS, _mm512_shuffle_i32x4 (even01, even23, 0xdd));
      _mm512_store_si512 (dst + (12 + s) * TERMS, _mm512_shuffle_i32x4 (odd01, odd23, 0xdd));
    }
}

INLINE void
pack_matrix (guint16    *dst,
             const void *src,
             gsize       stride,
             EshiDType   dtype)
{
  __m512i r[COLUMNS];

#pragma GCC unroll 16
  for (guint column = 0; column < COLUMNS; column++)
    r[column] = load_terms (src, column * stride, dtype);
  store_transposed (dst, r);
}

/* @apart [n_taps, TERMS] = a column's terms, tap by tap. */
INLINE void
take_apart (guint16    *apart,
            gsize       tap_step,
            const void *src,
            gsize       at,
            EshiDType   dtype,
            gsize       n_taps)
{
  guint16 together[TERMS * ESHI_CPU_AMX_MAX_TAPS] ALIGNED;

  for (gsize i = 0; i < n_taps; i++)
    _mm512_store_si512 (together + i * TERMS, load_terms (src, at + i * TERMS, dtype));
  for (gsize term = 0; term < TERMS; term++)
    for (gsize tap = 0; tap < n_taps; tap++)
      apart[tap * tap_step + term] = together[term * n_taps + tap];
}

INLINE void
pack_taps (guint16    *dst,
           const void *src,
           gsize       stride,
           EshiDType   dtype,
           gsize       n_taps)
{
  guint16 apart[ESHI_CPU_AMX_MAX_TAPS * TILE_VALUES] ALIGNED;

  for (gsize column = 0; column < COLUMNS; column++)
    take_apart (apart + column * TERMS, TILE_VALUES, src, column * stride, dtype, n_taps);
  for (gsize tap = 0; tap < n_taps; tap++)
    pack_matrix (dst + tap * 2 * TILE_VALUES, apart + tap * TILE_VALUES, TERMS, ESHI_DTYPE_BF16);
}

/* A copy for each number of taps that occurs, and one for others. */
INLINE void
pack_half (guint16    *dst,
           const void *src,
           gsize       stride,
           EshiDType   dtype,
           gsize       n_taps)
{
  if (n_taps == 1)
    pack_matrix (dst, src, stride, dtype);
  else if (n_taps == ESHI_CPU_AMX_MAX_TAPS)
    pack_taps (dst, src, stride, dtype, ESHI_CPU_AMX_MAX_TAPS);
  else
    pack_taps (dst, src, stride, dtype, n_taps);
}

void
eshi_cpu_amx_pack_block (guint16           *dst,
                         const void *const  src[2],
                         gsize              stride,
                         EshiDType          dtype,
                         gsize              n_taps)
{
  for (guint half = 0; half < 2; half++)
    if (dtype == ESHI_DTYPE_F16)
      pack_half (dst + half * TILE_VALUES, src[half], stride, ESHI_DTYPE_F16, n_taps);
    else if (dtype == ESHI_DTYPE_F32)
      pack_half (dst + half * TILE_VALUES, src[half], stride, ESHI_DTYPE_F32, n_taps);
    else if (dtype == ESHI_DTYPE_F64)
      pack_half (dst + half * TILE_VALUES, src[half], stride, ESHI_DTYPE_F64, n_taps);
    else
      pack_half (dst + half * TILE_VALUES, src[half], stride, ESHI_DTYPE_BF16, n_taps);
}
