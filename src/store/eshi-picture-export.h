/* eshi-picture-export.h: copies of pictures for others: JPEG and WebP, with how they were made.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

/**
 * EshiPictureFormat:
 * @ESHI_PICTURE_PNG: lossless; see eshi_picture_file_encode()
 * @ESHI_PICTURE_JPEG: colours at full resolution
 * @ESHI_PICTURE_WEBP: lossy
 *
 * Formats of copies. The original is always PNG.
 */
typedef enum
{
  ESHI_PICTURE_PNG,
  ESHI_PICTURE_JPEG,
  ESHI_PICTURE_WEBP,
} EshiPictureFormat;

#define ESHI_PICTURE_QUALITY 92

/* "png", "jpeg" or "jpg", "webp", in any case. Returns: whether there is a format of that name */
gboolean    eshi_picture_format_from_name (const char         *name,
                                           EshiPictureFormat  *format);

/* "png", "jpg", "webp": what file names end with. Returns: (transfer none) */
const char *eshi_picture_format_get_suffix (EshiPictureFormat  format);

/**
 * eshi_picture_export_encode:
 * @image: the picture
 * @settings: (nullable): how it was made; %NULL for a copy that does not say so
 * @model_name: (nullable): name of the model
 * @quality: 1 to 100; means nothing for PNG
 *
 * JPEG and WebP say how they were made in the EXIF comment, in the grammar that other programs read there; where that is
 * longer than a JPEG file can hold, 65,000 bytes, it is left out. Thread: any. Errors: %ESHI_ERROR_FAILED.
 *
 * Returns: (transfer full): a file
 */
GBytes     *eshi_picture_export_encode     (EshiImage           *image,
                                            const EshiSettings  *settings,
                                            const char          *model_name,
                                            EshiPictureFormat    format,
                                            int                  quality,
                                            GError             **error);

/* Writes such a file to @path, whole or not at all. Errors: as from eshi_picture_file_save(). */
gboolean    eshi_picture_export_save       (const char          *path,
                                            EshiImage           *image,
                                            const EshiSettings  *settings,
                                            const char          *model_name,
                                            EshiPictureFormat    format,
                                            int                  quality,
                                            GError             **error);

G_END_DECLS
