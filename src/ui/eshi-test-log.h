/* eshi-test-log.h: lines for tests that drive the program from outside.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * eshi_test_log:
 *
 * Appends one line to the file named by $ESHI_TEST_LOG; does nothing when that is not set. Line breaks inside the
 * message are written as spaces, so that one event stays one line.
 *
 * Thread: main.
 */
void eshi_test_log (const char *format,
                    ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
