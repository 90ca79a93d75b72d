/* eshi-cuda-move.cu: ops that move data without looking at it, and the look-up of embeddings.
 *
 * What is moved is counted in units of 16, 8, 4 or 2 bytes, the largest that all addresses and widths allow; a thread
 * moves one.
 *
 * SPDX-License-Identifier: MIT
 */

#include "eshi-cuda-device.h"

namespace
{

using namespace eshi;

/* Nearest neighbour: source = floor (y · h / h'). */
template <typename U>
__device__ void
upsample (U              *dst,
          const U        *src,
          EshiCudaResize  p)
{
  int64_t i = global_thread ();
  int64_t pixel = i / p.c;
  int64_t x = pixel % p.out_w * p.w / p.out_w;
  int64_t y = pixel / p.out_w % p.out_h * p.h / p.out_h;
  int64_t n = pixel / p.out_w / p.out_h;

  if (n < p.n)
    dst[i] = src[((n * p.h + y) * p.w + x) * p.c + i % p.c];
}

/* Rows of x, @nx units, and y, @ny units, side by side. */
template <typename U>
__device__ void
concat (U       *dst,
        const U *x,
        const U *y,
        int64_t  n_rows,
        int64_t  nx,
        int64_t  ny)
{
  int64_t i = global_thread ();
  int64_t row = i / (nx + ny);
  int64_t column = i % (nx + ny);

  if (row < n_rows)
    dst[i] = column < nx ? x[row * nx + column] : y[row * ny + column - nx];
}

/* dst [n_rows, kh, kw, c]: what each output pixel sees; zeros in the padding. */
template <typename U>
__device__ void
gather_columns (U               *dst,
                const U         *src,
                EshiCudaColumns  p)
{
  int64_t i = global_thread ();
  int64_t tap = i / p.c % (p.kh * p.kw);
  int64_t row = i / p.c / (p.kh * p.kw);
  int64_t pixel = p.first + row;
  int64_t y = pixel / p.out_w % p.out_h * p.stride + tap / p.kw - p.top;
  int64_t x = pixel % p.out_w * p.stride + tap % p.kw - p.left;
  int64_t n = pixel / p.out_w / p.out_h;
  U value = {};

  if (row >= p.n_rows)
    return;
  if (y >= 0 && y < p.h && x >= 0 && x < p.w)
    value = src[((n * p.h + y) * p.w + x) * p.c + i % p.c];
  dst[i] = value;
}

/* dst [n, d] = table[ids[n]] + positions[n mod t]. An id beyond the table's @n_table rows is left out and noted in
 * @bad, one more than its place. */
template <typename T>
__device__ void
look_up (T             *dst,
         const int32_t *ids,
         const T       *table,
         const T       *positions,
         int64_t        n,
         int64_t        t,
         int64_t        d,
         int64_t        n_table,
         int32_t       *bad)
{
  int64_t i = global_thread ();
  int64_t token = i / d;
  int64_t column = i % d;
  int32_t id = token < n ? ids[token] : 0;

  if (token >= n)
    return;
  if (id < 0 || id >= n_table)
    {
      atomicMax (bad, (int32_t) token + 1);
      return;
    }
  dst[i] = from_float<T> (to_float (table[id * d + column]) + to_float (positions[token % t * d + column]));
}

} /* namespace */

#define MOVES(suffix, U)                                                                                        \
  ESHI_KERNEL (ESHI_CUDA_THREADS) eshi_upsample_##suffix (U *dst, const U *src, EshiCudaResize p)               \
  {                                                                                                             \
    upsample<U> (dst, src, p);                                                                                  \
  }                                                                                                             \
  ESHI_EXPORT (eshi_upsample_##suffix)                                                                          \
  ESHI_KERNEL (ESHI_CUDA_THREADS)                                                                               \
  eshi_concat_##suffix (U *dst, const U *x, const U *y, int64_t n_rows, int64_t nx, int64_t ny)                 \
  {                                                                                                             \
    concat<U> (dst, x, y, n_rows, nx, ny);                                                                      \
  }                                                                                                             \
  ESHI_EXPORT (eshi_concat_##suffix)                                                                            \
  ESHI_KERNEL (ESHI_CUDA_THREADS) eshi_columns_##suffix (U *dst, const U *src, EshiCudaColumns p)               \
  {                                                                                                             \
    gather_columns<U> (dst, src, p);                                                                            \
  }                                                                                                             \
  ESHI_EXPORT (eshi_columns_##suffix)

MOVES (16, uint4)
MOVES (8, uint2)
MOVES (4, uint32_t)
MOVES (2, uint16_t)

#define LOOK_UP(suffix, T)                                                                                      \
  ESHI_KERNEL (ESHI_CUDA_THREADS)                                                                               \
  eshi_embedding_##suffix (T *dst, const int32_t *ids, const T *table, const T *positions, int64_t n, int64_t t, \
                           int64_t d, int64_t n_table, int32_t *bad)                                            \
  {                                                                                                             \
    look_up<T> (dst, ids, table, positions, n, t, d, n_table, bad);                                             \
  }                                                                                                             \
  ESHI_EXPORT (eshi_embedding_##suffix)

LOOK_UP (h, __half)
LOOK_UP (f, float)
