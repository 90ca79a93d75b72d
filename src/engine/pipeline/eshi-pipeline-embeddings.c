/* eshi-pipeline-embeddings.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#define G_LOG_DOMAIN "eshi-embeddings"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "eshi-embedding.h"
#include "eshi-pipeline-embeddings.h"

#define MAX_FILES 4096

/* A file of the folder. */
typedef struct
{
  char          *name;
  EshiEmbedding *embedding; /* NULL where it cannot be used */
  GError        *error;     /* why; NULL where it can */
} Entry;

struct _EshiEmbeddings
{
  char      *stamp;   /* of the folder, when it was read */
  GPtrArray *entries; /* of Entry */
  GArray    *words;   /* of EshiPromptWord; borrow the entries' strings */
  GArray    *owners;  /* guint: the entry of each word */
  GArray    *rows;    /* float: [n, width] of all that can be used */
  guint      width;   /* 0 where the rows are not kept */
  guint      n_rows;
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->name);
  g_clear_pointer (&entry->embedding, eshi_embedding_free);
  g_clear_error (&entry->error);
  g_free (entry);
}

void
eshi_embeddings_free (EshiEmbeddings *self)
{
  if (self == NULL)
    return;

  g_free (self->stamp);
  g_ptr_array_unref (self->entries);
  g_array_unref (self->words);
  g_array_unref (self->owners);
  g_array_unref (self->rows);
  g_free (self);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Paths of the files in @folder that may be embeddings, in order; @stamp gets their sizes and times. */
static GPtrArray *
list_files (const char *folder,
            GString    *stamp)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) dir = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name = NULL;

  while (dir != NULL && paths->len < MAX_FILES && (name = g_dir_read_name (dir)) != NULL)
    if (eshi_embedding_has_suffix (name))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (paths, compare_names);
  for (guint i = 0; i < paths->len; i++)
    {
      GStatBuf status = { 0 };

      if (g_stat (g_ptr_array_index (paths, i), &status) == 0)
        g_string_append_printf (stamp, "%s\n%" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld\n",
                                (const char *) g_ptr_array_index (paths, i), (gint64) status.st_size,
                                (gint64) status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    }
  return paths;
}

static void
refuse_width (Entry *entry,
              guint  width)
{
  g_set_error (&entry->error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
               _("The embedding “%s” was made for another kind of model: its rows are %u numbers wide, and this model's "
                 "text encoder takes %u. Take it out of the prompt, or choose another model."),
               entry->name, entry->embedding->width, width);
  g_clear_pointer (&entry->embedding, eshi_embedding_free);
}

static Entry *
open_entry (const char *path,
            guint       width)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->name = eshi_embedding_dup_name (path);
  entry->embedding = eshi_embedding_open (path, &entry->error);
  if (entry->embedding != NULL && width != 0 && entry->embedding->width != width)
    refuse_width (entry, width);
  if (entry->error != NULL)
    g_debug ("%s", entry->error->message);
  return entry;
}

static void
add_word (EshiEmbeddings *self,
          const char     *text,
          const Entry    *entry,
          guint           first_row)
{
  EshiPromptWord word = { text, first_row, entry->embedding != NULL ? entry->embedding->n_rows : 1 };
  guint owner = self->entries->len - 1;

  g_array_append_val (self->words, word);
  g_array_append_val (self->owners, owner);
}

/* Takes @entry over. */
static void
add_entry (EshiEmbeddings *self,
           Entry          *entry)
{
  const EshiEmbedding *embedding = entry->embedding;
  guint first_row = self->n_rows;

  g_ptr_array_add (self->entries, entry);
  add_word (self, entry->name, entry, first_row);
  if (embedding == NULL)
    return;
  if (embedding->token != NULL && !g_str_equal (embedding->token, entry->name))
    add_word (self, embedding->token, entry, first_row);
  if (self->width != 0)
    g_array_append_vals (self->rows, embedding->rows, embedding->n_rows * embedding->width);
  self->n_rows += embedding->n_rows;
}

const EshiPromptWord *
eshi_embeddings_load (EshiEmbeddings **self,
                      const char      *folder,
                      guint            width,
                      guint           *n_words)
{
  g_autoptr(GString) stamp = g_string_new (NULL);
  g_autoptr(GPtrArray) paths = list_files (folder, stamp);
  EshiEmbeddings *fresh = NULL;

  if (*self == NULL || (*self)->width != width ||
      !g_str_equal ((*self)->stamp, stamp->str))
    {
      eshi_embeddings_free (*self);
      fresh = *self = g_new0 (EshiEmbeddings, 1);
      fresh->stamp = g_strdup (stamp->str);
      fresh->entries = g_ptr_array_new_with_free_func (entry_free);
      fresh->words = g_array_new (FALSE, FALSE, sizeof (EshiPromptWord));
      fresh->owners = g_array_new (FALSE, FALSE, sizeof (guint));
      fresh->width = width;
      fresh->rows = g_array_new (FALSE, FALSE, sizeof (float));
      for (guint i = 0; i < paths->len; i++)
        add_entry (fresh, open_entry (g_ptr_array_index (paths, i), width));
    }

  *n_words = (*self)->words->len;
  return (const EshiPromptWord *) (gpointer) (*self)->words->data;
}

gboolean
eshi_embeddings_check (EshiEmbeddings  *self,
                       const gboolean  *used,
                       GPtrArray       *names,
                       GError         **error)
{
  for (guint i = 0; i < self->words->len; i++)
    {
      const Entry *entry = g_ptr_array_index (self->entries, g_array_index (self->owners, guint, i));

      if (!used[i])
        continue;
      if (entry->error != NULL)
        {
          g_propagate_error (error, g_error_copy (entry->error));
          return FALSE;
        }
      if (!g_ptr_array_find_with_equal_func (names, entry->name, g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (entry->name));
    }

  return TRUE;
}

const float *
eshi_embeddings_get_row (EshiEmbeddings *self,
                         guint           row,
                         guint           width)
{
  return &g_array_index (self->rows, float, (gsize) row *width);
}
