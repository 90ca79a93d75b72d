/* kernel-rig.h: opens backends, and runs single ops on them with guards around every operand.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-backend.h"
#include "kernel-case.h"

G_BEGIN_DECLS

/* The backend @name, which unless it is "ref" is a plugin in the folder that the environment's ESHI_PLUGIN_DIR names,
 * with @n_threads, 0 for its own choice. NULL and @error say why it cannot run here. Plugins stay loaded. */
EshiBackend *kernel_open_backend (const char     *name,
                                  EshiPrecision   precision,
                                  guint           n_threads,
                                  GError        **error);

/* Runs @data's op and returns dst in f32, [dst's shape] (transfer full); NULL, with the backend's reason in @why_not, if
 * it refuses. Asserts that the op wrote dst and nothing else, and does the same when it is run again. */
float       *kernel_run          (EshiBackend       *backend,
                                  const KernelData  *data,
                                  const char       **why_not);

G_END_DECLS
