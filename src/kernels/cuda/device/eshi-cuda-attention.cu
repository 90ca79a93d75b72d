/* eshi-cuda-attention.cu: softmax (q · kᵀ · scale) · v without ever storing the scores.
 *
 * A block takes 64 queries of one head, four warps of 16; keys and values come past in tiles, and each row of the result
 * is rescaled when a larger score turns up (the online softmax). f16 multiplies on tensor cores and adds in f32; heads
 * wider than 160 (the decoder's 512) are read in chunks, and their result is made in slices of 128 columns by different
 * blocks, each of which works out all scores. f32, for a decoder that is redone, runs on plain arithmetic, a warp a
 * query.
 *
 * Widths are filled up with zeros to a multiple of 16; keys past the end, or in a causal mask's future, count as minus
 * infinity. Key 0 is seen by every query, so no row is empty.
 *
 * SPDX-License-Identifier: MIT
 */

#include "eshi-cuda-device.h"

#define N_QUERIES 64
#define N_THREADS 128

/* Halves after each row in shared memory: eight rows then begin in different banks. */
#define ROW_PAD 8

/* Of heads wider than 160: columns of q and k that are multiplied at a time, and of the result that a block makes. */
#define CHUNK 64
#define SLICE 128

namespace
{

using namespace eshi;

/* What a block works on. */
struct Place
{
  const __half *q, *k, *v; /* row 0 of this head and image */
  __half       *dst;
  int64_t       stride;    /* between rows */
  int64_t       first;     /* query */
};

__device__ Place
find_place (__half *dst,
            const __half *q,
            const __half *k,
            const __half *v,
            const EshiCudaAttention &p)
{
  int64_t n = blockIdx.y / p.heads;
  int64_t head = (int64_t) (blockIdx.y % p.heads) * p.d;
  int64_t stride = (int64_t) p.heads * p.d;

  return { q + n * p.t * stride + head, k + n * p.s * stride + head, v + n * p.s * stride + head,
           dst + n * p.t * stride + head, stride, (int64_t) blockIdx.x * N_QUERIES };
}

/* Eight halves of a row of @width, from @column on; zeros past its end. */
__device__ uint4
read_eight (const __half *row,
            int           column,
            int           width,
            int           vector)
{
  Pack<__half, 8> pack = {};
  uint4 eight;

  if (vector && column + 8 <= width)
    return *reinterpret_cast<const uint4 *> (row + column);
#pragma unroll
  for (int i = 0; i < 8; i++)
    if (column + i < width)
      pack.v[i] = row[column + i];
  memcpy (&eight, &pack, sizeof eight);
  return eight;
}

/* Rows of @src to @tile [n_rows, D + ROW_PAD]; zeros where a row is not below @n_valid or a column not below @width. */
template <int D>
__device__ void
load_tile (__half       *tile,
           const __half *src,
           int64_t       stride,
           int           n_rows,
           int64_t       n_valid,
           int           width,
           int           vector)
{
  for (int i = threadIdx.x; i < n_rows * (D / 8); i += N_THREADS)
    {
      int row = i / (D / 8);
      int column = i % (D / 8) * 8;
      uint4 eight = {};

      if (row < n_valid)
        eight = read_eight (src + row * stride, column, width, vector);
      *reinterpret_cast<uint4 *> (tile + row * (D + ROW_PAD) + column) = eight;
    }
}

/* This warp's 16 rows of @tile, from column @column on, as the left side of a product. */
template <int D>
__device__ void
load_left (uint32_t (&a)[4],
           const __half *tile,
           int column)
{
  int lane = threadIdx.x % 32;
  int row = threadIdx.x / 32 * 16 + lane % 16;

  load_matrices<false> (a, tile + row * (D + ROW_PAD) + column + lane / 16 * 8);
}

/* scores [16, K] += left [16, 16] · tile[.., column..]ᵀ, tile [K, D + ROW_PAD] */
template <int D, int K>
__device__ void
add_scores (float (&scores)[K / 8][4],
            const uint32_t (&left)[4],
            const __half *tile,
            int column)
{
  int lane = threadIdx.x % 32;
  const __half *row = tile + (lane / 16 * 8 + lane % 8) * (D + ROW_PAD) + column + lane / 8 % 2 * 8;

#pragma unroll
  for (int key = 0; key < K; key += 16)
    {
      uint32_t r[4];

      load_matrices<false> (r, row + key * (D + ROW_PAD));
      mma (scores[key / 8], left, { r[0], r[1] });
      mma (scores[key / 8 + 1], left, { r[2], r[3] });
    }
}

__device__ uint32_t
pack_halves (float low,
             float high)
{
  Pack<__half, 2> pack = { { __float2half_rn (low), __float2half_rn (high) } };
  uint32_t bits;

  memcpy (&bits, &pack, sizeof bits);
  return bits;
}

/* result [16, D] += weights [16, K] · tile [K, D + ROW_PAD] */
template <int D, int K>
__device__ void
add_values (float (&result)[D / 8][4],
            const float (&weights)[K / 8][4],
            const __half *tile)
{
  int lane = threadIdx.x % 32;
  const __half *row = tile + (lane / 8 % 2 * 8 + lane % 8) * (D + ROW_PAD) + lane / 16 * 8;

#pragma unroll
  for (int key = 0; key < K; key += 16)
    {
      const float (&w)[4] = weights[key / 8];
      const float (&x)[4] = weights[key / 8 + 1];
      uint32_t left[4] = { pack_halves (w[0], w[1]), pack_halves (w[2], w[3]),
                           pack_halves (x[0], x[1]), pack_halves (x[2], x[3]) };

#pragma unroll
      for (int column = 0; column < D; column += 16)
        {
          uint32_t r[4];

          load_matrices<true> (r, row + key * (D + ROW_PAD) + column);
          mma (result[column / 8], left, { r[0], r[1] });
          mma (result[column / 8 + 1], left, { r[2], r[3] });
        }
    }
}

/* The lane's two rows of a softmax under way: the largest score so far, and this lane's part of the sum. */
struct Softmax
{
  float largest[2];
  float sum[2];
};

/* Scores that do not count become minus infinity. @query: of the warp's first row; @key: of the tile's first. */
template <int K>
__device__ void
mask_scores (float (&scores)[K / 8][4],
             int64_t query,
             int64_t key,
             const EshiCudaAttention &p)
{
  int lane = threadIdx.x % 32;

#pragma unroll
  for (int j = 0; j < K / 8; j++)
#pragma unroll
    for (int i = 0; i < 4; i++)
      {
        int64_t this_key = key + j * 8 + lane % 4 * 2 + i % 2;
        int64_t this_query = query + lane / 4 + i / 2 * 8;

        if (this_key >= p.s || (p.causal && this_key > this_query))
          scores[j][i] = -INFINITY;
      }
}

/* Turns @scores into weights relative to the largest so far, and brings sum and @result to that too. */
template <int D, int K>
__device__ void
update_softmax (Softmax &softmax,
                float (&scores)[K / 8][4],
                float (&result)[D / 8][4],
                float scale)
{
  /* 2^(x · log2 e) is what the device has an instruction for. */
  const float factor = scale * 1.44269504f;

#pragma unroll
  for (int half = 0; half < 2; half++)
    {
      float largest = softmax.largest[half];
      float shrink = 0;
      float sum = 0;

#pragma unroll
      for (int j = 0; j < K / 8; j++)
        {
          scores[j][2 * half] *= factor;
          scores[j][2 * half + 1] *= factor;
          largest = fmaxf (largest, fmaxf (scores[j][2 * half], scores[j][2 * half + 1]));
        }
      largest = fmaxf (largest, __shfl_xor_sync (0xffffffffu, largest, 1));
      largest = fmaxf (largest, __shfl_xor_sync (0xffffffffu, largest, 2));
      shrink = exp2f (softmax.largest[half] - largest);

#pragma unroll
      for (int j = 0; j < K / 8; j++)
        {
          scores[j][2 * half] = exp2f (scores[j][2 * half] - largest);
          scores[j][2 * half + 1] = exp2f (scores[j][2 * half + 1] - largest);
          sum += scores[j][2 * half] + scores[j][2 * half + 1];
        }
#pragma unroll
      for (int j = 0; j < D / 8; j++)
        {
          result[j][2 * half] *= shrink;
          result[j][2 * half + 1] *= shrink;
        }
      softmax.sum[half] = softmax.sum[half] * shrink + sum;
      softmax.largest[half] = largest;
    }
}

/* Columns [column, column + D) of the warp's rows, divided by their sums. */
template <int D>
__device__ void
write_result (const float (&result)[D / 8][4],
              const Softmax &softmax,
              const Place &place,
              int first_column,
              const EshiCudaAttention &p)
{
  int lane = threadIdx.x % 32;

#pragma unroll
  for (int half = 0; half < 2; half++)
    {
      int64_t query = place.first + threadIdx.x / 32 * 16 + lane / 4 + half * 8;
      float sum = softmax.sum[half];

      sum += __shfl_xor_sync (0xffffffffu, sum, 1);
      sum += __shfl_xor_sync (0xffffffffu, sum, 2);
      sum = 1.0f / sum;
#pragma unroll
      for (int j = 0; j < D / 8; j++)
        {
          int column = first_column + j * 8 + lane % 4 * 2;
          __half *dst = place.dst + query * place.stride + column;

          if (query >= p.t || column >= p.d)
            continue;
          if (p.vector)
            *reinterpret_cast<uint32_t *> (dst) = pack_halves (result[j][2 * half] * sum, result[j][2 * half + 1] * sum);
          else
            {
              dst[0] = __float2half_rn (result[j][2 * half] * sum);
              if (column + 1 < p.d)
                dst[1] = __float2half_rn (result[j][2 * half + 1] * sum);
            }
        }
    }
}

/* Keys that the block's queries may see. */
__device__ int64_t
count_keys (const Place &place,
            const EshiCudaAttention &p)
{
  return p.causal ? min (p.s, place.first + N_QUERIES) : p.s;
}

template <int D>
__device__ void
attend (__half *dst,
        const __half *q,
        const __half *k,
        const __half *v,
        const EshiCudaAttention &p)
{
  constexpr int K = D > 80 ? 32 : 64;
  ESHI_DYNAMIC_SHARED (__half, tiles); /* q, then k and v: [64 or 2 · K, D + ROW_PAD] */
  __half *v_tile = tiles + K * (D + ROW_PAD);
  Place place = find_place (dst, q, k, v, p);
  int64_t n_keys = count_keys (place, p);
  Softmax softmax = { { -INFINITY, -INFINITY }, { 0, 0 } };
  float result[D / 8][4] = {};
  uint32_t left[D / 16][4];

  load_tile<D> (tiles, place.q + place.first * place.stride, place.stride, N_QUERIES, p.t - place.first, p.d, p.vector);
  __syncthreads ();
#pragma unroll
  for (int column = 0; column < D; column += 16)
    load_left<D> (left[column / 16], tiles, column);

  for (int64_t key = 0; key < n_keys; key += K)
    {
      float scores[K / 8][4] = {};

      __syncthreads ();
      load_tile<D> (tiles, place.k + key * place.stride, place.stride, K, p.s - key, p.d, p.vector);
      load_tile<D> (v_tile, place.v + key * place.stride, place.stride, K, p.s - key, p.d, p.vector);
      __syncthreads ();
#pragma unroll
      for (int column = 0; column < D; column += 16)
        add_scores<D, K> (scores, left[column / 16], tiles, column);
      if (p.causal || key + K > p.s)
        mask_scores<K> (scores, place.first + threadIdx.x / 32 * 16, key, p);
      update_softmax<D, K> (softmax, scores, result, p.scale);
      add_values<D, K> (result, scores, v_tile);
    }
  write_result<D> (result, softmax, place, 0, p);
}

/* scores [16, N_QUERIES] of the tile at @key, over all columns in chunks. @tiles: [2, 64, CHUNK + ROW_PAD] */
__device__ void
score_chunks (float (&scores)[N_QUERIES / 8][4],
              __half *tiles,
              const Place &place,
              int64_t key,
              const EshiCudaAttention &p)
{
  __half *k_tile = tiles + N_QUERIES * (CHUNK + ROW_PAD);

  for (int chunk = 0; chunk < p.d; chunk += CHUNK)
    {
      __syncthreads ();
      load_tile<CHUNK> (tiles, place.q + place.first * place.stride + chunk, place.stride, N_QUERIES,
                        p.t - place.first, p.d - chunk, p.vector);
      load_tile<CHUNK> (k_tile, place.k + key * place.stride + chunk, place.stride, N_QUERIES, p.s - key,
                        p.d - chunk, p.vector);
      __syncthreads ();
#pragma unroll
      for (int column = 0; column < CHUNK; column += 16)
        {
          uint32_t left[4];

          load_left<CHUNK> (left, tiles, column);
          add_scores<CHUNK, N_QUERIES> (scores, left, k_tile, column);
        }
    }
}

} /* namespace */

/* d of any width, in slices (blockIdx.z). */
ESHI_KERNEL (N_THREADS)
eshi_attention_wide (__half            *dst,
                     const __half      *q,
                     const __half      *k,
                     const __half      *v,
                     EshiCudaAttention  p)
{
  ESHI_DYNAMIC_SHARED (__half, tiles); /* q and k in chunks, then v: [64, SLICE + ROW_PAD] */
  Place place = find_place (dst, q, k, v, p);
  int64_t n_keys = count_keys (place, p);
  int first_column = (int) blockIdx.z * SLICE;
  Softmax softmax = { { -INFINITY, -INFINITY }, { 0, 0 } };
  float result[SLICE / 8][4] = {};

  for (int64_t key = 0; key < n_keys; key += N_QUERIES)
    {
      float scores[N_QUERIES / 8][4] = {};

      score_chunks (scores, tiles, place, key, p);
      if (p.causal || key + N_QUERIES > p.s)
        mask_scores<N_QUERIES> (scores, place.first + threadIdx.x / 32 * 16, key, p);
      update_softmax<SLICE, N_QUERIES> (softmax, scores, result, p.scale);
      __syncthreads ();
      load_tile<SLICE> (tiles, place.v + key * place.stride + first_column, place.stride, N_QUERIES, p.s - key,
                        p.d - first_column, p.vector);
      __syncthreads ();
      add_values<SLICE, N_QUERIES> (result, scores, tiles);
    }
  write_result<SLICE> (result, softmax, place, first_column, p);
}
ESHI_EXPORT (eshi_attention_wide)

#define ATTENTION(D)                                                                                            \
  ESHI_KERNEL (N_THREADS)                                                                                       \
  eshi_attention_##D (__half *dst, const __half *q, const __half *k, const __half *v, EshiCudaAttention p)      \
  {                                                                                                             \
    attend<D> (dst, q, k, v, p);                                                                                \
  }                                                                                                             \
  ESHI_EXPORT (eshi_attention_##D)

ATTENTION (32)
ATTENTION (48)
ATTENTION (64)
ATTENTION (80)
ATTENTION (128)
ATTENTION (160)

/* Columns of the result in one lane's registers; d is at most 32 times that. */
#define LANE_COLUMNS 16

/* f32: a warp a query, 32 keys at a time, each lane one score. Shared memory: [4 warps, d + 32] floats. */
ESHI_KERNEL (N_THREADS)
eshi_attention_f (float             *dst,
                  const float       *q,
                  const float       *k,
                  const float       *v,
                  EshiCudaAttention  p)
{
  ESHI_DYNAMIC_SHARED (float, shared);
  float *query = shared + threadIdx.x / 32 * (p.d + 32);
  float *weights = query + p.d;
  int lane = threadIdx.x % 32;
  int64_t t = (int64_t) blockIdx.x * (N_THREADS / 32) + threadIdx.x / 32;
  int64_t n = blockIdx.y / p.heads;
  int64_t stride = (int64_t) p.heads * p.d;
  int64_t head = (int64_t) (blockIdx.y % p.heads) * p.d;
  int64_t place = (n * p.t + t) * stride + head;
  int64_t keys = n * p.s * stride + head;
  int64_t n_keys = p.causal ? t + 1 : p.s;
  float largest = -INFINITY;
  float sum = 0;
  float result[LANE_COLUMNS] = {};

  if (t >= p.t)
    return;
  for (int column = lane; column < p.d; column += 32)
    query[column] = q[place + column];
  __syncwarp ();

  for (int64_t first = 0; first < n_keys; first += 32)
    {
      float score = -INFINITY;
      float before = largest;
      float shrink = 0;

      if (first + lane < n_keys)
        {
          const float *row = k + keys + (first + lane) * stride;

          score = 0;
          for (int column = 0; column < p.d; column++)
            score += query[column] * row[column];
          score *= p.scale;
        }
      largest = fmaxf (largest, warp_max (score));
      shrink = expf (before - largest);
      score = expf (score - largest);
      sum = sum * shrink + warp_sum (score);
      weights[lane] = score;
      __syncwarp ();

#pragma unroll
      for (int j = 0; j < LANE_COLUMNS; j++)
        result[j] *= shrink;
#pragma unroll 1
      for (int i = 0; i < 32 && first + i < n_keys; i++)
        {
          const float *row = v + keys + (first + i) * stride + lane;

#pragma unroll
          for (int j = 0; j < LANE_COLUMNS; j++)
            if (lane + 32 * j < p.d)
              result[j] += weights[i] * row[32 * j];
        }
      __syncwarp ();
    }

#pragma unroll
  for (int j = 0; j < LANE_COLUMNS; j++)
    if (lane + 32 * j < p.d)
      dst[place + lane + 32 * j] = result[j] / sum;
}
ESHI_EXPORT (eshi_attention_f)
