/* emu-network.c: see the header. Its weights are zeros: what comes out is compared with nothing but itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "emu-network.h"

static const float numbers[EMU_WIDTH * 3 * EMU_WIDTH * 9];

EshiTensor *
emu_network_add_weight (GPtrArray *weights,
                        EshiShape  shape)
{
  EshiTensor *weight = eshi_tensor_new_weight ("weight", ESHI_DTYPE_F32, &shape, numbers);

  g_assert_cmpint (eshi_shape_count (&shape), <=, G_N_ELEMENTS (numbers));
  g_ptr_array_add (weights, weight);
  return weight;
}

void
emu_network_build (EshiGraph  *graph,
                   GPtrArray  *weights,
                   EshiTensor *x,
                   EshiTensor *time)
{
  EshiTensor *vector = emu_network_add_weight (weights, ESHI_SHAPE1 (EMU_WIDTH));
  EshiTensor *square = emu_network_add_weight (weights, ESHI_SHAPE2 (EMU_WIDTH, EMU_WIDTH));
  EshiTensor *kernel = emu_network_add_weight (weights, ESHI_SHAPE4 (EMU_WIDTH, EMU_WIDTH, 3, 3));
  EshiTensor *gates = emu_network_add_weight (weights, ESHI_SHAPE2 (2 * EMU_WIDTH, EMU_WIDTH));
  EshiTensor *gate_bias = emu_network_add_weight (weights, ESHI_SHAPE1 (2 * EMU_WIDTH));
  EshiConvParams same = { 1, 1, 1, 1, 1 };
  EshiTensor *y = NULL;

  x = eshi_graph_layer_norm (graph, "norm", x, vector, vector, 1e-5f);
  y = eshi_graph_linear (graph, "act", x, square, vector, ESHI_ACT_SILU, x);
  x = eshi_graph_attention (graph, "attention", y, x, x, 2, FALSE);
  x = eshi_graph_geglu (graph, "geglu", x, gates, gate_bias);
  x = eshi_graph_reshape (graph, x, ESHI_SHAPE4 (1, EMU_HEIGHT, EMU_HEIGHT, EMU_WIDTH));
  x = eshi_graph_group_norm (graph, "group", x, vector, vector, 4, 1e-5f, ESHI_ACT_SILU);
  x = eshi_graph_conv2d (graph, "conv", x, kernel, vector, time, NULL, same);
  eshi_graph_output (graph, "result", x, ESHI_DTYPE_F32);
}
