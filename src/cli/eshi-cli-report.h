/* eshi-cli-report.h: what came of a job, as JSON.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <json-glib/json-glib.h>

#include "eshi-cli-job.h"

G_BEGIN_DECLS

/* Prints one object: "files", "pictures" with the settings of each, "timings" in seconds, "model", "backend". */
void eshi_cli_report_print       (const EshiCliJob  *job,
                                  double             wall_s);

void eshi_cli_report_add_string  (JsonBuilder       *builder,
                                  const char        *name,
                                  const char        *value);
void eshi_cli_report_add_double  (JsonBuilder       *builder,
                                  const char        *name,
                                  double             value);
void eshi_cli_report_add_int     (JsonBuilder       *builder,
                                  const char        *name,
                                  gint64             value);
/* Prints the finished object on one line. */
void eshi_cli_report_finish      (JsonBuilder       *builder);

G_END_DECLS
