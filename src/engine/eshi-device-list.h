/* eshi-device-list.h: what can compute on this computer, and why the rest cannot.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * EshiDevice:
 * @backend: "cuda", "cpu" or "ref"; what eshi_engine_new() takes
 * @name: (nullable): "AMD EPYC", "NVIDIA GeForce RTX 3060"; %NULL where it cannot compute
 * @features: (nullable): "AVX-512, oneDNN 2.6": what was found and is used; not translated
 * @memory_bytes: of its own; 0 where it uses the computer's
 * @refusal: (nullable): why it cannot compute here, a sentence; %NULL where it can
 * @chosen: whether it is the one that is used when none is asked for
 */
typedef struct
{
  char    *backend;
  char    *name;
  char    *features;
  guint64  memory_bytes;
  char    *refusal;
  gboolean chosen;
} EshiDevice;

ESHI_AVAILABLE
void eshi_device_free (EshiDevice *self);

/**
 * eshi_device_list:
 *
 * Probes, but opens nothing; the first call loads the plugins, which takes a moment. Thread: any, once there was an
 * engine: the first one sets the process's environment for the plugins' libraries.
 *
 * Returns: (transfer full) (element-type EshiDevice): the best first
 */
ESHI_AVAILABLE
GPtrArray *eshi_device_list (void);

/**
 * eshi_device_find_type:
 * @backend: (nullable): as for eshi_engine_new()
 * @precision: (nullable): as for eshi_engine_new_with_precision()
 *
 * Opens the device for a moment, to see what it would compute with. Thread: as above; takes a moment.
 *
 * Error: as from painting with it.
 *
 * Returns: (nullable): "f32", "bf16" or "f16"; static
 */
ESHI_AVAILABLE
const char *eshi_device_find_type (const char  *backend,
                                   const char  *precision,
                                   GError     **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiDevice, eshi_device_free)

G_END_DECLS
