/* eshi-picture-texts.h: the texts in a picture file, whatever its kind.
 *
 * Private to the store.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

/**
 * _eshi_picture_texts_read:
 * @file: a PNG, JPEG or WebP file; told apart by its first bytes
 *
 * PNG: all texts (tEXt, zTXt, iTXt), before and after the pixels; the first of a keyword counts. JPEG, WebP: the EXIF
 * comment under "UserComment", and the texts that ComfyUI puts into other EXIF fields under "prompt" and "workflow".
 * Damaged parts are passed over, and what would make it more than 16 MiB in all. The pixels are not looked at.
 *
 * Error: %ESHI_ERROR_INVALID_ARGUMENT when it is none of these. Thread: any.
 *
 * Returns: (transfer full): UTF-8 by keyword
 */
GHashTable *_eshi_picture_texts_read (GBytes      *file,
                                      GError     **error);

/* (transfer full) (nullable): [n_bytes] of UTF-8 as it is, of anything else as Latin-1; NULL if a NUL is in it. */
char       *_eshi_picture_text_dup   (const guint8 *bytes,
                                      gsize         n_bytes);

/* Adds what the EXIF block [n_bytes], which begins with its TIFF header, has to say to @texts. Any bytes will do. */
void        _eshi_exif_read_texts    (const guint8  *bytes,
                                      gsize          n_bytes,
                                      GHashTable    *texts);

G_END_DECLS
