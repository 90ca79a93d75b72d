/* eshi-tokens.h: the tokenizer of a model, for rulers and for comparing.
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
 * eshi_tokens_count:
 *
 * Returns: ids that @text needs, the marks around it included, before any cut; compare with eshi_tokens_get_limit()
 */
ESHI_AVAILABLE
gsize eshi_tokens_count (EshiTokens *self,
                         const char *text);

/* 77 for Stable Diffusion 1.x. */
ESHI_AVAILABLE
gsize eshi_tokens_get_limit (const EshiTokens *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiTokens, eshi_tokens_free)

G_END_DECLS
