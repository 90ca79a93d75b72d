/* eshi-lora-use.h: which LoRAs a request asks for: in its list, and in its prompt as <lora:name:weight>.
 *
 * Knows names and files, and opens none.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-pipeline.h"
#include "eshi-request.h"

G_BEGIN_DECLS

/**
 * EshiLoraUse:
 * @prompt: the prompt without what names LoRAs
 * @loras: (element-type EshiPipelineLora): in the order of the list, then of the prompt; they own their paths
 */
typedef struct
{
  char   *prompt;
  GArray *loras;
} EshiLoraUse;

/**
 * _eshi_lora_use_init:
 *
 * Errors: MODEL_MISSING where a name is not in the folder of LoRAs, with the folder; INVALID_ARGUMENT for a weight.
 * @self is to be cleared in any case.
 */
gboolean _eshi_lora_use_init  (EshiLoraUse         *self,
                               const EshiSettings  *settings,
                               GError             **error);
void     _eshi_lora_use_clear (EshiLoraUse         *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiLoraUse, _eshi_lora_use_clear)

/* (transfer full): @prompt without its <lora:…>, as it goes to the text encoder. */
char    *_eshi_lora_strip     (const char          *prompt);

/* (transfer full): "name:weight" of @item, which is "FILE", "FILE:WEIGHT" or the same with a name. */
char    *_eshi_lora_shorten   (const char          *item);

G_END_DECLS
