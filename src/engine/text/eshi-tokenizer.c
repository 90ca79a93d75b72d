/* eshi-tokenizer.c: finds out which tokenizer a path holds, and frames its ids for the text encoder.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-tokenizer-private.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "eshi-error.h"

#define MODEL_FILE "spiece.model"
#define CONFIG_FILE "tokenizer_config.json"

GBytes *
_eshi_tokenizer_read_file (const char  *path,
                           gsize        max_bytes,
                           GError     **error)
{
  g_autofree char *name = g_filename_display_name (path);
  char *contents = NULL;
  gsize size = 0;
  GStatBuf status;

  if (g_stat (path, &status) != 0 || !S_ISREG (status.st_mode))
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
                   _("There is no file “%s”. Download the model again."), name);
      return NULL;
    }
  if (status.st_size < 0 || (guint64) status.st_size > max_bytes)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_INVALID,
                   _("The file “%s” is far too large to be what its name says."), name);
      return NULL;
    }
  if (!g_file_get_contents (path, &contents, &size, error))
    return NULL;
  return g_bytes_new_take (contents, size);
}

static gboolean
has_file (const char *folder,
          const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static EshiTokenizer *
new_for_folder (const char  *folder,
                GError     **error)
{
  g_autofree char *model = g_build_filename (folder, MODEL_FILE, NULL);
  g_autofree char *config = g_build_filename (folder, CONFIG_FILE, NULL);
  g_autofree char *name = g_filename_display_name (folder);

  if (has_file (folder, MODEL_FILE))
    return _eshi_t5_tokenizer_new (model, has_file (folder, CONFIG_FILE) ? config : NULL, error);
  if (has_file (folder, "vocab.json") || has_file (folder, "merges.txt"))
    return _eshi_clip_tokenizer_new (folder, error);
  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
               _("There is no tokenizer in “%s”: neither the file spiece.model nor vocab.json is there. "
                 "Download the model again."),
               name);
  return NULL;
}

EshiTokenizer *
eshi_tokenizer_new_for_path (const char  *path,
                             GError     **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return new_for_folder (path, error);
  return _eshi_t5_tokenizer_new (path, NULL, error);
}

void
eshi_tokenizer_free (EshiTokenizer *self)
{
  if (self != NULL)
    self->class->free (self);
}

void
_eshi_tokenizer_frame (const EshiTokenizer *self,
                       const gint32        *ids,
                       gsize                n_ids,
                       gsize                window,
                       GArray              *out)
{
  guint first = out->len;

  if (self->start_id >= 0)
    g_array_append_val (out, self->start_id);
  g_array_append_vals (out, ids, (guint) n_ids);
  if (window > 0 && out->len - first > window - 1)
    g_array_set_size (out, (guint) (first + window - 1));
  if (!self->ends_once || out->len == first || g_array_index (out, gint32, out->len - 1) != self->end_id)
    g_array_append_val (out, self->end_id);
  while (out->len - first < window)
    g_array_append_val (out, self->pad_id);
}

GArray *
eshi_tokenizer_encode (const EshiTokenizer *self,
                       const char          *text,
                       gsize                pad_to,
                       gsize               *n_text_pieces)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  GArray *framed = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (text != NULL, NULL);

  self->class->encode (self, text, strnlen (text, ESHI_TOKENIZER_MAX_TEXT), NULL, ids, NULL);
  if (n_text_pieces != NULL)
    *n_text_pieces = ids->len;
  framed = g_array_new (FALSE, FALSE, sizeof (gint32));
  _eshi_tokenizer_frame (self, (const gint32 *) (const void *) ids->data, ids->len, pad_to, framed);
  return framed;
}

guint
eshi_tokenizer_get_vocab_size (const EshiTokenizer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->vocab_size;
}

guint
eshi_tokenizer_get_max_length (const EshiTokenizer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->max_length;
}

gint32
eshi_tokenizer_get_end_id (const EshiTokenizer *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->end_id;
}

gint32
eshi_tokenizer_get_pad_id (const EshiTokenizer *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->pad_id;
}
