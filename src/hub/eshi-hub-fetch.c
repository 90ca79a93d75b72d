/* eshi-hub-fetch.c: a whole model: asked about, made room for, fetched file by file, and shown at once when complete.
 *
 * A lock beside the folder keeps two programs from fetching the same model; it ends with the program that holds it.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hub-fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "eshi-hub-error.h"
#include "eshi-hub-file-private.h"
#include "eshi-hub-verify.h"

#define DOWNLOADS ".downloads"
#define MAX_TRIES 5
#define SPARE_BYTES (64 << 20)    /* room that is left for everything else */
#define MAX_LICENCE_BYTES (1 << 20)

/* --- places ------------------------------------------------------------------------------------------------------ */

char *
eshi_hub_dup_target (const char *repo)
{
  const char *slash = strchr (repo, '/');

  return g_build_filename (g_get_user_data_dir (), "eshi", "models", slash != NULL ? slash + 1 : repo, NULL);
}

char *
eshi_hub_dup_staging (const char *repo)
{
  g_auto(GStrv) names = g_strsplit (repo, "/", -1);
  g_autofree char *name = g_strjoinv ("--", names);

  return g_build_filename (g_get_user_data_dir (), "eshi", "models", DOWNLOADS, name, NULL);
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

/* As _eshi_hub_get_json(), some times over. */
static JsonNode *
ask (EshiHub       *hub,
     const char    *path,
     const char    *repo,
     GCancellable  *cancellable,
     GError       **error)
{
  for (guint n_tries = 1;; n_tries++)
    {
      GError *failure = NULL;
      JsonNode *node = _eshi_hub_get_json (hub, path, repo, cancellable, &failure);

      if (node != NULL)
        return node;
      if (n_tries == MAX_TRIES || !eshi_hub_error_passes (failure))
        {
          g_propagate_error (error, failure);
          return NULL;
        }
      g_clear_error (&failure);
      if (!_eshi_hub_sleep (_eshi_hub_delay (hub, n_tries), cancellable, error))
        return NULL;
    }
}

static EshiHubPlan *
ask_plan (EshiHub       *hub,
          const char    *repo,
          GCancellable  *cancellable,
          GError       **error)
{
  g_autofree char *path = g_strdup_printf ("/api/models/%s", repo);
  g_autofree char *tree_path = NULL;
  g_autofree char *revision = NULL;
  g_autoptr(JsonNode) info = NULL;
  g_autoptr(JsonNode) tree = NULL;

  if (!eshi_hub_plan_check_repo (repo, error))
    return NULL;
  info = ask (hub, path, repo, cancellable, error);
  revision = info != NULL ? eshi_hub_plan_revision (repo, info, error) : NULL;
  if (revision == NULL)
    return NULL;
  tree_path = g_strdup_printf ("/api/models/%s/tree/%s?recursive=true", repo, revision);
  tree = ask (hub, tree_path, repo, cancellable, error);
  return tree != NULL ? eshi_hub_plan_new (repo, info, tree, error) : NULL;
}

EshiHubPlan *
eshi_hub_ask (const char    *url,
              const char    *token,
              const char    *repo,
              GCancellable  *cancellable,
              GError       **error)
{
  g_autoptr(EshiHub) hub = _eshi_hub_new (url, token, error);

  return hub != NULL ? ask_plan (hub, repo, cancellable, error) : NULL;
}

char *
eshi_hub_ask_licence (const char         *url,
                      const char         *token,
                      const EshiHubPlan  *plan,
                      GCancellable       *cancellable,
                      GError            **error)
{
  g_autoptr(EshiHub) hub = _eshi_hub_new (url, token, error);
  const char *name = plan->licence_file != NULL ? plan->licence_file : "LICENSE";
  g_autofree char *path = g_strdup_printf ("/%s/resolve/%s/%s", plan->repo, plan->revision, name);
  g_autofree char *text = g_malloc0 (MAX_LICENCE_BYTES + 1);
  g_autoptr(SoupMessage) message = NULL;
  g_autoptr(GInputStream) body = NULL;
  GError *failure = NULL;
  gsize n_bytes = 0;

  body = hub != NULL ? _eshi_hub_get (hub, path, plan->repo, 0, NULL, &message, cancellable, error) : NULL;
  if (body == NULL)
    return NULL;
  if (g_input_stream_read_all (body, text, MAX_LICENCE_BYTES, &n_bytes, cancellable, &failure))
    return g_utf8_make_valid (text, (gssize) strlen (text));

  _eshi_hub_propagate (hub, error, failure, TRUE);
  return NULL;
}

/* --- before ------------------------------------------------------------------------------------------------------ */

static gboolean
make_folder (const char  *path,
             GError     **error)
{
  return g_mkdir_with_parents (path, 0755) == 0 || _eshi_hub_file_fail (path, errno, error);
}

static gboolean
check_absent (const char  *target,
              GError     **error)
{
  g_autofree char *shown = g_filename_display_name (target);

  if (!g_file_test (target, G_FILE_TEST_EXISTS) && !g_file_test (target, G_FILE_TEST_IS_SYMLINK))
    return TRUE;

  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_EXISTS,
               _("The model is here already, in “%s”; remove it first to download it again."), shown);
  return FALSE;
}

/* Returns: a descriptor that holds the lock until it is closed; -1 on error. */
static int
lock (const char  *staging,
      GError     **error)
{
  g_autofree char *path = g_strconcat (staging, ".lock", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

  if (fd < 0)
    {
      _eshi_hub_file_fail (path, errno, error);
      return -1;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;

  close (fd);
  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_EXISTS,
               _("Another program is downloading this model just now; wait for it."));
  return -1;
}

static goffset
count_arrived (const EshiHubPlan *plan,
               const char        *staging)
{
  goffset n_bytes = 0;

  for (guint i = 0; i < plan->files->len; i++)
    n_bytes += _eshi_hub_file_have (staging, plan->files->pdata[i]);
  return n_bytes;
}

static gboolean
check_room (const EshiHubPlan  *plan,
            const char         *staging,
            GError            **error)
{
  g_autoptr(GFile) folder = g_file_new_for_path (staging);
  g_autoptr(GFileInfo) info = g_file_query_filesystem_info (folder, G_FILE_ATTRIBUTE_FILESYSTEM_FREE, NULL, NULL);
  guint64 needed = (guint64) (plan->n_bytes - count_arrived (plan, staging)) + SPARE_BYTES;
  guint64 n_free;
  g_autofree char *needed_text = NULL;
  g_autofree char *free_text = NULL;

  if (info == NULL || !g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE))
    return TRUE;
  n_free = g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE);
  if (n_free >= needed)
    return TRUE;

  needed_text = g_format_size (needed);
  free_text = g_format_size (n_free);
  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_NO_SPACE,
               _("The download needs %s more on the disk, and %s are free; make room and start it again."), needed_text,
               free_text);
  return FALSE;
}

/* --- fetching ---------------------------------------------------------------------------------------------------- */

static gboolean
fetch_files (EshiHubJob  *job,
             GError     **error)
{
  for (guint i = 0; i < job->plan->files->len; i++)
    {
      const EshiHubFile *file = job->plan->files->pdata[i];

      if (!_eshi_hub_file_fetch (job, file, error))
        return FALSE;
      job->told_at = 0;
      _eshi_hub_job_tell (job, file, file->size, 0.0, NULL);
      job->n_before += file->size;
    }
  return TRUE;
}

/* What other versions left behind in @path would stay in the model for ever. */
static void
sweep_parts (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
        sweep_parts (child);
      else if (g_str_has_suffix (name, ".part") || g_str_has_suffix (name, ".etag"))
        g_unlink (child);
    }
}

static gboolean
appear (const char  *staging,
        const char  *target,
        GError     **error)
{
  sweep_parts (staging);
  if (!check_absent (target, error))
    return FALSE;
  return g_rename (staging, target) == 0 || _eshi_hub_file_fail (target, errno, error);
}

static gboolean
fetch_plan (EshiHubJob  *job,
            const char  *target,
            GError     **error)
{
  if (!check_room (job->plan, job->staging, error) || !fetch_files (job, error) ||
      !_eshi_hub_manifest_write (job->staging, job->hub->url, job->plan, error))
    return FALSE;
  return appear (job->staging, target, error);
}

char *
eshi_hub_fetch (const char           *url,
                const char           *token,
                const char           *repo,
                EshiHubProgressFunc   progress,
                gpointer              user_data,
                GCancellable         *cancellable,
                GError              **error)
{
  g_autoptr(EshiHub) hub = NULL;
  g_autoptr(EshiHubPlan) plan = NULL;
  g_autofree char *target = eshi_hub_dup_target (repo);
  g_autofree char *staging = eshi_hub_dup_staging (repo);
  EshiHubJob job = { .staging = staging, .func = progress, .user_data = user_data, .cancellable = cancellable };
  gboolean done;
  int fd;

  if (!eshi_hub_plan_check_repo (repo, error) || !check_absent (target, error))
    return NULL;
  hub = _eshi_hub_new (url, token, error);
  plan = hub != NULL ? ask_plan (hub, repo, cancellable, error) : NULL;
  if (plan == NULL || !make_folder (staging, error))
    return NULL;
  fd = lock (staging, error);
  if (fd < 0)
    return NULL;

  job.hub = hub;
  job.plan = plan;
  done = fetch_plan (&job, target, error);
  close (fd);
  return done ? g_steal_pointer (&target) : NULL;
}

/* --- what arrived ------------------------------------------------------------------------------------------------ */

/* Bytes of the plain files below @path; they are removed on the way where @remove says so, and the folders too. */
static goffset
walk (const char *path,
      gboolean    remove)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name = NULL;
  goffset n_bytes = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      GStatBuf status;

      if (g_lstat (child, &status) != 0)
        continue;
      if (S_ISDIR (status.st_mode))
        n_bytes += walk (child, remove);
      else
        n_bytes += (goffset) status.st_size;
      if (remove && !S_ISDIR (status.st_mode))
        g_unlink (child);
    }
  if (remove)
    g_rmdir (path);
  return n_bytes;
}

gboolean
eshi_hub_discard (const char *repo)
{
  g_autofree char *staging = eshi_hub_dup_staging (repo);
  g_autofree char *lock_path = g_strconcat (staging, ".lock", NULL);
  gboolean there = g_file_test (staging, G_FILE_TEST_IS_DIR) && !g_file_test (staging, G_FILE_TEST_IS_SYMLINK);

  if (there)
    walk (staging, TRUE);
  g_unlink (lock_path);
  return there;
}

goffset
eshi_hub_get_arrived (const char *repo)
{
  g_autofree char *staging = eshi_hub_dup_staging (repo);

  return walk (staging, FALSE);
}
