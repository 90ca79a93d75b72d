/* eshi-cuda-images.c: the table of the compiled kernels, which the build turns into arrays.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cuda-backend.h"

extern const unsigned long long eshi_cuda_attention[];
extern const unsigned long long eshi_cuda_move[];
extern const unsigned long long eshi_cuda_norm[];
extern const unsigned long long eshi_cuda_pointwise[];

const EshiCudaImage eshi_cuda_images[] = {
  { eshi_cuda_attention },
  { eshi_cuda_move },
  { eshi_cuda_norm },
  { eshi_cuda_pointwise },
  { NULL },
};
