/* eshi-contact-page.h: a contact sheet of pictures of the history, with what each is called.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <eshi-history.h>

G_BEGIN_DECLS

/**
 * eshi_contact_page_new:
 * @pictures: (element-type EshiHistoryPicture): in the order of the page, see eshi_contact_sheet_new()
 *
 * Under each picture stand the first words of its prompt, and its seed. One whose file cannot be read is a grey tile.
 * Thread: any; blocks for as long as the files take. Errors: as from eshi_contact_sheet_new(), %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the page
 */
EshiImage *eshi_contact_page_new (GPtrArray     *pictures,
                                  GCancellable  *cancellable,
                                  GError       **error);

G_END_DECLS
