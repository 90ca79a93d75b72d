/* eshi-lora-folder.h: LoRAs by name: the folder where they lie beside the models.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/* Names of the files in the folder of LoRAs, without their ending, in order; what <lora:name:weight> takes. Not looked
 * into. Thread: any; reads a folder. Returns: (transfer full) (array zero-terminated=1) */
ESHI_AVAILABLE
char **eshi_lora_folder_list (void);

G_END_DECLS
