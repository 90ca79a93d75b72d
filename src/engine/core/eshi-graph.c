/* eshi-graph.c: the life of a graph: building, preparing, running, and moving data in and out.
 *
 * Refuses to compute anything itself, and to guess: a tensor that is not one of the graph's, a graph that is not
 * prepared, or an op that the backend cannot run all come back as errors before the first step of a picture.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "eshi-graph-private.h"

EshiGraph *
eshi_graph_new (EshiBackend *backend)
{
  EshiGraph *self = NULL;

  g_return_val_if_fail (backend != NULL, NULL);

  self = g_new0 (EshiGraph, 1);
  self->backend = backend;
  self->compute = backend->compute;
  self->ops = g_ptr_array_new_with_free_func (g_free);
  self->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_tensor_free);
  self->own = g_hash_table_new (NULL, NULL);

  return self;
}

static gboolean
has_own_buffer (const EshiGraphNode *node)
{
  return node->base == NULL && node->tensor.storage != ESHI_STORAGE_ACTIVATION;
}

/* Chooses the graph's lane for the calls of the backend that follow. */
static gboolean
enter_lane (EshiGraph  *self,
            GError    **error)
{
  const EshiBackendClass *klass = self->backend->klass;

  return klass->set_lane == NULL || klass->set_lane (self->backend, self->lane, error);
}

/* Back to before eshi_graph_prepare(): gives back what it took from the backend. */
static void
unprepare (EshiGraph *self)
{
  const EshiBackendClass *klass = self->backend->klass;

  enter_lane (self, NULL);
  if (self->prepared && klass->sync != NULL)
    klass->sync (self->backend, NULL);

  if (self->recording != NULL)
    klass->forget (self->backend, self->recording);
  self->recording = NULL;

  for (guint i = 0; i < self->n_prepared; i++)
    if (klass->unprepare != NULL)
      klass->unprepare (self->backend, g_ptr_array_index (self->ops, i));
  self->n_prepared = 0;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      EshiGraphNode *node = g_ptr_array_index (self->nodes, i);

      if (has_own_buffer (node) && node->tensor.buffer != NULL)
        klass->release (self->backend, node->tensor.buffer);
      node->tensor.buffer = NULL;
    }

  if (self->arena != NULL)
    klass->release (self->backend, self->arena);
  self->arena = NULL;
  self->prepared = FALSE;
}

void
eshi_graph_free (EshiGraph *self)
{
  if (self == NULL)
    return;

  unprepare (self);
  g_clear_error (&self->error);
  g_free (self->scope);
  g_hash_table_unref (self->own);
  g_ptr_array_unref (self->ops);
  g_ptr_array_unref (self->nodes);
  g_free (self);
}

void
eshi_graph_fail (EshiGraph *self,
                 GError    *error)
{
  g_return_if_fail (self != NULL && error != NULL);

  if (self->error == NULL)
    self->error = error;
  else
    g_error_free (error);
}

/* Records an error made from a translated sentence. */
static void G_GNUC_PRINTF (2, 3)
fail (EshiGraph  *self,
      const char *format,
      ...)
{
  va_list args;

  va_start (args, format);
  eshi_graph_fail (self, g_error_new_valist (ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT, format, args));
  va_end (args);
}

gboolean
_eshi_graph_owns (EshiGraph        *self,
                  const EshiTensor *tensor)
{
  return g_hash_table_contains (self->own, tensor);
}

EshiTensor *
_eshi_graph_root (EshiGraph  *self,
                  EshiTensor *tensor)
{
  EshiTensor *base = _eshi_graph_owns (self, tensor) ? ((EshiGraphNode *) tensor)->base : NULL;

  return base != NULL ? base : tensor;
}

EshiGraphNode *
_eshi_graph_add (EshiGraph       *self,
                 EshiStorage      storage,
                 const char      *name,
                 EshiDType        dtype,
                 const EshiShape *shape)
{
  EshiGraphNode *node = g_new0 (EshiGraphNode, 1);

  node->tensor.storage = storage;
  node->tensor.name = g_strdup (name);
  node->tensor.dtype = dtype;
  node->tensor.shape = *shape;
  g_ptr_array_add (self->nodes, node);
  g_hash_table_add (self->own, node);

  return node;
}

/* Whether the graph can still be built; records an error if it is prepared already. */
static gboolean
is_open (EshiGraph *self)
{
  if (self->prepared)
    fail (self, _("The network is prepared and cannot be changed any more."));

  return self->error == NULL;
}

EshiDType
eshi_graph_get_compute (EshiGraph *self)
{
  g_return_val_if_fail (self != NULL, ESHI_DTYPE_F32);

  return self->compute;
}

void
eshi_graph_set_compute (EshiGraph *self,
                        EshiDType  compute)
{
  g_return_if_fail (self != NULL);

  if (!is_open (self))
    return;

  if (self->ops->len > 0)
    fail (self, _("The type of the activations must be set before the first step of the network."));
  else
    self->compute = compute;
}

void
eshi_graph_set_lane (EshiGraph *self,
                     EshiLane   lane)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (!self->prepared);

  self->lane = lane;
}

void
eshi_graph_set_scope (EshiGraph  *self,
                      const char *scope)
{
  g_return_if_fail (self != NULL);

  g_free (self->scope);
  self->scope = scope != NULL && scope[0] != '\0' ? g_strdup (scope) : NULL;
}

/* "scope.label", or the one of them that there is; interned. */
static const char *
make_label (EshiGraph  *self,
            const char *label)
{
  g_autofree char *path = NULL;

  if (label == NULL || label[0] == '\0')
    return g_intern_string (self->scope != NULL ? self->scope : "");
  if (self->scope == NULL)
    return g_intern_string (label);

  path = g_strconcat (self->scope, ".", label, NULL);
  return g_intern_string (path);
}

/* An activation of another graph has no memory that would last until this one runs. */
static gboolean
check_sources (EshiGraph    *self,
               const EshiOp *op)
{
  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    if (op->src[i] != NULL && op->src[i]->storage == ESHI_STORAGE_ACTIVATION && !_eshi_graph_owns (self, op->src[i]))
      {
        fail (self, _("%s reads “%s”, which belongs to another network and is not an output of it."),
              op->label, op->src[i]->name);
        return FALSE;
      }

  return TRUE;
}

EshiTensor *
_eshi_graph_append (EshiGraph    *self,
                    const char   *label,
                    const EshiOp *op,
                    EshiDType     dtype)
{
  EshiTensor candidate = { .storage = ESHI_STORAGE_ACTIVATION, .dtype = dtype };
  EshiOp checked = *op;
  EshiOp *copy = NULL;
  GError *error = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  if (!is_open (self))
    return NULL;

  checked.label = make_label (self, label);
  if (!check_sources (self, &checked))
    return NULL;
  if (!eshi_op_infer (&checked, &candidate.shape, &error))
    {
      eshi_graph_fail (self, error);
      return NULL;
    }
  checked.dst = &candidate;
  if (!eshi_op_check (&checked, &error))
    {
      eshi_graph_fail (self, error);
      return NULL;
    }

  copy = g_memdup2 (&checked, sizeof checked);
  copy->dst = &_eshi_graph_add (self, ESHI_STORAGE_ACTIVATION, copy->label, dtype, &candidate.shape)->tensor;
  g_ptr_array_add (self->ops, copy);

  return copy->dst;
}

EshiTensor *
eshi_graph_input (EshiGraph  *self,
                  const char *name,
                  EshiDType   dtype,
                  EshiShape   shape)
{
  gint64 count = 1;

  g_return_val_if_fail (self != NULL && name != NULL, NULL);

  if (!is_open (self))
    return NULL;

  for (guint i = 0; i < shape.rank && i < ESHI_MAX_RANK; i++)
    if (shape.dim[i] < 1 || __builtin_mul_overflow (count, shape.dim[i], &count) || count > G_MAXINT64 / 64)
      shape.rank = 0;
  if (shape.rank < 1 || shape.rank > ESHI_MAX_RANK || dtype >= ESHI_N_DTYPES)
    {
      fail (self, _("The network's input “%s” is empty or too large."), name);
      return NULL;
    }

  return &_eshi_graph_add (self, ESHI_STORAGE_INPUT, name, dtype, &shape)->tensor;
}

EshiTensor *
eshi_graph_output (EshiGraph  *self,
                   const char *name,
                   EshiTensor *x,
                   EshiDType   dtype)
{
  EshiTensor *root = NULL;

  g_return_val_if_fail (self != NULL && name != NULL, NULL);

  if (!is_open (self) || x == NULL)
    return NULL;

  root = _eshi_graph_root (self, x);
  if (x->dtype != dtype || !_eshi_graph_owns (self, root) || root->storage == ESHI_STORAGE_INPUT)
    x = root = eshi_graph_convert (self, name, x, dtype);
  if (x == NULL)
    return NULL;

  root->storage = ESHI_STORAGE_OUTPUT;
  x->storage = ESHI_STORAGE_OUTPUT;
  g_free (x->name);
  x->name = g_strdup (name);

  return x;
}

EshiTensor *
eshi_graph_reshape (EshiGraph  *self,
                    EshiTensor *x,
                    EshiShape   shape)
{
  EshiGraphNode *node = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  if (!is_open (self) || x == NULL)
    return NULL;

  if (x->storage == ESHI_STORAGE_WEIGHT || shape.rank < 1 || shape.rank > ESHI_MAX_RANK ||
      eshi_shape_count (&shape) != eshi_tensor_count (x) ||
      (x->storage == ESHI_STORAGE_ACTIVATION && !_eshi_graph_owns (self, x)))
    {
      g_autofree char *from = eshi_shape_to_string (&x->shape);

      fail (self, _("“%s” %s cannot take another shape of %" PRId64 " elements."), x->name, from,
            shape.rank <= ESHI_MAX_RANK ? eshi_shape_count (&shape) : 0);
      return NULL;
    }

  node = _eshi_graph_add (self, x->storage, x->name, x->dtype, &shape);
  node->base = _eshi_graph_root (self, x);

  return &node->tensor;
}

static gboolean
check_support (EshiGraph     *self,
               GCancellable  *cancellable,
               GError       **error)
{
  const EshiBackendClass *klass = self->backend->klass;

  for (guint i = 0; i < self->ops->len; i++)
    {
      const EshiOp *op = g_ptr_array_index (self->ops, i);
      const char *reason = klass->why_not (self->backend, op);
      g_autofree char *what = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (reason == NULL)
        continue;

      what = eshi_op_describe (op);
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("The backend “%s” cannot run a step of the network: %s: %s."), klass->name, what, reason);
      return FALSE;
    }

  return TRUE;
}

static gboolean
allocate (EshiGraph  *self,
          GError    **error)
{
  const EshiBackendClass *klass = self->backend->klass;

  if (self->arena_bytes > 0)
    {
      self->arena = klass->alloc (self->backend, self->arena_bytes, error);
      if (self->arena == NULL)
        return FALSE;
    }

  for (guint i = 0; i < self->nodes->len; i++)
    {
      EshiGraphNode *node = g_ptr_array_index (self->nodes, i);

      if (node->base != NULL)
        continue;
      if (has_own_buffer (node))
        node->tensor.buffer = klass->alloc (self->backend, eshi_tensor_bytes (&node->tensor), error);
      else
        node->tensor.buffer = self->arena;
      if (node->tensor.buffer == NULL)
        return FALSE;
    }

  return TRUE;
}

/* Views take their base's place, once that has one; a base may be another graph's output. */
static void
place_views (EshiGraph *self)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      EshiGraphNode *node = g_ptr_array_index (self->nodes, i);

      if (node->base == NULL)
        continue;
      node->tensor.buffer = node->base->buffer;
      node->tensor.offset = node->base->offset;
      node->tensor.first_op = node->base->first_op;
      node->tensor.last_op = node->base->last_op;
    }
}

static gboolean
check_places (EshiGraph  *self,
              GError    **error)
{
  for (guint i = 0; i < self->ops->len; i++)
    {
      const EshiOp *op = g_ptr_array_index (self->ops, i);

      for (guint k = 0; k < ESHI_OP_MAX_SRC; k++)
        if (op->src[k] != NULL && op->src[k]->storage != ESHI_STORAGE_WEIGHT && op->src[k]->buffer == NULL)
          {
            g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED,
                         _("%s reads “%s” of another network, which must be prepared first."),
                         op->label, op->src[k]->name);
            return FALSE;
          }
    }

  return TRUE;
}

static gboolean
prepare_ops (EshiGraph     *self,
             GCancellable  *cancellable,
             GError       **error)
{
  const EshiBackendClass *klass = self->backend->klass;

  for (guint i = 0; i < self->ops->len; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (klass->prepare != NULL && !klass->prepare (self->backend, g_ptr_array_index (self->ops, i), error))
        return FALSE;
      self->n_prepared = i + 1;
    }

  return TRUE;
}

gboolean
eshi_graph_prepare (EshiGraph     *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (self->error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->error));
      return FALSE;
    }
  if (self->prepared)
    return TRUE;
  if (!check_support (self, cancellable, error) || !enter_lane (self, error))
    return FALSE;

  _eshi_graph_plan (self);
  if (!allocate (self, error))
    {
      unprepare (self);
      return FALSE;
    }
  place_views (self);
  if (!check_places (self, error) || !prepare_ops (self, cancellable, error))
    {
      unprepare (self);
      return FALSE;
    }
  self->prepared = TRUE;

  return TRUE;
}

/* Whether @x is a tensor of the graph with memory of its own that has been given to it. */
static gboolean
check_transfer (EshiGraph   *self,
                EshiTensor  *x,
                GError     **error)
{
  if (self->prepared && x != NULL && _eshi_graph_owns (self, x) && x->storage != ESHI_STORAGE_ACTIVATION)
    return TRUE;

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
               _("“%s” is neither an input nor an output of a prepared network."),
               x != NULL && x->name != NULL ? x->name : "?");

  return FALSE;
}

gboolean
eshi_graph_upload (EshiGraph   *self,
                   EshiTensor  *x,
                   const void  *data,
                   GError     **error)
{
  g_return_val_if_fail (self != NULL && data != NULL, FALSE);

  return check_transfer (self, x, error) && enter_lane (self, error) &&
         self->backend->klass->upload (self->backend, x->buffer, x->offset, data, eshi_tensor_bytes (x), error);
}

gboolean
eshi_graph_download (EshiGraph   *self,
                     EshiTensor  *x,
                     void        *data,
                     GError     **error)
{
  g_return_val_if_fail (self != NULL && data != NULL, FALSE);

  return check_transfer (self, x, error) && enter_lane (self, error) &&
         self->backend->klass->download (self->backend, data, x->buffer, x->offset, eshi_tensor_bytes (x), error);
}

/* Runs @op alone and reports how long it took. */
static gboolean
run_profiled (EshiGraph     *self,
              const EshiOp  *op,
              GError       **error)
{
  const EshiBackendClass *klass = self->backend->klass;
  gint64 start_us = g_get_monotonic_time ();

  if (!klass->run (self->backend, op, error))
    return FALSE;
  if (klass->sync != NULL && !klass->sync (self->backend, error))
    return FALSE;

  self->profile (op, (double) (g_get_monotonic_time () - start_us) / G_USEC_PER_SEC, self->profile_data);

  return TRUE;
}

static gboolean
run_each (EshiGraph     *self,
          GCancellable  *cancellable,
          GError       **error)
{
  for (guint i = 0; i < self->ops->len; i++)
    {
      const EshiOp *op = g_ptr_array_index (self->ops, i);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (self->profile != NULL ? !run_profiled (self, op, error)
                                : !self->backend->klass->run (self->backend, op, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
eshi_graph_run (EshiGraph     *self,
                GCancellable  *cancellable,
                GError       **error)
{
  const EshiBackendClass *klass = NULL;

  g_return_val_if_fail (self != NULL, FALSE);

  klass = self->backend->klass;
  if (!self->prepared)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_FAILED, _("The network must be prepared before it is run."));
      return FALSE;
    }
  if (!enter_lane (self, error))
    return FALSE;
  if (klass->run_all == NULL || self->profile != NULL)
    return run_each (self, cancellable, error);

  return !g_cancellable_set_error_if_cancelled (cancellable, error) &&
         klass->run_all (self->backend, (const EshiOp *const *) self->ops->pdata, self->ops->len, &self->recording, error);
}

gsize
eshi_graph_arena_bytes (EshiGraph *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->arena_bytes;
}

gsize
eshi_graph_total_bytes (EshiGraph *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->total_bytes;
}

guint
eshi_graph_n_ops (EshiGraph *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->ops->len;
}

EshiOp *
eshi_graph_get_op (EshiGraph *self,
                   guint      index)
{
  g_return_val_if_fail (self != NULL && index < self->ops->len, NULL);

  return g_ptr_array_index (self->ops, index);
}

void
eshi_graph_set_profile (EshiGraph            *self,
                        EshiGraphProfileFunc  func,
                        gpointer              user_data)
{
  g_return_if_fail (self != NULL);

  self->profile = func;
  self->profile_data = user_data;
}
