/* eshi-cpu-dnnl.c: oneDNN 2.x behind a small door; see eshi-cpu-dnnl.h.
 *
 * oneDNN 3.x takes the descriptor's fields straight in dnnl_…_primitive_desc_create() and hides memory descriptors: a
 * second file with the same functions is the way to it, not #if in this one.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-dnnl.h"

#include <dnnl.h>
#include <dnnl_debug.h>
#include <glib/gi18n-lib.h>

struct _EshiCpuDnnl
{
  dnnl_engine_t engine;
  dnnl_stream_t stream;
};

enum
{
  ARG_SRC,
  ARG_WEIGHTS,
  ARG_BIAS,
  ARG_DST,
  ARG_SCRATCH,
  N_ARGS,
};

/* A reorder between the caller's layout and one that the primitive likes better, which lies in the scratch. */
typedef struct
{
  dnnl_primitive_t reorder; /* NULL: not needed */
  dnnl_memory_t    outer;   /* the caller's; its handle is set by each run */
  dnnl_memory_t    scratch;
  gsize            offset;  /* of the inner memory, in the scratch */
} Stage;

struct _EshiCpuPrimitive
{
  EshiCpuDnnl           *dnnl; /* borrowed */
  dnnl_primitive_desc_t  desc;
  dnnl_primitive_t       primitive;
  dnnl_memory_t          memory[N_ARGS];
  dnnl_memory_desc_t     plain_weights; /* the reference's layout, in f32 */
  GBytes                *form;
  gboolean               bias;
  Stage                  before; /* src */
  Stage                  after;  /* dst */
  gsize                  scratch_bytes;
};

static gboolean
check (dnnl_status_t   status,
       const char     *what,
       GError        **error)
{
  EshiError code = status == dnnl_out_of_memory ? ESHI_ERROR_OUT_OF_MEMORY : ESHI_ERROR_FAILED;

  if (status == dnnl_success)
    return TRUE;
  if (status == dnnl_unimplemented)
    code = ESHI_ERROR_UNSUPPORTED;
  /* Translators: the first %s is a name like "dnnl_primitive_create", the second a status like "out_of_memory" */
  g_set_error (error, ESHI_ERROR, code, _("The library oneDNN failed in %s: %s."), what, dnnl_status2str (status));
  return FALSE;
}

static dnnl_data_type_t
data_type (EshiDType dtype)
{
  return dtype == ESHI_DTYPE_BF16 ? dnnl_bf16 : dnnl_f32;
}

EshiCpuDnnl *
eshi_cpu_dnnl_new (GError **error)
{
  g_autoptr(EshiCpuDnnl) self = g_new0 (EshiCpuDnnl, 1);

  if (!check (dnnl_engine_create (&self->engine, dnnl_cpu, 0), "dnnl_engine_create", error))
    return NULL;
  if (!check (dnnl_stream_create (&self->stream, self->engine, dnnl_stream_in_order), "dnnl_stream_create", error))
    return NULL;
  return g_steal_pointer (&self);
}

void
eshi_cpu_dnnl_free (EshiCpuDnnl *self)
{
  if (self == NULL)
    return;
  if (self->stream != NULL)
    dnnl_stream_destroy (self->stream);
  if (self->engine != NULL)
    dnnl_engine_destroy (self->engine);
  g_free (self);
}

void
eshi_cpu_dnnl_limit_isa (const char *name)
{
  if (g_str_equal (name, "base"))
    dnnl_set_max_cpu_isa (dnnl_cpu_isa_sse41);
  else if (g_str_equal (name, "avx2"))
    dnnl_set_max_cpu_isa (dnnl_cpu_isa_avx2);
  else if (g_str_equal (name, "avx512"))
    dnnl_set_max_cpu_isa (dnnl_cpu_isa_avx512_core);
  else if (g_str_equal (name, "avx512bf16"))
    dnnl_set_max_cpu_isa (dnnl_cpu_isa_avx512_core_bf16);
}

char *
eshi_cpu_dnnl_version (void)
{
  const dnnl_version_t *version = dnnl_version ();

  return g_strdup_printf ("%d.%d.%d", version->major, version->minor, version->patch);
}

/* Attributes shared by all primitives: caller's scratch, activation, sum. */
static dnnl_status_t
make_attr (dnnl_primitive_attr_t *attr,
           EshiActivation         act,
           gboolean               accumulate)
{
  dnnl_post_ops_t ops = NULL;
  dnnl_status_t status = dnnl_post_ops_create (&ops);

  if (status != dnnl_success)
    return status;
  if (act == ESHI_ACT_SILU)
    status = dnnl_post_ops_append_eltwise (ops, 1.0f, dnnl_eltwise_swish, 1.0f, 0.0f);
  else if (act == ESHI_ACT_QUICK_GELU)
    status = dnnl_post_ops_append_eltwise (ops, 1.0f, dnnl_eltwise_swish, 1.702f, 0.0f);
  else if (act == ESHI_ACT_GELU)
    status = dnnl_post_ops_append_eltwise (ops, 1.0f, dnnl_eltwise_gelu_erf, 0.0f, 0.0f);
  else if (act == ESHI_ACT_RELU)
    status = dnnl_post_ops_append_eltwise (ops, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f);
  if (status == dnnl_success && accumulate)
    status = dnnl_post_ops_append_sum (ops, 1.0f);
  if (status == dnnl_success)
    status = dnnl_primitive_attr_create (attr);
  if (status == dnnl_success)
    status = dnnl_primitive_attr_set_scratchpad_mode (*attr, dnnl_scratchpad_mode_user);
  if (status == dnnl_success)
    status = dnnl_primitive_attr_set_post_ops (*attr, ops);
  dnnl_post_ops_destroy (ops);
  return status;
}

/* Memory objects without memory, whose handles each run sets. */
static gboolean
make_memories (EshiCpuPrimitive  *self,
               GError           **error)
{
  static const struct { dnnl_query_t what; int index; } queries[N_ARGS] = {
    [ARG_SRC] = { dnnl_query_src_md, 0 },
    [ARG_WEIGHTS] = { dnnl_query_weights_md, 0 },
    [ARG_BIAS] = { dnnl_query_weights_md, 1 },
    [ARG_DST] = { dnnl_query_dst_md, 0 },
    [ARG_SCRATCH] = { dnnl_query_scratchpad_md, 0 },
  };

  for (guint i = 0; i < N_ARGS; i++)
    {
      const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md (self->desc, queries[i].what, queries[i].index);

      if (i == ARG_BIAS && !self->bias)
        continue;
      if (!check (dnnl_memory_create (&self->memory[i], md, self->dnnl->engine, DNNL_MEMORY_NONE),
                  "dnnl_memory_create", error))
        return FALSE;
    }
  return TRUE;
}

/* Takes over @desc, an operation descriptor. */
static EshiCpuPrimitive *
make_primitive (EshiCpuDnnl               *dnnl,
                const_dnnl_op_desc_t       desc,
                EshiActivation             act,
                gboolean                   accumulate,
                gboolean                   bias,
                const dnnl_memory_desc_t  *plain_weights,
                GError                   **error)
{
  g_autoptr(EshiCpuPrimitive) self = g_new0 (EshiCpuPrimitive, 1);
  const dnnl_memory_desc_t *weights = NULL;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_status_t status = dnnl_success;

  self->dnnl = dnnl;
  self->bias = bias;
  self->plain_weights = *plain_weights;
  status = make_attr (&attr, act, accumulate);
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create (&self->desc, desc, attr, dnnl->engine, NULL);
  if (attr != NULL)
    dnnl_primitive_attr_destroy (attr);
  if (!check (status, "dnnl_primitive_desc_create", error))
    return NULL;
  if (!check (dnnl_primitive_create (&self->primitive, self->desc), "dnnl_primitive_create", error))
    return NULL;
  weights = dnnl_primitive_desc_query_md (self->desc, dnnl_query_weights_md, 0);
  self->form = g_bytes_new (weights, sizeof *weights);
  self->scratch_bytes = dnnl_memory_desc_get_size (
    dnnl_primitive_desc_query_md (self->desc, dnnl_query_scratchpad_md, 0));
  if (!make_memories (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gsize
round_up (gsize bytes)
{
  return (bytes + 63) / 64 * 64;
}

/* Puts the inner memory of @stage at the end of the scratch. */
static gboolean
make_stage (EshiCpuPrimitive          *self,
            Stage                     *stage,
            const dnnl_memory_desc_t  *from,
            const dnnl_memory_desc_t  *to,
            gboolean                   inward,
            gboolean                   accumulate,
            GError                   **error)
{
  dnnl_engine_t engine = self->dnnl->engine;
  dnnl_primitive_desc_t desc = NULL;
  dnnl_primitive_attr_t attr = NULL;
  const dnnl_memory_desc_t *scratch = NULL;
  dnnl_status_t status = make_attr (&attr, ESHI_ACT_NONE, accumulate);

  if (status == dnnl_success)
    status = dnnl_reorder_primitive_desc_create (&desc, from, engine, to, engine, attr);
  if (status == dnnl_success)
    status = dnnl_primitive_create (&stage->reorder, desc);
  if (status == dnnl_success)
    status = dnnl_memory_create (&stage->outer, inward ? from : to, engine, DNNL_MEMORY_NONE);
  if (status == dnnl_success)
    {
      scratch = dnnl_primitive_desc_query_md (desc, dnnl_query_scratchpad_md, 0);
      status = dnnl_memory_create (&stage->scratch, scratch, engine, DNNL_MEMORY_NONE);
    }
  if (status == dnnl_success)
    {
      self->scratch_bytes = MAX (self->scratch_bytes, dnnl_memory_desc_get_size (scratch));
      stage->offset = dnnl_memory_desc_get_size (inward ? to : from);
    }
  if (desc != NULL)
    dnnl_primitive_desc_destroy (desc);
  if (attr != NULL)
    dnnl_primitive_attr_destroy (attr);
  return check (status, "dnnl_reorder_primitive_desc_create", error);
}

/* Gives @self the reorders that it needs to read @src and write @dst. */
static gboolean
make_stages (EshiCpuPrimitive          *self,
             const dnnl_memory_desc_t  *src,
             const dnnl_memory_desc_t  *dst,
             gboolean                   accumulate,
             GError                   **error)
{
  const dnnl_memory_desc_t *inner_src = dnnl_primitive_desc_query_md (self->desc, dnnl_query_src_md, 0);
  const dnnl_memory_desc_t *inner_dst = dnnl_primitive_desc_query_md (self->desc, dnnl_query_dst_md, 0);
  gsize src_bytes = 0;

  if (!make_stage (self, &self->before, src, inner_src, TRUE, FALSE, error) ||
      !make_stage (self, &self->after, inner_dst, dst, FALSE, accumulate, error))
    return FALSE;
  src_bytes = round_up (self->before.offset);
  self->before.offset = round_up (self->scratch_bytes);
  self->scratch_bytes = self->before.offset + src_bytes + round_up (self->after.offset);
  self->after.offset = self->before.offset + src_bytes;
  return TRUE;
}

/* dst as the caller has it: channels last, dense or spread over an image of twice its height and width. */
static dnnl_status_t
describe_dst (const EshiCpuConvDesc *desc,
              const dnnl_dims_t      dims,
              dnnl_memory_desc_t    *dst)
{
  gint64 step = desc->spread ? 2 : 1;
  gint64 row = step * desc->w_out * desc->co;
  dnnl_dims_t strides = { step * desc->h_out * row, 1, step * row, step * desc->co };

  return dnnl_memory_desc_init_by_strides (dst, 4, dims, data_type (desc->dtype), strides);
}

EshiCpuPrimitive *
eshi_cpu_dnnl_new_conv (EshiCpuDnnl            *self,
                        const EshiCpuConvDesc  *desc,
                        GError                **error)
{
  g_autoptr(EshiCpuPrimitive) primitive = NULL;
  const EshiConvParams *p = &desc->params;
  dnnl_data_type_t type = data_type (desc->dtype);
  dnnl_dims_t src_dims = { desc->n, desc->ci, desc->h, desc->w };
  dnnl_dims_t dst_dims = { desc->n, desc->co, desc->h_out, desc->w_out };
  dnnl_dims_t weights_dims = { desc->co, desc->ci, desc->kh, desc->kw };
  dnnl_dims_t strides = { p->stride, p->stride };
  dnnl_dims_t before = { p->top, p->left };
  dnnl_dims_t after = { p->bottom, p->right };
  dnnl_format_tag_t tag = desc->staged ? dnnl_format_tag_any : dnnl_nhwc;
  dnnl_memory_desc_t src, inner_src, weights, bias, dst, inner_dst, plain;
  dnnl_convolution_desc_t conv;
  dnnl_status_t status = dnnl_memory_desc_init_by_tag (&src, 4, src_dims, type, dnnl_nhwc);

  if (status == dnnl_success)
    status = dnnl_memory_desc_init_by_tag (&inner_src, 4, src_dims, type, tag);
  if (status == dnnl_success)
    status = dnnl_memory_desc_init_by_tag (&inner_dst, 4, dst_dims, type, tag);
  if (status == dnnl_success)
    status = dnnl_memory_desc_init_by_tag (&weights, 4, weights_dims, type, dnnl_format_tag_any);
  if (status == dnnl_success)
    status = dnnl_memory_desc_init_by_tag (&plain, 4, weights_dims, dnnl_f32, dnnl_oihw);
  if (status == dnnl_success)
    status = dnnl_memory_desc_init_by_tag (&bias, 1, &weights_dims[0], dnnl_f32, dnnl_x);
  if (status == dnnl_success)
    status = describe_dst (desc, dst_dims, &dst);
  if (status == dnnl_success)
    status = dnnl_convolution_forward_desc_init (&conv, dnnl_forward_inference, dnnl_convolution_direct, &inner_src,
                                                 &weights, desc->bias ? &bias : NULL, &inner_dst, strides, before,
                                                 after);
  if (!check (status, "dnnl_convolution_forward_desc_init", error))
    return NULL;
  primitive = make_primitive (self, &conv, ESHI_ACT_NONE, desc->accumulate && !desc->staged, desc->bias, &plain, error);
  if (primitive == NULL || (desc->staged && !make_stages (primitive, &src, &dst, desc->accumulate, error)))
    return NULL;
  return g_steal_pointer (&primitive);
}

EshiCpuPrimitive *
eshi_cpu_dnnl_new_matmul (EshiCpuDnnl              *self,
                          const EshiCpuMatmulDesc  *desc,
                          GError                  **error)
{
  dnnl_data_type_t type = data_type (desc->dtype);
  dnnl_dims_t src_dims = { desc->m, desc->k };
  dnnl_dims_t weights_dims = { desc->k, desc->n };
  dnnl_dims_t bias_dims = { 1, desc->n };
  dnnl_dims_t dst_dims = { desc->m, desc->n };
  dnnl_memory_desc_t src, weights, bias, dst, plain;
  dnnl_matmul_desc_t matmul;
  dnnl_status_t status = dnnl_memory_desc_init_by_tag (&src, 2, src_dims, type, dnnl_ab);

  if (status == dnnl_success)
    status = dnnl_memory_desc_init_by_tag (&weights, 2, weights_dims, type, dnnl_format_tag_any);
  if (status == dnnl_success)
    status = dnnl_memory_desc_init_by_tag (&plain, 2, weights_dims, dnnl_f32, dnnl_ba);
  if (status == dnnl_success)
    status = dnnl_memory_desc_init_by_tag (&bias, 2, bias_dims, dnnl_f32, dnnl_ab);
  if (status == dnnl_success)
    status = dnnl_memory_desc_init_by_tag (&dst, 2, dst_dims, type, dnnl_ab);
  if (status == dnnl_success)
    status = dnnl_matmul_desc_init (&matmul, &src, &weights, desc->bias ? &bias : NULL, &dst);
  if (!check (status, "dnnl_matmul_desc_init", error))
    return NULL;
  return make_primitive (self, &matmul, desc->act, desc->accumulate, desc->bias, &plain, error);
}

static void
stage_clear (Stage *stage)
{
  if (stage->reorder != NULL)
    dnnl_primitive_destroy (stage->reorder);
  if (stage->outer != NULL)
    dnnl_memory_destroy (stage->outer);
  if (stage->scratch != NULL)
    dnnl_memory_destroy (stage->scratch);
}

void
eshi_cpu_primitive_free (EshiCpuPrimitive *self)
{
  if (self == NULL)
    return;
  stage_clear (&self->before);
  stage_clear (&self->after);
  for (guint i = 0; i < N_ARGS; i++)
    if (self->memory[i] != NULL)
      dnnl_memory_destroy (self->memory[i]);
  if (self->primitive != NULL)
    dnnl_primitive_destroy (self->primitive);
  if (self->desc != NULL)
    dnnl_primitive_desc_destroy (self->desc);
  g_clear_pointer (&self->form, g_bytes_unref);
  g_free (self);
}

const char *
eshi_cpu_primitive_implementation (EshiCpuPrimitive *self)
{
  const char *name = NULL;

  if (dnnl_primitive_desc_query (self->desc, dnnl_query_impl_info_str, 0, &name) != dnnl_success || name == NULL)
    return "?";
  return name;
}

gsize
eshi_cpu_primitive_scratch_bytes (EshiCpuPrimitive *self)
{
  return self->scratch_bytes;
}

EshiDType
eshi_cpu_primitive_weights_dtype (EshiCpuPrimitive *self)
{
  const dnnl_memory_desc_t *weights = dnnl_primitive_desc_query_md (self->desc, dnnl_query_weights_md, 0);

  return weights->data_type == dnnl_bf16 ? ESHI_DTYPE_BF16 : ESHI_DTYPE_F32;
}

GBytes *
eshi_cpu_primitive_weights_form (EshiCpuPrimitive *self)
{
  return self->form;
}

gsize
eshi_cpu_primitive_weights_bytes (EshiCpuPrimitive *self)
{
  return dnnl_memory_desc_get_size (dnnl_primitive_desc_query_md (self->desc, dnnl_query_weights_md, 0));
}

gboolean
eshi_cpu_primitive_pack (EshiCpuPrimitive  *self,
                         void              *dst,
                         const void        *src,
                         EshiDType          src_dtype,
                         GError           **error)
{
  const dnnl_memory_desc_t *packed = dnnl_primitive_desc_query_md (self->desc, dnnl_query_weights_md, 0);
  dnnl_engine_t engine = self->dnnl->engine;
  dnnl_memory_desc_t plain = self->plain_weights;
  dnnl_primitive_desc_t desc = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_memory_t memory[2] = { NULL, NULL };
  dnnl_status_t status = dnnl_success;

  plain.data_type = data_type (src_dtype);
  status = dnnl_reorder_primitive_desc_create (&desc, &plain, engine, packed, engine, NULL);
  if (status == dnnl_success)
    status = dnnl_primitive_create (&reorder, desc);
  if (status == dnnl_success)
    status = dnnl_memory_create (&memory[0], &plain, engine, (void *) src);
  if (status == dnnl_success)
    status = dnnl_memory_create (&memory[1], packed, engine, dst);
  if (status == dnnl_success)
    {
      dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, memory[0] }, { DNNL_ARG_TO, memory[1] } };

      status = dnnl_primitive_execute (reorder, self->dnnl->stream, G_N_ELEMENTS (args), args);
    }
  if (status == dnnl_success)
    status = dnnl_stream_wait (self->dnnl->stream);
  for (guint i = 0; i < G_N_ELEMENTS (memory); i++)
    if (memory[i] != NULL)
      dnnl_memory_destroy (memory[i]);
  if (reorder != NULL)
    dnnl_primitive_destroy (reorder);
  if (desc != NULL)
    dnnl_primitive_desc_destroy (desc);
  return check (status, "dnnl_reorder", error);
}

/* @inner is the primitive's memory, which becomes the stage's part of @scratch. */
static gboolean
run_stage (EshiCpuPrimitive  *self,
           const Stage       *stage,
           dnnl_memory_t      inner,
           const void        *outer,
           char              *scratch,
           gboolean           inward,
           GError           **error)
{
  dnnl_exec_arg_t args[] = {
    { DNNL_ARG_FROM, inward ? stage->outer : inner },
    { DNNL_ARG_TO, inward ? inner : stage->outer },
    { DNNL_ARG_SCRATCHPAD, stage->scratch },
  };

  if (!check (dnnl_memory_set_data_handle (stage->outer, (void *) outer), "dnnl_memory_set_data_handle", error) ||
      !check (dnnl_memory_set_data_handle (stage->scratch, scratch), "dnnl_memory_set_data_handle", error))
    return FALSE;
  return check (dnnl_primitive_execute (stage->reorder, self->dnnl->stream, G_N_ELEMENTS (args), args), "dnnl_reorder",
                error);
}

gboolean
eshi_cpu_primitive_run (EshiCpuPrimitive            *self,
                        const EshiCpuPrimitiveArgs  *args,
                        GError                     **error)
{
  static const int names[N_ARGS] = {
    [ARG_SRC] = DNNL_ARG_SRC,
    [ARG_WEIGHTS] = DNNL_ARG_WEIGHTS,
    [ARG_BIAS] = DNNL_ARG_BIAS,
    [ARG_DST] = DNNL_ARG_DST,
    [ARG_SCRATCH] = DNNL_ARG_SCRATCHPAD,
  };
  gboolean staged = self->before.reorder != NULL;
  char *scratch = args->scratch;
  void *handles[N_ARGS] = {
    [ARG_SRC] = staged ? scratch + self->before.offset : (void *) args->src,
    [ARG_WEIGHTS] = (void *) args->weights,
    [ARG_BIAS] = (void *) args->bias,
    [ARG_DST] = staged ? scratch + self->after.offset : args->dst,
    [ARG_SCRATCH] = scratch,
  };
  dnnl_exec_arg_t exec[N_ARGS];
  int n = 0;

  for (guint i = 0; i < N_ARGS; i++)
    {
      if (self->memory[i] == NULL)
        continue;
      if (!check (dnnl_memory_set_data_handle (self->memory[i], handles[i]), "dnnl_memory_set_data_handle", error))
        return FALSE;
      exec[n++] = (dnnl_exec_arg_t) { names[i], self->memory[i] };
    }
  if (staged && !run_stage (self, &self->before, self->memory[ARG_SRC], args->src, scratch, TRUE, error))
    return FALSE;
  if (!check (dnnl_primitive_execute (self->primitive, self->dnnl->stream, n, exec), "dnnl_primitive_execute", error))
    return FALSE;
  if (staged && !run_stage (self, &self->after, self->memory[ARG_DST], args->dst, scratch, FALSE, error))
    return FALSE;
  return check (dnnl_stream_wait (self->dnnl->stream), "dnnl_stream_wait", error);
}
