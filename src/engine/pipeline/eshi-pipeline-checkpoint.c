/* eshi-pipeline-checkpoint.c: a model out of a single file, and the tokenizer that such a file does not bring.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#include "eshi-pipeline-private.h"

#define CLIP_VOCAB_SIZE 49408
#define HEAD_BYTES 16

gboolean
eshi_pipeline_is_checkpoint (const char *path)
{
  guint8 head[HEAD_BYTES] = { 0 };
  FILE *file = NULL;
  gsize n_read = 0;

  g_return_val_if_fail (path != NULL, FALSE);

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return FALSE;
  file = fopen (path, "rb");
  if (file == NULL)
    return FALSE;
  n_read = fread (head, 1, sizeof head, file);
  fclose (file);

  /* safetensors: a length below 100 MB, then JSON; a zip file; PyTorch's pickled magic number. */
  return n_read == sizeof head &&
         ((head[8] == '{' && memcmp (head + 4, "\0\0\0\0", 4) == 0) ||
          memcmp (head, "PK\3\4", 4) == 0 ||
          memcmp (head, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46", 8) == 0);
}

/* The folder of CLIP's vocabulary, beside that of the embedded model; (transfer full). */
static char *
get_clip_folder (void)
{
  const char *models = g_getenv ("ESHI_MODEL_DIR");

  if (models != NULL && *models != '\0')
    return g_build_filename (models, "..", "tokenizer", "clip", NULL);
  return g_build_filename (ESHI_PKGDATADIR, "tokenizer", "clip", NULL);
}

static EshiTokenizer *
load_tokenizer (EshiPipeline  *self,
                GError       **error)
{
  guint vocab_size = eshi_checkpoint_get_vocab_size (self->checkpoint);
  g_autofree char *folder = g_path_get_dirname (self->path);
  g_autofree char *beside = g_build_filename (folder, "spiece.model", NULL);
  g_autofree char *clip = get_clip_folder ();

  if (vocab_size == CLIP_VOCAB_SIZE)
    return eshi_tokenizer_new_for_path (clip, error);
  if (g_file_test (beside, G_FILE_TEST_IS_REGULAR))
    return eshi_tokenizer_new_for_path (beside, error);

  g_set_error (error, ESHI_ERROR, ESHI_ERROR_MODEL_MISSING,
               _("The file “%s” does not say which words its text encoder knows: it has %u of them, where CLIP's has %u. Put "
                 "the model's tokenizer, a file spiece.model, beside it."),
               self->folder, vocab_size, CLIP_VOCAB_SIZE);
  return NULL;
}

gboolean
_eshi_pipeline_load_checkpoint_part (EshiPipeline  *self,
                                     guint          index,
                                     GError       **error)
{
  switch (index)
    {
    case 0:
      self->checkpoint = eshi_checkpoint_open (self->path, error);
      if (self->checkpoint == NULL)
        return FALSE;
      self->tokenizer = load_tokenizer (self, error);
      return self->tokenizer != NULL;
    case 1:
      self->text = eshi_checkpoint_load_text_encoder (self->checkpoint, error);
      return self->text != NULL;
    case 2:
      self->unet = eshi_checkpoint_load_unet (self->checkpoint, error);
      return self->unet != NULL;
    default:
      self->vae = eshi_checkpoint_load_vae (self->checkpoint, ESHI_VAE_DECODER, error);
      return self->vae != NULL;
    }
}

/* The UNet with the weights that are asked for; NULL with @error set. */
static EshiUnet *
load_unet (EshiPipeline  *self,
           gboolean       ema,
           GError       **error)
{
  if (self->checkpoint == NULL)
    {
      g_set_error (error, ESHI_ERROR, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” is a folder, which holds one set of weights and no average of them (EMA) beside it. Paint "
                     "without that setting, or choose a single file that holds both."),
                   self->folder);
      return NULL;
    }

  return ema ? eshi_checkpoint_load_unet_ema (self->checkpoint, error) : eshi_checkpoint_load_unet (self->checkpoint, error);
}

gboolean
eshi_pipeline_set_ema (EshiPipeline  *self,
                       gboolean       ema,
                       GError       **error)
{
  const EshiPipelineParams no_loras = { 0 };
  EshiUnet *unet = NULL;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->ema == ema)
    return TRUE;
  unet = load_unet (self, ema, error);
  if (unet == NULL)
    return FALSE;

  /* What was merged lies in the old weights, and what was packed comes from them. */
  _eshi_pipeline_apply_loras (self, &no_loras, NULL);
  _eshi_pipeline_unet_graphs_clear (self);
  eshi_unet_free (self->unet);
  self->unet = unet;
  self->ema = ema;
  return TRUE;
}
