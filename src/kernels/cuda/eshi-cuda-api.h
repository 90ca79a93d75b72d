/* eshi-cuda-api.h: the few functions of NVIDIA's libraries that the backend calls, as tables of pointers.
 *
 * The libraries are opened at run time, so neither their headers nor their import libraries are needed to build. Types
 * are reduced to what the calling convention sees: handles are pointers, enumerations are int, device addresses are
 * 64 bits. Names and numbers are the vendors'; tests/cuda-emu/check-api.c compares them with the vendors' headers
 * where these are installed.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* --- the driver, libcuda.so.1 --- */

typedef guint64 EshiCuPtr; /* an address of the device; nothing the host may read */

enum
{
  ESHI_CU_SUCCESS = 0,
  ESHI_CU_OUT_OF_MEMORY = 2,
  ESHI_CU_NO_DEVICE = 100,
  ESHI_CU_ECC_UNCORRECTABLE = 214,
  ESHI_CU_NOT_FOUND = 500,
  ESHI_CU_ILLEGAL_ADDRESS = 700,
  ESHI_CU_LAUNCH_FAILED = 719,
  ESHI_CU_SYSTEM_DRIVER_MISMATCH = 803,
  ESHI_CU_UNKNOWN = 999,

  ESHI_CU_ATTRIBUTE_MAJOR = 75,
  ESHI_CU_ATTRIBUTE_MINOR = 76,

  ESHI_CU_STREAM_NON_BLOCKING = 1,
};

/* X (result type, field, exported name, parameters) */
#define ESHI_CUDA_DRIVER_FUNCTIONS(X)                                                                      \
  X (int, init, "cuInit", (unsigned flags))                                                                \
  X (int, driver_get_version, "cuDriverGetVersion", (int *version))                                        \
  X (int, get_error_string, "cuGetErrorString", (int result, const char **text))                           \
  X (int, device_get_count, "cuDeviceGetCount", (int *count))                                              \
  X (int, device_get, "cuDeviceGet", (int *device, int index))                                             \
  X (int, device_get_name, "cuDeviceGetName", (char *name, int size, int device))                          \
  X (int, device_get_attribute, "cuDeviceGetAttribute", (int *value, int attribute, int device))           \
  X (int, device_total_mem, "cuDeviceTotalMem_v2", (size_t *bytes, int device))                            \
  X (int, primary_retain, "cuDevicePrimaryCtxRetain", (void **context, int device))                        \
  X (int, primary_release, "cuDevicePrimaryCtxRelease_v2", (int device))                                   \
  X (int, set_current, "cuCtxSetCurrent", (void *context))                                                 \
  X (int, mem_alloc, "cuMemAlloc_v2", (EshiCuPtr *address, size_t bytes))                                  \
  X (int, mem_free, "cuMemFree_v2", (EshiCuPtr address))                                                   \
  X (int, to_device, "cuMemcpyHtoDAsync_v2", (EshiCuPtr dst, const void *src, size_t bytes, void *stream)) \
  X (int, to_host, "cuMemcpyDtoHAsync_v2", (void *dst, EshiCuPtr src, size_t bytes, void *stream))         \
  X (int, on_device, "cuMemcpyDtoDAsync_v2", (EshiCuPtr dst, EshiCuPtr src, size_t bytes, void *stream))   \
  X (int, fill, "cuMemsetD8Async", (EshiCuPtr dst, unsigned char byte, size_t bytes, void *stream))        \
  X (int, stream_create, "cuStreamCreate", (void **stream, unsigned flags))                                \
  X (int, stream_destroy, "cuStreamDestroy_v2", (void *stream))                                            \
  X (int, stream_synchronize, "cuStreamSynchronize", (void *stream))                                       \
  X (int, module_load_data, "cuModuleLoadData", (void **module, const void *image))                        \
  X (int, module_unload, "cuModuleUnload", (void *module))                                                 \
  X (int, module_get_function, "cuModuleGetFunction", (void **function, void *module, const char *name))   \
  X (int, launch, "cuLaunchKernel", (void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z,    \
                                     unsigned block_x, unsigned block_y, unsigned block_z,                 \
                                     unsigned shared_bytes, void *stream, void **params, void **extra))

/* --- matrix products, libcublasLt --- */

/* Opaque to us but for its size. */
typedef struct
{
  guint64 data[8];
} EshiLtAlgo;

typedef struct
{
  EshiLtAlgo algo;
  size_t     workspace_bytes;
  int        state;
  float      waves;
  int        reserved[4];
} EshiLtHeuristic;

enum
{
  ESHI_LT_SUCCESS = 0,
  ESHI_LT_ALLOC_FAILED = 3,
  ESHI_LT_NOT_SUPPORTED = 15,

  ESHI_LT_F32 = 0, /* cudaDataType */
  ESHI_LT_F16 = 2,
  ESHI_LT_COMPUTE_F32 = 68,

  ESHI_LT_OP_T = 1,

  ESHI_LT_DESC_TRANSA = 3,
  ESHI_LT_DESC_EPILOGUE = 7,
  ESHI_LT_DESC_BIAS_POINTER = 8,

  ESHI_LT_EPILOGUE_BIAS = 4,

  ESHI_LT_PREF_WORKSPACE_BYTES = 1,
  ESHI_LT_PREF_ALIGNMENT_A = 5, /* guint32, in bytes; 256 if it is not said */
  ESHI_LT_PREF_ALIGNMENT_B = 6,
  ESHI_LT_PREF_ALIGNMENT_C = 7,
  ESHI_LT_PREF_ALIGNMENT_D = 8,
};

#define ESHI_CUDA_LT_FUNCTIONS(X)                                                                          \
  X (int, create, "cublasLtCreate", (void **handle))                                                       \
  X (int, destroy, "cublasLtDestroy", (void *handle))                                                      \
  X (size_t, get_version, "cublasLtGetVersion", (void))                                                    \
  X (int, desc_create, "cublasLtMatmulDescCreate", (void **desc, int compute, int scale))                  \
  X (int, desc_destroy, "cublasLtMatmulDescDestroy", (void *desc))                                         \
  X (int, desc_set, "cublasLtMatmulDescSetAttribute", (void *desc, int attribute, const void *value,       \
                                                       size_t bytes))                                      \
  X (int, layout_create, "cublasLtMatrixLayoutCreate", (void **layout, int type, guint64 rows,             \
                                                        guint64 columns, gint64 stride))                   \
  X (int, layout_destroy, "cublasLtMatrixLayoutDestroy", (void *layout))                                   \
  X (int, preference_create, "cublasLtMatmulPreferenceCreate", (void **preference))                        \
  X (int, preference_destroy, "cublasLtMatmulPreferenceDestroy", (void *preference))                       \
  X (int, preference_set, "cublasLtMatmulPreferenceSetAttribute", (void *preference, int attribute,        \
                                                                   const void *value, size_t bytes))       \
  X (int, get_heuristic, "cublasLtMatmulAlgoGetHeuristic", (void *handle, void *desc, void *a, void *b,    \
                                                            void *c, void *d, void *preference,            \
                                                            int n_wanted, EshiLtHeuristic *results,        \
                                                            int *n_found))                                 \
  X (int, matmul, "cublasLtMatmul", (void *handle, void *desc, const void *alpha, EshiCuPtr a,             \
                                     void *a_layout, EshiCuPtr b, void *b_layout, const void *beta,        \
                                     EshiCuPtr c, void *c_layout, EshiCuPtr d, void *d_layout,             \
                                     const EshiLtAlgo *algo, EshiCuPtr workspace, size_t workspace_bytes,  \
                                     void *stream))

#define ESHI_CUDA_FIELD(result, field, name, params) result (*field) params;

typedef struct
{
  ESHI_CUDA_DRIVER_FUNCTIONS (ESHI_CUDA_FIELD)
} EshiCudaDriver;

typedef struct
{
  ESHI_CUDA_LT_FUNCTIONS (ESHI_CUDA_FIELD)
} EshiCudaLt;

#undef ESHI_CUDA_FIELD

G_END_DECLS
