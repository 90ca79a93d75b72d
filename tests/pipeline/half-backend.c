/* half-backend.c: each op runs in f32 on copies of its operands, and its result is rounded.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "half-backend.h"

typedef struct
{
  EshiOp     op;
  EshiTensor src[ESHI_OP_MAX_SRC];
  EshiTensor dst;
} Shadow;

static gboolean
is_half (const EshiTensor *tensor)
{
  return tensor != NULL && tensor->storage != ESHI_STORAGE_WEIGHT && tensor->dtype == ESHI_DTYPE_F16;
}

/* @copy: @tensor in f32, with memory of its own; its values too where @read. */
static void
shadow_tensor (EshiBackend      *backend,
               const EshiTensor *tensor,
               gboolean          read,
               EshiTensor       *copy)
{
  gsize n = (gsize) eshi_tensor_count (tensor);
  g_autofree guint16 *half = g_new (guint16, n);
  g_autofree float *values = g_new (float, n);

  *copy = *tensor;
  copy->dtype = ESHI_DTYPE_F32;
  copy->offset = 0;
  copy->buffer = backend->klass->alloc (backend, n * sizeof (float), NULL);
  g_assert_nonnull (copy->buffer);
  if (!read)
    return;

  g_assert_true (backend->klass->download (backend, half, tensor->buffer, tensor->offset, 2 * n, NULL));
  eshi_convert_to_f32 (values, half, ESHI_DTYPE_F16, n);
  g_assert_true (backend->klass->upload (backend, copy->buffer, 0, values, n * sizeof (float), NULL));
}

static void
shadow_init (Shadow       *self,
             EshiBackend  *backend,
             const EshiOp *op)
{
  self->op = *op;
  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (is_half (op->src[i]))
      {
        shadow_tensor (backend, op->src[i], TRUE, &self->src[i]);
        self->op.src[i] = &self->src[i];
      }
  if (is_half (op->dst))
    {
      shadow_tensor (backend, op->dst, FALSE, &self->dst);
      self->op.dst = &self->dst;
    }
}

/* Rounds what the op has written. */
static void
shadow_round (const Shadow *self,
              EshiBackend  *backend,
              const EshiOp *op)
{
  gsize n = (gsize) eshi_tensor_count (op->dst);
  g_autofree guint16 *half = g_new (guint16, n);
  g_autofree float *values = g_new (float, n);

  g_assert_true (backend->klass->download (backend, values, self->dst.buffer, 0, n * sizeof (float), NULL));
  eshi_convert_from_f32 (half, ESHI_DTYPE_F16, values, n);
  g_assert_true (backend->klass->upload (backend, op->dst->buffer, op->dst->offset, half, 2 * n, NULL));
}

static void
shadow_clear (Shadow       *self,
              EshiBackend  *backend,
              const EshiOp *op)
{
  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (is_half (op->src[i]))
      backend->klass->release (backend, self->src[i].buffer);
  if (is_half (op->dst))
    backend->klass->release (backend, self->dst.buffer);
}

static const char *
half_why_not (EshiBackend  *backend,
              const EshiOp *op)
{
  return NULL;
}

static gboolean
half_run (EshiBackend   *backend,
          const EshiOp  *op,
          GError       **error)
{
  Shadow shadow = { 0 };
  gboolean ok = FALSE;

  shadow_init (&shadow, backend, op);
  ok = eshi_backend_ref_class.run (backend, &shadow.op, error);
  if (ok && is_half (op->dst))
    shadow_round (&shadow, backend, op);
  shadow_clear (&shadow, backend, op);
  return ok;
}

EshiBackend *
open_half_backend (void)
{
  static EshiBackendClass klass;
  const EshiBackendOptions options = { .precision = ESHI_PRECISION_F32 };
  EshiBackend *backend = eshi_backend_ref_class.open (&options, NULL);

  g_assert_nonnull (backend);
  klass = eshi_backend_ref_class;
  klass.why_not = half_why_not;
  klass.run = half_run;
  backend->klass = &klass;
  backend->compute = ESHI_DTYPE_F16;
  return backend;
}
