/* eshi-cuda-ops.c: the ops that are kernels of our own: norms, attention, and what moves data or looks at one element.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "eshi-cuda-backend.h"

G_STATIC_ASSERT ((int) ESHI_ACT_NONE == ESHI_CUDA_NONE);
G_STATIC_ASSERT ((int) ESHI_ACT_SILU == ESHI_CUDA_SILU);
G_STATIC_ASSERT ((int) ESHI_ACT_QUICK_GELU == ESHI_CUDA_QUICK_GELU);
G_STATIC_ASSERT ((int) ESHI_ACT_GELU == ESHI_CUDA_GELU);
G_STATIC_ASSERT ((int) ESHI_ACT_RELU == ESHI_CUDA_RELU);

/* Blocks have 48 KiB of shared memory everywhere; a kernel would have to ask for more. */
#define SHARED_BYTES (48 << 10)

/* Queries of a block of the attention kernels in f16 and f32, columns of one of the wide kernel, and the halves that a
 * row has more in shared memory: as in device/eshi-cuda-attention.cu. */
#define ATTENTION_THREADS 128
#define QUERIES_F16 64
#define QUERIES_F32 4
#define WIDE_SLICE 128
#define ROW_PAD 8
#define MAX_D_F32 512

/* Pixels that a block of a group norm sums up at least, and parts at most. */
#define CHUNK_PIXELS 32
#define MAX_CHUNKS 512

static gboolean
is_f16 (const EshiOp *op)
{
  return op->dst->dtype == ESHI_DTYPE_F16;
}

/* --- norms --- */

typedef struct
{
  EshiCudaWeight *weight; /* f32 */
  EshiCudaWeight *bias;   /* f32 */
  EshiCudaNorm    norm;
  const char     *pack;
} NormPlan;

static EshiCudaNorm
describe_norm (const EshiOp *op)
{
  const EshiShape *x = &op->dst->shape;
  gboolean is_group = op->kind == ESHI_OP_GROUP_NORM;
  gint64 c = x->dim[x->rank - 1];
  gint64 pixels = is_group ? x->dim[1] * x->dim[2] : 1;

  return (EshiCudaNorm) {
    .n = eshi_shape_count (x) / (pixels * c),
    .pixels = pixels,
    .c = c,
    .groups = is_group ? (gint32) op->norm.groups : 1,
    .n_chunks = (gint32) CLAMP (pixels / CHUNK_PIXELS, 1, MAX_CHUNKS),
    .act = is_group ? (gint32) op->act : ESHI_CUDA_NONE,
    .eps = op->norm.eps,
  };
}

/* Shared memory of the kernel that sums up: two floats for each channel and row of threads. */
static gsize
norm_shared_bytes (const EshiCudaNorm *norm,
                   gint64              pack_size)
{
  gint64 width = MIN (ESHI_CUDA_THREADS, norm->c / pack_size);

  return (gsize) (ESHI_CUDA_THREADS / width * norm->c) * 2 * sizeof (float);
}

static const char *
group_norm_why_not (const EshiOp *op)
{
  EshiCudaNorm norm = describe_norm (op);
  const char *pack = _eshi_cuda_pack (op->dst->dtype, norm.c);

  return norm_shared_bytes (&norm, _eshi_cuda_pack_size (pack)) > SHARED_BYTES ? "too many channels" : NULL;
}

static gboolean
norm_prepare (EshiCudaBackend  *self,
              EshiOp           *op,
              GError          **error)
{
  NormPlan *plan = g_new0 (NormPlan, 1);
  gsize n_moments = 0;

  op->plan = plan;
  plan->norm = describe_norm (op);
  plan->pack = _eshi_cuda_pack (op->dst->dtype, plan->norm.c);
  if (op->kind == ESHI_OP_GROUP_NORM)
    n_moments = (gsize) plan->norm.n * (gsize) plan->norm.groups * 2;
  return _eshi_cuda_weight_get (self, &plan->weight, op->src[ESHI_SRC_WEIGHT], ESHI_DTYPE_F32, FALSE, error) &&
         _eshi_cuda_weight_get (self, &plan->bias, op->src[ESHI_SRC_BIAS], ESHI_DTYPE_F32, FALSE, error) &&
         _eshi_cuda_reserve (self, n_moments * (1 + (gsize) plan->norm.n_chunks) * sizeof (float), error);
}

static void
norm_unprepare (EshiCudaBackend *self,
                EshiOp          *op)
{
  NormPlan *plan = op->plan;

  _eshi_cuda_weight_release (self, plan->weight);
  _eshi_cuda_weight_release (self, plan->bias);
  g_free (plan);
}

static gboolean
group_norm_run (EshiCudaBackend  *self,
                const EshiOp     *op,
                GError          **error)
{
  NormPlan *plan = op->plan;
  EshiCudaNorm *norm = &plan->norm;
  gint64 pack_size = _eshi_cuda_pack_size (plan->pack);
  g_autofree char *sum_kernel = g_strconcat ("eshi_group_norm_sums_", plan->pack, NULL);
  g_autofree char *apply_kernel = g_strconcat ("eshi_group_norm_apply_", plan->pack, NULL);
  EshiCudaGrid sum_grid = { norm->n_chunks, norm->n, 1, ESHI_CUDA_THREADS, norm_shared_bytes (norm, pack_size) };
  EshiCudaGrid moment_grid = { norm->groups, norm->n, 1, 32, 0 };
  EshiCuPtr moments = self->lane->scratch;
  EshiCuPtr sums = moments + (gsize) (norm->n * norm->groups * 2) * sizeof (float);
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  int half = is_f16 (op);
  void *sum_params[] = { &sums, &x, norm };
  void *moment_params[] = { &moments, &sums, &x, &half, norm };
  void *apply_params[] = { &dst, &x, &moments, &plan->weight->address, &plan->bias->address, norm };

  return _eshi_cuda_launch (self, sum_kernel, sum_grid, sum_params, error) &&
         _eshi_cuda_launch (self, "eshi_group_norm_moments", moment_grid, moment_params, error) &&
         _eshi_cuda_launch (self, apply_kernel, _eshi_cuda_line (eshi_tensor_count (op->dst) / pack_size), apply_params,
                            error);
}

static gboolean
layer_norm_run (EshiCudaBackend  *self,
                const EshiOp     *op,
                GError          **error)
{
  NormPlan *plan = op->plan;
  g_autofree char *name = g_strconcat ("eshi_layer_norm_", plan->pack, NULL);
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  void *params[] = { &dst, &x, &plan->weight->address, &plan->bias->address, &plan->norm };

  return _eshi_cuda_launch (self, name, _eshi_cuda_line (plan->norm.n * 32), params, error);
}

/* --- attention --- */

static const char *
attention_why_not (const EshiOp *op)
{
  gint64 d = op->dst->shape.dim[2] / op->attention.heads;

  if (op->dst->dtype == ESHI_DTYPE_F32 && d > MAX_D_F32)
    return "attention in f32 has heads of 512 channels at most";
  if (op->dst->shape.dim[0] * op->attention.heads > G_MAXUINT16)
    return "too many heads";
  return NULL;
}

/* The narrowest kernel in f16 that heads of @d fit into, and the shared memory it needs. */
static const char *
choose_attention (gint64  d,
                  gsize  *shared_bytes)
{
  static const struct
  {
    gint64 d;
    const char *name;
  } kernels[] = {
    { 32, "eshi_attention_32" }, { 48, "eshi_attention_48" },   { 64, "eshi_attention_64" },
    { 80, "eshi_attention_80" },
    { 128, "eshi_attention_128" },
    { 160, "eshi_attention_160" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kernels); i++)
    if (d <= kernels[i].d)
      {
        gsize n_rows = kernels[i].d > 80 ? 64 : 128;

        *shared_bytes = n_rows * (gsize) (kernels[i].d + ROW_PAD) * sizeof (guint16);
        return kernels[i].name;
      }
  *shared_bytes = 2 * 64 * (64 + ROW_PAD) * sizeof (guint16);
  return "eshi_attention_wide";
}

static gboolean
attention_run (EshiCudaBackend  *self,
               const EshiOp     *op,
               GError          **error)
{
  const gint64 *q_dim = op->src[ESHI_SRC_Q]->shape.dim;
  gint64 heads = op->attention.heads;
  gint64 d = q_dim[2] / heads;
  EshiCudaAttention attention = {
    .n = q_dim[0],
    .t = q_dim[1],
    .s = op->src[ESHI_SRC_K]->shape.dim[1],
    .heads = (gint32) heads,
    .d = (gint32) d,
    .causal = op->attention.causal,
    .vector = d % 8 == 0,
    .scale = op->attention.scale,
  };
  gint64 n_queries = is_f16 (op) ? QUERIES_F16 : QUERIES_F32;
  EshiCudaGrid grid = { (attention.t + n_queries - 1) / n_queries, attention.n * heads, 1, ATTENTION_THREADS,
                        QUERIES_F32 * (gsize) (d + 32) * sizeof (float) };
  const char *name = is_f16 (op) ? choose_attention (d, &grid.shared_bytes) : "eshi_attention_f";
  EshiCuPtr q = _eshi_cuda_data (op->src[ESHI_SRC_Q]);
  EshiCuPtr k = _eshi_cuda_data (op->src[ESHI_SRC_K]);
  EshiCuPtr v = _eshi_cuda_data (op->src[ESHI_SRC_V]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  void *params[] = { &dst, &q, &k, &v, &attention };

  if (is_f16 (op) && d > 160)
    grid.z = (d + WIDE_SLICE - 1) / WIDE_SLICE;
  return _eshi_cuda_launch (self, name, grid, params, error);
}

/* --- moving and looking up --- */

static gboolean
upsample_run (EshiCudaBackend  *self,
              const EshiOp     *op,
              GError          **error)
{
  const gint64 *from = op->src[ESHI_SRC_X]->shape.dim;
  const gint64 *to = op->dst->shape.dim;
  gint64 pixel_bytes = from[3] * (gint64) eshi_dtype_size (op->dst->dtype);
  gint64 unit = _eshi_cuda_unit ((gsize) pixel_bytes);
  g_autofree char *name = g_strdup_printf ("eshi_upsample_%d", (int) unit);
  EshiCudaResize resize = { from[0], from[1], from[2], pixel_bytes / unit, to[1], to[2] };
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  void *params[] = { &dst, &x, &resize };

  return _eshi_cuda_launch (self, name, _eshi_cuda_line (to[0] * to[1] * to[2] * resize.c), params, error);
}

static gboolean
concat_run (EshiCudaBackend  *self,
            const EshiOp     *op,
            GError          **error)
{
  gint64 size = (gint64) eshi_dtype_size (op->dst->dtype);
  gint64 nx = op->src[ESHI_SRC_X]->shape.dim[3] * size;
  gint64 ny = op->src[ESHI_SRC_Y]->shape.dim[3] * size;
  gint64 unit = MIN (_eshi_cuda_unit ((gsize) nx), _eshi_cuda_unit ((gsize) ny));
  gint64 n_rows = eshi_tensor_count (op->dst) * size / (nx + ny);
  g_autofree char *name = g_strdup_printf ("eshi_concat_%d", (int) unit);
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr y = _eshi_cuda_data (op->src[ESHI_SRC_Y]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  void *params[] = { &dst, &x, &y, &n_rows, &nx, &ny };

  nx /= unit;
  ny /= unit;
  return _eshi_cuda_launch (self, name, _eshi_cuda_line (n_rows * (nx + ny)), params, error);
}

typedef struct
{
  EshiCudaWeight *table;
  EshiCudaWeight *positions;
} EmbeddingPlan;

static gboolean
embedding_prepare (EshiCudaBackend  *self,
                   EshiOp           *op,
                   GError          **error)
{
  EmbeddingPlan *plan = g_new0 (EmbeddingPlan, 1);

  op->plan = plan;
  return _eshi_cuda_weight_get (self, &plan->table, op->src[ESHI_SRC_TABLE], op->dst->dtype, FALSE, error) &&
         _eshi_cuda_weight_get (self, &plan->positions, op->src[ESHI_SRC_POSITIONS], op->dst->dtype, FALSE, error);
}

static void
embedding_unprepare (EshiCudaBackend *self,
                     EshiOp          *op)
{
  EmbeddingPlan *plan = op->plan;

  _eshi_cuda_weight_release (self, plan->table);
  _eshi_cuda_weight_release (self, plan->positions);
  g_free (plan);
}

/* Waits for the look-up, and reads where it found an id that the table does not have. Only a prompt pays for this. */
static gboolean
check_ids (EshiCudaBackend   *self,
           const EshiTensor  *ids,
           GError           **error)
{
  const EshiCudaDriver *cu = &self->libs->cu;
  gint32 place = 0;
  gint32 id = 0;

  if (!_eshi_cuda_check (self, cu->to_host (&place, self->flag, sizeof place, self->lane->stream), error) ||
      !_eshi_cuda_check (self, cu->stream_synchronize (self->lane->stream), error))
    return FALSE;
  if (place == 0)
    return TRUE;
  if (!_eshi_cuda_check (self, cu->to_host (&id, _eshi_cuda_data (ids) + (EshiCuPtr) (place - 1) * sizeof id, sizeof id, self->lane->stream), error) ||
      !_eshi_cuda_check (self, cu->stream_synchronize (self->lane->stream), error))
    return FALSE;
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("The model has no token number %d. The tokenizer does not belong to this model."), id);
  return FALSE;
}

static gboolean
embedding_run (EshiCudaBackend  *self,
               const EshiOp     *op,
               GError          **error)
{
  const EmbeddingPlan *plan = op->plan;
  const EshiTensor *ids = op->src[ESHI_SRC_X];
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  EshiCuPtr x = _eshi_cuda_data (ids);
  EshiCuPtr table = plan->table->address;
  EshiCuPtr positions = plan->positions->address;
  gint64 n = eshi_tensor_count (ids);
  gint64 t = ids->shape.dim[1];
  gint64 d = op->dst->shape.dim[2];
  gint64 n_table = op->src[ESHI_SRC_TABLE]->shape.dim[0];
  void *params[] = { &dst, &x, &table, &positions, &n, &t, &d, &n_table, &self->flag };

  return _eshi_cuda_check (self, self->libs->cu.fill (self->flag, 0, sizeof (gint32), self->lane->stream), error) &&
         _eshi_cuda_launch (self, is_f16 (op) ? "eshi_embedding_h" : "eshi_embedding_f", _eshi_cuda_line (n * d), params,
                            error) &&
         check_ids (self, ids, error);
}

/* Plan of TIME_EMBEDDING: its frequencies [dim / 2] in double, on the device. */
static gboolean
time_embedding_prepare (EshiCudaBackend  *self,
                        EshiOp           *op,
                        GError          **error)
{
  gint64 half = op->dst->shape.dim[1] / 2;
  gsize bytes = (gsize) half * sizeof (double);
  EshiCuPtr *plan = g_new0 (EshiCuPtr, 1);
  g_autofree double *frequencies = g_new (double, (gsize) half);

  for (gint64 k = 0; k < half; k++)
    frequencies[k] = exp (-log (10000.0) * (double) k / (double) half);
  op->plan = plan;
  *plan = _eshi_cuda_memory (self, bytes, error);
  return *plan != 0 && _eshi_cuda_check (self, self->libs->cu.to_device (*plan, frequencies, bytes, self->lane->stream), error);
}

static void
time_embedding_unprepare (EshiCudaBackend *self,
                          EshiOp          *op)
{
  EshiCuPtr *plan = op->plan;

  if (*plan != 0)
    self->libs->cu.mem_free (*plan);
  g_free (plan);
}

static gboolean
time_embedding_run (EshiCudaBackend  *self,
                    const EshiOp     *op,
                    GError          **error)
{
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  gint64 n = op->dst->shape.dim[0];
  gint64 half = op->dst->shape.dim[1] / 2;
  void *params[] = { &dst, &x, op->plan, &n, &half };

  return _eshi_cuda_launch (self, "eshi_time_embedding", _eshi_cuda_line (n * half), params, error);
}

/* --- element by element --- */

static gboolean
activation_run (EshiCudaBackend  *self,
                const EshiOp     *op,
                GError          **error)
{
  gint64 n = eshi_tensor_count (op->dst);
  const char *pack = _eshi_cuda_pack (op->dst->dtype, n);
  g_autofree char *name = g_strconcat ("eshi_finish_", pack, NULL);
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  EshiCuPtr residual = 0;
  int act = op->act;
  void *params[] = { &dst, &x, &residual, &n, &act };

  return _eshi_cuda_launch (self, name, _eshi_cuda_line (n / _eshi_cuda_pack_size (pack)), params, error);
}

static gboolean
convert_run (EshiCudaBackend  *self,
             const EshiOp     *op,
             GError          **error)
{
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  gint64 n = eshi_tensor_count (op->dst);
  void *params[] = { &dst, &x, &n };

  if (op->src[ESHI_SRC_X]->dtype == op->dst->dtype)
    return _eshi_cuda_check (self, self->libs->cu.on_device (dst, x, eshi_tensor_bytes (op->dst), self->lane->stream), error);
  return _eshi_cuda_launch (self, is_f16 (op) ? "eshi_convert_hf" : "eshi_convert_fh", _eshi_cuda_line (n), params,
                            error);
}

static gboolean
guidance_run (EshiCudaBackend  *self,
              const EshiOp     *op,
              GError          **error)
{
  gint64 n = eshi_tensor_count (op->dst);
  const char *pack = _eshi_cuda_pack (op->dst->dtype, n);
  g_autofree char *name = g_strconcat ("eshi_guidance_", pack, NULL);
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr scale = _eshi_cuda_data (op->src[ESHI_SRC_SCALE]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  void *params[] = { &dst, &x, &scale, &n };

  return _eshi_cuda_launch (self, name, _eshi_cuda_line (n / _eshi_cuda_pack_size (pack)), params, error);
}

static gboolean
latents_to_rgb_run (EshiCudaBackend  *self,
                    const EshiOp     *op,
                    GError          **error)
{
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  gint64 n_pixels = eshi_tensor_count (op->dst) / 3;
  EshiRgbParams rgb = op->rgb;
  void *params[] = { &dst, &x, &n_pixels, &rgb };

  G_STATIC_ASSERT (sizeof (EshiRgbParams) == sizeof (EshiCudaRgb));
  return _eshi_cuda_launch (self, "eshi_latents_to_rgb", _eshi_cuda_line (n_pixels), params, error);
}

static gboolean
image_to_u8_run (EshiCudaBackend  *self,
                 const EshiOp     *op,
                 GError          **error)
{
  EshiCuPtr x = _eshi_cuda_data (op->src[ESHI_SRC_X]);
  EshiCuPtr dst = _eshi_cuda_data (op->dst);
  gint64 n = eshi_tensor_count (op->dst);
  gboolean half = op->src[ESHI_SRC_X]->dtype == ESHI_DTYPE_F16;
  void *params[] = { &dst, &x, &n };

  return _eshi_cuda_launch (self, half ? "eshi_image_to_u8_h" : "eshi_image_to_u8_f", _eshi_cuda_line (n), params,
                            error);
}

const EshiCudaRow _eshi_cuda_group_norm = { group_norm_why_not, norm_prepare, norm_unprepare, group_norm_run };
const EshiCudaRow _eshi_cuda_layer_norm = { NULL, norm_prepare, norm_unprepare, layer_norm_run };
const EshiCudaRow _eshi_cuda_attention = { .why_not = attention_why_not, .run = attention_run };
const EshiCudaRow _eshi_cuda_upsample = { .run = upsample_run };
const EshiCudaRow _eshi_cuda_concat = { .run = concat_run };
const EshiCudaRow _eshi_cuda_embedding = { NULL, embedding_prepare, embedding_unprepare, embedding_run, TRUE };
const EshiCudaRow _eshi_cuda_time_embedding = { NULL, time_embedding_prepare, time_embedding_unprepare,
                                                time_embedding_run };
const EshiCudaRow _eshi_cuda_activation = { .run = activation_run };
const EshiCudaRow _eshi_cuda_convert = { .run = convert_run };
const EshiCudaRow _eshi_cuda_guidance = { .run = guidance_run };
const EshiCudaRow _eshi_cuda_latents_to_rgb = { .run = latents_to_rgb_run };
const EshiCudaRow _eshi_cuda_image_to_u8 = { .run = image_to_u8_run };
