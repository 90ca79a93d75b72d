/* eshi-graph-plan.c: lifetimes of activations, and which of them share memory.
 *
 * A view counts as its base throughout. dst takes over the memory of a dying operand only where the op's contract in
 * eshi-op.h lets the two share it: the residual of CONV2D and LINEAR, and x of GROUP_NORM.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-arena.h"
#include "eshi-graph-private.h"

static EshiGraphNode *
node_of (EshiGraph  *self,
         EshiTensor *tensor)
{
  EshiTensor *root = tensor != NULL ? _eshi_graph_root (self, tensor) : NULL;

  return root != NULL && _eshi_graph_owns (self, root) ? (EshiGraphNode *) root : NULL;
}

/* A base may have become an output after views of it were made. */
static void
settle_views (EshiGraph *self)
{
  for (guint i = 0; i < self->nodes->len; i++)
    {
      EshiGraphNode *node = g_ptr_array_index (self->nodes, i);

      if (node->base != NULL)
        node->tensor.storage = node->base->storage;
    }
}

static void
find_lifetimes (EshiGraph *self)
{
  for (guint i = 0; i < self->ops->len; i++)
    {
      EshiOp *op = g_ptr_array_index (self->ops, i);

      op->dst->first_op = i;
      op->dst->last_op = i;
      for (guint k = 0; k < ESHI_OP_MAX_SRC; k++)
        {
          EshiGraphNode *node = node_of (self, op->src[k]);

          if (node != NULL)
            node->tensor.last_op = i;
        }
    }
}

/* The operand of op number @index whose memory dst may take, or NULL. */
static EshiGraphNode *
find_donor (EshiGraph *self,
            guint      index)
{
  const EshiOp *op = g_ptr_array_index (self->ops, index);
  EshiGraphNode *donor = NULL;
  guint n_uses = 0;

  if (op->kind == ESHI_OP_CONV2D || op->kind == ESHI_OP_LINEAR)
    donor = node_of (self, op->src[ESHI_SRC_RESIDUAL]);
  else if (op->kind == ESHI_OP_GROUP_NORM)
    donor = node_of (self, op->src[ESHI_SRC_X]);

  if (donor == NULL || donor->tensor.storage != ESHI_STORAGE_ACTIVATION || donor->tensor.last_op != index ||
      eshi_tensor_bytes (&donor->tensor) != eshi_tensor_bytes (op->dst))
    return NULL;

  /* As its own x too, a residual would be overwritten while it is still being read. */
  for (guint k = 0; k < ESHI_OP_MAX_SRC; k++)
    n_uses += node_of (self, op->src[k]) == donor;

  return n_uses == 1 ? donor : NULL;
}

static GArray *
make_slots (EshiGraph *self)
{
  GArray *slots = g_array_new (FALSE, FALSE, sizeof (EshiArenaSlot));

  for (guint i = 0; i < self->ops->len; i++)
    {
      const EshiOp *op = g_ptr_array_index (self->ops, i);
      EshiGraphNode *node = (EshiGraphNode *) op->dst;
      EshiGraphNode *donor = NULL;

      if (op->dst->storage != ESHI_STORAGE_ACTIVATION)
        continue;

      donor = find_donor (self, i);
      if (donor != NULL)
        {
          node->slot = donor->slot;
          g_array_index (slots, EshiArenaSlot, node->slot).last = op->dst->last_op;
        }
      else
        {
          EshiArenaSlot slot = { .size = eshi_tensor_bytes (op->dst), .first = i, .last = op->dst->last_op };

          node->slot = slots->len;
          g_array_append_val (slots, slot);
        }

      self->total_bytes += eshi_arena_align (eshi_tensor_bytes (op->dst));
    }

  return slots;
}

void
_eshi_graph_plan (EshiGraph *self)
{
  g_autoptr(GArray) slots = NULL;

  self->total_bytes = 0;
  settle_views (self);
  find_lifetimes (self);
  slots = make_slots (self);
  self->arena_bytes = eshi_arena_plan ((EshiArenaSlot *) (gpointer) slots->data, slots->len);

  for (guint i = 0; i < self->nodes->len; i++)
    {
      EshiGraphNode *node = g_ptr_array_index (self->nodes, i);

      if (node->base == NULL && node->tensor.storage == ESHI_STORAGE_ACTIVATION)
        node->tensor.offset = g_array_index (slots, EshiArenaSlot, node->slot).offset;
    }
}
