/* eshi-cuda-dnn.h: plans of cuDNN for one convolution with what is added to it, for a device that is open or described.
 *
 * Knows neither the backend nor its memory, so that tests can plan for devices that nobody has.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-cuda-api.h"
#include "eshi-op.h"

G_BEGIN_DECLS

/* x [n, h, w, c], weight [out_c, kh, kw, c], y, residual [n, out_h, out_w, out_c], bias [out_c], all f16; sums in f32. */
typedef struct
{
  gint64   n, h, w, c;
  gint64   out_h, out_w, out_c;
  gint64   kh, kw;
  gint64   stride, top, left, bottom, right;
  gboolean has_bias;
  gboolean has_residual;
} EshiCudaConv;

/* What cuDNN knows a plan's tensors by. */
enum
{
  ESHI_DNN_ID_X = 1,
  ESHI_DNN_ID_WEIGHT,
  ESHI_DNN_ID_Y,
  ESHI_DNN_ID_BIAS,
  ESHI_DNN_ID_RESIDUAL,
  ESHI_DNN_ID_SUMS,     /* inside of the plan only */
  ESHI_DNN_ID_WITH_RESIDUAL,
};

/* For whom plans are made: a handle of cuDNN's, or a finalized DEVICEPROP descriptor; the other is NULL. */
typedef struct
{
  const EshiCudaDnn *dnn;
  void              *handle;
  void              *device;
  gint64             max_workspace_bytes;
} EshiCudaPlanner;

typedef struct
{
  const EshiCudaDnn *dnn;
  void              *descriptor;      /* what is executed */
  gint64             workspace_bytes;
  gint64             engine;          /* cuDNN's number of it; -1 if the plan was read */
  GPtrArray         *parts;           /* (element-type void*): descriptors that last as long, itself among them */
} EshiCudaDnnPlan;

/* The convolution that @op, a CONV2D, is. */
EshiCudaConv eshi_cuda_conv_from_op (const EshiOp     *op);

/* The key of @conv, for caches: "n2 64x64x320 …"; (transfer full). */
char *eshi_cuda_conv_describe   (const EshiCudaConv    *conv);

/* Whether @status says no to what was asked, and nothing about memory or the device. */
gboolean eshi_cuda_dnn_is_refusal (int                 status);

/* Makes a plan for @conv: the first that the heuristics propose whose engine is compiled already, gives the same result
 * every time, keeps all digits, and stays within the workspace.
 *
 * Returns: cuDNN's status; NOT_SUPPORTED and no @plan if there is none. */
int   eshi_cuda_dnn_plan_new    (const EshiCudaPlanner *planner,
                                 const EshiCudaConv    *conv,
                                 EshiCudaDnnPlan      **plan);

/* Makes the plan that eshi_cuda_dnn_plan_save() wrote, without asking the heuristics. The status as above. */
int   eshi_cuda_dnn_plan_load   (const EshiCudaPlanner *planner,
                                 const char            *json,
                                 EshiCudaDnnPlan      **plan);

/* @plan as text for the same device, driver and version of cuDNN; NULL if cuDNN does not tell. */
char *eshi_cuda_dnn_plan_save   (const EshiCudaDnnPlan *plan);

void  eshi_cuda_dnn_plan_free   (EshiCudaDnnPlan       *plan);

/* What @plan's tensors are in this call, packed for cuDNN; the caller destroys @pack. @bias and @residual are 0 where the
 * plan has none. The status is cuDNN's. */
int   eshi_cuda_dnn_pack_new    (const EshiCudaDnn     *dnn,
                                 const EshiCuPtr        addresses[ESHI_DNN_ID_SUMS],
                                 EshiCuPtr              workspace,
                                 void                 **pack);

G_END_DECLS
