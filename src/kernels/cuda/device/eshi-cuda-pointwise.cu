/* eshi-cuda-pointwise.cu: ops that look at one element, or one pixel, at a time.
 *
 * A thread takes as many elements as fit into 16 bytes (h8, f4), or one where an address or a count does not allow that
 * (h1, f1). Sources and destination may be the same memory.
 *
 * SPDX-License-Identifier: MIT
 */

#include "eshi-cuda-device.h"

namespace
{

using namespace eshi;

/* dst = act (src) + residual; residual may be null. */
template <typename T, int N>
__device__ void
finish (T       *dst,
        const T *src,
        const T *residual,
        int64_t  n,
        int      act)
{
  int64_t i = global_thread () * N;
  float x[N];
  float rest[N] = {};

  if (i >= n)
    return;
  load<N> (x, src + i);
  if (residual != nullptr)
    load<N> (rest, residual + i);
#pragma unroll
  for (int k = 0; k < N; k++)
    x[k] = activate (x[k], act) + rest[k];
  store<N> (dst + i, x);
}

/* dst [rows, c] = a · gelu (g), src [rows, 2, c] = [a, g] */
template <typename T, int N>
__device__ void
geglu (T       *dst,
       const T *src,
       int64_t  n,
       int64_t  c)
{
  int64_t i = global_thread () * N;
  const T *value = src + i / c * 2 * c + i % c;
  float a[N];
  float gate[N];

  if (i >= n)
    return;
  load<N> (a, value);
  load<N> (gate, value + c);
#pragma unroll
  for (int k = 0; k < N; k++)
    a[k] *= activate (gate[k], ESHI_CUDA_GELU);
  store<N> (dst + i, a);
}

template <typename T, int N>
__device__ void
guide (T           *dst,
       const T     *x,
       const float *scale,
       int64_t      n)
{
  int64_t i = global_thread () * N;
  float uncond[N];
  float cond[N];

  if (i >= n)
    return;
  load<N> (uncond, x + i);
  load<N> (cond, x + n + i);
#pragma unroll
  for (int k = 0; k < N; k++)
    uncond[k] += *scale * (cond[k] - uncond[k]);
  store<N> (dst + i, uncond);
}

template <typename T, typename S>
__device__ void
convert (T       *dst,
         const S *src,
         int64_t  n)
{
  int64_t i = global_thread ();

  if (i < n)
    dst[i] = from_float<T> (to_float (src[i]));
}

/* dst = bias + embedding; bias may be null. */
template <typename T>
__device__ void
add_vectors (T           *dst,
             const T     *bias,
             const float *embedding,
             int64_t      n)
{
  int64_t i = global_thread ();

  if (i < n)
    dst[i] = from_float<T> ((bias != nullptr ? to_float (bias[i]) : 0.0f) + embedding[i]);
}

/* What is not a number becomes black. */
template <typename T>
__device__ void
to_bytes (uint8_t *dst,
          const T *x,
          int64_t  n)
{
  int64_t i = global_thread ();
  float value = i < n ? to_float (x[i]) / 2.0f + 0.5f : 0.0f;

  if (i < n)
    dst[i] = value > 0.0f ? (uint8_t) rintf (255.0f * fminf (value, 1.0f)) : 0;
}

} /* namespace */

#define POINTWISE(suffix, T, N)                                                                                \
  ESHI_KERNEL (ESHI_CUDA_THREADS)                                                                              \
  eshi_finish_##suffix (T *dst, const T *src, const T *residual, int64_t n, int act)                           \
  {                                                                                                            \
    finish<T, N> (dst, src, residual, n, act);                                                                 \
  }                                                                                                            \
  ESHI_EXPORT (eshi_finish_##suffix)                                                                           \
  ESHI_KERNEL (ESHI_CUDA_THREADS) eshi_geglu_##suffix (T *dst, const T *src, int64_t n, int64_t c)             \
  {                                                                                                            \
    geglu<T, N> (dst, src, n, c);                                                                              \
  }                                                                                                            \
  ESHI_EXPORT (eshi_geglu_##suffix)                                                                            \
  ESHI_KERNEL (ESHI_CUDA_THREADS) eshi_guidance_##suffix (T *dst, const T *x, const float *scale, int64_t n)   \
  {                                                                                                            \
    guide<T, N> (dst, x, scale, n);                                                                            \
  }                                                                                                            \
  ESHI_EXPORT (eshi_guidance_##suffix)

POINTWISE (h8, __half, 8)
POINTWISE (h1, __half, 1)
POINTWISE (f4, float, 4)
POINTWISE (f1, float, 1)

#define ONE_BY_ONE(suffix, T)                                                                                   \
  ESHI_KERNEL (ESHI_CUDA_THREADS)                                                                               \
  eshi_vector_sum_##suffix (T *dst, const T *bias, const float *embedding, int64_t n)                           \
  {                                                                                                             \
    add_vectors<T> (dst, bias, embedding, n);                                                                   \
  }                                                                                                             \
  ESHI_EXPORT (eshi_vector_sum_##suffix)                                                                        \
  ESHI_KERNEL (ESHI_CUDA_THREADS) eshi_image_to_u8_##suffix (uint8_t *dst, const T *x, int64_t n)               \
  {                                                                                                             \
    to_bytes<T> (dst, x, n);                                                                                    \
  }                                                                                                             \
  ESHI_EXPORT (eshi_image_to_u8_##suffix)

ONE_BY_ONE (h, __half)
ONE_BY_ONE (f, float)

ESHI_KERNEL (ESHI_CUDA_THREADS)
eshi_convert_hf (__half      *dst,
                 const float *src,
                 int64_t      n)
{
  convert<__half, float> (dst, src, n);
}
ESHI_EXPORT (eshi_convert_hf)

ESHI_KERNEL (ESHI_CUDA_THREADS)
eshi_convert_fh (float        *dst,
                 const __half *src,
                 int64_t       n)
{
  convert<float, __half> (dst, src, n);
}
ESHI_EXPORT (eshi_convert_fh)

/* x [pixels, 4], dst [pixels, 3] */
ESHI_KERNEL (ESHI_CUDA_THREADS)
eshi_latents_to_rgb (float       *dst,
                     const float *x,
                     int64_t      n_pixels,
                     EshiCudaRgb  rgb)
{
  int64_t i = global_thread ();
  float latent[4];

  if (i >= n_pixels)
    return;
  load<4> (latent, x + 4 * i);
#pragma unroll
  for (int c = 0; c < 3; c++)
    {
      float sum = rgb.bias[c] + 1.0f;

#pragma unroll
      for (int k = 0; k < 4; k++)
        sum += latent[k] * rgb.matrix[k][c];
      dst[3 * i + c] = fminf (fmaxf (sum / 2.0f, 0.0f), 1.0f);
    }
}
ESHI_EXPORT (eshi_latents_to_rgb)

/* dst [n, 2, half] = [cos, sin] of t [n] · frequencies [half]. The angle is brought near zero in double, where the fast
 * sine and cosine err by 2⁻²¹ at most and need no stack. */
ESHI_KERNEL (ESHI_CUDA_THREADS)
eshi_time_embedding (float        *dst,
                     const float  *t,
                     const double *frequencies,
                     int64_t       n,
                     int64_t       half)
{
  int64_t i = global_thread ();
  double turns = 0;
  float angle = 0;

  if (i >= n * half)
    return;
  turns = t[i / half] * frequencies[i % half] * 0.15915494309189535;
  angle = (float) ((turns - rint (turns)) * 6.283185307179586);
  dst[i / half * 2 * half + i % half] = __cosf (angle);
  dst[i / half * 2 * half + half + i % half] = __sinf (angle);
}
ESHI_EXPORT (eshi_time_embedding)
