/* eshi-rng.h: normally distributed noise that repeats, number for number, what PyTorch draws from the same seed.
 *
 * Two generators: the CPU one (mt19937) and the CUDA one (Philox 4x32-10). Neither is fit for cryptography, and
 * neither draws anything but standard normal f32 values.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-rng-kind.h"

G_BEGIN_DECLS

typedef struct _EshiRng EshiRng;

/**
 * eshi_rng_new:
 * @kind: which generator
 * @seed: 0 to 2⁶⁴−1; %ESHI_RNG_CPU uses only its low 32 bits, as PyTorch does
 *
 * Thread: any; one generator belongs to one thread at a time.
 *
 * Returns: (transfer full): a generator that has drawn nothing yet
 */
EshiRng     *eshi_rng_new          (EshiRngKind    kind,
                                    guint64        seed);

void         eshi_rng_free         (EshiRng       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiRng, eshi_rng_free)

/**
 * eshi_rng_get_kind:
 * @self: a generator
 *
 * Returns: the kind it was made with
 */
EshiRngKind  eshi_rng_get_kind     (const EshiRng *self);

/**
 * eshi_rng_fill_normal:
 * @self: a generator
 * @dst: (out) (array length=n): where the values go; [n] f32
 * @n: 0 or more; 0 draws nothing
 *
 * Draws @n values of mean 0 and deviation 1, as one `torch.randn` of @n elements would. The call is the unit: two
 * calls of 8 do not give what one call of 16 gives. Values follow the reference's element order, so latents must
 * lie as [channels, height, width] for a seed to give the reference's picture.
 *
 * With %ESHI_RNG_PHILOX the result is that of a device with as many threads as there are elements, whatever @n.
 */
void         eshi_rng_fill_normal  (EshiRng       *self,
                                    float         *dst,
                                    gsize          n);

/**
 * eshi_rng_save:
 * @self: a generator
 *
 * Returns: (transfer full): the whole state, 2.5 KB, the same bytes on every machine
 */
GBytes      *eshi_rng_save         (const EshiRng *self);

/**
 * eshi_rng_new_from_bytes:
 * @state: what eshi_rng_save() returned, perhaps in an earlier run of the program
 *
 * Errors: %ESHI_ERROR_INVALID_ARGUMENT when @state is not a generator's state.
 *
 * Returns: (transfer full): a generator that goes on where the saved one stood; %NULL with @error set
 */
EshiRng     *eshi_rng_new_from_bytes (GBytes      *state,
                                      GError     **error);

G_END_DECLS
