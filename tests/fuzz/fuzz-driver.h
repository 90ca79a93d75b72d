/* fuzz-driver.h: what a fuzz target is.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

/* Runs the code under test on @data, [size] bytes. A crash, a leak or a failed assertion is a finding. Returns 0. */
int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);
