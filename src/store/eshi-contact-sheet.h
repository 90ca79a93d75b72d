/* eshi-contact-sheet.h: many pictures on one page, in rows and columns.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <libeshi-engine.h>

G_BEGIN_DECLS

/* Pixels of a tile's longer side, and of the white around it. */
#define ESHI_CONTACT_SHEET_TILE 320
#define ESHI_CONTACT_SHEET_GAP 16
/* Pictures on a page, at most. */
#define ESHI_CONTACT_SHEET_MAX 500

/**
 * EshiContactSheet:
 *
 * A page that is filled picture by picture, from the left to the right and downwards. Thread: any, one at a time.
 */
typedef struct _EshiContactSheet EshiContactSheet;

/**
 * eshi_contact_sheet_new:
 * @n: pictures to come, 1 to %ESHI_CONTACT_SHEET_MAX
 * @columns: of the page; 0 for about as many as rows. More than @n are as @n
 * @caption_height: pixels under each picture for what is said about it; 0 for nothing
 *
 * Errors: %ESHI_ERROR_INVALID_ARGUMENT, also for a page that would be longer than a picture may be.
 *
 * Returns: (transfer full): a white page
 */
EshiContactSheet *eshi_contact_sheet_new    (guint              n,
                                             guint              columns,
                                             int                caption_height,
                                             GError           **error);

void              eshi_contact_sheet_free   (EshiContactSheet  *self);

/**
 * eshi_contact_sheet_add:
 * @picture: (nullable): the next picture, as large as a tile, in the middle of its place; %NULL for a grey tile
 * @caption: (nullable): [caption_height, %ESHI_CONTACT_SHEET_TILE, 3], what stands under it
 *
 * Does nothing for more pictures than were to come.
 */
void              eshi_contact_sheet_add    (EshiContactSheet  *self,
                                             EshiImage         *picture,
                                             EshiImage         *caption);

/* Ends the page, which takes no more pictures. Returns: (transfer full): [height, width, 3] */
EshiImage        *eshi_contact_sheet_finish (EshiContactSheet  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiContactSheet, eshi_contact_sheet_free)

G_END_DECLS
