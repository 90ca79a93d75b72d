/* eshi-net.c: weights by path, and the layers that every network here is made of.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-net.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_PROBLEMS 3

void
eshi_net_init (EshiNet     *self,
               EshiWeights *weights,
               EshiGraph   *graph)
{
  *self = (EshiNet) { .weights = weights, .graph = graph };
  self->path = g_string_new (NULL);
  self->scratch = g_string_new (NULL);
  self->problems = g_ptr_array_new_with_free_func (g_free);
}

void
eshi_net_clear (EshiNet *self)
{
  if (self->graph != NULL)
    eshi_graph_set_scope (self->graph, NULL);
  g_string_free (self->path, TRUE);
  g_string_free (self->scratch, TRUE);
  g_ptr_array_unref (self->problems);
}

gboolean
eshi_net_check (EshiNet  *self,
                GError  **error)
{
  g_autoptr(GString) list = g_string_new (NULL);
  guint n = self->problems->len;

  if (n == 0)
    return TRUE;

  for (guint i = 0; i < MIN (n, MAX_PROBLEMS); i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", (const char *) g_ptr_array_index (self->problems, i));
  if (n > MAX_PROBLEMS)
    g_string_append (list, ", …");

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
               /* Translators: the last %s is a list of names of tensors. */
               ngettext ("The weights in “%s” do not fit the network: %u tensor is missing or has another shape (%s).",
                         "The weights in “%s” do not fit the network: %u tensors are missing or have another shape (%s).",
                         n),
               eshi_weights_get_folder (self->weights), n, list->str);
  return FALSE;
}

gsize
eshi_net_enter (EshiNet    *self,
                const char *format,
                ...)
{
  gsize mark = self->path->len;
  va_list args;

  if (mark > 0)
    g_string_append_c (self->path, '.');
  va_start (args, format);
  g_string_append_vprintf (self->path, format, args);
  va_end (args);

  if (self->graph != NULL)
    eshi_graph_set_scope (self->graph, self->path->str);
  return mark;
}

void
eshi_net_leave (EshiNet *self,
                gsize    mark)
{
  g_string_truncate (self->path, mark);
  if (self->graph != NULL)
    eshi_graph_set_scope (self->graph, self->path->str);
}

/* The full name of @name below the current part, in self->scratch. */
static const char *
full_name (EshiNet    *self,
           const char *name,
           const char *suffix)
{
  g_string_assign (self->scratch, self->path->str);
  if (self->path->len > 0 && name != NULL)
    g_string_append_c (self->scratch, '.');
  if (name != NULL)
    g_string_append (self->scratch, name);
  g_string_append (self->scratch, suffix);
  return self->scratch->str;
}

void
eshi_net_tap (EshiNet    *self,
              const char *name,
              EshiTensor *x)
{
  if (self->graph != NULL && self->tap != NULL && x != NULL)
    self->tap (self->graph, full_name (self, name, ""), x, self->tap_data);
}

/* Equal but for dimensions of size 1 at the end: a 1×1 convolution is a linear layer. */
static gboolean
shape_fits (const EshiShape *a,
            const EshiShape *b)
{
  return memcmp (a->dim, b->dim, sizeof a->dim) == 0;
}

static gboolean
is_weight_type (EshiDType dtype)
{
  return dtype == ESHI_DTYPE_F32 || dtype == ESHI_DTYPE_F16 || dtype == ESHI_DTYPE_BF16 || dtype == ESHI_DTYPE_F64;
}

static EshiTensor *
find_weight (EshiNet    *self,
             const char *name,
             EshiShape   shape)
{
  EshiTensor *tensor = NULL;
  const char *type = NULL;
  g_autofree char *has = NULL;
  g_autofree char *needs = NULL;

  if (self->weights == NULL)
    {
      self->list (name, shape, self->list_data);
      return NULL;
    }

  tensor = eshi_weights_lookup (self->weights, name);
  if (tensor != NULL && is_weight_type (tensor->dtype) && shape_fits (&tensor->shape, &shape))
    return tensor;

  type = eshi_weights_get_type_name (self->weights, name);
  needs = eshi_shape_to_string (&shape);
  has = tensor == NULL ? NULL : eshi_shape_to_string (&tensor->shape);
  if (tensor != NULL && is_weight_type (tensor->dtype))
    g_ptr_array_add (self->problems, g_strdup_printf ("%s: %s ≠ %s", name, has, needs));
  else if (type != NULL)
    g_ptr_array_add (self->problems, g_strdup_printf ("%s: %s", name, type));
  else
    g_ptr_array_add (self->problems, g_strdup (name));
  return NULL;
}

EshiTensor *
eshi_net_weight (EshiNet    *self,
                 const char *name,
                 EshiShape   shape)
{
  return find_weight (self, full_name (self, name, ""), shape);
}

static EshiTensor *
net_weight (EshiNet    *self,
            const char *name,
            EshiShape   shape)
{
  return find_weight (self, full_name (self, name, ".weight"), shape);
}

static EshiTensor *
net_bias (EshiNet    *self,
          const char *name,
          guint       n)
{
  return find_weight (self, full_name (self, name, ".bias"), ESHI_SHAPE1 (n));
}

EshiTensor *
eshi_net_conv (EshiNet        *self,
               const char     *name,
               EshiTensor     *x,
               guint           ci,
               guint           co,
               guint           kernel,
               EshiConvParams  params,
               EshiTensor     *embedding,
               EshiTensor     *residual)
{
  EshiTensor *weight = net_weight (self, name, ESHI_SHAPE4 (co, ci, kernel, kernel));
  EshiTensor *bias = net_bias (self, name, co);

  if (self->graph == NULL)
    return NULL;
  return eshi_graph_conv2d (self->graph, name, x, weight, bias, embedding, residual, params);
}

EshiTensor *
eshi_net_conv3x3 (EshiNet    *self,
                  const char *name,
                  EshiTensor *x,
                  guint       ci,
                  guint       co,
                  EshiTensor *embedding,
                  EshiTensor *residual)
{
  EshiConvParams params = { .stride = 1, .top = 1, .left = 1, .bottom = 1, .right = 1 };

  return eshi_net_conv (self, name, x, ci, co, 3, params, embedding, residual);
}

EshiTensor *
eshi_net_upsample_conv3x3 (EshiNet    *self,
                           const char *name,
                           EshiTensor *x,
                           gint64      height,
                           gint64      width,
                           guint       c)
{
  EshiConvParams params = { .stride = 1, .top = 1, .left = 1, .bottom = 1, .right = 1 };
  EshiTensor *weight = net_weight (self, name, ESHI_SHAPE4 (c, c, 3, 3));
  EshiTensor *bias = net_bias (self, name, c);

  if (self->graph == NULL)
    return NULL;
  return eshi_graph_upsample_conv2d (self->graph, name, x, height, width, weight, bias, params);
}

EshiTensor *
eshi_net_linear (EshiNet        *self,
                 const char     *name,
                 EshiTensor     *x,
                 guint           ci,
                 guint           co,
                 gboolean        has_bias,
                 EshiActivation  act,
                 EshiTensor     *residual)
{
  EshiTensor *weight = net_weight (self, name, ESHI_SHAPE2 (co, ci));
  EshiTensor *bias = has_bias ? net_bias (self, name, co) : NULL;

  if (self->graph == NULL)
    return NULL;
  return eshi_graph_linear (self->graph, name, x, weight, bias, act, residual);
}

EshiTensor *
eshi_net_geglu (EshiNet    *self,
                const char *name,
                EshiTensor *x,
                guint       ci,
                guint       co)
{
  EshiTensor *weight = net_weight (self, name, ESHI_SHAPE2 (2 * co, ci));
  EshiTensor *bias = net_bias (self, name, 2 * co);

  if (self->graph == NULL)
    return NULL;
  return eshi_graph_geglu (self->graph, name, x, weight, bias);
}

EshiTensor *
eshi_net_group_norm (EshiNet        *self,
                     const char     *name,
                     EshiTensor     *x,
                     guint           c,
                     guint           groups,
                     float           eps,
                     EshiActivation  act)
{
  EshiTensor *weight = net_weight (self, name, ESHI_SHAPE1 (c));
  EshiTensor *bias = net_bias (self, name, c);

  if (self->graph == NULL)
    return NULL;
  return eshi_graph_group_norm (self->graph, name, x, weight, bias, groups, eps, act);
}

EshiTensor *
eshi_net_layer_norm (EshiNet    *self,
                     const char *name,
                     EshiTensor *x,
                     guint       c,
                     float       eps)
{
  EshiTensor *weight = net_weight (self, name, ESHI_SHAPE1 (c));
  EshiTensor *bias = net_bias (self, name, c);

  if (self->graph == NULL)
    return NULL;
  return eshi_graph_layer_norm (self->graph, name, x, weight, bias, eps);
}

EshiTensor *
eshi_net_convert (EshiNet    *self,
                  const char *name,
                  EshiTensor *x)
{
  if (self->graph == NULL || x == NULL || x->dtype == eshi_graph_get_compute (self->graph))
    return x;
  return eshi_graph_convert (self->graph, name, x, eshi_graph_get_compute (self->graph));
}

EshiTensor *
eshi_net_to_tokens (EshiNet    *self,
                    EshiTensor *x)
{
  if (self->graph == NULL || x == NULL)
    return NULL;
  return eshi_graph_reshape (self->graph, x,
                             ESHI_SHAPE3 (x->shape.dim[0], x->shape.dim[1] * x->shape.dim[2], x->shape.dim[3]));
}

EshiTensor *
eshi_net_to_image (EshiNet    *self,
                   EshiTensor *x,
                   EshiTensor *like)
{
  if (self->graph == NULL || x == NULL || like == NULL)
    return NULL;
  return eshi_graph_reshape (self->graph, x,
                             ESHI_SHAPE4 (like->shape.dim[0], like->shape.dim[1], like->shape.dim[2], x->shape.dim[2]));
}

EshiTensor *
eshi_net_resnet (EshiNet    *self,
                 EshiTensor *x,
                 guint       ci,
                 guint       co,
                 EshiTensor *silu_temb,
                 guint       temb_channels,
                 guint       groups,
                 float       eps)
{
  EshiTensor *embedding = NULL;
  EshiTensor *shortcut = x;
  EshiTensor *h = NULL;

  h = eshi_net_group_norm (self, "norm1", x, ci, groups, eps, ESHI_ACT_SILU);
  if (temb_channels > 0)
    embedding = eshi_net_linear (self, "time_emb_proj", silu_temb, temb_channels, co, TRUE, ESHI_ACT_NONE, NULL);
  h = eshi_net_conv3x3 (self, "conv1", h, ci, co, embedding, NULL);
  h = eshi_net_group_norm (self, "norm2", h, co, groups, eps, ESHI_ACT_SILU);
  if (ci != co)
    shortcut = eshi_net_linear (self, "conv_shortcut", x, ci, co, TRUE, ESHI_ACT_NONE, NULL);
  h = eshi_net_conv3x3 (self, "conv2", h, co, co, NULL, shortcut);
  eshi_net_tap (self, NULL, h);
  return h;
}
