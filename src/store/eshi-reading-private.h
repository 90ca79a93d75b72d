/* eshi-reading-private.h: how Japanese text is read aloud, by MeCab where it is installed.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* MeCab with its dictionary. Thread: one at a time. */
typedef struct _EshiReader EshiReader;

/* (transfer full) (nullable): NULL where MeCab or a dictionary is not installed, or ESHI_MECAB is "no". */
EshiReader *_eshi_reader_new  (void);
void        _eshi_reader_free (EshiReader *self);

/* (transfer full): the reading of @text in katakana, words that the dictionary does not know left out; "" if there is
 * none. */
char       *_eshi_reader_read (EshiReader *self,
                               const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiReader, _eshi_reader_free)

G_END_DECLS
