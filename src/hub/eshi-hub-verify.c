/* eshi-hub-verify.c: the list of what was downloaded, written once and held against the files later.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hub-verify.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eshi-hub-error.h"
#include "eshi-hub-fetch.h"
#include "eshi-hub-sum-private.h"

#define MAX_BYTES (1 << 20)

static void
add_string (JsonBuilder *builder,
            const char  *name,
            const char  *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_files (JsonBuilder       *builder,
           const EshiHubPlan *plan)
{
  json_builder_set_member_name (builder, "files");
  json_builder_begin_array (builder);
  for (guint i = 0; i < plan->files->len; i++)
    {
      const EshiHubFile *file = plan->files->pdata[i];

      json_builder_begin_object (builder);
      add_string (builder, "path", file->path);
      json_builder_set_member_name (builder, "size");
      json_builder_add_int_value (builder, file->size);
      add_string (builder, "sum", file->sum);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

gboolean
_eshi_hub_manifest_write (const char         *path,
                          const char         *url,
                          const EshiHubPlan  *plan,
                          GError            **error)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr(JsonNode) root = NULL;
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = g_date_time_format_iso8601 (now);
  g_autofree char *text = NULL;
  g_autofree char *file = g_build_filename (path, ESHI_HUB_MANIFEST, NULL);

  json_builder_begin_object (builder);
  add_string (builder, "hub", url);
  add_string (builder, "repo", plan->repo);
  add_string (builder, "revision", plan->revision);
  add_string (builder, "licence", plan->licence != NULL ? plan->licence : "");
  add_string (builder, "date", date);
  add_files (builder, plan);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, TRUE);
  return g_file_set_contents_full (file, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
                                   error);
}

/* (transfer full) (nullable): the list in the folder @path, if there is one. */
static JsonObject *
read_manifest (const char *path)
{
  g_autofree char *file = g_build_filename (path, ESHI_HUB_MANIFEST, NULL);
  g_autofree char *text = NULL;
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();
  struct stat status;
  JsonNode *root;

  if (stat (file, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > MAX_BYTES ||
      !g_file_get_contents (file, &text, NULL, NULL) || !json_parser_load_from_data (parser, text, -1, NULL))
    return NULL;
  root = json_parser_get_root (parser);
  return root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_object_ref (json_node_get_object (root)) : NULL;
}

static const char *
get_string (JsonObject *object,
            const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
           ? json_node_get_string (node)
           : NULL;
}

char *
eshi_hub_dup_origin (const char *path)
{
  g_autoptr(JsonObject) manifest = read_manifest (path);

  return manifest != NULL ? g_strdup (get_string (manifest, "repo")) : NULL;
}

/* Whether @file in the folder @path has its size and sum. */
static gboolean
check_file (const char         *path,
            const EshiHubFile  *file,
            GCancellable       *cancellable,
            GError            **error)
{
  g_autofree char *whole = g_build_filename (path, file->path, NULL);
  g_auto(EshiHubSum) sum = { .git = NULL };
  int fd = open (whole, O_RDONLY | O_CLOEXEC);
  struct stat status;
  gboolean same;

  _eshi_hub_sum_init (&sum, file);
  same = fd >= 0 && fstat (fd, &status) == 0 && status.st_size == file->size &&
         _eshi_hub_sum_read (&sum, fd, file->size, cancellable, NULL) && _eshi_hub_sum_fits (&sum, file);
  if (fd >= 0)
    close (fd);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!same)
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_DAMAGED,
                 _("“%s” is missing or no longer what was downloaded; remove the model and download it again."),
                 file->path);
  return same;
}

static gboolean
check_entry (const char    *path,
             JsonNode      *node,
             GCancellable  *cancellable,
             GError       **error)
{
  JsonObject *entry = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  EshiHubFile file = { NULL };

  if (entry == NULL || get_string (entry, "path") == NULL || get_string (entry, "sum") == NULL ||
      !json_object_has_member (entry, "size"))
    {
      g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_DAMAGED,
                   _("“%s” is missing or no longer what was downloaded; remove the model and download it again."),
                   ESHI_HUB_MANIFEST);
      return FALSE;
    }
  file.path = (char *) get_string (entry, "path");
  file.sum = (char *) get_string (entry, "sum");
  file.size = json_object_get_int_member (entry, "size");
  return check_file (path, &file, cancellable, error);
}

gboolean
eshi_hub_verify (const char    *path,
                 guint         *n_files,
                 GCancellable  *cancellable,
                 GError       **error)
{
  g_autoptr(JsonObject) manifest = read_manifest (path);
  JsonNode *files = manifest != NULL ? json_object_get_member (manifest, "files") : NULL;
  JsonArray *entries = files != NULL && JSON_NODE_HOLDS_ARRAY (files) ? json_node_get_array (files) : NULL;

  if (entries == NULL)
    {
      g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_NOT_FOUND,
                   _("The model was not downloaded by this program, so there is no list to hold it against."));
      return FALSE;
    }
  for (guint i = 0; i < json_array_get_length (entries); i++)
    if (!check_entry (path, json_array_get_element (entries, i), cancellable, error))
      return FALSE;
  if (n_files != NULL)
    *n_files = json_array_get_length (entries);
  return TRUE;
}
