/* eshi-graph.h: a network for fixed shapes: ops in order, one arena for everything between them.
 *
 * Built once per shape: declare inputs, call the op functions in order, mark outputs, prepare. Then upload inputs, run
 * and download outputs as often as wanted; a run allocates nothing. The op functions take NULL tensors for granted once
 * anything has failed: the first error is kept and comes out of eshi_graph_prepare(), so that network code reads
 * straight through.
 *
 * The arena is planned from lifetimes: an activation's memory is reused after its last reader. Where an op's residual
 * has no later reader, dst takes its memory. Inputs and outputs have memory of their own, so another graph on the same
 * backend may read them (the UNet's graph reads the keys and values that the prompt's graph computed).
 *
 * Thread: the one that opened the backend. Does not know what a model is.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-backend.h"

G_BEGIN_DECLS

typedef struct _EshiGraph EshiGraph;

/* @backend: borrowed, outlives the graph. */
EshiGraph  *eshi_graph_new     (EshiBackend *backend);
void        eshi_graph_free    (EshiGraph   *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiGraph, eshi_graph_free)

/* Type of the activations: the backend's, unless set before the first op (a decoder that is redone in f32). */
EshiDType   eshi_graph_get_compute (EshiGraph *self);
void        eshi_graph_set_compute (EshiGraph *self,
                                    EshiDType  compute);

/* Where the graph's work is queued: MAIN unless set before it is prepared. In lane SIDE a run may return before it is done;
 * a download waits for it. */
void        eshi_graph_set_lane    (EshiGraph   *self,
                                    EshiLane     lane);

/* The path put before the labels of the ops that follow: "down_blocks.0.resnets.1"; NULL or "" for none. */
void        eshi_graph_set_scope   (EshiGraph  *self,
                                    const char *scope);

/* An input of type @dtype. */
EshiTensor *eshi_graph_input       (EshiGraph  *self,
                                    const char *name,
                                    EshiDType   dtype,
                                    EshiShape   shape);

/* Marks @x, which an op of this graph has written, as an output and gives it memory of its own. Returns @x itself if
 * its type is @dtype already, else the result of a CONVERT op. */
EshiTensor *eshi_graph_output      (EshiGraph  *self,
                                    const char *name,
                                    EshiTensor *x,
                                    EshiDType   dtype);

/* Ops, in the order of eshi-op.h. @label names the op below the scope ("conv1"). Each returns dst, owned by the graph,
 * NULL after an error. dst's type is x's, except where @dtype is given. */
EshiTensor *eshi_graph_conv2d         (EshiGraph *self, const char *label, EshiTensor *x, EshiTensor *weight,
                                       EshiTensor *bias, EshiTensor *embedding, EshiTensor *residual,
                                       EshiConvParams params);
EshiTensor *eshi_graph_linear         (EshiGraph *self, const char *label, EshiTensor *x, EshiTensor *weight,
                                       EshiTensor *bias, EshiActivation act, EshiTensor *residual);
EshiTensor *eshi_graph_geglu          (EshiGraph *self, const char *label, EshiTensor *x, EshiTensor *weight,
                                       EshiTensor *bias);
EshiTensor *eshi_graph_group_norm     (EshiGraph *self, const char *label, EshiTensor *x, EshiTensor *weight,
                                       EshiTensor *bias, guint groups, float eps, EshiActivation act);
EshiTensor *eshi_graph_layer_norm     (EshiGraph *self, const char *label, EshiTensor *x, EshiTensor *weight,
                                       EshiTensor *bias, float eps);
EshiTensor *eshi_graph_attention      (EshiGraph *self, const char *label, EshiTensor *q, EshiTensor *k,
                                       EshiTensor *v, guint heads, gboolean causal);
EshiTensor *eshi_graph_upsample       (EshiGraph *self, const char *label, EshiTensor *x, gint64 height, gint64 width);

/* The upsampled @x convolved: one op where the backend doubles and @height and @width are twice x's, else two. */
EshiTensor *eshi_graph_upsample_conv2d (EshiGraph *self, const char *label, EshiTensor *x, gint64 height, gint64 width,
                                        EshiTensor *weight, EshiTensor *bias, EshiConvParams params);

EshiTensor *eshi_graph_concat         (EshiGraph *self, const char *label, EshiTensor *x, EshiTensor *y);
EshiTensor *eshi_graph_embedding      (EshiGraph *self, const char *label, EshiTensor *ids, EshiTensor *table,
                                       EshiTensor *positions);
EshiTensor *eshi_graph_time_embedding (EshiGraph *self, const char *label, EshiTensor *t, gint64 dim);
EshiTensor *eshi_graph_activation     (EshiGraph *self, const char *label, EshiTensor *x, EshiActivation act);
EshiTensor *eshi_graph_convert        (EshiGraph *self, const char *label, EshiTensor *x, EshiDType dtype);
EshiTensor *eshi_graph_guidance       (EshiGraph *self, const char *label, EshiTensor *x, EshiTensor *scale);
EshiTensor *eshi_graph_latents_to_rgb (EshiGraph *self, const char *label, EshiTensor *x, const EshiRgbParams *params);
EshiTensor *eshi_graph_image_to_u8    (EshiGraph *self, const char *label, EshiTensor *x);

/* The same memory under another shape with as many elements ([n, h, w, c] ↔ [n, h·w, c]); no op, nothing is moved. */
EshiTensor *eshi_graph_reshape        (EshiGraph *self, EshiTensor *x, EshiShape shape);

/* Records @error (transfer full) as the graph's own unless it has one already; for code that builds networks. */
void        eshi_graph_fail        (EshiGraph     *self,
                                    GError        *error);

/* Asks the backend about every op, plans the arena, allocates, prepares the ops. Polls @cancellable between ops.
 * Errors: the first one met while building; UNSUPPORTED, OUT_OF_MEMORY; G_IO_ERROR_CANCELLED. */
gboolean    eshi_graph_prepare     (EshiGraph     *self,
                                    GCancellable  *cancellable,
                                    GError       **error);

/* Whole tensors, in their own type: @data holds [x's shape] elements of x's dtype. */
gboolean    eshi_graph_upload      (EshiGraph     *self,
                                    EshiTensor    *x,
                                    const void    *data,
                                    GError       **error);
gboolean    eshi_graph_download    (EshiGraph     *self,
                                    EshiTensor    *x,
                                    void          *data,
                                    GError       **error);

/* Runs all ops. Polls @cancellable before each op, or once where the backend takes them all at a time. */
gboolean    eshi_graph_run         (EshiGraph     *self,
                                    GCancellable  *cancellable,
                                    GError       **error);

/* Bytes of the arena, and what the activations would take without reuse. */
gsize       eshi_graph_arena_bytes (EshiGraph     *self);
gsize       eshi_graph_total_bytes (EshiGraph     *self);

/* The ops in order, for profiles and tests; borrowed. */
guint       eshi_graph_n_ops       (EshiGraph     *self);
EshiOp     *eshi_graph_get_op      (EshiGraph     *self,
                                    guint          index);

/* Called after each op of a run with the seconds it took (the backend is synchronised after each op while one is set);
 * NULL to stop. For benchmarks. */
typedef void (*EshiGraphProfileFunc) (const EshiOp *op,
                                      double        seconds,
                                      gpointer      user_data);
void        eshi_graph_set_profile (EshiGraph            *self,
                                    EshiGraphProfileFunc  func,
                                    gpointer              user_data);

G_END_DECLS
