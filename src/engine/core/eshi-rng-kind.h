/* eshi-rng-kind.h: the kinds of random numbers a seed can mean. Public; the generators themselves are in eshi-rng.h.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * EshiRngKind:
 * @ESHI_RNG_CPU: "cpu", the numbers that PyTorch's CPU generator draws
 * @ESHI_RNG_PHILOX: "philox", the numbers that PyTorch draws on CUDA devices
 *
 * The same seed gives different pictures with different kinds, so the kind is stored with each picture. The
 * values and names are written to disk and never change.
 */
typedef enum
{
  ESHI_RNG_CPU,
  ESHI_RNG_PHILOX,
} EshiRngKind;

/**
 * eshi_rng_kind_get_name:
 * @kind: a kind
 *
 * Thread: any.
 *
 * Returns: "cpu" or "philox"; %NULL if @kind is neither
 */
ESHI_AVAILABLE
const char *eshi_rng_kind_get_name  (EshiRngKind  kind);

/**
 * eshi_rng_kind_from_name:
 * @name: (nullable): "cpu" or "philox"
 * @kind: (out): the kind of that name; untouched when there is none
 *
 * Thread: any.
 *
 * Returns: whether @name names a kind
 */
ESHI_AVAILABLE
gboolean    eshi_rng_kind_from_name (const char  *name,
                                     EshiRngKind *kind);

G_END_DECLS
