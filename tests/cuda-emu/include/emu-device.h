/* emu-device.h: what nvcc knows without being told, for kernels that the host's compiler builds: the words of the
 * language, the operations of a warp, and the twins of the inline assembler in eshi-cuda-device.h.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "emu-grid.h"
#include "emu-kernels.h"

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__

#define threadIdx (::emu::thread_index ())
#define blockIdx (::emu::block_index ())
#define blockDim (::emu::block_size ())

#define ESHI_KERNEL(threads) static void
#define ESHI_EXPORT(name) static const ::emu::Registration registration_##name (#name, ::emu::make_binder (name));
#define ESHI_DYNAMIC_SHARED(type, name) type *name = static_cast<type *> (::emu::shared_memory ())

#define __syncthreads() ::emu::barrier (__LINE__)
#define __syncwarp() ::emu::warp_together (0xffffffffu, ::emu::do_nothing, nullptr, __LINE__)
#define __shfl_xor_sync(mask, value, step) ::emu::shuffle_xor (mask, value, step, __LINE__)
#define __expf(x) std::exp (x)
#define __sinf(x) std::sin (x)
#define __cosf(x) std::cos (x)

using std::min;

struct uint2
{
  unsigned x, y;
};

struct uint4
{
  unsigned x, y, z, w;
};

static inline float
rsqrtf (float x)
{
  return 1.0f / std::sqrt (x);
}

static inline int32_t
atomicMax (int32_t *place,
           int32_t  value)
{
  int32_t before = __atomic_load_n (place, __ATOMIC_RELAXED);

  __atomic_store_n (place, std::max (before, value), __ATOMIC_RELAXED);
  return before;
}

namespace emu
{

static inline void
do_nothing (void **)
{
}

/* --- shuffles --- */

struct Shuffle
{
  float    value;
  unsigned source;
  float    result;
};

static inline void
exchange (void **brought)
{
  for (unsigned i = 0; i < 32; i++)
    if (brought[i] != nullptr)
      {
        Shuffle *mine = static_cast<Shuffle *> (brought[i]);

        if (brought[mine->source] == nullptr)
          fail ("lane %u shuffles with lane %u, which is not there", i, mine->source);
        mine->result = static_cast<Shuffle *> (brought[mine->source])->value;
      }
}

static inline float
shuffle_xor (unsigned mask,
             float    value,
             unsigned step,
             int      line)
{
  Shuffle shuffle = { value, ((thread_index ().x % 32) ^ step) % 32, 0 };

  warp_together (mask, exchange, &shuffle, line);
  return shuffle.result;
}

/* --- tensor cores: lanes' registers as the PTX manual lays them out --- */

struct Product
{
  float          *d;
  const uint32_t *a;
  const uint32_t *b;
};

static inline float
half_of (uint32_t pair,
         int      which)
{
  return __half2float ({ (uint16_t) (pair >> 16 * which) });
}

static inline void
multiply (void **brought)
{
  float a[16][16];
  float b[16][8];

  for (int lane = 0; lane < 32; lane++)
    {
      const Product *p = static_cast<const Product *> (brought[lane]);

      for (int i = 0; i < 8; i++)
        a[lane / 4 + i / 2 % 2 * 8][lane % 4 * 2 + i % 2 + i / 4 * 8] = half_of (p->a[i / 2], i % 2);
      for (int i = 0; i < 4; i++)
        b[lane % 4 * 2 + i % 2 + i / 2 * 8][lane / 4] = half_of (p->b[i / 2], i % 2);
    }
  for (int lane = 0; lane < 32; lane++)
    for (int i = 0; i < 4; i++)
      {
        float sum = static_cast<const Product *> (brought[lane])->d[i];

        for (int k = 0; k < 16; k++)
          sum += a[lane / 4 + i / 2 * 8][k] * b[k][lane % 4 * 2 + i % 2];
        static_cast<const Product *> (brought[lane])->d[i] = sum;
      }
}

struct Matrices
{
  uint32_t   *r;
  const void *row;
  bool        transposed;
};

static inline void
read_matrices (void **brought)
{
  for (int lane = 0; lane < 32; lane++)
    {
      const Matrices *mine = static_cast<const Matrices *> (brought[lane]);

      for (int matrix = 0; matrix < 4; matrix++)
        {
          uint16_t pair[2];

          for (int i = 0; i < 2; i++)
            {
              int row = mine->transposed ? lane % 4 * 2 + i : lane / 4;
              int column = mine->transposed ? lane / 4 : lane % 4 * 2 + i;
              const Matrices *other = static_cast<const Matrices *> (brought[matrix * 8 + row]);

              std::memcpy (&pair[i], static_cast<const uint16_t *> (other->row) + column, sizeof pair[i]);
            }
          mine->r[matrix] = pair[0] | (uint32_t) pair[1] << 16;
        }
    }
}

} /* namespace emu */

namespace eshi
{

static inline void
mma (float          (&d)[4],
     const uint32_t (&a)[4],
     const uint32_t (&b)[2])
{
  emu::Product product = { d, a, b };

  emu::warp_together (0xffffffffu, emu::multiply, &product, __LINE__);
}

template <bool transposed>
static inline void
load_matrices (uint32_t    (&r)[4],
               const void  *row)
{
  emu::Matrices matrices = { r, row, transposed };

  if (reinterpret_cast<uintptr_t> (row) % 16 != 0)
    emu::fail ("a row of a matrix is not aligned to 16 bytes");
  emu::warp_together (0xffffffffu, emu::read_matrices, &matrices, __LINE__);
}

} /* namespace eshi */
