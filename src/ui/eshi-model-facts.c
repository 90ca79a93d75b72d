/* eshi-model-facts.c: gathers what the list of models shows.
 *
 * A hash is shown if somebody computed it before; computing it reads gigabytes, which a list does not do.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-facts.h"

#include <eshi-hub-verify.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <libeshi-engine.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_DEPTH 8     /* of folders; a model has two */

void
eshi_model_facts_free (EshiModelFacts *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->path);
  g_free (self->name);
  g_free (self->origin);
  g_free (self->hash);
  g_free (self);
}

static goffset
measure (const char *path,
         int         depth)
{
  g_autoptr(GDir) dir = NULL;
  GStatBuf status;
  goffset n_bytes = 0;
  const char *name;

  /* The model itself may be a link, what is in it is not followed. */
  if ((depth == 0 ? g_stat (path, &status) : g_lstat (path, &status)) != 0)
    return 0;
  if (!S_ISDIR (status.st_mode))
    return S_ISREG (status.st_mode) ? (goffset) status.st_size : 0;

  dir = depth < MAX_DEPTH ? g_dir_open (path, 0, NULL) : NULL;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      n_bytes += measure (child, depth + 1);
    }
  return n_bytes;
}

goffset
eshi_model_facts_measure (const char *path)
{
  g_return_val_if_fail (path != NULL, 0);

  return measure (path, 0);
}

static EshiModelFacts *
new_facts (const EshiModelInfo *info)
{
  EshiModelFacts *self = g_new0 (EshiModelFacts, 1);

  self->path = g_strdup (info->path);
  self->name = g_strdup (info->name);
  self->embedded = info->embedded;
  self->single = g_file_test (info->path, G_FILE_TEST_IS_REGULAR);
  self->origin = self->single ? NULL : eshi_hub_dup_origin (info->path);
  self->hash = eshi_model_hash_lookup (info->path);
  self->n_bytes = eshi_model_facts_measure (info->path);
  return self;
}

GPtrArray *
eshi_model_facts_list (void)
{
  g_autoptr(GPtrArray) models = eshi_model_list ();
  GPtrArray *facts = g_ptr_array_new_with_free_func ((GDestroyNotify) eshi_model_facts_free);

  for (guint i = 0; i < models->len; i++)
    g_ptr_array_add (facts, new_facts (g_ptr_array_index (models, i)));
  return facts;
}

char *
eshi_model_facts_dup_place (const char *path)
{
  const char *home = g_get_home_dir ();

  g_return_val_if_fail (path != NULL, NULL);

  if (g_str_has_prefix (path, home) && path[strlen (home)] == G_DIR_SEPARATOR)
    return g_strconcat ("~", path + strlen (home), NULL);
  return g_filename_display_name (path);
}

char *
eshi_model_facts_dup_text (const EshiModelFacts *self)
{
  g_autofree char *size = NULL;
  g_autofree char *place = NULL;
  g_autofree char *hash = NULL;
  const char *kind;

  g_return_val_if_fail (self != NULL, NULL);

  kind = self->embedded ? _("came with the program") : self->single ? _("single file") : _("folder");
  size = g_format_size ((guint64) self->n_bytes);
  /* Where the program keeps its own model is nobody's concern. */
  place = self->embedded ? g_strdup ("") : eshi_model_facts_dup_place (self->path);
  hash = self->hash != NULL ? g_strdup_printf (" · %.*s", ESHI_MODEL_HASH_SHORT, self->hash) : g_strdup ("");
  return g_strdup_printf ("%s · %s%s%s%s", kind, size, hash, self->embedded ? "" : "\n", place);
}
