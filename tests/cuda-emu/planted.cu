/* planted.cu: kernels with one mistake each, which the emulation must find. Nothing else uses them.
 *
 * SPDX-License-Identifier: MIT
 */

#include "eshi-cuda-device.h"

/* Each thread reads what its neighbour writes, without a barrier. */
ESHI_KERNEL (64)
planted_no_barrier (float *dst)
{
  ESHI_DYNAMIC_SHARED (float, shared);

  shared[threadIdx.x] = 1.0f;
  dst[threadIdx.x] = shared[(threadIdx.x + 1) % 64] + shared[(threadIdx.x + 63) % 64];
}
ESHI_EXPORT (planted_no_barrier)

/* The same as it should be. */
ESHI_KERNEL (64)
planted_sound (float *dst)
{
  ESHI_DYNAMIC_SHARED (float, shared);

  shared[threadIdx.x] = 1.0f;
  __syncthreads ();
  dst[threadIdx.x] = shared[(threadIdx.x + 1) % 64] + shared[(threadIdx.x + 63) % 64];
}
ESHI_EXPORT (planted_sound)

/* Reads its neighbour's number and writes its own with no barrier in between. Every number is 1, so whatever the order
 * the result is right. */
ESHI_KERNEL (64)
planted_race (float *dst)
{
  ESHI_DYNAMIC_SHARED (float, shared);

  shared[threadIdx.x] = 1.0f;
  __syncthreads ();
  dst[threadIdx.x] = shared[(threadIdx.x + 1) % 64];
  shared[threadIdx.x] = 1.0f;
}
ESHI_EXPORT (planted_race)

/* All threads write the same number to one place of dst. */
ESHI_KERNEL (64)
planted_same_place (float *dst)
{
  dst[threadIdx.x] = 1.0f;
  __syncthreads ();
  dst[0] = 1.0f;
}
ESHI_EXPORT (planted_same_place)

/* Half of the shared memory is never written. */
ESHI_KERNEL (64)
planted_uninitialised (float *dst)
{
  ESHI_DYNAMIC_SHARED (float, shared);

  if (threadIdx.x < 32)
    shared[threadIdx.x] = 1.0f;
  __syncthreads ();
  dst[threadIdx.x] = shared[threadIdx.x];
}
ESHI_EXPORT (planted_uninitialised)

/* The two halves of the block wait at different barriers. */
ESHI_KERNEL (64)
planted_two_barriers (float *dst)
{
  if (threadIdx.x < 32)
    __syncthreads ();
  else
    {
      dst[threadIdx.x] = 1.0f;
      __syncthreads ();
    }
}
ESHI_EXPORT (planted_two_barriers)

/* A barrier that only some lanes of a warp come to, while the others are together with them. */
ESHI_KERNEL (64)
planted_mixed (float *dst)
{
  if (threadIdx.x % 32 < 16)
    dst[threadIdx.x] = __shfl_xor_sync (0xffffffffu, 1.0f, 16);
  else
    __syncthreads ();
}
ESHI_EXPORT (planted_mixed)

/* A lane has ended that the others ask. */
ESHI_KERNEL (64)
planted_lane_gone (float *dst)
{
  if (threadIdx.x == 3)
    return;
  dst[threadIdx.x] = __shfl_xor_sync (0xffffffffu, 1.0f, 1);
}
ESHI_EXPORT (planted_lane_gone)

/* One float beyond the end of @dst, which has one for each thread. */
ESHI_KERNEL (64)
planted_beyond_end (float *dst)
{
  dst[threadIdx.x + 1] = 1.0f;
}
ESHI_EXPORT (planted_beyond_end)

/* One float beyond the end of the shared memory. */
ESHI_KERNEL (64)
planted_beyond_shared (float *dst)
{
  ESHI_DYNAMIC_SHARED (float, shared);

  shared[threadIdx.x] = 1.0f;
  __syncthreads ();
  dst[threadIdx.x] = shared[threadIdx.x + 1];
}
ESHI_EXPORT (planted_beyond_shared)

/* Rows of a matrix at addresses that are not multiples of 16. */
ESHI_KERNEL (64)
planted_unaligned_matrix (float *dst)
{
  ESHI_DYNAMIC_SHARED (__half, shared);
  uint32_t r[4];

  eshi::load_matrices<false> (r, shared + threadIdx.x % 32 + 4);
  dst[threadIdx.x] = (float) r[0];
}
ESHI_EXPORT (planted_unaligned_matrix)
