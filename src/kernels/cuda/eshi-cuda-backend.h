/* eshi-cuda-backend.h: what the files of the CUDA backend share: its state, errors, launches, weights and scratch.
 *
 * Everything of one lane runs in one stream, in order; nothing waits for it but a download, a sync, and the look-up of embeddings.
 * Networks that run again and again are recorded (eshi-cuda-record.c).
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-backend.h"
#include "eshi-cuda-dnn.h"
#include "eshi-cuda-libs.h"
#include "eshi-cuda-params.h"

G_BEGIN_DECLS

struct _EshiBuffer
{
  EshiCuPtr address;
  gsize     size;
};

/* The compiled kernels: one image for each .cu file, which the driver reads. The last has no data. */
typedef struct
{
  const void *data;
} EshiCudaImage;

extern const EshiCudaImage eshi_cuda_images[];

#define ESHI_CUDA_MAX_IMAGES 8

/* A stream, and the scratch of the op that runs in it: as large as the neediest op, moves when it grows. */
typedef struct
{
  void      *stream;
  EshiCuPtr  scratch;
  gsize      scratch_bytes;
} EshiCudaLane;

/* Pinned memory of the host on its way to the device: while one half is copied, the other is filled. */
typedef struct
{
  void     *halves[2];
  void     *events[2]; /* when the half has been copied */
  gsize     bytes;     /* of a half; 0 before the first use */
  guint     half;      /* that is filled next */
  gboolean  sent;      /* something, since it was known that all was copied */
} EshiCudaStaging;

typedef struct
{
  EshiBackend         parent;

  const EshiCudaLibs *libs; /* static */
  int                 device;
  EshiDeviceInfo      info;

  /* owned */
  EshiCudaLane        lanes[ESHI_N_LANES];
  EshiCudaLane       *lane;      /* the one that is chosen */
  EshiCudaStaging     staging;
  void               *lt;        /* cublasLt's handle */
  void               *dnn;       /* cuDNN's handle; NULL where it is missing or does not start */
  GHashTable         *conv_plans; /* a shape's key → its EshiCudaDnnPlan, NULL for none; made when first needed */
  void               *modules[ESHI_CUDA_MAX_IMAGES];
  GHashTable         *functions; /* a kernel's name → its function */
  GHashTable         *weights;   /* a set of EshiCudaWeight */
  EshiCuPtr           flag;      /* int32: what the look-up of embeddings found wrong */

  guint               n_plans;
} EshiCudaBackend;

/* One kind of op. prepare sets op->plan, which unprepare frees; a plan left there by a failed prepare is freed too. */
typedef struct
{
  const char *(*why_not)   (const EshiOp     *op);    /* (optional): what beyond the types it cannot do */
  gboolean    (*prepare)   (EshiCudaBackend  *self,   /* (optional), with unprepare */
                            EshiOp           *op,
                            GError          **error);
  void        (*unprepare) (EshiCudaBackend  *self,
                            EshiOp           *op);
  gboolean    (*run)       (EshiCudaBackend  *self,
                            const EshiOp     *op,
                            GError          **error);
  gboolean      waits;                                /* whether run waits for the device: then it cannot be recorded */
} EshiCudaRow;

extern const EshiCudaRow _eshi_cuda_conv2d;
extern const EshiCudaRow _eshi_cuda_linear;
extern const EshiCudaRow _eshi_cuda_geglu;
extern const EshiCudaRow _eshi_cuda_group_norm;
extern const EshiCudaRow _eshi_cuda_layer_norm;
extern const EshiCudaRow _eshi_cuda_attention;
extern const EshiCudaRow _eshi_cuda_upsample;
extern const EshiCudaRow _eshi_cuda_concat;
extern const EshiCudaRow _eshi_cuda_embedding;
extern const EshiCudaRow _eshi_cuda_time_embedding;
extern const EshiCudaRow _eshi_cuda_activation;
extern const EshiCudaRow _eshi_cuda_convert;
extern const EshiCudaRow _eshi_cuda_guidance;
extern const EshiCudaRow _eshi_cuda_latents_to_rgb;
extern const EshiCudaRow _eshi_cuda_image_to_u8;

/* Enqueues @op; FALSE and @error, which names it, if that fails. */
gboolean  _eshi_cuda_run            (EshiCudaBackend      *self,
                                     const EshiOp         *op,
                                     GError              **error);

/* Whether running @op waits for the device. */
gboolean  _eshi_cuda_waits          (const EshiOp         *op);

/* run_all and forget of the backend's class: the first runs enqueue op by op, then they are recorded and replayed. */
gboolean  _eshi_cuda_run_all        (EshiBackend          *backend,
                                     const EshiOp *const  *ops,
                                     guint                 n_ops,
                                     EshiRecording       **recording,
                                     GError              **error);
void      _eshi_cuda_forget         (EshiBackend          *backend,
                                     EshiRecording        *recording);

/* What an op keeps for running its plan of cuDNN's. */
typedef struct _EshiCudaConvUse EshiCudaConvUse;

/* Starts cuDNN, if it is there; that it cannot start is said in the log, and is no error. */
gboolean  _eshi_cuda_conv_open      (EshiCudaBackend   *self,
                                     GError           **error);
void      _eshi_cuda_conv_close     (EshiCudaBackend   *self);

/* Has cuDNN, if it is there, work in the lane that is chosen. */
gboolean  _eshi_cuda_conv_use_lane  (EshiCudaBackend   *self,
                                     GError           **error);

/* Finds or makes cuDNN's plan for @op, a CONV2D. *@use is NULL, without an error, where there is none. */
gboolean  _eshi_cuda_conv_prepare   (EshiCudaBackend   *self,
                                     const EshiOp      *op,
                                     EshiCudaConvUse  **use,
                                     GError           **error);
void      _eshi_cuda_conv_unprepare (EshiCudaBackend   *self,
                                     EshiCudaConvUse   *use);

/* Bytes of scratch that running takes. */
gsize     _eshi_cuda_conv_scratch   (const EshiCudaConvUse *use);

/* Enqueues @op; @weight [co, kh, kw, ci], @bias [co] or 0, and @scratch are addresses of the device. */
gboolean  _eshi_cuda_conv_run       (EshiCudaBackend   *self,
                                     const EshiOp      *op,
                                     EshiCudaConvUse   *use,
                                     EshiCuPtr          weight,
                                     EshiCuPtr          bias,
                                     EshiCuPtr          scratch,
                                     GError           **error);

/* Whether the driver's @result is a success; else @error: OUT_OF_MEMORY; DEVICE_LOST, and self->parent.lost, after an
 * error that stays; FAILED. */
gboolean  _eshi_cuda_check       (EshiCudaBackend  *self,
                                  int               result,
                                  GError          **error);

/* The same for what the device has done so far, which it waits for: what another library calls a failed execution may be
 * an error that stays. */
gboolean  _eshi_cuda_check_device (EshiCudaBackend *self,
                                   GError         **error);

/* The same for a status of cublasLt. */
gboolean  _eshi_cuda_check_lt    (EshiCudaBackend  *self,
                                  int               status,
                                  GError          **error);

typedef struct
{
  gint64 x, y, z; /* blocks */
  guint  n_threads;
  gsize  shared_bytes;
} EshiCudaGrid;

/* Blocks for @n threads in a row. */
EshiCudaGrid _eshi_cuda_line     (gint64            n);

/* Enqueues the kernel @name; @params point to its arguments. */
gboolean  _eshi_cuda_launch      (EshiCudaBackend  *self,
                                  const char       *name,
                                  EshiCudaGrid      grid,
                                  void            **params,
                                  GError          **error);

/* @bytes of the device's memory; 0 with OUT_OF_MEMORY. Free with self->libs->cu.mem_free. */
EshiCuPtr _eshi_cuda_memory      (EshiCudaBackend  *self,
                                  gsize             bytes,
                                  GError          **error);

/* Makes the lane's scratch hold at least @bytes. */
gboolean  _eshi_cuda_reserve     (EshiCudaBackend  *self,
                                  gsize             bytes,
                                  GError          **error);

/* A place of @bytes for what goes to the device next; waits until what lay there has been copied. NULL and @error:
 * OUT_OF_MEMORY, of the host; DEVICE_LOST. */
void     *_eshi_cuda_stage       (EshiCudaBackend  *self,
                                  gsize             bytes,
                                  GError          **error);

/* Enqueues the copy of the first @bytes of that place to @dst. */
gboolean  _eshi_cuda_send_staged (EshiCudaBackend  *self,
                                  EshiCuPtr         dst,
                                  gsize             bytes,
                                  GError          **error);

/* Waits until all that was staged has been copied, whatever the lane. */
gboolean  _eshi_cuda_staging_drain (EshiCudaBackend  *self,
                                    GError          **error);
void      _eshi_cuda_staging_clear (EshiCudaBackend  *self);

/* @bytes rounded up so that what follows is aligned for everybody. */
static inline gsize
_eshi_cuda_align (gsize bytes)
{
  return (bytes + 255) / 256 * 256;
}

/* A weight on the device, once for all ops that want it in the same form. */
typedef struct
{
  const void *source;  /* the tensor's data, which outlive all users */
  gint64      n;       /* elements */
  EshiDType   from;
  EshiDType   to;
  gboolean    by_tap;  /* [co, ci, kh, kw] as [co, kh, kw, ci] */

  EshiCuPtr   address;
  guint       n_users;
} EshiCudaWeight;

/* @weight as @dtype (F16 or F32) on the device; NULL for a NULL @weight, without an error. Give it back with
 * _eshi_cuda_weight_release(). */
gboolean  _eshi_cuda_weight_get     (EshiCudaBackend   *self,
                                     EshiCudaWeight   **dst,
                                     const EshiTensor  *weight,
                                     EshiDType          dtype,
                                     gboolean           by_tap,
                                     GError           **error);
void      _eshi_cuda_weight_release (EshiCudaBackend   *self,
                                     EshiCudaWeight    *weight);

/* How EshiCudaBackend.weights compares them. */
guint     _eshi_cuda_weight_hash    (gconstpointer      key);
gboolean  _eshi_cuda_weight_equal   (gconstpointer      a,
                                     gconstpointer      b);

/* Address of @tensor's elements; 0 for NULL. */
static inline EshiCuPtr
_eshi_cuda_data (const EshiTensor *tensor)
{
  return tensor != NULL ? tensor->buffer->address + tensor->offset : 0;
}

/* "h8" or "f4" where @n of @dtype are a whole number of packs of 16 bytes, else "h1" or "f1": ends of kernels' names. */
static inline const char *
_eshi_cuda_pack (EshiDType dtype,
                 gint64    n)
{
  if (dtype == ESHI_DTYPE_F16)
    return n % 8 == 0 ? "h8" : "h1";
  return n % 4 == 0 ? "f4" : "f1";
}

/* Elements that one thread of a kernel with that ending takes. */
static inline gint64
_eshi_cuda_pack_size (const char *pack)
{
  return pack[1] - '0';
}

/* The most bytes, 16, 8, 4 or 2, that divide @bytes: what the kernels that only move data take at a time. */
static inline gint64
_eshi_cuda_unit (gsize bytes)
{
  return (gint64) MIN (bytes & -bytes, 16);
}

G_END_DECLS
