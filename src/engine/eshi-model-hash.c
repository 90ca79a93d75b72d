/* eshi-model-hash.c: hashes the weights of a model, once for each file.
 *
 * What is known of a file lies in a small file of its own, named by the hash of path, size, time and inode: so several
 * programs may write at once, and what has changed is simply not found.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "eshi-error.h"
#include "eshi-sha256.h"
#include "eshi-weights.h"

#define HASH_DIGITS 64
#define MIN_DIGITS 8
#define CHUNK_BYTES (1 << 20)

static const struct
{
  const char *part;
  const char *stem;
} components[] = {
  { "text_encoder", "model" },
  { "unet", "diffusion_pytorch_model" },
  { "vae", "diffusion_pytorch_model" },
};

static gboolean
is_hash (const char *text)
{
  return text != NULL && strlen (text) == HASH_DIGITS && strspn (text, "0123456789abcdef") == HASH_DIGITS;
}

/* Where the hash of the file @path in this state is kept; (transfer full). */
static char *
get_cache_path (const char     *path,
                const GStatBuf *status)
{
  g_autofree char *whole = g_canonicalize_filename (path, NULL);
  g_autofree char *key = g_strdup_printf ("%s\n%" PRId64 "\n%" PRId64 ".%09ld\n%" PRIu64, whole, (gint64) status->st_size,
                                          (gint64) status->st_mtim.tv_sec, status->st_mtim.tv_nsec,
                                          (guint64) status->st_ino);
  g_autofree char *name = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);

  return g_build_filename (g_get_user_cache_dir (), "eshi", "hashes", name, NULL);
}

/* A cache that cannot be written costs time alone. */
static void
keep (const char *cache_path,
      const char *hash)
{
  g_autofree char *folder = g_path_get_dirname (cache_path);
  g_autoptr(GError) error = NULL;

  if (g_mkdir_with_parents (folder, 0700) != 0 || !g_file_set_contents (cache_path, hash, -1, &error))
    g_debug ("The hash of a model is not kept: %s", error != NULL ? error->message : g_strerror (errno));
}

static gboolean
set_read_error (const char  *path,
                GError     **error)
{
  g_autofree char *shown = g_filename_display_name (path);

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING, _("The model file “%s” cannot be opened: %s."), shown,
               g_strerror (errno));
  return FALSE;
}

/* Hashes all that can be read from @fd. */
static gboolean
sum_file (int            fd,
          const char    *path,
          EshiSha256    *sum,
          GCancellable  *cancellable,
          GError       **error)
{
  g_autofree guint8 *chunk = g_malloc (CHUNK_BYTES);
  gssize n = 1;

  while (n != 0)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      n = read (fd, chunk, CHUNK_BYTES);
      if (n < 0 && errno != EINTR)
        return set_read_error (path, error);
      if (n > 0)
        eshi_sha256_update (sum, chunk, (gsize) n);
    }

  return TRUE;
}

/* Whether the file is as it was, so that its hash is that of something. */
static gboolean
is_unchanged (const char     *path,
              const GStatBuf *before)
{
  GStatBuf after;

  return g_stat (path, &after) == 0 && after.st_size == before->st_size && after.st_ino == before->st_ino &&
         after.st_mtim.tv_sec == before->st_mtim.tv_sec && after.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

static char *
compute_file (const char      *path,
              const GStatBuf  *status,
              GCancellable    *cancellable,
              GError         **error)
{
  EshiSha256 sum;
  int fd = S_ISREG (status->st_mode) ? g_open (path, O_RDONLY | O_CLOEXEC, 0) : -1;
  gboolean is_whole = FALSE;

  if (fd < 0)
    {
      set_read_error (path, error);
      return NULL;
    }

  eshi_sha256_init (&sum);
  is_whole = sum_file (fd, path, &sum, cancellable, error);
  close (fd);
  if (is_whole && !is_unchanged (path, status))
    {
      g_autofree char *shown = g_filename_display_name (path);

      g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                   _("The model file “%s” was changed while it was read; try again when nothing writes to it."), shown);
      return NULL;
    }

  return is_whole ? eshi_sha256_finish (&sum) : NULL;
}

/* The hash of the file @path: as it is kept, or else as it is computed, unless @only_known. (transfer full) */
static char *
hash_file (const char    *path,
           gboolean       only_known,
           GCancellable  *cancellable,
           GError       **error)
{
  g_autofree char *cache_path = NULL;
  g_autofree char *known = NULL;
  char *hash = NULL;
  GStatBuf status;

  if (g_stat (path, &status) != 0)
    {
      set_read_error (path, error);
      return NULL;
    }

  cache_path = get_cache_path (path, &status);
  if (g_file_get_contents (cache_path, &known, NULL, NULL) && is_hash (known))
    return g_steal_pointer (&known);
  if (only_known)
    return NULL;

  hash = compute_file (path, &status, cancellable, error);
  if (hash != NULL)
    keep (cache_path, hash);
  return hash;
}

/* Adds a line of sha256sum for each weight file of the component @index. */
static gboolean
add_component (GString       *list,
               const char    *folder,
               guint          index,
               gboolean       only_known,
               GCancellable  *cancellable,
               GError       **error)
{
  g_autofree char *part = g_build_filename (folder, components[index].part, NULL);
  g_autoptr(GPtrArray) names = eshi_weights_list_files (part, components[index].stem, error);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *path = g_build_filename (part, name, NULL);
      g_autofree char *hash = hash_file (path, only_known, cancellable, error);

      if (hash == NULL)
        return FALSE;
      g_string_append_printf (list, "%s  %s/%s\n", hash, components[index].part, name);
    }

  return names != NULL;
}

static char *
hash_folder (const char    *folder,
             gboolean       only_known,
             GCancellable  *cancellable,
             GError       **error)
{
  g_autoptr(GString) list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (components); i++)
    if (!add_component (list, folder, i, only_known, cancellable, error))
      return NULL;

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, list->str, (gssize) list->len);
}

static char *
hash_model (const char    *path,
            gboolean       only_known,
            GCancellable  *cancellable,
            GError       **error)
{
  g_autoptr(EshiModelInfo) info = NULL;

  if (path == NULL)
    {
      info = eshi_model_info_load (NULL, error);
      if (info == NULL)
        return NULL;
      path = info->path;
    }

  return g_file_test (path, G_FILE_TEST_IS_DIR) ? hash_folder (path, only_known, cancellable, error)
                                                : hash_file (path, only_known, cancellable, error);
}

char *
eshi_model_hash_compute (const char    *path,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return hash_model (path, FALSE, cancellable, error);
}

char *
eshi_model_hash_lookup (const char *path)
{
  return hash_model (path, TRUE, NULL, NULL);
}

static gboolean
has_hash (const EshiModelInfo *info,
          const char          *hash)
{
  g_autofree char *known = eshi_model_hash_lookup (info->path);

  return known != NULL && g_ascii_strncasecmp (known, hash, strlen (hash)) == 0;
}

static gboolean
has_name (const EshiModelInfo *info,
          const char          *name)
{
  g_autofree char *base = g_path_get_basename (name);
  char *dot = strrchr (base, '.');

  if (dot != NULL && (g_str_equal (dot, ".safetensors") || g_str_equal (dot, ".ckpt")))
    *dot = '\0';
  return g_str_equal (info->name, name) || g_str_equal (info->name, base);
}

const EshiModelInfo *
eshi_model_list_find (GPtrArray  *models,
                      const char *hash,
                      const char *name)
{
  g_return_val_if_fail (models != NULL, NULL);

  for (guint i = 0; hash != NULL && strlen (hash) >= MIN_DIGITS && i < models->len; i++)
    if (has_hash (models->pdata[i], hash))
      return models->pdata[i];
  for (guint i = 0; name != NULL && i < models->len; i++)
    if (has_name (models->pdata[i], name))
      return models->pdata[i];

  return NULL;
}
