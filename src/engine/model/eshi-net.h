/* eshi-net.h: what the networks are built with: weights by path, ops, and a look inside for tests.
 *
 * A network is a function that walks through its layers once. With a graph it adds ops; without one it only asks for
 * the weights, so that the same walk checks at load that every tensor is there and has the right shape.
 *
 * Thread: that of the graph.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-graph.h"
#include "eshi-weights.h"

G_BEGIN_DECLS

typedef struct _EshiNet EshiNet;

/* Called with the output of each named part of a network ("down_blocks.0.resnets.0") while it is built; may mark it as
 * an output of @graph. */
typedef void (*EshiNetTapFunc) (EshiGraph  *graph,
                                const char *path,
                                EshiTensor *x,
                                gpointer    user_data);

/* Called with the name and shape of a weight that a network needs. */
typedef void (*EshiNetWeightFunc) (const char *name,
                                   EshiShape   shape,
                                   gpointer    user_data);

struct _EshiNet
{
  EshiWeights       *weights;   /* borrowed; NULL: only list what is needed */
  EshiGraph         *graph;     /* borrowed; NULL: only look for the weights */
  EshiNetTapFunc     tap;       /* (nullable) */
  gpointer           tap_data;
  EshiNetWeightFunc  list;      /* without weights: who is told of each that is needed */
  gpointer           list_data;

  /* private */
  GString           *path;      /* of the part being built: "down_blocks.0.resnets.1", or "" */
  GString           *scratch;
  GPtrArray         *problems;  /* of sentences: tensors that are missing or misshapen */
};

void        eshi_net_init   (EshiNet        *self,
                             EshiWeights    *weights,
                             EshiGraph      *graph);
void        eshi_net_clear  (EshiNet        *self);

/* Whether all weights asked for so far were there. Error: MODEL_INVALID, with the first few that were not. */
gboolean    eshi_net_check  (EshiNet        *self,
                             GError        **error);

/* Goes into the part @format; returns what eshi_net_leave() needs to come out again. */
gsize       eshi_net_enter  (EshiNet        *self,
                             const char     *format,
                             ...) G_GNUC_PRINTF (2, 3);
void        eshi_net_leave  (EshiNet        *self,
                             gsize           mark);

/* Shows @x as the output of the part @name below the current one (NULL: of the current one). */
void        eshi_net_tap    (EshiNet        *self,
                             const char     *name,
                             EshiTensor     *x);

/* The weight @name below the current part; dimensions of size 1 at the end of @shape or of the file's are not
 * compared. NULL if it is missing. */
EshiTensor *eshi_net_weight (EshiNet        *self,
                             const char     *name,
                             EshiShape       shape);

/* Layers: the weights NAME.weight and NAME.bias below the current part, and the op. NULL without a graph. */
EshiTensor *eshi_net_conv       (EshiNet *self, const char *name, EshiTensor *x, guint ci, guint co, guint kernel,
                                 EshiConvParams params, EshiTensor *embedding, EshiTensor *residual);
EshiTensor *eshi_net_conv3x3    (EshiNet *self, const char *name, EshiTensor *x, guint ci, guint co,
                                 EshiTensor *embedding, EshiTensor *residual);
EshiTensor *eshi_net_upsample_conv3x3 (EshiNet *self, const char *name, EshiTensor *x, gint64 height, gint64 width,
                                 guint c);
EshiTensor *eshi_net_linear     (EshiNet *self, const char *name, EshiTensor *x, guint ci, guint co, gboolean bias,
                                 EshiActivation act, EshiTensor *residual);
EshiTensor *eshi_net_geglu      (EshiNet *self, const char *name, EshiTensor *x, guint ci, guint co);
EshiTensor *eshi_net_group_norm (EshiNet *self, const char *name, EshiTensor *x, guint c, guint groups, float eps,
                                 EshiActivation act);
EshiTensor *eshi_net_layer_norm (EshiNet *self, const char *name, EshiTensor *x, guint c, float eps);

/* @x in the graph's type; itself if it is of that type already. */
EshiTensor *eshi_net_convert    (EshiNet *self, const char *name, EshiTensor *x);

/* [n, h, w, c] ↔ [n, h·w, c]. */
EshiTensor *eshi_net_to_tokens  (EshiNet *self, EshiTensor *x);
EshiTensor *eshi_net_to_image   (EshiNet *self, EshiTensor *x, EshiTensor *like);

/* Residual block of the UNet and the VAE. @silu_temb: [1, temb_channels] f32, or NULL with temb_channels 0. */
EshiTensor *eshi_net_resnet     (EshiNet *self, EshiTensor *x, guint ci, guint co, EshiTensor *silu_temb,
                                 guint temb_channels, guint groups, float eps);

G_END_DECLS
