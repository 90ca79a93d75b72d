/* eshi-picture-file.h: finished pictures as PNG files that know how they were made.
 *
 * A file holds the settings twice: as text under the keyword "parameters", in the grammar that other programs read,
 * and as a JSON object under the keyword "eshi", which is exact. Text outside ASCII is stored as UTF-8 (iTXt).
 *
 * Thread: any; the functions block for as long as the disk takes.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

/**
 * eshi_picture_file_encode:
 * @image: the picture
 * @settings: (nullable): how it was made
 * @model_name: (nullable): name of the model that made it
 *
 * The same picture and settings always give the same bytes.
 *
 * Returns: (transfer full): a PNG file
 */
GBytes *eshi_picture_file_encode (EshiImage           *image,
                                  const EshiSettings  *settings,
                                  const char          *model_name,
                                  GError             **error);

/**
 * eshi_picture_file_save:
 * @path: file to write, in the file system's encoding; replaced whole if it exists
 *
 * After an error nothing is left behind, and an older file of that name is what it was. The error is a sentence that
 * says what happened and what to do.
 */
gboolean eshi_picture_file_save (const char          *path,
                                 EshiImage           *image,
                                 const EshiSettings  *settings,
                                 const char          *model_name,
                                 GError             **error);

/**
 * eshi_picture_file_check:
 * @path: file that is to be written later
 *
 * Whether eshi_picture_file_save() would find a folder there that it may write to, so that nobody waits for a picture
 * that has no place. Error: as from saving.
 */
gboolean eshi_picture_file_check (const char  *path,
                                  GError     **error);

/**
 * eshi_picture_file_save_in_folder:
 * @folder: (nullable): where; made if need be; %NULL for eshi_picture_file_today()
 *
 * Saves under the next free name, NNNN-seed.png with NNNN one above the highest in @folder. Never overwrites, also
 * when several programs save there at once.
 *
 * Returns: (transfer full): path of the new file
 */
char *eshi_picture_file_save_in_folder (const char          *folder,
                                        EshiImage           *image,
                                        const EshiSettings  *settings,
                                        const char          *model_name,
                                        GError             **error);

/* Today's folder, below the user's folder for pictures: "…/Eshi/2026-11-23". It need not exist. (transfer full) */
char *eshi_picture_file_today (void);

/**
 * eshi_picture_file_inspect:
 * @path: a PNG, JPEG or WebP file, up to 256 MiB
 *
 * All that the file's texts say about how it was made; see eshi_picture_settings_new_from_texts(). Its pixels are not
 * looked at.
 *
 * Errors: %G_FILE_ERROR codes when it cannot be read; %ESHI_ERROR_INVALID_ARGUMENT when it is no such file.
 *
 * Returns: (transfer full): what it says; "settings" in it is %NULL when that is nothing
 */
EshiPictureSettings *eshi_picture_file_inspect (const char  *path,
                                                GError     **error);

/**
 * eshi_picture_file_load_settings:
 * @path: a PNG, JPEG or WebP file
 * @model_name: (out) (optional) (nullable): name of the model that made it
 *
 * The settings out of eshi_picture_file_inspect(). Values are not checked against their ranges; see
 * eshi_settings_validate().
 *
 * Errors: as above; %ESHI_ERROR_INVALID_ARGUMENT also when it does not say how it was made.
 *
 * Returns: (transfer full): the settings; "model" is always %NULL
 */
EshiSettings *eshi_picture_file_load_settings (const char  *path,
                                               char       **model_name,
                                               GError     **error);

/**
 * eshi_picture_file_load_image:
 * @path: a PNG file of any kind, up to 16384 pixels a side and 64 megapixels
 *
 * Colours are taken as sRGB, transparent parts are laid on white, 16 bits are rounded to 8.
 *
 * Errors: %G_FILE_ERROR codes when it cannot be read; %ESHI_ERROR_INVALID_ARGUMENT when it is no PNG file, or broken.
 *
 * Returns: (transfer full): the picture
 */
EshiImage *eshi_picture_file_load_image (const char  *path,
                                         GError     **error);

G_END_DECLS
