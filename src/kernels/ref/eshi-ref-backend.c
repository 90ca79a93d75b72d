/* eshi-ref-backend.c: the class of the reference backend: memory, and the table of its kernels.
 *
 * It runs on every computer, in f32 only; it refuses half precision rather than pretending to it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>

#include "eshi-ref-backend.h"

#define ALIGNMENT 64

static const EshiRefKernel * const kernels[ESHI_N_OPS] = {
  [ESHI_OP_CONV2D] = &_eshi_ref_conv2d,
  [ESHI_OP_LINEAR] = &_eshi_ref_linear,
  [ESHI_OP_GEGLU] = &_eshi_ref_geglu,
  [ESHI_OP_GROUP_NORM] = &_eshi_ref_group_norm,
  [ESHI_OP_LAYER_NORM] = &_eshi_ref_layer_norm,
  [ESHI_OP_ATTENTION] = &_eshi_ref_attention,
  [ESHI_OP_UPSAMPLE] = &_eshi_ref_upsample,
  [ESHI_OP_CONCAT] = &_eshi_ref_concat,
  [ESHI_OP_EMBEDDING] = &_eshi_ref_embedding,
  [ESHI_OP_TIME_EMBEDDING] = &_eshi_ref_time_embedding,
  [ESHI_OP_ACTIVATION] = &_eshi_ref_activation,
  [ESHI_OP_CONVERT] = &_eshi_ref_convert,
  [ESHI_OP_GUIDANCE] = &_eshi_ref_guidance,
  [ESHI_OP_LATENTS_TO_RGB] = &_eshi_ref_latents_to_rgb,
  [ESHI_OP_IMAGE_TO_U8] = &_eshi_ref_image_to_u8,
};

static gboolean
set_no_memory (gsize    size,
               GError **error)
{
  g_autofree char *text = g_format_size (size);

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
               _("There is not enough memory: %s more are needed. Close other programs, or ask for a smaller picture."),
               text);

  return FALSE;
}

gboolean
_eshi_ref_reserve (EshiRefBackend  *self,
                   gsize            n,
                   GError         **error)
{
  double *scratch = NULL;

  if (n <= self->n_scratch)
    return TRUE;

  scratch = g_try_realloc_n (self->scratch, n, sizeof *scratch);
  if (scratch == NULL)
    return set_no_memory (n * sizeof *scratch, error);

  self->scratch = scratch;
  self->n_scratch = n;

  return TRUE;
}

gboolean
_eshi_ref_vector (float            **vector,
                  const EshiTensor  *tensor,
                  GError           **error)
{
  gsize n = 0;

  *vector = NULL;
  if (tensor == NULL)
    return TRUE;

  n = (gsize) eshi_tensor_count (tensor);
  *vector = g_try_new (float, n);
  if (*vector == NULL)
    return set_no_memory (n * sizeof **vector, error);
  eshi_convert_to_f32 (*vector, tensor->data, tensor->dtype, n);

  return TRUE;
}

static gboolean
ref_probe (EshiDeviceInfo  *info,
           GError         **error)
{
  memset (info, 0, sizeof *info);
  g_strlcpy (info->name, "CPU", sizeof info->name);
  g_strlcpy (info->features, "one thread, no vector instructions", sizeof info->features);

  return TRUE;
}

static EshiBackend *
ref_open (const EshiBackendOptions  *options,
          GError                   **error)
{
  EshiRefBackend *self = NULL;

  if (options != NULL && options->precision == ESHI_PRECISION_HALF)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The reference backend computes in full precision only. Choose another precision or backend."));
      return NULL;
    }

  self = g_new0 (EshiRefBackend, 1);
  self->parent.klass = &eshi_backend_ref_class;
  self->parent.compute = ESHI_DTYPE_F32;
  self->parent.n_threads = 1;
  self->matrices = g_hash_table_new (NULL, NULL);

  return &self->parent;
}

static void
ref_close (EshiBackend *backend)
{
  EshiRefBackend *self = (EshiRefBackend *) backend;

  if (self == NULL)
    return;

  g_warn_if_fail (g_hash_table_size (self->matrices) == 0);
  g_hash_table_unref (self->matrices);
  g_free (self->scratch);
  g_free (self);
}

static EshiBuffer *
ref_alloc (EshiBackend  *backend,
           gsize         size,
           GError      **error)
{
  EshiBuffer *buffer = NULL;
  gpointer data = NULL;

  if (posix_memalign (&data, ALIGNMENT, MAX (size, 1)) != 0)
    {
      set_no_memory (size, error);
      return NULL;
    }

  buffer = g_new0 (EshiBuffer, 1);
  buffer->data = data;
  buffer->size = size;

  return buffer;
}

static void
ref_release (EshiBackend *backend,
             EshiBuffer  *buffer)
{
  if (buffer == NULL)
    return;

  free (buffer->data);
  g_free (buffer);
}

static gboolean
check_range (const EshiBuffer  *buffer,
             gsize              offset,
             gsize              size,
             GError           **error)
{
  if (buffer != NULL && offset <= buffer->size && size <= buffer->size - offset)
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, _("A copy would reach beyond the end of a buffer."));

  return FALSE;
}

static gboolean
ref_upload (EshiBackend  *backend,
            EshiBuffer   *dst,
            gsize         offset,
            const void   *src,
            gsize         size,
            GError      **error)
{
  if (!check_range (dst, offset, size, error))
    return FALSE;

  memcpy (dst->data + offset, src, size);

  return TRUE;
}

static gboolean
ref_download (EshiBackend  *backend,
              void         *dst,
              EshiBuffer   *src,
              gsize         offset,
              gsize         size,
              GError      **error)
{
  if (!check_range (src, offset, size, error))
    return FALSE;

  memcpy (dst, src->data + offset, size);

  return TRUE;
}

static gboolean
is_half (const EshiTensor *tensor)
{
  return tensor != NULL && tensor->storage != ESHI_STORAGE_WEIGHT &&
         (tensor->dtype == ESHI_DTYPE_F16 || tensor->dtype == ESHI_DTYPE_BF16);
}

static const char *
ref_why_not (EshiBackend  *backend,
             const EshiOp *op)
{
  if (op->kind >= ESHI_N_OPS || kernels[op->kind] == NULL)
    return "no op that this backend knows";

  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (is_half (op->src[i]))
      return "activations in f32 only";
  if (is_half (op->dst))
    return "activations in f32 only";

  return kernels[op->kind]->why_not != NULL ? kernels[op->kind]->why_not (op) : NULL;
}

static void
free_plan (EshiRefBackend *self,
           EshiRefPlan    *plan)
{
  _eshi_ref_matrix_unref (self, plan->matrix);
  g_free (plan->weight);
  g_free (plan->bias);
  g_free (plan);
}

static gboolean
ref_prepare (EshiBackend  *backend,
             EshiOp       *op,
             GError      **error)
{
  EshiRefBackend *self = (EshiRefBackend *) backend;
  EshiRefPlan *plan = NULL;

  if (kernels[op->kind]->prepare == NULL)
    return TRUE;

  plan = g_new0 (EshiRefPlan, 1);
  if (!kernels[op->kind]->prepare (self, op, plan, error))
    {
      g_prefix_error (error, "%s: ", op->label != NULL ? op->label : eshi_op_kind_name (op->kind));
      free_plan (self, plan);
      return FALSE;
    }
  op->plan = plan;

  return TRUE;
}

static void
ref_unprepare (EshiBackend *backend,
               EshiOp      *op)
{
  if (op->plan != NULL)
    free_plan ((EshiRefBackend *) backend, op->plan);
  op->plan = NULL;
}

static gboolean
ref_run (EshiBackend   *backend,
         const EshiOp  *op,
         GError       **error)
{
  return kernels[op->kind]->run ((EshiRefBackend *) backend, op, error);
}

const EshiBackendClass eshi_backend_ref_class = {
  .abi = ESHI_BACKEND_ABI,
  .name = "ref",
  .probe = ref_probe,
  .open = ref_open,
  .close = ref_close,
  .alloc = ref_alloc,
  .release = ref_release,
  .upload = ref_upload,
  .download = ref_download,
  .why_not = ref_why_not,
  .prepare = ref_prepare,
  .unprepare = ref_unprepare,
  .run = ref_run,
};
