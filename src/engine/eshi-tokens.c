/* eshi-tokens.c: the tokenizer of a model, without loading the model.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-lora-use.h"
#include "eshi-model-list.h"
#include "eshi-pipeline-embeddings.h"
#include "eshi-prompt-chunks.h"
#include "eshi-prompt-schedule.h"
#include "eshi-tokens.h"

/* As many as painting takes: the last of them is behind every change that a prompt may ask for. */
#define MANY_STEPS 1000

struct _EshiTokens
{
  EshiTokenizer        *tokenizer;
  EshiEmbeddings       *embeddings;
  const EshiPromptWord *words;      /* of the embeddings */
  guint                 n_words;
};

EshiTokens *
eshi_tokens_new (const char  *model,
                 GError     **error)
{
  g_autoptr(EshiModelInfo) info = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *embeddings = NULL;
  EshiTokenizer *tokenizer = NULL;
  EshiTokens *self = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (model == NULL)
    {
      info = eshi_model_info_load (NULL, error);
      if (info == NULL)
        return NULL;
      model = info->path;
    }

  /* A model folder has it one folder down; anything else is for the tokenizer to judge. */
  folder = g_build_filename (model, "tokenizer", NULL);
  tokenizer = eshi_tokenizer_new_for_path (g_file_test (folder, G_FILE_TEST_IS_DIR) ? folder : model, error);
  if (tokenizer == NULL)
    return NULL;

  self = g_new0 (EshiTokens, 1);
  self->tokenizer = tokenizer;
  embeddings = g_build_filename (g_get_user_data_dir (), "eshi", "embeddings", NULL);
  self->words = eshi_embeddings_load (&self->embeddings, embeddings, 0, &self->n_words);

  return self;
}

void
eshi_tokens_free (EshiTokens *self)
{
  g_return_if_fail (self != NULL);

  eshi_embeddings_free (self->embeddings);
  eshi_tokenizer_free (self->tokenizer);
  g_free (self);
}

gint32 *
eshi_tokens_encode (EshiTokens *self,
                    const char *text,
                    gsize      *n_ids)
{
  GArray *ids = NULL;
  gint32 end = 0;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (n_ids != NULL, NULL);

  ids = eshi_tokenizer_encode (self->tokenizer, text, 0, NULL);
  end = eshi_tokenizer_get_end_id (self->tokenizer);
  if (ids->len > eshi_tokens_get_limit (self))
    {
      g_array_set_size (ids, eshi_tokens_get_limit (self));
      g_array_index (ids, gint32, ids->len - 1) = end;
    }
  *n_ids = ids->len;

  return (gint32 *) g_array_free (ids, FALSE);
}

/* Ids that @text needs; @n_chunks becomes the larger of what it was and what they fill. */
static gsize
count_text (EshiTokens   *self,
            const char   *text,
            EshiEmphasis  emphasis,
            guint        *n_chunks)
{
  g_autoptr(EshiPromptChunks) chunks = NULL;

  chunks = eshi_prompt_chunks_new (self->tokenizer, text, emphasis, (guint) eshi_tokens_get_limit (self), self->words,
                                   self->n_words);
  *n_chunks = MAX (*n_chunks, chunks->n_chunks);

  return chunks->n_ids;
}

/* Ids that the first @length bytes of @prompt need. */
static gsize
count (EshiTokens   *self,
       const char   *prompt,
       gsize         length,
       EshiEmphasis  emphasis,
       guint        *n_chunks)
{
  g_autofree char *start = g_strndup (prompt, length);
  g_autofree char *read = _eshi_lora_strip (start);
  g_autofree char *first = NULL;
  g_autofree char *last = NULL;
  gboolean changes = FALSE;
  gsize n_ids = 0;

  if (emphasis == ESHI_EMPHASIS_OFF)
    return count_text (self, read, emphasis, n_chunks);

  first = eshi_prompt_schedule_read (read, 1, MANY_STEPS, &changes);
  n_ids = count_text (self, first, emphasis, n_chunks);
  if (!changes)
    return n_ids;

  last = eshi_prompt_schedule_read (read, MANY_STEPS, MANY_STEPS, NULL);
  return MAX (n_ids, count_text (self, last, emphasis, n_chunks));
}

/* The byte after the last character that is read, by bisection. */
static gsize
find_overflow (EshiTokens   *self,
               const char   *prompt,
               EshiEmphasis  emphasis)
{
  gsize low = 0;
  gsize high = (gsize) g_utf8_strlen (prompt, -1);

  while (low < high)
    {
      gsize middle = low + (high - low + 1) / 2;
      gsize length = (gsize) (g_utf8_offset_to_pointer (prompt, (glong) middle) - prompt);
      guint n_chunks = 0;

      if (count (self, prompt, length, emphasis, &n_chunks) <= eshi_tokens_get_limit (self))
        low = middle;
      else
        high = middle - 1;
    }

  return (gsize) (g_utf8_offset_to_pointer (prompt, (glong) low) - prompt);
}

gsize
eshi_tokens_measure (EshiTokens *self,
                     const char *prompt,
                     const char *emphasis,
                     gsize      *limit,
                     gssize     *overflow)
{
  EshiEmphasis kind = ESHI_EMPHASIS_ORIGINAL;
  guint n_chunks = 1;
  gsize n_ids = 0;

  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (prompt != NULL, 0);
  g_return_val_if_fail (limit != NULL, 0);

  eshi_emphasis_from_name (emphasis, &kind);
  n_ids = count (self, prompt, strlen (prompt), kind, &n_chunks);
  *limit = n_chunks * eshi_tokens_get_limit (self);
  if (overflow != NULL)
    *overflow = n_ids > *limit ? (gssize) find_overflow (self, prompt, kind) : -1;

  return n_ids;
}

gsize
eshi_tokens_get_limit (const EshiTokens *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return eshi_tokenizer_get_max_length (self->tokenizer);
}
