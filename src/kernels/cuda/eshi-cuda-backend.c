/* eshi-cuda-backend.c: the class of the CUDA backend: probing, opening, memory, errors, launches.
 *
 * Matrix products are cublasLt's, convolutions cuDNN's or matrix products too; everything else is in device/. The driver's
 * interface is used, not the runtime's, so nothing of NVIDIA's is linked: eshi-cuda-libs.c finds it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cuda-backend.h"

#include <glib/gi18n-lib.h>
#include <gmodule.h>
#include <inttypes.h>
#include <string.h>

/* Turing; older ones have no tensor cores that the kernels could use. */
#define OLDEST_MAJOR 7
#define OLDEST_MINOR 5

G_MODULE_EXPORT const EshiBackendClass *eshi_backend_plugin_get_class (void);

static const EshiBackendClass cuda_class;

static const EshiCudaRow * const rows[ESHI_N_OPS] = {
  [ESHI_OP_CONV2D] = &_eshi_cuda_conv2d,
  [ESHI_OP_LINEAR] = &_eshi_cuda_linear,
  [ESHI_OP_GEGLU] = &_eshi_cuda_geglu,
  [ESHI_OP_GROUP_NORM] = &_eshi_cuda_group_norm,
  [ESHI_OP_LAYER_NORM] = &_eshi_cuda_layer_norm,
  [ESHI_OP_ATTENTION] = &_eshi_cuda_attention,
  [ESHI_OP_UPSAMPLE] = &_eshi_cuda_upsample,
  [ESHI_OP_CONCAT] = &_eshi_cuda_concat,
  [ESHI_OP_EMBEDDING] = &_eshi_cuda_embedding,
  [ESHI_OP_TIME_EMBEDDING] = &_eshi_cuda_time_embedding,
  [ESHI_OP_ACTIVATION] = &_eshi_cuda_activation,
  [ESHI_OP_CONVERT] = &_eshi_cuda_convert,
  [ESHI_OP_GUIDANCE] = &_eshi_cuda_guidance,
  [ESHI_OP_LATENTS_TO_RGB] = &_eshi_cuda_latents_to_rgb,
  [ESHI_OP_IMAGE_TO_U8] = &_eshi_cuda_image_to_u8,
};

/* --- errors --- */

/* Errors after which the driver answers every further call with the same; the context is broken. */
static gboolean
is_sticky (int result)
{
  return result == ESHI_CU_ECC_UNCORRECTABLE || result == ESHI_CU_UNKNOWN ||
         (result >= ESHI_CU_ILLEGAL_ADDRESS && result <= ESHI_CU_LAUNCH_FAILED);
}

gboolean
_eshi_cuda_check (EshiCudaBackend  *self,
                  int               result,
                  GError          **error)
{
  const char *words = NULL;

  if (result == ESHI_CU_SUCCESS)
    return TRUE;
  self->libs->cu.get_error_string (result, &words);
  if (result == ESHI_CU_OUT_OF_MEMORY)
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_OUT_OF_MEMORY,
                 _("The graphics card has too little memory. Close other programs, or ask for a smaller picture."));
  else if (is_sticky (result))
    {
      self->parent.lost = TRUE;
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_DEVICE_LOST,
                   _("The graphics card stopped working: %s (error %d). It must be opened again."),
                   words != NULL ? words : "?", result);
    }
  else
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED, _("The graphics card reported an error: %s (error %d)."),
                 words != NULL ? words : "?", result);
  return FALSE;
}

gboolean
_eshi_cuda_check_device (EshiCudaBackend  *self,
                         GError          **error)
{
  return _eshi_cuda_check (self, self->libs->cu.stream_synchronize (self->lane->stream), error);
}

gboolean
_eshi_cuda_check_lt (EshiCudaBackend  *self,
                     int               status,
                     GError          **error)
{
  if (status == ESHI_LT_SUCCESS)
    return TRUE;
  if (status == ESHI_LT_ALLOC_FAILED)
    return _eshi_cuda_check (self, ESHI_CU_OUT_OF_MEMORY, error);
  if (!_eshi_cuda_check_device (self, error))
    return FALSE;
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED,
               _("NVIDIA's library cuBLAS reported an error (status %d)."), status);
  return FALSE;
}

/* Says which op failed: the messages below this file do not know. */
static gboolean
blame (const EshiOp  *op,
       GError       **error)
{
  g_autofree char *what = eshi_op_describe (op);

  g_prefix_error (error, "%s: ", what);
  return FALSE;
}

/* --- probing and opening --- */

static int
get_attribute (const EshiCudaDriver *cu,
               int                   attribute,
               int                   device)
{
  int value = 0;

  cu->device_get_attribute (&value, attribute, device);
  return value;
}

/* Describes device number @device; FALSE if it is too old. */
static gboolean
describe_device (const EshiCudaLibs  *libs,
                 int                  device,
                 EshiDeviceInfo      *info,
                 GError             **error)
{
  int major = get_attribute (&libs->cu, ESHI_CU_ATTRIBUTE_MAJOR, device);
  int minor = get_attribute (&libs->cu, ESHI_CU_ATTRIBUTE_MINOR, device);
  g_autofree char *dnn = NULL;
  size_t bytes = 0;

  libs->cu.device_get_name (info->name, sizeof info->name, device);
  libs->cu.device_total_mem (&bytes, device);
  info->memory_bytes = bytes;
  if (libs->has_dnn)
    dnn = g_strdup_printf (", cuDNN %" PRIu64, (guint64) libs->dnn.get_version ());
  g_snprintf (info->features, sizeof info->features, "sm_%d%d, cuBLAS %" PRIu64 "%s", major, minor,
              (guint64) libs->lt.get_version (), dnn != NULL ? dnn : "");
  if (major > OLDEST_MAJOR || (major == OLDEST_MAJOR && minor >= OLDEST_MINOR))
    return TRUE;
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
               _("The graphics card %s is too old for this program: it needs the generation Turing (2018) or newer."),
               info->name);
  return FALSE;
}

static gboolean
cuda_probe (EshiDeviceInfo  *info,
            GError         **error)
{
  const EshiCudaLibs *libs = eshi_cuda_libs_get (error);
  int device = 0;

  memset (info, 0, sizeof *info);
  if (libs == NULL)
    return FALSE;
  libs->cu.device_get (&device, 0);
  return describe_device (libs, device, info, error);
}

static void
cuda_close (EshiBackend *backend)
{
  EshiCudaBackend *self = (EshiCudaBackend *) backend;

  if (self == NULL)
    return;
  for (guint i = 0; i < ESHI_N_LANES; i++)
    if (self->lanes[i].stream != NULL)
      self->libs->cu.stream_synchronize (self->lanes[i].stream);
  _eshi_cuda_staging_clear (self);
  _eshi_cuda_conv_close (self);
  if (self->lt != NULL)
    self->libs->lt.destroy (self->lt);
  for (guint i = 0; i < ESHI_CUDA_MAX_IMAGES; i++)
    if (self->modules[i] != NULL)
      self->libs->cu.module_unload (self->modules[i]);
  if (self->flag != 0)
    self->libs->cu.mem_free (self->flag);
  for (guint i = 0; i < ESHI_N_LANES; i++)
    if (self->lanes[i].stream != NULL)
      self->libs->cu.stream_destroy (self->lanes[i].stream);
  self->libs->cu.primary_release (self->device);
  g_warn_if_fail (g_hash_table_size (self->weights) == 0);
  g_hash_table_unref (self->weights);
  g_hash_table_unref (self->functions);
  g_free (self);
}

/* One stream for each lane; what is at the side is done when the main one leaves the device idle. */
static gboolean
create_streams (EshiCudaBackend  *self,
                GError          **error)
{
  const EshiCudaDriver *cu = &self->libs->cu;
  int least = 0;
  int greatest = 0;

  return _eshi_cuda_check (self, cu->get_priorities (&least, &greatest), error) &&
         _eshi_cuda_check (self,
                           cu->stream_create (&self->lanes[ESHI_LANE_MAIN].stream, ESHI_CU_STREAM_NON_BLOCKING, greatest),
                           error) &&
         _eshi_cuda_check (self,
                           cu->stream_create (&self->lanes[ESHI_LANE_SIDE].stream, ESHI_CU_STREAM_NON_BLOCKING, least),
                           error);
}

/* What the backend holds as long as it is open. The context becomes current in the calling thread, the engine's. */
static gboolean
open_device (EshiCudaBackend  *self,
             GError          **error)
{
  const EshiCudaDriver *cu = &self->libs->cu;
  void *context = NULL;

  if (!_eshi_cuda_check (self, cu->device_get (&self->device, 0), error) ||
      !_eshi_cuda_check (self, cu->primary_retain (&context, self->device), error) ||
      !_eshi_cuda_check (self, cu->set_current (context), error) ||
      !create_streams (self, error) ||
      !_eshi_cuda_check_lt (self, self->libs->lt.create (&self->lt), error) ||
      !_eshi_cuda_conv_open (self, error))
    return FALSE;

  for (guint i = 0; i < ESHI_CUDA_MAX_IMAGES && eshi_cuda_images[i].data != NULL; i++)
    if (!_eshi_cuda_check (self, cu->module_load_data (&self->modules[i], eshi_cuda_images[i].data), error))
      return FALSE;
  self->flag = _eshi_cuda_memory (self, sizeof (gint32), error);
  return self->flag != 0;
}

static EshiBackend *
cuda_open (const EshiBackendOptions  *options,
           GError                   **error)
{
  gboolean full = options != NULL && options->precision == ESHI_PRECISION_F32;
  EshiDeviceInfo info;
  EshiCudaBackend *self = NULL;

  if (!cuda_probe (&info, error))
    return NULL;
  self = g_new0 (EshiCudaBackend, 1);
  self->parent.klass = &cuda_class;
  self->parent.compute = full ? ESHI_DTYPE_F32 : ESHI_DTYPE_F16;
  self->libs = eshi_cuda_libs_get (NULL);
  self->info = info;
  self->lane = &self->lanes[ESHI_LANE_MAIN];
  self->functions = g_hash_table_new (g_str_hash, g_str_equal);
  self->weights = g_hash_table_new_full (_eshi_cuda_weight_hash, _eshi_cuda_weight_equal, g_free, NULL);
  if (!open_device (self, error))
    {
      cuda_close (&self->parent);
      return NULL;
    }
  g_debug ("cuda: %s, %s, %s", info.name, info.features, eshi_dtype_name (self->parent.compute));
  return &self->parent;
}

/* --- memory --- */

EshiCuPtr
_eshi_cuda_memory (EshiCudaBackend  *self,
                   gsize             bytes,
                   GError          **error)
{
  EshiCuPtr address = 0;

  if (!_eshi_cuda_check (self, self->libs->cu.mem_alloc (&address, MAX (bytes, 1)), error))
    return 0;
  return address;
}

/* The driver frees memory only when the work before has been done. */
gboolean
_eshi_cuda_reserve (EshiCudaBackend  *self,
                    gsize             bytes,
                    GError          **error)
{
  EshiCuPtr scratch = 0;

  if (bytes <= self->lane->scratch_bytes)
    return TRUE;
  scratch = _eshi_cuda_memory (self, bytes, error);
  if (scratch == 0)
    return FALSE;
  if (self->lane->scratch != 0)
    self->libs->cu.mem_free (self->lane->scratch);
  self->lane->scratch = scratch;
  self->lane->scratch_bytes = bytes;
  return TRUE;
}

static EshiBuffer *
cuda_alloc (EshiBackend  *backend,
            gsize         size,
            GError      **error)
{
  EshiCuPtr address = _eshi_cuda_memory ((EshiCudaBackend *) backend, size, error);
  EshiBuffer *buffer = NULL;

  if (address == 0)
    return NULL;
  buffer = g_new0 (EshiBuffer, 1);
  buffer->address = address;
  buffer->size = size;
  return buffer;
}

static void
cuda_release (EshiBackend *backend,
              EshiBuffer  *buffer)
{
  if (buffer == NULL)
    return;
  ((EshiCudaBackend *) backend)->libs->cu.mem_free (buffer->address);
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

/* From memory that is not pinned the driver has taken what it needs when it returns. */
static gboolean
cuda_upload (EshiBackend  *backend,
             EshiBuffer   *dst,
             gsize         offset,
             const void   *src,
             gsize         size,
             GError      **error)
{
  EshiCudaBackend *self = (EshiCudaBackend *) backend;

  return check_range (dst, offset, size, error) &&
         _eshi_cuda_check (self, self->libs->cu.to_device (dst->address + offset, src, size, self->lane->stream), error);
}

/* A weight that one lane has uploaded may be read in the other. */
static gboolean
cuda_set_lane (EshiBackend  *backend,
               EshiLane      lane,
               GError      **error)
{
  EshiCudaBackend *self = (EshiCudaBackend *) backend;

  if (self->lane == &self->lanes[lane])
    return TRUE;
  self->lane = &self->lanes[lane];
  return _eshi_cuda_staging_drain (self, error) && _eshi_cuda_conv_use_lane (self, error);
}

static gboolean
cuda_sync (EshiBackend  *backend,
           GError      **error)
{
  EshiCudaBackend *self = (EshiCudaBackend *) backend;

  return _eshi_cuda_check (self, self->libs->cu.stream_synchronize (self->lane->stream), error);
}

static gboolean
cuda_download (EshiBackend  *backend,
               void         *dst,
               EshiBuffer   *src,
               gsize         offset,
               gsize         size,
               GError      **error)
{
  EshiCudaBackend *self = (EshiCudaBackend *) backend;

  return check_range (src, offset, size, error) &&
         _eshi_cuda_check (self, self->libs->cu.to_host (dst, src->address + offset, size, self->lane->stream), error) &&
         cuda_sync (backend, error);
}

/* --- kernels --- */

EshiCudaGrid
_eshi_cuda_line (gint64 n)
{
  return (EshiCudaGrid) { (n + ESHI_CUDA_THREADS - 1) / ESHI_CUDA_THREADS, 1, 1, ESHI_CUDA_THREADS, 0 };
}

/* The function @name of one of the images, looked up once; NULL and @error if there is none. */
static void *
find_function (EshiCudaBackend  *self,
               const char       *name,
               GError          **error)
{
  void *function = g_hash_table_lookup (self->functions, name);
  int result = ESHI_CU_NOT_FOUND;

  if (function != NULL)
    return function;
  for (guint i = 0; i < ESHI_CUDA_MAX_IMAGES && self->modules[i] != NULL && result == ESHI_CU_NOT_FOUND; i++)
    result = self->libs->cu.module_get_function (&function, self->modules[i], name);
  if (!_eshi_cuda_check (self, result, error))
    return NULL;
  g_hash_table_insert (self->functions, (gpointer) g_intern_string (name), function);
  return function;
}

gboolean
_eshi_cuda_launch (EshiCudaBackend  *self,
                   const char       *name,
                   EshiCudaGrid      grid,
                   void            **params,
                   GError          **error)
{
  void *function = find_function (self, name, error);

  return function != NULL &&
         _eshi_cuda_check (self,
                           self->libs->cu.launch (function, (unsigned) grid.x, (unsigned) grid.y, (unsigned) grid.z,
                                                  grid.n_threads, 1, 1, (unsigned) grid.shared_bytes, self->lane->stream,
                                                  params, NULL),
                           error);
}

/* --- ops --- */

static gboolean
has_dtype (const EshiOp *op,
           EshiDType     dtype)
{
  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (op->src[i] != NULL && op->src[i]->storage != ESHI_STORAGE_WEIGHT && op->src[i]->dtype == dtype)
      return TRUE;
  return op->dst->dtype == dtype;
}

static const char *
cuda_why_not (EshiBackend  *backend,
              const EshiOp *op)
{
  if (op->kind >= ESHI_N_OPS || rows[op->kind] == NULL)
    return "no op that this backend knows";
  if (has_dtype (op, ESHI_DTYPE_BF16))
    return "activations in f16 and f32 only";
  if (op->kind == ESHI_OP_CONV2D && op->conv.doubled)
    return "a convolution does not double its image";
  return rows[op->kind]->why_not != NULL ? rows[op->kind]->why_not (op) : NULL;
}

static void
cuda_unprepare (EshiBackend *backend,
                EshiOp      *op)
{
  EshiCudaBackend *self = (EshiCudaBackend *) backend;

  if (op->plan == NULL)
    return;
  rows[op->kind]->unprepare (self, op);
  op->plan = NULL;
  self->n_plans--;
  for (guint i = 0; self->n_plans == 0 && i < ESHI_N_LANES; i++)
    {
      EshiCudaLane *lane = &self->lanes[i];

      if (lane->scratch != 0)
        self->libs->cu.mem_free (lane->scratch);
      lane->scratch = 0;
      lane->scratch_bytes = 0;
    }
}

static gboolean
cuda_prepare (EshiBackend  *backend,
              EshiOp       *op,
              GError      **error)
{
  EshiCudaBackend *self = (EshiCudaBackend *) backend;
  gboolean done = FALSE;

  op->plan = NULL;
  if (rows[op->kind]->prepare == NULL)
    return TRUE;
  done = rows[op->kind]->prepare (self, op, error);
  if (op->plan != NULL)
    self->n_plans++;
  if (done)
    return TRUE;
  cuda_unprepare (backend, op);
  return blame (op, error);
}

gboolean
_eshi_cuda_waits (const EshiOp *op)
{
  return rows[op->kind]->waits;
}

gboolean
_eshi_cuda_run (EshiCudaBackend  *self,
                const EshiOp     *op,
                GError          **error)
{
  if (rows[op->kind]->run (self, op, error))
    return TRUE;
  return blame (op, error);
}

static gboolean
cuda_run (EshiBackend   *backend,
          const EshiOp  *op,
          GError       **error)
{
  return _eshi_cuda_run ((EshiCudaBackend *) backend, op, error);
}

static const EshiBackendClass cuda_class = {
  .abi = ESHI_BACKEND_ABI,
  .name = "cuda",
  .probe = cuda_probe,
  .open = cuda_open,
  .close = cuda_close,
  .alloc = cuda_alloc,
  .release = cuda_release,
  .upload = cuda_upload,
  .download = cuda_download,
  .why_not = cuda_why_not,
  .prepare = cuda_prepare,
  .unprepare = cuda_unprepare,
  .run = cuda_run,
  .run_all = _eshi_cuda_run_all,
  .forget = _eshi_cuda_forget,
  .set_lane = cuda_set_lane,
  .sync = cuda_sync,
};

const EshiBackendClass *
eshi_backend_plugin_get_class (void)
{
  return &cuda_class;
}
