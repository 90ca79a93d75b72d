/* eshi-cpu-tiles.h: matrix products on AMX's tiles: for which shapes, and weights in the order of the tiles.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "amx/eshi-cpu-amx.h"
#include "eshi-cpu-backend.h"

G_BEGIN_DECLS

/* Whether products of [m, k] with n columns run on tiles. GEGLU: n columns of dst, made of twice as many. */
gboolean       _eshi_cpu_tiles_suit (const EshiCpuBackend     *self,
                                     EshiDType                 dtype,
                                     gsize                     m,
                                     gsize                     k,
                                     gsize                     n);

/* @weight, [n, k] or, if @geglu, [2n, k], as EshiCpuAmxProduct has it; give back with eshi_cpu_weights_release(). */
EshiCpuPacked *_eshi_cpu_tiles_pack (EshiCpuBackend           *self,
                                     const EshiTensor         *weight,
                                     gboolean                  geglu,
                                     GError                  **error);

void           _eshi_cpu_tiles_run  (const EshiCpuAmxProduct  *product,
                                     gboolean                  geglu);

G_END_DECLS
