/* eshi-cuda-params.h: structs and numbers that the host passes to kernels by value; C and C++, no other headers of ours.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <stdint.h>

/* Threads of a block, unless a kernel says otherwise. */
#define ESHI_CUDA_THREADS 256

/* EshiActivation's values, which the kernels cannot see; eshi-cuda-ops.c asserts that they agree. */
enum
{
  ESHI_CUDA_NONE,
  ESHI_CUDA_SILU,
  ESHI_CUDA_QUICK_GELU,
  ESHI_CUDA_GELU,
  ESHI_CUDA_RELU,
};

typedef struct
{
  float matrix[4][3]; /* latent channel → r, g, b */
  float bias[3];
} EshiCudaRgb;

/* [n, h, w, c] → [n, h', w', c], c counted in units of what is copied at once. */
typedef struct
{
  int64_t n, h, w, c;
  int64_t out_h, out_w;
} EshiCudaResize;

/* A convolution as a matrix product: rows are output pixels, columns [kh, kw, c] are what they see; c in units. */
typedef struct
{
  int64_t h, w, c;
  int64_t out_h, out_w;
  int32_t kh, kw;
  int32_t stride, top, left;
  int64_t first;  /* output pixel of row 0 */
  int64_t n_rows;
} EshiCudaColumns;

/* A norm over [n, pixels, c]; layer norm: n rows of c. */
typedef struct
{
  int64_t n, pixels, c;
  int32_t groups;
  int32_t n_chunks; /* parts of the pixels whose sums are taken apart */
  int32_t act;
  float   eps;
} EshiCudaNorm;

/* q [n, t, heads · d]; k, v [n, s, heads · d]. */
typedef struct
{
  int64_t n, t, s;
  int32_t heads, d;
  int32_t causal;
  int32_t vector; /* rows of a head begin at multiples of 16 bytes */
  float   scale;
} EshiCudaAttention;
