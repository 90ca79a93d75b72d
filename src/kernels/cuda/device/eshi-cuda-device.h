/* eshi-cuda-device.h: what the kernels share, and the one place where their two builds differ.
 *
 * The same .cu files are compiled by nvcc for a device and by the host's compiler for the emulation of
 * tests/cuda-emu. Inline assembler stands behind a function that has an emulated twin; shared memory, launch bounds
 * and the export of a kernel are macros. Activations are f16 or f32; all arithmetic is in f32.
 *
 * A kernel is `extern "C"`, so that the host finds it by name (eshi-cuda-kernels.h lists them with their parameters).
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <cuda_fp16.h>
#include <stdint.h>

#ifdef ESHI_CUDA_EMULATED
#include "emu-device.h"
#else
/* Two blocks on a multiprocessor at least: told nothing, the compiler keeps to fewer registers than that, and spills. */
#define ESHI_KERNEL(threads) extern "C" __global__ void __launch_bounds__ (threads, 2)
#define ESHI_EXPORT(name)
#define ESHI_DYNAMIC_SHARED(type, name)                          \
  extern __shared__ __align__ (16) unsigned char dynamic_smem[]; \
  type *name = reinterpret_cast<type *> (dynamic_smem)
#endif

#include "eshi-cuda-params.h"

namespace eshi
{

/* Tensor cores: matrices in the lanes' registers, as the PTX manual lays them out for m16n8k16. The emulation has these
 * two functions too, over arrays. */
#ifndef ESHI_CUDA_EMULATED

/* d += a · b; a [16, 16], b [16, 8] in f16, d [16, 8] in f32. Turing multiplies half as many columns of a at a time. */
static __device__ __forceinline__ void
mma (float          (&d)[4],
     const uint32_t (&a)[4],
     const uint32_t (&b)[2])
{
#if __CUDA_ARCH__ >= 800
  asm volatile ("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                "{%0, %1, %2, %3};"
                : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
#pragma unroll
  for (int half = 0; half < 2; half++)
    asm volatile ("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, "
                  "{%0, %1, %2, %3};"
                  : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                  : "r"(a[2 * half]), "r"(a[2 * half + 1]), "r"(b[half]));
#endif
}

/* Four matrices of 8 × 8 in f16 from shared memory: lane i names row i mod 8, 16 bytes, of matrix i / 8. */
template <bool transposed>
static __device__ __forceinline__ void
load_matrices (uint32_t    (&r)[4],
               const void  *row)
{
  uint32_t address = (uint32_t) __cvta_generic_to_shared (row);

  if (transposed)
    asm volatile ("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                  : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                  : "r"(address)
                  : "memory");
  else
    asm volatile ("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                  : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                  : "r"(address)
                  : "memory");
}

#endif

/* N values that are read and written in one go; the address is a multiple of its size. */
template <typename T, int N>
struct alignas (sizeof (T) * N) Pack
{
  T v[N];
};

static __device__ __forceinline__ float
to_float (float x)
{
  return x;
}

static __device__ __forceinline__ float
to_float (__half x)
{
  return __half2float (x);
}

template <typename T>
static __device__ __forceinline__ T from_float (float x);

template <>
__device__ __forceinline__ float
from_float<float> (float x)
{
  return x;
}

template <>
__device__ __forceinline__ __half
from_float<__half> (float x)
{
  return __float2half_rn (x);
}

template <int N, typename T>
static __device__ __forceinline__ void
load (float (&dst)[N],
      const T *src)
{
  Pack<T, N> pack = *reinterpret_cast<const Pack<T, N> *> (src);

#pragma unroll
  for (int i = 0; i < N; i++)
    dst[i] = to_float (pack.v[i]);
}

template <int N, typename T>
static __device__ __forceinline__ void
store (T *dst,
       const float (&src)[N])
{
  Pack<T, N> pack;

#pragma unroll
  for (int i = 0; i < N; i++)
    pack.v[i] = from_float<T> (src[i]);
  *reinterpret_cast<Pack<T, N> *> (dst) = pack;
}

/* The activation functions of eshi-op.h; the exponential overflows to infinity and the quotient then is 0. */
static __device__ __forceinline__ float
activate (float x,
          int   act)
{
  switch (act)
    {
    case ESHI_CUDA_SILU:
      return x / (1.0f + __expf (-x));
    case ESHI_CUDA_QUICK_GELU:
      return x / (1.0f + __expf (-1.702f * x));
    case ESHI_CUDA_GELU:
      return 0.5f * x * (1.0f + erff (x * 0.70710678f));
    case ESHI_CUDA_RELU:
      return fmaxf (x, 0.0f);
    default:
      return x;
    }
}

/* Number of this thread in the grid. */
static __device__ __forceinline__ int64_t
global_thread ()
{
  return (int64_t) blockIdx.x * blockDim.x + threadIdx.x;
}

static __device__ __forceinline__ float
warp_sum (float x)
{
#pragma unroll
  for (int step = 16; step > 0; step /= 2)
    x += __shfl_xor_sync (0xffffffffu, x, step);
  return x;
}

static __device__ __forceinline__ float
warp_max (float x)
{
#pragma unroll
  for (int step = 16; step > 0; step /= 2)
    x = fmaxf (x, __shfl_xor_sync (0xffffffffu, x, step));
  return x;
}

} /* namespace eshi */
