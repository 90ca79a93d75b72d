/* eshi-cpu-amx-softmax.h: scores of attention become probabilities, between the products of eshi-cpu-amx-attention.c.
 *
 * A probability is made in 16 bits, 32 at a time. One multiply-add turns a score into y = 128 · (log₂ p + 127) and rounds
 * it. That would be the bits of the bf16 p if 2ᶠ were 1 + f; what it is less is looked up and taken off. So the error of p
 * is little more than that of rounding it twice: 2.3e-3 of it, root mean square, where bf16 itself has 1.7e-3.
 *
 * p is not relative to the largest score but to a row's reference: that of its first block, which becomes 2⁻³⁰. Only when
 * a p reaches 2 does the row get a new reference, and its sums are scaled. Below 2⁻¹²⁶ p is 0.
 *
 * Running maximum and sum: Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018).
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <math.h>

#include "eshi-cpu-amx-tiles.h"

#define INLINE static inline __attribute__ ((always_inline))

#define ROWS    ESHI_AMX_ROWS
#define DEPTH   ESHI_AMX_DEPTH
#define TILE    (ESHI_AMX_BYTES / sizeof (guint16)) /* elements of a bf16 tile */
#define SCORES  (ROWS * ROWS)                       /* elements of an f32 tile */
#define HALVES  2                                   /* of a block: what one product with v takes */
#define KEYS    (HALVES * DEPTH)                    /* of a block */
#define KEY_TILES (KEYS / ROWS)                     /* of a block, each of one part of d */

/* y of 1, that of a row's first maximum, and the bit that only a p of 2 or more has. */
#define ONE       128
#define FIRST     ((127 - 30) * ONE)
#define TOO_LARGE 0xc000u

/* 1.5 · 2²³: adding it to a float rounds to an integer, which is then in the low bits. */
#define MAGIC      12582912.0f
#define MAGIC_BITS 0x4b400000

#define LOWER_BYTES 0x5555555555555555u /* of each 16 bits */

/* 128 · (1 + f − 2ᶠ), rounded, of f = (2 · i + ½) / 128: the mean of the two places of y that share an entry. */
static const guint8 excess[64] = {
  0,  1,  1,  2,  2,  3,  4,  4,  5,  5,  5,  6,  6,  7,  7,  8,  8,  8,  9,  9,  9,  9,
  10, 10, 10, 10, 10, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 10, 10, 10,
  10, 10, 9,  9,  9,  8,  8,  8,  7,  7,  6,  6,  5,  5,  4,  3,  3,  2,  1,  1,
};

/* Turns 16 rows of 16 numbers of 32 bits. */
INLINE void
transpose (__m512i r[ROWS])
{
  __m512i t[ROWS];

  for (guint i = 0; i < ROWS; i += 2)
    {
      t[i] = _mm512_unpacklo_epi32 (r[i], r[i + 1]);
      t[i + 1] = _mm512_unpackhi_epi32 (r[i], r[i + 1]);
    }
  for (guint i = 0; i < ROWS; i += 4)
    {
      r[i] = _mm512_unpacklo_epi64 (t[i], t[i + 2]);
      r[i + 1] = _mm512_unpackhi_epi64 (t[i], t[i + 2]);
      r[i + 2] = _mm512_unpacklo_epi64 (t[i + 1], t[i + 3]);
      r[i + 3] = _mm512_unpackhi_epi64 (t[i + 1], t[i + 3]);
    }
  for (guint i = 0; i < 4; i++)
    {
      __m512i a = _mm512_shuffle_i32x4 (r[i], r[i + 4], 0x88);
      __m512i b = _mm512_shuffle_i32x4 (r[i], r[i + 4], 0xdd);
      __m512i c = _mm512_shuffle_i32x4 (r[i + 8], r[i + 12], 0x88);
      __m512i d = _mm512_shuffle_i32x4 (r[i + 8], r[i + 12], 0xdd);

      t[i] = _mm512_shuffle_i32x4 (a, c, 0x88);
      t[i + 4] = _mm512_shuffle_i32x4 (b, d, 0x88);
      t[i + 8] = _mm512_shuffle_i32x4 (a, c, 0xdd);
      t[i + 12] = _mm512_shuffle_i32x4 (b, d, 0xdd);
    }
  for (guint i = 0; i < ROWS; i++)
    r[i] = t[i];
}

typedef struct
{
  __m512  scale;  /* y of a score of 1 */
  __m512i magic;
  __m512i excess;
} Powers;

INLINE Powers
make_powers (float scale)
{
  return (Powers) {
    .scale = _mm512_set1_ps (scale * (float) M_LOG2E * ONE),
    .magic = _mm512_set1_epi32 (MAGIC_BITS),
    .excess = _mm512_loadu_si512 (excess),
  };
}

/* The bf16 of 2^(y / ONE − 127), 32 of them. A look-up takes six bits of a byte: those of f but the last. */
INLINE __m512i
power (__m512i       y,
       const Powers *c)
{
  __m512i f = _mm512_srli_epi16 (y, 1);

  return _mm512_sub_epi16 (y, _mm512_maskz_permutexvar_epi8 (LOWER_BYTES, f, c->excess));
}

/* The rows of a unit whose scores become probabilities, and where that is. */
typedef struct
{
  const float   *scores;    /* [ROWS, KEYS] */
  guint16       *weights;   /* [HALVES] tiles */
  const float   *shift;     /* [ROWS] */
  const Powers  *powers;
  __m512i        seen;      /* bits of the probabilities */
  gsize          done;      /* rows */
  gsize          due;       /* rows in units of 2⁻¹⁶ that should be done, beyond these */
  gsize          step;      /* what becomes due with each product of tiles: two rows at most */
} Rows;

/* Half a row; the result is what was stored. */
INLINE __m512i
soften_half (Rows   *rows,
             gsize   half,
             __m512  shift)
{
  const float *scores = rows->scores + rows->done * KEYS + half * DEPTH;
  const Powers *c = rows->powers;
  __m512i a = (__m512i) _mm512_fmadd_ps (_mm512_load_ps (scores), c->scale, shift);
  __m512i b = (__m512i) _mm512_fmadd_ps (_mm512_load_ps (scores + ROWS), c->scale, shift);
  __m512i y = _mm512_packus_epi32 (_mm512_sub_epi32 (a, c->magic), _mm512_sub_epi32 (b, c->magic));
  __m512i p = power (y, c);

  _mm512_store_si512 (rows->weights + half * TILE + rows->done * DEPTH, p);
  return p;
}

INLINE void
soften_row (Rows *rows)
{
  __m512 shift = _mm512_set1_ps (rows->shift[rows->done]);
  __m512i a = soften_half (rows, 0, shift);
  __m512i b = soften_half (rows, 1, shift);

  rows->seen = _mm512_ternarylogic_epi32 (rows->seen, a, b, 0xfe); /* or */
  rows->done++;
}

INLINE void
soften_if_due (Rows *rows)
{
  if (rows->due < 1 << 16)
    return;
  soften_row (rows);
  rows->due -= 1 << 16;
}

/* A product of tiles has been issued: while it runs there is time for rows. They have to stand between the products in the
 * program, too, since the processor does not look far enough ahead. No loop: all of it is known to the compiler where
 * the sizes are. */
INLINE void
soften_due (Rows *rows)
{
  rows->due += rows->step;
  soften_if_due (rows);
  soften_if_due (rows);
}

INLINE void
soften_rest (Rows *rows)
{
  while (rows->done < ROWS)
    soften_row (rows);
  eshi_amx_finish_writes ();
}

INLINE gboolean
is_too_large (__m512i seen)
{
  return _mm512_test_epi16_mask (seen, _mm512_set1_epi16 ((gint16) TOO_LARGE)) != 0;
}

/* The largest of each row of a unit's scores. */
INLINE __m512
find_largest (const float *scores)
{
  __m512i r[ROWS];

  for (guint i = 0; i < ROWS; i++)
    {
      const float *row = scores + i * KEYS;

      r[i] = (__m512i) _mm512_max_ps (_mm512_max_ps (_mm512_load_ps (row), _mm512_load_ps (row + ROWS)),
                                      _mm512_max_ps (_mm512_load_ps (row + 2 * ROWS), _mm512_load_ps (row + 3 * ROWS)));
    }
  transpose (r);
  for (guint n = ROWS / 2; n > 0; n /= 2)
    for (guint i = 0; i < n; i++)
      r[i] = (__m512i) _mm512_max_ps ((__m512) r[i], (__m512) r[i + n]);
  return (__m512) r[0];
}

/* Gives the rows of a unit the reference that their first scores need. */
INLINE void
start_reference (const float *scores,
                 float       *shift,
                 __m512       scale)
{
  __m512 largest = _mm512_roundscale_ps (_mm512_mul_ps (find_largest (scores), scale), 0);

  _mm512_storeu_ps (shift, _mm512_sub_ps (_mm512_set1_ps (MAGIC + FIRST), largest));
}

/* Gives the rows of a unit the reference that their scores need, if they need a greater one, and scales their sums. */
static void
raise_reference (const float *scores,
                 float       *shift,
                 float       *sums,
                 gsize        width,
                 __m512       scale)
{
  float wanted[ROWS];

  start_reference (scores, wanted, scale);
  for (guint i = 0; i < ROWS; i++)
    {
      float *sum = sums + i * ROWS;
      __m512 factor;

      if (!(wanted[i] < shift[i]))
        continue;
      factor = _mm512_set1_ps (exp2f ((wanted[i] - shift[i]) / ONE));
      for (gsize tile = 0; tile < width; tile++)
        _mm512_store_ps (sum + tile * SCORES, _mm512_mul_ps (_mm512_load_ps (sum + tile * SCORES), factor));
      shift[i] = wanted[i];
    }
}
