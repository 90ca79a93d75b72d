/* eshi-cuda-norm.cu: group norm with its activation, in three kernels, and layer norm, a warp a row.
 *
 * Group norm over channels-last images: blocks take parts of the pixels with all channels, so that every read is whole
 * lines; their sums per group go to @sums [n, chunks, groups, 2], are added up in a fixed order, and the last kernel
 * reads x again, mostly from the cache. Sums are of x − shift, the group's first value, so that a mean far from zero
 * does not eat the variance. Nothing is added atomically: the same picture comes out every time.
 *
 * SPDX-License-Identifier: MIT
 */

#include "eshi-cuda-device.h"

namespace
{

using namespace eshi;

/* Pixels of chunk @chunk: [first, last). */
__device__ void
chunk_range (const EshiCudaNorm &p,
             int64_t chunk,
             int64_t &first,
             int64_t &last)
{
  first = p.pixels * chunk / p.n_chunks;
  last = p.pixels * (chunk + 1) / p.n_chunks;
}

/* Sums and sums of squares of channels @channel to @channel + N over the pixels [first, last) in steps of @step. */
template <typename T, int N>
__device__ void
sum_pixels (float (&sum)[N],
            float (&square)[N],
            const T *image,
            const EshiCudaNorm &p,
            int64_t channel,
            int64_t first,
            int64_t last,
            int64_t step)
{
  int64_t per_group = p.c / p.groups;
  float shift[N];
  float x[N];

#pragma unroll
  for (int k = 0; k < N; k++)
    {
      shift[k] = to_float (image[(channel + k) / per_group * per_group]);
      sum[k] = 0;
      square[k] = 0;
    }
  for (int64_t i = first; i < last; i += step)
    {
      load<N> (x, image + i * p.c + channel);
#pragma unroll
      for (int k = 0; k < N; k++)
        {
          sum[k] += x[k] - shift[k];
          square[k] += (x[k] - shift[k]) * (x[k] - shift[k]);
        }
    }
}

/* Adds up, in @parts [rows, 2, c], what the rows of threads found for group @group. */
__device__ void
sum_group (float *dst,
           const float *parts,
           const EshiCudaNorm &p,
           int group,
           int n_rows)
{
  int per_group = (int) (p.c / p.groups);
  float sum = 0;
  float square = 0;

  for (int row = 0; row < n_rows; row++)
    for (int k = 0; k < per_group; k++)
      {
        sum += parts[(row * 2) * p.c + group * per_group + k];
        square += parts[(row * 2 + 1) * p.c + group * per_group + k];
      }
  dst[0] = sum;
  dst[1] = square;
}

/* One block a chunk (x) and image (y). Threads form rows of as many as a pixel has packs of N channels. */
template <typename T, int N>
__device__ void
group_sums (float        *sums,
            const T      *x,
            EshiCudaNorm  p)
{
  ESHI_DYNAMIC_SHARED (float, parts);
  const T *image = x + blockIdx.y * p.pixels * p.c;
  int width = (int) min ((int64_t) blockDim.x, p.c / N);
  int n_rows = blockDim.x / width;
  int row = threadIdx.x / width;
  int64_t first = 0;
  int64_t last = 0;
  float sum[N];
  float square[N];

  chunk_range (p, blockIdx.x, first, last);
  if (row < n_rows)
    for (int64_t channel = (int64_t) (threadIdx.x % width) * N; channel < p.c; channel += (int64_t) width * N)
      {
        sum_pixels<T, N> (sum, square, image, p, channel, first + row, last, n_rows);
#pragma unroll
        for (int k = 0; k < N; k++)
          {
            parts[(row * 2) * p.c + channel + k] = sum[k];
            parts[(row * 2 + 1) * p.c + channel + k] = square[k];
          }
      }
  __syncthreads ();

  for (int group = threadIdx.x; group < p.groups; group += blockDim.x)
    sum_group (sums + ((blockIdx.y * p.n_chunks + blockIdx.x) * p.groups + group) * 2, parts, p, group, n_rows);
}

/* (x − mean) / √(var + eps) · weight + bias as x · scale + offset, worked out per channel and image in f32. */
template <typename T, int N>
__device__ void
group_apply (T            *dst,
             const T      *x,
             const float  *moments,
             const float  *weight,
             const float  *bias,
             EshiCudaNorm  p)
{
  int64_t i = global_thread () * N;
  int64_t per_group = p.c / p.groups;
  int64_t channel = i % p.c;
  const float *moment = moments + i / (p.pixels * p.c) * p.groups * 2;
  float value[N];

  if (i >= p.n * p.pixels * p.c)
    return;
  load<N> (value, x + i);
#pragma unroll
  for (int k = 0; k < N; k++)
    {
      int64_t group = (channel + k) / per_group;
      float normal = (value[k] - moment[2 * group]) * moment[2 * group + 1];

      value[k] = activate (normal * weight[channel + k] + bias[channel + k], p.act);
    }
  store<N> (dst + i, value);
}

/* One warp a row of c; the row is read three times, twice from the nearest cache. */
template <typename T, int N>
__device__ void
layer_norm (T            *dst,
            const T      *x,
            const float  *weight,
            const float  *bias,
            EshiCudaNorm  p)
{
  int64_t row = global_thread () / 32;
  int lane = threadIdx.x % 32;
  const T *src = x + row * p.c;
  float value[N];
  float mean = 0;
  float variance = 0;

  if (row >= p.n)
    return;
  for (int64_t i = lane * N; i < p.c; i += 32 * N)
    {
      load<N> (value, src + i);
#pragma unroll
      for (int k = 0; k < N; k++)
        mean += value[k];
    }
  mean = warp_sum (mean) / (float) p.c;
  for (int64_t i = lane * N; i < p.c; i += 32 * N)
    {
      load<N> (value, src + i);
#pragma unroll
      for (int k = 0; k < N; k++)
        variance += (value[k] - mean) * (value[k] - mean);
    }
  variance = rsqrtf (warp_sum (variance) / (float) p.c + p.eps);
  for (int64_t i = lane * N; i < p.c; i += 32 * N)
    {
      load<N> (value, src + i);
#pragma unroll
      for (int k = 0; k < N; k++)
        value[k] = (value[k] - mean) * variance * weight[i + k] + bias[i + k];
      store<N> (dst + row * p.c + i, value);
    }
}

} /* namespace */

/* @moments [n, groups, 2] = mean and 1 / √(var + eps), from @sums; one warp a group (x) and image (y). @x and @half say
 * where the shift is found. */
ESHI_KERNEL (32)
eshi_group_norm_moments (float        *moments,
                         const float  *sums,
                         const void   *x,
                         int           half,
                         EshiCudaNorm  p)
{
  int64_t first = blockIdx.y * p.pixels * p.c + blockIdx.x * (p.c / p.groups);
  float shift = half ? to_float (static_cast<const __half *> (x)[first]) : static_cast<const float *> (x)[first];
  float count = (float) (p.pixels * (p.c / p.groups));
  float sum = 0;
  float square = 0;

  for (int chunk = threadIdx.x; chunk < p.n_chunks; chunk += 32)
    {
      const float *part = sums + ((blockIdx.y * p.n_chunks + chunk) * p.groups + blockIdx.x) * 2;

      sum += part[0];
      square += part[1];
    }
  sum = warp_sum (sum) / count;
  square = warp_sum (square) / count;
  if (threadIdx.x == 0)
    {
      float *moment = moments + (blockIdx.y * p.groups + blockIdx.x) * 2;

      moment[0] = shift + sum;
      moment[1] = rsqrtf (fmaxf (square - sum * sum, 0.0f) + p.eps);
    }
}
ESHI_EXPORT (eshi_group_norm_moments)

#define NORMS(suffix, T, N)                                                                                     \
  ESHI_KERNEL (ESHI_CUDA_THREADS) eshi_group_norm_sums_##suffix (float *sums, const T *x, EshiCudaNorm p)       \
  {                                                                                                             \
    group_sums<T, N> (sums, x, p);                                                                              \
  }                                                                                                             \
  ESHI_EXPORT (eshi_group_norm_sums_##suffix)                                                                   \
  ESHI_KERNEL (ESHI_CUDA_THREADS)                                                                               \
  eshi_group_norm_apply_##suffix (T *dst, const T *x, const float *moments, const float *weight,                \
                                  const float *bias, EshiCudaNorm p)                                            \
  {                                                                                                             \
    group_apply<T, N> (dst, x, moments, weight, bias, p);                                                       \
  }                                                                                                             \
  ESHI_EXPORT (eshi_group_norm_apply_##suffix)                                                                  \
  ESHI_KERNEL (ESHI_CUDA_THREADS)                                                                               \
  eshi_layer_norm_##suffix (T *dst, const T *x, const float *weight, const float *bias, EshiCudaNorm p)         \
  {                                                                                                             \
    layer_norm<T, N> (dst, x, weight, bias, p);                                                                 \
  }                                                                                                             \
  ESHI_EXPORT (eshi_layer_norm_##suffix)

NORMS (h8, __half, 8)
NORMS (h1, __half, 1)
NORMS (f4, float, 4)
NORMS (f1, float, 1)
