/* eshi-cpu-backend.h: what the files of the CPU backend share: the backend's state, and one row of functions per op.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-backend.h"
#include "eshi-cpu-dnnl.h"
#include "eshi-cpu-isa.h"
#include "eshi-cpu-memory.h"
#include "simd/eshi-cpu-kernels.h"

G_BEGIN_DECLS

struct _EshiBuffer
{
  char  *data;
  gsize  size;
};

typedef struct
{
  EshiBackend           parent;

  const EshiCpuKernels *kernels; /* static */
  EshiCpuIsa            isa;
  double                bf16_gain; /* speed of AVX512-BF16 against f32; 0 without it */
  guint                 n_threads;

  /* owned */
  EshiCpuDnnl          *dnnl;
  EshiCpuWeights       *weights;

  /* Scratch of the op that runs; as large as the neediest op, moves when it grows. */
  char                 *workspace;
  gsize                 workspace_bytes;
  guint                 n_plans;
} EshiCpuBackend;

/* What an op kind can do. prepare sets op->plan to a struct that begins with nothing in particular; unprepare frees
 * it, and is called for a NULL plan too. */
typedef struct
{
  gboolean  (*prepare)   (EshiCpuBackend *self, EshiOp *op, GError **error);       /* (optional) */
  void      (*unprepare) (EshiCpuBackend *self, EshiOp *op);                       /* (optional) */
  gboolean  (*run)       (EshiCpuBackend *self, const EshiOp *op, GError **error);
} EshiCpuRow;

extern const EshiCpuRow _eshi_cpu_conv2d;
extern const EshiCpuRow _eshi_cpu_doubled; /* CONV2D of a doubled x */
extern const EshiCpuRow _eshi_cpu_tiled;   /* CONV2D on AMX, doubled or not, where _eshi_cpu_tiled_suits() */
extern const EshiCpuRow _eshi_cpu_winograd; /* CONV2D in f32, where _eshi_cpu_winograd_suits() */
extern const EshiCpuRow _eshi_cpu_linear;
extern const EshiCpuRow _eshi_cpu_geglu;
extern const EshiCpuRow _eshi_cpu_group_norm;
extern const EshiCpuRow _eshi_cpu_layer_norm;
extern const EshiCpuRow _eshi_cpu_attention;
extern const EshiCpuRow _eshi_cpu_upsample;
extern const EshiCpuRow _eshi_cpu_concat;
extern const EshiCpuRow _eshi_cpu_embedding;
extern const EshiCpuRow _eshi_cpu_time_embedding;
extern const EshiCpuRow _eshi_cpu_activation;
extern const EshiCpuRow _eshi_cpu_convert;
extern const EshiCpuRow _eshi_cpu_guidance;
extern const EshiCpuRow _eshi_cpu_latents_to_rgb;
extern const EshiCpuRow _eshi_cpu_image_to_u8;

/* Elements of @tensor: a weight's own, else where its buffer lies. NULL for NULL. */
static inline void *
_eshi_cpu_data (const EshiTensor *tensor)
{
  if (tensor == NULL)
    return NULL;
  if (tensor->storage == ESHI_STORAGE_WEIGHT)
    return (void *) tensor->data;
  return tensor->buffer->data + tensor->offset;
}

/* Makes the workspace hold @bytes at least. For prepare only. */
gboolean   _eshi_cpu_reserve      (EshiCpuBackend      *self,
                                   gsize                bytes,
                                   GError             **error);

/* @weight as @primitive wants it; give back with eshi_cpu_weights_release(). */
EshiCpuPacked *_eshi_cpu_pack     (EshiCpuBackend      *self,
                                   const EshiTensor    *weight,
                                   EshiCpuPrimitive    *primitive,
                                   GError             **error);

/* NULL if _eshi_cpu_doubled can run @op, a CONV2D of a doubled x, faster than UPSAMPLE and CONV2D; else why not. */
const char *_eshi_cpu_doubled_why_not (EshiCpuBackend   *self,
                                       const EshiOp     *op);

/* Folds the @taps [3, 3] of a doubled convolution: @dst [2, 2] for the pixels of dst whose row is odd or even by
 * @phase / 2, and whose column is by @phase % 2. */
void       _eshi_cpu_fold_taps    (float               *dst,
                                   const float         *taps,
                                   guint                phase);

/* Whether _eshi_cpu_tiled runs the CONV2D @op, and faster than oneDNN. */
gboolean   _eshi_cpu_tiled_suits  (EshiCpuBackend      *self,
                                   const EshiOp        *op);

/* Whether _eshi_cpu_winograd runs the CONV2D @op, and faster than oneDNN. */
gboolean   _eshi_cpu_winograd_suits (EshiCpuBackend    *self,
                                     const EshiOp      *op);

/* What _eshi_cpu_sum_bias() needs for CONV2D @op: @bias, to be given back to the weights, and room for @sum, to be freed.
 * Either stays NULL where @op has none; after a failure, too, both are the caller's. */
gboolean   _eshi_cpu_get_bias     (EshiCpuBackend      *self,
                                   const EshiOp        *op,
                                   EshiCpuPacked      **bias,
                                   float              **sum,
                                   GError             **error);

/* The bias of CONV2D @op, @bias + embedding [co]: in @sum where there is an embedding, else @bias itself. */
const float *_eshi_cpu_sum_bias   (const EshiOp        *op,
                                   const float         *bias,
                                   float               *sum);

/* Copies @residual to @dst unless they share memory, so that an op may add to @dst. */
void       _eshi_cpu_copy_residual (const EshiTensor   *residual,
                                    const EshiTensor   *dst);

/* memcpy() on all threads, if @bytes are many. */
void       _eshi_cpu_copy         (void                *dst,
                                   const void          *src,
                                   gsize                bytes);

G_END_DECLS
