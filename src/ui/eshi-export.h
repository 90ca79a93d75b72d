/* eshi-export.h: copies of pictures in the format that the artist chooses.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <eshi-picture-export.h>
#include <gtk/gtk.h>

#include "eshi-picture.h"

G_BEGIN_DECLS

/**
 * EshiExport:
 * @files: (element-type GFile): pictures to copy; empty for @picture
 * @picture: (nullable): a picture that has no file yet
 * @sheet: (nullable) (element-type EshiHistoryPicture): pictures to put on one page instead
 * @target: the new file; a folder for several @files
 * @format: of the copies
 * @with_settings: whether the copies say how they were made
 *
 * What is to be copied, and how.
 */
typedef struct
{
  GPtrArray         *files;
  EshiPicture       *picture;
  GPtrArray         *sheet;
  GFile             *target;
  EshiPictureFormat  format;
  gboolean           with_settings;
} EshiExport;

/* @files: (transfer full) (element-type GFile): @picture: (nullable): a reference is kept */
EshiExport *eshi_export_new (GPtrArray   *files,
                             EshiPicture *picture);

/* @pictures: (transfer full) (element-type EshiHistoryPicture): for a contact sheet, see eshi_contact_page_new() */
EshiExport *eshi_export_new_sheet (GPtrArray *pictures);

void eshi_export_free (EshiExport *self);

/**
 * eshi_export_create_chooser:
 *
 * Returns: (transfer full): a file chooser for it, or a folder chooser for several files, with the choice of the format
 */
GtkFileChooserNative *eshi_export_create_chooser (EshiExport *self,
                                                  GtkWindow  *parent);

/* Takes over what was chosen. A name that ends as another format does chooses that. Returns: whether there is a target */
gboolean eshi_export_take_choices (EshiExport     *self,
                                   GtkFileChooser *chooser);

/* Whether @target, as it was chosen, is called as another format's file, and lies where only a file of that name may be
 * written: what a sandbox is lent. A chooser that is created now proposes the name that fits. */
gboolean eshi_export_is_misnamed (const EshiExport *self);

/**
 * eshi_export_run:
 *
 * Writes the copies. PNG files with their settings are copied byte for byte. Where the name had to be changed to fit the
 * format, and in a folder, no file is replaced. Thread: any; blocks. Errors: as from eshi_picture_export_save() and
 * eshi_picture_file_load_image(), from eshi_contact_page_new() for a page, or %G_IO_ERROR codes; what was written before
 * stays.
 */
gboolean eshi_export_run (EshiExport    *self,
                          GCancellable  *cancellable,
                          GError       **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiExport, eshi_export_free)

G_END_DECLS
