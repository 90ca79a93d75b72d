/* eshi-tokens.h: the tokenizer of a model, for rulers and for comparing.
 *
 * Comparing sees the text as it is; the ruler sees a prompt as painting does: without its brackets and LoRAs, and with
 * the rows of textual inversions.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

typedef struct _EshiTokens EshiTokens;

/**
 * eshi_tokens_new:
 * @model: (nullable): a model folder, or a bare spiece.model; %NULL for the embedded model
 *
 * Errors: MODEL_MISSING, MODEL_INVALID, UNSUPPORTED. Thread: the object may be used from one thread at a time.
 */
ESHI_AVAILABLE
EshiTokens *eshi_tokens_new (const char  *model,
                             GError     **error);

ESHI_AVAILABLE
void eshi_tokens_free (EshiTokens *self);

/**
 * eshi_tokens_encode:
 * @text: UTF-8
 * @n_ids: (out): how many
 *
 * Returns: (transfer full) (array length=n_ids): the ids with the marks around them, cut to the model's limit, without
 *   padding
 */
ESHI_AVAILABLE
gint32 *eshi_tokens_encode (EshiTokens *self,
                            const char *text,
                            gsize      *n_ids);

/**
 * eshi_tokens_measure:
 * @prompt: UTF-8
 * @emphasis: (nullable): as in EshiSettings
 * @limit: (out): ids that fit as many windows as @prompt needs: 77, 154, … for Stable Diffusion 1.x; one window where the
 *   emphasis is "off"
 * @overflow: (out) (optional): the byte of @prompt from which nothing is read; -1 where all of it is
 *
 * Cost: that of painting's first look at the prompt, well under a millisecond; where it overflows, some ten times that.
 *
 * A prompt that changes from step to step is measured at its first and at its last, and the longer counts.
 *
 * Returns: ids up to the end of @prompt, the marks around it and what is left empty before a BREAK included; more than
 *   @limit where it overflows
 */
ESHI_AVAILABLE
gsize eshi_tokens_measure (EshiTokens *self,
                           const char *prompt,
                           const char *emphasis,
                           gsize      *limit,
                           gssize     *overflow);

/* Ids of one window: 77 for Stable Diffusion 1.x. */
ESHI_AVAILABLE
gsize eshi_tokens_get_limit (const EshiTokens *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiTokens, eshi_tokens_free)

G_END_DECLS
