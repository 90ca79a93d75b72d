/* eshi-model-file.c: maps a model's file and tells by its first bytes what it is.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_NAME_CHARS 80

char *
_eshi_model_file_short_name (const char *name)
{
  g_autofree char *cut = NULL;

  if (g_utf8_strlen (name, -1) <= MAX_NAME_CHARS)
    return g_strdup (name);

  cut = g_utf8_substring (name, 0, MAX_NAME_CHARS);
  return g_strconcat (cut, "…", NULL);
}

gboolean
_eshi_model_file_fail (const char  *file,
                       GError     **error,
                       const char  *format,
                       ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);

  /* Translators: the second %s is the reason, a clause without a full stop. */
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
               _("“%s” is damaged or not a model file: %s."), file, reason);
  return FALSE;
}

/* Opens @path if it is a plain file; a pipe would block and a device has no size. */
static int
open_plain_file (const char  *path,
                 const char  *file,
                 GError     **error)
{
  struct stat info;
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

  if (fd < 0)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
                   _("The model file “%s” cannot be opened: %s."), file, g_strerror (errno));
      return -1;
    }
  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      _eshi_model_file_fail (file, error, _("it is not a plain file"));
      close (fd);
      return -1;
    }

  return fd;
}

GBytes *
eshi_model_file_map (const char  *path,
                     int         *fd,
                     GError     **error)
{
  g_autofree char *file = g_filename_display_name (path);
  g_autoptr(GMappedFile) map = NULL;

  *fd = open_plain_file (path, file, error);
  if (*fd < 0)
    return NULL;

  map = g_mapped_file_new_from_fd (*fd, FALSE, NULL);
  if (map == NULL)
    {
      _eshi_model_file_fail (file, error, _("it cannot be mapped into memory"));
      close (*fd);
      *fd = -1;
      return NULL;
    }

  return g_mapped_file_get_bytes (map);
}

static gboolean
begins_with (const guint8 *data,
             gsize         size,
             gsize         at,
             const void   *magic,
             gsize         n_magic)
{
  return size >= n_magic && at <= size - n_magic && memcmp (data + at, magic, n_magic) == 0;
}

/* Whether the text, after space and a byte order mark, begins with @tag in any case. */
static gboolean
begins_with_tag (const guint8 *data,
                 gsize         size,
                 const char   *tag)
{
  gsize at = begins_with (data, size, 0, "\xef\xbb\xbf", 3) ? 3 : 0;

  while (at < size && g_ascii_isspace (data[at]))
    at++;
  return size - at >= strlen (tag) && g_ascii_strncasecmp ((const char *) data + at, tag, strlen (tag)) == 0;
}

/* What people download in place of a model. */
static gboolean
refuse_downloads (const guint8  *data,
                  gsize          size,
                  const char    *file,
                  GError       **error)
{
  static const char lfs[] = "version https://git-lfs";

  if (begins_with (data, size, 0, lfs, strlen (lfs)))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                 _("“%s” is only a placeholder for the real file. The download is incomplete; run “git lfs pull” "
                   "in its folder, or download the file itself."),
                 file);
  else if (begins_with_tag (data, size, "<!doctype html") || begins_with_tag (data, size, "<html"))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                 _("“%s” is a web page and not a model. The site may have asked for a login; download the file itself "
                   "again."),
                 file);
  else if (begins_with_tag (data, size, "{\""))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                 _("“%s” is a message from a site and not a model. The site may ask for a login, or for its terms to be "
                   "accepted; download the file itself again."),
                 file);
  else
    return TRUE;
  return FALSE;
}

/* Models in formats that are not read. */
static gboolean
refuse_formats (const guint8  *data,
                gsize          size,
                const char    *file,
                GError       **error)
{
  if (begins_with (data, size, 0, "GGUF", 4))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("“%s” is a GGUF file, which Eshi does not read. Use the safetensors version of the model."), file);
  else if (begins_with (data, size, 257, "ustar", 5))
    g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                 _("“%s” is a tar archive. If a model was packed into it, unpack it and open the model inside; the "
                   "tar files of the very first PyTorch cannot be read."),
                 file);
  else
    return TRUE;
  return FALSE;
}

gboolean
eshi_model_file_recognise (GBytes             *bytes,
                           const char         *file,
                           EshiModelFileKind  *kind,
                           GError            **error)
{
  static const guint8 legacy[] = { 0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 };
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  if (begins_with (data, size, 0, "PK\003\004", 4))
    *kind = ESHI_MODEL_FILE_TORCH_ZIP;
  else if (begins_with (data, size, 0, legacy, sizeof legacy))
    *kind = ESHI_MODEL_FILE_TORCH_LEGACY;
  else
    *kind = ESHI_MODEL_FILE_SAFETENSORS;

  return *kind != ESHI_MODEL_FILE_SAFETENSORS ||
         (refuse_downloads (data, size, file, error) && refuse_formats (data, size, file, error));
}

gboolean
eshi_model_file_check_unchanged (int          fd,
                                 gsize        size,
                                 const char  *file,
                                 GError     **error)
{
  struct stat info;

  if (fd < 0 || (fstat (fd, &info) == 0 && (guint64) info.st_size >= size))
    return TRUE;

  return _eshi_model_file_fail (file, error, _("it has become shorter since it was opened"));
}
