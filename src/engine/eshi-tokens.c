/* eshi-tokens.c: the tokenizer of a model, without loading the model.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-model-list.h"
#include "eshi-tokenizer.h"
#include "eshi-lora-use.h"
#include "eshi-tokens.h"

struct _EshiTokens
{
  EshiTokenizer *tokenizer;
};

EshiTokens *
eshi_tokens_new (const char  *model,
                 GError     **error)
{
  g_autoptr(EshiModelInfo) info = NULL;
  g_autofree char *folder = NULL;
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

  return self;
}

void
eshi_tokens_free (EshiTokens *self)
{
  g_return_if_fail (self != NULL);

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

gsize
eshi_tokens_count (EshiTokens *self,
                   const char *text)
{
  g_autoptr(GArray) ids = NULL;
  g_autofree char *read = NULL;

  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (text != NULL, 0);

  read = _eshi_lora_strip (text);
  ids = eshi_tokenizer_encode (self->tokenizer, read, 0, NULL);

  return ids->len;
}

gsize
eshi_tokens_get_limit (const EshiTokens *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return eshi_tokenizer_get_max_length (self->tokenizer);
}
