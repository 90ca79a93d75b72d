/* eshi-graph-private.h: what the three files of EshiGraph share: eshi-graph.c (life, inputs, outputs, running),
 * eshi-graph-ops.c (one function per op) and eshi-graph-plan.c (who lies where). Nobody else includes it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-graph.h"

G_BEGIN_DECLS

/* A tensor of the graph. First member, so that an EshiTensor of the graph is its node. */
typedef struct
{
  EshiTensor  tensor;
  EshiTensor *base; /* whose memory a reshaped view shares, itself no view of this graph; else NULL */
  guint       slot; /* ACTIVATION: its place in the plan of the arena */
} EshiGraphNode;

struct _EshiGraph
{
  /* borrowed */
  EshiBackend          *backend;
  EshiGraphProfileFunc  profile;
  gpointer              profile_data;

  /* owned */
  GError               *error; /* the first one met while building */
  char                 *scope;
  GPtrArray            *ops;   /* of EshiOp */
  GPtrArray            *nodes; /* of EshiGraphNode, in the order they were made */
  GHashTable           *own;   /* the nodes as a set */
  EshiBuffer           *arena;
  EshiRecording        *recording; /* the backend's, of the runs so far */

  EshiDType             compute;
  EshiLane              lane;
  guint                 n_prepared; /* ops at the front that the backend has prepared */
  gboolean              prepared;
  gsize                 arena_bytes;
  gsize                 total_bytes;
};

/* Whether @tensor is a tensor of @self. */
gboolean       _eshi_graph_owns   (EshiGraph        *self,
                                   const EshiTensor *tensor);

/* The tensor whose memory @tensor uses: itself unless it is a view. */
EshiTensor    *_eshi_graph_root   (EshiGraph        *self,
                                   EshiTensor       *tensor);

/* A new node; @name is copied. */
EshiGraphNode *_eshi_graph_add    (EshiGraph        *self,
                                   EshiStorage       storage,
                                   const char       *name,
                                   EshiDType         dtype,
                                   const EshiShape  *shape);

/* Checks a copy of @op, gives it label and dst, and appends it. @op->dst, if not NULL, only says how large dst is to be
 * (UPSAMPLE, TIME_EMBEDDING). @dtype: dst's type. Returns dst, NULL after an error. */
EshiTensor    *_eshi_graph_append (EshiGraph        *self,
                                   const char       *label,
                                   const EshiOp     *op,
                                   EshiDType         dtype);

/* Sets lifetimes and offsets of all activations, arena_bytes and total_bytes; allocates no device memory. */
void           _eshi_graph_plan   (EshiGraph        *self);

G_END_DECLS
