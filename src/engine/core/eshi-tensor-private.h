/* eshi-tensor-private.h: what eshi-tensor.c leaves to code for some processors.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-tensor.h"

G_BEGIN_DECLS

/* Converts the whole blocks among @n elements, which may lie anywhere, as eshi_convert_to_f32(), eshi_convert_from_f32()
 * and eshi_convert_to_bf16() do. Returns how many it did, from the first on: none where the processor or the pair of types
 * has no code of its own. Any thread. */
gsize _eshi_convert_blocks (void       *dst,
                            EshiDType   to,
                            const void *src,
                            EshiDType   from,
                            gsize       n);

G_END_DECLS
