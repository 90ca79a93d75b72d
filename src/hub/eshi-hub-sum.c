/* eshi-hub-sum.c: SHA-256 of large files, git's SHA-1 of small ones.
 *
 * A hub lists the SHA-256 of what it keeps outside git; the rest it knows as git does: SHA-1 of "blob SIZE", a zero byte
 * and the contents.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hub-sum-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (1 << 20)
#define SHA1_DIGITS 40

void
_eshi_hub_sum_clear (EshiHubSum *self)
{
  g_clear_pointer (&self->git, g_checksum_free);
}

void
_eshi_hub_sum_init (EshiHubSum        *self,
                    const EshiHubFile *file)
{
  g_autofree char *heading = g_strdup_printf ("blob %" G_GOFFSET_FORMAT, file->size);

  _eshi_hub_sum_clear (self);
  eshi_sha256_init (&self->sha256);
  if (strlen (file->sum) != SHA1_DIGITS)
    return;

  self->git = g_checksum_new (G_CHECKSUM_SHA1);
  g_checksum_update (self->git, (const guchar *) heading, (gssize) strlen (heading) + 1);
}

void
_eshi_hub_sum_update (EshiHubSum   *self,
                      const guint8 *data,
                      gsize         n)
{
  if (self->git != NULL)
    g_checksum_update (self->git, data, (gssize) n);
  else
    eshi_sha256_update (&self->sha256, data, n);
}

gboolean
_eshi_hub_sum_fits (EshiHubSum        *self,
                    const EshiHubFile *file)
{
  g_autofree char *sum = self->git != NULL ? g_strdup (g_checksum_get_string (self->git))
                                           : eshi_sha256_finish (&self->sha256);

  return g_str_equal (sum, file->sum);
}

gboolean
_eshi_hub_sum_read (EshiHubSum    *self,
                    int            fd,
                    goffset        n,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_autofree guint8 *piece = g_malloc (PIECE);

  while (n > 0)
    {
      ssize_t n_read = read (fd, piece, (gsize) MIN (n, PIECE));

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (n_read <= 0)
        {
          g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (n_read < 0 ? errno : EIO),
                       _("A downloaded file cannot be read again (%s); the disk may be damaged."),
                       g_strerror (n_read < 0 ? errno : EIO));
          return FALSE;
        }
      _eshi_hub_sum_update (self, piece, (gsize) n_read);
      n -= n_read;
    }
  return TRUE;
}
