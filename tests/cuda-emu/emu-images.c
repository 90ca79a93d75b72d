/* emu-images.c: the table of compiled kernels for the emulation, whose driver knows them without an image.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cuda-backend.h"

static const guint64 nothing[1];

const EshiCudaImage eshi_cuda_images[] = {
  { nothing },
  { NULL },
};
