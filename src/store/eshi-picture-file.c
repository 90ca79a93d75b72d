/* eshi-picture-file.c: pictures on disk, whole or not at all.
 *
 * A file is made in memory, written under a temporary name in the same folder, and put in its place when the disk has
 * it. Knows no history and deletes nothing but its own temporary files.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "eshi-picture-file-private.h"
#include "eshi-picture-file.h"
#include "eshi-picture-name.h"
#include "eshi-picture-png.h"
#include "eshi-picture-texts.h"

#define PARAMETERS_KEYWORD "parameters"
#define JSON_KEYWORD "eshi"
#define MAX_FILE_BYTES (256 << 20)

/* Names tried before giving up on a folder in which others save at the same time. */
#define MAX_TRIES 1000

GBytes *
eshi_picture_file_encode (EshiImage           *image,
                          const EshiSettings  *settings,
                          const char          *model_name,
                          GError             **error)
{
  g_autofree char *parameters = NULL;
  g_autofree char *json = NULL;
  EshiPngText texts[2] = { { PARAMETERS_KEYWORD, NULL }, { JSON_KEYWORD, NULL } };

  g_return_val_if_fail (image != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (settings == NULL)
    return _eshi_png_encode (image, NULL, 0, error);

  texts[0].text = parameters = eshi_settings_to_parameters (settings, model_name);
  texts[1].text = json = eshi_settings_to_json (settings, model_name);

  return _eshi_png_encode (image, texts, G_N_ELEMENTS (texts), error);
}

/* One sentence for @code, from writing @path. */
static void
set_write_error (GError     **error,
                 int          code,
                 const char  *path)
{
  g_autofree char *shown = g_filename_display_name (path);
  int file_error = g_file_error_from_errno (code);

  if (code == ENOSPC || code == EDQUOT)
    g_set_error (error, G_FILE_ERROR, file_error,
                 _("The disk is full, so “%s” was not saved; make room and save it again."), shown);
  else if (code == EACCES || code == EPERM || code == EROFS)
    g_set_error (error, G_FILE_ERROR, file_error,
                 _("“%s” cannot be written there; choose a folder that you may write to."), shown);
  else if (code == ENOENT || code == ENOTDIR)
    g_set_error (error, G_FILE_ERROR, file_error,
                 _("The folder of “%s” does not exist; choose another one."), shown);
  else if (code == EISDIR)
    g_set_error (error, G_FILE_ERROR, file_error,
                 _("“%s” is a folder; choose another name for the picture."), shown);
  else
    g_set_error (error, G_FILE_ERROR, file_error,
                 _("“%s” could not be saved (%s); choose another place."), shown, g_strerror (code));
}

static gboolean
write_all (int     fd,
           GBytes *bytes)
{
  gsize n_bytes = 0;
  const char *data = g_bytes_get_data (bytes, &n_bytes);

  while (n_bytes > 0)
    {
      gssize n_written = write (fd, data, n_bytes);

      if (n_written < 0 && errno == EINTR)
        continue;
      if (n_written < 0)
        return FALSE;
      data += n_written;
      n_bytes -= n_written;
    }

  return fsync (fd) == 0 || errno == EINVAL;
}

/* Writes @bytes beside @path under a name of its own; (transfer full), NULL with errno set. Leaves nothing behind after
 * an error. */
static char *
write_beside (const char *path,
              GBytes     *bytes)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *temporary = g_build_filename (folder, ".eshi-XXXXXX", NULL);
  int fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0666);
  gboolean written = FALSE;
  int code = errno;

  if (fd == -1)
    return NULL;

  written = write_all (fd, bytes);
  code = errno;
  if (close (fd) != 0 && written)
    {
      written = FALSE;
      code = errno;
    }
  if (!written)
    {
      g_unlink (temporary);
      errno = code;
      return NULL;
    }

  return g_steal_pointer (&temporary);
}

/* Renaming would put the picture in the place of a device. */
static gboolean
check_target (const char  *path,
              GError     **error)
{
  GStatBuf status;

  if (g_stat (path, &status) != 0 || S_ISREG (status.st_mode))
    return TRUE;

  set_write_error (error, S_ISDIR (status.st_mode) ? EISDIR : EACCES, path);

  return FALSE;
}

gboolean
eshi_picture_file_check (const char  *path,
                         GError     **error)
{
  g_autofree char *folder = NULL;

  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  folder = g_path_get_dirname (path);
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      set_write_error (error, ENOENT, path);
      return FALSE;
    }
  if (g_access (folder, W_OK | X_OK) != 0)
    {
      set_write_error (error, errno, path);
      return FALSE;
    }

  return check_target (path, error);
}

gboolean
_eshi_picture_file_write (const char  *path,
                          GBytes      *bytes,
                          GError     **error)
{
  g_autofree char *temporary = NULL;

  if (!check_target (path, error))
    return FALSE;

  temporary = write_beside (path, bytes);
  if (temporary == NULL || g_rename (temporary, path) != 0)
    {
      int code = errno;

      if (temporary != NULL)
        g_unlink (temporary);
      set_write_error (error, code, path);
      return FALSE;
    }

  return TRUE;
}

gboolean
eshi_picture_file_save (const char          *path,
                        EshiImage           *image,
                        const EshiSettings  *settings,
                        const char          *model_name,
                        GError             **error)
{
  g_autoptr(GBytes) bytes = NULL;

  g_return_val_if_fail (path != NULL, FALSE);

  bytes = eshi_picture_file_encode (image, settings, model_name, error);

  return bytes != NULL && _eshi_picture_file_write (path, bytes, error);
}

char *
eshi_picture_file_today (void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *day = g_date_time_format (now, "%F");
  const char *pictures = g_get_user_special_dir (G_USER_DIRECTORY_PICTURES);

  if (pictures == NULL)
    pictures = g_get_home_dir ();

  return g_build_filename (pictures, "Eshi", day, NULL);
}

/* The highest number between @before and @after in the name of a file in @folder; 0 if there is none. */
static guint
highest_number (const char *folder,
                const char *before,
                const char *after)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  gsize n_before = strlen (before);
  const char *name = NULL;
  guint highest = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      gsize n_digits = 0;

      if (strncmp (name, before, n_before) != 0)
        continue;
      n_digits = strspn (name + n_before, "0123456789");
      /* The first character behind the number is enough to know our own names by. */
      if (n_digits >= 4 && n_digits <= 9 && name[n_before + n_digits] == (*after != '\0' ? *after : '.'))
        highest = MAX (highest, (guint) g_ascii_strtoull (name + n_before, NULL, 10));
    }

  return highest;
}

/* (transfer full): the name to try next, after @n_tries were taken. */
static char *
next_name (const char *folder,
           const char *before,
           const char *after,
           guint       n_tries)
{
  if (after != NULL)
    return g_strdup_printf ("%s%04u%s.png", before, highest_number (folder, before, after) + 1, after);
  if (n_tries == 0)
    return g_strconcat (before, ".png", NULL);

  return g_strdup_printf ("%s-%u.png", before, n_tries + 1);
}

/* Gives the file @temporary a free name in @folder; (transfer full), NULL with errno set. A hard link fails where the
 * name is taken, which renaming does not. */
static char *
link_next (const char       *folder,
           const char       *temporary,
           const EshiNaming *naming)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  eshi_picture_name_expand (naming->pattern, naming->settings, naming->model_name, now, &before, &after);
  for (guint i = 0; i < MAX_TRIES; i++)
    {
      g_autofree char *name = next_name (folder, before, after, i);
      g_autofree char *path = g_build_filename (folder, name, NULL);
      gboolean taken = FALSE;

      if (link (temporary, path) == 0)
        {
          g_unlink (temporary);
          return g_steal_pointer (&path);
        }
      taken = errno == EEXIST;
      /* No hard links on this file system; the name was free a moment ago. */
      if (!taken && !g_file_test (path, G_FILE_TEST_EXISTS) && g_rename (temporary, path) == 0)
        return g_steal_pointer (&path);
      if (!taken)
        return NULL;
    }

  return NULL;
}

char *
_eshi_picture_file_write_in_folder (const char        *folder,
                                    GBytes            *bytes,
                                    const EshiNaming  *naming,
                                    GError           **error)
{
  g_autofree char *pattern = g_build_filename (folder, "picture.png", NULL);
  g_autofree char *temporary = NULL;
  g_autofree char *path = NULL;

  if (g_mkdir_with_parents (folder, 0777) == 0)
    temporary = write_beside (pattern, bytes);
  if (temporary != NULL)
    path = link_next (folder, temporary, naming);
  if (path == NULL)
    {
      int code = errno;

      if (temporary != NULL)
        g_unlink (temporary);
      set_write_error (error, code, folder);
      return NULL;
    }

  return g_steal_pointer (&path);
}

char *
eshi_picture_file_save_in_folder (const char          *folder,
                                  EshiImage           *image,
                                  const EshiSettings  *settings,
                                  const char          *model_name,
                                  GError             **error)
{
  g_autoptr(GBytes) bytes = eshi_picture_file_encode (image, settings, model_name, error);
  g_autofree char *today = folder == NULL ? eshi_picture_file_today () : NULL;
  EshiNaming naming = { NULL, settings, model_name };

  if (bytes == NULL)
    return NULL;

  return _eshi_picture_file_write_in_folder (folder != NULL ? folder : today, bytes, &naming, error);
}

static GBytes *
read_file (const char  *path,
           GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autofree char *shown = g_filename_display_name (path);
  char *contents = NULL;
  gsize n_bytes = 0;
  GStatBuf status;

  if (g_stat (path, &status) == 0 && (!S_ISREG (status.st_mode) || status.st_size > MAX_FILE_BYTES))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("“%s” is not a picture file, or too large for one; choose another file."), shown);
      return NULL;
    }
  if (!g_file_get_contents (path, &contents, &n_bytes, &local_error))
    {
      g_set_error (error, local_error->domain, local_error->code,
                   _("“%s” cannot be read; check that it exists and that you may read it."), shown);
      return NULL;
    }

  return g_bytes_new_take (contents, n_bytes);
}

EshiPictureSettings *
eshi_picture_file_inspect (const char  *path,
                           GError     **error)
{
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GHashTable) texts = NULL;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  bytes = read_file (path, error);
  texts = bytes != NULL ? _eshi_picture_texts_read (bytes, error) : NULL;

  return texts != NULL ? eshi_picture_settings_new_from_texts (texts) : NULL;
}

EshiSettings *
eshi_picture_file_load_settings (const char  *path,
                                 char       **model_name,
                                 GError     **error)
{
  g_autoptr(EshiPictureSettings) found = eshi_picture_file_inspect (path, error);

  if (found == NULL)
    return NULL;

  if (found->settings == NULL)
    {
      g_autofree char *shown = g_filename_display_name (path);

      g_set_error (error, ESHI_ERROR, ESHI_ERROR_INVALID_ARGUMENT,
                   _("“%s” does not say how it was made; choose the file as the painting program saved it."), shown);
      return NULL;
    }
  if (model_name != NULL)
    *model_name = g_strdup (found->model_name);

  if (found->settings->model_hash == NULL)
    found->settings->model_hash = g_strdup (found->model_hash);
  return g_steal_pointer (&found->settings);
}

EshiImage *
eshi_picture_file_load_image (const char  *path,
                              GError     **error)
{
  g_autoptr(GBytes) bytes = NULL;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  bytes = read_file (path, error);

  return bytes != NULL ? _eshi_png_decode (bytes, error) : NULL;
}
