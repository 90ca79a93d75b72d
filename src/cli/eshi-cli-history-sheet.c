/* eshi-cli-history-sheet.c: eshi-cli history export --contact-sheet: pictures on one page.
 *
 * Without captions, for which there are no letters here: the window draws them. A picture whose file cannot be read is a
 * grey tile, and is complained about.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cli-history.h"

#include "eshi-contact-sheet.h"
#include "eshi-picture-file.h"

/* Complains itself. */
static gboolean
add_one (EshiContactSheet *sheet,
         EshiHistory      *history,
         const char       *id)
{
  g_autoptr(EshiHistoryPicture) picture = eshi_cli_history_load (history, id);
  g_autoptr(EshiImage) image = NULL;
  g_autoptr(GError) error = NULL;

  if (picture == NULL)
    return FALSE;

  image = eshi_picture_file_load_image (picture->path, &error);
  if (image == NULL)
    eshi_cli_complain (error->message);
  eshi_contact_sheet_add (sheet, image, NULL);

  return TRUE;
}

int
eshi_cli_history_write_sheet (EshiHistory        *history,
                              char              **ids,
                              const char         *path,
                              guint               columns,
                              EshiPictureFormat   format,
                              int                 quality)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiContactSheet) sheet = eshi_contact_sheet_new (g_strv_length (ids), columns, 0, &error);
  g_autoptr(EshiImage) page = NULL;

  if (sheet == NULL)
    return eshi_cli_fail (error);
  for (guint i = 0; ids[i] != NULL; i++)
    if (!add_one (sheet, history, ids[i]))
      return ESHI_CLI_FAILED;

  page = eshi_contact_sheet_finish (sheet);
  if (!eshi_picture_export_save (path, page, NULL, NULL, format, quality, &error))
    return eshi_cli_fail (error);
  eshi_cli_print (path);

  return ESHI_CLI_OK;
}
