/* eshi-cuda-libs.h: finds NVIDIA's libraries at run time, and says in words what is missing.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-cuda-api.h"
#include "eshi-error.h"

G_BEGIN_DECLS

typedef struct
{
  EshiCudaDriver cu;
  EshiCudaLt     lt;
  EshiCudaDnn    dnn;
  gboolean       has_dnn; /* cuDNN was found; without it convolutions are matrix products */
} EshiCudaLibs;

/* The libraries, opened and the driver started on the first call, never closed. NULL and UNSUPPORTED say what this
 * computer lacks: the driver, a device, a driver that is new enough, a module of the kernel, or cuBLAS.
 * That cuDNN is missing is said in the log only.
 *
 * ESHI_CUDA_LIBS in the environment, folders with colons between them, is where they are looked for instead of in the
 * system's places. */
const EshiCudaLibs *eshi_cuda_libs_get (GError **error);

G_END_DECLS
