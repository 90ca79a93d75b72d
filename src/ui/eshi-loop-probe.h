/* eshi-loop-probe.h: how long the main loop was kept from its next turn.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EshiLoopProbeFunc:
 * @wall_ms: time between two turns of the loop, in milliseconds; waiting for events is no part of it
 * @cpu_ms: the processor time of the loop's thread in it; much less than @wall_ms where it waited, or others ran
 *
 * Called by the loop's thread between two turns; must not run the loop.
 */
typedef void (*EshiLoopProbeFunc) (double   wall_ms,
                                   double   cpu_ms,
                                   gpointer user_data);

/**
 * eshi_loop_probe_new:
 * @limit_ms: gaps of less are not told
 *
 * A source that is never ready and sees every turn of the context that it is attached to.
 *
 * Cost: two readings of each clock a turn.
 *
 * Returns: (transfer full)
 */
GSource *eshi_loop_probe_new   (double            limit_ms,
                                EshiLoopProbeFunc func,
                                gpointer          user_data);

/**
 * eshi_loop_probe_start:
 *
 * Writes the gaps of the main loop into the test log from here on, as lines "GAP wall cpu", if $ESHI_TEST_LOOP says
 * from how many milliseconds on; else does nothing.
 *
 * Thread: main.
 */
void     eshi_loop_probe_start (void);

G_END_DECLS
