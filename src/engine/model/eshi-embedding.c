/* eshi-embedding.c: see the header.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-embedding.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "eshi-weights.h"

#define MAX_WIDTH 8192

static const char *const suffixes[] = { ".safetensors", ".pt", ".bin" };

/* What trainers write where they leave the word to the file's name. */
static const char *const placeholders[] = { "*", "emb_params", NULL };

/* Tensors that files for SDXL's two text encoders have. */
static const char *const sdxl_names[] = { "clip_l", "clip_g", "text_encoders_0", "text_encoders_1", NULL };

gboolean
eshi_embedding_has_suffix (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (name, suffixes[i]))
      return TRUE;
  return FALSE;
}

char *
eshi_embedding_dup_name (const char *path)
{
  g_autofree char *base = g_path_get_basename (path);

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (base, suffixes[i]))
      {
        base[strlen (base) - strlen (suffixes[i])] = '\0';
        break;
      }
  return g_filename_display_name (base);
}

static gboolean
fail (EshiError    code,
      const char  *format,
      const char  *path,
      GError     **error)
{
  g_autofree char *shown = g_filename_display_name (path);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_set_error (error, ESHI_ERROR, (int) code, format, shown);
#pragma GCC diagnostic pop
  return FALSE;
}

/* The name of the one tensor in the file. */
static const char *
find_word (EshiWeights  *weights,
           const char   *path,
           GError      **error)
{
  g_autoptr(GPtrArray) names = eshi_weights_list_names (weights);

  for (guint i = 0; i < names->len; i++)
    if (g_strv_contains (sdxl_names, g_ptr_array_index (names, i)))
      {
        fail (ESHI_ERROR_UNSUPPORTED,
              _("The embedding “%s” was made for SDXL, which has two text encoders; take it out of the prompt."), path,
              error);
        return NULL;
      }
  if (names->len == 1)
    return g_ptr_array_index (names, 0);

  fail (ESHI_ERROR_UNSUPPORTED,
        _("The file “%s” is no embedding of one word: it holds several tensors. Move it out of the folder of embeddings."),
        path, error);
  return NULL;
}

static gboolean
is_number (EshiDType dtype)
{
  return dtype == ESHI_DTYPE_F32 || dtype == ESHI_DTYPE_F16 || dtype == ESHI_DTYPE_BF16 || dtype == ESHI_DTYPE_F64;
}

/* [width] or [n_rows, width]. */
static gboolean
read_shape (EshiEmbedding    *self,
            const EshiTensor *tensor)
{
  gint64 n_rows = 1;
  gint64 width = 0;

  if (tensor == NULL || !is_number (tensor->dtype) || tensor->shape.rank < 1 || tensor->shape.rank > 2)
    return FALSE;
  if (tensor->shape.rank == 2)
    n_rows = tensor->shape.dim[0];
  width = tensor->shape.dim[tensor->shape.rank - 1];
  self->n_rows = (guint) CLAMP (n_rows, 0, G_MAXINT);
  self->width = (guint) CLAMP (width, 0, G_MAXINT);
  return n_rows >= 1 && n_rows <= ESHI_EMBEDDING_MAX_ROWS && width >= 1 && width <= MAX_WIDTH;
}

static gboolean
read_rows (EshiEmbedding  *self,
           EshiWeights    *weights,
           const char     *word,
           const char     *path,
           GError        **error)
{
  EshiTensor *tensor = eshi_weights_lookup (weights, word);

  if (!read_shape (self, tensor))
    return fail (ESHI_ERROR_MODEL_INVALID,
                 _("The file “%s” is no embedding: its numbers are no rows that a text encoder could read. Move it out of "
                   "the folder of embeddings."),
                 path, error);

  self->rows = g_new (float, (gsize) self->n_rows * self->width);
  eshi_convert_to_f32 (self->rows, tensor->data, tensor->dtype, (gsize) self->n_rows * self->width);
  for (gsize i = 0; i < (gsize) self->n_rows * self->width; i++)
    if (!isfinite (self->rows[i]))
      return fail (ESHI_ERROR_MODEL_INVALID,
                   _("The embedding “%s” is damaged: not all of its numbers are finite. Download it again."), path, error);
  return TRUE;
}

EshiEmbedding *
eshi_embedding_open (const char  *path,
                     GError     **error)
{
  g_autoptr(EshiEmbedding) self = NULL;
  g_autoptr(EshiWeights) weights = NULL;
  const char *word = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  weights = eshi_weights_open_file (path, error);
  if (weights == NULL || !eshi_weights_check_unchanged (weights, error))
    return NULL;
  word = find_word (weights, path, error);
  if (word == NULL)
    return NULL;

  self = g_new0 (EshiEmbedding, 1);
  self->name = eshi_embedding_dup_name (path);
  if (!g_strv_contains (placeholders, word))
    self->token = g_strdup (word);
  return read_rows (self, weights, word, path, error) ? g_steal_pointer (&self) : NULL;
}

void
eshi_embedding_free (EshiEmbedding *self)
{
  if (self == NULL)
    return;

  g_free (self->name);
  g_free (self->token);
  g_free (self->rows);
  g_free (self);
}
