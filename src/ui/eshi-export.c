/* eshi-export.c: copies of pictures in the format that the artist chooses.
 *
 * The original is never touched, and no file is replaced that the file chooser has not asked about.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-export.h"

#include "eshi-contact-page.h"
#include "eshi-options.h"

#include <eshi-picture-file.h>
#include <glib/gi18n-lib.h>

#define CHOICE_FORMAT "format"
#define CHOICE_SETTINGS "settings"
#define MAX_NAMES 1000
#define LENT_FOLDER "doc" /* where the document portal shows a sandbox what was chosen, in the runtime folder */

static const char * const format_ids[] = { "png", "jpeg", "webp", NULL };

EshiExport *
eshi_export_new (GPtrArray   *files,
                 EshiPicture *picture)
{
  EshiExport *self = g_new0 (EshiExport, 1);

  self->files = files;
  self->picture = picture != NULL ? g_object_ref (picture) : NULL;
  self->with_settings = g_settings_get_boolean (eshi_options_get (), ESHI_OPTION_KEEP_SETTINGS);
  return self;
}

EshiExport *
eshi_export_new_sheet (GPtrArray *pictures)
{
  EshiExport *self = eshi_export_new (g_ptr_array_new_with_free_func (g_object_unref), NULL);

  self->sheet = pictures;
  return self;
}

void
eshi_export_free (EshiExport *self)
{
  g_ptr_array_unref (self->files);
  g_clear_object (&self->picture);
  g_clear_pointer (&self->sheet, g_ptr_array_unref);
  g_clear_object (&self->target);
  g_free (self);
}

/* --- names ------------------------------------------------------------------------------------------------------- */

/* Whether @name ends as files of a format do, and as which. @stem_bytes: length of the name without that */
static gboolean
format_of_name (const char        *name,
                EshiPictureFormat *format,
                gsize             *stem_bytes)
{
  const char *dot = strrchr (name, '.');

  *stem_bytes = dot != NULL ? (gsize) (dot - name) : strlen (name);
  if (dot != NULL && eshi_picture_format_from_name (dot + 1, format))
    return TRUE;
  *stem_bytes = strlen (name);
  return FALSE;
}

/* @name as a file of this format is called, with a number behind it if @number is above 1. (transfer full) */
static char *
dup_name (const char        *name,
          EshiPictureFormat  format,
          int                number)
{
  EshiPictureFormat named;
  gsize stem_bytes;
  const char *suffix = eshi_picture_format_get_suffix (format);
  g_autofree char *stem = NULL;

  if (format_of_name (name, &named, &stem_bytes) && named == format && number <= 1)
    return g_strdup (name);
  stem = g_strndup (name, stem_bytes);
  if (number <= 1)
    return g_strconcat (stem, ".", suffix, NULL);
  return g_strdup_printf ("%s-%d.%s", stem, number, suffix);
}

/* The first file in @folder that is not there. (transfer full) */
static GFile *
find_free (GFile             *folder,
           const char        *name,
           EshiPictureFormat  format)
{
  g_autoptr(GFile) file = NULL;

  for (int number = 1; number < MAX_NAMES; number++)
    {
      g_autofree char *numbered = dup_name (name, format, number);

      g_clear_object (&file);
      file = g_file_get_child (folder, numbered);
      if (!g_file_query_exists (file, NULL))
        break;
    }
  return g_steal_pointer (&file);
}

/* --- the choice -------------------------------------------------------------------------------------------------- */

static void
add_choices (EshiExport     *self,
             GtkFileChooser *chooser)
{
  const char *labels[] = { _("PNG, without loss"), _("JPEG, small"), _("WebP, smallest"), NULL };

  gtk_file_chooser_add_choice (chooser, CHOICE_FORMAT, _("Format"), (const char **) format_ids, labels);
  gtk_file_chooser_set_choice (chooser, CHOICE_FORMAT, format_ids[self->format]);
  /* A page says of each picture what is written under it. */
  if (self->sheet != NULL)
    return;
  gtk_file_chooser_add_choice (chooser, CHOICE_SETTINGS, _("Say in the file how it was made"), NULL, NULL);
  gtk_file_chooser_set_choice (chooser, CHOICE_SETTINGS, self->with_settings ? "true" : "false");
}

/* (transfer full) */
static char *
dup_first_name (EshiExport *self)
{
  if (self->target != NULL)
    {
      g_autofree char *chosen = g_file_get_basename (self->target);

      return dup_name (chosen, self->format, 1);
    }
  if (self->sheet != NULL)
    return g_strconcat (_("Contact Sheet"), ".png", NULL);
  if (self->files->len > 0)
    return g_file_get_basename (g_ptr_array_index (self->files, 0));
  return g_strdup_printf ("%" G_GUINT64_FORMAT ".png", eshi_picture_get_settings (self->picture)->seed);
}

GtkFileChooserNative *
eshi_export_create_chooser (EshiExport *self,
                            GtkWindow  *parent)
{
  gboolean several = self->files->len > 1;
  const char *one = self->sheet != NULL ? _("Export Contact Sheet") : _("Export Picture");
  GtkFileChooserNative *chooser =
    gtk_file_chooser_native_new (several ? _("Export Pictures Into a Folder") : one, parent,
                                 several ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER : GTK_FILE_CHOOSER_ACTION_SAVE,
                                 _("_Save"), _("_Cancel"));

  if (!several)
    {
      g_autofree char *name = dup_first_name (self);

      gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
    }
  add_choices (self, GTK_FILE_CHOOSER (chooser));
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  return chooser;
}

gboolean
eshi_export_take_choices (EshiExport     *self,
                          GtkFileChooser *chooser)
{
  const char *format = gtk_file_chooser_get_choice (chooser, CHOICE_FORMAT);
  g_autoptr(GFile) target = gtk_file_chooser_get_file (chooser);
  g_autofree char *name = target != NULL ? g_file_get_basename (target) : NULL;
  EshiPictureFormat named;
  gsize stem_bytes;

  self->format = ESHI_PICTURE_PNG;
  if (format != NULL)
    eshi_picture_format_from_name (format, &self->format);
  self->with_settings = g_strcmp0 (gtk_file_chooser_get_choice (chooser, CHOICE_SETTINGS), "false") != 0;
  g_set_object (&self->target, target);
  if (target == NULL || self->files->len > 1)
    return target != NULL;
  if (self->format == ESHI_PICTURE_PNG && format_of_name (name, &named, &stem_bytes))
    self->format = named;
  return TRUE;
}

gboolean
eshi_export_is_misnamed (const EshiExport *self)
{
  g_autofree char *lent = g_build_filename (g_get_user_runtime_dir (), LENT_FOLDER, "", NULL);
  g_autofree char *name = NULL;
  g_autofree char *fitting = NULL;

  if (self->target == NULL || self->files->len > 1 || !g_str_has_prefix (g_file_peek_path (self->target), lent))
    return FALSE;
  name = g_file_get_basename (self->target);
  fitting = dup_name (name, self->format, 1);
  return !g_str_equal (name, fitting);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static gboolean
write_image (EshiExport          *self,
             GFile               *target,
             EshiImage           *image,
             const EshiSettings  *settings,
             const char          *model_name,
             GError             **error)
{
  return eshi_picture_export_save (g_file_peek_path (target), image, self->with_settings ? settings : NULL,
                                   self->with_settings ? model_name : NULL, self->format, ESHI_PICTURE_QUALITY, error);
}

static gboolean
write_file (EshiExport    *self,
            GFile         *source,
            GFile         *target,
            GCancellable  *cancellable,
            GError       **error)
{
  const char *path = g_file_peek_path (source);
  g_autoptr(EshiImage) image = NULL;
  g_autoptr(EshiSettings) settings = NULL;
  g_autofree char *model_name = NULL;

  if (self->format == ESHI_PICTURE_PNG && self->with_settings)
    return g_file_copy (source, target, G_FILE_COPY_OVERWRITE, cancellable, NULL, NULL, error);
  image = eshi_picture_file_load_image (path, error);
  if (image == NULL)
    return FALSE;
  /* A file that does not say how it was made is exported without. */
  settings = eshi_picture_file_load_settings (path, &model_name, NULL);
  return write_image (self, target, image, settings, model_name, error);
}

static gboolean
write_sheet (EshiExport    *self,
             GFile         *target,
             GCancellable  *cancellable,
             GError       **error)
{
  g_autoptr(EshiImage) page = eshi_contact_page_new (self->sheet, cancellable, error);

  return page != NULL && eshi_picture_export_save (g_file_peek_path (target), page, NULL, NULL, self->format,
                                                   ESHI_PICTURE_QUALITY, error);
}

static gboolean
write_one (EshiExport    *self,
           GCancellable  *cancellable,
           GError       **error)
{
  g_autofree char *name = g_file_get_basename (self->target);
  g_autofree char *fitting = dup_name (name, self->format, 1);
  g_autoptr(GFile) folder = g_file_get_parent (self->target);
  g_autoptr(GFile) target = g_str_equal (name, fitting) ? g_object_ref (self->target)
                                                         : find_free (folder, name, self->format);

  if (self->sheet != NULL)
    return write_sheet (self, target, cancellable, error);
  if (self->files->len > 0)
    return write_file (self, g_ptr_array_index (self->files, 0), target, cancellable, error);
  return write_image (self, target, eshi_picture_get_image (self->picture), eshi_picture_get_settings (self->picture),
                      eshi_picture_get_model_name (self->picture), error);
}

gboolean
eshi_export_run (EshiExport    *self,
                 GCancellable  *cancellable,
                 GError       **error)
{
  if (self->files->len <= 1)
    return write_one (self, cancellable, error);
  for (guint i = 0; i < self->files->len; i++)
    {
      GFile *source = g_ptr_array_index (self->files, i);
      g_autofree char *name = g_file_get_basename (source);
      g_autoptr(GFile) target = find_free (self->target, name, self->format);

      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !write_file (self, source, target, cancellable, error))
        return FALSE;
    }
  return TRUE;
}
