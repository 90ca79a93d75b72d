/* eshi-cli-history-export.c: eshi-cli history export: copies of pictures for others.
 *
 * Reads the originals and never changes them.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "eshi-cli-history.h"
#include "eshi-picture-export.h"
#include "eshi-picture-file.h"

typedef struct
{
  char     *folder;
  char     *format_name;
  int       quality;
  gboolean  no_settings;
  char     *sheet;
  int       columns;

  EshiPictureFormat format;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->folder);
  g_free (self->format_name);
  g_free (self->sheet);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* (transfer full): the copy is called as the original but for its ending, with the id before it, since names repeat. */
static char *
pick_path (const EshiHistoryPicture *picture,
           const Options            *options)
{
  g_autofree char *base = g_path_get_basename (picture->path);
  char *dot = strrchr (base, '.');
  g_autofree char *name = NULL;

  if (dot != NULL)
    *dot = '\0';
  name = g_strdup_printf ("%" PRId64 "-%s.%s", picture->id, base, eshi_picture_format_get_suffix (options->format));

  return g_build_filename (options->folder != NULL ? options->folder : ".", name, NULL);
}

/* Complains itself. */
static gboolean
export_one (EshiHistory   *history,
            const char    *id,
            const Options *options)
{
  g_autoptr(EshiHistoryPicture) picture = eshi_cli_history_load (history, id);
  g_autofree char *path = picture != NULL ? pick_path (picture, options) : NULL;
  g_autoptr(EshiImage) image = NULL;
  g_autoptr(GError) error = NULL;

  if (picture == NULL)
    return FALSE;

  image = eshi_picture_file_load_image (picture->path, &error);
  if (image == NULL || !eshi_picture_export_save (path, image, options->no_settings ? NULL : picture->settings,
                                                  picture->model_name, options->format, options->quality, &error))
    {
      eshi_cli_complain (error->message);
      return FALSE;
    }
  eshi_cli_print (path);

  return TRUE;
}

/* What a page is saved as follows from its name, where nothing else was asked for. */
static gboolean
check_sheet (Options *options)
{
  const char *dot = options->sheet != NULL ? strrchr (options->sheet, '.') : NULL;

  if (options->sheet == NULL && options->columns != 0)
    {
      eshi_cli_complain (_("--columns needs --contact-sheet FILE; see “eshi-cli history export --help”."));
      return FALSE;
    }
  if (options->columns < 0)
    {
      eshi_cli_complain (_("The number of columns must be 1 or more."));
      return FALSE;
    }
  if (options->sheet == NULL || options->format_name != NULL ||
      (dot != NULL && eshi_picture_format_from_name (dot + 1, &options->format)))
    return TRUE;

  eshi_cli_complain (_("The name of the contact sheet must end in “.png”, “.jpg” or “.webp”."));
  return FALSE;
}

static gboolean
check_options (Options *options)
{
  if (options->format_name != NULL && !eshi_picture_format_from_name (options->format_name, &options->format))
    {
      eshi_cli_complain (_("There is no such format; choose “png”, “jpeg” or “webp”."));
      return FALSE;
    }
  if (options->quality < 1 || options->quality > 100)
    {
      eshi_cli_complain (_("The quality must be a number from 1 to 100."));
      return FALSE;
    }

  return TRUE;
}

int
eshi_cli_history_export (int    argc,
                         char **argv)
{
  g_auto(Options) options = { .quality = ESHI_PICTURE_QUALITY };
  const GOptionEntry entries[] = {
    { "folder", 'o', 0, G_OPTION_ARG_FILENAME, &options.folder, N_("Folder for the copies; the current one if left out"),
      N_("FOLDER") },
    { "format", 'f', 0, G_OPTION_ARG_FILENAME, &options.format_name, N_("png, jpeg or webp"), N_("NAME") },
    { "quality", 0, 0, G_OPTION_ARG_INT, &options.quality, N_("Of JPEG and WebP, 1 to 100"), N_("NUMBER") },
    { "no-settings", 0, 0, G_OPTION_ARG_NONE, &options.no_settings, N_("Leave out how the pictures were made"), NULL },
    { "contact-sheet", 0, 0, G_OPTION_ARG_FILENAME, &options.sheet,
      N_("Put all pictures on one page in this file instead, in rows and columns"), N_("FILE") },
    { "columns", 0, 0, G_OPTION_ARG_INT, &options.columns, N_("Columns of the page; about as many as rows if left out"),
      N_("NUMBER") },
    { NULL },
  };
  g_auto(GStrv) ids = NULL;
  g_autoptr(EshiHistory) history = NULL;

  if (!eshi_cli_parse (argc, argv, _("ID…"), _("Copies pictures of the history as PNG, JPEG or WebP files."), entries,
                       &ids) ||
      !check_options (&options) || !check_sheet (&options))
    return ESHI_CLI_USAGE;
  if (ids[0] == NULL)
    {
      eshi_cli_complain (_("Give the ids of pictures; see “eshi-cli history list”."));
      return ESHI_CLI_USAGE;
    }
  history = eshi_cli_history_open ();
  if (history == NULL)
    return ESHI_CLI_FAILED;
  if (options.sheet != NULL)
    return eshi_cli_history_write_sheet (history, ids, options.sheet, (guint) options.columns, options.format,
                                         options.quality);
  for (guint i = 0; ids[i] != NULL; i++)
    if (!export_one (history, ids[i], &options))
      return ESHI_CLI_FAILED;

  return ESHI_CLI_OK;
}
