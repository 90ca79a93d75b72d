/* eshi-backend-registry.h: which backends there are, which one is used, and why not the others.
 *
 * Backends are asked in a fixed order, best first; "ref" is built in and last. The others are plugins, looked for in
 * $ESHI_PLUGIN_DIR, beside the program, in the build tree it lies in, and where it was installed; they stay loaded until
 * it ends. A backend that was asked for by name and cannot run is an error, never another backend.
 *
 * Thread: any.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-backend.h"

G_BEGIN_DECLS

/* Sets, for the libraries that plugins bring along, what the user has not set. To be called before any thread is
 * started, because the environment belongs to the whole process. */
void         _eshi_backend_registry_init     (void);

/**
 * _eshi_backend_registry_open:
 * @name: (nullable): "ref", "cpu" or "cuda"; %NULL for $ESHI_BACKEND, or else the best that this computer runs
 * @options: precision and threads
 *
 * The choice and every refusal are logged, once each. Errors: INVALID_ARGUMENT for a name that is no backend's;
 * UNSUPPORTED when the one asked for cannot run here, with the reason; those of opening it.
 *
 * Returns: (transfer full): an open backend that belongs to the calling thread; close with its class's close
 */
EshiBackend *_eshi_backend_registry_open     (const char                *name,
                                              const EshiBackendOptions  *options,
                                              GError                   **error);

/* @info: (nullable): NULL where it cannot run; @refusal: (nullable): why not; both are borrowed. */
typedef void (*EshiBackendFunc) (const char           *backend,
                                 const EshiDeviceInfo *info,
                                 const char           *refusal,
                                 gboolean              chosen,
                                 gpointer              user_data);

/* Calls @func for each backend, the best first; @chosen is the one that would be used. */
void         _eshi_backend_registry_foreach  (EshiBackendFunc            func,
                                              gpointer                   user_data);

/* One line for each backend: its device, or why it cannot run; the one that would be used is marked. (transfer full) */
char        *_eshi_backend_registry_describe (void);

static inline void
_eshi_backend_close (EshiBackend *backend)
{
  backend->klass->close (backend);
}

G_END_DECLS
