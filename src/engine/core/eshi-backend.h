/* eshi-backend.h: what a backend is: memory, and a way to run ops. Understandable alone.
 *
 * A backend is a static EshiBackendClass. It is probed (cheaply), opened once per engine thread, and used from that
 * thread alone. It never ends the process: whatever its vendor's library reports becomes a GError with the op's label,
 * shapes and the vendor's words.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-error.h"
#include "eshi-op.h"

G_BEGIN_DECLS

/* Grows with every change of this header, so that a stale plugin is refused instead of crashing. */
#define ESHI_BACKEND_ABI 5

typedef struct _EshiBackend EshiBackend;
typedef struct _EshiBackendClass EshiBackendClass;

/* What a backend keeps of the runs of a graph. */
typedef struct _EshiRecording EshiRecording;

typedef enum
{
  ESHI_PRECISION_AUTO, /* the backend's fastest sound type */
  ESHI_PRECISION_F32,
  ESHI_PRECISION_HALF, /* bf16 or f16, an error where the device has neither */
} EshiPrecision;

typedef struct
{
  EshiPrecision precision;
  guint         n_threads; /* 0: one per physical core */
} EshiBackendOptions;

typedef struct
{
  char    name[128];     /* "AMD EPYC", "NVIDIA GeForce RTX 3060" */
  char    features[128]; /* "AVX-512, BF16": what was found and is used; not translated */
  guint64 memory_bytes;  /* the device's memory; 0 if it is the computer's own */
} EshiDeviceInfo;

/* Where work is queued, for backends that queue it. */
typedef enum
{
  ESHI_LANE_MAIN,
  ESHI_LANE_SIDE, /* beside it, where the device has nothing better to do */

  ESHI_N_LANES
} EshiLane;

/* First member of each backend's own struct. Filled in by open. */
struct _EshiBackend
{
  const EshiBackendClass *klass;
  EshiDType               compute; /* type of activations: F32, BF16 or F16 */
  guint                   n_threads; /* of the processor, that compute; 0 where another device does */
  gboolean                lost;    /* after an error that cannot be got over; close and open again */
};

struct _EshiBackendClass
{
  guint        abi;  /* ESHI_BACKEND_ABI it was built with */
  const char  *name; /* "ref", "cpu", "cuda": in logs, settings and test names; never renamed */

  /* Whether this computer can run it. Cheap; allocates nothing on the device. FALSE and @error say why not. */
  gboolean     (*probe)     (EshiDeviceInfo           *info,
                             GError                  **error);

  EshiBackend *(*open)      (const EshiBackendOptions *options,
                             GError                  **error);

  /* Waits for queued work and frees everything but buffers and plans, which the callers have released. */
  void         (*close)     (EshiBackend              *self);

  /* Memory for @size bytes, aligned to at least 64; contents undefined. Error: OUT_OF_MEMORY. */
  EshiBuffer  *(*alloc)     (EshiBackend              *self,
                             gsize                     size,
                             GError                  **error);
  void         (*release)   (EshiBackend              *self,
                             EshiBuffer               *buffer);

  /* Copies @size bytes between host memory and @buffer at @offset. Download waits for the work before it. */
  gboolean     (*upload)    (EshiBackend              *self,
                             EshiBuffer               *dst,
                             gsize                     offset,
                             const void               *src,
                             gsize                     size,
                             GError                  **error);
  gboolean     (*download)  (EshiBackend              *self,
                             void                     *dst,
                             EshiBuffer               *src,
                             gsize                     offset,
                             gsize                     size,
                             GError                  **error);

  /* NULL if it can run @op, which eshi_op_check() has passed; else a static reason in English, for the log. */
  const char  *(*why_not)   (EshiBackend              *self,
                             const EshiOp             *op);

  /* (optional) Makes @op ready: packs weights, plans, sets op->plan. Called once, when all buffers are placed. Packed
   * weights are shared by every op that names the same weight tensor in the same form, and are freed with the last. */
  gboolean     (*prepare)   (EshiBackend              *self,
                             EshiOp                   *op,
                             GError                  **error);
  void         (*unprepare) (EshiBackend              *self,
                             EshiOp                   *op);

  /* Runs or enqueues @op. Allocates nothing. */
  gboolean     (*run)       (EshiBackend              *self,
                             const EshiOp             *op,
                             GError                  **error);

  /* (optional) Runs or enqueues the @n_ops of a prepared graph in order, with the same result as run on each. In
   * *@recording, NULL at the first run, it may keep how, so that a later run of the same ops costs less. forget, there
   * if this is, frees that; the graph calls it before unprepare, when the work is done. */
  gboolean     (*run_all)   (EshiBackend              *self,
                             const EshiOp *const      *ops,
                             guint                     n_ops,
                             EshiRecording           **recording,
                             GError                  **error);
  void         (*forget)    (EshiBackend              *self,
                             EshiRecording            *recording);

  /* (optional) Chooses the lane of what is prepared, run, uploaded and downloaded from now on: MAIN when the backend is
   * opened. What is in one lane is done in order, and does not wait for what is in the other. Backends that run at once
   * leave it NULL. */
  gboolean     (*set_lane)  (EshiBackend              *self,
                             EshiLane                  lane,
                             GError                  **error);

  /* (optional) Waits for all work of the lane; backends that run at once leave it NULL. */
  gboolean     (*sync)      (EshiBackend              *self,
                             GError                  **error);
};

/* The reference backend, built into the library. */
extern const EshiBackendClass eshi_backend_ref_class;

/* What a plugin exports: a function of this name and type, returning its class. */
#define ESHI_BACKEND_PLUGIN_SYMBOL "eshi_backend_plugin_get_class"
typedef const EshiBackendClass *(*EshiBackendPluginFunc) (void);

G_END_DECLS
