/* eshi-normalizer.h: the first half of SentencePiece: text into a canonical form, by a table from the model file.
 *
 * Only the usual settings: extra spaces go, the others become "▁", and one is put in front.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _EshiNormalizer EshiNormalizer;

/**
 * eshi_normalizer_new:
 * @charsmap: (array length=size): the precompiled_charsmap: a double-array trie and its replacements; copied
 * @size: bytes of @charsmap; 0 for a normalizer that replaces nothing
 *
 * Errors: %ESHI_ERROR_MODEL_INVALID.
 *
 * Returns: (transfer full): the normalizer; %NULL with @error set
 */
EshiNormalizer *eshi_normalizer_new   (const guint8         *charsmap,
                                       gsize                 size,
                                       GError              **error);

void            eshi_normalizer_free  (EshiNormalizer       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiNormalizer, eshi_normalizer_free)

/**
 * eshi_normalizer_apply:
 * @self: a normalizer
 * @text: (array length=length): text; malformed bytes become U+FFFD
 * @length: bytes of @text
 * @out: what the normal form is appended to; nothing where @text is only spaces
 * @origins: (nullable) (element-type guint32): for each byte that is appended, the byte of @text that it comes from
 *
 * Thread: any.
 */
void            eshi_normalizer_apply (const EshiNormalizer *self,
                                       const char           *text,
                                       gsize                 length,
                                       GString              *out,
                                       GArray               *origins);

G_END_DECLS
