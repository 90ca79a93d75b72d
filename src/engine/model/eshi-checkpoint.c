/* eshi-checkpoint.c: tells what a single file holds, and gives its networks their configurations by their shapes.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-checkpoint.h"

#include <glib/gi18n-lib.h>

#include "eshi-checkpoint-names.h"

#define N_LEVELS 4
#define TEXT_HEAD_SIZE 64
#define MAX_TEXT_LAYERS 64

struct _EshiCheckpoint
{
  EshiWeights    *weights;
  EshiTextConfig  text;
  EshiUnetConfig  unet;
  EshiVaeConfig   vae;

  EshiCheckpointPart unet_part; /* whose weights paint unless the average is asked for */
  gboolean           has_ema;
};

/* Dimension @index of the tensor that the file calls @name; 0 if it has none. */
static guint
dimension (EshiWeights *weights,
           const char  *name,
           guint        index)
{
  EshiTensor *tensor = eshi_weights_lookup (weights, name);

  if (tensor == NULL || index >= tensor->shape.rank)
    return 0;
  return (guint) CLAMP (tensor->shape.dim[index], 0, G_MAXINT);
}

/* As dimension(), under the name that a folder uses. */
static guint
part_dimension (EshiWeights        *weights,
                EshiCheckpointPart  part,
                const char         *name,
                guint               index)
{
  g_autofree char *theirs = eshi_checkpoint_name (part, name);

  return dimension (weights, theirs, index);
}

/* Some exports of the text tower lack "text_model.". */
static guint
text_dimension (EshiWeights *weights,
                const char  *name,
                guint        index)
{
  g_autofree char *full = g_strconcat ("text_model.", name, NULL);
  guint size = part_dimension (weights, ESHI_CHECKPOINT_TEXT_ENCODER, full, index);

  return size != 0 ? size : part_dimension (weights, ESHI_CHECKPOINT_TEXT_ENCODER, name, index);
}

static void
read_text (EshiCheckpoint *self)
{
  EshiTextConfig *config = &self->text;
  guint n_layers = 0;
  gboolean found = TRUE;

  config->vocab_size = text_dimension (self->weights, "embeddings.token_embedding.weight", 0);
  config->hidden_size = text_dimension (self->weights, "embeddings.token_embedding.weight", 1);
  config->max_positions = text_dimension (self->weights, "embeddings.position_embedding.weight", 0);
  config->intermediate_size = text_dimension (self->weights, "encoder.layers.0.mlp.fc1.weight", 0);
  config->n_heads = MAX (config->hidden_size / TEXT_HEAD_SIZE, 1);

  while (found && n_layers < MAX_TEXT_LAYERS)
    {
      g_autofree char *name = g_strdup_printf ("encoder.layers.%u.mlp.fc1.weight", n_layers);

      found = text_dimension (self->weights, name, 0) != 0;
      n_layers += found;
    }
  config->n_layers = n_layers;
}

static void
read_unet (EshiCheckpoint *self)
{
  self->has_ema = part_dimension (self->weights, ESHI_CHECKPOINT_UNET_EMA, "conv_in.weight", 1) != 0;
  if (self->has_ema && part_dimension (self->weights, ESHI_CHECKPOINT_UNET, "conv_in.weight", 1) == 0)
    self->unet_part = ESHI_CHECKPOINT_UNET_EMA;

  for (guint i = 0; i < N_LEVELS; i++)
    {
      g_autofree char *name = g_strdup_printf ("down_blocks.%u.resnets.0.conv1.weight", i);

      self->unet.block_out_channels[i] = part_dimension (self->weights, self->unet_part, name, 0);
    }

  self->unet.in_channels = part_dimension (self->weights, self->unet_part, "conv_in.weight", 1);
  self->unet.cross_attention_dim =
    part_dimension (self->weights, self->unet_part,
                    "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", 1);
}

static void
read_vae (EshiCheckpoint *self)
{
  for (guint i = 0; i < N_LEVELS; i++)
    {
      g_autofree char *name = g_strdup_printf ("decoder.up_blocks.%u.resnets.0.conv1.weight", i);

      self->vae.block_out_channels[N_LEVELS - 1 - i] = part_dimension (self->weights, ESHI_CHECKPOINT_VAE, name, 0);
    }
}

/* A sentence about the file, which is its only argument. */
static gboolean
refuse (EshiCheckpoint  *self,
        EshiError        code,
        const char      *format,
        GError         **error)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_set_error (error, ESHI_ERROR, code, format, eshi_weights_get_folder (self->weights));
#pragma GCC diagnostic pop
  return FALSE;
}

/* Files of other families, each told by a tensor that only it has. */
static gboolean
check_family (EshiCheckpoint  *self,
              GError         **error)
{
  static const struct { const char *tensor; const char *sentence; } others[] = {
    { "double_blocks.0.img_attn.qkv.weight",
      N_("“%s” is a Flux model. Eshi paints with Stable Diffusion 1.x; choose a model made for that.") },
    { "model.diffusion_model.double_blocks.0.img_attn.qkv.weight",
      N_("“%s” is a Flux model. Eshi paints with Stable Diffusion 1.x; choose a model made for that.") },
    { "model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight",
      N_("“%s” is a Stable Diffusion 3 model. Eshi paints with Stable Diffusion 1.x; choose a model made for that.") },
    { "model.diffusion_model.label_emb.0.0.weight",
      N_("“%s” is an SDXL model. Eshi paints with Stable Diffusion 1.x; choose a model made for that.") },
    { "control_model.input_blocks.0.0.weight",
      N_("“%s” is a ControlNet, an addition that Eshi does not use. Choose a whole model of Stable Diffusion 1.x.") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (dimension (self->weights, others[i].tensor, 0) != 0)
      return refuse (self, ESHI_ERROR_UNSUPPORTED, _(others[i].sentence), error);
  return TRUE;
}

static gboolean
check_kind (EshiCheckpoint  *self,
            GError         **error)
{
  guint cross = self->unet.cross_attention_dim;

  if (!check_family (self, error))
    return FALSE;
  if (dimension (self->weights, "conditioner.embedders.0.transformer.text_model.final_layer_norm.weight", 0) != 0 ||
      cross == 2048)
    return refuse (self, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” is an SDXL model. Eshi paints with Stable Diffusion 1.x; choose a model made for that."), error);
  if (dimension (self->weights, "cond_stage_model.model.token_embedding.weight", 0) != 0 || cross == 1024)
    return refuse (self, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” is a Stable Diffusion 2 model. Eshi paints with Stable Diffusion 1.x; choose a model made for "
                     "that."),
                   error);
  if (cross == 0 || self->unet.block_out_channels[0] == 0)
    return refuse (self, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” holds no UNet of Stable Diffusion. It may be an addition to a model, such as a LoRA or a VAE; "
                     "choose a whole model."),
                   error);
  if (self->unet.in_channels != 4 && self->unet.in_channels != ESHI_INPAINT_CHANNELS)
    return refuse (self, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” is a model for editing by instruction or for another use, which takes other inputs than a "
                     "picture's latents. Choose a model for text to picture or for inpainting."),
                   error);
  if (self->vae.block_out_channels[0] == 0)
    return refuse (self, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” holds no VAE, without which there is no picture. Choose a file that holds the whole model."), error);
  if (self->text.vocab_size == 0)
    return refuse (self, ESHI_ERROR_UNSUPPORTED,
                   _("“%s” holds no text encoder that Eshi knows. Choose a file that holds the whole model."), error);
  return TRUE;
}

EshiCheckpoint *
eshi_checkpoint_open (const char  *path,
                      GError     **error)
{
  g_autoptr(EshiCheckpoint) self = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  self = g_new0 (EshiCheckpoint, 1);
  self->weights = eshi_weights_open_file (path, error);
  if (self->weights == NULL ||
      !eshi_text_config_load (&self->text, NULL, error) ||
      !eshi_unet_config_load (&self->unet, NULL, error) ||
      !eshi_vae_config_load (&self->vae, NULL, error))
    return NULL;

  read_text (self);
  read_unet (self);
  read_vae (self);
  return check_kind (self, error) ? g_steal_pointer (&self) : NULL;
}

void
eshi_checkpoint_free (EshiCheckpoint *self)
{
  if (self == NULL)
    return;

  eshi_weights_free (self->weights);
  g_free (self);
}

EshiTextEncoder *
eshi_checkpoint_load_text_encoder (EshiCheckpoint  *self,
                                   GError         **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  return eshi_text_encoder_new (&self->text, eshi_weights_new_part (self->weights, ESHI_CHECKPOINT_TEXT_ENCODER), error);
}

EshiUnet *
eshi_checkpoint_load_unet (EshiCheckpoint  *self,
                           GError         **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  return eshi_unet_new (&self->unet, eshi_weights_new_part (self->weights, self->unet_part), error);
}

EshiUnet *
eshi_checkpoint_load_unet_ema (EshiCheckpoint  *self,
                               GError         **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (!self->has_ema)
    {
      refuse (self, ESHI_ERROR_UNSUPPORTED,
              _("“%s” holds no averaged weights (EMA). Paint without them, or choose the file of the training that holds "
                "both."),
              error);
      return NULL;
    }

  return eshi_unet_new (&self->unet, eshi_weights_new_part (self->weights, ESHI_CHECKPOINT_UNET_EMA), error);
}

EshiVae *
eshi_checkpoint_load_vae (EshiCheckpoint  *self,
                          EshiVaeParts     parts,
                          GError         **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  return eshi_vae_new (&self->vae, eshi_weights_new_part (self->weights, ESHI_CHECKPOINT_VAE), parts, error);
}

guint
eshi_checkpoint_get_vocab_size (EshiCheckpoint *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->text.vocab_size;
}
