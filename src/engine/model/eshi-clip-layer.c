/* eshi-clip-layer.c: attention and a two-layer perceptron, each behind a norm.
 *
 * Nothing is masked but the future: the reference attends to a text's padding.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-clip-layer.h"

static EshiTensor *
build_attention (const EshiClipLayer *self,
                 EshiNet             *net,
                 EshiTensor          *x,
                 EshiTensor          *residual)
{
  guint d = self->hidden_size;
  gsize mark = eshi_net_enter (net, "self_attn");
  EshiTensor *q = eshi_net_linear (net, "q_proj", x, d, d, TRUE, ESHI_ACT_NONE, NULL);
  EshiTensor *k = eshi_net_linear (net, "k_proj", x, d, d, TRUE, ESHI_ACT_NONE, NULL);
  EshiTensor *v = eshi_net_linear (net, "v_proj", x, d, d, TRUE, ESHI_ACT_NONE, NULL);
  EshiTensor *y = NULL;

  if (net->graph != NULL)
    y = eshi_graph_attention (net->graph, "attention", q, k, v, self->n_heads, self->causal);
  y = eshi_net_linear (net, "out_proj", y, d, d, TRUE, ESHI_ACT_NONE, residual);
  eshi_net_leave (net, mark);
  return y;
}

EshiTensor *
eshi_clip_layer_build (const EshiClipLayer *self,
                       EshiNet             *net,
                       guint                index,
                       EshiTensor          *x)
{
  guint d = self->hidden_size;
  gsize mark = eshi_net_enter (net, "encoder.layers.%u", index);
  EshiTensor *h = NULL;

  h = eshi_net_layer_norm (net, "layer_norm1", x, d, self->layer_norm_eps);
  x = build_attention (self, net, h, x);
  h = eshi_net_layer_norm (net, "layer_norm2", x, d, self->layer_norm_eps);
  h = eshi_net_linear (net, "mlp.fc1", h, d, self->intermediate_size, TRUE, self->act, NULL);
  x = eshi_net_linear (net, "mlp.fc2", h, self->intermediate_size, d, TRUE, ESHI_ACT_NONE, x);
  eshi_net_tap (net, NULL, x);
  eshi_net_leave (net, mark);
  return x;
}
