/* eshi-sampler.h: the samplers by name, for menus and command lines.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * EshiSampler:
 * @id: stable name for files and command lines: "lms", "pndm", "ddim", "euler", "euler-a", "dpmpp-2m",
 *   "dpmpp-2m-karras"
 * @label: name for people, as other programs spell it: "LMS", "PNDM", "DDIM", "Euler", "Euler a", "DPM++ 2M",
 *   "DPM++ 2M Karras"; not translated
 */
typedef struct
{
  const char *id;
  const char *label;
} EshiSampler;

/**
 * eshi_samplers:
 * @n_samplers: (out): how many
 *
 * Returns: (array length=n_samplers): all samplers, in menu order; static
 */
ESHI_AVAILABLE
const EshiSampler *eshi_samplers (guint *n_samplers);

/**
 * eshi_sampler_find:
 * @name: an id or a label, in any case; an underscore in an id counts as a hyphen
 *
 * Returns: (nullable): the sampler of that name; static
 */
ESHI_AVAILABLE
const EshiSampler *eshi_sampler_find (const char *name);

G_END_DECLS
