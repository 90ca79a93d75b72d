/* eshi-cpu-backend.c: the class of the CPU backend: probing, opening, memory, and the table of ops.
 *
 * Convolutions and matrix products are oneDNN's, where amx/ has no faster loop; everything else is in simd/, compiled
 * once per instruction set.
 *
 * Threads are OpenMP's, of the libgomp that oneDNN was linked with. By default its idle threads spin for a while before
 * they sleep; where other programs run, an op then waits for a thread that spins on, or has been put off, its core.
 * Measured in docs/speed.md: a step of the small model can take 3 s then, and 10 ms where they sleep at once. Whoever
 * loads this plugin should therefore say in the environment how long they may spin: libgomp reads it when it is loaded,
 * which is before any line of this file runs.
 *
 * Half precision: bf16 where AMX is there, or where AVX512-BF16 measures at least BF16_GAIN times as fast as f32. The
 * measurement runs in registers on one thread, once in a process, and compares the best of several tries, so a busy
 * computer hardly changes the answer. Processors are far from the threshold: about 2 where the instruction has the width
 * of f32's, about a half on those that have it for the sake of AMX. A picture must not depend on a measurement more than
 * it needs to, so nothing is measured where there is AMX, whose tiles are what multiplies there.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-backend.h"

#include <glib/gi18n-lib.h>
#include <gmodule.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define BF16_GAIN 1.3

/* More threads than this only get in each other's way. */
#define MAX_THREADS 256

G_MODULE_EXPORT const EshiBackendClass *eshi_backend_plugin_get_class (void);

static const EshiBackendClass cpu_class;

static const EshiCpuRow * const rows[ESHI_N_OPS] = {
  [ESHI_OP_CONV2D] = &_eshi_cpu_conv2d,
  [ESHI_OP_LINEAR] = &_eshi_cpu_linear,
  [ESHI_OP_GEGLU] = &_eshi_cpu_geglu,
  [ESHI_OP_GROUP_NORM] = &_eshi_cpu_group_norm,
  [ESHI_OP_LAYER_NORM] = &_eshi_cpu_layer_norm,
  [ESHI_OP_ATTENTION] = &_eshi_cpu_attention,
  [ESHI_OP_UPSAMPLE] = &_eshi_cpu_upsample,
  [ESHI_OP_CONCAT] = &_eshi_cpu_concat,
  [ESHI_OP_EMBEDDING] = &_eshi_cpu_embedding,
  [ESHI_OP_TIME_EMBEDDING] = &_eshi_cpu_time_embedding,
  [ESHI_OP_ACTIVATION] = &_eshi_cpu_activation,
  [ESHI_OP_CONVERT] = &_eshi_cpu_convert,
  [ESHI_OP_GUIDANCE] = &_eshi_cpu_guidance,
  [ESHI_OP_LATENTS_TO_RGB] = &_eshi_cpu_latents_to_rgb,
  [ESHI_OP_IMAGE_TO_U8] = &_eshi_cpu_image_to_u8,
};

static const EshiCpuRow *
row_of (EshiCpuBackend *self,
        const EshiOp   *op)
{
  if (_eshi_cpu_tiled_suits (self, op))
    return &_eshi_cpu_tiled;
  if (_eshi_cpu_winograd_suits (self, op))
    return &_eshi_cpu_winograd;
  return op->kind == ESHI_OP_CONV2D && op->conv.doubled ? &_eshi_cpu_doubled : rows[op->kind];
}

static const EshiCpuKernels *
kernels_of (EshiCpuLevel level)
{
#if defined (__x86_64__)
  static const EshiCpuKernels * const all[] = {
    [ESHI_CPU_BASE] = &eshi_cpu_kernels_base,
    [ESHI_CPU_AVX2] = &eshi_cpu_kernels_avx2,
    [ESHI_CPU_AVX512] = &eshi_cpu_kernels_avx512,
    [ESHI_CPU_AVX512_BF16] = &eshi_cpu_kernels_avx512bf16,
  };

  return all[level];
#else
  return &eshi_cpu_kernels_base;
#endif
}

static gboolean
has_bf16 (const EshiCpuIsa *isa)
{
  return isa->amx_bf16 || isa->level == ESHI_CPU_AVX512_BF16;
}

static gboolean
cpu_probe (EshiDeviceInfo  *info,
           GError         **error)
{
  g_autofree char *version = eshi_cpu_dnnl_version ();
  EshiCpuIsa isa;

  memset (info, 0, sizeof *info);
  if (!eshi_cpu_isa_detect (&isa))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("This processor (%s) lacks SSE4.1, which the fast backend for processors needs."), isa.name);
      return FALSE;
    }
  g_strlcpy (info->name, isa.name, sizeof info->name);
  g_snprintf (info->features, sizeof info->features, "%s%s, oneDNN %s", kernels_of (isa.level)->name,
              isa.amx_bf16 ? ", AMX-BF16" : "", version);
  return TRUE;
}

/* Of @kernels, which are the same at every call: all backends of a process compute alike. */
static double
measure_bf16_gain (const EshiCpuKernels *kernels)
{
  static gsize once = 0;
  static double gain = 0.0;

  if (g_once_init_enter (&once))
    {
      gain = kernels->bf16_gain ();
      g_debug ("cpu: AVX512-BF16 runs %.2f times as fast as f32", gain);
      g_once_init_leave (&once, 1);
    }
  return gain;
}

/* Loops for this processor, and how much faster bf16 makes them where there are no tiles for products. */
static void
choose_kernels (EshiCpuBackend *self)
{
  self->kernels = kernels_of (self->isa.level);
  if (self->isa.level != ESHI_CPU_AVX512_BF16 || self->isa.amx_bf16)
    return;
  if (self->isa.limited)
    {
      self->bf16_gain = BF16_GAIN; /* as it was told */
      return;
    }
  self->bf16_gain = measure_bf16_gain (self->kernels);
  if (self->bf16_gain < BF16_GAIN)
    self->kernels = kernels_of (ESHI_CPU_AVX512);
}

/* The type that activations get, or FALSE if the wish cannot be had. */
static gboolean
choose_type (EshiCpuBackend  *self,
             EshiPrecision    precision,
             GError         **error)
{
  gboolean faster = self->isa.amx_bf16 || self->bf16_gain >= BF16_GAIN;

  if (precision == ESHI_PRECISION_HALF && !has_bf16 (&self->isa))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("This processor (%s) has no arithmetic in half precision. Choose full precision instead."),
                   self->isa.name);
      return FALSE;
    }
  if (precision == ESHI_PRECISION_HALF || (precision == ESHI_PRECISION_AUTO && faster))
    self->parent.compute = ESHI_DTYPE_BF16;
  else
    self->parent.compute = ESHI_DTYPE_F32;
  return TRUE;
}

static void
cpu_close (EshiBackend *backend)
{
  EshiCpuBackend *self = (EshiCpuBackend *) backend;

  if (self == NULL)
    return;
  g_clear_pointer (&self->weights, eshi_cpu_weights_free);
  g_clear_pointer (&self->dnnl, eshi_cpu_dnnl_free);
  free (self->workspace);
  g_free (self);
}

static void
limit_dnnl (EshiCpuLevel level)
{
  static const char * const names[] = { "base", "avx2", "avx512", "avx512bf16" };

  if (level < G_N_ELEMENTS (names))
    eshi_cpu_dnnl_limit_isa (names[level]);
}

/* @asked, 0 for all cores, as far as OMP_THREAD_LIMIT allows: oneDNN divides the work among as many as it was told of,
 * and what those that do not come should have done stays undone. */
static guint
choose_n_threads (guint asked)
{
  guint limit = MIN (MAX_THREADS, (guint) MAX (omp_get_thread_limit (), 1));

  return CLAMP (asked != 0 ? asked : eshi_cpu_count_cores (), 1, limit);
}

static EshiBackend *
cpu_open (const EshiBackendOptions  *options,
          GError                   **error)
{
  EshiPrecision precision = options != NULL ? options->precision : ESHI_PRECISION_AUTO;
  guint n_threads = options != NULL ? options->n_threads : 0;
  EshiDeviceInfo info;
  EshiCpuBackend *self = NULL;

  if (!cpu_probe (&info, error))
    return NULL;
  self = g_new0 (EshiCpuBackend, 1);
  self->parent.klass = &cpu_class;
  eshi_cpu_isa_detect (&self->isa);
  choose_kernels (self);
  self->n_threads = choose_n_threads (n_threads);
  self->parent.n_threads = self->n_threads;
  if (self->isa.limited)
    limit_dnnl (self->isa.level);
  self->weights = eshi_cpu_weights_new (self->kernels->f16 && eshi_cpu_memory_is_scarce ());
  self->dnnl = eshi_cpu_dnnl_new (error);
  if (self->dnnl == NULL || !choose_type (self, precision, error))
    {
      cpu_close (&self->parent);
      return NULL;
    }
  g_debug ("cpu: %s, %u threads, %s", info.features, self->n_threads, eshi_dtype_name (self->parent.compute));
  return &self->parent;
}

static EshiBuffer *
cpu_alloc (EshiBackend  *backend,
           gsize         size,
           GError      **error)
{
  void *data = eshi_cpu_memory_alloc (size, error);
  EshiBuffer *buffer = NULL;

  if (data == NULL)
    return NULL;
  buffer = g_new0 (EshiBuffer, 1);
  buffer->data = data;
  buffer->size = size;
  return buffer;
}

static void
cpu_release (EshiBackend *backend,
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
cpu_upload (EshiBackend  *backend,
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
cpu_download (EshiBackend  *backend,
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
has_dtype (const EshiOp *op,
           EshiDType     dtype)
{
  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (op->src[i] != NULL && op->src[i]->storage != ESHI_STORAGE_WEIGHT && op->src[i]->dtype == dtype)
      return TRUE;
  return op->dst->dtype == dtype;
}

static const char *
cpu_why_not (EshiBackend  *backend,
             const EshiOp *op)
{
  EshiCpuBackend *self = (EshiCpuBackend *) backend;

  if (op->kind >= ESHI_N_OPS || rows[op->kind] == NULL)
    return "no op that this backend knows";
  if (op->kind == ESHI_OP_CONVERT)
    return NULL;
  if (has_dtype (op, ESHI_DTYPE_F16))
    return "f16 activations are not supported on the CPU";
  if (has_dtype (op, ESHI_DTYPE_BF16) && !has_bf16 (&self->isa))
    return "bf16 activations need AVX512-BF16 or AMX-BF16";
  if (op->kind == ESHI_OP_CONV2D && op->conv.doubled)
    return _eshi_cpu_doubled_why_not (self, op);
  return NULL;
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

static void
cpu_unprepare (EshiBackend *backend,
               EshiOp      *op)
{
  EshiCpuBackend *self = (EshiCpuBackend *) backend;

  if (op->plan == NULL)
    return;
  row_of (self, op)->unprepare (self, op);
  op->plan = NULL;
  self->n_plans--;
  if (self->n_plans > 0)
    return;
  g_clear_pointer (&self->workspace, free);
  self->workspace_bytes = 0;
}

/* OpenMP keeps the number per calling thread, and another backend may have set it since. That it gives fewer where the
 * computer is busy (OMP_DYNAMIC) is no use either. */
static void
use_threads (const EshiCpuBackend *self)
{
  omp_set_dynamic (0);
  omp_set_num_threads (self->n_threads);
}

static gboolean
cpu_prepare (EshiBackend  *backend,
             EshiOp       *op,
             GError      **error)
{
  EshiCpuBackend *self = (EshiCpuBackend *) backend;
  gboolean done = FALSE;

  op->plan = NULL;
  use_threads (self);
  if (row_of (self, op)->prepare == NULL)
    return TRUE;
  done = row_of (self, op)->prepare (self, op, error);
  if (op->plan != NULL)
    self->n_plans++;
  if (done)
    return TRUE;
  cpu_unprepare (backend, op);
  return blame (op, error);
}

static gboolean
cpu_run (EshiBackend   *backend,
         const EshiOp  *op,
         GError       **error)
{
  EshiCpuBackend *self = (EshiCpuBackend *) backend;

  eshi_cpu_weights_drop_scratch (self->weights);
  use_threads (self);
  if (row_of (self, op)->run (self, op, error))
    return TRUE;
  return blame (op, error);
}

gboolean
_eshi_cpu_reserve (EshiCpuBackend  *self,
                   gsize            bytes,
                   GError         **error)
{
  char *workspace = NULL;

  if (bytes <= self->workspace_bytes)
    return TRUE;
  workspace = eshi_cpu_memory_alloc (bytes, error);
  if (workspace == NULL)
    return FALSE;
  free (self->workspace);
  self->workspace = workspace;
  self->workspace_bytes = bytes;
  return TRUE;
}

void
_eshi_cpu_copy (void       *dst,
                const void *src,
                gsize       bytes)
{
  const gsize block = 1 << 18;

#pragma omp parallel for schedule(static) if (bytes > block)
  for (gsize i = 0; i < bytes; i += block)
    memcpy ((char *) dst + i, (const char *) src + i, MIN (block, bytes - i));
}

void
_eshi_cpu_copy_residual (const EshiTensor *residual,
                         const EshiTensor *dst)
{
  if (residual != NULL && _eshi_cpu_data (residual) != _eshi_cpu_data (dst))
    _eshi_cpu_copy (_eshi_cpu_data (dst), _eshi_cpu_data (residual), eshi_tensor_bytes (dst));
}

static const EshiBackendClass cpu_class = {
  .abi = ESHI_BACKEND_ABI,
  .name = "cpu",
  .probe = cpu_probe,
  .open = cpu_open,
  .close = cpu_close,
  .alloc = cpu_alloc,
  .release = cpu_release,
  .upload = cpu_upload,
  .download = cpu_download,
  .why_not = cpu_why_not,
  .prepare = cpu_prepare,
  .unprepare = cpu_unprepare,
  .run = cpu_run,
};

const EshiBackendClass *
eshi_backend_plugin_get_class (void)
{
  return &cpu_class;
}
