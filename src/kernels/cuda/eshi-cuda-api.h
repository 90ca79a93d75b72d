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
  ESHI_CU_EVENT_DISABLE_TIMING = 2,
  ESHI_CU_CAPTURE_THREAD_LOCAL = 1,
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
  X (int, alloc_host, "cuMemHostAlloc", (void **memory, size_t bytes, unsigned flags))                     \
  X (int, free_host, "cuMemFreeHost", (void *memory))                                                      \
  X (int, event_create, "cuEventCreate", (void **event, unsigned flags))                                   \
  X (int, event_destroy, "cuEventDestroy_v2", (void *event))                                               \
  X (int, event_record, "cuEventRecord", (void *event, void *stream))                                      \
  X (int, event_synchronize, "cuEventSynchronize", (void *event))                                          \
  X (int, get_priorities, "cuCtxGetStreamPriorityRange", (int *least, int *greatest))                      \
  X (int, stream_create, "cuStreamCreateWithPriority", (void **stream, unsigned flags, int priority))      \
  X (int, stream_destroy, "cuStreamDestroy_v2", (void *stream))                                            \
  X (int, stream_synchronize, "cuStreamSynchronize", (void *stream))                                       \
  X (int, begin_capture, "cuStreamBeginCapture_v2", (void *stream, int mode))                              \
  X (int, end_capture, "cuStreamEndCapture", (void *stream, void **graph))                                 \
  X (int, graph_instantiate, "cuGraphInstantiateWithFlags", (void **exec, void *graph, guint64 flags))     \
  X (int, graph_launch, "cuGraphLaunch", (void *exec, void *stream))                                       \
  X (int, graph_destroy, "cuGraphDestroy", (void *graph))                                                  \
  X (int, graph_exec_destroy, "cuGraphExecDestroy", (void *exec))                                          \
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

/* --- convolutions, libcudnn: the backend interface of its version 9 --- */

enum
{
  ESHI_DNN_SUCCESS = 0,
  ESHI_DNN_NOT_SUPPORTED = 3000,
  ESHI_DNN_HOST_ALLOCATION_FAILED = 4003,
  ESHI_DNN_DEVICE_ALLOCATION_FAILED = 4004,
  ESHI_DNN_EXECUTION_FAILED = 5000, /* up to 5999: the device's or another library's */

  /* Descriptors. */
  ESHI_DNN_POINTWISE = 0,
  ESHI_DNN_CONVOLUTION = 1,
  ESHI_DNN_ENGINE = 2,
  ESHI_DNN_ENGINECFG = 3,
  ESHI_DNN_ENGINEHEUR = 4,
  ESHI_DNN_EXECUTION_PLAN = 5,
  ESHI_DNN_OPERATION_CONVOLUTION = 10,
  ESHI_DNN_OPERATION_POINTWISE = 13,
  ESHI_DNN_OPERATIONGRAPH = 15,
  ESHI_DNN_VARIANT_PACK = 16,
  ESHI_DNN_TENSOR = 17,
  ESHI_DNN_DEVICEPROP = 38,

  /* Types of attributes. */
  ESHI_DNN_TYPE_HANDLE = 0,
  ESHI_DNN_TYPE_DATA_TYPE = 1,
  ESHI_DNN_TYPE_BOOLEAN = 2, /* one byte */
  ESHI_DNN_TYPE_INT64 = 3,
  ESHI_DNN_TYPE_FLOAT = 4,
  ESHI_DNN_TYPE_VOID_PTR = 6,
  ESHI_DNN_TYPE_CONVOLUTION_MODE = 7,
  ESHI_DNN_TYPE_HEUR_MODE = 8,
  ESHI_DNN_TYPE_NUMERICAL_NOTE = 11,
  ESHI_DNN_TYPE_POINTWISE_MODE = 14,
  ESHI_DNN_TYPE_DESCRIPTOR = 15,
  ESHI_DNN_TYPE_BEHAVIOR_NOTE = 19,
  ESHI_DNN_TYPE_CHAR = 24,

  /* Attributes, in the order of their descriptors. */
  ESHI_DNN_POINTWISE_MODE = 0,
  ESHI_DNN_POINTWISE_PRECISION = 1,
  ESHI_DNN_CONVOLUTION_COMPUTE = 100,
  ESHI_DNN_CONVOLUTION_MODE = 101,
  ESHI_DNN_CONVOLUTION_DILATIONS = 102,
  ESHI_DNN_CONVOLUTION_STRIDES = 103,
  ESHI_DNN_CONVOLUTION_POST_PADDINGS = 104,
  ESHI_DNN_CONVOLUTION_PRE_PADDINGS = 105,
  ESHI_DNN_CONVOLUTION_SPATIAL_DIMS = 106,
  ESHI_DNN_ENGINEHEUR_MODE = 200,
  ESHI_DNN_ENGINEHEUR_GRAPH = 201,
  ESHI_DNN_ENGINEHEUR_RESULTS = 202,
  ESHI_DNN_ENGINEHEUR_DEVICEPROP = 204,
  ESHI_DNN_ENGINECFG_ENGINE = 300,
  ESHI_DNN_PLAN_HANDLE = 400,
  ESHI_DNN_PLAN_ENGINECFG = 401,
  ESHI_DNN_PLAN_WORKSPACE_BYTES = 402,
  ESHI_DNN_PLAN_JSON = 405,
  ESHI_DNN_PLAN_DEVICEPROP = 407,
  ESHI_DNN_CONV_ALPHA = 700,
  ESHI_DNN_CONV_BETA = 701,
  ESHI_DNN_CONV_DESCRIPTOR = 702,
  ESHI_DNN_CONV_W = 703,
  ESHI_DNN_CONV_X = 704,
  ESHI_DNN_CONV_Y = 705,
  ESHI_DNN_ADD_DESCRIPTOR = 750,
  ESHI_DNN_ADD_X = 751,
  ESHI_DNN_ADD_B = 752,
  ESHI_DNN_ADD_Y = 753,
  ESHI_DNN_GRAPH_HANDLE = 800,
  ESHI_DNN_GRAPH_OPS = 801,
  ESHI_DNN_TENSOR_ALIGNMENT = 900,
  ESHI_DNN_TENSOR_DATA_TYPE = 901,
  ESHI_DNN_TENSOR_DIMENSIONS = 902,
  ESHI_DNN_TENSOR_STRIDES = 903,
  ESHI_DNN_TENSOR_UNIQUE_ID = 906,
  ESHI_DNN_TENSOR_IS_VIRTUAL = 907,
  ESHI_DNN_VARIANT_UNIQUE_IDS = 1000,
  ESHI_DNN_VARIANT_POINTERS = 1001,
  ESHI_DNN_VARIANT_WORKSPACE = 1003,
  ESHI_DNN_ENGINE_INDEX = 1301,
  ESHI_DNN_ENGINE_NUMERICAL_NOTE = 1303,
  ESHI_DNN_ENGINE_BEHAVIOR_NOTE = 1305,
  ESHI_DNN_DEVICEPROP_JSON = 2702,

  /* Their values. */
  ESHI_DNN_F32 = 0,
  ESHI_DNN_F16 = 2,
  ESHI_DNN_CROSS_CORRELATION = 1,
  ESHI_DNN_MODE_ADD = 0,
  ESHI_DNN_HEUR_FALLBACK = 2,
  ESHI_DNN_HEUR_A = 3,
  ESHI_DNN_NOTE_TENSOR_CORE = 0, /* numerical: the others cost digits or vary from run to run */
  ESHI_DNN_NOTE_STRICT_NAN = 9,
  ESHI_DNN_NOTE_RUNTIME_COMPILATION = 0, /* behaviour */
};

#define ESHI_CUDA_DNN_FUNCTIONS(X)                                                                         \
  X (size_t, get_version, "cudnnGetVersion", (void))                                                       \
  X (void, get_last_error, "cudnnGetLastErrorString", (char *text, size_t max_bytes))                      \
  X (int, create, "cudnnCreate", (void **handle))                                                          \
  X (int, destroy, "cudnnDestroy", (void *handle))                                                         \
  X (int, set_stream, "cudnnSetStream", (void *handle, void *stream))                                      \
  X (int, descriptor_create, "cudnnBackendCreateDescriptor", (int type, void **descriptor))                \
  X (int, descriptor_destroy, "cudnnBackendDestroyDescriptor", (void *descriptor))                         \
  X (int, descriptor_set, "cudnnBackendSetAttribute", (void *descriptor, int attribute, int type,          \
                                                       gint64 n_values, const void *values))               \
  X (int, descriptor_get, "cudnnBackendGetAttribute", (void *descriptor, int attribute, int type,          \
                                                       gint64 n_wanted, gint64 *n_found, void *values))    \
  X (int, descriptor_finalize, "cudnnBackendFinalize", (void *descriptor))                                 \
  X (int, execute, "cudnnBackendExecute", (void *handle, void *plan, void *variant_pack))

#define ESHI_CUDA_FIELD(result, field, name, params) result (*field) params;

typedef struct
{
  ESHI_CUDA_DRIVER_FUNCTIONS (ESHI_CUDA_FIELD)
} EshiCudaDriver;

typedef struct
{
  ESHI_CUDA_LT_FUNCTIONS (ESHI_CUDA_FIELD)
} EshiCudaLt;

typedef struct
{
  ESHI_CUDA_DNN_FUNCTIONS (ESHI_CUDA_FIELD)
} EshiCudaDnn;

#undef ESHI_CUDA_FIELD

G_END_DECLS
