/* emu-network.h: a small network for tests of the CUDA backend: it has each kind of plan.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-graph.h"

G_BEGIN_DECLS

#define EMU_WIDTH 16
#define EMU_HEIGHT 4
#define EMU_N_TOKENS (EMU_HEIGHT * EMU_HEIGHT)

/* A weight of zeros, which @weights frees. */
EshiTensor *emu_network_add_weight (GPtrArray  *weights,
                                    EshiShape   shape);

/* All but the look-up of words, so that it can be recorded: from @x [1, EMU_N_TOKENS, EMU_WIDTH] and the embedding of a time,
 * @time [1, EMU_WIDTH] f32, to an output "result" [1, EMU_HEIGHT, EMU_HEIGHT, EMU_WIDTH] f32. */
void        emu_network_build      (EshiGraph  *graph,
                                    GPtrArray  *weights,
                                    EshiTensor *x,
                                    EshiTensor *time);

G_END_DECLS
