/* eshi-hub-file.c: one file of a download: fetched, broken off, gone on with, checked, renamed.
 *
 * Until its sum is right a file is called NAME.SUM.part, after the sum that it shall have: what arrived of another
 * version is never gone on with. NAME.SUM.etag beside it holds the server's name for the contents, so that the server
 * itself can refuse to go on (If-Range). What lies there is summed again before more is fetched.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hub-file-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eshi-hub-error.h"
#include "eshi-hub-sum-private.h"

#define PIECE (256 << 10)
#define MAX_TRIES 5
#define MAX_DAMAGED 2
#define MIN_PROGRESS (32 << 10)   /* bytes that make a try count as no failure */
#define TELL_US 100000
#define SUM_DIGITS 16

/* One file being fetched. */
typedef struct
{
  EshiHubJob        *job;
  const EshiHubFile *file;
  char              *path;       /* where it goes when it is whole */
  char              *part;       /* until then */
  char              *etag_path;
  int                fd;         /* of @part */
  EshiHubSum         sum;
  goffset            offset;     /* bytes in @part, all of them in @sum */
  goffset            best;       /* the greatest @offset so far */
  gboolean           no_range;   /* the server began anew when asked to go on */
} Fetch;

gboolean
_eshi_hub_file_fail (const char  *path,
                     int          saved_errno,
                     GError     **error)
{
  g_autofree char *shown = g_filename_display_name (path);

  if (saved_errno == ENOSPC || saved_errno == EDQUOT)
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_NO_SPACE,
                 _("The disk is full; what has arrived is kept, so make room and go on with the download."));
  else
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved_errno),
                 _("“%s” cannot be written (%s); what has arrived is kept. Make sure that the folder may be written to "
                   "and go on with the download."),
                 shown, g_strerror (saved_errno));
  return FALSE;
}

void
_eshi_hub_job_tell (EshiHubJob        *self,
                    const EshiHubFile *file,
                    goffset            n_done,
                    double             wait_s,
                    const GError      *reason)
{
  gint64 now = g_get_monotonic_time ();
  EshiHubProgress progress = { self->n_before + n_done, self->plan->n_bytes, file->path, wait_s,
                               reason != NULL ? reason->message : NULL };

  if (self->func == NULL || (reason == NULL && now - self->told_at < TELL_US))
    return;
  self->told_at = now;
  self->func (&progress, self->user_data);
}

/* --- names ------------------------------------------------------------------------------------------------------- */

static char *
get_path (const char        *staging,
          const EshiHubFile *file,
          const char        *ending)
{
  g_autofree char *path = g_build_filename (staging, file->path, NULL);

  return ending != NULL ? g_strdup_printf ("%s.%.*s.%s", path, SUM_DIGITS, file->sum, ending)
                        : g_steal_pointer (&path);
}

static goffset
get_size (const char *path)
{
  GStatBuf status;

  return g_lstat (path, &status) == 0 && S_ISREG (status.st_mode) ? (goffset) status.st_size : -1;
}

goffset
_eshi_hub_file_have (const char        *staging,
                     const EshiHubFile *file)
{
  g_autofree char *path = get_path (staging, file, NULL);
  g_autofree char *part = get_path (staging, file, "part");

  return get_size (path) == file->size ? file->size : CLAMP (get_size (part), 0, file->size);
}

static void
fetch_clear (Fetch *self)
{
  if (self->fd >= 0)
    close (self->fd);
  _eshi_hub_sum_clear (&self->sum);
  g_free (self->path);
  g_free (self->part);
  g_free (self->etag_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fetch, fetch_clear)

/* --- the part ---------------------------------------------------------------------------------------------------- */

static gboolean
start_anew (Fetch   *self,
            GError **error)
{
  self->offset = 0;
  _eshi_hub_sum_init (&self->sum, self->file);
  g_unlink (self->etag_path);
  if (ftruncate (self->fd, 0) == 0 && lseek (self->fd, 0, SEEK_SET) == 0)
    return TRUE;
  return _eshi_hub_file_fail (self->part, errno, error);
}

/* Opens what arrived before, and sums it. */
static gboolean
open_part (Fetch   *self,
           GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->part);

  if (g_mkdir_with_parents (folder, 0755) != 0)
    return _eshi_hub_file_fail (folder, errno, error);
  self->fd = open (self->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (self->fd < 0)
    return _eshi_hub_file_fail (self->part, errno, error);

  self->offset = self->best = get_size (self->part);
  if (self->offset < 0 || self->offset > self->file->size)
    return start_anew (self, error);
  _eshi_hub_sum_init (&self->sum, self->file);
  return _eshi_hub_sum_read (&self->sum, self->fd, self->offset, self->job->cancellable, error);
}

static gboolean
write_piece (Fetch         *self,
             const guint8  *data,
             gsize          n,
             GError       **error)
{
  _eshi_hub_sum_update (&self->sum, data, n);
  self->offset += (goffset) n;
  while (n > 0)
    {
      ssize_t n_written = write (self->fd, data, n);

      if (n_written < 0 && errno == EINTR)
        continue;
      if (n_written < 0)
        return _eshi_hub_file_fail (self->part, errno, error);
      data += n_written;
      n -= (gsize) n_written;
    }
  return TRUE;
}

/* --- the answer -------------------------------------------------------------------------------------------------- */

static gboolean
set_length_error (Fetch   *self,
                  GError **error)
{
  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_DAMAGED,
               _("“%s” has another length on the server than the hub's list says, so it was not used; try again later."),
               self->file->path);
  return FALSE;
}

static void
keep_etag (Fetch       *self,
           SoupMessage *message)
{
  const char *etag = soup_message_headers_get_one (soup_message_get_response_headers (message), "ETag");

  if (etag != NULL && *etag == '"')
    g_file_set_contents_full (self->etag_path, etag, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, NULL);
  else
    g_unlink (self->etag_path);
}

static gboolean
begin_whole (Fetch        *self,
             SoupMessage  *message,
             GError      **error)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);

  self->no_range |= self->offset > 0;
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH &&
      soup_message_headers_get_content_length (headers) != self->file->size)
    return set_length_error (self, error);
  if (!start_anew (self, error))
    return FALSE;
  keep_etag (self, message);
  return TRUE;
}

/* Makes ready for the body of @message, which goes to *@offset of the part. */
static gboolean
begin_body (Fetch        *self,
            SoupMessage  *message,
            GError      **error)
{
  goffset start = 0, end = 0, total = 0;
  gboolean ranged;

  if (soup_message_get_status (message) == SOUP_STATUS_OK)
    return begin_whole (self, message, error);

  ranged = soup_message_headers_get_content_range (soup_message_get_response_headers (message), &start, &end, &total);
  if (soup_message_get_status (message) == SOUP_STATUS_PARTIAL_CONTENT && ranged && start == self->offset &&
      total == self->file->size && end < total)
    return TRUE;

  /* It goes on somewhere else, or not at all: then all of it once more. */
  if (!start_anew (self, error))
    return FALSE;
  return set_length_error (self, error);
}

static gboolean
read_body (Fetch         *self,
           GInputStream  *body,
           GError       **error)
{
  g_autofree guint8 *piece = g_malloc (PIECE);
  GError *failure = NULL;

  while (TRUE)
    {
      gssize n = g_input_stream_read (body, piece, PIECE, self->job->cancellable, &failure);

      if (n < 0)
        {
          _eshi_hub_propagate (self->job->hub, error, failure, TRUE);
          return FALSE;
        }
      if (n == 0)
        break;
      if (self->offset + n > self->file->size)
        return set_length_error (self, error);
      if (!write_piece (self, piece, (gsize) n, error))
        return FALSE;
      _eshi_hub_job_tell (self->job, self->file, self->offset, 0.0, NULL);
    }
  if (self->offset == self->file->size)
    return TRUE;

  failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, _("it ended too early"));
  _eshi_hub_propagate (self->job->hub, error, failure, TRUE);
  return FALSE;
}

/* Asks once for what is missing. */
static gboolean
try_once (Fetch   *self,
          GError **error)
{
  const EshiHubPlan *plan = self->job->plan;
  g_autofree char *escaped = g_uri_escape_string (self->file->path, "/", FALSE);
  g_autofree char *path = g_strdup_printf ("/%s/resolve/%s/%s", plan->repo, plan->revision, escaped);
  g_autofree char *about = g_strdup_printf ("%s/%s", plan->repo, self->file->path);
  g_autofree char *etag = NULL;
  g_autoptr(SoupMessage) message = NULL;
  g_autoptr(GInputStream) body = NULL;

  if (self->offset == self->file->size)
    return TRUE;
  g_file_get_contents (self->etag_path, &etag, NULL, NULL);
  body = _eshi_hub_get (self->job->hub, path, about, self->offset, etag, &message, self->job->cancellable, error);
  return body != NULL && begin_body (self, message, error) && read_body (self, body, error);
}

/* --- again and again --------------------------------------------------------------------------------------------- */

/* Whether to try again after @failure, having waited; takes @failure over where not. */
static gboolean
wait_or_give_up (Fetch   *self,
                 guint   *n_tries,
                 GError  *failure,
                 GError **error)
{
  g_autoptr(GError) reason = failure;
  double delay;

  if (self->offset >= self->best + MIN_PROGRESS)
    *n_tries = 0;
  self->best = MAX (self->best, self->offset);
  (*n_tries)++;
  if (!eshi_hub_error_passes (reason) || *n_tries >= MAX_TRIES)
    {
      if (self->no_range && g_error_matches (reason, ESHI_HUB_ERROR, ESHI_HUB_ERROR_CUT))
        g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_CUT,
                     _("The connection keeps breaking, and the server cannot go on in the middle of “%s”; try again on a "
                       "steadier network."),
                     self->file->path);
      else
        g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }

  delay = _eshi_hub_delay (self->job->hub, *n_tries);
  _eshi_hub_job_tell (self->job, self->file, self->offset, delay, reason);
  return _eshi_hub_sleep (delay, self->job->cancellable, error);
}

static gboolean
fetch_all (Fetch   *self,
           GError **error)
{
  guint n_tries = 0;

  while (TRUE)
    {
      GError *failure = NULL;

      if (try_once (self, &failure))
        return TRUE;
      if (!wait_or_give_up (self, &n_tries, failure, error))
        return FALSE;
    }
}

/* Gives the whole file its name; it is on the disk before it has it. */
static gboolean
finish (Fetch   *self,
        GError **error)
{
  g_unlink (self->etag_path);
  if (fsync (self->fd) == 0 && g_rename (self->part, self->path) == 0)
    return TRUE;
  return _eshi_hub_file_fail (self->path, errno, error);
}

/* Whether the file is there from an earlier call, and still what is listed. */
static gboolean
is_whole (Fetch *self)
{
  int fd = get_size (self->path) == self->file->size ? open (self->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
  gboolean whole;

  if (fd < 0)
    return FALSE;
  _eshi_hub_sum_init (&self->sum, self->file);
  whole = _eshi_hub_sum_read (&self->sum, fd, self->file->size, self->job->cancellable, NULL) &&
          _eshi_hub_sum_fits (&self->sum, self->file);
  close (fd);
  return whole;
}

gboolean
_eshi_hub_file_fetch (EshiHubJob         *job,
                      const EshiHubFile  *file,
                      GError            **error)
{
  g_auto(Fetch) self = { .job = job, .file = file, .fd = -1 };

  self.path = get_path (job->staging, file, NULL);
  self.part = get_path (job->staging, file, "part");
  self.etag_path = get_path (job->staging, file, "etag");
  if (is_whole (&self))
    return TRUE;
  if (!open_part (&self, error))
    return FALSE;

  /* A sum that is wrong may come from what lay here, so once more from the beginning. */
  for (int i = 0; i < MAX_DAMAGED; i++)
    {
      if (!fetch_all (&self, error))
        return FALSE;
      if (_eshi_hub_sum_fits (&self.sum, file))
        return finish (&self, error);
      if (!start_anew (&self, error))
        return FALSE;
    }

  g_unlink (self.part);
  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_DAMAGED,
               _("“%s” arrived damaged twice: its sum is not the one that the hub lists. It was thrown away; try again "
                 "later, on another network if you can."),
               file->path);
  return FALSE;
}
